"""Ruby: units and imports for the grammar tree-sitter-ruby."""

from __future__ import annotations

from tree_sitter import Node

from elite_code_dataset.languages import ImportParts, Language

UNITS = """
(method name: (_) @name @header parameters: (_)? @header) @function
(singleton_method name: (_) @name @header parameters: (_)? @header) @method
(class name: (_) @name @header superclass: (_)? @header) @type
(singleton_class value: (_) @name @header) @type
(module name: (_) @name @header) @module
(program (assignment left: (constant) @name right: (_) @body) @constant)
(body_statement (assignment left: (constant) @name right: (_) @body) @constant)
(call method: (identifier) @visibility arguments: (argument_list . [(method) (singleton_method)] .)
  (#any-of? @visibility "private" "protected" "public" "private_class_method" "module_function" "memoize")) @outer
"""

IMPORTS = """
(call method: (identifier) @called arguments: (argument_list (string))
  (#any-of? @called "require" "require_relative" "load" "autoload")) @import
"""


def read_import(node: Node) -> list[ImportParts]:
    """``require "a"`` -> ("a", (), "require"); also "require_relative", "load", and "autoload" with the constant's name."""
    kind = _text(node.child_by_field_name("method"))
    arguments = node.child_by_field_name("arguments").named_children
    module = next((_text(one)[1:-1] for one in arguments if one.type == "string"), "")
    names = tuple(_text(one).lstrip(":") for one in arguments if one.type == "simple_symbol")
    return [(module, names, kind)] if module else []


def _text(node: Node | None) -> str:
    return node.text.decode("utf-8", "replace") if node is not None and node.text else ""


LANGUAGE = Language(
    name="ruby",
    suffixes=(".rb", ".rake", ".gemspec", ".ru", ".podspec"),
    filenames=("rakefile", "gemfile", "guardfile", "vagrantfile", "podfile", "brewfile", "fastfile", "capfile"),
    interpreters=("ruby", "rake", "jruby"),
    grammar=("tree_sitter_ruby", "language"),
    line_comment="#",
    block_comment=("=begin", "=end"),
    comments_attach=True,
    units=UNITS,
    imports=IMPORTS,
    read_import=read_import,
    statements=(
        "(program (_) @it)",
        "(body_statement (_) @it)",
        "(block_body (_) @it)",
        "(then (_) @it)",
        "(else (_) @it)",
        "(do (_) @it)",
        "(ensure (_) @it)",
        "when",
        "rescue",
        "elsif",
        "in_clause",
    ),
    blocks=("(array (_) @it)", "(hash (_) @it)", "(argument_list (_) @it)", "(method_parameters (_) @it)"),
    decisions=(
        "if",
        "elsif",
        "unless",
        "if_modifier",
        "unless_modifier",
        "while",
        "until",
        "while_modifier",
        "until_modifier",
        "for",
        "when",
        "in_clause",
        "rescue",
        "rescue_modifier",
        "conditional",
        '(binary ["&&" "||" "and" "or"] @it)',
    ),
    comments=("comment",),
    identifiers=("identifier", "constant", "instance_variable", "class_variable", "global_variable"),
    strings=("string", "heredoc_body", "regex", "subshell", "string_array", "symbol_array"),
)
