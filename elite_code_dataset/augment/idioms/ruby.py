"""Ruby: specific rescues, against rescues of everything."""

from __future__ import annotations

from elite_code_dataset.augment.idioms import Idiom

LANGUAGES = ("ruby",)

IDIOMS = (
    Idiom("broad_rescue", "(rescue exceptions: (exceptions) @it)", "Exception", where={"it": "(?!Exception$).*"}),
    Idiom(
        "dropped_bang",
        "(call receiver: (_) @object method: (identifier) @it)",
        lambda f: f.raw("it")[:-1],
        where={"it": r"(save|update|create|destroy)!"},
    ),
)
