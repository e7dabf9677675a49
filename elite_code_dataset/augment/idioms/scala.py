"""Scala: options with an answer and handlers of what is not fatal, against forced options and handlers of everything."""

from __future__ import annotations

from elite_code_dataset.augment.idioms import Idiom

LANGUAGES = ("scala",)

IDIOMS = (
    Idiom(
        "get_for_default",
        "(call_expression function: (field_expression value: (_) @value field: (identifier) @method)) @it",
        "{value}.get",
        where={"method": "getOrElse"},
    ),
    Idiom(
        "fatal_caught",
        "(catch_clause (case_block (case_clause pattern: (case_class_pattern type: (_) @kind pattern: (identifier) @name) @it)))",
        "{name}: Throwable",
        where={"kind": "NonFatal"},
    ),
)
