"""A repository, pinned to one commit: a path and a revision -> its files, its history and its changes, safe on hostile ones.

In: a work tree, a ``.git``, a bare, shallow, partial or linked repository, or a plain folder (files only). Out: ``RawFile``,
``History`` and ``Change``; what is left out is counted by reason with its bytes. Nothing is read from the work tree of a git
repository, and nothing a repository names is run, followed or fetched (see ``git_objects``).
Costs: files 0.1 s and history 0.3 s for 2,300 commits; one blob is held at a time.
"""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from elite_code_dataset.changes import Changes, Selection, Tally, people_digest, seconds
from elite_code_dataset.config import MAX_FILE_BYTES, MAX_LINE_BYTES
from elite_code_dataset.folder import folder_files
from elite_code_dataset.git_objects import Objects
from elite_code_dataset.git_place import HEX_ID, GitPlace, named_id, place_of, plain_bytes, shallow_ids
from elite_code_dataset.history import History, history_of, lineage_id, parsed_commit
from elite_code_dataset.line_times import line_times
from elite_code_dataset.records import Change, EliteCodeError
from elite_code_dataset.texts import oddities, text_of
from elite_code_dataset.trees import FILE, LINK, MODULE, TreeDiffer, count, kind_of_mode

_HEX_PREFIX = re.compile(r"[0-9a-fA-F]{7,64}\Z")
_TAG_DEPTH = 5
_READ_AHEAD = 64  # blobs asked for at once


@dataclass(frozen=True, slots=True)
class RawFile:
    """One text file. ``size`` is the blob's in bytes; ``mode`` git's (0o100644 or 0o100755); ``oddities`` see ``texts``."""

    path: str
    blob: str
    text: str
    last_changed: int
    lineage: str
    size: int
    mode: int
    oddities: tuple[str, ...] = ()


def open_repository(path: str | Path, revision: str = "HEAD", history: History | None = None) -> Repository:
    """Open what lies at exactly this path, pinned to the commit that ``revision`` (HEAD, a branch, a tag or a hex id) names now. ``history``:
    that commit's, where it was read before.

    Raises EliteCodeError: no such path, not a folder, no commit, an unknown revision, an empty folder, a repository we refuse.
    """
    try:
        folder = Path(path).expanduser()
        there = folder.exists()
    except (OSError, RuntimeError):  # a user or a folder that cannot be looked into
        there = False
    if not there:
        raise EliteCodeError(f"no such path: {str(path)!r}; give the folder of a git repository or a plain folder of code")
    if not folder.is_dir():
        raise EliteCodeError(f"{str(path)!r} is a file; give the folder of a git repository or a plain folder of code")
    folder = folder.resolve()
    try:
        place = place_of(folder)
    except OSError as error:
        raise EliteCodeError(f"{str(path)!r} cannot be read: {error.strerror}") from None
    if place is None and revision not in ("HEAD", "@"):
        raise EliteCodeError(f"{str(path)!r} is no git repository, so it has no revision {revision!r}; leave the revision out")
    return Repository(folder, place, revision, history)


class Repository:
    """One commit of a git repository (``kind`` "git"), or a plain folder ("folder", whose ``commit`` is a digest of its files).

    ``drops`` counts what the last ``files()`` or ``changes()`` left out, ``noted`` what is unusual about files that were kept:
    reason -> [number, bytes].
    """

    def __init__(self, folder: Path, place: GitPlace | None, revision: str, history: History | None = None) -> None:
        self.folder = folder
        self.kind = "git" if place else "folder"
        self.name = place.name if place else folder.name
        self.commit_time = 0
        self.drops: dict[str, list[int]] = {}
        self.noted: dict[str, list[int]] = {}
        self._tree: dict[str, tuple[int, str]] = {}  # path -> mode, blob
        self._tree_drops: dict[str, list[int]] = {}
        self._history = history
        self._line_times: dict[str, np.ndarray] | None = None
        self.changes_tally = Tally()
        self._objects = Objects(place) if place else None
        try:
            self._pin(place, revision) if place else self._pin_folder()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Repository:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the processes that read for us."""
        if self._objects is not None:
            self._objects.close()

    def _pin(self, place: GitPlace, revision: str) -> None:
        self.commit = self._resolved(place, revision)
        self._shallow = shallow_ids(place)
        found = parsed_commit(self._objects.one(self.commit, "commit") or b"")
        if found is None:
            raise EliteCodeError(f"commit {self.commit} of {self.name} cannot be read; the repository is damaged, clone it again")
        self.commit_time = found.committed
        self._tree = _tree_paths(self._objects, found.tree, self._tree_drops)

    def _resolved(self, place: GitPlace, revision: str) -> str:
        """A commit id from what the user wrote; tags are followed to their commit."""
        oid = revision if HEX_ID.match(revision) else named_id(place, revision)
        if oid is None and _HEX_PREFIX.match(revision):
            oid = self._objects.full_id(revision.lower())
        if oid is None:
            raise EliteCodeError(
                f"unknown revision {revision!r} in {self.name}; give HEAD, a branch, a tag, or 7 or more digits of a commit id"
            )
        for _ in range(_TAG_DEPTH):
            kind = self._objects.sizes([oid]).get(oid, ("missing", 0))[0]
            if kind == "commit":
                return oid
            data = self._objects.one(oid, "tag") if kind == "tag" else None
            if not data or not data.startswith(b"object "):
                break
            oid = data[7:].split(b"\n", 1)[0].decode("ascii", "replace")
        raise EliteCodeError(f"revision {revision!r} of {self.name} is {oid}, a {kind} and not a commit we can read; name a commit")

    def _pin_folder(self) -> None:
        self._on_disk = folder_files(self.folder, self._tree_drops)
        if not self._on_disk:
            raise EliteCodeError(f"{self.folder} is no git repository and holds no file; give a folder with code in it")
        digest = hashlib.sha256()
        for path, place in self._on_disk.items():
            blob = _blob_id(*plain_bytes(place, MAX_FILE_BYTES))
            self._tree[path] = (0o100644, blob)
            digest.update(f"{path}\0{blob}\0".encode())
        self.commit = "folder-" + digest.hexdigest()[:40]

    @property
    def bound(self) -> str:
        """A digest over the commits whose parents a shallow clone left out, and over what a partial clone holds; '' for any other."""
        told = [*sorted(self._shallow), *self._objects.stored()] if self._objects is not None else []
        return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16] if told else ""

    @property
    def is_partial(self) -> bool:
        """Whether this is a clone that leaves objects out on purpose, to be fetched later."""
        return self._objects is not None and bool(self._objects.stored())

    def paths(self) -> list[str]:
        """Every path of the commit's tree in order, whatever it is."""
        return list(self._tree)

    def blob(self, oid: str, limit: int = MAX_FILE_BYTES) -> bytes | None:
        """The content of a blob by its id, or None if it is missing, broken or larger than ``limit`` bytes."""
        if self._objects is not None:
            return self._objects.one(oid, "blob", limit)
        return next((self.file_bytes(path) for path, (_, blob) in self._tree.items() if blob == oid), None)

    def file_bytes(self, path: str) -> bytes | None:
        """The content of a path of the commit, or None if there is none or it cannot be read. A symlink's is not its target's."""
        mode, blob = self._tree.get(path, (0, ""))
        if kind_of_mode(mode) != FILE:
            return None
        return self.blob(blob) if self._objects is not None else plain_bytes(self._on_disk[path], MAX_FILE_BYTES)[0]

    def files(
        self,
        max_file_bytes: int = MAX_FILE_BYTES,
        max_line_bytes: int = MAX_LINE_BYTES,
        include: str | Sequence[str] | None = None,
        exclude: str | Sequence[str] | None = None,
        known: Mapping[tuple[str, str], int] | None = None,
    ) -> Iterator[RawFile]:
        """Every text file in path order. ``include`` and ``exclude`` are patterns such as ``src/*`` or ``*.py`` (``*`` also spans ``/``).
        Of a (path, blob) in ``known``, whose size that gives, nothing is read: it comes without its text."""
        drops = self.drops = {reason: list(pair) for reason, pair in self._tree_drops.items()}
        noted = self.noted = {}
        known = known or {}
        wanted = list(self._wanted(_matcher(include, True), _matcher(exclude, False), drops))
        times = self.history().last_changed
        lineages = self.history().lineage_of
        for at in range(0, len(wanted), _READ_AHEAD):
            some = wanted[at : at + _READ_AHEAD]
            contents = self._contents([one for one in some if (one[0], one[2]) not in known], max_file_bytes)
            for path, mode, blob in some:
                lineage = lineages.get(path) or lineage_id("", path)
                if (path, blob) in known:
                    yield RawFile(path, blob, "", times.get(path, self.commit_time), lineage, known[(path, blob)], mode)
                    continue
                data, size = next(contents)
                text, reason = text_of(data, max_line_bytes) if data else ("", _reason_unread(data, size, max_file_bytes))
                if not text:
                    count(drops, reason or "empty", size)
                    continue
                odd = tuple(oddities(data, text))
                for oddity in odd:
                    count(noted, oddity, size)
                yield RawFile(path, blob, text, times.get(path, self.commit_time), lineage, size, mode, odd)

    def _wanted(
        self, included: Callable[[str], bool], excluded: Callable[[str], bool], drops: dict[str, list[int]]
    ) -> Iterator[tuple[str, int, str]]:
        """(path, mode, blob) of the plain files that were asked for."""
        for path, (mode, blob) in self._tree.items():
            if not included(path) or excluded(path):
                count(drops, "excluded")
            elif kind_of_mode(mode) != FILE:
                count(drops, {LINK: "symlink", MODULE: "submodule"}.get(kind_of_mode(mode), "special_file"))
            else:
                yield path, mode, blob

    def _contents(self, some: Sequence[tuple[str, int, str]], limit: int) -> Iterator[tuple[bytes | None, int]]:
        """(content or None, size) of each; content is None for what is larger than ``limit`` or cannot be read."""
        if self._objects is None:
            for path, _, _ in some:
                yield plain_bytes(self._on_disk[path], limit)
            return
        sizes = {oid: size for oid, (kind, size) in self._objects.sizes(blob for _, _, blob in some).items() if kind == "blob"}
        fitting = [blob for _, _, blob in some if sizes.get(blob, limit + 1) <= limit]
        read = {oid: data for oid, kind, data in self._objects.read(fitting, limit) if kind == "blob"}
        for _, _, blob in some:
            yield read.get(blob), sizes.get(blob, 0)

    def history(self) -> History:
        """Commits, lineages and last-changed times up to the pinned commit; read once."""
        if self._objects is None:
            return History(self.commit, lineage_of={path: lineage_id("", path) for path in self._tree})  # a plain folder has none
        if self._history is None:
            self._history = history_of(self._objects, self.commit, self._shallow)
        return self._history

    def continue_history(self, known: History) -> int:
        """Take an ancestor's history for what it tells; only later commits are read then. How many commits it told: 0 where it does not fit."""
        if self._objects is not None and self._history is None:
            self._history = history_of(self._objects, self.commit, self._shallow, known)
        told = len(known.commits)
        return told if known.commits == self.history().commits[:told] else 0

    def first_parent_among(self, commits: Container[str]) -> str | None:
        """The nearest commit of the first-parent line that is one of these; None where none is."""
        current: str | None = self.commit
        while current is not None and current not in commits:
            found = parsed_commit(self._objects.one(current, "commit") or b"") if self._objects is not None else None
            current = found.parents[0] if found and found.parents and current not in self._shallow else None
        return current

    def blob_sizes(self, oids: Iterable[str]) -> dict[str, int]:
        """Sizes in bytes of those blobs that can be read; one question for all of them, no content is read."""
        if self._objects is None:
            return {}
        return {oid: size for oid, (kind, size) in self._objects.sizes(sorted(set(oids))).items() if kind == "blob"}

    @property
    def unread(self) -> dict[str, bool]:
        """The objects that were asked for in vain so far, and whether not even a size is known of them."""
        return dict(self._objects.unread) if self._objects is not None else {}

    def readable(self, unread: Mapping[str, bool]) -> list[str]:
        """Those of the objects in an earlier ``unread`` that can be read now, in order."""
        if self._objects is None or not unread:
            return []
        sized = self._objects.sizes(oid for oid, missing in unread.items() if missing)
        read = self._objects.read([oid for oid, missing in unread.items() if not missing], MAX_FILE_BYTES)
        return sorted([*sized, *(oid for oid, kind, _ in read if kind is not None)])

    def changes(
        self,
        max_commits: int | None = None,
        since: int | str | None = None,
        until: int | str | None = None,
        first_parent: bool = False,
        known: Container[str] | None = None,
        generated: Callable[[str, bytes], str] | None = None,
    ) -> Iterator[Change]:
        """What each commit did to each file, oldest first; ``changes_tally`` counts what was kept and what was not, and why.

        ``max_commits`` takes the newest so many; ``since`` and ``until`` bound the committer time, in Unix seconds or as a date;
        ``first_parent`` follows first parents only and then describes a merge against its first parent; commits in ``known`` are
        passed over. ``generated`` answers (path, content) with a reason to leave a file out, or ''; linguist is asked if it is None.
        """
        selection = _selection(max_commits, since, until, first_parent, known)
        self.changes_tally = Tally()
        self.drops = self.changes_tally.dropped
        if self._objects is None:
            return iter(())
        return Changes(self._objects, self.changes_tally, generated).of(self.history(), selection)

    def messages(self, commits: Sequence[str]) -> dict[str, str]:
        """Commit -> a digest of its message without people, as ``changes_tally.messages`` has it after ``changes``."""
        return Changes(self._objects, Tally()).messages(self.history(), commits) if self._objects is not None else {}

    def people_digest(self) -> str:
        """Of everything but themselves that the messages depend on."""
        return people_digest(self.history())

    def selected(
        self,
        max_commits: int | None = None,
        since: int | str | None = None,
        until: int | str | None = None,
        first_parent: bool = False,
    ) -> list[str]:
        """The commits whose changes ``changes`` gives for the same choice, oldest first."""
        return [commit.id for commit in _selection(max_commits, since, until, first_parent, None).of(self.history())]

    def line_times(self) -> dict[str, np.ndarray]:
        """Path -> committer time of the newest change of each line (lines end at ``\\n``), for the files that could be followed."""
        if self._line_times is None:
            self._line_times = self.line_times_of(self._tree)
        return self._line_times

    def line_times_of(
        self, paths: Iterable[str], known: Mapping[tuple[str, str], np.ndarray] | None = None, since: int = 0
    ) -> dict[str, np.ndarray]:
        """The same for some paths alone. ``known``: what (path, blob) had after the first ``since`` commits, which are then not read again."""
        if self._objects is None:
            return {}
        files = {path: self._tree[path][1] for path in paths if kind_of_mode(self._tree[path][0]) == FILE}
        return line_times(self._objects, self.history(), files, known, since)

    def unit_times(self, path: str, spans: Sequence[tuple[int, int]]) -> list[int]:
        """The newest time in each span of lines ``[first, last)``, counted from 0; the file's own where its lines are not known."""
        times = self.line_times().get(path, np.empty(0, np.int64))
        whole = self.history().last_changed.get(path, self.commit_time)
        return [int(times[first:last].max()) if len(times[first:last]) else whole for first, last in spans]


def _selection(
    max_commits: int | None, since: int | str | None, until: int | str | None, first_parent: bool, known: Container[str] | None
) -> Selection:
    return Selection(max_commits, seconds(since, "since"), seconds(until, "until"), first_parent, known or ())


def _blob_id(data: bytes | None, size: int) -> str:
    """git's sha1 id of a file's bytes; of its size alone, if the file is too large to read."""
    head = f"blob {size}\0".encode()
    return hashlib.sha1(head + (data if data is not None else b""), usedforsecurity=False).hexdigest()


def _reason_unread(data: bytes | None, size: int, limit: int) -> str:
    return "too_large" if size > limit else "unreadable_blob" if data is None else "empty"


def _matcher(patterns: str | Sequence[str] | None, default: bool) -> Callable[[str], bool]:
    """Whether a path fits one of the patterns; always ``default`` where there are none. ``folder/`` means all that is in it."""
    if not patterns:
        return lambda path: default
    patterns = [patterns] if isinstance(patterns, str) else list(patterns)
    one = re.compile("|".join(fnmatch.translate(pattern + "*" if pattern.endswith("/") else pattern) for pattern in patterns))
    return lambda path: one.match(path) is not None


def chosen_paths(paths: Iterable[str], include: str | Sequence[str] | None = None, exclude: str | Sequence[str] | None = None) -> list[str]:
    """The paths that ``Repository.files`` would look at for these patterns."""
    included, excluded = _matcher(include, True), _matcher(exclude, False)
    return [path for path in paths if included(path) and not excluded(path)]


def _tree_paths(objects: Objects, tree: str, drops: dict[str, list[int]]) -> dict[str, tuple[int, str]]:
    """Path -> (mode, blob) of a whole tree in path order, at most MAX_TREE_ENTRIES of them and MAX_TREE_DEPTH deep."""
    differ = TreeDiffer(objects)
    differ.ask("tree", tree, ())
    differ.run()
    for reason, (number, size) in differ.drops.get("tree", {}).items():
        count(drops, reason, size, number)
    found: dict[str, tuple[int, str]] = {}
    for entry in differ.changes["tree"]:
        if entry.path in found:
            count(drops, "duplicate_path")
        found.setdefault(entry.path, (entry.new_mode, entry.new_blob))
    return found
