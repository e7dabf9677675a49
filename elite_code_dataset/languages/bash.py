"""Shell: units and imports for the grammar tree-sitter-bash."""

from __future__ import annotations

from tree_sitter import Node

from elite_code_dataset.languages import ImportParts, Language

UNITS = """
(function_definition name: (_) @name body: (_) @body) @function
(program (declaration_command "readonly" (variable_assignment name: (_) @name value: (_)? @body)) @constant)
(program (variable_assignment name: (_) @name value: (_) @body) @constant (#match? @name "^[A-Z][A-Z0-9_]*$"))
"""

IMPORTS = """
(command name: (command_name) @called . argument: (_) (#any-of? @called "source" ".")) @import
"""


def read_import(node: Node) -> list[ImportParts]:
    """``source ./a.sh`` and ``. ./a.sh`` -> ("./a.sh", (), "source"). Variables stay in it as written: ``$DIR/a.sh``."""
    argument = node.child_by_field_name("argument")
    module = argument.text.decode("utf-8", "replace") if argument is not None and argument.text else ""
    return [(module.replace('"', "").replace("'", ""), (), "source")]


LANGUAGE = Language(
    name="bash",
    suffixes=(".sh", ".bash", ".zsh", ".ksh", ".bats", ".ebuild"),
    filenames=(".bashrc", ".bash_profile", ".profile", ".zshrc", ".zshenv", ".bash_aliases", "pkgbuild", "apkbuild"),
    interpreters=("sh", "bash", "zsh", "dash", "ksh", "ash"),
    grammar=("tree_sitter_bash", "language"),
    line_comment="#",
    comments_attach=True,
    units=UNITS,
    imports=IMPORTS,
    read_import=read_import,
    statements=(
        "(program (_) @it)",
        "(compound_statement (_) @it)",
        "(subshell (_) @it)",
        "(do_group (_) @it)",
        "(if_statement (command) @it)",
        "(elif_clause (command) @it)",
        "(else_clause (command) @it)",
        "(case_item (command) @it)",
        "if_statement",
        "for_statement",
        "while_statement",
        "case_statement",
        "case_item",
        "elif_clause",
        "else_clause",
    ),
    blocks=("(array (_) @it)", "(command argument: (_) @it)", "(pipeline (_) @it)"),
    decisions=(
        "if_statement",
        "elif_clause",
        "for_statement",
        "c_style_for_statement",
        "while_statement",
        "case_item",
        '(list ["&&" "||"] @it)',
        '(binary_expression ["&&" "||"] @it)',
    ),
    defaults=('(case_item value: (extglob_pattern) @it (#eq? @it "*"))',),
    comments=("comment",),
    identifiers=("variable_name", "word"),
    strings=("string", "raw_string", "ansi_c_string", "heredoc_body"),
)
