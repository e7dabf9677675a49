"""Commits and what each changed: an object reader and a tip -> ``History``, without reading any file's text but that of renames.

In: ``Objects`` and a commit id. Out: commits oldest first (a parent always before its child, the first parent's line first, so that
commits added later come last), per commit the paths it changed, and lineages: the identity of a file through its renames and copies.
Costs one read of every commit and of every tree that some commit changed: 0.3 s for 2,300 commits. Trees are kept for
a thousand commits at a time.

A lineage is named by the commit and the path where the file first appeared. Renames are found inside one commit: the same
blob first, then at least half of the lines in common. A file that comes back under its old name continues its lineage.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from elite_code_dataset.config import COPY_MIN_BYTES, MAX_TREE_DEPTH, MAX_TREE_ENTRIES
from elite_code_dataset.git_objects import Objects
from elite_code_dataset.renames import renamed

_COMMIT = re.compile(rb"tree ([0-9a-f]{40,64})\n((?:parent [0-9a-f]{40,64}\n)*)")
_PERSON = re.compile(rb"^(author|committer) (.*?) ?(-?\d{1,20})(?: [+-]\d{1,6})?$", re.M)
_CHUNK = 1000  # commits whose trees are held at once
_CHUNK_SHARE = 5  # all commits of a chunk together may touch so many times what one may
_LATEST = 253_402_300_799  # the last second of the year 9999
FILE, LINK, MODULE = 0o100000, 0o120000, 0o160000


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


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit; ``committed`` and ``authored`` in Unix seconds. ``boundary`` says why its parents' trees could not be compared with
    ('' if they could): its entries then only name the files it holds. ``main_entries``: a merge against its first parent alone."""

    id: str
    committed: int
    authored: int
    parents: tuple[str, ...]
    entries: tuple[Entry, ...]
    boundary: str = ""
    main_entries: tuple[Entry, ...] = ()


@dataclass
class History:
    """``lineage_of`` and ``last_changed`` (committer time) speak of every path that exists or once existed, as of the tip."""

    tip: str
    commits: list[Commit] = field(default_factory=list)
    lineage_of: dict[str, str] = field(default_factory=dict)
    last_changed: dict[str, int] = field(default_factory=dict)
    births: dict[str, tuple[str, str, int]] = field(default_factory=dict)  # lineage -> commit, path, committer time
    drops: dict[str, list[int]] = field(default_factory=dict)
    moved_away: set[str] = field(default_factory=set)
    blob_lineage: dict[str, str] = field(default_factory=dict)

    def first_parents(self) -> list[Commit]:
        """The commits of the tip's first-parent line, oldest first."""
        by_id = {commit.id: commit for commit in self.commits}
        line, current = [], by_id.get(self.tip)
        while current is not None:
            line.append(current)
            current = by_id.get(current.parents[0]) if current.parents else None
        return line[::-1]


class RawCommit(NamedTuple):
    tree: str
    parents: tuple[str, ...]
    authored: int
    committed: int
    author: bytes
    message: bytes


def parsed_commit(data: bytes) -> RawCommit | None:
    """A commit object's fields, or None where its head is broken. Times outside the years 1970-9999 are clamped."""
    match = _COMMIT.match(data)
    if match is None:
        return None
    end = data.find(b"\n\n")
    head, message = (data, b"") if end < 0 else (data[:end], data[end + 2 :])
    people = {m.group(1): (m.group(2), int(m.group(3))) for m in _PERSON.finditer(head)}
    author, authored = people.get(b"author", (b"", 0))
    committed = people.get(b"committer", (b"", authored))[1]
    parents = tuple(line[7:].decode() for line in match.group(2).split(b"\n") if line)
    clamped = [min(max(time, 0), _LATEST) for time in (authored, committed)]
    return RawCommit(match.group(1).decode(), parents, *clamped, author, message)


def label(path: bytes) -> str:
    """A path as text: UTF-8, or with each byte that is not as ``\\xNN``."""
    try:
        return path.decode("utf-8")
    except UnicodeDecodeError:
        return path.decode("utf-8", "backslashreplace")


def lineage_id(commit: str, path: str) -> str:
    """The name of the lineage that began with this path in this commit."""
    return hashlib.sha256(f"{commit}\0{path}".encode()).hexdigest()[:20]


def count(drops: dict[str, list[int]], reason: str, size: int = 0, number: int = 1) -> None:
    """Add to a table of reason -> [number, bytes]."""
    entry = drops.setdefault(reason, [0, 0])
    entry[0] += number
    entry[1] += size


def history_of(objects: Objects, tip: str, shallow: frozenset[str] = frozenset(), earlier: History | None = None) -> History:
    """The whole history up to ``tip``. With ``earlier`` (the result for an older tip) only what came after it is read, if the
    older commits stand first in the new order; else everything is."""
    raw = _commits_up_to(objects, tip, shallow, {commit.id for commit in earlier.commits} if earlier else set())
    order = _order(raw, tip, earlier)
    if earlier is not None and order is None:
        return history_of(objects, tip, shallow)
    history = _continued(earlier, tip) if earlier else History(tip)
    trees = {commit: raw[commit].tree for commit in raw if raw[commit]}
    if earlier:
        _add_known_trees(objects, trees, raw, order)
    for at in range(0, len(order), _CHUNK):
        _add_chunk(history, objects, raw, trees, shallow, order[at : at + _CHUNK])
    return history


def _continued(earlier: History, tip: str) -> History:
    return History(
        tip,
        list(earlier.commits),
        dict(earlier.lineage_of),
        dict(earlier.last_changed),
        dict(earlier.births),
        {reason: list(pair) for reason, pair in earlier.drops.items()},
        set(earlier.moved_away),
        dict(earlier.blob_lineage),
    )


def _add_known_trees(objects: Objects, trees: dict[str, str], raw: Mapping[str, RawCommit | None], order: Sequence[str]) -> None:
    """Root trees of commits that are not new but parents of new ones."""
    wanted = sorted({parent for commit in order if raw[commit] for parent in raw[commit].parents} - set(trees))
    for oid, kind, data in objects.read(wanted):
        found = parsed_commit(data) if kind == "commit" else None
        if found:
            trees[oid] = found.tree


def _commits_up_to(objects: Objects, tip: str, shallow: frozenset[str], known: set[str]) -> dict[str, RawCommit | None]:
    """Every commit reachable from the tip but not through a known one; None for one that cannot be read."""
    found: dict[str, RawCommit | None] = {}
    wave = [] if tip in known else [tip]
    while wave:
        following: list[str] = []
        for oid, kind, data in objects.read(wave):
            commit = parsed_commit(data) if kind == "commit" else None
            found[oid] = commit._replace(message=b"", author=b"") if commit else None
            if commit and oid not in shallow:
                following += commit.parents
        wave = [oid for oid in dict.fromkeys(following) if oid not in found and oid not in known]
    return found


def _order(raw: Mapping[str, RawCommit | None], tip: str, earlier: History | None) -> list[str] | None:
    """Readable commits, parents first and the first parent's line before the others'. None if the earlier tip is not on that line."""
    done: set[str] = set()
    if earlier:
        current = tip
        while current in raw and raw[current] and raw[current].parents:
            current = raw[current].parents[0]
        if current != earlier.tip:
            return None
    order: list[str] = []
    stack: list[tuple[str, int]] = [(tip, 0)]
    while stack:
        oid, at = stack.pop()
        commit = raw.get(oid)
        if oid in done or commit is None:
            continue
        if at < len(commit.parents):
            stack.append((oid, at + 1))
            stack.append((commit.parents[at], 0))
            continue
        done.add(oid)
        order.append(oid)
    return order


def _add_chunk(
    history: History,
    objects: Objects,
    raw: Mapping[str, RawCommit | None],
    trees: Mapping[str, str],
    shallow: frozenset[str],
    chunk: Sequence[str],
) -> None:
    differ = TreeDiffer(objects)
    boundaries = {}
    for oid in chunk:
        parents = raw[oid].parents
        missing = "shallow_boundary" if oid in shallow else "" if all(parent in trees for parent in parents) else "unreadable_commit"
        boundaries[oid] = missing if parents else ""
        known = () if missing else tuple(trees[parent] for parent in parents)
        differ.ask(oid, trees[oid], known)
        if len(known) > 1:
            differ.ask((oid, 0), trees[oid], known[:1])
    differ.run()
    for reason, (number, size) in differ.drops.items():
        count(history.drops, reason, size, number)
    for oid in chunk:
        commit = raw[oid]
        entries = renamed(objects, differ.changes[oid])
        main = renamed(objects, differ.changes[(oid, 0)]) if (oid, 0) in differ.changes else []
        entries = _with_lineages(history, objects, oid, commit.committed, entries)
        main = [entry._replace(lineage=history.lineage_of.get(entry.path, "")) for entry in main]
        history.commits.append(Commit(oid, commit.committed, commit.authored, commit.parents, tuple(entries), boundaries[oid], tuple(main)))


def _with_lineages(history: History, objects: Objects, commit: str, time: int, entries: Sequence[Entry]) -> list[Entry]:
    """Entries with their lineage filled in, and the history's maps moved on to after this commit."""
    before = {entry.old_path: history.lineage_of.get(entry.old_path, "") for entry in entries if entry.status == "R"}
    after: list[Entry] = []
    for entry in entries:
        if entry.status == "R":
            lineage = before[entry.old_path]
        elif entry.status == "A":
            entry, lineage = _added(history, objects, entry)
        else:
            lineage = history.lineage_of.get(entry.path, "")
        if not lineage:
            lineage = lineage_id(commit, entry.path)
            history.births[lineage] = (commit, entry.path, time)
        after.append(entry._replace(lineage=lineage))
    history.moved_away.update(entry.old_path for entry in after if entry.status == "R")
    for entry in after:
        if entry.status != "M" or not entry.other_blobs:  # joining two sides' lines of a file changes none of them
            history.last_changed[entry.path] = max(time, history.last_changed.get(entry.path, 0))
        if entry.status == "D":
            continue
        history.lineage_of[entry.path] = entry.lineage
        history.moved_away.discard(entry.path)
        if entry.new_mode & 0o170000 == FILE:
            history.blob_lineage[entry.new_blob] = entry.lineage
    return after


def _added(history: History, objects: Objects, entry: Entry) -> tuple[Entry, str]:
    """The lineage an added file continues: its own path's, if it was deleted or another branch has it, or that of what it copies."""
    if entry.path in history.lineage_of and entry.path not in history.moved_away:
        return entry, history.lineage_of[entry.path]
    lineage = history.blob_lineage.get(entry.new_blob, "")
    if lineage and objects.sizes([entry.new_blob]).get(entry.new_blob, ("", 0))[1] > COPY_MIN_BYTES:
        return entry._replace(status="C"), lineage
    return entry, ""


_ENTRY = {20: re.compile(rb"([0-7]{5,6}) ([^\0]+)\0(.{20})", re.S), 32: re.compile(rb"([0-7]{5,6}) ([^\0]+)\0(.{32})", re.S)}


class TreeDiffer:
    """Differences of many trees at once, level by level, so that git answers in batches. Broken trees are counted and taken as empty."""

    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self.drops: dict[str, list[int]] = {}
        self.changes: dict[object, list[Entry]] = {}
        self._work: list[tuple[object, bytes, str, tuple[str, ...]]] = []
        self._trees: dict[str, frozenset[tuple[bytes, bytes, bytes]]] = {"": frozenset()}
        self._raw_length = objects.id_length // 2
        self._visits: Counter[object] = Counter()

    def ask(self, key: object, tree: str, parents: tuple[str, ...]) -> None:
        """Ask what ``tree`` has that differs from all ``parents`` (from nothing, if there are none)."""
        self.changes[key] = []
        self._work.append((key, b"", tree, parents or ("",)))

    def run(self) -> None:
        """Answer all that was asked, into ``changes``: entries in path order, only A, M, D and T."""
        for _ in range(MAX_TREE_DEPTH):
            self._fetch({tree for _, _, tree, parents in self._work for tree in (tree, *parents)})
            work, self._work = self._work, []
            for key, prefix, tree, parents in work:
                self._visits.update((key, None))
                if max(self._visits[key], self._visits[None] // _CHUNK_SHARE) > MAX_TREE_ENTRIES:
                    count(self.drops, "too_many_entries")
                    continue
                self._compare(key, prefix, tree, parents)
            if not self._work:
                break
        count(self.drops, "tree_too_deep", 0, len(self._work)) if self._work else None
        for key, entries in self.changes.items():
            self.changes[key] = sorted(entries, key=lambda entry: entry.path)

    def entries(self, tree: str) -> frozenset[tuple[bytes, bytes, bytes]]:
        """(mode, name, raw id) of each entry of one tree."""
        self._fetch({tree})
        return self._trees[tree]

    def _fetch(self, oids: Iterable[str]) -> None:
        pattern = _ENTRY[self._raw_length]
        for oid, kind, data in self.objects.read(sorted(set(oids) - self._trees.keys())):
            found = pattern.findall(data) if kind == "tree" else []
            read = sum(map(len, (part for entry in found for part in entry))) + 2 * len(found)
            if kind != "tree" or read != len(data):
                count(self.drops, "unreadable_tree", len(data))
            self._trees[oid] = frozenset(found)

    def _compare(self, key: object, prefix: bytes, tree: str, parents: tuple[str, ...]) -> None:
        new, olds = self._trees[tree], [self._trees[parent] for parent in parents]
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
        self._visits.update((key, None))
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
    kind = old_mode & 0o170000 != new_mode & 0o170000
    status = "A" if old is None else "D" if new is None else "T" if kind else "M"
    return Entry(status, path, path, old_blob, new_blob, old_mode, new_mode, "", tuple(other_blobs))
