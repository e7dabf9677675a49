"""What every commit did to every file: a history -> ``Change`` records, oldest first, and a count of what was left out and why.

In: ``Objects``, a ``History`` and which commits. Out: before and after text, the message without people in it, times; and a drop
report whose bytes (of the version after, or before a deletion) add up with those kept. Costs one read of every blob a kept change
names: about twice ``git log -p``; blobs of at most 16 MB at a time are held.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from elite_code_dataset import linguist
from elite_code_dataset.blobs import Blobs
from elite_code_dataset.config import MAX_FILE_BYTES, MAX_LINE_BYTES
from elite_code_dataset.git_objects import Objects
from elite_code_dataset.history import Commit, History, parsed_commit
from elite_code_dataset.line_times import own_part
from elite_code_dataset.lock_files import is_lock_file
from elite_code_dataset.messages import cleaned, is_bot, is_revert
from elite_code_dataset.names import decoded
from elite_code_dataset.people import People
from elite_code_dataset.records import Change, EliteCodeError
from elite_code_dataset.texts import text_of
from elite_code_dataset.trees import FILE, LINK, MODULE, Entry, count, kind_of_mode

_CHUNK = 200  # commits whose messages and blob sizes are asked for at once
_BLANKS = b" \t\r\n\x0b\x0c"
_PATH_WORDS = re.compile(r"[a-z0-9]{4,}")
KEPT = "kept"
_SEEN_HEAD, _SEEN_TAIL = 2048, 256  # bytes by which two versions of a path get one verdict from linguist


@dataclass(frozen=True)
class Selection:
    """Which commits: the newest ``max_commits`` of those committed in [since, until]; not those in ``known``."""

    max_commits: int | None = None
    since: int | None = None
    until: int | None = None
    first_parent: bool = False
    known: Container[str] = ()

    def of(self, history: History) -> list[Commit]:
        """The selected commits, oldest first."""
        commits = history.first_parents() if self.first_parent else history.commits
        chosen = [
            c for c in commits if (self.since is None or c.committed >= self.since) and (self.until is None or c.committed <= self.until)
        ]
        newest = chosen if self.max_commits is None else chosen[max(len(chosen) - self.max_commits, 0) :]
        return [commit for commit in newest if commit.id not in self.known]


def seconds(moment: int | float | str | None, what: str) -> int | None:
    """Unix seconds of what the user wrote: a number, or an ISO date that is taken as UTC where it names no zone."""
    if moment is None or isinstance(moment, (int, float)):
        return None if moment is None else int(moment)
    try:
        found = datetime.datetime.fromisoformat(moment)
    except (TypeError, ValueError):
        raise EliteCodeError(f"{what}={moment!r} is no time; give Unix seconds or a date such as '2024-01-31'") from None
    return int((found if found.tzinfo else found.replace(tzinfo=datetime.timezone.utc)).timestamp())


@dataclass
class Tally:
    """Reason -> [changes, bytes] of what was left out, and [changes, bytes] of what was kept; the same ``by_commit``, KEPT being one reason more.
    ``messages``: commit -> a digest of its message, or of the reason to leave all of it out."""

    dropped: dict[str, list[int]] = field(default_factory=dict)
    kept: list[int] = field(default_factory=lambda: [0, 0])
    by_commit: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)

    def drop(self, commit: str, reason: str, size: int = 0, number: int = 1) -> None:
        count(self.dropped, reason, size, number)
        count(self.by_commit.setdefault(commit, {}), reason, size, number)

    def keep(self, commit: str, size: int, number: int = 1) -> None:
        self.kept[0] += number
        self.kept[1] += size
        count(self.by_commit.setdefault(commit, {}), KEPT, size, number)

    def add(self, commit: str, told: Mapping[str, Sequence[int]]) -> None:
        """What an earlier pass told of a commit."""
        for reason, (number, size) in told.items():
            self.keep(commit, size, number) if reason == KEPT else self.drop(commit, reason, size, number)


class Changes:
    """One pass over selected commits. ``generated`` answers (path, bytes) with a reason to leave a file out, or ''."""

    def __init__(self, objects: Objects, tally: Tally, generated: Callable[[str, bytes], str] | None = None) -> None:
        self._objects = objects
        self._blobs = Blobs(objects, MAX_FILE_BYTES)
        self._tally = tally
        self._generated = generated or by_linguist()

    def of(self, history: History, selection: Selection) -> Iterator[Change]:
        """The changes of the selected commits."""
        commits, people = selection.of(history), people_of(history)
        for reason, (number, size) in sorted(history.drops.items()):
            count(self._tally.dropped, reason, size, number)
        for at in range(0, len(commits), _CHUNK):
            some = commits[at : at + _CHUNK]
            notes = self._notes([commit.id for commit in some], people)
            self._tally.messages |= {oid: _digest(*note) for oid, note in notes.items()}
            work = [(commit, entry) for commit in some for entry in self._entries(commit, selection.first_parent)]
            self._blobs.measure({blob for _, entry in work for blob in _all_blobs(entry)})
            left = []
            for commit, entry in work:
                reason = notes[commit.id][0] or self._reason_before_reading(commit, entry)
                self._drop(commit, entry, reason) if reason else left.append((commit, entry))
            for commit, entry in self._blobs.along(left, lambda item: _all_blobs(item[1])):
                change = self._change(commit, entry, notes[commit.id][1], bool(entry.other_blobs))
                if change is not None:
                    yield change

    def _entries(self, commit: Commit, first_parent: bool) -> Sequence[Entry]:
        merge = len(commit.parents) > 1 and not commit.boundary
        entries = commit.main_entries if merge and first_parent else commit.entries
        if merge and not entries:
            self._tally.drop(commit.id, "merge_without_own_change")
        return entries

    def messages(self, history: History, commits: Sequence[str]) -> dict[str, str]:
        """What the tally would say in ``messages`` of these commits."""
        people = people_of(history)
        parts = (self._notes(commits[at : at + _CHUNK], people) for at in range(0, len(commits), _CHUNK))
        return {oid: _digest(*note) for notes in parts for oid, note in notes.items()}

    def _notes(self, commits: Sequence[str], people: People) -> dict[str, tuple[str, str]]:
        """Commit id -> (reason to leave all of it out, its message)."""
        notes: dict[str, tuple[str, str]] = {}
        for oid, kind, data in self._objects.read(commits):
            raw = parsed_commit(data) if kind == "commit" else None
            if raw is None:  # it was there a moment ago
                notes[oid] = ("unreadable_commit", "")
                continue
            message = decoded(raw.message)
            reason = "bot" if is_bot(raw.author) else "revert" if is_revert(message) else ""
            notes[oid] = (reason, "" if reason else cleaned(message, people))
        return notes

    def _reason_before_reading(self, commit: Commit, entry: Entry) -> str:
        kinds = {kind_of_mode(mode) for mode in (entry.old_mode, entry.new_mode) if mode}
        if commit.boundary:
            return commit.boundary
        if kinds != {FILE}:
            return "submodule" if MODULE in kinds else "symlink" if LINK in kinds else "special_file"
        if entry.status == "D":
            return "deletion"
        if entry.old_blob == entry.new_blob:
            return "unchanged_content" if entry.old_path != entry.path else "mode_only"
        if is_lock_file(entry.path):
            return "lock_file"
        sizes = [self._blobs.sizes.get(blob, -1) for blob in _all_blobs(entry)]
        return "unreadable_blob" if min(sizes) < 0 else "too_large" if max(sizes) > MAX_FILE_BYTES else ""

    def _change(self, commit: Commit, entry: Entry, message: str, merged: bool) -> Change | None:
        before_bytes, after_bytes = self._blobs.get(entry.old_blob), self._blobs.get(entry.new_blob)
        reason = ""
        if any(self._blobs.get(blob) is None for blob in _all_blobs(entry)):  # of a merge too: a parent without a blob moved the file
            reason = "unreadable_blob"
        elif merged:
            parents = [self._blobs.get(blob) for blob in (entry.old_blob, *entry.other_blobs)]
            reason, before_bytes = own_part(parents, after_bytes)
        reason = reason or self._reason_after_reading(entry, before_bytes, after_bytes)
        before, reason = ("", reason) if reason or before_bytes is None else text_of(before_bytes, MAX_LINE_BYTES)
        after, reason = ("", reason) if reason else text_of(after_bytes, MAX_LINE_BYTES)
        if not reason and before_bytes is not None and before == after:
            reason = "encoding_only"
        if reason:
            self._drop(commit, entry, reason)
            return None
        self._tally.keep(commit.id, len(after_bytes))
        before = None if before_bytes is None else before
        return Change(entry.lineage, entry.path, entry.old_path, before, after, message, commit.id, commit.authored, commit.committed)

    def _reason_after_reading(self, entry: Entry, before: bytes | None, after: bytes) -> str:
        if before is not None and before.translate(None, _BLANKS) == after.translate(None, _BLANKS):
            return "whitespace_only"
        if not after:
            return "empty"
        if is_lock_file(entry.path, after):
            return "lock_file"
        return self._generated(entry.path, after)

    def _drop(self, commit: Commit, entry: Entry, reason: str) -> None:
        self._tally.drop(commit.id, reason, max(self._blobs.sizes.get(entry.new_blob or entry.old_blob, 0), 0))


def people_of(history: History) -> People:
    """Everybody whom the history names."""
    return People(history.people, own_words(history))


def people_digest(history: History) -> str:
    """What ``people_of`` depends on."""
    told = json.dumps([sorted(history.people), sorted(own_words(history))])
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def own_words(history: History) -> frozenset[str]:
    """The words of all its paths in lower case: they name no one by themselves."""
    return frozenset(_PATH_WORDS.findall("\n".join(history.lineage_of).lower()))


def _digest(reason: str, message: str) -> str:
    return hashlib.sha256(f"{reason}\0{message}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _all_blobs(entry: Entry) -> list[str]:
    return [blob for blob in (entry.old_blob, *entry.other_blobs, entry.new_blob) if blob]


def by_linguist() -> Callable[[str, bytes], str]:
    """A judge of generated and vendored files. Versions of a path with the same head and tail share one verdict."""
    seen: dict[tuple[str, bytes, bytes], str] = {}

    def judged(path: str, content: bytes) -> str:
        key = (path, content[:_SEEN_HEAD], content[-_SEEN_TAIL:])
        if key not in seen:
            if len(seen) > 4096:
                seen.clear()
            verdict = linguist.verdict(path, content)
            own = path.startswith(".github/") or path.rpartition("/")[2].startswith(".git")  # linguist calls these vendored
            seen[key] = "vendored" if verdict.vendored and not own else "generated" if verdict.generated else ""
        return seen[key]

    return judged
