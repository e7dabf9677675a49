"""When each line was last changed: a history -> per path at its tip, an array of line -> committer time.

In: ``Objects`` and a ``History``. Out: ``{path: int64[lines]}``; lines end at a line feed and nowhere else. Costs one line diff of each
change that the files at the tip come from, and one read of the blobs of those: about three times ``git log -p``, where
``git blame`` of every file reads the history once per file.

Line times move forward: a change hands on the times of the lines it leaves alone and gives its own to the rest; a merge asks each
parent in turn (see ``version_steps``). Memory holds only versions that a later change still needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from elite_code_dataset.blobs import Blobs
from elite_code_dataset.config import MAX_FILE_BYTES
from elite_code_dataset.git_objects import Objects
from elite_code_dataset.history import History
from elite_code_dataset.hunks import Hunk, hunks_of
from elite_code_dataset.kept_runs import kept_runs
from elite_code_dataset.version_steps import Name, Step, steps_towards

_AROUND = 20  # equal lines on each side of what differs that inserted lines may be moved over


def line_times(
    objects: Objects, history: History, tree: Mapping[str, str], known: Mapping[Name, np.ndarray] | None = None, since: int = 0
) -> dict[str, np.ndarray]:
    """Last-changed time of every line of every path of ``tree`` (path -> blob) that could be followed to where it came from.

    ``known`` are those of (path, blob) at the last of the first ``since`` commits: what came from there is not followed further."""
    steps, versions = steps_towards(objects, history, tree.items(), known or {}, since)
    blobs = Blobs(objects, MAX_FILE_BYTES)
    blobs.measure({blob for step in steps for blob in _blobs_of(step)})
    for step in blobs.along(steps, _blobs_of):
        step.version.times = _times_after(blobs, step)
        for _, source in step.sources:
            source.uses -= 1
            if not source.uses:
                source.times = None
    return {path: version.times for (path, _), version in versions.items() if version.times is not None}


def _blobs_of(step: Step) -> list[str]:
    return [*(blob for blob, _ in step.sources), step.blob]


def _times_after(blobs: Blobs, step: Step) -> np.ndarray | None:
    """Line times of the new version, or None where it cannot be read."""
    sources = [(blob, version.times) for blob, version in step.sources if version.times is not None]
    if sources and sources[0][0] == step.blob:
        return sources[0][1]
    new = blobs.get(step.blob)
    if new is None:
        return None
    times = np.full(line_count(new), -1, dtype=np.int64)
    for blob, before in sources:
        old = blobs.get(blob)
        if old is not None:
            for a0, b0, length in kept_lines(old, new):
                part = times[b0 : b0 + length]
                np.copyto(part, before[a0 : a0 + length], where=part < 0)
    times[times < 0] = step.time
    return times


def line_count(data: bytes) -> int:
    """Lines that end at a line feed, and one for what follows the last."""
    return data.count(b"\n") + (not data.endswith(b"\n") and bool(data))


def kept_lines(old: bytes, new: bytes) -> list[tuple[int, int, int]]:
    """(first line in old, first line in new, number) of each run of lines that both have, in order."""
    head, tail = common_ends(old, new)
    head, tail = _line_before(old, head), len(old) - _line_after(old, len(old) - tail)
    first = old.count(b"\n", 0, head)
    old_middle, new_middle = _lines(old[head : len(old) - tail]), _lines(new[head : len(new) - tail])
    kept = kept_runs(old_middle, new_middle)
    rest = old.count(b"\n", len(old) - tail) + (tail > 0 and not old.endswith(b"\n"))
    runs = [(-first, -first, first), *kept, (len(old_middle), len(new_middle), rest)]
    return [(a + first, b + first, number) for a, b, number in _joined(runs) if number]


def _joined(runs: Sequence[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Runs that touch on both sides as one."""
    found: list[tuple[int, int, int]] = []
    for a, b, number in runs:
        if found and found[-1][0] + found[-1][2] == a and found[-1][1] + found[-1][2] == b:
            found[-1] = (found[-1][0], found[-1][1], found[-1][2] + number)
        else:
            found.append((a, b, number))
    return found


def _line_before(data: bytes, at: int) -> int:
    """The start of the line ``_AROUND`` lines before this line's."""
    for _ in range(_AROUND + 1):
        at = data.rfind(b"\n", 0, max(at - 1, 0)) + 1
    return at


def _line_after(data: bytes, at: int) -> int:
    """The start of the line ``_AROUND`` lines after this line's."""
    for _ in range(_AROUND):
        end = data.find(b"\n", at)
        if end < 0:
            return len(data)
        at = end + 1
    return at


def common_ends(old: bytes, new: bytes) -> tuple[int, int]:
    """Bytes of the lines both begin with, and of the lines both end with; the two never overlap."""
    shorter = min(len(old), len(new))
    x, y = np.frombuffer(old, np.uint8), np.frombuffer(new, np.uint8)
    head = _equal(x[:shorter], y[:shorter])
    head = shorter if head == len(old) == len(new) else old.rfind(b"\n", 0, head) + 1
    left = shorter - head
    tail = _equal(x[len(old) - left :][::-1], y[len(new) - left :][::-1]) if left else 0
    start = old.find(b"\n", len(old) - tail)
    return head, (len(old) - start - 1 if tail and start >= 0 else 0)


def _equal(x: np.ndarray, y: np.ndarray) -> int:
    """How many leading elements are equal."""
    different = x != y
    at = int(different.argmax()) if len(different) else 0
    return at if len(different) and different[at] else len(different)


def own_part(parents: Sequence[bytes | None], merged: bytes | None) -> tuple[str, bytes | None]:
    """What a merge itself did to a file: ('', the file as the merge would be without that), or (the reason why there is none, None).

    A hunk against the first parent is another parent's work wherever that parent's file agrees with the merge's there. The hunks
    that no parent accounts for are put back to the first parent's lines.
    """
    if merged is None:
        return "unreadable_blob", None
    known = [parent for parent in parents if parent is not None]
    if not known:
        return "", None
    if len(known) < len(parents):
        return "merge_of_a_moved_file", None
    lines = [_lines(data) for data in (*known, merged)]
    new = lines.pop()
    first, *others = [hunks_of(old, new) for old in lines]
    own = [hunk for hunk in first if all(any(_touch(hunk, other) for other in hunks) for hunks in others)]
    if not own:
        return "merge_without_own_change", None
    before, at = [], 0
    for hunk in own:
        before += new[at : hunk.b0] + lines[0][hunk.a0 : hunk.a1]
        at = hunk.b1
    return "", b"".join(before + new[at:])


def _touch(one: Hunk, other: Hunk) -> bool:
    """Whether two hunks speak of the same lines of the merged file; a deletion touches what stands next to it."""
    if one.b0 == one.b1 or other.b0 == other.b1:
        return one.b0 <= other.b1 and other.b0 <= one.b1
    return one.b0 < other.b1 and other.b0 < one.b1


def _lines(data: bytes) -> list[bytes]:
    parts = data.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])
