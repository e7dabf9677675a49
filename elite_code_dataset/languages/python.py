"""Python: units, imports and idioms for the grammar tree-sitter-python."""

from __future__ import annotations

from tree_sitter import Node

from elite_code_dataset.languages import ImportParts, Language

UNITS = """
(function_definition name: (_) @name ":" @header) @function
(class_definition name: (_) @name ":" @header) @type
(type_alias_statement left: (_) @name) @type
(module (expression_statement . (assignment left: (identifier) @name right: (_) @body) .) @constant (#match? @name "^_*[A-Z][A-Z0-9_]*$"))
(class_definition body: (block
  (expression_statement . (assignment left: (identifier) @name right: (_) @body) .) @constant (#match? @name "^_*[A-Z][A-Z0-9_]*$")))
(decorator) @attached
"""

IMPORTS = """
(import_statement) @import
(import_from_statement) @import
(future_import_statement) @import
"""


def read_import(node: Node) -> list[ImportParts]:
    """``import a.b as c, d`` -> ("a.b", (), "import"), ("d", (), "import"); ``from ..a import b as x`` -> ("..a", ("b",), "from")."""
    named = [_dotted(name) for name in node.children_by_field_name("name")]
    if node.type == "import_statement":
        return [(name, (), "import") for name in named]
    if node.type == "future_import_statement":
        return [("__future__", tuple(named), "from")]
    module = node.child_by_field_name("module_name")
    names = tuple(named) or (("*",) if any(child.type == "wildcard_import" for child in node.named_children) else ())
    return [("".join(_text(module).split()), names, "from")] if module else []


def _text(node: Node) -> str:
    return node.text.decode("utf-8", "replace") if node.text else ""


def _dotted(node: Node) -> str:
    if node.type == "aliased_import":
        node = node.child_by_field_name("name") or node
    return "".join(_text(node).split())


LANGUAGE = Language(
    name="python",
    suffixes=(".py", ".pyi", ".pyw"),
    filenames=("sconstruct", "sconscript", "wscript"),
    interpreters=("python", "pypy"),
    grammar=("tree_sitter_python", "language"),
    line_comment="#",
    units=UNITS,
    imports=IMPORTS,
    read_import=read_import,
    statements=("(module (_) @it)", "(block (_) @it)", "elif_clause", "else_clause", "except_clause", "finally_clause", "case_clause"),
    blocks=(
        "(list (_) @it)",
        "(dictionary (_) @it)",
        "(set (_) @it)",
        "(tuple (_) @it)",
        "(argument_list (_) @it)",
        "(parameters (_) @it)",
        "(import_from_statement name: (_) @it)",
    ),
    decisions=(
        "if_statement",
        "elif_clause",
        "for_statement",
        "while_statement",
        "except_clause",
        "case_clause",
        "conditional_expression",
        "boolean_operator",
        "for_in_clause",
        "if_clause",
    ),
    defaults=('(case_clause (case_pattern . "_" @it .))',),
    comments=("comment",),
    identifiers=("identifier",),
    strings=("string",),
)
