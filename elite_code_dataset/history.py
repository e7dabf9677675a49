"""Commits and what each changed: an object reader and a tip -> ``History``, without reading any file's text but that of renames.

In: ``Objects`` and a commit id. Out: commits oldest first (a parent always before its child, the first parent's line first, so that
commits added later come last), per commit the paths it changed, and lineages: the identity of a file through its renames and copies.
Costs one read of every commit and of every tree that some commit changed: 0.3 s for 2,300 commits. Trees are kept for
a thousand commits at a time.

A lineage is named by the commit and the path where the file first appeared. Renames are found inside one commit: the same
blob first, then at least half of the lines in common. A file that comes back under its old name continues its lineage.
"""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from elite_code_dataset.config import COPY_MIN_BYTES, MAX_TREE_ENTRIES
from elite_code_dataset.git_objects import Objects
from elite_code_dataset.names import in_utf8, person_of
from elite_code_dataset.renames import NOT_SEARCHED, renamed
from elite_code_dataset.signers import signers
from elite_code_dataset.trees import FILE, Entry, TreeDiffer, count, kind_of_mode

_COMMIT = re.compile(rb"tree ([0-9a-f]{40,64})\n((?:parent [0-9a-f]{40,64}\n)*)")
_ENCODING = re.compile(rb"^encoding ([\w.:-]{1,30})$", re.M)
_PERSON = re.compile(rb"^(author|committer) (.*?) ?(-?\d{1,20})(?: [+-]\d{1,6})?$", re.M)
_CHUNK = 1000  # commits whose trees are held at once
_PATHS, _PATHS_A_COMMIT = (
    5 * MAX_TREE_ENTRIES,
    1000,
)  # looked at in differences of trees: what a history may take, and more with each commit
_LATEST = 253_402_300_799  # the last second of the year 9999


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
    """``lineage_of`` and ``last_changed`` (committer time) speak of every path that exists or once existed, as of the tip. What is told of a commit
    depends on it and those before it alone, so that a history can be continued."""

    tip: str
    commits: list[Commit] = field(default_factory=list)
    lineage_of: dict[str, str] = field(default_factory=dict)
    last_changed: dict[str, int] = field(default_factory=dict)
    births: dict[str, tuple[str, str, int]] = field(default_factory=dict)  # lineage -> commit, path, committer time
    drops: dict[str, list[int]] = field(default_factory=dict)
    moved_away: set[str] = field(default_factory=set)
    blob_lineage: dict[str, str] = field(default_factory=dict)
    shallow: list[str] = field(default_factory=list)
    paths: int = 0  # that were looked at in differences of trees
    people: dict[str, str] = field(
        default_factory=dict
    )  # who wrote, committed or signed, see ``person_of`` -> the first commit that names them

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
    committer: bytes
    message: bytes


def parsed_commit(data: bytes) -> RawCommit | None:
    """A commit object's fields, or None where its head is broken. Times outside the years 1970-9999 are clamped."""
    match = _COMMIT.match(data)
    if match is None:
        return None
    end = data.find(b"\n\n")
    head, message = (data, b"") if end < 0 else (data[:end], data[end + 2 :])
    if named := _ENCODING.search(head):
        head, message = (in_utf8(part, named[1].decode()) for part in (head, message))
    people = {m.group(1): (m.group(2), int(m.group(3))) for m in _PERSON.finditer(head)}
    author, authored = people.get(b"author", (b"", 0))
    committer, committed = people.get(b"committer", (b"", authored))
    parents = tuple(line[7:].decode() for line in match.group(2).split(b"\n") if line)
    clamped = [min(max(time, 0), _LATEST) for time in (authored, committed)]
    return RawCommit(match.group(1).decode(), parents, *clamped, author, committer, message)


def lineage_id(commit: str, path: str) -> str:
    """The name of the lineage that began with this path in this commit."""
    return hashlib.sha256(f"{commit}\0{path}".encode()).hexdigest()[:20]


def history_of(objects: Objects, tip: str, shallow: frozenset[str] = frozenset(), known: History | None = None) -> History:
    """The whole history up to ``tip``; ``shallow`` are the commits whose parents were left out of the clone. ``known``: that of an ancestor, whose
    commits are not read again; it is left as it is."""
    raw = _commits_up_to(objects, tip, shallow, {c.id: c for c in known.commits} if known else {})
    order = _order(raw.found, tip)
    lossy = known and (known.drops.keys() - {NOT_SEARCHED} or known.shallow != sorted(shallow))
    if known and (lossy or [c.id for c in known.commits] != order[: len(known.commits)]):
        return history_of(objects, tip, shallow)
    history = copy.deepcopy(known, {id(known.commits): list(known.commits)}) if known else History(tip, shallow=sorted(shallow))
    history.tip = tip
    for oid in order[len(history.commits) :]:
        for person in raw.people[oid]:
            history.people.setdefault(person, oid)
    count(history.drops, "unreadable_commit", 0, len(raw.unreadable)) if raw.unreadable else None
    for at in range(len(history.commits), len(order), _CHUNK):
        chunk = order[at : at + _CHUNK]
        if not _added_chunk(history, objects, raw.found, shallow, chunk):
            for oid in chunk:
                _added_chunk(history, objects, raw.found, shallow, [oid])
    return history


def as_plain(history: History) -> dict[str, Any]:
    """A history as JSON can hold it."""
    return {**vars(history), "moved_away": sorted(history.moved_away), "commits": [_fields(commit) for commit in history.commits]}


def from_plain(told: Mapping[str, Any]) -> History:
    """What ``as_plain`` gave."""
    commits = []
    for oid, committed, authored, parents, entries, boundary, main in told["commits"]:
        both = (tuple(Entry(*entry[:8], tuple(entry[8])) for entry in some) for some in (entries, main))
        commits.append(Commit(oid, committed, authored, tuple(parents), next(both), boundary, next(both)))
    births = {lineage: tuple(birth) for lineage, birth in told["births"].items()}
    return History(**{**told, "commits": commits, "births": births, "moved_away": set(told["moved_away"])})


def _fields(commit: Commit) -> tuple:
    return commit.id, commit.committed, commit.authored, commit.parents, commit.entries, commit.boundary, commit.main_entries


class _Commits(NamedTuple):
    found: dict[str, RawCommit]
    unreadable: list[str]
    people: dict[str, tuple[str, ...]]


def _commits_up_to(objects: Objects, tip: str, shallow: frozenset[str], known: Mapping[str, Commit]) -> _Commits:
    """Every commit reachable from the tip, without its text, the ids of those that cannot be read, and whom each names. Of those that are ``known``
    only the ones that a new commit follows are read."""
    commits = _Commits({c.id: RawCommit("", c.parents, c.authored, c.committed, b"", b"", b"") for c in known.values()}, [], {})
    named: dict[bytes, str] = {}
    seen, wave = {tip}, [tip]
    while wave:
        following: list[str] = []
        for oid, kind, data in objects.read(wave):
            commit = parsed_commit(data) if kind == "commit" else None
            if commit is None:
                commits.unreadable.append(oid)
                continue
            commits.found[oid] = commit._replace(message=b"", author=b"", committer=b"")
            lines = (commit.author, commit.committer)
            named.update((line, person_of(line)) for line in lines if line not in named)
            commits.people[oid] = (*dict.fromkeys(named[line] for line in lines), *signers(commit.message))
            following += () if oid in shallow or oid in known else commit.parents
        wave = [oid for oid in dict.fromkeys(following) if oid not in seen]
        seen.update(wave)
    return commits


def _order(found: Mapping[str, RawCommit], tip: str) -> list[str]:
    """Parents before children, and the first parent's line before the others', so that appended commits come last."""
    order: list[str] = []
    done: set[str] = set()
    stack: list[tuple[str, int]] = [(tip, 0)]
    while stack:
        oid, at = stack.pop()
        if oid in done or oid not in found:
            continue
        if at < len(found[oid].parents):
            stack += [(oid, at + 1), (found[oid].parents[at], 0)]
        else:
            done.add(oid)
            order.append(oid)
    return order


def _added_chunk(history: History, objects: Objects, found: Mapping[str, RawCommit], shallow: frozenset[str], chunk: Sequence[str]) -> bool:
    """Append these commits, with the paths they changed, to the history; several only if no more paths are looked at than it may take by then."""
    differ = TreeDiffer(objects)
    room = _paths_allowed(len(history.commits) + len(chunk)) - history.paths
    boundaries: dict[str, str] = {}
    for oid in chunk:
        commit = found[oid]
        missing = any(parent not in found for parent in commit.parents)
        boundaries[oid] = "shallow_boundary" if oid in shallow else "unreadable_parent" if missing else ""
        parents = () if boundaries[oid] else tuple(found[parent].tree for parent in commit.parents)
        differ.ask(oid, commit.tree, parents, room)
        if len(parents) > 1:
            differ.ask((oid, "main"), commit.tree, parents[:1], room)
    if not differ.run(room) and len(chunk) > 1:
        return False
    for oid in chunk:
        _append(history, objects, differ, oid, found[oid], boundaries[oid])
    return True


def _paths_allowed(commits: int) -> int:
    return _PATHS + _PATHS_A_COMMIT * commits


def _append(history: History, objects: Objects, differ: TreeDiffer, oid: str, commit: RawCommit, boundary: str) -> None:
    """Append one commit; without what it changed, where that is too much after all that came before."""
    keys = (oid, (oid, "main"))
    visits = sum(differ.visits[key] for key in keys)
    if history.paths + visits > _paths_allowed(len(history.commits) + 1):
        count(history.drops, "too_many_entries")
        history.commits.append(Commit(oid, commit.committed, commit.authored, commit.parents, (), boundary))
        return
    history.paths += visits
    for key in keys:
        for reason, (number, size) in differ.drops.get(key, {}).items():
            count(history.drops, reason, size, number)
    entries = tuple(_with_lineages(history, objects, oid, commit.committed, renamed(objects, differ.changes[oid], history.drops)))
    main = renamed(objects, differ.changes.get(keys[1], ()), history.drops)
    main_entries = tuple(entry._replace(lineage=_lineage_after(history, oid, entry)) for entry in main)
    history.commits.append(Commit(oid, commit.committed, commit.authored, commit.parents, entries, boundary, main_entries))


def _lineage_after(history: History, commit: str, entry: Entry) -> str:
    return history.lineage_of.get(entry.path) or lineage_id(commit, entry.path)


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
        if kind_of_mode(entry.new_mode) == FILE:
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
