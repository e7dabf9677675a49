"""C: units, imports and idioms for the grammar tree-sitter-c. C++ builds on the parts named here."""

from __future__ import annotations

from tree_sitter import Node

from elite_code_dataset.languages import ImportParts, Language

_PLACES = ("translation_unit", "declaration_list", "preproc_ifdef", "preproc_if", "preproc_else", "preproc_elif")
_DECLARED = (
    "(function_declarator) @declarator",
    "(pointer_declarator (function_declarator)) @declarator",
    "(pointer_declarator (pointer_declarator (function_declarator))) @declarator",
)

PROTOTYPES = "\n".join(f"({place} (declaration declarator: {declared}) @function)" for place in _PLACES for declared in _DECLARED)

CONSTANTS = "\n".join(
    f"({place} (declaration declarator: (init_declarator declarator: (_) @declarator value: (_) @body)) @constant)" for place in _PLACES
)

TYPES = """
(type_definition type: [(struct_specifier body: (_) @body) (union_specifier body: (_) @body) (enum_specifier body: (_) @body)]
  declarator: (_) @declarator) @type
(type_definition declarator: (_) @declarator) @type
(struct_specifier name: (_) @name body: (_) @body) @type
(union_specifier name: (_) @name body: (_) @body) @type
(enum_specifier name: (_) @name body: (_) @body) @type
"""

MACROS = """
(preproc_def name: (_) @name value: (_) @body) @constant
(preproc_function_def name: (_) @name value: (_)? @body) @macro
"""

UNITS = (
    """
(function_definition declarator: (_) @declarator body: (_) @body) @function
(function_definition (attribute_specifier) @attached)
(declaration (attribute_specifier) @attached)
"""
    + PROTOTYPES
    + CONSTANTS
    + TYPES
    + MACROS
)

IMPORTS = "(preproc_include) @import"

_INSTRUCTIONS = (
    "[(expression_statement) (if_statement) (for_statement) (while_statement) (do_statement) (switch_statement) (return_statement) "
    "(break_statement) (continue_statement) (goto_statement) (labeled_statement) (declaration) (compound_statement)]"
)

STATEMENTS = (
    "(translation_unit (_) @it)",
    "(declaration_list (_) @it)",
    "(compound_statement (_) @it)",
    "(field_declaration_list (_) @it)",
    "case_statement",
    f"(case_statement {_INSTRUCTIONS} @it)",
    *(
        f"({place} [{_INSTRUCTIONS[1:-1]} (function_definition) (type_definition) (field_declaration) (case_statement) (linkage_specification) "
        "(struct_specifier) (union_specifier) (enum_specifier)] @it)"
        for place in ("preproc_if", "preproc_ifdef", "preproc_else", "preproc_elif")
    ),
    "preproc_def",
    "preproc_function_def",
    "preproc_include",
    "preproc_call",
    "preproc_if",
    "preproc_ifdef",
    "preproc_else",
    "preproc_elif",
    "enumerator",
)

BLOCKS = ("(initializer_list (_) @it)", "(argument_list (_) @it)", "(parameter_list (_) @it)")

DECISIONS = (
    "if_statement",
    "for_statement",
    "while_statement",
    "do_statement",
    '(case_statement "case" @it)',
    "conditional_expression",
    '(binary_expression ["&&" "||"] @it)',
)


_KEPT = r"(?P<keep>^[ \t]*#(?:[^\n\\]|\\\n?)*)"  # a directive names macros, it does not use them

# What only the preprocessor understands. A brace that only C++ sees, opened and closed in conditionals of its own; macros that stand
# where an attribute may stand; macros that are a line of their own at the margin, without a semicolon or a body after them.
HIDDEN = "|".join(
    (
        r"^[ \t]*#[ \t]*if(?:def[ \t]+|[ \t]+defined[ \t]*\(?[ \t]*)__cplusplus\b[^\n]*\n"
        r"\s*(?:extern\s+\"C\"\s*\{|\})[^\n#]*\n\s*#[ \t]*endif[^\n]*",
        _KEPT,
        r"\b(?:[A-Z][A-Z0-9]*_)+(?:API|APIS|EXPORT|EXPORTED|EXTERN|DLL|DLLEXPORT|PUBLIC|VISIBLE|VISIBILITY|HIDDEN|NOINLINE|INLINE|"
        r"NORETURN|NODISCARD|DEPRECATED|UNUSED|DEVICE)(?=\s+[A-Za-z_:~])",
        r"\b__(?:host|device|global|forceinline|extension|inline)__\b",
        r"^[A-Z_][A-Z0-9_]*(?:BEGIN|END|PROTOS|DECLS|PUSH|POP)[A-Z0-9_]*(?:\([^()\n]*\))?[ \t]*$",
        r"^_?[A-Z][A-Z0-9_]+\([^()\n]*\)[ \t]*$(?!\s*[{:;])",
    )
)

_CAPITALS = r"_?[A-Z][A-Z0-9_]{2,}"
_BLANKS = r"[ \t]*\n?[ \t]+"
_ARGUMENTS = r"\((?:[^()\n]|\([^()\n]*\))*\)"

# More of it, where that was not enough: what says that something is old; a macro around a whole declaration; a word in capitals between ``class``
# and its name, or between a type and a function's name; one or an attribute with arguments behind a declaration; a loop that is a macro; a line
# that is nothing but a macro; defaults that the grammar does not know; the type of a variable declared among a macro's arguments.
HIDDEN_AGAIN = "|".join(
    (
        _KEPT,
        r"\b\w*(?:DEPRECATED|AVAILABILITY)\w*\([^()]*\)",
        rf"^{_CAPITALS}\((?P<declaration>(?:static|inline|extern)\b[^;{{}}]{{0,400}}\))\)(?=\s*[;{{])",
        rf"(?<=\bclass ){_CAPITALS}(?=\s+\w+\s*(?:final\s*)?[:{{])|(?<=\bstruct ){_CAPITALS}(?=\s+\w+\s*(?:final\s*)?[:{{])",
        rf"(?<=[\w*] )(?<!static )(?<!extern )(?<!inline )(?<!const ){_CAPITALS}(?=[ \t]+\*?[A-Za-z_]\w*[ \t]*\()|(?<=\binline ){_CAPITALS}(?=\s+\w+[\s*&]+\w+\s*\()",
        rf"(?<=\)){_BLANKS}(?!if\b|while\b){_CAPITALS}\([^()\n]*\)(?=\s*(?:[;{{]|[A-Z_]+\(|\w+[ *&]+\w+\s*\())",
        rf"(?<=\w){_BLANKS}[A-Z_]*(?:GUARDED|LOCK|ATTRIBUTE|ALIGN|REQUIRES|ACQUIRE|RELEASE)[A-Z_]*\([^()\n]*\)(?=\s*[;{{])",
        rf"(?<=\))[ \t]+{_CAPITALS}(?=\s*\{{)|(?<=\)) _Py_NO_RETURN\b",
        rf"^[ \t]+\w*(?:FOREACH|FOR_EACH|foreach|for_each|_ITER)\w*[ \t]*{_ARGUMENTS}(?=\s*(?:\{{|$))",
        rf"^[ \t]*_?(?:[A-Z][A-Z0-9]*_[A-Z0-9_]+|\w+_HEAD|\w+_VAR_HEAD)(?:{_ARGUMENTS})?(?=[ \t]*(?:/[/*][^\n]*)?$)(?!\s*[{{:;(=.,?+&|)-])",
        r"=\s*\{\}(?=\s*[,)])|(?<=[*&])\s+=\s*\w+(?=\s*[,)])",
        r"(?<=ASSIGN_OR_RAISE\()[^,()\n]*[ \t*&](?=\w+,)|(?<=\()(?:const\s+)?auto[ \t]*[&*]*[ \t](?=\w+,)",
    )
)


def read_import(node: Node) -> list[ImportParts]:
    """``#include "a.h"`` -> ("a.h", (), "include"); ``#include <a.h>`` -> ("a.h", (), "include_system"). Macros are not looked through."""
    path = node.child_by_field_name("path")
    if path is None or path.type not in ("string_literal", "system_lib_string") or not path.text:
        return []
    return [(path.text[1:-1].decode("utf-8", "replace"), (), "include" if path.type == "string_literal" else "include_system")]


LANGUAGE = Language(
    name="c",
    suffixes=(".c", ".h"),
    grammar=("tree_sitter_c", "language"),
    line_comment="//",
    block_comment=("/*", "*/"),
    doc_comment=("/**", "///", "/*!", "//!"),
    comments_attach=True,
    units=UNITS,
    imports=IMPORTS,
    read_import=read_import,
    statements=STATEMENTS,
    blocks=BLOCKS,
    decisions=DECISIONS,
    hidden=HIDDEN,
    hidden_again=HIDDEN_AGAIN,
    functions_nest=False,
    comments=("comment",),
    identifiers=("identifier", "field_identifier", "type_identifier"),
    strings=("string_literal", "system_lib_string", "char_literal"),
)
