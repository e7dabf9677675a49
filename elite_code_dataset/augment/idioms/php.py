"""PHP: specific and chained exceptions, against handlers of everything, empty handlers and lost causes."""

from __future__ import annotations

from elite_code_dataset.augment.idioms import Found, Idiom, emptied, last_of_its_kind, without_last

LANGUAGES = ("php",)


def broad(found: Found) -> str | None:
    return "\\Throwable" if found.raw("it").lstrip("\\") != "Throwable" and last_of_its_kind(found, "catch_clause") else None


IDIOMS = (
    Idiom("broad_catch", "(catch_clause type: (type_list) @it)", broad),
    Idiom("swallowed_exception", "(catch_clause body: (compound_statement) @it)", emptied),
    Idiom("dropped_cause", "(throw_expression (object_creation_expression (arguments) @it))", without_last),
)
