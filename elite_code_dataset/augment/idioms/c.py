"""C: return codes tested and cleaned up after, against ignored codes, unchecked allocations and early returns that leak."""

from __future__ import annotations

import re

from elite_code_dataset.augment.idioms import Found, Idiom

LANGUAGES = ("c",)

LABEL = r"(?i)(\w*_)?(fail\w*|err\w*|out\w*|clean\w*|done|exit|bail\w*|end|finish|free\w*|release\w*|unlock\w*|abort\w*)"
# calls whose answer is a fact and no failure
PREDICATES = re.compile(
    r"(?i)\w*(cmp|_eq|equal)\w*|(is|has|can|should|test|contains|get)[_A-Z]\w*|\w+_(is|has|can)_\w+|is\w+|str\w+|mem\w+|feof|getc|getopt\w*"
)
FAILURE = (
    r"-\s*(?:\d+|[A-Z]\w*|errno)|NULL|nullptr|false|FALSE|errno|err|error|ret|rc|res|status|1|E[A-Z]+|\w*(?:ERR|FAIL|INVALID)[A-Z_]*\w*"
)
LOGS = r"(?:perror|abort|exit|_exit|die|err|errx|fatal|panic|\w*(?i:log|error|warn|fail)\w*)\s*\([^;{}]*\)|fprintf\s*\(\s*stderr[^;{}]*\)"
FAILS = re.compile(rf"\{{?\s*(?:[^{{}};]*;\s*){{0,4}}(?:goto\s+\w+|return\s*\(?\s*(?:{FAILURE})\s*\)?|throw\b[^;{{}}]*|{LOGS})\s*;\s*\}}?")
FAILED = {
    "!=": r"0|\w*(OK|SUCCESS)\w*",
    "<": "0",
    "==": r"-\s*1|NULL|nullptr|\w*(ERR|FAIL|INVALID)\w*",
}  # what a failed call gives, by operator
ACTIONS = re.compile(
    r"(?i)\w*(init|open|start|stop|run|connect|setup|load|save|flush|close|sync|lock|wait|join|read|write|send|recv|alloc|create|parse|register|bind|listen|"
    r"accept|fork|exec|fetch|update|reset|check|verify|enable|disable|process|next|advance|commit|begin|end)\w*"
)
ALLOCATORS = r"\w*(alloc\w*|strn?dup|fopen|fdopen|opendir|create|new)"
SIGNED = re.compile(r"(?:static |inline |const |extern |\w+ )*?(int|long|ssize_t|off_t|s32|s64|int32_t|int64_t)\b")


def ignored(found: Found) -> str | None:
    """Only a call that tells of its failure: compared with what failed calls give, and handled as a failure."""
    name, wanted = found.raw("called"), FAILED.get(found.raw("operator"))
    if not FAILS.fullmatch(found.raw("handled")) or PREDICATES.fullmatch(name) or not wanted or not re.fullmatch(wanted, found.raw("code")):
        return None
    does = found.raw("arguments").strip("() \n\t") or ACTIONS.fullmatch(name)  # what takes nothing and does nothing is a value
    return f"{found['kept']};" if does else None


def unchecked(found: Found) -> str | None:
    pointer, condition = found.raw("pointer").lstrip("* "), found.raw("condition")
    name = re.escape(pointer)
    tested = rf"\((!\s*{name}|{name}\s*==\s*(NULL|0|nullptr)|(NULL|0|nullptr)\s*==\s*{name})\)"
    return "" if re.fullmatch(tested, condition) and FAILS.fullmatch(found.raw("handled")) else None


def returned(found: Found) -> str | None:
    function = found.above(("function_definition",))
    kind, declarator = (function.child_by_field_name("type"), function.child_by_field_name("declarator")) if function else (None, None)
    if kind is None or declarator is None:
        return None
    if declarator.type == "pointer_declarator":
        return "return NULL;"
    text = found.text_of(kind)
    value = {"void": "", "bool": " false", "_Bool": " false"}.get(text, " -1" if SIGNED.fullmatch(text) else None)
    return None if value is None else f"return{value};"


CALL = "(call_expression function: (identifier) @called arguments: (_) @arguments)"
SET = f"(assignment_expression left: (_) right: {CALL})"
CHECK = "(if_statement condition: (_) @condition consequence: (_) @handled !alternative) @it"

IDIOMS = (
    Idiom(
        "ignored_return_code",
        f"(if_statement condition: (_ (binary_expression left: {CALL} @kept operator: _ @operator right: (_) @code))"
        " consequence: (_) @handled !alternative) @it",
        ignored,
    ),
    Idiom(
        "ignored_return_code",
        f"(if_statement condition: (_ (binary_expression left: (parenthesized_expression {SET} @kept) operator: _ @operator right: (_) @code))"
        " consequence: (_) @handled !alternative) @it",
        ignored,
    ),
    Idiom(
        "unchecked_allocation",
        f"((expression_statement (assignment_expression left: (_) @pointer right: (call_expression function: (identifier) @called))) . {CHECK})",
        unchecked,
        where={"called": ALLOCATORS},
        whole_lines=True,
    ),
    Idiom(
        "unchecked_allocation",
        "((declaration declarator: (init_declarator declarator: (pointer_declarator) @pointer value: (call_expression function: (identifier) @called)))"
        f" . {CHECK})",
        unchecked,
        where={"called": ALLOCATORS},
        whole_lines=True,
    ),
    Idiom("return_for_goto", "(goto_statement label: (statement_identifier) @label) @it", returned, where={"label": LABEL}),
)
