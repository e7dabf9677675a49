"""JavaScript (with JSX): units, imports and idioms for the grammar tree-sitter-javascript. TypeScript builds on the parts named here."""

from __future__ import annotations

from tree_sitter import Node

from elite_code_dataset.languages import ImportParts, Language

FUNCTIONS = """
(function_declaration name: (_) @name body: (_) @body) @function
(generator_function_declaration name: (_) @name body: (_) @body) @function
(method_definition name: (_) @name body: (_) @body) @function
(variable_declarator name: (identifier) @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body) (generator_function body: (_) @body)]) @function
(pair key: (_) @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body) (generator_function body: (_) @body)]) @function
(assignment_expression left: [(identifier) @name (member_expression property: (_) @name)]
  right: [(arrow_function body: (_) @body) (function_expression body: (_) @body) (generator_function body: (_) @body)]) @function
(export_statement "default" @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body) (generator_function body: (_) @body)]) @function
(class_declaration name: (_) @name body: (_) @body) @type
(variable_declarator name: (identifier) @name value: (class body: (_) @body)) @type
(assignment_expression left: [(identifier) @name (member_expression property: (_) @name)] right: (class body: (_) @body)) @type
(export_statement "default" @name value: (class body: (_) @body)) @type
"""

CONSTANTS = """
(program (lexical_declaration kind: "const" (variable_declarator name: (identifier) @name value: (_) @body) @constant)
  (#not-match? @body "^(await )?(require|import)\\\\b"))
(program (export_statement declaration:
  (lexical_declaration kind: "const" (variable_declarator name: (identifier) @name value: (_) @body) @constant)))
"""

WRAPPERS = """
(decorator) @attached
(export_statement declaration: (_)) @outer
(lexical_declaration) @outer
(variable_declaration) @outer
(expression_statement (assignment_expression)) @outer
"""

UNITS = (
    FUNCTIONS
    + CONSTANTS
    + """
(field_definition property: (_) @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body) (generator_function body: (_) @body)]) @method
"""
    + WRAPPERS
)

IMPORTS = """
(import_statement) @import
(export_statement source: (_)) @import
(call_expression function: (import) arguments: (arguments . (string))) @import
(call_expression function: (identifier) @called arguments: (arguments . (string)) (#eq? @called "require")) @import
"""

STATEMENTS = (
    "(program (_) @it)",
    "(statement_block (_) @it)",
    "(class_body (_) @it)",
    "switch_case",
    "switch_default",
    "(switch_case body: (_) @it)",
    "(switch_default body: (_) @it)",
)

BLOCKS = (
    "(object (_) @it)",
    "(array (_) @it)",
    "(arguments (_) @it)",
    "(formal_parameters (_) @it)",
    "(named_imports (_) @it)",
    "(export_clause (_) @it)",
)

DECISIONS = (
    "if_statement",
    "for_statement",
    "for_in_statement",
    "while_statement",
    "do_statement",
    "switch_case",
    "catch_clause",
    "ternary_expression",
    '(binary_expression ["&&" "||" "??"] @it)',
)


def read_import(node: Node) -> list[ImportParts]:
    """``import d, {a as b} from "m"`` -> ("m", ("default", "a"), "import"); ``import * as n`` brings in "*".

    ``export ... from`` is an "export", ``require("m")`` (also TypeScript's ``import x = require("m")``) a "require" with the names
    that a destructuring around it takes, ``import("m")`` a "dynamic". Only literal module names are read.
    """
    if node.type == "call_expression":
        module = _string(node.child_by_field_name("arguments").named_child(0))
        if node.child_by_field_name("function").type == "import":
            return [(module, (), "dynamic")]
        return [(module, _destructured(node), "require")]
    clause = next(
        (child for child in node.named_children if child.type in ("import_clause", "import_require_clause", "export_clause")), None
    )
    source = node.child_by_field_name("source")
    if clause is not None and clause.type == "import_require_clause":
        return [(_string(clause.child_by_field_name("source")), (), "require")]
    if source is None:
        return []
    if node.type == "export_statement":
        return [(_string(source), _specified(clause) if clause else ("*",), "export")]
    return [(_string(source), _clause_names(clause) if clause else (), "import")]


def _text(node: Node | None) -> str:
    return node.text.decode("utf-8", "replace") if node is not None and node.text else ""


def _string(node: Node | None) -> str:
    return _text(node)[1:-1]


def _specified(clause: Node) -> tuple[str, ...]:
    names = []
    for child in clause.named_children:
        if child.type in ("import_specifier", "export_specifier"):
            names.append(_text(child.child_by_field_name("name")) or "default")
    return tuple(names)


def _clause_names(clause: Node) -> tuple[str, ...]:
    names: list[str] = []
    for child in clause.named_children:
        if child.type == "identifier":
            names.append("default")
        elif child.type == "namespace_import":
            names.append("*")
        else:
            names.extend(_specified(child))
    return tuple(names)


def _destructured(call: Node) -> tuple[str, ...]:
    declarator = call.parent
    pattern = declarator.child_by_field_name("name") if declarator is not None and declarator.type == "variable_declarator" else None
    if pattern is None or pattern.type != "object_pattern":
        return ()
    keys = [child.child_by_field_name("key") if child.type == "pair_pattern" else child for child in pattern.named_children]
    return tuple(_text(key) for key in keys if key is not None and "identifier" in key.type)


LANGUAGE = Language(
    name="javascript",
    suffixes=(".js", ".jsx", ".mjs", ".cjs", ".es6"),
    filenames=("jakefile",),
    interpreters=("node", "nodejs", "bun"),
    grammar=("tree_sitter_javascript", "language"),
    line_comment="//",
    block_comment=("/*", "*/"),
    doc_comment=("/**",),
    comments_attach=True,
    units=UNITS,
    imports=IMPORTS,
    read_import=read_import,
    statements=STATEMENTS,
    blocks=BLOCKS,
    decisions=DECISIONS,
    comments=("comment",),
    identifiers=("identifier", "property_identifier", "shorthand_property_identifier", "shorthand_property_identifier_pattern"),
    strings=("string", "template_string", "regex"),
)
