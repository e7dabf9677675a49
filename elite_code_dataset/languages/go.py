"""Go: units, imports and idioms for the grammar tree-sitter-go."""

from __future__ import annotations

from tree_sitter import Node

from elite_code_dataset.languages import ImportParts, Language

UNITS = """
(function_declaration name: (_) @name body: (_)? @body) @function
(method_declaration name: (_) @name body: (_)? @body) @method
(type_spec name: (_) @name type: (struct_type (field_declaration_list) @body)) @type
(type_spec name: (_) @name type: (interface_type "{" @body)) @interface
(type_spec name: (_) @name) @type
(type_alias name: (_) @name) @type
(method_elem name: (_) @name) @method
(source_file (const_declaration (const_spec . name: (_) @name value: (_)? @body) @constant))
(source_file (var_declaration (var_spec . name: (_) @name value: (_)? @body) @constant))
(source_file (var_declaration (var_spec_list (var_spec . name: (_) @name value: (_)? @body) @constant)))
(type_declaration) @outer
(const_declaration) @outer
(var_declaration) @outer
"""

IMPORTS = """
(package_clause) @import
(import_spec) @import
"""


def read_import(node: Node) -> list[ImportParts]:
    """``import "x/y"`` -> ("x/y", (), "import"); ``import . "x/y"`` brings in "*". ``package a`` -> ("a", (), "package")."""
    if node.type == "package_clause":
        return [(_text(node.named_child(0)), (), "package")]
    name = node.child_by_field_name("name")
    return [(_text(node.child_by_field_name("path"))[1:-1], ("*",) if name is not None and name.type == "dot" else (), "import")]


def _text(node: Node | None) -> str:
    return node.text.decode("utf-8", "replace") if node is not None and node.text else ""


LANGUAGE = Language(
    name="go",
    suffixes=(".go",),
    grammar=("tree_sitter_go", "language"),
    line_comment="//",
    block_comment=("/*", "*/"),
    comments_attach=True,
    units=UNITS,
    imports=IMPORTS,
    read_import=read_import,
    statements=(
        "(source_file (_) @it)",
        "(statement_list (_) @it)",
        "(field_declaration_list (_) @it)",
        "(const_declaration (const_spec) @it)",
        "(var_spec_list (_) @it)",
        "(type_declaration (_) @it)",
        "(import_spec_list (_) @it)",
        "method_elem",
        "expression_case",
        "type_case",
        "communication_case",
        "default_case",
    ),
    blocks=("(literal_value (_) @it)", "(argument_list (_) @it)", "(parameter_list (_) @it)"),
    decisions=(
        "if_statement",
        "for_statement",
        "expression_case",
        "type_case",
        "communication_case",
        '(binary_expression ["&&" "||"] @it)',
    ),
    comments=("comment",),
    identifiers=("identifier", "field_identifier", "type_identifier", "package_identifier"),
    strings=("interpreted_string_literal", "raw_string_literal", "rune_literal"),
)
