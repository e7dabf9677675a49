"""Clones of one repository that hold different parts of it share a cache, and each gets what it holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from elite_code_dataset.tokens import trained_encoder
from elite_code_dataset.unread import Held, held_at
from tests.repositories import DAY, START, committed, git, module_text, small_repository
from tests.test_rebuild import Taken, made


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("tokenizer")
    trained_encoder([module_text(number) for number in range(20)], 800).save(folder)
    return str(folder)


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """Somebody is named in a file whose only commit is an early one."""
    folder = small_repository(tmp_path / "a" / "kit")
    committed(folder, {"src/kit/owner.py": '"""What Zoe Quill thought of."""\n\n' + module_text(70)}, "Add it", START + 150 * DAY)
    git(folder, "commit", "-q", "--amend", "--no-edit", "--author", "Zoe Quill <zoe@corporation.io>", time=START + 150 * DAY)
    for number in range(6):
        committed(folder, {f"src/kit/part_{number + 2}.py": module_text(400 + number)}, "Write it anew", START + (200 + number) * DAY)
    git(folder, "config", "uploadpack.allowFilter", "true")
    return folder


def clone(whole: Path, name: str, *how: str) -> Path:
    """One that lies in a folder of the same name, as that is part of what a dataset is called by."""
    folder = whole.parent.parent / name / "kit"
    git(whole, "clone", "-q", "--no-local", *how, f"file://{whole}", str(folder))
    return folder


def edits(found: dict[str, Any]) -> int:
    return sum(map(len, found["edits"].values()))


@pytest.mark.parametrize("how", ["--filter=blob:none", "--filter=tree:0", "--filter=blob:limit=1400", "--depth=3"])
def test_what_a_clone_gives_does_not_depend_on_what_others_left_in_the_cache(whole: Path, tmp_path: Path, tokenizer: str, how: str) -> None:
    part, cache = clone(whole, "b", how), tmp_path / "cache"
    alone, all_alone = (made(one, tmp_path / f"only {one.parent.name}", tokenizer=tokenizer) for one in (part, whole))
    assert edits(alone) < edits(all_alone)
    assert made(whole, cache, tokenizer=tokenizer) == all_alone
    assert made(part, cache, tokenizer=tokenizer) == alone
    for name, folder in (("whole", whole), ("part", part)):
        committed(folder, {"README.md": f"# Kit\n\nTold in the {name}.\n"}, "Tell it", START + 400 * DAY)
        assert made(folder, cache, tokenizer=tokenizer) == made(folder, tmp_path / f"fresh {name}", tokenizer=tokenizer)


def test_a_whole_clone_after_a_partial_one_is_whole(whole: Path, tmp_path: Path, tokenizer: str) -> None:
    made(clone(whole, "b", "--filter=blob:none"), tmp_path / "cache", tokenizer=tokenizer)
    made(clone(whole, "c", "--depth=2"), tmp_path / "cache", tokenizer=tokenizer)
    assert made(whole, tmp_path / "cache", tokenizer=tokenizer) == made(whole, tmp_path / "fresh", tokenizer=tokenizer)


def test_two_partial_clones_that_hold_different_objects_are_apart(whole: Path, tmp_path: Path, tokenizer: str) -> None:
    one, other = clone(whole, "b", "--filter=blob:none"), clone(whole, "c", "--filter=blob:none")
    git(one, "cat-file", "-p", "HEAD~3:src/kit/part_6.py")  # which fetches it
    for first, second in ((one, other), (other, one)):
        cache = tmp_path / f"cache {first.parent.name}"
        made(first, cache, tokenizer=tokenizer)
        assert made(second, cache, tokenizer=tokenizer) == made(second, tmp_path / f"fresh {second.parent.name}", tokenizer=tokenizer)


@pytest.mark.parametrize("how, least", [("--filter=blob:none", 1), ("--depth=4", 3)])
def test_a_clone_that_only_grew_is_continued(
    whole: Path, tmp_path: Path, tokenizer: str, monkeypatch: pytest.MonkeyPatch, how: str, least: int
) -> None:
    part, cache, taken = clone(whole, "b", how), tmp_path / "cache", Taken(monkeypatch)
    made(part, cache, ("edits",), tokenizer=tokenizer)
    committed(whole, {"README.md": "# Kit\n\nTold anew.\n"}, "Tell it", START + 400 * DAY)
    git(part, "pull", "-q", "--ff-only")
    taken.commits.clear()
    again = made(part, cache, ("edits",), tokenizer=tokenizer)
    assert taken.commits[0] >= least
    assert again == made(part, tmp_path / "fresh", ("edits",), tokenizer=tokenizer)


CONTINUED = {  # before, now, whether it is continued
    "both whole": (Held(), Held(), True),
    "grown": (Held((), ("a",)), Held((), ("a", "b")), True),
    "as it was": (Held((), ("a", "b")), Held((), ("a", "b")), True),
    "shrunk": (Held((), ("a", "b")), Held((), ("a",)), False),
    "other packs": (Held((), ("a",)), Held((), ("b",)), False),
    "whole, then partial": (Held(), Held((), ("a",)), False),
    "partial, then whole": (Held((), ("a",)), Held(), False),
    "shallow at the same commits": (Held(("c",)), Held(("c",)), True),
    "deepened": (Held(("c",)), Held(("d",)), False),
    "no longer shallow": (Held(("c",)), Held(), False),
    "whole, then shallow": (Held(), Held(("c",)), False),
}


@pytest.mark.parametrize("name", sorted(CONTINUED))
def test_a_clone_is_continued_by_one_that_reads_the_same_and_perhaps_more(name: str) -> None:
    before, now, continued = CONTINUED[name]
    assert now.gives_again(before) is continued


def test_what_a_clone_holds_is_told_for_those_that_leave_something_out(whole: Path, tmp_path: Path) -> None:
    assert held_at(whole) == held_at(tmp_path) == Held()
    git(whole, "gc", "-q")
    assert held_at(whole) == Held()
    shallow, partial = held_at(clone(whole, "b", "--depth=3")), held_at(clone(whole, "c", "--filter=blob:none"))
    assert shallow == Held((git(whole, "rev-parse", "HEAD~2").strip(),))
    assert partial.shallow == () and all(name.endswith(".pack") for name in partial.stored) and partial.stored
