"""The age of lines and what merges did themselves, in histories where files come back, merges choose sides, and objects are damaged."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

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
