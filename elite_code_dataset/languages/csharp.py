"""C#: units and imports for the grammar tree-sitter-c-sharp."""

from __future__ import annotations

from tree_sitter import Node

from elite_code_dataset.languages import ImportParts, Language

_WITH_ATTRIBUTES = (
    "class_declaration",
    "struct_declaration",
    "record_declaration",
    "enum_declaration",
    "interface_declaration",
    "delegate_declaration",
    "method_declaration",
    "constructor_declaration",
    "destructor_declaration",
    "operator_declaration",
    "conversion_operator_declaration",
    "indexer_declaration",
    "local_function_statement",
    "field_declaration",
)

UNITS = """
(class_declaration name: (_) @name body: (_)? @body) @type
(struct_declaration name: (_) @name body: (_)? @body) @type
(record_declaration name: (_) @name body: (_)? @body) @type
(enum_declaration name: (_) @name body: (_)? @body) @type
(delegate_declaration name: (_) @name) @type
(interface_declaration name: (_) @name body: (_)? @body) @interface
(method_declaration name: (_) @name body: (_)? @body) @method
(constructor_declaration name: (_) @name (constructor_initializer) @body) @method
(constructor_declaration name: (_) @name body: (_)? @body) @method
(destructor_declaration name: (_) @name body: (_)? @body) @method
(operator_declaration operator: _ @name body: (_)? @body) @method
(conversion_operator_declaration type: (_) @name body: (_)? @body) @method
(indexer_declaration "this" @name accessors: (_) @body) @method
(indexer_declaration "this" @name value: (_) @body) @method
(local_function_statement name: (_) @name body: (_)? @body) @function
(namespace_declaration name: (_) @name body: (_) @body) @module
(field_declaration (modifier "const") (variable_declaration (variable_declarator name: (_) @name (_) @body))) @constant
(field_declaration (modifier "static") (modifier "readonly") (variable_declaration (variable_declarator name: (_) @name (_) @body))) @constant
""" + "\n".join(f"({kind} (attribute_list) @attached)" for kind in _WITH_ATTRIBUTES)

IMPORTS = """
(using_directive) @import
(namespace_declaration) @import
(file_scoped_namespace_declaration) @import
"""


def read_import(node: Node) -> list[ImportParts]:
    """``using A.B;`` -> ("A.B", ("*",), "using"); ``using static`` is "static"; ``using X = A.B;`` -> ("A.B", ("B",), "using").

    A namespace, also one with a body, is a "package".
    """
    if node.type != "using_directive":
        return [("".join(_text(node.child_by_field_name("name")).split()), (), "package")]
    path = node.named_child(node.named_child_count - 1) if node.named_child_count else None
    module = "".join(_text(path).split())
    if node.child_by_field_name("name") is not None:
        return [(module, (module.rsplit(".", 1)[-1],), "using")]
    return [(module, ("*",), "static" if any(child.type == "static" for child in node.children) else "using")]


def _text(node: Node | None) -> str:
    return node.text.decode("utf-8", "replace") if node is not None and node.text else ""


LANGUAGE = Language(
    name="csharp",
    suffixes=(".cs", ".csx"),
    grammar=("tree_sitter_c_sharp", "language"),
    line_comment="//",
    block_comment=("/*", "*/"),
    doc_comment=("///", "/**"),
    units=UNITS,
    imports=IMPORTS,
    read_import=read_import,
    statements=(
        "(compilation_unit (_) @it)",
        "(declaration_list (_) @it)",
        "(enum_member_declaration_list (_) @it)",
        "(block (_) @it)",
        "(switch_section (_) @it)",
        "switch_section",
        "switch_expression_arm",
        "accessor_declaration",
    ),
    blocks=("(initializer_expression (_) @it)", "(argument_list (_) @it)", "(parameter_list (_) @it)"),
    decisions=(
        "if_statement",
        "for_statement",
        "foreach_statement",
        "while_statement",
        "do_statement",
        '(switch_section "case" @it)',
        "switch_expression_arm",
        "catch_clause",
        "conditional_expression",
        '(binary_expression ["&&" "||" "??"] @it)',
    ),
    defaults=("(switch_expression_arm . (discard) @it)",),
    comments=("comment",),
    identifiers=("identifier",),
    strings=("string_literal", "verbatim_string_literal", "raw_string_literal", "interpolated_string_expression", "character_literal"),
)
