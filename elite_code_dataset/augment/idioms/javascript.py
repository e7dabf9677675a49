"""JavaScript and TypeScript: awaited and handled failures, against lost promises, empty handlers and thrown strings."""

from __future__ import annotations

import re

from elite_code_dataset.augment.idioms import Found, Idiom, emptied

LANGUAGES = ("javascript", "typescript", "tsx")

FUNCTIONS = (
    "arrow_function",
    "function_expression",
    "function_declaration",
    "generator_function",
    "generator_function_declaration",
    "method_definition",
)
LEAVES = ("return_statement", "throw_statement", "continue_statement", "break_statement")


def not_awaited(found: Found) -> str | None:
    """Only in the body of a try that would have caught the rejection: in its handler an await protects nothing here."""
    tried, here = found.above(("try_statement",)), found.node("it")
    body = tried.child_by_field_name("body") if tried else None
    handled = tried is not None and tried.child_by_field_name("handler") is not None
    return found["value"] if handled and body is not None and body.start_byte <= here.start_byte < body.end_byte else None


def without_finally(found: Found) -> str | None:
    here = found.indent_of("it")
    body, cleanup = found.dedented("body", here), found.dedented("cleanup", here)
    if body is None or cleanup is None:
        return None
    return body if found.ends_in("body", LEAVES) else f"{body}\n{here}{cleanup}"


def unchecked(found: Found) -> str | None:
    return "" if re.match(r"\{?\s*(return|throw)\b", found.raw("handled")) else None


IDIOMS = (
    Idiom("missing_await", "(await_expression (_) @value) @it", not_awaited, inside=("try_statement",), outside=FUNCTIONS),
    Idiom("swallowed_exception", "(catch_clause body: (statement_block) @it)", emptied),
    Idiom(
        "unhandled_rejection",
        "(call_expression function: (member_expression object: (call_expression) @promise property: (property_identifier) @method)"
        " arguments: (arguments . (_) .)) @it",
        "{promise}",
        where={"method": "catch"},
    ),
    Idiom(
        "dropped_cause",
        "(new_expression arguments: (arguments . (_) @message . (object . (pair key: (property_identifier) @key) .) .) @it)",
        "({message})",
        where={"key": "cause"},
    ),
    Idiom(
        "string_thrown",
        "(throw_statement (new_expression constructor: (identifier) @type arguments: (arguments . [(string) (template_string)] @message .)) @it)",
        "{message}",
        where={"type": r"\w*(Error|Exception)"},
    ),
    Idiom(
        "dropped_finally",
        "(try_statement body: (statement_block) @body !handler finalizer: (finally_clause body: (statement_block) @cleanup)) @it",
        without_finally,
    ),
    Idiom(
        "unchecked_error",
        "(if_statement condition: (parenthesized_expression (identifier) @error) consequence: (_) @handled !alternative) @it",
        unchecked,
        where={"error": r"err|error|\w+Err(or)?"},
        whole_lines=True,
    ),
)
