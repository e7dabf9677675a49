"""endings: a function that a window cuts off is rewritten by nobody, and the windows behind tell where a Python function ends."""

import pytest

from elite_code_dataset.augment.endings import ends_of
from elite_code_dataset.augment.registry import Abstained, Helpers, Rewrite, Rng
from elite_code_dataset.augment.rename import apply as rename
from elite_code_dataset.augment.restructure import apply as restructure
from elite_code_dataset.languages import all_languages

FILE = """\
def first(rows):
    size = 0
    for row in rows:
        if row < 3:
            return size
        size = size + 1
    # the end

    return size


def second(rows):
    size = 4
    return size > 3
"""
NAMES = {"local": ["alpha", "beta"], "loop": ["one"], "parameter": ["left"]}


def windows(text, *cuts, language="python"):
    """The file as the windows between the places of the given pieces of text."""
    borders = [0, *(text.index(cut) for cut in cuts), len(text)]
    return [
        {"kind": "code", "language": language, "commit": "c0ffee", "path": "a", "scale": 64, "context_chars": 0, "text": text[a:b], "start_byte": a,
         "end_byte": b}
        for a, b in zip(borders, borders[1:])
    ]  # fmt: skip


def asked(apply, row, rows, language="python"):
    ends = ends_of(rows)
    survey = {language: NAMES, "": ends} if apply is rename else ends
    return apply(row, all_languages()[language], Rng(1), Helpers(None, survey))


@pytest.mark.parametrize("apply", [rename, restructure])
@pytest.mark.parametrize(
    "cut", ["    for row", "        if row", "            return size", "        size = size", "    # the end", "    return size\n\n"]
)
def test_a_python_function_that_goes_on_in_the_next_window_stays(apply, cut):
    rows = windows(FILE, cut)
    assert isinstance(asked(apply, rows[0], rows), Abstained)
    assert isinstance(asked(apply, rows[0], rows[:1]), Abstained)


@pytest.mark.parametrize("apply", [rename, restructure])
def test_the_next_window_shows_that_a_function_is_over(apply):
    rows = windows(FILE, "def second")
    whole = asked(apply, rows[0], rows)
    assert isinstance(whole, Rewrite) and whole.text != rows[0]["text"]
    assert asked(apply, rows[0], rows[:1]) == Abstained("cut_off")
    later = windows(FILE, "    # the end", "    return size\n\n")
    assert isinstance(asked(apply, later[1], later), Abstained)


def test_code_behind_is_looked_for_through_windows_of_comments_and_of_other_scales():
    text = FILE.replace("def second", "# one\n# two\ndef second")
    rows = windows(text, "# one", "# two")
    assert ends_of(rows)["c0ffee:a"] == {str(rows[0]["end_byte"]): 0, str(rows[1]["end_byte"]): 0}
    other = windows(text, "    for row")
    assert ends_of([rows[0], *other])["c0ffee:a"] == {str(rows[0]["end_byte"]): 0, str(other[0]["end_byte"]): 4}
    assert ends_of([row | {"language": "rust"} for row in rows]) == {}


def test_an_else_is_added_to_no_if_whose_body_is_cut_off():
    text = "def f(a, b):\n    for x in a:\n        if b:\n            continue\n        if x:\n            a()\n    return a\n"
    rows = windows(text, "            a()")
    assert all(isinstance(asked(restructure, rows[0], rows), Abstained) for _ in range(3))


@pytest.mark.parametrize(
    ("language", "rest"),
    [
        ("c", "    if (size < 3) { size = 1; }\n    return size;\n}\n"),
        ("go", "\tif size == 3 { size = 1 }\n\treturn size\n}\n"),
        ("javascript", "  if (size < 3) { size = 1; }\n  return size;\n}\n"),
        ("java", "        if (size < 3) { size = 1; }\n        return size;\n    }\n"),
        ("c", "int f(int size) {\n    if (size < 3) { size = 1; }\n    x();\n"),
        ("go", "func f(size int) int {\n\tif size == 3 { size = 1 }\n\tx()\n"),
        ("javascript", "function f(size) {\n  if (size < 3) { size = 1; }\n  x();\n"),
    ],
)
@pytest.mark.parametrize("apply", [rename, restructure])
def test_a_part_of_a_function_in_braces_stays(apply, language, rest):
    row = windows(rest, language=language)[0]
    assert isinstance(asked(apply, row, [row], language), Abstained)
