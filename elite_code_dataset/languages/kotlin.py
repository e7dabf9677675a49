"""Kotlin: units and imports for the grammar tree-sitter-kotlin."""

from __future__ import annotations

from tree_sitter import Node

from elite_code_dataset.languages import ImportParts, Language

_BODY = "[(class_body) (enum_class_body)]"

UNITS = f"""
(class_declaration "interface" name: (_) @name {_BODY}? @body) @interface
(class_declaration name: (_) @name {_BODY}? @body) @type
(object_declaration name: (_) @name (class_body)? @body) @type
(companion_object name: (_) @name (class_body)? @body) @type
(companion_object "object" @name (class_body)? @body) @type
(function_declaration name: (_) @name (function_body)? @body) @function
(secondary_constructor "constructor" @name (constructor_delegation_call) @body) @method
(secondary_constructor "constructor" @name (block)? @body) @method
(type_alias type: (_) @name) @type
(property_declaration (modifiers (property_modifier "const")) (variable_declaration . (identifier) @name) "=" @body) @constant
(class_declaration (modifiers (annotation) @attached))
(object_declaration (modifiers (annotation) @attached))
(function_declaration (modifiers (annotation) @attached))
(property_declaration (modifiers (annotation) @attached))
"""

IMPORTS = """
(package_header) @import
(import) @import
"""


def read_import(node: Node) -> list[ImportParts]:
    """``import a.b.C`` -> ("a.b.C", ("C",), "import"); ``import a.b.*`` -> ("a.b", ("*",), "import"); ``package a`` is a "package"."""
    path = next((child for child in node.named_children if child.type == "qualified_identifier"), None)
    module = "".join(path.text.decode("utf-8", "replace").split()) if path is not None and path.text else ""
    if node.type == "package_header":
        return [(module, (), "package")]
    everything = any(child.type == "*" for child in node.children)
    return [(module, ("*",) if everything else (module.rsplit(".", 1)[-1],), "import")]


LANGUAGE = Language(
    name="kotlin",
    suffixes=(".kt", ".kts"),
    interpreters=("kotlin",),
    grammar=("tree_sitter_kotlin", "language"),
    line_comment="//",
    block_comment=("/*", "*/"),
    doc_comment=("/**",),
    units=UNITS,
    imports=IMPORTS,
    read_import=read_import,
    statements=(
        "(source_file (_) @it)",
        "(class_body (_) @it)",
        "(enum_class_body (_) @it)",
        "(block (_) @it)",
        "(lambda_literal (_) @it)",
        "when_entry",
    ),
    blocks=(
        "(value_arguments (_) @it)",
        "(function_value_parameters (_) @it)",
        "(class_parameters (_) @it)",
        "(collection_literal (_) @it)",
    ),
    decisions=(
        "if_expression",
        "for_statement",
        "while_statement",
        "do_while_statement",
        "(when_entry . condition: (_) @it)",
        "catch_block",
        '(binary_expression ["&&" "||" "?:"] @it)',
    ),
    comments=("line_comment", "block_comment"),
    identifiers=("identifier",),
    strings=("string_literal", "multiline_string_literal", "character_literal"),
)
