"""Where versions of files came from: a history and the versions at its tip -> the changes that made them, each with the versions it was made from.

In: ``Objects``, a ``History`` and (path, blob) pairs. Out: ``Step`` records, oldest first, and the ``Version`` of each pair. A version is a path
*as of a commit*: one that comes back after a change elsewhere is another one. A merge that leaves a file as one of its parents has it takes that
parent's version, of several the first parent's, as ``git blame`` does. Costs one pass over the entries of the commits, from the tip
backwards, and no blob; a merge of more than two parents may cost a look at their trees.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from elite_code_dataset.config import MAX_TREE_ENTRIES
from elite_code_dataset.git_objects import Objects
from elite_code_dataset.history import Commit, History, parsed_commit
from elite_code_dataset.trees import FILE, Entry, TreeDiffer, kind_of_mode

Name = tuple[str, str]  # path, blob


@dataclass(eq=False, slots=True)
class Version:
    """A file as of some commit. ``times`` of its lines, where they are known; ``uses``: how often somebody will still ask for them;
    ``same``: the version that this one turned out to be."""

    times: np.ndarray | None = None
    uses: int = 0
    same: Version | None = None

    def itself(self) -> Version:
        """The one object that stands for this version."""
        found, at = self, self
        while found.same is not None:
            found = found.same
        while at.same is not None:
            at.same, at = found, at.same  # so that no chain is walked twice
        return found


class Step(NamedTuple):
    """``version``, whose content is ``blob``, was made at ``time`` from the ``sources``: (blob, version), the first parent's first."""

    time: int
    blob: str
    version: Version
    sources: tuple[tuple[str, Version], ...]


def steps_towards(
    objects: Objects, history: History, wanted: Iterable[Name], known: Mapping[Name, np.ndarray], since: int
) -> tuple[list[Step], dict[Name, Version]]:
    """The steps that the wanted versions at the tip came from, and these versions. ``known`` are the line times of what stood at the last of the
    first ``since`` commits: nothing that leads to that version is followed further. ``uses`` are counted, the wanted ones' too."""
    walk = _Walk(objects)
    found = {name: walk.ask(history.tip, name) for name in wanted}
    for at in range(len(history.commits) - 1, -1, -1):
        commit = history.commits[at]
        versions = walk.asked.pop(commit.id, {})
        if at == since - 1:
            walk.answer(versions, known)
        if not walk.unanswered:
            break
        if versions:
            walk.pass_on(commit, versions)
    steps = [
        step._replace(version=step.version.itself(), sources=tuple((b, v.itself()) for b, v in step.sources)) for step in walk.steps[::-1]
    ]
    found = {name: version.itself() for name, version in found.items()}
    for version in (*found.values(), *(version for step in steps for _, version in step.sources)):
        version.uses += 1
    return steps, found


class _Walk:
    """From the tip backwards. ``asked``: by commit, the versions as of it that something came from; ``unanswered``: how many of all of them
    have neither a step nor times yet. What a commit does not change is handed to its parent as a whole, so that no path is touched."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._room = 5 * MAX_TREE_ENTRIES  # paths of parents' trees that may be looked at
        self.asked: dict[str, dict[Name, Version]] = {}
        self.steps: list[Step] = []  # newest first
        self.unanswered = 0

    def ask(self, commit: str, name: Name) -> Version:
        versions = self.asked.setdefault(commit, {})
        if name not in versions:
            versions[name] = Version()
            self.unanswered += 1
        return versions[name]

    def answer(self, versions: dict[Name, Version], known: Mapping[Name, np.ndarray]) -> None:
        """These times are known of what stood at this commit."""
        self._join(versions, {name: Version(times) for name, times in known.items()})

    def pass_on(self, commit: Commit, versions: dict[Name, Version]) -> None:
        """What the commit made becomes a step; all else goes on to the parent that has it."""
        first_parent = {entry.path: entry for entry in commit.main_entries}
        for entry in reversed(commit.entries):
            version = versions.pop((entry.path, entry.new_blob), None) if kind_of_mode(entry.new_mode) == FILE else None
            if version is not None and version.times is None:
                self.unanswered -= 1
                sources = _sources(commit, entry, first_parent.get(entry.path, entry))
                made_from = tuple((name[1], self.ask(parent, name)) for parent, name in sources)
                self.steps.append(Step(commit.committed, entry.new_blob, version, made_from))
        if not commit.parents or commit.boundary:
            return
        elsewhere = [(e.path, e.new_blob) for e in commit.main_entries if (e.path, e.new_blob) in versions and not _same_file(e)]
        for name, parent in self._holders(commit, elsewhere).items():
            self._give(parent, {name: versions.pop(name)})
        self._give(commit.parents[0], versions)

    def _give(self, commit: str, versions: dict[Name, Version]) -> None:
        there = self.asked.get(commit, {})
        few, many = (there, versions) if len(there) < len(versions) else (versions, there)
        self._join(many, few)
        self.asked[commit] = many

    def _join(self, many: dict[Name, Version], few: Mapping[Name, Version]) -> None:
        """Put ``few`` into ``many``, both of one commit: what has one name is one version."""
        for name, version in few.items():
            other = many.setdefault(name, version)
            if other is not version:
                self.unanswered -= version.times is None or other.times is None
                version.same = other
                other.times = version.times if other.times is None else other.times

    def _holders(self, commit: Commit, names: list[Name]) -> dict[Name, str]:
        """For versions that a merge did not take from its first parent: the first parent that has each."""
        others = commit.parents[1:]
        if len(others) < 2 or not names:
            return dict.fromkeys(names, others[0]) if others else {}
        tree, *trees = (self._tree(oid) for oid in (commit.id, *others))
        differ = TreeDiffer(self._objects)
        for parent, its_tree in zip(others, trees):
            if tree and its_tree:
                differ.ask(parent, tree, (its_tree,), self._room)
        differ.run(self._room)
        self._room = max(self._room - sum(differ.visits.values()), 0)
        different = {parent: {e.path for e in entries if not _same_file(e)} for parent, entries in differ.changes.items()}
        return {name: next((p for p in others if p in different and name[0] not in different[p]), others[0]) for name in names}

    def _tree(self, commit: str) -> str:
        found = parsed_commit(self._objects.one(commit, "commit") or b"")
        return found.tree if found else ""


def _sources(commit: Commit, entry: Entry, against_first: Entry) -> list[tuple[str, Name]]:
    """(parent, version) of each version that a commit's change started from; one that is equal alone, if there is one. ``against_first``: what a
    merge did to the file seen from its first parent, which may have it under another name."""
    if not commit.parents or commit.boundary:
        return []
    first = entry if entry.old_blob else against_first
    names = [(first.old_path, first.old_blob), *((entry.path, blob) for blob in entry.other_blobs)]
    sources = [(parent, name) for parent, name in zip(commit.parents, names) if name[1]]
    return [source for source in sources if source[1][1] == entry.new_blob][:1] or sources


def _same_file(entry: Entry) -> bool:
    """Whether only the mode of a file differs."""
    return entry.old_path == entry.path and entry.old_blob == entry.new_blob and kind_of_mode(entry.old_mode) == FILE
