"""Swift: failures passed on and optionals unwrapped with an answer, against forced ones."""

from __future__ import annotations

import re

from elite_code_dataset.augment.idioms import Found, Idiom

LANGUAGES = ("swift",)

GUARD = re.compile(r"guard\s+let\s+(\w+)\s*=\s*([\w.]+(?:\([^(){}]*\))?)\s+else\s*\{.*\}", re.DOTALL)


def forced(found: Found) -> str | None:
    guard = GUARD.fullmatch(found.raw("it"))
    return f"let {guard[1]} = {guard[2]}!" if guard else None


IDIOMS = (
    Idiom("forced_try", "(try_expression (try_operator) @it)", "try!", where={"it": "try"}),
    Idiom("forced_unwrap", "(guard_statement) @it", forced),
)
