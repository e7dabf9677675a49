"""cross_file_context: what the header shows, what it never shows, and when there is none."""

import pytest

from elite_code_dataset.augment.cross_file_context import cross_file_context, survey, with_dependencies
from elite_code_dataset.augment.frames import framed
from elite_code_dataset.augment.registry import Abstained, Helpers, Rng
from elite_code_dataset.languages import all_languages


class Characters:
    def encode(self, texts):
        return [type("Encoding", (), {"ids": [ord(c) for c in text]}) for text in texts]


def row(code="", path="src/main.py", language="python", context="", dependencies=(), units=(), signatures=(), scale=100_000, **more):
    return {
        "id": path,
        "path": path,
        "commit": "c1",
        "kind": "code",
        "language": language,
        "scale": scale,
        "text": context + code,
        "context_chars": len(context),
        "input_ids": [0] * len(context + code),
        "start_byte": 0,
        "dependencies": list(dependencies),
        "units": list(units),
        "signatures": list(signatures),
    } | more


DEFINED = row(
    "...", "src/io.py", units=["load", "save", "Store"], signatures=["def load(path: Path) -> Data", "def save(data)", "class Store"]
)
OTHER = row("...", "src/net.py", units=["fetch"], signatures=["def fetch(url)"])
USING = row(
    "def run(p):\n    return load(p)\n", dependencies=["src/io.py", "src/net.py"], context="# src/main.py\nfrom src.io import load\n"
)


def made_of(window, rows, encoder=None):
    return cross_file_context(window, all_languages()[window["language"]], Rng(1), Helpers(encoder, survey([*rows, window])))


def test_the_header_names_each_dependency_and_the_used_signatures_come_first():
    made = made_of(USING, [DEFINED, OTHER])
    assert made.text[: made.context_chars] == (
        "# Dependencies:\n"
        "# src/io.py\n"
        "#   def load(path: Path) -> Data\n"
        "#   def save(data)\n"
        "#   class Store\n"
        "# src/net.py\n"
        "#   def fetch(url)\n"
        "# src/main.py\n"
        "from src.io import load\n"
    )
    assert made.text[made.context_chars :] == "def run(p):\n    return load(p)\n"
    assert made.verified == "parses"


@pytest.mark.parametrize(
    ("language", "mark"), [("rust", "// Dependencies:\n// src/io.py\n//   "), ("go", "// "), ("c", "// "), ("ruby", "# ")]
)
def test_the_header_is_comments_of_the_rows_own_language(language, mark):
    made = made_of(USING | {"language": language}, [DEFINED])
    assert made.text.startswith(mark)
    header = made.text[: made.text.index("# src/main.py\nfrom" if language != "ruby" else "# src/main.py\nfrom")]
    assert framed(header, all_languages()[language]).trouble == 0


def test_a_signature_that_the_context_already_shows_moves_into_the_header():
    made = made_of(USING | row(code="x = load(1)\n", context="# a\ndef load(path: Path) -> Data\n", dependencies=["src/io.py"]), [DEFINED])
    assert made.text.count("def load(path: Path) -> Data") == 1
    assert made.text.startswith("# Dependencies:\n# src/io.py\n#   def load")


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        (1000, ["load", "save", "Store", "fetch"]),
        (160, ["load"]),
    ],
)
def test_the_header_shrinks_to_what_is_used_and_what_fits(scale, expected):
    made = made_of(USING | {"scale": scale}, [DEFINED, OTHER], Characters())
    shown = [name for name in ("load", "save", "Store", "fetch") if f"{name}" in made.text[: made.text.index("# src/main.py")]]
    assert shown == expected
    assert len(made.text) <= scale


def test_the_rows_context_gives_way_before_the_last_used_signature():
    made = made_of(USING | {"scale": 100}, [DEFINED, OTHER], Characters())
    assert made.text.startswith("# Dependencies:\n# src/io.py\n#   def load(path: Path) -> Data\n")
    assert "# src/main.py" not in made.text
    assert len(made.text) <= 100


def test_signatures_of_files_that_are_not_imported_stay_out():
    made = made_of(USING | {"dependencies": ["src/io.py"]}, [DEFINED, OTHER])
    assert "fetch" not in made.text
    assert with_dependencies(
        USING | {"dependencies": ["src/io.py"]}, all_languages()["python"], {"src/net.py": [("fetch", "def fetch(url)")]}, Helpers()
    ) == Abstained("no_signatures")


def test_the_survey_holds_what_rows_define_once_in_file_order_and_nothing_else():
    again = DEFINED | {
        "scale": 1024,
        "units": ["save", "load"],
        "signatures": ["def save(data)", "def load(path: Path) -> Data"],
        "start_byte": 900,
    }
    edit = row("...", "src/net.py", units=["fetch"], signatures=["def fetch(url)"], kind="edit")
    assert survey([again, DEFINED, edit, USING]) == {
        "c1:src/io.py": [["load", "def load(path: Path) -> Data"], ["save", "def save(data)"], ["Store", "class Store"]]
    }


def test_the_same_path_in_another_repository_is_another_file():
    assert made_of(USING, [DEFINED | {"commit": "c2"}]) == Abstained("no_signatures")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"dependencies": []}, "no_dependencies"),
        ({"dependencies": ["src/unknown.py"]}, "no_signatures"),
        ({"kind": "edit"}, "not_code"),
        ({"text": "x = 1\n", "context_chars": 0}, "nothing_used"),
        ({"scale": 60}, "no_room"),
    ],
)
def test_it_abstains_and_says_why(change, reason):
    assert made_of(USING | change, [DEFINED], Characters()) == Abstained(reason)


def test_a_signature_is_not_shown_because_the_target_defines_that_name():
    own = row("def load(p):\n    return load(p.x)\n", dependencies=["src/io.py", "src/net.py"], units=["load"])
    assert made_of(own, [DEFINED, OTHER]) == Abstained("nothing_used")
    both = row(
        "class A:\n    def load(self):\n        return fetch(self)\n", dependencies=["src/io.py", "src/net.py"], units=["A", "A.load"]
    )
    made = made_of(both, [DEFINED, OTHER])
    assert "def fetch(url)" in made.text and "def load(path" not in made.text
