"""temporal_context: one line of age and commit, in the row's own comments, and nobody's name."""

import math

import pytest

from elite_code_dataset.augment.frames import framed
from elite_code_dataset.augment.registry import Abstained, Helpers, Rng
from elite_code_dataset.augment.temporal_context import temporal_context
from elite_code_dataset.config import AGE_WEIGHTS, AGE_WORDS
from elite_code_dataset.languages import all_languages

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Characters:
    def encode(self, texts):
        return [type("Encoding", (), {"ids": [ord(c) for c in text]}) for text in texts]


def row(age=3.0, commit=COMMIT, language="rust", kind="code", scale=100_000, code="fn f() {}\n", context="// src/a.rs\n"):
    return {
        "id": "row",
        "kind": kind,
        "language": language,
        "scale": scale,
        "text": context + code,
        "context_chars": len(context),
        "input_ids": [0] * len(context + code),
        "age_days": age,
        "commit": commit,
    }


def made_of(window, encoder=None):
    return temporal_context(window, all_languages()[window["language"]], Rng(1), Helpers(encoder))


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (-1.0, "this week"),
        (6.9, "this week"),
        (7.0, "this month"),
        (59.9, "within two months"),
        (60.0, "within three months"),
        (90.0, "within a year"),
        (365.0, "over a year ago"),
        (9999.0, "over a year ago"),
    ],
)
def test_the_age_is_said_in_words(age, words):
    made = made_of(row(age))
    assert made.text == f"// Last changed {words}, as of commit 0123456789.\n// src/a.rs\nfn f() {{}}\n"
    assert made.text[made.context_chars :] == "fn f() {}\n"


def test_the_bounds_of_the_age_weights_are_bounds_of_the_words():
    assert {days for days, _ in AGE_WEIGHTS if days != math.inf} <= {days for days, _ in AGE_WORDS}


def test_an_edit_says_when_it_was_made():
    assert made_of(row(kind="edit")).text.startswith("// Changed this week")


@pytest.mark.parametrize("language", sorted(name for name, language in all_languages().items() if language.is_code))
def test_the_line_is_a_comment_in_every_language(language):
    made = made_of(row(language=language, context="", code="x\n"))
    header = made.text[: made.context_chars]
    assert header.count("\n") == 1
    assert framed(header, all_languages()[language]).trouble == 0
    assert made.verified == "parses"


def test_a_full_row_gives_up_context_and_never_target():
    code = "fn f() {}\n"
    line = len("// Last changed this week, as of commit 0123456789.\n")
    made = made_of(row(scale=line + len(code) + 3), Characters())
    assert made.text == "// Last changed this week, as of commit 0123456789.\n" + code
    assert made_of(row(scale=line), Characters()) == Abstained("no_room")


@pytest.mark.parametrize("window", [row(commit="folder-12ab"), row(age=math.nan)])
def test_what_has_no_history_is_left_alone(window):
    assert made_of(window) == Abstained("no_history")
