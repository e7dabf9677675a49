"""A repository is read while others push into it, commit to it, pack it and prune it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from elite_code_dataset import git_place
from elite_code_dataset.git_objects import Objects
from elite_code_dataset.git_place import named_id, place_of
from elite_code_dataset.records import EliteCodeError
from elite_code_dataset.repository import open_repository
from tests.repositories import ENVIRONMENT, git


@pytest.fixture
def bare(small: Path, tmp_path: Path) -> Path:
    git(tmp_path, "clone", "-q", "--bare", f"file://{small}", "hub.git")
    return tmp_path / "hub.git"


def texts(folder: Path) -> dict[str, str]:
    with open_repository(folder) as repository:
        return {file.path: file.text for file in repository.files()}


def unpacked(folder: Path) -> None:
    """All objects, loose instead of in packs."""
    aside = folder.parent / "aside"
    aside.mkdir()
    for path in sorted((folder / "objects/pack").iterdir()):
        path.rename(aside / path.name)
    for pack in sorted(aside.glob("*.pack")):
        with pack.open("rb") as file:
            subprocess.run(["git", "unpack-objects", "-q"], stdin=file, cwd=folder, env=ENVIRONMENT, check=True)


def test_a_push_that_is_under_way_or_was_killed_leaves_a_repository_readable(bare: Path) -> None:
    before = texts(bare)
    for name in ("tmp_objdir-incoming-x1Yz", "tmp_objdir-bulk-fsync-aB3d", "incoming-Q9x"):
        quarantine = bare / "objects" / name
        (quarantine / "pack").mkdir(parents=True)
        (quarantine / "2e").mkdir()
        (quarantine / "2e" / ("0" * 38)).write_bytes(b"half an object")
        (quarantine / "pack" / "tmp_pack_aB3d").write_bytes(b"half a pack")
        (quarantine / "outside").symlink_to("/etc")
        quarantine.chmod(0)  # another user's
    (bare / "objects/pack/tmp_pack_aB3d").write_bytes(b"half a pack")
    (bare / "objects/2e").mkdir(exist_ok=True)
    (bare / "objects/2e/tmp_obj_aB3d").write_bytes(b"half an object")
    try:
        assert texts(bare) == before and len(before) > 12
    finally:
        for quarantine in (bare / "objects").glob("*incoming*"):
            quarantine.chmod(0o700)
        (bare / "objects/tmp_objdir-bulk-fsync-aB3d").chmod(0o700)


def test_what_a_push_has_not_finished_is_not_there_yet(bare: Path) -> None:
    """An object in the quarantine is no object of the repository, though everything else of it is."""
    oid = git(bare, "rev-parse", "HEAD:README.md").strip()
    unpacked(bare)
    quarantine = bare / "objects/tmp_objdir-incoming-x1Yz" / oid[:2]
    quarantine.mkdir(parents=True)
    (bare / "objects" / oid[:2] / oid[2:]).rename(quarantine / oid[2:])
    with Objects(place_of(bare)) as objects:
        assert objects.one(oid, "blob") is None
        (quarantine / oid[2:]).rename(bare / "objects" / oid[:2] / oid[2:])
        assert objects.one(oid, "blob") is not None


@pytest.mark.parametrize("name", ["pack/pack-x.idx", "2e/link", "pack/folder/", "2e/folder/", "info/link", "2f", "pack/pack-y.pack"])
def test_links_and_folders_where_objects_are_read_are_refused_still(bare: Path, name: str) -> None:
    path = bare / "objects" / name
    (bare / "objects/tmp_objdir-incoming-x1Yz").mkdir()
    path.parent.mkdir(exist_ok=True)
    path.mkdir() if name.endswith("/") else path.symlink_to("/etc")
    with pytest.raises(EliteCodeError, match="is not a folder|is not a plain file"):
        open_repository(bare)


@pytest.mark.parametrize("before", ["lstat", "scandir"])
def test_a_folder_of_objects_that_goes_while_it_is_looked_at_is_no_fault(bare: Path, monkeypatch: pytest.MonkeyPatch, before: str) -> None:
    gone = [bare / "objects" / name for name in ("8e", "8f")]
    for folder in gone:
        folder.mkdir(exist_ok=True)
    expected, real = texts(bare), getattr(os, before)

    def late(path: Any, *rest: Any, **named: Any) -> Any:
        if path in gone:
            shutil.rmtree(path, ignore_errors=True)
        return real(path, *rest, **named)

    monkeypatch.setattr(git_place.os, before, late)
    assert texts(bare) == expected
    assert not any(folder.exists() for folder in gone)


def test_a_file_that_goes_while_its_folder_is_looked_at_is_no_fault(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some file systems list names alone, so that each is asked after when it may be gone."""
    unpacked(bare)
    expected, real, seen = texts(bare), os.scandir, []

    class Gone:
        def __init__(self, folder: Any) -> None:
            self.path = os.path.join(folder, "tmp_obj_aB3d")
            self.name = "tmp_obj_aB3d"

        def is_file(self, follow_symlinks: bool = True) -> bool:
            seen.append(self.path)
            return False

        is_dir = is_file

    class Listed:
        def __init__(self, folder: Any) -> None:
            self._folder, self._entries = folder, real(folder)

        def __enter__(self) -> Any:
            return iter([*self._entries, Gone(self._folder)])

        def __exit__(self, *_: object) -> None:
            self._entries.close()

    monkeypatch.setattr(git_place.os, "scandir", Listed)
    assert texts(bare) == expected and len(seen) > 12


@pytest.mark.parametrize("move", ["pack to loose", "loose to pack", "pack to pack"])
@pytest.mark.parametrize("read_before", [True, False])
def test_objects_that_move_while_they_are_read_are_found_where_they_went(bare: Path, move: str, read_before: bool) -> None:
    if move == "loose to pack":
        unpacked(bare)
    oids = git(bare, "rev-list", "--objects", "--no-object-names", "HEAD").split()
    moves: dict[str, Callable[[], Any]] = {
        "pack to loose": lambda: unpacked(bare),
        "loose to pack": lambda: git(bare, "gc", "-q", "--prune=now"),
        "pack to pack": lambda: git(bare, "repack", "-q", "-a", "-d", "-f", "--depth=1", "--max-pack-size=1m"),
    }
    with Objects(place_of(bare)) as objects:
        if read_before:
            assert objects.one(oids[0], "commit") is not None
        moves[move]()
        assert len(objects.sizes(oids)) == len(oids)
        assert [oid for oid, kind, _ in objects.read(oids) if kind is None] == [] and not objects.unread


def test_an_object_that_git_missed_between_two_packs_is_asked_for_again(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A git that looks at the one moment when the old pack is gone and the new one is not listed yet."""
    oids = git(bare, "rev-list", "--objects", "--no-object-names", "HEAD").split()[:5]
    fake, mark = tmp_path / "git", bare / "objects/pack/tmp_pack_aB3d"
    fake.write_text(
        f'#!/bin/sh\nif [ ! -e {mark} ]; then read oid; touch {mark}; echo "$oid missing"; fi\nexec {shutil.which("git")} "$@"\n'
    )
    fake.chmod(0o755)
    monkeypatch.setattr("elite_code_dataset.git_objects.git_program", lambda: str(fake))
    with Objects(place_of(bare)) as objects:
        assert [oid for oid, kind, _ in objects.read(oids) if kind is not None] == oids


def test_what_is_lost_is_asked_for_once_where_nothing_moved(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, real = [], Objects._window
    monkeypatch.setattr(Objects, "_window", lambda self, mode, window, limit: asked.append(list(window)) or real(self, mode, window, limit))
    lost = [f"{number:040x}" for number in range(50)]
    with Objects(place_of(bare)) as objects:
        assert objects.sizes(lost) == {} and asked == [lost]


def test_a_branch_that_is_packed_between_two_looks_is_found(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(shutil.copytree(small, tmp_path / "kit", symlinks=True))
    git(folder, "branch", "side", "HEAD~1")
    expected, real, looks = git(folder, "rev-parse", "side").strip(), git_place._packed_refs, []

    def packed_after(place: Any) -> dict[str, str]:
        found = real(place)
        if not looks:
            git(folder, "pack-refs", "--all", "--prune")
        looks.append(found)
        return found

    monkeypatch.setattr(git_place, "_packed_refs", packed_after)
    assert named_id(place_of(folder), "side") == expected and len(looks) == 2
    assert named_id(place_of(folder), "nobody") is None
