"""PHP: units and imports for the grammar tree-sitter-php."""

from __future__ import annotations

from tree_sitter import Node

from elite_code_dataset.languages import ImportParts, Language

_WITH_ATTRIBUTES = (
    "class_declaration",
    "interface_declaration",
    "trait_declaration",
    "enum_declaration",
    "function_definition",
    "method_declaration",
    "const_declaration",
)

UNITS = """
(function_definition name: (_) @name body: (_) @body) @function
(method_declaration name: (_) @name body: (_)? @body) @method
(class_declaration name: (_) @name body: (_) @body) @type
(enum_declaration name: (_) @name body: (_) @body) @type
(interface_declaration name: (_) @name body: (_) @body) @interface
(trait_declaration name: (_) @name body: (_) @body) @trait
(const_declaration (const_element . (name) @name (_) @body)) @constant
(namespace_definition name: (_) @name body: (_) @body) @module
""" + "\n".join(f"({kind} (attribute_list) @attached)" for kind in _WITH_ATTRIBUTES)

IMPORTS = """
(namespace_definition) @import
(namespace_use_declaration) @import
(require_expression) @import
(require_once_expression) @import
(include_expression) @import
(include_once_expression) @import
"""


def read_import(node: Node) -> list[ImportParts]:
    """``use X\\{Y, Z as W};`` -> ("X\\Y", ("Y",), "use"), ("X\\Z", ("Z",), "use"); "use_function" and "use_const" for those.

    ``require __DIR__ . '/a.php'`` -> ("./a.php", (), "require"), "include" likewise: a leading ``./`` means beside this file.
    A namespace is a "package".
    """
    if node.type == "namespace_definition":
        name = _text(node.child_by_field_name("name"))
        return [(name, (), "package")] if name else []
    if node.type != "namespace_use_declaration":
        module = _included(node.named_child(0))
        return [(module, (), node.type.split("_")[0])] if module else []
    kinds = {child.type for child in node.children}
    kind = "use_function" if "function" in kinds else "use_const" if "const" in kinds else "use"
    group = node.child_by_field_name("body")
    prefix = next((_text(child) for child in node.named_children if child.type == "namespace_name"), "") if group else ""
    return [_clause(clause, prefix, kind) for clause in (group or node).named_children if clause.type == "namespace_use_clause"]


def _clause(clause: Node, prefix: str, kind: str) -> ImportParts:
    tokens = {child.type for child in clause.children}
    kind = "use_function" if "function" in tokens else "use_const" if "const" in tokens else kind
    name = _text(next((child for child in clause.named_children if child.type in ("qualified_name", "name")), None))
    path = "\\".join(part for part in (prefix, name) if part).lstrip("\\")
    return path, (path.rsplit("\\", 1)[-1],), kind


def _included(node: Node | None) -> str:
    while node is not None and node.type == "parenthesized_expression":
        node = node.named_child(0)
    if node is None:
        return ""
    if node.type in ("string", "encapsed_string"):
        return _text(node)[1:-1]
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if (
        node.type == "binary_expression"
        and _text(left) in ("__DIR__", "dirname(__FILE__)")
        and right is not None
        and "string" in right.type
    ):
        return "./" + _text(right)[1:-1].lstrip("/")
    return ""


def _text(node: Node | None) -> str:
    return node.text.decode("utf-8", "replace") if node is not None and node.text else ""


LANGUAGE = Language(
    name="php",
    suffixes=(".php", ".phtml", ".php5", ".phps"),
    interpreters=("php",),
    grammar=("tree_sitter_php", "language_php"),
    line_comment="//",
    block_comment=("/*", "*/"),
    doc_comment=("/**",),
    units=UNITS,
    imports=IMPORTS,
    read_import=read_import,
    statements=(
        "(program (_) @it)",
        "(compound_statement (_) @it)",
        "(declaration_list (_) @it)",
        "(enum_declaration_list (_) @it)",
        "(case_statement (_) @it)",
        "(default_statement (_) @it)",
        "case_statement",
        "default_statement",
        "match_conditional_expression",
        "match_default_expression",
    ),
    blocks=("(array_creation_expression (_) @it)", "(arguments (_) @it)", "(formal_parameters (_) @it)"),
    decisions=(
        "if_statement",
        "else_if_clause",
        "for_statement",
        "foreach_statement",
        "while_statement",
        "do_statement",
        "case_statement",
        "match_conditional_expression",
        "catch_clause",
        "conditional_expression",
        '(binary_expression ["&&" "||" "and" "or" "??"] @it)',
    ),
    comments=("comment",),
    identifiers=("name", "variable_name"),
    strings=("string", "encapsed_string", "heredoc", "nowdoc", "text"),
)
