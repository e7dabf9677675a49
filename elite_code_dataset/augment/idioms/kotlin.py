"""Kotlin: nulls and failures answered where they arise, against assertions, wide handlers and leaked handles."""

from __future__ import annotations

from elite_code_dataset.augment.idioms import Found, Idiom, emptied, last_of_its_kind, without_last

LANGUAGES = ("kotlin",)

POSTFIX = "[(identifier) (call_expression) (navigation_expression) (index_expression) (parenthesized_expression) (this_expression)]"


def broad(found: Found) -> str | None:
    caught = found.raw("it")
    if caught in ("Exception", "Throwable") or not last_of_its_kind(found, "catch_block"):
        return None
    return "Throwable" if caught.endswith("Error") else "Exception"


IDIOMS = (
    Idiom(
        "assertion_for_elvis",
        f'(binary_expression left: {POSTFIX} @left "?:" right: [(return_expression) (throw_expression)]) @it',
        "{left}!!",
    ),
    Idiom("let_for_use", "(call_expression (navigation_expression (_) (identifier) @it) (annotated_lambda))", "let", where={"it": "use"}),
    Idiom("broad_catch", "(catch_block (identifier) (user_type) @it)", broad),
    Idiom("swallowed_exception", "(catch_block (block) @it)", emptied),
    Idiom("dropped_cause", "(throw_expression (call_expression (value_arguments) @it))", without_last),
)
