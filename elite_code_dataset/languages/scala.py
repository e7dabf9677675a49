"""Scala: units and imports for the grammar tree-sitter-scala."""

from __future__ import annotations

import re

from tree_sitter import Node

from elite_code_dataset.languages import ImportParts, Language

UNITS = """
(class_definition name: (_) @name body: (_)? @body) @type
(object_definition name: (_) @name body: (_)? @body) @type
(package_object name: (_) @name body: (_)? @body) @module
(trait_definition name: (_) @name body: (_)? @body) @trait
(enum_definition name: (_) @name body: (_) @body) @type
(type_definition name: (_) @name) @type
(function_definition name: (_) @name body: (_) @body) @function
(function_declaration name: (_) @name) @function
(given_definition name: (_) @name body: (_)? @body) @impl
(extension_definition parameters: (_) @name @header) @impl
(val_definition pattern: (identifier) @name value: (_) @body (#match? @name "^[A-Z][A-Za-z0-9_]*$")) @constant
(class_definition (annotation) @attached)
(object_definition (annotation) @attached)
(trait_definition (annotation) @attached)
(function_definition (annotation) @attached)
(function_declaration (annotation) @attached)
"""

IMPORTS = """
(package_clause) @import
(import_declaration) @import
(export_declaration) @import
"""


def read_import(node: Node) -> list[ImportParts]:
    """``import a.{B => C, D, _}`` -> ("a.B", ("B",), "import"), ("a.D", ("D",), "import"), ("a", ("*",), "import"); ``export`` likewise."""
    if node.type == "package_clause":
        name = node.child_by_field_name("name")
        return [("".join(name.text.decode("utf-8", "replace").split()), (), "package")] if name is not None and name.text else []
    text = node.text.decode("utf-8", "replace") if node.text else ""
    kind, _, rest = text.partition(" ")
    leaves: list[ImportParts] = []
    for path, selectors in re.findall(r"([^\s,{}]+?)(?:\.\s*\{([^}]*)\})?\s*(?:,|$)", rest.strip()):
        for selector in selectors.split(",") if selectors else ("",):
            name = re.split(r"=>|\bas\b", selector)[0].strip()
            full = f"{path}.{name}" if name else path
            module, _, last = full.rpartition(".")
            leaves.append((module, ("*",), kind) if last in ("_", "*", "given") else (full, (last,), kind))
    return leaves


LANGUAGE = Language(
    name="scala",
    suffixes=(".scala", ".sc", ".sbt"),
    interpreters=("scala",),
    grammar=("tree_sitter_scala", "language"),
    line_comment="//",
    block_comment=("/*", "*/"),
    doc_comment=("/**",),
    units=UNITS,
    imports=IMPORTS,
    read_import=read_import,
    statements=(
        "(compilation_unit (_) @it)",
        "(template_body (_) @it)",
        "(with_template_body (_) @it)",
        "(enum_body (_) @it)",
        "(block (_) @it)",
        "(indented_block (_) @it)",
        "case_clause",
    ),
    blocks=("(arguments (_) @it)", "(parameters (_) @it)", "(class_parameters (_) @it)"),
    decisions=(
        "if_expression",
        "while_expression",
        "do_while_expression",
        "for_expression",
        "case_clause",
        "guard",
        '(infix_expression operator: (operator_identifier) @it (#any-of? @it "&&" "||"))',
    ),
    defaults=("(case_clause . pattern: (wildcard) @it)",),
    comments=("comment", "block_comment"),
    identifiers=("identifier", "type_identifier"),
    strings=("string", "interpolated_string_expression", "character_literal"),
)
