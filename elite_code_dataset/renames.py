"""Renames inside one commit: deleted and added paths -> renamed ones, the same blob first, then similar text.

In: the entries of one commit. Out: the same entries, where a deletion and an addition that belong together became one with
status R. Costs nothing for a commit that does not both delete and add; otherwise one read of the files left after equal blobs
were paired, none larger than MAX_FILE_BYTES. Every pair of like size is compared while that is cheap. Where it is not, an index of
shared lines tells which pairs can be similar at all: each new file is compared with the one that it shares most with, and the
budget goes to the pairs after that, so that a commit of any size costs about as much as reading it. Missing blobs are similar to nothing.
"""

from __future__ import annotations

import posixpath
import zlib
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple

from elite_code_dataset.config import MAX_FILE_BYTES, RENAME_SIMILARITY
from elite_code_dataset.git_objects import Objects
from elite_code_dataset.trees import FILE, Entry, kind_of_mode

_FILES = 400  # deleted, and added, files a commit may have for similarity to be looked at; git's own limit is 1000
_READ = 32_000_000  # bytes of one commit's candidates
_LOOKED_UP = 3_000_000  # lines of one commit's comparisons that are looked up: about 0.4 s
_COUNTED = 3_000_000  # counts of a shared line for a pair of one commit: about 0.4 s
_PAIR_COST = 20  # lines; what a comparison costs beside its lines


class Text(NamedTuple):
    """A file's lines without the blanks around them, how often each is there, and the bytes of them all."""

    lines: Counter[bytes]
    size: int


class _File(NamedTuple):
    path: str
    text: Text


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
    named: dict[tuple[str, str], deque[str]] = defaultdict(deque)
    left: dict[str, deque[str]] = defaultdict(deque)
    for entry in gone:
        named[entry.old_blob, _name(entry.path)].append(entry.path)
        left[entry.old_blob].append(entry.path)
    partner: dict[str, str] = {}
    for entry in come:
        if same_name := named.get((entry.new_blob, _name(entry.path))):
            partner[entry.path] = same_name.popleft()
    used = set(partner.values())
    for entry in come:
        some = left.get(entry.new_blob, deque())
        while some and some[0] in used:
            some.popleft()
        if some and entry.path not in partner:
            partner[entry.path] = some.popleft()
    return partner


def _similar(objects: Objects, gone: Sequence[Entry], come: Sequence[Entry]) -> dict[str, str]:
    """New path -> old path for files with at least RENAME_SIMILARITY in common, the most similar pairs first."""
    gone, come = gone[:_FILES], come[:_FILES]
    if not gone or not come:
        return {}
    texts = _texts_by_blob(objects, [entry.old_blob for entry in gone] + [entry.new_blob for entry in come])
    olds = [_File(entry.path, texts[entry.old_blob]) for entry in gone if entry.old_blob in texts]
    news = [_File(entry.path, texts[entry.new_blob]) for entry in come if entry.new_blob in texts]
    scores = []
    for new, old in _pairs(olds, news):
        score = similarity(old.text, new.text)
        if score >= RENAME_SIMILARITY:
            scores.append((-score, _name(old.path) != _name(new.path), new.path, old.path))
    partner: dict[str, str] = {}
    used: set[str] = set()
    for _, _, new_path, old_path in sorted(scores):
        if new_path not in partner and old_path not in used:
            partner[new_path] = old_path
            used.add(old_path)
    return partner


def similarity(old: Text, new: Text) -> float:
    """Bytes of common lines over bytes of the larger file, blanks around lines left out."""
    few, many = (old.lines, new.lines) if len(old.lines) < len(new.lines) else (new.lines, old.lines)
    return sum(len(line) * min(number, many[line]) for line, number in few.items() if line in many) / max(old.size, new.size)


def _pairs(olds: Sequence[_File], news: Sequence[_File]) -> list[tuple[_File, _File]]:
    """(new, old) files worth a comparison: all of like size, or, where those are too many, the ones that share most lines."""
    like = [(j, i) for j, new in enumerate(news) for i, old in enumerate(olds) if _like_size(old.text.size, new.text.size)]
    costs = {(j, i): _PAIR_COST + min(len(olds[i].text.lines), len(news[j].text.lines)) for j, i in like}
    if sum(costs.values()) <= _LOOKED_UP:
        return [(news[j], olds[i]) for j, i in like]
    shared, rests = _shared([file.text for file in olds], [file.text for file in news])
    ranked: dict[int, list[tuple]] = defaultdict(list)
    for j, i in like:
        new, old = news[j], olds[i]
        larger, known = max(old.text.size, new.text.size), shared[j * len(olds) + i]
        if (known + min(rests[0][i], rests[1][j])) / larger >= RENAME_SIMILARITY:
            other = (_name(old.path) != _name(new.path), _suffix(old.path) != _suffix(new.path))
            ranked[j].append((-round(known / larger, 2), *other, -known / larger, i))
    turns = sorted((rank, *choice, j) for j, choices in ranked.items() for rank, choice in enumerate(sorted(choices)))
    chosen, spent = [], 0
    for rank, *_, i, j in turns:
        if rank and spent + costs[j, i] > _LOOKED_UP:
            break
        spent += costs[j, i]
        chosen.append((news[j], olds[i]))
    return chosen


def _like_size(one: int, other: int) -> bool:
    return min(one, other) / max(one, other) >= RENAME_SIMILARITY


def _shared(olds: Sequence[Text], news: Sequence[Text]) -> tuple[list[int], tuple[list[int], list[int]]]:
    """Bytes of lines that pairs share, at [new * len(olds) + old], and bytes of each old and new file's lines that were not counted.

    Lines in the fewest files are counted first, until the budget is spent: they tell pairs apart, and cost least.
    """
    holders = [Counter(chain.from_iterable(text.lines for text in texts)) for texts in (olds, news)]
    work = {line: number * holders[1][line] for line, number in holders[0].items() if line and line in holders[1]}
    counted = _cheapest(work)
    where: dict[bytes, list[tuple[int, int]]] = defaultdict(list)
    for i, text in enumerate(olds):
        for line in _both(text.lines, counted):
            where[line].append((i, text.lines[line]))
    shared = [0] * (len(olds) * len(news))
    for j, text in enumerate(news):
        row = j * len(olds)
        for line in _both(text.lines, counted):
            number, length = text.lines[line], len(line)
            for i, other in where[line]:
                shared[row + i] += length * (number if number < other else other)
    left = work.keys() - counted
    rests = [[sum(len(line) * text.lines[line] for line in _both(text.lines, left)) for text in texts] for texts in (olds, news)]
    return shared, (rests[0], rests[1])


def _cheapest(work: dict[bytes, int]) -> set[bytes]:
    """The lines whose work is least and together within the budget; among equal ones a sample that does not lean to any file."""
    if sum(work.values()) <= _COUNTED:
        return set(work)
    spent, chosen = 0, set()
    for line in sorted(work, key=lambda line: (work[line], zlib.crc32(line), line)):
        spent += work[line]
        if spent > _COUNTED:
            break
        chosen.add(line)
    return chosen


def _both(lines: Counter[bytes], chosen: set[bytes]) -> Iterable[bytes]:
    few, many = (lines, chosen) if len(lines) < len(chosen) else (chosen, lines)
    return (line for line in few if line in many)


def _texts_by_blob(objects: Objects, blobs: Sequence[str]) -> dict[str, Text]:
    """The texts of those that are there, that the budget allows and that have more than blanks in them."""
    sizes = objects.sizes(blobs)
    wanted, total = [], 0
    for blob in dict.fromkeys(blobs):
        kind, size = sizes.get(blob, ("", 0))
        if kind == "blob" and 0 < size <= MAX_FILE_BYTES and total + size <= _READ:
            wanted.append(blob)
            total += size
    texts = {}
    for oid, kind, data in objects.read(wanted, MAX_FILE_BYTES):
        stripped = [line.strip() for line in data.split(b"\n")] if kind == "blob" else []
        if size := sum(map(len, stripped)):
            texts[oid] = Text(Counter(stripped), size)
    return texts


def _name(path: str) -> str:
    return posixpath.basename(path)


def _suffix(path: str) -> str:
    return posixpath.splitext(path)[1].lower()
