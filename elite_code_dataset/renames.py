"""Renames inside one commit: deleted and added paths -> renamed ones, the same blob first, then similar text.

In: the entries of one commit. Out: the same entries, where a deletion and an addition that belong together became one with
status R. Costs nothing for a commit that does not both delete and add; otherwise one read of the files left after equal blobs
were paired, none larger than MAX_FILE_BYTES, and at most ``_PAIRS`` comparisons. Missing blobs are similar to nothing.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Sequence

from elite_code_dataset.config import MAX_FILE_BYTES, RENAME_SIMILARITY
from elite_code_dataset.git_objects import Objects
from elite_code_dataset.trees import FILE, Entry, kind_of_mode

_FILES = 400  # deleted, and added, files a commit may have for similarity to be looked at; git's own limit is 1000
_PAIRS = 20_000  # comparisons of one commit
_READ = 32_000_000  # bytes of one commit's candidates


def renamed(objects: Objects, entries: Sequence[Entry]) -> list[Entry]:
    """Entries in path order with renames joined. Ties go to the same file name, then to the first path."""
    gone = [entry for entry in entries if entry.status == "D" and kind_of_mode(entry.old_mode) == FILE]
    come = [entry for entry in entries if entry.status == "A" and kind_of_mode(entry.new_mode) == FILE]
    if not gone or not come:
        return list(entries)
    partner = _same_blob(gone, come)
    taken = set(partner.values())
    partner |= _similar(objects, [e for e in gone if e.path not in taken], [e for e in come if e.path not in partner])
    sources = {entry.path: entry for entry in gone}
    used = set(partner.values())
    after = []
    for entry in entries:
        if entry.status == "A" and entry.path in partner:
            old = sources[partner[entry.path]]
            entry = entry._replace(status="R", old_path=old.path, old_blob=old.old_blob, old_mode=old.old_mode)
        elif entry.status == "D" and entry.path in used:
            continue
        after.append(entry)
    return after


def _same_blob(gone: Sequence[Entry], come: Sequence[Entry]) -> dict[str, str]:
    """New path -> old path for equal contents."""
    by_blob: dict[str, list[str]] = {}
    for entry in gone:
        by_blob.setdefault(entry.old_blob, []).append(entry.path)
    partner: dict[str, str] = {}
    for same_name in (True, False):
        for entry in come:
            left = by_blob.get(entry.new_blob, [])
            fitting = [path for path in left[:100] if not same_name or _name(path) == _name(entry.path)]
            if entry.path not in partner and fitting:
                partner[entry.path] = fitting[0]
                left.remove(fitting[0])
    return partner


def _similar(objects: Objects, gone: Sequence[Entry], come: Sequence[Entry]) -> dict[str, str]:
    """New path -> old path for files with at least RENAME_SIMILARITY in common, the most similar pairs first."""
    gone, come = gone[:_FILES], come[:_FILES]
    if not gone or not come:
        return {}
    lines = _lines_by_blob(objects, [entry.old_blob for entry in gone] + [entry.new_blob for entry in come])
    pairs = [(new, old) for new in come for old in gone if new.new_blob in lines and old.old_blob in lines]
    pairs.sort(key=lambda pair: _suffix(pair[0].path) != _suffix(pair[1].path))  # the cap takes pairs of different kinds first
    scores = []
    for new, old in pairs[:_PAIRS]:
        score = similarity(lines[old.old_blob], lines[new.new_blob])
        if score >= RENAME_SIMILARITY:
            scores.append((-score, _name(old.path) != _name(new.path), new.path, old.path))
    partner: dict[str, str] = {}
    used: set[str] = set()
    for _, _, new_path, old_path in sorted(scores):
        if new_path not in partner and old_path not in used:
            partner[new_path] = old_path
            used.add(old_path)
    return partner


def similarity(old: Counter[bytes], new: Counter[bytes]) -> float:
    """Bytes of common lines over bytes of the larger file, blanks around lines left out; 0 where a file has none."""
    sizes = [sum(len(line) * number for line, number in lines.items()) for lines in (old, new)]
    larger = max(sizes)
    if not larger or min(sizes) / larger < RENAME_SIMILARITY:
        return 0.0
    few, many = (old, new) if len(old) < len(new) else (new, old)
    return sum(len(line) * min(number, many[line]) for line, number in few.items() if line in many) / larger


def _lines_by_blob(objects: Objects, blobs: Sequence[str]) -> dict[str, Counter[bytes]]:
    sizes = objects.sizes(blobs)
    wanted, total = [], 0
    for blob in dict.fromkeys(blobs):
        kind, size = sizes.get(blob, ("", 0))
        if kind == "blob" and 0 < size <= MAX_FILE_BYTES and total + size <= _READ:
            wanted.append(blob)
            total += size
    read = objects.read(wanted, MAX_FILE_BYTES)
    return {oid: Counter(line.strip() for line in data.split(b"\n")) for oid, kind, data in read if kind == "blob"}


def _name(path: str) -> str:
    return posixpath.basename(path)


def _suffix(path: str) -> str:
    return posixpath.splitext(path)[1].lower()
