"""Swift: units and imports for the grammar tree-sitter-swift."""

from __future__ import annotations

from tree_sitter import Node

from elite_code_dataset.languages import ImportParts, Language

UNITS = """
(class_declaration "extension" name: (_) @name body: (_) @body) @impl
(class_declaration name: (_) @name body: (_) @body) @type
(protocol_declaration name: (_) @name body: (_) @body) @interface
(function_declaration "func" . (simple_identifier) @name body: (_) @body) @function
(function_declaration "func" . _ @name body: (_) @body) @function
(protocol_function_declaration name: (simple_identifier) @name) @method
(init_declaration "init" @name body: (_)? @body) @method
(deinit_declaration "deinit" @name body: (_)? @body) @method
(subscript_declaration "subscript" @name (computed_property) @body) @method
(typealias_declaration name: (type_identifier) @name) @type
(associatedtype_declaration name: (type_identifier) @name) @type
(source_file (property_declaration (value_binding_pattern "let") name: (pattern (simple_identifier) @name) value: (_) @body) @constant)
(class_body (property_declaration (modifiers (property_modifier "static")) (value_binding_pattern "let")
  name: (pattern (simple_identifier) @name) value: (_) @body) @constant)
(class_declaration (modifiers (attribute) @attached))
(protocol_declaration (modifiers (attribute) @attached))
(function_declaration (modifiers (attribute) @attached))
(init_declaration (modifiers (attribute) @attached))
(property_declaration (modifiers (attribute) @attached))
"""

IMPORTS = "(import_declaration) @import"


def read_import(node: Node) -> list[ImportParts]:
    """``import Foundation`` -> ("Foundation", (), "import"); ``import struct A.B`` -> ("A", ("B",), "import")."""
    path = next((child for child in node.named_children if child.type == "identifier"), None)
    module = "".join(path.text.decode("utf-8", "replace").split()) if path is not None and path.text else ""
    of_kind = any(child.type in ("struct", "class", "enum", "protocol", "typealias", "func", "let", "var") for child in node.children)
    if of_kind and "." in module:
        module, name = module.rsplit(".", 1)
        return [(module, (name,), "import")]
    return [(module, (), "import")]


LANGUAGE = Language(
    name="swift",
    suffixes=(".swift",),
    interpreters=("swift",),
    grammar=("tree_sitter_swift", "language"),
    line_comment="//",
    block_comment=("/*", "*/"),
    doc_comment=("///", "/**"),
    units=UNITS,
    imports=IMPORTS,
    read_import=read_import,
    statements=(
        "(source_file (_) @it)",
        "(class_body (_) @it)",
        "(enum_class_body (_) @it)",
        "(protocol_body (_) @it)",
        "(statements (_) @it)",
        "switch_entry",
    ),
    blocks=("(array_literal (_) @it)", "(dictionary_literal (_) @it)", "(value_arguments (_) @it)"),
    decisions=(
        "if_statement",
        "guard_statement",
        "for_statement",
        "while_statement",
        "repeat_while_statement",
        "(switch_entry (switch_pattern) @it)",
        "catch_block",
        "ternary_expression",
        "conjunction_expression",
        "disjunction_expression",
        "nil_coalescing_expression",
    ),
    comments=("comment", "multiline_comment"),
    identifiers=("simple_identifier", "type_identifier"),
    strings=("line_string_literal", "multi_line_string_literal", "raw_string_literal"),
)
