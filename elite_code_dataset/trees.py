"""Differences between trees: (tree, parents' trees) -> the paths that differ, for many commits at once.

In: ``Objects`` and tree ids. Out: ``Entry`` lists in path order. Costs one read of each tree that differs, level by level in
batches; what is wrong with a tree (broken, too deep, too wide) is counted, never raised. An answer is the same whatever else is asked.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from elite_code_dataset.config import MAX_TREE_DEPTH, MAX_TREE_ENTRIES
from elite_code_dataset.git_objects import Objects

FILE, LINK, MODULE = 0o100000, 0o120000, 0o160000  # kinds of entries, as git's modes say
_KIND = 0o170000
_ENTRY = {20: re.compile(rb"([0-7]{5,6}) ([^\0]+)\0(.{20})", re.S), 32: re.compile(rb"([0-7]{5,6}) ([^\0]+)\0(.{32})", re.S)}


class Entry(NamedTuple):
    """One path that a commit changed. ``status``: A added, M modified, D deleted, R renamed, C copied, T other type.

    Blobs are hex ids, '' on the side that does not exist; modes are git's octal numbers, 0 there. A merge's entry is there only if
    it differs from all parents: ``old_blob`` is the first parent's, ``other_blobs`` the others'.
    """

    status: str
    old_path: str
    path: str
    old_blob: str
    new_blob: str
    old_mode: int
    new_mode: int
    lineage: str
    other_blobs: tuple[str, ...] = ()


_SPELT_OUT = re.compile(r"\\x[89a-f][0-9a-f]")


def kind_of_mode(mode: int) -> int:
    """FILE, LINK, MODULE, or something else."""
    return mode & _KIND


def label(path: bytes) -> str:
    """A path as text: UTF-8, or with each byte that is not as ``\\xNN``. Backslashes are doubled in it and in a path that spells such a byte out, so
    that no two paths have one label."""
    try:
        text = path.decode("utf-8")
    except UnicodeDecodeError:
        return path.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")
    return text.replace("\\", "\\\\") if _SPELT_OUT.search(text) else text


def count(drops: dict[str, list[int]], reason: str, size: int = 0, number: int = 1) -> None:
    """Add to a table of reason -> [number, bytes]."""
    entry = drops.setdefault(reason, [0, 0])
    entry[0] += number
    entry[1] += size


class TreeDiffer:
    """Differences of many trees at once, level by level, so that git answers in batches. A broken tree is counted, and what it holds left out.

    By key: ``changes``; ``visits``, the paths that were looked at; ``drops``, reason -> [number, bytes].
    """

    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self.drops: dict[object, dict[str, list[int]]] = {}
        self.changes: dict[object, list[Entry]] = {}
        self.visits: Counter[object] = Counter()
        self._visited = 0
        self._most: dict[object, int] = {}
        self._work: list[tuple[object, bytes, str, tuple[str, ...]]] = []
        self._trees: dict[str, frozenset[tuple[bytes, bytes, bytes]] | None] = {"": frozenset()}
        self._raw_length = objects.id_length // 2

    def ask(self, key: object, tree: str, parents: tuple[str, ...], most: int = MAX_TREE_ENTRIES) -> None:
        """Ask what ``tree`` has that differs from all ``parents`` (from nothing, if there are none). After ``most`` paths the rest is left out."""
        self.changes[key] = []
        self._most[key] = min(most, MAX_TREE_ENTRIES)
        self._work.append((key, b"", tree, parents or ("",)))

    def run(self, most: float = math.inf) -> bool:
        """Answer all that was asked, into ``changes``: entries in path order, only A, M, D and T. Stops, and is False, after ``most`` paths of all."""
        for _ in range(MAX_TREE_DEPTH):
            self._fetch({tree for _, _, tree, parents in self._work for tree in (tree, *parents)})
            work, self._work = self._work, []
            for key, prefix, tree, parents in work:
                if self.visits[key] > self._most[key]:
                    self._drop(key, "too_many_entries")
                    continue
                self._compare(key, prefix, tree, parents)
                if self._visited > most:
                    return False
            if not self._work:
                break
        for key, *_ in self._work:
            self._drop(key, "tree_too_deep")
        for key, entries in self.changes.items():
            self.changes[key] = sorted(entries, key=lambda entry: entry.path)
        return True

    def _drop(self, key: object, reason: str) -> None:
        count(self.drops.setdefault(key, {}), reason)

    def _fetch(self, oids: Iterable[str]) -> None:
        pattern = _ENTRY[self._raw_length]
        for oid, kind, data in self.objects.read(sorted(set(oids) - self._trees.keys())):
            found = pattern.findall(data) if kind == "tree" else []
            read = sum(map(len, (part for entry in found for part in entry))) + 2 * len(found)
            sound = kind == "tree" and read == len(data)
            self._trees[oid] = frozenset(found) if sound else None

    def _compare(self, key: object, prefix: bytes, tree: str, parents: tuple[str, ...]) -> None:
        new, *olds = (self._trees[oid] for oid in (tree, *parents))
        if new is None or None in olds:  # what a broken tree differs in cannot be told
            self._drop(key, "unreadable_tree")
            return
        changed = {entry[1] for entry in new.difference(*olds)}
        gone = set.intersection(*({entry[1] for entry in old - new} for old in olds))
        if not changed and not gone:
            return
        names = changed | gone
        now = {entry[1]: entry for entry in new if entry[1] in names}
        before = [{entry[1]: entry for entry in old if entry[1] in names} for old in olds]
        for name in sorted(names):
            self._compare_name(key, prefix + name, now.get(name), [old.get(name) for old in before])

    def _compare_name(self, key: object, path: bytes, new: tuple | None, olds: Sequence[tuple | None]) -> None:
        self.visits[key] += 1
        self._visited += 1
        if any(old == new for old in olds):
            return
        folder = [entry[2].hex() if entry is not None and _is_tree(entry) else "" for entry in (new, *olds)]
        if any(folder):
            self._work.append((key, path + b"/", folder[0], tuple(folder[1:])))
        new = None if new is None or _is_tree(new) else new
        files = [None if old is None or _is_tree(old) else old for old in olds]
        if new is None and None in files:
            return
        self.changes[key].append(_entry(label(path), files, new))


def _is_tree(entry: tuple[bytes, bytes, bytes]) -> bool:
    return entry[0] in (b"40000", b"040000")


def _entry(path: str, olds: Sequence[tuple | None], new: tuple | None) -> Entry:
    old, *others = olds
    old_mode, new_mode = (int(entry[0], 8) if entry else 0 for entry in (old, new))
    old_blob, new_blob, *other_blobs = (entry[2].hex() if entry else "" for entry in (old, new, *others))
    kind = old_mode & _KIND != new_mode & _KIND
    status = "A" if old is None else "D" if new is None else "T" if kind else "M"
    return Entry(status, path, path, old_blob, new_blob, old_mode, new_mode, "", tuple(other_blobs))
