"""TypeScript and TSX: what JavaScript has, and types. Grammar tree-sitter-typescript."""

from __future__ import annotations

from elite_code_dataset.languages import Language
from elite_code_dataset.languages.javascript import BLOCKS, CONSTANTS, DECISIONS, FUNCTIONS, IMPORTS, STATEMENTS, WRAPPERS, read_import

_CONSTANT = '(lexical_declaration kind: "const" (variable_declarator name: (identifier) @name value: (_) @body) @constant)'

UNITS = (
    FUNCTIONS
    + CONSTANTS
    + """
(public_field_definition name: (_) @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body) (generator_function body: (_) @body)]) @method
(function_signature name: (_) @name) @function
(method_signature name: (_) @name) @method
(abstract_method_signature name: (_) @name) @method
(abstract_class_declaration name: (_) @name body: (_) @body) @type
(interface_declaration name: (_) @name body: (_) @body) @interface
(type_alias_declaration name: (_) @name value: (_) @body) @type
(enum_declaration name: (_) @name body: (_) @body) @type
(internal_module name: (_) @name body: (_) @body) @module
(module name: (_) @name body: (_) @body) @module
"""
    + "\n".join(
        f"({space} body: (statement_block {wrapped}))"
        for space in ("internal_module", "module")
        for wrapped in (_CONSTANT, f"(export_statement declaration: {_CONSTANT})")
    )
    + WRAPPERS
    + """
(ambient_declaration) @outer
(expression_statement (internal_module)) @outer
"""
)


def _flavour(name: str, grammar: str, suffixes: tuple[str, ...]) -> Language:
    return Language(
        name=name,
        suffixes=suffixes,
        interpreters=("ts-node", "tsx", "deno") if name == "typescript" else (),
        grammar=("tree_sitter_typescript", grammar),
        line_comment="//",
        block_comment=("/*", "*/"),
        doc_comment=("/**",),
        comments_attach=True,
        units=UNITS,
        imports=IMPORTS + "\n(import_statement (import_require_clause)) @import\n",
        read_import=read_import,
        statements=(*STATEMENTS, "(interface_body (_) @it)", "(enum_body (_) @it)", "(object_type (_) @it)"),
        blocks=(*BLOCKS, "(union_type (_) @it)", "(type_parameters (_) @it)"),
        decisions=DECISIONS,
        comments=("comment",),
        identifiers=(
            "identifier",
            "property_identifier",
            "type_identifier",
            "shorthand_property_identifier",
            "shorthand_property_identifier_pattern",
        ),
        strings=("string", "template_string", "regex"),
    )


LANGUAGE = (
    _flavour("typescript", "language_typescript", (".ts", ".mts", ".cts")),
    _flavour("tsx", "language_tsx", (".tsx",)),
)
