"""Windows: parsed and encoded files -> ``Window`` rows, one way of composing per scale.

In: ``View`` of every file (its syntax, its one encoding), the import graph. Out: rows whose targets, file by file and scale by scale,
are that file, each byte once. 256: one unit under its enclosing header; 512: the same with imports and the signatures it calls; 1024:
neighbouring units; 2048: as much of one file as fits; 4096: a file with the files it depends on, signatures first, then bodies.
Cuts fall on units, else statements, else softer places, else lines. Costs one pass over cut positions a scale, and for each row what it
shows and names; nothing is tokenized but the context lines, each once.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from elite_code_dataset.config import CONTEXT_SHARE, LEAST_CONTEXT_SHARE, SEGMENT_MINIMUM
from elite_code_dataset.records import Unit, Window
from elite_code_dataset.tokens import Encoder
from elite_code_dataset.view import ANYWHERE, BLOCK, LINE, NESTED, STATEMENT, TOP, View, one_line

CALLABLES = frozenset({"function", "method"})
DAY = 86_400.0


@dataclass(frozen=True)
class Corpus:
    """All files of one repository and how they hang together. ``edges``: path -> paths it imports; ``order``: dependencies first."""

    views: Mapping[str, View]
    edges: Mapping[str, Sequence[str]]
    order: Sequence[str]
    encoder: Encoder
    commit_time: int

    @cached_property
    def _rank(self) -> dict[str, int]:
        return {path: i for i, path in enumerate(self.order)}

    @cached_property
    def _line_ids(self) -> dict[str, list[int]]:
        """Ids of every line a context may be made of, each line encoded once."""
        lines: dict[str, None] = {}
        for view in self.views.values():
            lines[view.path_line] = None
            lines.update((text, None) for _, _, text, _ in view.import_lines if text)
            lines.update(dict.fromkeys(view.distinct_lines))
        return dict(zip(lines, self.encoder.ids_of(list(lines))))

    def ids_of(self, line: str) -> list[int]:
        return self._line_ids[line]

    def visible(self, view: View) -> list[View]:
        """The files ``view`` imports that its rows may show: a train row never shows evaluation code."""
        paths = [p for p in self.edges.get(view.source.path, ()) if p in self.views and p != view.source.path]
        shown = [self.views[p] for p in sorted(paths, key=lambda p: (self._rank.get(p, 0), p))]
        return [v for v in shown if view.split != "train" or v.split == "train"]


@dataclass(frozen=True)
class Piece:
    """A target: tokens ``[first, last)`` of a file, and how good the place in front of it was."""

    first: int
    last: int
    level: int


@dataclass(frozen=True)
class Shown:
    """What the rows of a file may show of others: the files it imports; and for names it uses where they are defined."""

    visible: list[View]
    called: dict[str, list[tuple[View, Unit]]]


def windows_of(corpus: Corpus, view: View, scale: int, overlap: float = 0.0, blind: bool = False) -> Iterator[Window]:
    """Rows of one file at one scale (any number of tokens; the five named ones have contexts of their own)."""
    pieces = pieces_of(view, scale, overlap, blind)
    if blind:
        yield from (_window(corpus, view, scale, piece, []) for piece in pieces)
        return
    visible = corpus.visible(view)
    shown = Shown(visible, _called_names(view, visible) if scale in (512, 1024) else {})
    for piece, around in zip(pieces, view.enclosing(int(view.encoding.starts[piece.first]) for piece in pieces)):
        yield _window(corpus, view, scale, piece, _context(corpus, view, scale, piece, around, shown))


def pieces_of(view: View, scale: int, overlap: float = 0.0, blind: bool = False) -> list[Piece]:
    """Where a file is cut at one scale. Without overlap the pieces partition the file; ``blind`` cuts every ``scale`` tokens."""
    n = len(view.encoding.ids)
    if n == 0:
        return []
    if blind:
        return _strides(view, n, scale, overlap)
    budget = max(1, scale - int(scale * CONTEXT_SHARE.get(scale, 0.25)))
    limit = max(budget, widest(scale))
    levels = view.levels_within(limit)
    segments = _segments(view, budget, levels) if scale <= 512 else [(0, n)]
    pieces: list[Piece] = []
    for first, last in segments:
        pieces += divided(levels, first, last, budget, limit)
    return _overlapped(levels, pieces, budget, overlap) if overlap else pieces


def widest(scale: int) -> int:
    """Tokens that a target may have where a statement needs them: the rest holds the path and perhaps a header."""
    return scale - int(scale * LEAST_CONTEXT_SHARE)


def divided(levels: np.ndarray, first: int, last: int, budget: int, limit: int = 0) -> list[Piece]:
    """``[first, last)`` in pieces of at most ``budget`` tokens, cut at the best places; bytes of one character stay together when they fit.

    A piece that would otherwise divide a run goes on to its end, as long as that is within ``limit`` tokens."""
    pieces = []
    while last - first > budget:
        two_left = last - first <= 2 * budget
        aim = first + (last - first + 1) // 2 if two_left else first + budget
        cut = _best_cut(levels, first, last, budget, aim)
        if levels[cut] < LINE:
            ahead = first + budget + 1 + np.flatnonzero(levels[first + budget + 1 : min(first + limit, last) + 1] >= LINE)
            cut = int(ahead[0]) if len(ahead) else cut
        if cut == last:
            break
        pieces.append(Piece(first, cut, int(levels[first])))
        first = cut
    return [*pieces, Piece(first, last, int(levels[first]))]


def _best_cut(levels: np.ndarray, first: int, last: int, budget: int, aim: int) -> int:
    low, high = first + max(1, budget // 2), first + budget
    low = max(low, last - budget * ((last - first - 1) // budget)) if last - first <= 2 * budget else low
    near = levels[low : high + 1]
    if near.max() < STATEMENT and levels[first + 1 : high + 1].max() >= (STATEMENT if near.max() >= LINE else LINE):
        low, near = first + 1, levels[first + 1 : high + 1]
    best = near.max()
    if best < ANYWHERE:
        return high
    places = low + np.flatnonzero(near == best)
    return int(places[np.argmin(np.abs(places - aim))])


def _segments(view: View, budget: int, levels: np.ndarray) -> list[tuple[int, int]]:
    """One unit a segment: cut around every unit that is not inside a function; short headers and leftovers join a neighbour."""
    units, n = view.parsed.units, len(view.encoding.ids)
    chosen = np.flatnonzero(~np.array(_inside_callables(units), dtype=bool))
    places = view.unit_places[:, chosen]
    marks = {0, n, *places[(places >= 0) & (levels[places] >= NESTED)].tolist()}  # a unit inside a run stays with it
    callables = {place for place, i in zip(places[0].tolist(), chosen.tolist()) if units[i].kind in CALLABLES and place in marks}
    cuts = sorted(marks)
    segments: list[tuple[int, int]] = []
    for first, last in zip(cuts, cuts[1:]):
        is_callable = first in callables
        if segments:
            before = segments[-1]
            short_before = before[1] - before[0] < SEGMENT_MINIMUM and before[0] not in callables
            joined = last - before[0]
            leftover = not is_callable and last - first < SEGMENT_MINIMUM
            header = short_before and (is_callable or not leftover)
            blank = not view.raw[view.encoding.starts[first] : view.encoding.starts[last]].strip()
            both_small = not is_callable and before[0] not in callables and joined <= budget // 2
            if joined <= budget and (header or leftover or both_small or blank):
                segments[-1] = (before[0], last)
                if is_callable:
                    callables.add(before[0])
                continue
        segments.append((first, last))
    return segments


def _inside_callables(units: Sequence[Unit]) -> list[bool]:
    """Whether each unit stands in a function, at any depth; an outer unit comes before those inside it."""
    inside: list[bool] = []
    for unit in units:
        inside.append(unit.parent >= 0 and (units[unit.parent].kind in CALLABLES or inside[unit.parent]))
    return inside


def _strides(view: View, n: int, scale: int, overlap: float) -> list[Piece]:
    step = max(1, int(scale * (1 - overlap)))
    firsts = range(0, max(1, n - scale + step), step) if overlap else range(0, n, step)
    return [Piece(first, min(n, first + scale), int(view.levels[first])) for first in firsts]


def _overlapped(levels: np.ndarray, pieces: list[Piece], budget: int, overlap: float) -> list[Piece]:
    """Further pieces between neighbours, each starting ``(1 - overlap)`` of a budget after the one before, at the best place near there."""
    step = max(1, int(budget * (1 - overlap)))
    extra = []
    for piece in pieces:
        if piece.last - piece.first < step:
            continue
        for aim in range(piece.first + step, piece.last, step):
            low, high = max(piece.first + 1, aim - step // 4), min(len(levels) - 2, aim + step // 4)
            near = levels[low : high + 1]
            if len(near):
                first = low + int(np.argmax(near))
                extra.append(Piece(first, min(len(levels) - 1, first + budget), int(levels[first])))
    return sorted({(p.first, p.last): p for p in [*pieces, *extra]}.values(), key=lambda p: (p.first, p.last))


def _called_names(view: View, visible: Sequence[View]) -> dict[str, list[tuple[View, Unit]]]:
    """Word of this file -> where it is defined: here, and in the files it imports. A name defined in more than three places says nothing."""
    found: dict[str, list[tuple[View, Unit]]] = {}
    for source in (view, *visible):
        for name in sorted(source.defined.keys() & view.vocabulary):
            found.setdefault(name, []).extend((source, unit) for unit in source.defined[name][:4])
    return {name: places for name, places in found.items() if len(places) <= 3}


def _window(corpus: Corpus, view: View, scale: int, piece: Piece, context: Sequence[tuple[str, list[int]]]) -> Window:
    source, starts = view.source, view.encoding.starts
    start, end = int(starts[piece.first]), int(starts[piece.last])
    target_ids = view.encoding.ids[piece.first : piece.last].tolist()
    context_text = "".join(text for text, _ in context)
    context_ids = [i for _, ids in context for i in ids]
    here = view.units_in(start, end)
    first_line, last_line = view.line_of(start), view.line_of(max(start, end - 1))
    timestamp = view.touched(first_line, last_line)
    return Window(
        id=row_id(source.lineage, source.path, source.blob, scale, start, end),
        group=view.group,
        split=view.split,
        path=source.path,
        language=source.language,
        role=source.role,
        kind="code",
        scale=scale,
        technique="original",
        parent_id="",
        text=context_text + view.raw[start:end].decode(),
        context_chars=len(context_text),
        input_ids=context_ids + target_ids,
        context_tokens=len(context_ids),
        n_tokens=len(context_ids) + len(target_ids),
        start_byte=start,
        end_byte=end,
        start_line=first_line,
        end_line=last_line,
        units=[u.name for u in here],
        signatures=[u.signature for u in here],
        dependencies=list(corpus.edges.get(source.path, ())),
        complexity=1 + sum(u.complexity - 1 for u in here),
        commit=source.commit,
        timestamp=timestamp,
        age_days=max(0.0, (corpus.commit_time - timestamp) / DAY),
    )


def _context(corpus: Corpus, view: View, scale: int, piece: Piece, around: Sequence[int], shown: Shown) -> list[tuple[str, list[int]]]:
    """Lines (and at 4096 bodies) ahead of the target, nearest last: dependencies, path, imports, signatures, headers of the units ``around``."""
    start, end = (int(view.encoding.starts[place]) for place in (piece.first, piece.last))
    target = piece.last - piece.first
    room = scale - target
    if scale < 4096:
        room = min(room, int(scale * CONTEXT_SHARE.get(scale, 0.25)))
    else:
        room = min(room, max(scale // 4, target))
    picks: dict[str, list[tuple[str, list[int]]]] = {"headers": [], "path": [], "imports": [], "signatures": [], "bodies": []}

    def take(shelf: str, line: str) -> bool:
        nonlocal room
        ids = corpus.ids_of(line)
        if not line or len(ids) > room:
            return False
        picks[shelf].append((line, ids))
        room -= len(ids)
        return True

    take("path", view.path_line)
    for i in around:
        if view.signature_lines[i]:
            take("headers", view.signature_lines[i])
    words = view.words_in(start, end) if scale >= 512 else {}
    if 512 <= scale <= 1024:
        for a, b, line in _imports_of(view, words):
            if line and not (a < end and b > start):
                take("imports", line)
    if scale in (512, 1024):
        for unit in _called(words, shown.called, view, start, end):
            if not take("signatures", one_line(unit.signature)):
                break
    elif scale >= 2048:
        for other in shown.visible:
            names = words.keys() & other.named.keys() if scale == 2048 else other.named.keys()
            if names and take("signatures", other.path_line):
                for line in other.distinct_lines if scale > 2048 else _lines_of(other, names):
                    if not take("signatures", line):
                        break
    if scale >= 4096:
        for other in shown.visible:
            body = _body(corpus, other, room)
            if body:
                picks["bodies"].append(body)
                room -= len(body[1])
    far = [*picks["signatures"], *picks["bodies"]] if scale >= 2048 else []
    near = picks["signatures"] if scale < 2048 else []
    return [*far, *picks["path"], *picks["imports"], *near, *picks["headers"]]


def _imports_of(view: View, words: Mapping[str, None]) -> Iterator[tuple[int, int, str]]:
    """Start, end and text of each import that brings in one of the words, in the file's order."""
    for i in sorted({i for word in words.keys() & view.imported.keys() for i in view.imported[word]}):
        yield view.import_lines[i][:3]


def _lines_of(other: View, names: Iterable[str]) -> Iterator[str]:
    """The signature lines of the units with these names, in the file's order, each once."""
    seen: set[str] = set()
    for i in heapq.merge(*(other.named[name] for name in names)):
        if (line := other.signature_lines[i]) not in seen:
            seen.add(line)
            yield line


def _called(words: Mapping[str, None], called: dict, view: View, start: int, end: int) -> Iterator[Unit]:
    for word in words:
        for place, unit in called.get(word, ()):
            if place is not view or unit.end_byte <= start or unit.start_byte >= end:
                yield unit


def _body(corpus: Corpus, other: View, room: int) -> tuple[str, list[int]] | None:
    """The file's path line and as many of its first tokens as fit, ending at a unit; None when not even one unit fits."""
    head = corpus.ids_of(other.path_line)
    left = room - len(head)
    n = len(other.encoding.ids)
    if left < SEGMENT_MINIMUM:
        return None
    end = n if n <= left else int(np.max(np.flatnonzero(other.levels[: left + 1] >= NESTED), initial=0))
    if end == 0:
        return None
    text = other.raw[: int(other.encoding.starts[end])].decode()
    return other.path_line + text, head + other.encoding.ids[:end].tolist()


def row_id(*parts: object) -> str:
    """20 hex digits of sha256 over the parts."""
    return hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "surrogatepass")).hexdigest()[:20]


def cuts_by_level(view: View, scale: int) -> Counter:
    """How many pieces of a file start at a unit, statement, softer place, line, or anywhere (the file's own start not counted)."""
    names = {
        TOP: "unit",
        NESTED: "unit",
        STATEMENT: "statement",
        BLOCK: "block",
        LINE: "line",
        ANYWHERE: "inside_line",
        ANYWHERE - 1: "inside_line",
    }
    return Counter(names[p.level] for p in pieces_of(view, scale) if p.first)
