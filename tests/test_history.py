"""History: lineages through renames and copies, changes as git shows them, every byte accounted for, and the age of each line."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elite_code_dataset import history, renames
from elite_code_dataset.history import lineage_id
from elite_code_dataset.line_times import common_ends, kept_lines, line_count, own_part
from elite_code_dataset.messages import cleaned, is_bot, is_revert
from elite_code_dataset.names import person_of
from elite_code_dataset.people import People
from elite_code_dataset.records import EliteCodeError
from elite_code_dataset.repository import Repository, open_repository
from tests.repositories import ENVIRONMENT, START, committed, git, started

T = START


def code(name: str, lines: int = 12) -> str:
    return "".join(f"{name}_{i} = compute({i * 7 + len(name)})\n" for i in range(lines))


def numbered(drops: dict[str, list[int]]) -> dict[str, int]:
    return {reason: pair[0] for reason, pair in drops.items()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return started(tmp_path / "repository")


# Lineages


def test_a_lineage_follows_renames_with_and_without_edits(folder: Path) -> None:
    first = committed(folder, {"a.py": code("alpha"), "z.py": code("zeta")}, "Begin", time=T + 100)
    git(folder, "mv", "a.py", "b.py")
    committed(folder, {}, "Rename", time=T + 200)
    (folder / "src").mkdir()
    git(folder, "mv", "b.py", "src/c.py")
    committed(folder, {"src/c.py": code("alpha") + "more = 1\n", "z.py": code("zeta") + "z = 1\n"}, "Move and edit", time=T + 300)
    git(folder, "mv", "src/c.py", "src/c.ts")
    committed(folder, {}, "Change the kind", time=T + 400)
    with open_repository(folder) as repository:
        history = repository.history()
        assert history.lineage_of["src/c.ts"] == lineage_id(first, "a.py") != history.lineage_of["z.py"]
        assert [(e.status, e.old_path, e.path) for c in history.commits for e in c.entries if e.status == "R"] == [
            ("R", "a.py", "b.py"),
            ("R", "b.py", "src/c.py"),
            ("R", "src/c.py", "src/c.ts"),
        ]
        assert history.births[history.lineage_of["src/c.ts"]] == (first, "a.py", T + 100)
        changes = [change for change in repository.changes() if change.lineage == history.lineage_of["src/c.ts"]]
        assert [(change.before_path, change.path) for change in changes] == [("a.py", "a.py"), ("b.py", "src/c.py")]
        assert changes[1].before == code("alpha") and changes[1].after == code("alpha") + "more = 1\n"
        assert {file.path: file.lineage for file in repository.files()}["src/c.ts"] == lineage_id(first, "a.py")


def test_the_more_similar_file_is_the_renamed_one(folder: Path) -> None:
    committed(folder, {"one.py": code("one"), "two.py": code("two")}, "Begin")
    near = code("two").replace("two_3", "three")
    committed(
        folder, {"one.py": None, "two.py": None, "x.py": near, "y.py": code("other"), "w.py": code("one", 5) + code("own", 3)}, "Shuffle"
    )
    with open_repository(folder) as repository:
        entries = {entry.path: (entry.status, entry.old_path) for entry in repository.history().commits[-1].entries}
        assert entries == {"one.py": ("D", "one.py"), "x.py": ("R", "two.py"), "y.py": ("A", "y.py"), "w.py": ("A", "w.py")}


def test_equal_files_are_paired_by_name_first(folder: Path) -> None:
    committed(folder, {"a/x.py": code("same"), "a/y.py": code("same")}, "Begin")
    git(folder, "mv", "a", "b")
    committed(folder, {}, "Move the folder")
    with open_repository(folder) as repository:
        entries = repository.history().commits[-1].entries
        assert [(entry.old_path, entry.path) for entry in entries] == [("a/x.py", "b/x.py"), ("a/y.py", "b/y.py")]


class Comparisons:
    """Stands in for ``renames.similarity``, and counts what it is asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pairs = self.lines = 0
        self._own = renames.similarity
        monkeypatch.setattr(renames, "similarity", self)

    def __call__(self, old: renames.Text, new: renames.Text) -> float:
        self.pairs += 1
        self.lines += min(len(old.lines), len(new.lines))
        return self._own(old, new)


def moved_names(folder: Path) -> dict[str, str]:
    """New path -> old path of the last commit's renames."""
    with open_repository(folder) as repository:
        return {entry.path: entry.old_path for entry in repository.history().commits[-1].entries if entry.status == "R"}


def test_many_files_that_move_with_small_changes_are_each_compared_with_their_own_past_only(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = "import os\nimport sys\n\n"
    before = {f"old/f{i}.py": shared + code(f"only{i}", 30) for i in range(400)}
    after = {f"new/g{(i * 7) % 400}.py": shared + code(f"only{i}", 30) + f"changed = {i}\n" for i in range(400)}
    committed(folder, before, "Begin")
    committed(folder, dict.fromkeys(before) | after, "Move them all")
    asked = Comparisons(monkeypatch)
    assert moved_names(folder) == {f"new/g{(i * 7) % 400}.py": f"old/f{i}.py" for i in range(400)}
    assert asked.pairs == 400


def test_the_cost_of_a_commit_whose_files_are_all_alike_is_bounded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renames, "_LOOKED_UP", 20_000)
    monkeypatch.setattr(renames, "_COUNTED", 20_000)
    same = code("same", 200)
    before = {f"old/f{i}.py": same + f"mine = {i}\n" for i in range(100)}
    after = {f"new/f{i}.py": same + f"mine = {i + 1000}\n" for i in range(100)}
    committed(folder, before, "Begin")
    committed(folder, dict.fromkeys(before) | after, "Move them all")
    asked = Comparisons(monkeypatch)
    assert moved_names(folder) == {f"new/f{i}.py": f"old/f{i}.py" for i in range(100)}, (
        "by their names, since nothing else tells them apart"
    )
    assert 100 <= asked.pairs < 10_000 and asked.lines <= 20_000 + 100 * 201


def test_the_index_of_shared_lines_finds_what_comparing_every_pair_finds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [code(f"part{i}", 6) for i in range(12)]
    before = {f"old/f{i}.py": "".join(parts[(i + k * (1 + i % 3)) % 12] for k in range(4)) + f"a = {i}\n" for i in range(30)}
    after = {f"new/f{i}.py": "".join(parts[(i * 5 + k * (1 + i % 2)) % 12] for k in range(3)) + f"b = {i}\n" for i in range(30)}
    committed(folder, before, "Begin")
    committed(folder, dict.fromkeys(before) | after, "Shuffle")
    asked = Comparisons(monkeypatch)
    expected, all_pairs = moved_names(folder), asked.pairs
    monkeypatch.setattr(renames, "_LOOKED_UP", 30_000)
    assert moved_names(folder) == expected and 10 < len(expected) < 30
    assert asked.pairs - all_pairs < all_pairs // 2


def test_more_equal_files_than_a_hundred_are_paired_by_name_first(folder: Path) -> None:
    before = {f"old/f{i}.py": code("same") for i in range(150)}
    committed(folder, before, "Begin")
    committed(
        folder, dict.fromkeys(before) | {f"new/f{i}.py": code("same") for i in range(140, 150)} | {"new/other.py": code("same")}, "Move"
    )
    assert moved_names(folder) == {f"new/f{i}.py": f"old/f{i}.py" for i in range(140, 150)} | {"new/other.py": "old/f0.py"}


def test_a_copy_joins_its_source_unless_it_is_tiny(folder: Path) -> None:
    committed(folder, {"a.py": code("alpha"), "stub.py": "x = 1\n"}, "Begin")
    committed(folder, {"copy.py": code("alpha"), "stub2.py": "x = 1\n"}, "Copy")
    with open_repository(folder) as repository:
        lineages = repository.history().lineage_of
        assert lineages["copy.py"] == lineages["a.py"] and lineages["stub2.py"] != lineages["stub.py"]
        assert [entry.status for entry in repository.history().commits[-1].entries] == ["C", "A"]


def test_a_file_that_comes_back_continues_and_one_in_the_place_of_a_moved_one_begins(folder: Path) -> None:
    committed(folder, {"back.py": code("back"), "moved.py": code("moved")}, "Begin")
    git(folder, "mv", "moved.py", "away.py")
    committed(folder, {"back.py": None}, "Move one, delete the other")
    third = committed(folder, {"back.py": code("new") * 2, "moved.py": code("stranger")}, "Both names again")
    with open_repository(folder) as repository:
        lineages = repository.history().lineage_of
        first = repository.history().commits[0].id
        assert lineages["back.py"] == lineage_id(first, "back.py")
        assert lineages["away.py"] == lineage_id(first, "moved.py") and lineages["moved.py"] == lineage_id(third, "moved.py")


def test_lineages_and_order_stand_when_commits_are_appended(folder: Path) -> None:
    committed(folder, {"a.py": code("a"), "b.py": code("b")}, "Begin", time=T + 100)
    committed(folder, {"a.py": code("a") + "x = 1\n"}, "More", time=T + 300)
    with open_repository(folder) as repository:
        before = repository.history()
        rows = list(repository.changes())
    git(folder, "checkout", "-q", "-b", "old", "HEAD~1")
    committed(folder, {"c.py": code("c")}, "Older than the tip", time=T + 200)
    git(folder, "checkout", "-q", "main")
    git(folder, "merge", "-q", "--no-ff", "-m", "Join", "old", time=T + 400)
    committed(folder, {"b.py": code("b") + "y = 1\n"}, "After", time=T + 500)
    with open_repository(folder) as repository:
        after = repository.history()
        assert after.commits[: len(before.commits)] == before.commits and len(after.commits) == 5
        assert {path: after.lineage_of[path] for path in before.lineage_of} == before.lineage_of
        assert list(repository.changes())[: len(rows)] == rows
        new = list(repository.changes(known={commit.id for commit in before.commits}))
        assert rows + new == list(repository.changes()) and [change.path for change in new] == ["c.py", "b.py"]


def test_a_history_of_too_many_paths_is_cut_off_alike_whether_it_is_read_at_once_or_continued(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever commits are read together: what one may take depends on those before it alone."""
    monkeypatch.setattr(history, "_PATHS", 24)
    monkeypatch.setattr(history, "_PATHS_A_COMMIT", 4)
    for number, size in enumerate((2, 3, 20, 2, 1, 30, 25, 1, 2, 40, 3)):
        committed(folder, {f"f{number}_{i}.txt": f"{number} {i}\n" for i in range(size)}, "Add", T + number)
    git(folder, "checkout", "-q", "-b", "side", "HEAD~6")
    committed(folder, {f"side_{i}.txt": f"{i}\n" for i in range(9)}, "Add aside", T + 50)
    git(folder, "checkout", "-q", "main")
    git(folder, "merge", "-q", "--no-ff", "-m", "Join", "side", time=T + 51)
    whole = history_at(folder, "HEAD")
    assert [len(c.entries) for c in whole.commits[:6]] == [2, 3, 20, 2, 1, 0] and whole.drops["too_many_entries"][0] >= 2
    for number in range(len(whole.commits)):
        known = history_at(folder, whole.commits[number].id)
        with open_repository(folder) as repository:
            repository.continue_history(known)
            assert repository.history() == whole
    monkeypatch.setattr(history, "_CHUNK", 3)
    assert history_at(folder, "HEAD") == whole


def history_at(folder: Path, commit: str) -> history.History:
    with open_repository(folder, commit) as repository:
        return repository.history()


def test_a_rename_on_one_branch_and_an_edit_on_the_other_are_one_lineage(folder: Path) -> None:
    first = committed(folder, {"a.py": code("a", 20)}, "Begin", time=T + 100)
    git(folder, "checkout", "-q", "-b", "side")
    git(folder, "mv", "a.py", "b.py")
    committed(folder, {}, "Rename", time=T + 200)
    git(folder, "checkout", "-q", "main")
    committed(folder, {"a.py": "top = 1\n" + code("a", 20)}, "Edit", time=T + 300)
    git(folder, "merge", "-q", "-m", "Join", "side", time=T + 400)
    with open_repository(folder) as repository:
        assert repository.paths() == ["b.py"] and repository.history().lineage_of["b.py"] == lineage_id(first, "a.py")
        assert {change.lineage for change in repository.changes()} == {lineage_id(first, "a.py")}


# Changes


def test_changes_are_what_git_shows(folder: Path) -> None:
    for number in range(8):
        files = {f"src/m{i}.py": code(f"m{i}", 6) + f"state = {number // (i + 1)}\n" for i in range(4)}
        files |= {"crlf.py": f"x = {number}\r\n", "wide.txt": "\ufeff" + "é" * number + "\n"}
        committed(folder, files, f"Step {number}", time=T + number)
    with open_repository(folder) as repository:
        changes = {(change.commit, change.path): change for change in repository.changes()}
        assert repository.drops == {}
    raw = git(folder, "log", "--raw", "--no-renames", "--no-abbrev", "--format=%H %at %ct %s").splitlines()
    expected = {}
    for line in raw:
        if line and not line.startswith(":"):
            commit, authored, committed_at, subject = line.split(" ", 3)
        elif line:
            _, _, old, new, path = line.split(maxsplit=4)
            expected[(commit, path.split("\t")[-1])] = (old, new, int(authored), int(committed_at), subject)
    assert set(changes) == set(expected) and len(changes) > 20
    for key, (old, new, authored, committed_at, subject) in expected.items():
        change = changes[key]
        texts = [None if set(oid) == {"0"} else _blob(folder, oid) for oid in (old, new)]
        assert [change.before, change.after] == texts and (change.timestamp, change.committed, change.message) == (
            authored,
            committed_at,
            subject,
        )


def _blob(folder: Path, oid: str) -> str:
    return subprocess.run(["git", "cat-file", "blob", oid], cwd=folder, env=ENVIRONMENT, capture_output=True, check=True).stdout.decode()


def test_author_time_and_committer_time_are_both_kept(folder: Path) -> None:
    (folder / "a.py").write_text("a = 1\n")
    git(folder, "add", "-A")
    stamps = {"GIT_AUTHOR_DATE": "1500000000 +0200", "GIT_COMMITTER_DATE": "1600000000 -0700"}
    subprocess.run(["git", "commit", "-q", "-m", "Late"], cwd=folder, env=ENVIRONMENT | stamps, check=True)
    with open_repository(folder) as repository:
        change = next(repository.changes())
        assert (change.timestamp, change.committed, repository.commit_time) == (1_500_000_000, 1_600_000_000, 1_600_000_000)


def everything_left_out(folder: Path) -> None:
    """A history with each reason for leaving a change out, once, and two changes that stay."""
    lock = "[[package]]\nname = 'x'\n" * 3
    files = {
        "kept.py": code("kept"),
        "mode.sh": "echo\n",
        "gone.py": code("gone"),
        "moved.py": code("moved"),
        "blanks.py": "if x:\n  y = 1\n",
    }
    committed(folder, files, "Begin")
    (folder / "mode.sh").chmod(0o755)
    committed(folder, {}, "Mode")
    committed(folder, {"gone.py": None}, "Delete")
    git(folder, "mv", "moved.py", "elsewhere.py")
    committed(folder, {}, "Move")
    committed(folder, {"blanks.py": "if  x:\n\n    y = 1\n"}, "Blanks")
    committed(folder, {"Cargo.lock": lock}, "Lock")
    committed(folder, {"image.bin": b"\0\1\2", "latin.txt": b"\xfc\n"}, "Bytes")
    committed(folder, {"parser.pb.go": "// Code generated by protoc-gen-go. DO NOT EDIT.\npackage x\n"}, "Generate")
    committed(folder, {"node_modules/x/index.js": "var x = 1\n"}, "Vendor")
    committed(folder, {"big.py": "x = 1\n" * 200_000, "long.py": "y" * 200_000}, "Size")
    committed(folder, {"hollow.py": ""}, "Empty")
    (folder / "link").symlink_to("kept.py")
    committed(folder, {}, "Link")
    committed(folder, {"kept.py": code("kept", 11)}, 'Revert "Begin"')
    (folder / "kept.py").write_text(code("kept", 14))
    git(folder, "add", "-A")
    robot = {"GIT_AUTHOR_NAME": "dependabot[bot]", "GIT_AUTHOR_EMAIL": "1+dependabot[bot]@users.noreply.github.com"}
    subprocess.run(["git", "commit", "-q", "-m", "Bump"], cwd=folder, env=ENVIRONMENT | robot, check=True)


def test_every_reason_is_named_and_every_byte_is_counted(folder: Path) -> None:
    everything_left_out(folder)
    with open_repository(folder) as repository:
        changes = list(repository.changes())
        dropped, kept = repository.drops, repository.changes_tally.kept
    once = "mode_only deletion unchanged_content whitespace_only lock_file binary not_utf8 generated vendored too_large long_line empty symlink revert bot"
    assert numbered(dropped) == dict.fromkeys(once.split(), 1)
    assert [change.path for change in changes] == ["blanks.py", "gone.py", "kept.py", "mode.sh", "moved.py"]
    raw = git(folder, "log", "--raw", "-M100%", "--no-abbrev", "--format=").splitlines()
    blobs = [fields[2] if set(fields[3]) == {"0"} else fields[3] for fields in (line.split() for line in raw)]
    sizes = [int(git(folder, "cat-file", "-s", oid)) for oid in blobs]
    assert kept[0] + sum(pair[0] for pair in dropped.values()) == len(sizes)
    assert kept[1] + sum(pair[1] for pair in dropped.values()) == sum(sizes)
    assert kept[1] == sum(len(change.after.encode()) for change in changes)


def test_the_caller_may_say_what_counts_as_generated(folder: Path) -> None:
    committed(folder, {"a.py": code("a"), "b.py": code("b")}, "Begin")
    with open_repository(folder) as repository:
        paths = [
            c.path for c in repository.changes(generated=lambda path, data: "mine" if path == "a.py" and data == code("a").encode() else "")
        ]
        assert paths == ["b.py"] and numbered(repository.drops) == {"mine": 1}


def test_the_boundary_of_a_shallow_clone_is_not_a_commit_that_adds_everything(folder: Path, tmp_path: Path) -> None:
    for number in range(5):
        committed(folder, {"a.py": code("a") + f"n = {number}\n", f"f{number}.py": code(f"f{number}")}, f"Step {number}", time=T + number)
    git(tmp_path, "clone", "-q", "--depth", "2", f"file://{folder}", "shallow")
    with open_repository(tmp_path / "shallow") as repository:
        assert [change.path for change in repository.changes()] == ["a.py", "f4.py"]
        assert numbered(repository.drops) == {"shallow_boundary": 5}
        assert [commit.boundary for commit in repository.history().commits] == ["shallow_boundary", ""]
        assert len({file.lineage for file in repository.files()}) == len(repository.paths()) == 6
        assert {path: time for path, time in repository.history().last_changed.items() if path in ("a.py", "f0.py")} == {
            "a.py": T + 4,
            "f0.py": T + 3,
        }


# Merges


def joined(folder: Path, resolution: str | None) -> None:
    """Two branches that change the head and the foot of one file; with a resolution, the merge's text is that."""
    committed(folder, {"a.py": code("a", 20), "main.py": code("m")}, "Begin", time=T + 100)
    git(folder, "checkout", "-q", "-b", "side")
    committed(folder, {"a.py": code("a", 20) + "foot = 1\n", "side.py": code("s")}, "Foot", time=T + 200)
    git(folder, "checkout", "-q", "main")
    committed(folder, {"a.py": "head = 1\n" + code("a", 20)}, "Head", time=T + 300)
    git(folder, "merge", "-q", "--no-ff", "--no-commit", "side")
    committed(folder, {} if resolution is None else {"a.py": resolution}, "Join", time=T + 400)


def test_a_merge_that_only_joins_has_no_change_of_its_own(folder: Path) -> None:
    joined(folder, None)
    with open_repository(folder) as repository:
        messages = Counter(change.message for change in repository.changes())
        assert messages == {"Begin": 2, "Foot": 2, "Head": 1}
        assert numbered(repository.drops) == {"merge_without_own_change": 1}
        assert repository.history().last_changed["a.py"] == T + 300


def test_what_a_merge_adds_itself_is_its_change(folder: Path) -> None:
    clean = "head = 1\n" + code("a", 20) + "foot = 1\n"
    joined(folder, clean.replace("a_9 = ", "evil = "))
    with open_repository(folder) as repository:
        change = [change for change in repository.changes() if change.message == "Join"]
        assert [(c.path, c.before, c.after) for c in change] == [("a.py", clean, clean.replace("a_9 = ", "evil = "))]


def test_first_parent_takes_a_merge_as_one_change_of_the_main_line(folder: Path) -> None:
    joined(folder, None)
    with open_repository(folder) as repository:
        full = repository.history().lineage_of
        changes = list(repository.changes(first_parent=True))
        assert [(change.message, change.path) for change in changes] == [
            ("Begin", "a.py"),
            ("Begin", "main.py"),
            ("Head", "a.py"),
            ("Join", "a.py"),
            ("Join", "side.py"),
        ]
        assert changes[3].before == "head = 1\n" + code("a", 20) and changes[3].after.endswith("foot = 1\n")
        assert all(change.lineage == full[change.path] for change in changes)


# Selection


def test_commits_can_be_chosen_by_number_and_by_time(folder: Path) -> None:
    for number in range(6):
        committed(folder, {"a.py": f"n = {number}\n"}, f"Step {number}", time=1_577_836_800 + 86_400 * number)
    with open_repository(folder) as repository:

        def steps(**options) -> list[int]:
            return [int(change.after[4:]) for change in repository.changes(**options)]

        assert steps() == [0, 1, 2, 3, 4, 5]
        assert steps(max_commits=2) == [4, 5] and steps(max_commits=0) == [] and steps(max_commits=99) == [0, 1, 2, 3, 4, 5]
        assert steps(since=1_577_836_800 + 86_400 * 4) == [4, 5] and steps(until="2020-01-02") == [0, 1]
        assert steps(since="2020-01-03", until="2020-01-05T01:00:00+01:00") == [2, 3, 4]
        assert steps(since="2020-01-02", until="2020-01-05", max_commits=2) == [3, 4]
        with pytest.raises(EliteCodeError, match="since='last week' is no time"):
            steps(since="last week")


def test_commits_are_chosen_by_when_they_were_committed_not_written(folder: Path) -> None:
    committed(folder, {"a.py": "n = 0\n"}, "Step", time=1_577_836_800)
    committed(folder, {"a.py": "n = 1\n"}, "Step", time=1_577_836_800 + 86_400 * 9)
    git(
        folder, "commit", "-q", "--amend", "--no-edit", "--date", "1577923200 +0000", time=1_577_836_800 + 86_400 * 9
    )  # written a day after the first
    with open_repository(folder) as repository:
        assert [change.timestamp for change in repository.changes()] == [1_577_836_800, 1_577_923_200]
        assert [change.after for change in repository.changes(until="2020-01-05")] == ["n = 0\n"]
        assert [change.after for change in repository.changes(since="2020-01-05")] == ["n = 1\n"]


# Messages

MESSAGES = [
    ("Fix it", "Fix it"),
    ("Fix it\n\nWhy: it broke.\n\nSigned-off-by: Jo Doe <jo@x.org>\n", "Fix it\n\nWhy: it broke."),
    ("Fix\n\nCo-authored-by: Jo <jo@x.org>\nReported-by: @jo\nCc: x@y.org\nReviewed-by: Ann Ray", "Fix"),
    ("Fix\n\n(cherry picked from commit 0123456789abcdef0123456789abcdef01234567)", "Fix"),
    ("Merge pull request #12 from jodoe/fix-it\n\nFix it", "Merge pull request #12\n\nFix it"),
    ("Merge branch 'x' of github.com:jodoe/thing", "Merge branch 'x'"),
    ("Thanks to @jodoe for this", "Thanks to someone for this"),
    ("Thanks to Somebody Elsinger for the patch", "Thanks to someone for the patch"),
    ("As Known Author said, mail known@author.org", "As someone said, mail someone"),
    ("Ask Jo Doe <jo@x.org> about it", "Ask someone about it"),
    ("Count skipped records <jo@x.org>", "Count skipped records someone"),
    ("Fix for @handle2, who saw it", "Fix for someone, who saw it"),
    ("Import\n\ngit-svn-id: https://x/svn@12 abc\nChange-Id: I0123", "Import"),
    ("a\r\n\r\n\r\n\r\nb  \n", "a\n\nb"),
]
LEFT_ALONE = [
    "Use @property and `@consumer` here",
    "Bump lodash@4.17.21 and actions/checkout@v2",
    "See https://example.org/a@b.org/page",
    "Group by First Name",
    "Note: by default this is off",
    "Add type @types/node",
    "Fix: colon in the subject\n\nBecause: reasons",
]


@pytest.mark.parametrize("message, expected", MESSAGES + [(message, message) for message in LEFT_ALONE])
def test_a_message_keeps_its_meaning_and_loses_its_people(message: str, expected: str) -> None:
    people = People()
    people.add(b"Known Author <handle2@author.org>")
    assert cleaned(message, people) == expected


SPELLINGS = [
    ("Take Jane Roe's fix in", "Take someone's fix in"),
    ("Found with Jane Roe.\n\nAsk Jane Roe. Then go", "Found with someone.\n\nAsk someone. Then go"),
    ("A Jane Roe-style loop (Jane Roe), **Jane Roe**", "A someone-style loop (someone), **someone**"),
    ("JANE ROE and jane  roe", "someone and someone"),
    ("Jane_Roe, Jane\u00a0Roe, Jane\u2011Roe, Jane-Roe", "someone, someone, someone, someone"),
    ("Seen by Jane\n  Roe first", "Seen by someone first"),
    ("Zoe\u0308 van Dyk, Zoe van Dyk and ZOË VAN DYK's", "someone, someone and someone's"),
    ("Ask Jean\u2011Luc O\u2019Brien or Jean-Luc O'Brien", "Ask someone or someone"),
    ("Ann Smith or Smith, Ann", "someone or someone"),
    ("प्रिया शर्मा wrote it", "someone wrote it"),
    ("Fix it\n\n/cc @one @two\ncc @one,@two and @three", "Fix it\n\n/cc someone\ncc someone"),
    ("Ping @janer. It is @janer's", "Ping someone. It is someone's"),
    ("Signed off by Foo Bar", "Signed off by someone"),
    ("Thanks to Somebody Elsinger.", "Thanks to someone."),
    ("Fix\n\nSigned-off-by:\nFoo Bar\n\nMore", "Fix\n\nMore"),
    ("Fix\n\nSigned-off-by:\n  Foo Bar <foo@x.org>", "Fix"),
    ("Fix\n\n* Co-authored-by: Foo Bar\n- Reviewed by: Foo Bar\n* Signed-off-by: Jane Roe's laptop", "Fix"),
]
NOBODY = [
    "If a person asks, a roe deer may answer",
    "Jane() / Roe()",
    "Run GitHub Actions daily",
    "- group-by: new\n- Fixed by: resetting it",
    "Fix user/repo#289, reported by several users",
    "Signed-off-by is asked for",
]


@pytest.mark.parametrize("message, expected", SPELLINGS + [(message, message) for message in NOBODY])
def test_the_full_name_of_a_known_person_is_left_out_however_it_is_spelled(message: str, expected: str) -> None:
    people = People()
    for name in ("Jane Roe", "Zoë van Dyk", "A Person", "Jean-Luc O'Brien (jl)", "Smith, Ann", "प्रिया शर्मा", "GitHub Actions", "Deer"):
        people.add(f"{name} <{name.split()[0].lower()}r@x.org>".encode())
    assert cleaned(message, people) == expected


SINGLE_WORDS = [
    ("Port dtolnay's macro, BurntSushi agrees (sharkdp too)", "Port someone's macro, someone agrees (someone too)"),
    ("burntsushi asked for n4n5 and jpe90", "someone asked for someone and someone"),
    ("As Linda_pp and curious-rabbit said, peter.sweeney left", "As someone and someone said, someone left"),
    ("Found by Max.\n\nThanks Max and Will!", "Found by someone.\n\nThanks someone and someone!"),
    ("Reported by max in #12, cc @max, thanks to max", "Reported by someone in #12, cc someone, thanks to someone"),
    ("Take it from Max, per Andrew's idea", "Take it from someone, per someone's idea"),
    ("Andrew suggested Max's way, as Andrew said", "someone suggested someone's way, as someone said"),
    ("Thanks Andrew\nby Andrew", "Thanks someone\nby someone"),
    ("cc Gallant, Max, and Andrew", "cc someone, someone, and someone"),
    ("/Users/max/src and /home/dtolnay/x", "/Users/someone/src and /home/someone/x"),
    ("See https://github.com/sharkdp for more", "See https://github.com/someone for more"),
    ("Merge branch 'sharkdp/fix-it' into sharkdp-fix", "Merge branch 'someone/fix-it' into someone-fix"),
    ("Merge remote-tracking branch 'curious-rabbit-fix'", "Merge remote-tracking branch 'someone-fix'"),
    ("Fix sharkdp/fd#28 and https://github.com/sharkdp/fd/issues/3", "Fix someone/fd#28 and https://github.com/someone/fd/issues/3"),
    ("依云 wrote it", "someone wrote it"),
    ("Import github.com/sharkdp/fd, sharkdp/fd@v1.2#Run", "Import github.com/someone/fd, someone/fd@v1.2#Run"),
    ("Use dtolnay/rust-toolchain, see https://dtolnay.github.io/x", "Use someone/rust-toolchain, see https://someone.github.io/x"),
    ("Ask Andrew Stranger or B. Quinn, van der Gallant too", "Ask someone or someone, someone too"),
    ("Fix (r=sharkdp, r=3) and TODO(Boyd)", "Fix (r=someone, r=3) and TODO(someone)"),
    ("Written with Boyd Tester's help", "Written with someone's help"),
    ("Reported by Andrew Stranger and Max Stranger Else", "Reported by someone and Max Stranger Else"),
    ("Seen by Ida Ruth Karr's twin, and Ida Karr", "Seen by someone's twin, and someone"),
    ("Thanks to Boyd Q. Tester and Boyd Tester", "Thanks to someone and someone"),
    ("Fixed by Quinn Doe, seen by Quinn Z. Doe", "Fixed by someone, seen by someone"),
]
NO_PERSON = [
    "Raise max to 5, from max to min; max() and --max, by max length",
    "Test the root test as root, thanks to test coverage, fixed by root cause",
    "This will work, by will or grant; grant it",
    "Let serde_dtolnay and `dtolnay` be, and user/sharkdp#1, and max/min#3",
    "See https://github.com/user/fd/issues/3, src/sharkdp and walker/src",
    "Use sharkdp.toml, sharkdp::run, x.sharkdp and foo-sharkdp",
    "A curious rabbit and Andrew(1)",
    "Group by First Name, from The Rust Book, by The way",
    "Add @test and @param, GitHub, GitHub Actions and noreply",
    "Merge branch 'feature/max' into max-depth",
    "test user, test case and a ripgrep-all",
    "The walker walks; default by Default",
    "Symbols as MAX\\nand DTOLNAY 5, Gallant's law, As Will be seen",
    "Will all of it go, Grant the right",
]


@pytest.mark.parametrize("message, expected", SINGLE_WORDS + [(message, message) for message in NO_PERSON])
def test_single_words_are_left_out_where_the_person_is_meant(message: str, expected: str) -> None:
    names = "dtolnay sharkdp n4n5 jpe90 Linda_pp curious-rabbit peter.sweeney max test root 依云 GitHub walker ripgrep default dependabot[bot]".split()
    lines = [f"{name} <noreply@x.org>" for name in names] + [
        "Will Grant <will@x.org>",
        "Andrew Gallant <jam@x.org>",
        "First Name <a@x.org>",
    ]
    lines += [
        "The Rust Project <r@x.org>",
        "Test Case <t@x.org>",
        "X Y <1+BurntSushi@users.noreply.github.com>",
        "Boyd Tester <b@x.org>",
        "Quinn Z. Doe <q@x.org>",
        "Ida Ruth Karr <i@x.org>",
    ]
    assert cleaned(message, People(map(person_of, map(str.encode, lines)), {"ripgrep", "walker"})) == expected


@pytest.mark.timeout(20)
def test_odd_names_cost_no_more_than_others(folder: Path) -> None:
    """Initials that repeat, and a name of a thousand parts in a message of nothing else."""
    people = People(["J J J Doe <j", "a b a b a b <ab", f"{'a-b-' * 200} <{'a.b.' * 200}", "may can <will"])
    assert cleaned("Ask J J J Doe or J Doe", people) == "Ask someone or someone"
    assert len(cleaned("a-b-c-" * 5000, people)) == 20_000 and len(cleaned("thanks Will " * 2000, people)) > 5_000


def test_a_person_whose_first_commit_comes_later_is_left_out_of_earlier_messages_too(folder: Path) -> None:
    committed(folder, {"a.py": "a = 1\n"}, "Begin, by Zoe Quill and Ray Nox, for Uma Vine")
    with open_repository(folder) as repository:
        assert [change.message for change in repository.changes()] == ["Begin, by Zoe Quill and Ray Nox, for Uma Vine"]
    (folder / "a.py").write_text("a = 2\n")
    writer = {"GIT_AUTHOR_NAME": "Zoe Quill", "GIT_AUTHOR_EMAIL": "zoe@q.org"}
    text = "Take a fix\n\nSigned-off-by: Ray Nox <r@n.org>\nNot-by: Uma Vine <u@v.org>"
    subprocess.run(["git", "commit", "-q", "-a", "-m", text], cwd=folder, env=ENVIRONMENT | writer, check=True)
    with open_repository(folder) as repository:
        assert [change.message for change in repository.changes()] == ["Begin, by someone and someone, for Uma Vine", "Take a fix"]
        assert [change.message for change in repository.changes(max_commits=2, first_parent=True)][0].startswith("Begin, by someone and")
    with open_repository(folder, git(folder, "rev-parse", "HEAD~1").strip()) as repository:
        assert next(repository.changes()).message == "Begin, by Zoe Quill and Ray Nox, for Uma Vine"  # as of that commit nobody knows them


def test_no_author_of_the_repository_is_named_in_a_message(folder: Path) -> None:
    committed(folder, {"a.py": "a = 1\n"}, "Begin")
    writer = {"GIT_AUTHOR_NAME": "Zoë van Dyk", "GIT_AUTHOR_EMAIL": "1234+zoedyk@users.noreply.github.com"}
    (folder / "a.py").write_text("a = 2\n")
    text = "As Zoë van Dyk and A Person found, @zoedyk was right\n\nSigned-off-by: A Person <person@corporation.io>"
    subprocess.run(["git", "commit", "-q", "-a", "-m", text], cwd=folder, env=ENVIRONMENT | writer, check=True)
    with open_repository(folder) as repository:
        assert [change.message for change in repository.changes()] == ["Begin", "As someone and someone found, someone was right"]


@pytest.mark.parametrize("author", ["dependabot[bot] <1+dependabot[bot]@users.noreply.github.com>", "renovate <bot@renovateapp.com>", "Release Bot <ci@x.org>", "k8s-ci-robot <k8s@x.org>", "build-bot <b@x.org>", "GitHub Actions <41898282+github-actions[bot]@users.noreply.github.com>", "pre-commit-ci <x@y.z>"])  # fmt: skip
def test_a_bot_is_known_by_its_name_or_address(author: str) -> None:
    assert is_bot(author.encode())


@pytest.mark.parametrize(
    "author",
    ["Abbott Costello <abbott@x.org>", "Botond Ballo <botond@x.org>", "Jo <jo@robotics.org>", "Talbot <t@bot-makers.org>", "", "<>"],
)
def test_a_person_is_no_bot(author: str) -> None:
    assert not is_bot(author.encode())


@pytest.mark.parametrize("message, verdict", [('Revert "Fix it"', True), ("Fix\n\nThis reverts commit 0123456.", True), ("revert: fix", True), ("Back out the change", True), ("Add a revert button", False), ("Reverted index is faster", False), ("Do not revert", False)])  # fmt: skip
def test_a_revert_says_so_first_or_by_its_mark(message: str, verdict: bool) -> None:
    assert is_revert(message) is verdict


# The age of lines


def blamed(folder: Path, path: str) -> list[int]:
    lines = git(folder, "blame", "--line-porcelain", "HEAD", "--", path).splitlines()
    return [int(line.split()[1]) for line in lines if line.startswith("committer-time ")]


def test_line_times_are_those_of_git_blame(folder: Path) -> None:
    joined(folder, None)
    git(folder, "mv", "main.py", "renamed.py")
    committed(folder, {}, "Rename", time=T + 500)
    committed(folder, {"renamed.py": code("m").replace("m_5 = ", "five = ") + "last = 1", "side.py": None}, "Edit", time=T + 600)
    committed(
        folder,
        {"renamed.py": "first = 1\n" + code("m").replace("m_5 = ", "five = ").replace("m_6", "") + "last = 1"},
        "Edit",
        time=T + 700,
    )
    with open_repository(folder) as repository:
        times = repository.line_times()
        assert sorted(times) == ["a.py", "renamed.py"]
        for path, found in times.items():
            assert found.tolist() == blamed(folder, path), path
        assert len(set(times["renamed.py"].tolist())) == 3
        assert repository.unit_times("renamed.py", [(0, 1), (1, 6), (6, 7), (0, 99), (50, 60)]) == [
            T + 700,
            T + 100,
            T + 600,
            T + 700,
            T + 700,
        ]


def test_a_line_that_moved_back_and_forth_is_as_old_as_its_last_change(folder: Path) -> None:
    for time, text in ((1, "a\nb\nc\n"), (2, "a\nB\nc\n"), (3, "a\nb\nc\n"), (4, "a\nb\nc\nd\n")):
        committed(folder, {"x.txt": text}, f"At {time}", time=T + time)
    with open_repository(folder) as repository:
        assert repository.line_times()["x.txt"].tolist() == [T + 1, T + 3, T + 1, T + 4] == blamed(folder, "x.txt")


@pytest.mark.parametrize("gap", ["", "\n"])
@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_function_added_beside_others_leaves_every_line_of_theirs_as_old_as_it_was(place: int, gap: str, folder: Path) -> None:
    functions = [f"/**\n * Number {i}.\n */\nint f{i}(int x) {{\n    if (x > {i}) {{\n        return {i};\n    }}\n}}\n" for i in range(4)]
    committed(folder, {"x.c": gap.join(f for i, f in enumerate(functions) if i != place)}, "Begin", time=T + 1)
    committed(folder, {"x.c": gap.join(functions)}, "Add one", time=T + 2)
    with open_repository(folder) as repository:
        each = 8 + len(gap)
        spans = [(each * i, each * i + 8) for i in range(4)]
        assert repository.unit_times("x.c", spans) == [T + 2 if i == place else T + 1 for i in range(4)]


def test_line_times_of_a_merge_take_each_side_from_its_parent(folder: Path) -> None:
    joined(folder, ("head = 1\n" + code("a", 20) + "foot = 1\n").replace("a_9 = ", "evil = "))
    with open_repository(folder) as repository:
        times = repository.line_times()["a.py"]
        assert times.tolist() == blamed(folder, "a.py")
        assert (times[0], times[1], times[10], times[-1]) == (T + 300, T + 100, T + 400, T + 200)


lines = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "\n", "d\r\n"]), max_size=12).map("".join)
texts = st.tuples(lines, st.sampled_from(["", "", "a", "end"])).map(lambda pair: "".join(pair).encode())


def split(data: bytes) -> list[bytes]:
    return [part + b"\n" for part in data.split(b"\n")[:-1]] + ([data.split(b"\n")[-1]] if data.split(b"\n")[-1] else [])


@settings(max_examples=300, deadline=None, derandomize=True)
@given(texts, texts)
def test_kept_lines_are_equal_on_both_sides_and_in_order(old: bytes, new: bytes) -> None:
    a, b = split(old), split(new)
    assert (line_count(old), line_count(new)) == (len(a), len(b))
    head, tail = common_ends(old, new)
    assert head + tail <= min(len(old), len(new)) and old[:head] == new[:head] and old[len(old) - tail :] == new[len(new) - tail :]
    runs = kept_lines(old, new)
    for (a0, b0, number), following in zip(runs, [*runs[1:], (len(a), len(b), 0)]):
        assert number > 0 and a[a0 : a0 + number] == b[b0 : b0 + number]
        assert a0 + number <= following[0] and b0 + number <= following[1]
    if old == new and old:
        assert sum(number for _, _, number in runs) == len(a)
    longest = np.zeros((len(a) + 1, len(b) + 1), int)
    for i in range(len(a)):
        for j in range(len(b)):
            longest[i + 1, j + 1] = longest[i, j] + 1 if a[i] == b[j] else max(longest[i, j + 1], longest[i + 1, j])
    kept = sum(number for _, _, number in runs)
    assert kept == longest[-1, -1]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(texts, texts, texts)
def test_a_merge_equal_to_a_parent_or_made_of_both_has_no_part_of_its_own(one: bytes, other: bytes, merged: bytes) -> None:
    assert own_part([one, other], one)[0] == "merge_without_own_change" and own_part([one, other], other)[0] == "merge_without_own_change"
    reason, before = own_part([one, other], merged)
    if not reason:
        assert own_part([before, before], merged) == ("", before), "what is left is the merge's own, and nothing else"


def test_close_ends_the_reading_processes(folder: Path) -> None:
    committed(folder, {"a.py": "a = 1\n"}, "Begin")
    git(folder, "repack", "-q", "-a", "-d")
    repository: Repository = open_repository(folder)
    list(repository.changes())
    processes = [pipe._process for pipes in repository._objects._idle.values() for pipe in pipes]
    assert len(processes) == 2 and all(process.poll() is None for process in processes)
    repository.close()
    assert all(process.poll() is not None for process in processes)
