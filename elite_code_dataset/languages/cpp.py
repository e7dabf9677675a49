"""C++: what C has, with classes, namespaces, templates and concepts. Grammar tree-sitter-cpp."""

from __future__ import annotations

from elite_code_dataset.languages import Language
from elite_code_dataset.languages.c import (
    BLOCKS,
    CONSTANTS,
    DECISIONS,
    HIDDEN,
    HIDDEN_AGAIN,
    IMPORTS,
    MACROS,
    PROTOTYPES,
    STATEMENTS,
    TYPES,
    read_import,
)

UNITS = (
    """
(function_definition declarator: (function_declarator declarator: (qualified_identifier)) @declarator (field_initializer_list) @body) @method
(function_definition declarator: (function_declarator declarator: (qualified_identifier)) @declarator body: (_) @body) @method
(function_definition declarator: (_ (function_declarator declarator: (qualified_identifier))) @declarator body: (_) @body) @method
(function_definition declarator: (_) @declarator (field_initializer_list) @body) @function
(function_definition declarator: (_) @declarator body: (_) @body) @function
(function_definition declarator: (_) @declarator) @function
(template_declaration (declaration declarator: (function_declarator) @declarator) @function)
(template_declaration (declaration declarator: (_ (function_declarator)) @declarator) @function)
(field_declaration_list (field_declaration declarator: (function_declarator) @declarator) @method)
(field_declaration_list (field_declaration declarator: (_ (function_declarator)) @declarator) @method)
(field_declaration_list (declaration declarator: (function_declarator) @declarator) @method
  (#not-match? @declarator "^[A-Z][A-Z0-9]*_[A-Z0-9_]*[(]"))
(field_declaration_list (template_declaration (declaration declarator: (function_declarator) @declarator) @method))
(field_declaration (type_qualifier) @constexpr declarator: (field_identifier) @name default_value: (_) @body
  (#eq? @constexpr "constexpr")) @constant
(class_specifier name: (_) @name body: (_) @body) @type
(concept_definition name: (_) @name) @type
(alias_declaration name: (_) @name) @type
(namespace_definition name: (_) @name body: (_) @body) @module
(template_declaration) @outer
(attribute_declaration) @attached
(function_definition (attribute_specifier) @attached)
"""
    + PROTOTYPES
    + "\n".join(
        f"({place} (declaration declarator: (reference_declarator (function_declarator)) @declarator) @function)"
        for place in ("translation_unit", "declaration_list", "preproc_ifdef", "preproc_if")
    )
    + CONSTANTS
    + TYPES
    + MACROS
)

LANGUAGE = Language(
    name="cpp",
    suffixes=(".cpp", ".cc", ".cxx", ".c++", ".hpp", ".hh", ".hxx", ".h++", ".ipp", ".tpp", ".inl", ".cu", ".cuh"),
    signed_suffixes=(".h",),
    sign=(
        r"^[ \t]*(?:template[ \t]*<|namespace[ \t]+[\w:]*[ \t]*(?:\{|$)|using[ \t]+(?:namespace\b|\w+[ \t]*=|\w+::)|(?:public|private|protected)[ \t]*:"
        r"|(?:enum[ \t]+)?class[ \t]+\w+(?:[ \t]+\w+)*[ \t]*(?:[:{;]|$)|constexpr\b)|\bstd::|#[ \t]*include[ \t]*<\w+>"
    ),
    grammar=("tree_sitter_cpp", "language"),
    line_comment="//",
    block_comment=("/*", "*/"),
    doc_comment=("/**", "///", "/*!", "//!"),
    comments_attach=True,
    units=UNITS,
    imports=IMPORTS,
    read_import=read_import,
    statements=(*STATEMENTS, "template_declaration", "(case_statement (for_range_loop) @it)", "(case_statement (try_statement) @it)"),
    blocks=BLOCKS,
    decisions=(*DECISIONS, '(binary_expression ["and" "or"] @it)', "for_range_loop", "catch_clause"),
    hidden=HIDDEN,
    hidden_again=HIDDEN_AGAIN,
    functions_nest=False,
    comments=("comment",),
    identifiers=("identifier", "field_identifier", "type_identifier", "namespace_identifier"),
    strings=("string_literal", "raw_string_literal", "system_lib_string", "char_literal"),
)
