"""The age of lines and what merges did themselves, in histories where files come back, merges choose sides, and objects are damaged."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from elite_code_dataset import kept_runs, line_times
from elite_code_dataset.line_times import kept_lines
from elite_code_dataset.repository import open_repository
from tests.repositories import DAY, START, committed, git, module_text, started

T = START


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return started(tmp_path / "repository")


def merged(folder: Path, *sides: str, files: dict[str, str | None] | None = None, time: int) -> str:
    """Join these branches into the one that is checked out; ``files``: what the merge itself does."""
    git(folder, "merge", "-q", "--no-ff", "--no-commit", "-s", "ours" if files is not None else "ort", *sides, time=time)
    return committed(folder, files or {}, "Join", time=time)


def blamed(folder: Path, path: str) -> list[int]:
    lines = git(folder, "blame", "--line-porcelain", "HEAD", "--", path).splitlines()
    return [int(line.split()[1]) for line in lines if line.startswith("committer-time ")]


def assert_as_blamed(folder: Path) -> dict[str, list[int]]:
    with open_repository(folder) as repository:
        times = {path: found.tolist() for path, found in repository.line_times().items()}
        assert sorted(times) == sorted(repository.paths())
    for path, found in times.items():
        assert found == blamed(folder, path), path
    return times


def branched(folder: Path, name: str, start: str, *versions: Mapping[str, str | None], time: int) -> None:
    """A branch whose commits make these versions, a second apart."""
    git(folder, "checkout", "-q", "-b", name, start)
    for number, files in enumerate(versions):
        committed(folder, files, f"{name} {number}", time + number)


# The age of lines


def test_a_file_that_a_side_changed_and_put_back_is_as_old_as_it_was(folder: Path) -> None:
    text = module_text(1)
    committed(folder, {"a.py": text, "b.py": module_text(2)}, "Begin", T)
    branched(folder, "side", "main", {"a.py": text.replace("total", "sum")}, {"a.py": text, "c.py": module_text(3)}, time=T + 100)
    git(folder, "checkout", "-q", "main")
    merged(folder, "side", time=T + 200)
    times = assert_as_blamed(folder)
    assert set(times["a.py"]) == {T} and set(times["c.py"]) == {T + 101}


def test_a_file_that_the_main_line_put_back_is_as_old_there_as_that_and_older_on_the_side(folder: Path) -> None:
    text = module_text(1)
    committed(folder, {"a.py": text, "b.py": text}, "Begin", T)
    branched(folder, "side", "main", {"b.py": text + "side = 1\n"}, time=T + 50)
    git(folder, "checkout", "-q", "main")
    committed(folder, {"a.py": None, "b.py": "main = 1\n"}, "Take it all out", T + 100)
    committed(folder, {"a.py": text, "b.py": text}, "Put it back", T + 101)
    merged(folder, "side", time=T + 200)
    times = assert_as_blamed(folder)
    assert set(times["a.py"]) == {T + 101} and set(times["b.py"]) == {T, T + 50}


def test_a_merge_of_three_takes_each_file_from_the_parent_that_has_it(folder: Path) -> None:
    files = {f"{name}.py": module_text(number) for number, name in enumerate("abcd")}
    committed(folder, files, "Begin", T)
    branched(folder, "one", "main", {"a.py": "one = 1\n" + files["a.py"]}, {"a.py": "two = 1\n" + files["a.py"]}, time=T + 100)
    two = {"b.py": "two = 1\n" + files["b.py"], "a.py": "two = 1\n" + files["a.py"]}
    branched(folder, "two", "main", {"a.py": "x = 1\n"}, two, {"e.py": module_text(9)}, time=T + 200)
    git(folder, "checkout", "-q", "main")
    committed(folder, {"d.py": files["d.py"] + "main = 1\n"}, "Main", T + 300)
    own = {**two, "e.py": module_text(9), "c.py": files["c.py"] + "own = 1\n"}
    assert len(git(folder, "rev-parse", merged(folder, "one", "two", files=own, time=T + 400) + "^@").split()) == 3
    times = assert_as_blamed(folder)
    assert set(times["a.py"]) == {T, T + 101} and set(times["e.py"]) == {T + 202} and set(times["c.py"]) == {T, T + 400}


def test_a_merge_of_a_file_that_a_side_moved_keeps_what_the_main_line_did_to_it(folder: Path) -> None:
    text = module_text(1)
    committed(folder, {"a.py": text}, "Begin", T)
    branched(folder, "side", "main", {"a.py": None, "b.py": "side = 1\n" + text}, time=T + 100)
    git(folder, "checkout", "-q", "main")
    committed(folder, {"a.py": text + "main = 1\n"}, "Main", T + 200)
    merged(folder, "side", time=T + 300)
    assert set(assert_as_blamed(folder)["b.py"]) == {T, T + 100, T + 200}


def rust_test(number: int) -> str:
    call = f'        assert_eq!(\n            made(Path::new("one/{number}"), folder),\n            PathBuf::from("/all/{number}/one")\n        );\n'
    return f'    #[test]\n    fn case_{number}() {{\n        let folder = Path::new("/all/{number}");\n{call}    }}\n'


def rust_module(numbers: Iterable[int], before: str = "") -> str:
    return f"use std::path::Path;\n\n{before}#[cfg(test)]\nmod tests {{\n    use super::*;\n\n" + "\n".join(map(rust_test, numbers)) + "}\n"


def python_case(name: str, values: str) -> str:
    return f"class {name}(TestCase):\n    def test_basic(self):\n        actual = {values}\n        self.assertEqual(actual, expected)\n"


OTHER = "pub fn other(a: &Path) -> PathBuf {\n    a.join()\n}\n\n"
QUOTED = '    fn {}() {{\n        let expected = "\\\n{}\n";\n        assert_eq!(expected, got);\n    }}\n'
APPENDED = [
    (rust_module([1]), rust_module([1, 2, 3, 4], OTHER)),
    (rust_module([1, 9]), rust_module([1, 2, 3, 9], OTHER)),
    ("import os\n\n\n" + python_case("One", "1"), "import os, re\n\n\n" + python_case("One", "1") + "\n\n" + python_case("Two", "[2]")),
    (
        "mod tests {\n" + QUOTED.format("one", "One") + "}\n",
        "mod tests {\n" + "\n".join(QUOTED.format(n, n.title()) for n in ("one", "two", "six")) + "}\n",
    ),
    (
        "\n".join(f"fn f{i}() {{\n    let x = {i};\n\n    done(x)\n}}\n" for i in range(4)),
        "\n".join(f"fn f{i}() {{\n    let x = {i};\n\n    done(x)\n}}\n" for i in (0, 3)),
    ),
]


@pytest.mark.parametrize("before, after", APPENDED, ids=["at the end", "between", "at the file's end", "beside quoted text", "taken out"])
def test_a_function_that_is_added_behind_another_claims_no_line_of_it(before: str, after: str, folder: Path) -> None:
    committed(folder, {"a": before}, "Begin", T)
    committed(folder, {"a": after}, "Add", T + 100)
    times = assert_as_blamed(folder)["a"]
    assert set(times) == {T, T + 100} or len(after) < len(before)


def test_the_lines_that_stay_of_those_taken_out_are_as_old_as_git_says(folder: Path) -> None:
    functions = [f"fn f{i}() {{\n    let x = {i};\n\n    done(x)\n}}\n" for i in range(4)]
    for number in range(4):
        committed(folder, {"a.rs": "\n".join(functions[: number + 1])}, "Add", T + 100 * number)
    committed(folder, {"a.rs": "\n".join((functions[0], functions[3]))}, "Take out", T + 900)
    times = assert_as_blamed(folder)["a.rs"]
    assert set(times[:5]) == {T} and set(times[-5:]) == {T + 300}


@pytest.mark.parametrize("lines", [["\n"] * 3000, ["}\n", "\n"] * 1500, [f"{i % 7}\n" for i in range(3000)]])
def test_groups_of_lines_that_could_stand_anywhere_are_moved_a_bounded_number_of_times(
    lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    moves = Counter()
    for name in ("_up", "_down"):
        real = getattr(kept_runs._Side, name)
        monkeypatch.setattr(kept_runs._Side, name, lambda side, gap, real=real: moves.update(["moved"]) or real(side, gap))
    before = "".join("x\n" if i % 10 == 0 else line for i, line in enumerate(lines)).encode()
    after = "".join(line + "\n" * (i % 3 == 0) for i, line in enumerate(lines)).encode()
    runs = kept_lines(before, after)
    assert sum(number for _, _, number in runs) >= 2700
    assert moves["moved"] < 60 * len(lines)


def drawn_history(folder: Path, seed: int, commits: int) -> list[str]:
    """Branches that change, take out and put back files, and merges that take one side's version, join, or write their own; every id on main."""
    draw, main = random.Random(seed), []
    contents = [[f"{name}{version}_{line} = 1\n" for line in range(6)] for version in range(3) for name in "ab"]
    texts = ["".join(lines[:cut]) for lines in contents[:3] for cut in (4, 6)]
    main.append(committed(folder, {"a": texts[0], "b": texts[1], "c": texts[2]}, "Begin", T))
    for number in range(1, commits):
        time = T + 10 * number
        change = {draw.choice("abc"): draw.choice(texts) for _ in range(draw.randrange(1, 3))}
        if number % 3:
            main.append(committed(folder, change, f"Main {number}", time))
            continue
        sides = [f"side{number}_{side}" for side in range(draw.choice((1, 1, 2)))]
        for side in sides:
            versions = [{draw.choice("abc"): draw.choice(texts)} for _ in range(3)]
            branched(folder, side, draw.choice(main[-4:]), *versions, time=time - 9)
        git(folder, "checkout", "-q", "main")
        taken = {path: git(folder, "show", f"{draw.choice(sides)}:{path}") for path in "abc" if draw.random() < 0.6}
        main.append(merged(folder, *sides, files=taken, time=time))
    return main


@pytest.mark.parametrize("seed", [0, 1, 4, 5])
def test_line_times_are_those_of_git_blame_and_go_on_from_any_commit_of_the_main_line(seed: int, folder: Path) -> None:
    main = drawn_history(folder, seed, 16)
    times = assert_as_blamed(folder)
    for commit in main[:-1]:
        with open_repository(folder, commit) as earlier, open_repository(folder) as repository:
            blobs = {file.path: file.blob for file in earlier.files()}
            known = {(path, blobs[path]): found for path, found in earlier.line_times().items()}
            since = repository.continue_history(earlier.history())
            assert since and {path: found.tolist() for path, found in repository.line_times_of(times, known, since).items()} == times


def test_going_on_reads_nothing_that_came_before(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = module_text(1)
    committed(folder, {"a.py": text, "b.py": module_text(2)}, "Begin", T)
    branched(folder, "side", "main", {"a.py": text + "side = 1\n"}, time=T + 50)
    git(folder, "checkout", "-q", "main")
    tip = committed(folder, {"b.py": module_text(3)}, "Main", T + 100)
    merged(folder, "side", time=T + 200)
    with open_repository(folder, tip) as earlier, open_repository(folder) as repository:
        blobs = {file.path: file.blob for file in earlier.files()}
        known = {(path, blobs[path]): found for path, found in earlier.line_times().items()}
        since, seen = repository.continue_history(earlier.history()), []
        monkeypatch.setattr(line_times, "kept_lines", lambda old, new: seen.append((old, new)) or kept_lines(old, new))
        found = repository.line_times_of(["a.py", "b.py"], known, since)
        assert seen == [(text.encode(), (text + "side = 1\n").encode())] and set(found["a.py"].tolist()) == {T, T + 50}


# What a merge did itself


@pytest.mark.parametrize("parent", [1, 2])
def test_a_parents_version_that_cannot_be_read_is_no_moved_file(parent: int, folder: Path) -> None:
    committed(folder, {"a.py": module_text(1)}, "Begin", T)
    git(folder, "checkout", "-q", "-b", "side")
    committed(folder, {"a.py": "side = 1\n" + module_text(1)}, "Side", T + DAY)
    git(folder, "checkout", "-q", "main")
    committed(folder, {"a.py": module_text(1) + "main = 1\n"}, "Main", T + 2 * DAY)
    oid = merged(folder, "side", files={"a.py": "side = 1\n" + module_text(1) + "main = 1\nown = 1\n"}, time=T + 3 * DAY)
    with open_repository(folder) as repository:
        assert [change.commit for change in repository.changes()][-1] == oid
    blob = git(folder, "rev-parse", f"HEAD^{parent}:a.py").strip()
    loose = folder / ".git" / "objects" / blob[:2] / blob[2:]
    data = bytearray(loose.read_bytes())
    data[len(data) // 2] ^= 0x40
    os.chmod(loose, 0o644)
    loose.write_bytes(data)
    with open_repository(folder) as repository:
        assert oid not in [change.commit for change in repository.changes()]
        assert {reason: number for reason, (number, _) in repository.changes_tally.by_commit[oid].items()} == {"unreadable_blob": 1}
