"""Shell: a script that stops at a failure, against one that goes on."""

from __future__ import annotations

from elite_code_dataset.augment.idioms import Idiom

LANGUAGES = ("bash",)

IDIOMS = (
    Idiom(
        "ignored_status",
        '(list . (_) @command "||" . (_) @handler .) @it',
        "{command}",
        where={"handler": r"(exit|return|die|fail|abort|error)\b.*|\{.*\b(exit|return)\b.*\}"},
    ),
    Idiom("dropped_errexit", "(command) @it", "", where={"it": r"set\s+-[a-z]*e[a-z]*(\s+(-o\s+)?pipefail)?"}, whole_lines=True),
)
