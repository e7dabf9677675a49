"""Windows: parsed and encoded files -> ``Window`` rows, one way of composing per scale.

In: ``View`` of every file (its syntax, its one encoding), the import graph. Out: rows whose targets, file by file and scale by scale,
are that file, each byte once. 256: one unit under its enclosing header; 512: the same with imports and the signatures it calls; 1024:
neighbouring units; 2048: as much of one file as fits; 4096: a file with the files it depends on, signatures first, then bodies.
Cuts fall on units, else statements, else softer places, else lines. Costs one pass over cut positions a scale; nothing is tokenized
but the context lines, each once.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from elite_code_dataset.config import CONTEXT_SHARE, LEAST_CONTEXT_SHARE, SEGMENT_MINIMUM
from elite_code_dataset.languages import all_languages
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
            lines[path_line(view)] = None
            lines.update((text, None) for _, _, text, _ in view.import_lines if text)
            lines.update((signature_line(u), None) for u in view.parsed.units if signature_line(u))
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


def windows_of(corpus: Corpus, view: View, scale: int, overlap: float = 0.0, blind: bool = False) -> Iterator[Window]:
    """Rows of one file at one scale (any number of tokens; the five named ones have contexts of their own)."""
    pieces = pieces_of(view, scale, overlap, blind)
    called = None if blind else _callable_signatures(corpus, view)
    for piece in pieces:
        yield _window(corpus, view, scale, piece, called)


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
    units = view.parsed.units
    open_to_cuts = [u for u in units if not _inside_callable(u, units)]
    marks = {0, len(view.encoding.ids)}
    callables: set[int] = set()
    for u in open_to_cuts:
        start, end = (int(p) for p in view.places([u.start_byte, view._line_after(u.end_byte)]))
        marks.update(p for p in (start, end) if p >= 0 and levels[p] >= NESTED)  # a unit inside a run stays with it
        if u.kind in CALLABLES and start in marks:
            callables.add(start)
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


def _inside_callable(unit: Unit, units: Sequence[Unit]) -> bool:
    while unit.parent >= 0:
        unit = units[unit.parent]
        if unit.kind in CALLABLES:
            return True
    return False


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


def _callable_signatures(corpus: Corpus, view: View) -> dict[str, list[tuple[View, Unit]]]:
    """Name -> where it is defined: in this file, else in the files it imports. A name defined in more than three places says nothing."""
    own: dict[str, list[tuple[View, Unit]]] = {}
    for source in (view, *corpus.visible(view)):
        for unit in source.parsed.units:
            if signature_line(unit) and unit.name and len(unit.name) > 2 and unit.kind not in ("impl", "module"):
                own.setdefault(unit.name, []).append((source, unit))
    return {name: places for name, places in own.items() if len(places) <= 3}


def _window(corpus: Corpus, view: View, scale: int, piece: Piece, called: dict[str, list[tuple[View, Unit]]] | None) -> Window:
    source, starts = view.source, view.encoding.starts
    start, end = int(starts[piece.first]), int(starts[piece.last])
    target_ids = view.encoding.ids[piece.first : piece.last].tolist()
    context = [] if called is None else _context(corpus, view, scale, start, end, len(target_ids), called)
    context_text = "".join(text for text, _ in context)
    context_ids = [i for _, ids in context for i in ids]
    here = [u for u in view.parsed.units if start <= u.start_byte < end]
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


def _context(
    corpus: Corpus, view: View, scale: int, start: int, end: int, target: int, called: dict[str, list[tuple[View, Unit]]]
) -> list[tuple[str, list[int]]]:
    """Lines (and at 4096 bodies) ahead of the target, nearest last: dependencies, path, imports, signatures, enclosing headers."""
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

    take("path", path_line(view))
    for unit in _enclosing(view, start):
        if signature_line(unit):
            take("headers", signature_line(unit))
    words = view.words_in(start, end) if scale >= 512 else {}
    if 512 <= scale <= 1024:
        for a, b, line, names in view.import_lines:
            if line and not (a < end and b > start) and not names.isdisjoint(words):
                take("imports", line)
    if scale in (512, 1024):
        for unit in _called(words, called, view, start, end):
            if not take("signatures", signature_line(unit)):
                break
    elif scale >= 2048:
        for other in corpus.visible(view):
            lines = [signature_line(u) for u in other.parsed.units if signature_line(u) and (scale > 2048 or u.name in words)]
            if lines and take("signatures", path_line(other)):
                for line in dict.fromkeys(lines):
                    if not take("signatures", line):
                        break
    if scale >= 4096:
        for other in corpus.visible(view):
            body = _body(corpus, other, room)
            if body:
                picks["bodies"].append(body)
                room -= len(body[1])
    far = [*picks["signatures"], *picks["bodies"]] if scale >= 2048 else []
    near = picks["signatures"] if scale < 2048 else []
    return [*far, *picks["path"], *picks["imports"], *near, *picks["headers"]]


def _enclosing(view: View, start: int) -> list[Unit]:
    """Units that the target starts strictly inside of, outermost first."""
    return [u for u in view.parsed.units if u.start_byte < start < u.end_byte]


def _called(words: Mapping[str, None], called: dict, view: View, start: int, end: int) -> Iterator[Unit]:
    for word in words:
        for place, unit in called.get(word, ()):
            if place is not view or unit.end_byte <= start or unit.start_byte >= end:
                yield unit


def _body(corpus: Corpus, other: View, room: int) -> tuple[str, list[int]] | None:
    """The file's path line and as many of its first tokens as fit, ending at a unit; None when not even one unit fits."""
    head = corpus.ids_of(path_line(other))
    left = room - len(head)
    n = len(other.encoding.ids)
    if left < SEGMENT_MINIMUM:
        return None
    end = n if n <= left else int(np.max(np.flatnonzero(other.levels[: left + 1] >= NESTED), initial=0))
    if end == 0:
        return None
    text = other.raw[: int(other.encoding.starts[end])].decode()
    return path_line(other) + text, head + other.encoding.ids[:end].tolist()


def signature_line(unit: Unit) -> str:
    return one_line(unit.signature)


def path_line(view: View) -> str:
    """The path as a comment of the file's language."""
    language = all_languages().get(view.source.language)
    label = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in view.source.path)
    if language is not None and not language.line_comment and language.block_comment:
        return f"{language.block_comment[0]} {label} {language.block_comment[1]}\n"
    return f"{language.line_comment if language is not None and language.line_comment else '#'} {label}\n"


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
