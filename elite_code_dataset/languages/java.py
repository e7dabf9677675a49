"""Java: units, imports and idioms for the grammar tree-sitter-java."""

from __future__ import annotations

from tree_sitter import Node

from elite_code_dataset.languages import ImportParts, Language

UNITS = """
(class_declaration name: (_) @name body: (_) @body) @type
(enum_declaration name: (_) @name body: (_) @body) @type
(record_declaration name: (_) @name body: (_) @body) @type
(interface_declaration name: (_) @name body: (_) @body) @interface
(annotation_type_declaration name: (_) @name body: (_) @body) @interface
(method_declaration name: (_) @name body: (_)? @body) @method
(constructor_declaration name: (_) @name body: (_) @body) @method
(compact_constructor_declaration name: (_) @name body: (_) @body) @method
(annotation_type_element_declaration name: (_) @name) @method
(field_declaration (modifiers "static" "final") declarator: (variable_declarator name: (_) @name value: (_)? @body)) @constant
(field_declaration (modifiers "final" "static") declarator: (variable_declarator name: (_) @name value: (_)? @body)) @constant
(constant_declaration declarator: (variable_declarator name: (_) @name value: (_)? @body)) @constant
(class_declaration (modifiers [(annotation) (marker_annotation)] @attached))
(enum_declaration (modifiers [(annotation) (marker_annotation)] @attached))
(record_declaration (modifiers [(annotation) (marker_annotation)] @attached))
(interface_declaration (modifiers [(annotation) (marker_annotation)] @attached))
(annotation_type_declaration (modifiers [(annotation) (marker_annotation)] @attached))
(method_declaration (modifiers [(annotation) (marker_annotation)] @attached))
(constructor_declaration (modifiers [(annotation) (marker_annotation)] @attached))
(field_declaration (modifiers [(annotation) (marker_annotation)] @attached))
"""

IMPORTS = """
(package_declaration) @import
(import_declaration) @import
"""


def read_import(node: Node) -> list[ImportParts]:
    """``import a.b.C;`` -> ("a.b.C", ("C",), "import"); ``import a.b.*;`` -> ("a.b", ("*",), "import"); static ones are "static"."""
    path = next((child for child in node.named_children if child.type in ("scoped_identifier", "identifier")), None)
    module = "".join(path.text.decode("utf-8", "replace").split()) if path is not None and path.text else ""
    if node.type == "package_declaration":
        return [(module, (), "package")]
    kinds = {child.type for child in node.children}
    return [(module, ("*",) if "asterisk" in kinds else (module.rsplit(".", 1)[-1],), "static" if "static" in kinds else "import")]


LANGUAGE = Language(
    name="java",
    suffixes=(".java",),
    grammar=("tree_sitter_java", "language"),
    line_comment="//",
    block_comment=("/*", "*/"),
    doc_comment=("/**",),
    units=UNITS,
    imports=IMPORTS,
    read_import=read_import,
    statements=(
        "(program (_) @it)",
        "(class_body (_) @it)",
        "(interface_body (_) @it)",
        "(enum_body (_) @it)",
        "(enum_body_declarations (_) @it)",
        "(annotation_type_body (_) @it)",
        "(block (_) @it)",
        "(constructor_body (_) @it)",
        "(switch_block (_) @it)",
        "(switch_block_statement_group (_) @it)",
    ),
    blocks=("(array_initializer (_) @it)", "(argument_list (_) @it)", "(formal_parameters (_) @it)", "(annotation_argument_list (_) @it)"),
    decisions=(
        "if_statement",
        "for_statement",
        "enhanced_for_statement",
        "while_statement",
        "do_statement",
        '(switch_label "case" @it)',
        "catch_clause",
        "ternary_expression",
        '(binary_expression ["&&" "||"] @it)',
    ),
    comments=("line_comment", "block_comment"),
    identifiers=("identifier", "type_identifier"),
    strings=("string_literal", "character_literal"),
)
