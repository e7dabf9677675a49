"""Edits lose nothing: before and the rows rebuild after, on real histories; what is dropped is counted to the byte."""

from __future__ import annotations

import hashlib
import subprocess
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elite_code_dataset import edits as edits_module
from elite_code_dataset.edits import EditRules, Edits, Place, rebuilt
from elite_code_dataset.hunks import grouped, hunks_of, joined, lines_of, widened
from elite_code_dataset.records import SCALES, Change, Window
from elite_code_dataset.repository import open_repository
from elite_code_dataset.secrets import Redactor
from elite_code_dataset.tokens import Encoder, trained_encoder
from tests.counting import steps_of
from tests.repositories import START, committed, module_text, started

PLACE = Place("g", "train", "core", "python")


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return trained_encoder([module_text(n) for n in range(10)], 500)


def change(before: str | None, after: str | None, message: str = "Mend it", path: str = "a.py", commit: str = "c1") -> Change:
    return Change("lineage", path, path, before, after, message, commit, START, START)


def edits_of(changes: list[Change], encoder: Encoder, place: Place | str = PLACE, **rules: object) -> tuple[Edits, list[Window]]:
    edits = Edits(changes, lambda c: place, encoder, EditRules(START, **rules))
    return edits, list(edits)


LINE = st.sampled_from(["a\n", "b\n", "c\n", "\n", "    d = 1\n", "é\n", "\x0c\n", "x\ry\n"])
TEXT = st.tuples(st.lists(LINE, max_size=40), st.sampled_from(["", "end", "\u2028z"])).map(lambda parts: "".join(parts[0]) + parts[1])


@settings(max_examples=200, deadline=None)
@given(TEXT, TEXT)
def test_hunks_rebuild_the_text(before: str, after: str) -> None:
    x, y = lines_of(before), lines_of(after)
    assert "".join(x) == before
    out, position = [], 0
    for hunk in hunks_of(x, y):
        out += x[position : hunk.a0] + y[hunk.b0 : hunk.b1]
        position = hunk.a1
    assert "".join(out + x[position:]) == after
    groups = [widened(joined(g), 3, len(x), len(y)) for g in grouped(hunks_of(x, y), 3)]
    assert all(one.a1 <= other.a0 and one.b1 <= other.b0 for one, other in zip(groups, groups[1:]))


@settings(max_examples=120, deadline=None)
@given(TEXT, TEXT.filter(bool))
def test_rows_rebuild_the_updated_file_whatever_changed(before: str, after: str) -> None:
    edits, rows = edits_of([change(before, after)], _shared())
    assert rebuilt(before, rows) == after


_KEPT: list[Encoder] = []


def _shared() -> Encoder:
    if not _KEPT:
        _KEPT.append(trained_encoder([module_text(n) for n in range(10)], 500))
    return _KEPT[0]


def test_a_change_of_a_thousand_lines_is_divided_and_not_cut_off(encoder: Encoder) -> None:
    before = "".join(f"value_{i} = {i}\n" for i in range(1500))
    after = "".join(f"other_{i} = {i * 3 % 701} + compute({i})\n" for i in range(1700))
    edits, rows = edits_of([change(before, after)], encoder)
    assert len(rows) > 5 and max(row.n_tokens for row in rows) <= SCALES[-1]
    assert rebuilt(before, rows) == after
    assert edits.report.kept_bytes == len(before.encode()) + len(after.encode()) and not edits.report.dropped


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A history that grows real code: a standard module, built up and worked over in forty commits, with a rename and a large rewrite."""
    import argparse
    import inspect
    import textwrap

    place = started(tmp_path_factory.mktemp("history") / "kit")
    lines = lines_of(inspect.getsource(argparse))
    for n in range(40):
        part = lines[: 60 * (n + 1)]
        part = [line.replace("self", f"this{n // 9}") if i % 37 == n % 37 else line for i, line in enumerate(part)]
        files: dict[str, str | None] = {"src/parse.py": "".join(part)}
        if n % 5 == 0:
            files |= {"src/wrap.py": inspect.getsource(textwrap)[: 2000 + 300 * n].rsplit("\n", 1)[0]}
        committed(place, files, f"Grow the parser, part {n}\n\nSigned-off-by: A Person <person@corporation.io>", START + n * 3600)
    committed(place, {"src/parse.py": "".join(reversed(lines))}, "Turn it round", START + 50 * 3600)
    return place


def test_a_real_history_is_rebuilt_change_by_change_and_every_byte_is_accounted_for(history: Path, encoder: Encoder) -> None:
    with open_repository(history) as repository:
        changes = list(repository.changes())
    assert len(changes) > 40
    edits, rows = edits_of(changes, encoder)
    by_change: dict[tuple[str, str], list[Window]] = defaultdict(list)
    for row in rows:
        by_change[row.commit, row.path].append(row)
    size = 0
    for one in changes:
        x, y = lines_of(one.before or ""), lines_of(one.after or "")
        size += sum(len("".join(x[h.a0 : h.a1] + y[h.b0 : h.b1]).encode()) for h in hunks_of(x, y))
        assert rebuilt(one.before or "", by_change[one.commit, one.path]) == one.after
    report = edits.report
    assert report.kept_bytes + sum(report.dropped_bytes.values()) == size > 100_000


def test_what_is_left_out_is_counted_by_reason_with_its_bytes(encoder: Encoder) -> None:
    edits, rows = edits_of([change("a\nb\n", "a\ncc\n")], encoder, place="data_file")
    assert rows == [] and edits.report.dropped == {"data_file": 1} and edits.report.dropped_bytes == {"data_file": 5}


def test_context_is_everything_but_the_updated_block(encoder: Encoder) -> None:
    (row,) = edits_of([change("one = 1\ntwo = 2\nthree = 3\n", "one = 1\ntwo = 22\nthree = 3\n")], encoder)[1]
    assert row.text[row.context_chars :] == "one = 1\ntwo = 22\nthree = 3\n"
    assert row.text[row.original_start : row.original_end] == "one = 1\ntwo = 2\nthree = 3\n"
    assert row.text.startswith("# a.py\n# Mend it\n# Original:\n")
    assert encoder.decode(row.input_ids[row.context_tokens :]) == row.text[row.context_chars :]
    assert encoder.decode(row.input_ids) == row.text and row.scale == 256 and row.kind == "edit"


def test_an_edit_goes_to_the_smallest_scale_it_fits(encoder: Encoder) -> None:
    seen = set()
    for lines in (3, 40, 80, 150, 300):
        before = "".join(f"value_{i} = {i}\n" for i in range(lines))
        for row in edits_of([change(before, before.replace("= ", "== "))], encoder)[1]:
            bare = row.n_tokens
            assert bare <= row.scale and (row.scale == 256 or row.scale >= 1024 or bare > row.scale / 2)
            seen.add(row.scale)
    assert len(seen) >= 4


def test_other_hunks_of_the_commit_are_shown_where_there_is_room_and_never_to_train_from_evaluation(encoder: Encoder) -> None:
    long = "".join(f"value_{i} = {i}\n" for i in range(60))
    changes = [change(long, long.replace("= ", "+= ")), change("secret_answer = 1\n", "secret_answer = 2\n", path="b.py")]
    sides = {"a.py": PLACE, "b.py": PLACE}
    rows = list(Edits(changes, lambda c: sides[c.path], encoder, EditRules(START)))
    assert "secret_answer" in next(r for r in rows if r.path == "a.py").text
    sides["b.py"] = Place("h", "test", "core", "python")
    rows = list(Edits(changes, lambda c: sides[c.path], encoder, EditRules(START)))
    assert "secret_answer" not in next(r for r in rows if r.path == "a.py").text


def test_a_unified_target_is_a_patch_that_applies(encoder: Encoder, tmp_path: Path) -> None:
    before = module_text(3)
    after = before.replace("total_", "sum_", 2).replace("return sum", "return  sum") + "last = 1\n"
    _, rows = edits_of([change(before, after)], encoder, unified=True)
    (tmp_path / "a.py").write_text(before)
    patch = "--- a/a.py\n+++ b/a.py\n" + "".join(row.text[row.context_chars :] for row in rows)
    subprocess.run(["git", "apply", "--unsafe-paths", "-"], cwd=tmp_path, input=patch, text=True, check=True)
    assert (tmp_path / "a.py").read_text() == after


def test_a_share_of_edits_also_asks_for_the_message(encoder: Encoder) -> None:
    changes = [change(f"x = {i}\n", f"x = {i + 1}\n", f"Step {i}", commit=f"c{i}") for i in range(400)]
    _, rows = edits_of(changes, encoder, message_share=0.25)
    messages = [row for row in rows if row.idiom == "message"]
    assert len(rows) - len(messages) == 400 and 60 < len(messages) < 140
    row = messages[0]
    number = row.commit[1:]
    assert row.text[row.context_chars :] == f"Step {number}\n" and f"Step {number}" not in row.text[: row.context_chars]


def test_no_person_is_named_in_a_row(history: Path, encoder: Encoder) -> None:
    with open_repository(history) as repository:
        _, rows = edits_of(list(repository.changes()), encoder)
    assert rows and not any("Person" in row.text or "corporation.io" in row.text for row in rows)


def scattered(number: int) -> list[Change]:
    """A change of every other line of a file, and of a stretch in every file of many."""
    lines = [f"def part_{n}(): return {n}\n" for n in range(8 * number)]
    changed = [line if n % 2 else line.replace("return", "return 1 +") for n, line in enumerate(lines)]
    long = [change("", "".join(f"value_{n}_{i} = {i}\n" for i in range(60)), path=f"b{n}.py", commit="c2") for n in range(number)]
    return [change("".join(lines), "".join(changed)), *long]


@pytest.mark.parametrize("unified", [False, True])
def test_twice_the_hunks_of_a_commit_are_twice_the_work(encoder: Encoder, unified: bool) -> None:
    few, many = scattered(150), scattered(300)
    _, rows = edits_of(few, encoder, unified=unified)
    assert sum(row.commit == "c1" for row in rows) > 5 and sum(row.commit == "c2" and row.scale >= 1024 for row in rows) == 150
    less, more = (steps_of(edits_of, changes, encoder, unified=unified) for changes in (few, many))
    assert more / less < 2.2, (less, more)


HEX = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"
KEY = [f"MIIEow{n:02}" + "Ab3/x" * 11 for n in range(20)]
PEM = 'KEY = """-----BEGIN RSA PRIVATE KEY-----\n' + "\n".join(KEY) + '\n-----END RSA PRIVATE KEY-----\n"""\n'
BARE = 'KEY = """\n' + "\n".join(KEY) + '\n"""\n'


@pytest.mark.parametrize(
    "named, unnamed",
    [(f'SECRET_KEY = "{HEX}"\n', f'VALUE = "{HEX}"\n'), (PEM, BARE), (PEM, "BODY = [\n" + "".join(f'    "{k}",\n' for k in KEY) + "]\n")],
)
@pytest.mark.parametrize("turned", [False, True])
def test_a_secret_that_one_version_announces_is_replaced_in_those_that_do_not(
    named: str, unnamed: str, turned: bool, encoder: Encoder
) -> None:
    first, second = (unnamed, named) if turned else (named, unnamed)
    changes = [
        change(first, second, commit="c2"),
        change(second, "KEY = None\n", commit="c3"),
        change("KEY = None\n", unnamed, commit="c4"),
    ]
    edits = Edits(changes, lambda c: PLACE, encoder, EditRules(START), Redactor())
    rows = list(edits)
    shown = [piece for row in rows for piece in (HEX, *KEY) if piece in row.text]
    assert len({row.commit for row in rows}) == 3 and not shown
    assert "REDACTED_" in rows[0].text[: rows[0].context_chars] and "REDACTED_" in rows[0].text[rows[0].context_chars :]
    assert edits.accounts["c3"].secrets == ["lineage"]


def test_a_secret_that_a_message_announces_is_replaced_in_the_change(encoder: Encoder) -> None:
    rows = list(
        Edits([change("a = 1\n", f'a = "{HEX}"\n', f"Set it\n\nsecret_key: {HEX}")], lambda c: PLACE, encoder, EditRules(START), Redactor())
    )
    assert rows and all(HEX not in row.text for row in rows)


def test_ordinary_words_that_were_taken_for_a_secret_stay_elsewhere(encoder: Encoder) -> None:
    before, after = 'password = "correcthorsebattery"\n', "correcthorsebattery = 12345678\n"
    (row,) = Edits([change(before, after)], lambda c: PLACE, encoder, EditRules(START), Redactor())
    assert row.text[row.context_chars :] == after


def test_a_change_of_encoding_alone_is_counted(folder_of_text: Path) -> None:
    with open_repository(folder_of_text) as repository:
        kept = [one.path for one in repository.changes()]
        assert kept == ["a.py"] and repository.changes_tally.dropped["encoding_only"][0] == 1


@pytest.fixture
def folder_of_text(tmp_path: Path) -> Path:
    folder = started(tmp_path / "repository")
    committed(folder, {"a.py": b"\xff\xfe" + "x = 1\n".encode("utf-16-le")}, "Begin", START)
    committed(folder, {"a.py": "x = 1\n"}, "Write it in UTF-8", START + 3600)
    return folder


@pytest.mark.parametrize(
    "said, used",
    [
        ("pw = generator_256 * 1\n", "from .ecdsa import generator_256\n"),
        ("# Pass `verbosity=1` to it\n", "export(verbosity=1)\n"),
        ('password = "datetime64"\n', "a = datetime64\n"),
    ],
)
def test_a_name_in_code_that_was_taken_for_a_secret_stays_in_the_code(said: str, used: str, encoder: Encoder) -> None:
    (row,) = Edits([change(said, used)], lambda c: PLACE, encoder, EditRules(START), Redactor())
    assert row.text[row.context_chars :] == used


def test_a_secret_behind_an_escape_is_replaced_and_rotated_ones_are_not_held_for_ever(encoder: Encoder) -> None:
    changes = [change('SECRET_KEY = "Tr0ub4dor-77x-9kk2"\n', 'LINES = "a\\nTr0ub4dor-77x-9kk2"\n')]
    digest = hashlib.sha256
    texts = ["".join(f'password_{i} = "{digest(f"{n} {i}".encode()).hexdigest()[:24]}"\n' for i in range(300)) for n in range(4)]
    edits = Edits([*changes, *(change(a, b) for a, b in zip(texts, texts[1:]))], lambda c: PLACE, encoder, EditRules(START), Redactor())
    rows = list(edits)
    assert "Tr0ub4dor" not in rows[0].text and len(edits._values["lineage"]) <= 256


def test_no_more_newest_texts_are_held_than_fit_and_the_rows_are_the_same(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"value_{n} = {n}\n" * 60 for n in range(6)]
    changes = [replace(change(a, b, commit=f"c{n}"), lineage=f"l{n % 3}") for n, (a, b) in enumerate(zip(texts, texts[1:]))]
    rows = edits_of(changes, encoder)[1]
    monkeypatch.setattr(edits_module, "HELD", 1000)
    edits, again = edits_of(changes, encoder)
    assert again == rows and len(rows) > 4
    assert edits._held == sum(len(text) for text, _ in edits._last.values()) <= 1000
