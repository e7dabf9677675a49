"""Renames inside one commit: deleted and added paths -> renamed ones, the same blob first, then similar text.

In: the entries of one commit. Out: the same entries, where a deletion and an addition that belong together became one with
status R. Costs nothing for a commit that does not both delete and add; otherwise one read of the files left after equal blobs
were paired, none larger than MAX_FILE_BYTES. Every pair of like size is compared while that is cheap. Where it is not, an index of
shared lines (``shared_lines``) tells which pairs can be similar at all: each new file is compared with the one that it shares most with,
and the budget goes to the pairs after that, so that a commit of any number of files costs about as much as reading them. What the
budgets leave out is counted. Missing blobs are similar to nothing.
"""

from __future__ import annotations

import posixpath
import zlib
from collections import defaultdict, deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from elite_code_dataset.config import MAX_FILE_BYTES, RENAME_SIMILARITY
from elite_code_dataset.git_objects import Objects
from elite_code_dataset.shared_lines import Text, shared
from elite_code_dataset.trees import FILE, Entry, count, kind_of_mode

NOT_SEARCHED = "renames_not_searched"
_READ = 200_000_000  # bytes of one commit's candidates: 10,000 files of 20 kB
_LINES = 6_000_000  # their lines: about 4 s
_LOOKED_UP = 3_000_000  # lines of one commit's comparisons that are looked up: about 0.5 s
_COUNTED = 3_000_000  # counts of a shared line for a pair of one commit: about 0.5 s
_PAIR_COST = 20  # lines; what a comparison costs beside its lines
_NAMESAKES = 20  # files of its name that a new file is compared with though no counted line is shared


class _File(NamedTuple):
    path: str
    text: Text


def renamed(objects: Objects, entries: Sequence[Entry], drops: dict[str, list[int]] | None = None) -> list[Entry]:
    """Entries in path order with renames joined. Ties go to the same file name, then to the first path. ``drops``: where the files
    that were not searched, or not to the end, are counted."""
    gone = [entry for entry in entries if entry.status == "D" and kind_of_mode(entry.old_mode) == FILE]
    come = [entry for entry in entries if entry.status == "A" and kind_of_mode(entry.new_mode) == FILE]
    if not gone or not come:
        return list(entries)
    partner = _same_blob(gone, come)
    taken = set(partner.values())
    similar, unsearched = _similar(objects, [e for e in gone if e.path not in taken], [e for e in come if e.path not in partner])
    if unsearched and drops is not None:
        count(drops, NOT_SEARCHED, 0, unsearched)
    partner |= similar
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


def _similar(objects: Objects, gone: Sequence[Entry], come: Sequence[Entry]) -> tuple[dict[str, str], int]:
    """New path -> old path for files with at least RENAME_SIMILARITY in common, the most similar pairs first; and how many files may have a
    partner that was not looked for."""
    if not gone or not come:
        return {}, 0
    named = sorted([(_name(e.path), e.path, e.old_blob) for e in gone] + [(_name(e.path), e.path, e.new_blob) for e in come])
    shares = {_name(e.path) for e in gone} & {_name(e.path) for e in come}
    texts, left = _texts_by_blob(objects, [blob for name, _, blob in sorted(named, key=lambda one: one[0] not in shares)])
    olds = [_File(entry.path, texts[entry.old_blob]) for entry in gone if entry.old_blob in texts]
    news = [_File(entry.path, texts[entry.new_blob]) for entry in come if entry.new_blob in texts]
    pairs, doubtful = _pairs(olds, news) if olds and news else ([], [])
    scores = []
    for new, old in pairs:
        score = similarity(old.text, new.text)
        if score >= RENAME_SIMILARITY:
            scores.append((-score, _name(old.path) != _name(new.path), new.path, old.path))
    partner: dict[str, str] = {}
    used: set[str] = set()
    for _, _, new_path, old_path in sorted(scores):
        if new_path not in partner and old_path not in used:
            partner[new_path] = old_path
            used.add(old_path)
    unread = sum(entry.old_blob in left for entry in gone) + sum(entry.new_blob in left for entry in come)
    return partner, unread + sum(new.path not in partner for new in doubtful)


def similarity(old: Text, new: Text) -> float:
    """Bytes of common lines over bytes of the larger file, blanks around lines left out."""
    few, many = (old, new) if len(old.lines) < len(new.lines) else (new, old)
    at = np.searchsorted(many.lines, few.lines)
    at[at == len(many.lines)] = 0
    both = many.lines[at] == few.lines
    return int(np.minimum(few.weights[both], many.weights[at[both]]).sum()) / max(old.size, new.size)


def _pairs(olds: Sequence[_File], news: Sequence[_File]) -> tuple[list[tuple[_File, _File]], list[_File]]:
    """(new, old) files worth a comparison: all of like size, or, where those are too many, the ones that share most lines; and the new files
    for which there may be more of them."""
    if len(olds) * len(news) * _PAIR_COST <= _LOOKED_UP:
        like = [(new, old) for new in news for old in olds if _like_size(old.text.size, new.text.size)]
        if sum(_PAIR_COST + min(len(old.text.lines), len(new.text.lines)) for new, old in like) <= _LOOKED_UP:
            return like, []
    found = shared([file.text for file in olds], [file.text for file in news], _namesakes(olds, news), _COUNTED)
    (old_sizes, new_sizes), (old_lines, new_lines) = (
        [np.array([get(file.text) for file in files]) for files in (olds, news)]
        for get in (lambda text: text.size, lambda text: len(text.lines))
    )
    larger = np.maximum(old_sizes[found.old], new_sizes[found.new])
    can = found.bytes + np.minimum(found.old_rests[found.old], found.new_rests[found.new]) >= RENAME_SIMILARITY * larger
    can &= np.minimum(old_sizes[found.old], new_sizes[found.new]) >= RENAME_SIMILARITY * larger
    new, old, share = found.new[can], found.old[can], (found.bytes / larger)[can]
    other = [_differs([get(file.path) for file in olds], [get(file.path) for file in news], old, new) for get in (_name, _suffix)]
    best = (old, -share, other[1], other[0], -np.round(share, 2))  # the last decides first
    rank = _ranks(new, best)
    turns = np.lexsort((new, *best, rank))
    costs = _PAIR_COST + np.minimum(old_lines[old], new_lines[new])[turns]
    affordable = (rank[turns] == 0) | (np.cumsum(costs) <= _LOOKED_UP)
    chosen, skipped = turns[affordable], turns[~affordable]
    unclear = set(np.flatnonzero(found.new_rests >= RENAME_SIMILARITY * new_sizes).tolist()) | set(new[skipped].tolist())
    return [(news[j], olds[i]) for j, i in zip(new[chosen].tolist(), old[chosen].tolist())], [news[j] for j in sorted(unclear)]


def _ranks(new: np.ndarray, best: Sequence[np.ndarray]) -> np.ndarray:
    """For each pair, how many pairs of its new file are better."""
    order = np.lexsort((*best, new))
    first = np.searchsorted(new[order], new[order])
    rank = np.empty(len(new), np.int64)
    rank[order] = np.arange(len(new)) - first
    return rank


def _differs(of_olds: Sequence[str], of_news: Sequence[str], old: np.ndarray, new: np.ndarray) -> np.ndarray:
    numbers: dict[str, int] = {}
    left, right = (np.array([numbers.setdefault(word, len(numbers)) for word in words]) for words in (of_olds, of_news))
    return left[old] != right[new]


def _namesakes(olds: Sequence[_File], news: Sequence[_File]) -> list[tuple[int, int]]:
    """(new, old) of the same name, where a new file has few of them; of the same name and folder name, where it has many."""
    found: set[tuple[int, int]] = set()
    for depth in (1, 2):
        there: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for i, file in enumerate(olds):
            there[tuple(file.path.split("/")[-depth:])].append(i)
        for j, file in enumerate(news):
            some = there.get(tuple(file.path.split("/")[-depth:]), ())
            found.update((j, i) for i in some if len(some) <= _NAMESAKES)
    return sorted(found)


def _like_size(one: int, other: int) -> bool:
    return min(one, other) / max(one, other) >= RENAME_SIMILARITY


def _texts_by_blob(objects: Objects, blobs: Sequence[str]) -> tuple[dict[str, Text], set[str]]:
    """The texts of those that are there and have more than blanks in them, as far as the budgets go in this order; and those beyond."""
    sizes = objects.sizes(blobs)
    wanted, left, total = [], set(), 0
    for blob in dict.fromkeys(blobs):
        kind, size = sizes.get(blob, ("", 0))
        if kind == "blob" and 0 < size <= MAX_FILE_BYTES:
            total += size
            wanted.append(blob) if total <= _READ else left.add(blob)
    texts, lines = {}, 0
    for oid, kind, data in objects.read(wanted, MAX_FILE_BYTES):
        lines += data.count(b"\n") if kind == "blob" else 0
        if lines > _LINES:
            left.update(wanted[wanted.index(oid) :])
            break
        if kind == "blob" and (text := _text(data)).size:
            texts[oid] = text
    return texts, left


def _text(data: bytes) -> Text:
    stripped = [bare for line in data.split(b"\n") if (bare := line.strip())]
    hashes = np.fromiter((zlib.crc32(line) << 32 | zlib.adler32(line) for line in stripped), np.uint64, len(stripped))
    lengths = np.fromiter(map(len, stripped), np.int32, len(stripped))
    lines, first, counts = np.unique(hashes, return_index=True, return_counts=True)
    weights = lengths[first] * counts.astype(np.int32)
    return Text(lines, weights, int(weights.sum()))


def _name(path: str) -> str:
    return posixpath.basename(path)


def _suffix(path: str) -> str:
    return posixpath.splitext(path)[1].lower()
