"""Renames: thousands of files that move and change in one commit are followed, at a bounded cost, and what a budget leaves out is counted."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from elite_code_dataset import renames
from elite_code_dataset.config import RENAME_SIMILARITY
from elite_code_dataset.renames import NOT_SEARCHED, renamed
from elite_code_dataset.repository import open_repository
from elite_code_dataset.shared_lines import shared
from elite_code_dataset.trees import FILE, Entry
from tests.repositories import DAY, START, committed, git, module_text, started

T = START
LICENCE = "".join(f"# line {i} of what every file here begins with, word for word\n" for i in range(30))


class Held:
    """Blobs in memory, in the place of a repository's objects."""

    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}

    def put(self, text: str) -> str:
        oid = hashlib.sha1(text.encode()).hexdigest()
        self.data[oid] = text.encode()
        return oid

    def sizes(self, oids: Iterable[str]) -> dict[str, tuple[str, int]]:
        return {oid: ("blob", len(self.data[oid])) for oid in oids}

    def read(self, oids: Iterable[str], limit: int) -> Iterator[tuple[str, str, bytes]]:
        return ((oid, "blob", self.data[oid]) for oid in oids)


def entries_of(held: Held, old: dict[str, str], new: dict[str, str]) -> list[Entry]:
    mode = FILE | 0o644
    gone = [Entry("D", path, path, held.put(text), "", mode, 0, "") for path, text in old.items()]
    come = [Entry("A", path, path, "", held.put(text), 0, mode, "") for path, text in new.items()]
    return sorted(gone + come, key=lambda entry: entry.path)


def moves_of(old: dict[str, str], new: dict[str, str], drops: dict[str, list[int]] | None = None) -> dict[str, str]:
    """New path -> old path."""
    held = Held()
    found = renamed(held, entries_of(held, old, new), drops)
    return {entry.path: entry.old_path for entry in found if entry.status == "R"}


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    seen: Counter[str] = Counter()
    real = renames.similarity

    def similarity(old: Any, new: Any) -> float:
        seen.update(pairs=1, lines=min(len(old.lines), len(new.lines)))
        return real(old, new)

    monkeypatch.setattr(renames, "similarity", similarity)
    return seen


def text_of(number: int) -> str:
    return LICENCE + module_text(number, 2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """700 files that moved to another folder, and each got a line, in one commit."""
    folder = started(tmp_path / "repository")
    committed(folder, {f"src/kit/part_{n:03}.py": text_of(n) for n in range(700)}, "Begin", T)
    git(folder, "mv", "src/kit", "src/engine")
    committed(folder, {f"src/engine/part_{n:03}.py": "import engine\n" + text_of(n) for n in range(700)}, "Move the kit", T + DAY)
    return folder


def test_hundreds_of_files_that_move_and_change_in_one_commit_are_followed_as_git_does(folder: Path) -> None:
    told = git(folder, "-c", "diff.renameLimit=0", "log", "-1", "-M", "--format=", "--name-status").splitlines()
    with open_repository(folder) as repository:
        history = repository.history()
        moved = {(entry.old_path, entry.path) for entry in history.commits[-1].entries if entry.status == "R"}
        assert moved == {tuple(line.split("\t")[1:]) for line in told} and len(moved) == 700 and not history.drops
        assert {history.births[lineage][2] for lineage in history.lineage_of.values()} == {T}
        assert all(min(times) == T for times in repository.line_times().values())


@pytest.mark.parametrize("name", ["part_{}.py", "of_{}/__init__.py", "{}/{}/mod.py"])
@pytest.mark.parametrize("other", [False, True], ids=["by their names", "under other names"])
def test_five_thousand_files_are_each_compared_with_few_others(name: str, other: bool, compared: Counter[str]) -> None:
    count = 5000
    old = {f"old/{name.format(n, n)}": text_of(n) for n in range(count)}
    expected = {f"new/{name.format(m, m)}": f"old/{name.format(n, n)}" for n in range(count) for m in [n * 7919 % count if other else n]}
    drops: dict[str, list[int]] = {}
    assert moves_of(old, {path: old[source] + f"added = {path!r}\n" for path, source in expected.items()}, drops) == expected
    assert compared["pairs"] < 3 * count and not drops


def test_thousands_of_files_that_are_all_alike_go_by_their_names_at_a_bounded_cost(compared: Counter[str]) -> None:
    old = {f"old/f{n}.py": LICENCE * 3 + f"mine = {n}\n" for n in range(3000)}
    new = {f"new/f{n}.py": LICENCE * 3 + f"other = {n}\n" for n in range(3000)}
    assert moves_of(old, new) == {path: path.replace("new", "old") for path in new}
    assert compared["lines"] <= renames._LOOKED_UP + 3000 * 31


def test_budgets_leave_files_out_and_say_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    old = {f"old/f{n}.py": text_of(n) for n in range(40)}
    new = {f"new/f{n}.py": text_of(n) + "added = 1\n" for n in range(40)}
    expected = {path: path.replace("new", "old") for path in new}
    size, lines = len(text_of(0).encode()), text_of(0).count("\n")
    for budget, amount in (("_READ", 50 * size), ("_LINES", 50 * lines)):
        with monkeypatch.context() as patch:
            patch.setattr(renames, budget, amount)
            drops: dict[str, list[int]] = {}
            found = moves_of(old, new, drops)
            assert found.items() < expected.items() and 20 <= len(found) <= 25
            assert drops.keys() == {NOT_SEARCHED} and 0 <= 80 - 2 * len(found) - drops[NOT_SEARCHED][0] <= 1
    drops = {}
    assert moves_of(old, new, drops) == expected and drops == {}


def test_a_file_whose_partner_may_be_among_those_not_compared_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every line is in every file, so nothing can be counted, and the names say nothing."""
    monkeypatch.setattr(renames, "_LOOKED_UP", 100)
    monkeypatch.setattr(renames, "_COUNTED", 100)
    lines = LICENCE.splitlines(keepends=True)
    old = {f"old/a{n}.py": "".join(lines[k] * (1 + 40 * (k == n)) for k in range(20)) for n in range(20)}
    new = {f"new/b{n}.py": "".join(lines[k] * (1 + 41 * (k == n)) for k in range(20)) for n in range(20)}
    drops: dict[str, list[int]] = {}
    assert len(moves_of(old, new, drops)) + drops[NOT_SEARCHED][0] == 20


def test_the_index_knows_every_pair_that_shares_a_line_and_how_much() -> None:
    draw = random.Random(3)
    words = [f"{'x' * draw.randrange(1, 9)}{n}" for n in range(60)]
    texts = [renames._text("\n".join(draw.choices(words, k=draw.randrange(1, 40))).encode()) for _ in range(50)]
    olds, news = texts[:30], texts[30:]

    def common(new: Any, old: Any) -> int:
        weights = dict(zip(old.lines.tolist(), old.weights.tolist()))
        return sum(min(weight, weights.get(line, 0)) for line, weight in zip(new.lines.tolist(), new.weights.tolist()))

    true = {(j, i): bytes_ for j, new in enumerate(news) for i, old in enumerate(olds) if (bytes_ := common(new, old))}
    whole = shared(olds, news, [], 10**9)
    assert dict(zip(zip(whole.new.tolist(), whole.old.tolist()), whole.bytes.tolist())) == true
    assert not whole.new_rests.any() and not whole.old_rests.any()
    part = shared(olds, news, [(0, 0), (1, 2)], 1000)
    known = dict(zip(zip(part.new.tolist(), part.old.tolist()), part.bytes.tolist()))
    assert {(0, 0), (1, 2)} <= known.keys() and 0 < sum(known.values()) < sum(true.values())
    for (j, i), bytes_ in true.items():
        assert known.get((j, i), 0) <= bytes_ <= known.get((j, i), 0) + min(part.new_rests[j], part.old_rests[i])


@pytest.mark.parametrize("seed", range(3))
def test_similarity_is_the_share_of_bytes_in_common_lines(seed: int) -> None:
    draw = random.Random(seed)
    one, other = (draw.choices([f"  line {n}" for n in range(12)] + [""], k=30) for _ in range(2))
    a, b = (Counter(line.strip() for line in lines) for lines in (one, other))
    sizes = [sum(len(line) * number for line, number in lines.items()) for lines in (a, b)]
    expected = sum(len(line) * number for line, number in (a & b).items()) / max(sizes)
    found = [renames._text("\n".join(lines).encode()) for lines in (one, other)]
    assert renames.similarity(*found) == pytest.approx(expected) == renames.similarity(*found[::-1])
    assert [text.size for text in found] == sizes and np.all(found[0].lines[:-1] < found[0].lines[1:])
    assert 0 < expected < 1 and RENAME_SIMILARITY == 0.5


def test_a_commit_that_was_not_searched_to_the_end_is_told_of_and_a_history_goes_on_from_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renames, "_READ", 1_000_000)
    with open_repository(folder) as repository:
        earlier = repository.history()
        list(repository.changes())
        missed = earlier.drops[NOT_SEARCHED][0]
        assert 0 < missed < 1400 and repository.drops[NOT_SEARCHED] == [missed, 0]
    committed(folder, {"README.md": "# Kit\n"}, "Tell", T + 2 * DAY)
    with open_repository(folder) as fresh, open_repository(folder) as continued:
        assert continued.continue_history(earlier) == 2
        assert vars(continued.history()) == vars(fresh.history()) and fresh.history().commits[:2] == earlier.commits
