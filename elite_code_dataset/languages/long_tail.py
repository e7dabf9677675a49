"""More languages through the wheel tree-sitter-languages, which exists up to Python 3.12; without it they are read as text.

Lua and Perl are text everywhere. That wheel's Lua grammar reads ``x = 1`` differently from one parse to the next, since its scanner
starts from memory that nobody set; its Perl grammar read 2 of 60 files of Perl's own library without an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from tree_sitter import Node

from elite_code_dataset.languages import ImportParts, Language


def _reading(pattern: str, kind: str = "") -> Callable[[Node], list[ImportParts]]:
    """A reader that takes module (and kind, where the language has several words) from an import statement's text."""
    compiled = re.compile(pattern)

    def read_import(node: Node) -> list[ImportParts]:
        found = compiled.match(node.text.decode("utf-8", "replace") if node.text else "")
        if not found:
            return []
        parts = found.groupdict()
        return [(parts["module"], (), kind or parts["kind"])]

    return read_import


LUA = Language(
    name="lua",
    suffixes=(".lua", ".luau", ".rockspec"),
    interpreters=("lua", "luajit"),
    line_comment="--",
    block_comment=("--[[", "]]"),
    headings=r"(?:local[ \t]+)?function\b|(?:local[ \t]+)?[\w.]+[ \t]*=[ \t]*function\b",
)

PERL = Language(
    name="perl",
    suffixes=(".pl", ".pm", ".t"),
    interpreters=("perl",),
    line_comment="#",
    headings=r"(?:sub|package|BEGIN|END)\b|=(?:head[1-4]|item|cut|pod|over)\b",
)

HASKELL = Language(
    name="haskell",
    suffixes=(".hs",),
    interpreters=("runhaskell", "runghc"),
    grammar=("tree_sitter_languages", "haskell"),
    line_comment="--",
    block_comment=("{-", "-}"),
    doc_comment=("-- |", "{-|"),
    comments_attach=True,
    units="""
(adt name: (_) @name) @type
(newtype name: (_) @name) @type
(type_alias name: (_) @name) @type
(class (class_head class: (_) @name) (class_body) @body) @trait
(instance (instance_head class: (_) @name) (where) @body) @impl
(haskell (function name: (_) @name rhs: (_) @body) @function)
(haskell (function name: (_) @name . (_)? (guard_equation) @body) @function)
(instance (function name: (_) @name rhs: (_) @body) @method)
""",
    imports="(import) @import",
    read_import=_reading(r"import\s+(?:safe\s+)?(?:qualified\s+)?(?P<module>[\w.']+)", "import"),
    statements=("(haskell (_) @it)", "(class_body (_) @it)", "(instance (_) @it)", "alt", "guard_equation"),
    decisions=("exp_cond", "alt", "guard_equation"),
    comments=("comment",),
    identifiers=("variable", "type", "constructor"),
    strings=("string", "char"),
)

OCAML = Language(
    name="ocaml",
    suffixes=(".ml",),
    interpreters=("ocaml",),
    grammar=("tree_sitter_languages", "ocaml"),
    block_comment=("(*", "*)"),
    doc_comment=("(**",),
    comments_attach=True,
    units="""
(compilation_unit (value_definition (let_binding pattern: (value_name) @name (parameter) body: (_) @body) @function))
(structure (value_definition (let_binding pattern: (value_name) @name (parameter) body: (_) @body) @function))
(type_binding name: (_) @name) @type
(class_binding name: (_) @name body: (_) @body) @type
(method_definition name: (_) @name body: (_)? @body) @method
(module_binding name: (_) @name body: (_)? @body) @module
(value_definition) @outer
(type_definition) @outer
(class_definition) @outer
(module_definition) @outer
""",
    imports="(open_module) @import (include_module) @import",
    read_import=_reading(r"(?P<kind>open|include)!?\s+(?P<module>[\w.]+)"),
    statements=("(compilation_unit (_) @it)", "(structure (_) @it)", "match_case"),
    decisions=("if_expression", "match_case", "for_expression", "while_expression"),
    defaults=('(match_case pattern: (value_pattern) @it (#eq? @it "_"))',),
    identifiers=("value_name", "type_constructor", "module_name", "constructor_name"),
    strings=("string", "quoted_string", "character"),
)

ELIXIR = Language(
    name="elixir",
    suffixes=(".ex", ".exs"),
    interpreters=("elixir",),
    grammar=("tree_sitter_languages", "elixir"),
    line_comment="#",
    comments_attach=True,
    units="""
(call target: (identifier) @word (arguments . (alias) @name) (do_block) @body (#any-of? @word "defmodule" "defprotocol" "defimpl")) @module
(call target: (identifier) @word
  (arguments . [(call target: (_) @name) (identifier) @name (binary_operator left: (call target: (_) @name))] (keywords) @body)
  (#any-of? @word "def" "defp")) @function
(call target: (identifier) @word (arguments . [(call target: (_) @name) (identifier) @name (binary_operator left: (call target: (_) @name))])
  (do_block)? @body (#any-of? @word "def" "defp")) @function
(call target: (identifier) @word (arguments . [(call target: (_) @name) (identifier) @name])
  (do_block)? @body (#any-of? @word "defmacro" "defmacrop")) @macro
(unary_operator operand: (call target: (identifier) @word (#any-of? @word "doc" "spec" "moduledoc" "impl" "deprecated"))) @attached
""",
    imports='(call target: (identifier) @word (arguments (alias)) (#any-of? @word "alias" "import" "use" "require")) @import',
    read_import=_reading(r"(?P<kind>alias|import|use|require)[\s(]+(?P<module>[\w.]+)"),
    statements=("(source (_) @it)", "(do_block (_) @it)", "stab_clause", "else_block", "rescue_block"),
    blocks=("(list (_) @it)", "(map (_) @it)", "(keywords (_) @it)"),
    decisions=(
        '(call target: (identifier) @it (#any-of? @it "if" "unless" "cond" "for" "with"))',
        "stab_clause",
        '(binary_operator ["&&" "||" "and" "or"] @it)',
    ),
    identifiers=("identifier", "alias"),
    strings=("string", "charlist", "sigil"),
)

R = Language(
    name="r",
    suffixes=(".r",),
    interpreters=("rscript",),
    grammar=("tree_sitter_languages", "r"),
    line_comment="#",
    comments_attach=True,
    units="""
(left_assignment name: (_) @name value: (function_definition (formal_parameters) @header)) @function
(equals_assignment name: (_) @name value: (function_definition (formal_parameters) @header)) @function
""",
    imports='(call function: (identifier) @called arguments: (_) (#any-of? @called "library" "require" "source")) @import',
    read_import=_reading(r"(?P<kind>library|require|source)\s*\(\s*[\"']?(?P<module>[^\"',)]+)"),
    statements=("(program (_) @it)", "(brace_list (_) @it)"),
    blocks=("(arguments (_) @it)",),
    decisions=("if", "for", "while", '(binary ["&&" "||"] @it)'),
    strings=("string",),
)

JULIA = Language(
    name="julia",
    suffixes=(".jl",),
    interpreters=("julia",),
    grammar=("tree_sitter_languages", "julia"),
    line_comment="#",
    block_comment=("#=", "=#"),
    comments_attach=True,
    units="""
(function_definition name: (_) @name parameters: (_) @header return_type: (_)? @header (where_clause)? @header) @function
(short_function_definition name: (_) @name parameters: (_) @header) @function
(macro_definition name: (_) @name parameters: (_) @header) @macro
(struct_definition name: (_) @name @header) @type
(abstract_definition name: (_) @name) @type
(module_definition name: (_) @name @header) @module
(const_statement (assignment . (identifier) @name)) @constant
""",
    imports='(import_statement) @import (call_expression . (identifier) @called (#eq? @called "include")) @import',
    read_import=_reading(r"(?P<kind>using|import|include)\s*\(?\s*\"?(?P<module>[^\s:\",)]+)"),
    statements=(
        "(source_file (_) @it)",
        "(module_definition (_) @it)",
        "(function_definition (_) @it)",
        "(struct_definition (_) @it)",
        "elseif_clause",
    ),
    decisions=("if_statement", "elseif_clause", "for_statement", "while_statement", "ternary_expression"),
    comments=("line_comment", "block_comment"),
    strings=("string_literal", "prefixed_string_literal", "command_literal"),
)

LANGUAGE = (LUA, PERL, HASKELL, OCAML, ELIXIR, R, JULIA)
