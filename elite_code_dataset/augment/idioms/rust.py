"""Rust: results and options handled by propagation, against panics, lost causes and silence."""

from __future__ import annotations

import re

from elite_code_dataset.augment.idioms import Found, Idiom

LANGUAGES = ("rust",)

# what a method call can follow without parentheses
POSTFIX = (
    "[(call_expression) (identifier) (field_expression) (await_expression) (try_expression) (macro_invocation) (index_expression)"
    " (parenthesized_expression) (scoped_identifier) (self)]"
)
METHOD = "(call_expression function: (field_expression value: (_) @value field: (field_identifier) @method))"
EXIT = re.compile(r"\{?\s*(return|break|continue|panic!|unreachable!|std::process::exit)\b")


def unwrapped_match(found: Found) -> str | None:
    if found.raw("bound") != found.raw("result") or not EXIT.match(found.raw("exit")):
        return None
    return f"{found['value']}.unwrap()"


def emptied_arm(found: Found) -> str | None:
    statement = found.node("statement")
    # a match at the end of a block may be its value
    return "{}" if statement is not None and statement.next_named_sibling is not None else None


IDIOMS = (
    Idiom("unwrap_for_question_mark", "(try_expression (_) @value) @it", "{value}.unwrap()"),
    Idiom("unwrap_for_ok_or", f"(try_expression {METHOD}) @it", "{value}.unwrap()", where={"method": "ok_or|ok_or_else"}),
    Idiom("dropped_map_err", f"{METHOD} @it", "{value}", where={"method": "map_err"}),
    Idiom("dropped_context", f"(try_expression {METHOD}) @it", "{value}?", where={"method": "context|with_context|wrap_err|wrap_err_with"}),
    Idiom(
        "unwrap_for_expect",
        "(call_expression function: (field_expression value: (_) @value field: (field_identifier) @method)"
        " arguments: (arguments . [(string_literal) (raw_string_literal)] .)) @it",
        "{value}.unwrap()",
        where={"method": "expect"},
    ),
    Idiom("unwrap_for_default", f"{METHOD} @it", "{value}.unwrap()", where={"method": "unwrap_or|unwrap_or_else|unwrap_or_default"}),
    Idiom(
        "unwrap_for_let_else",
        f"(let_declaration pattern: (tuple_struct_pattern type: (identifier) @kind . (_) @name .) value: {POSTFIX} @value alternative: (_)) @it",
        "let {name} = {value}.unwrap();",
        where={"kind": "Some|Ok"},
    ),
    Idiom(
        "unwrap_for_match",
        f"(match_expression value: {POSTFIX} @value body: (match_block ."
        " (match_arm pattern: (match_pattern (tuple_struct_pattern type: (identifier) @kind . (identifier) @bound .)) value: (identifier) @result)"
        " . (match_arm value: (_) @exit) .)) @it",
        unwrapped_match,
        where={"kind": "Some|Ok"},
    ),
    Idiom(
        "swallowed_error",
        "(expression_statement (if_expression condition: (let_condition pattern: (tuple_struct_pattern type: (identifier) @kind) value: (_) @value)"
        " !alternative)) @it",
        "let _ = {value};",
        where={"kind": "Err"},
    ),
    Idiom(
        "swallowed_error",
        "(expression_statement (match_expression body: (match_block"
        " (match_arm pattern: (match_pattern (tuple_struct_pattern type: (identifier) @kind)) value: (block (_)) @it)))) @statement",
        emptied_arm,
        where={"kind": "Err"},
    ),
    Idiom(
        "panic_for_err",
        "(return_expression (call_expression function: (identifier) @kind arguments: (arguments . (_) @error .))) @it",
        'panic!("{{:?}}", {error})',
        where={"kind": "Err"},
    ),
)
