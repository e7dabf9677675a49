"""Views: one parsed and encoded file, prepared once for every scale; how good each of its places is to cut, and what stands where.

In: a ``ParsedFile``, its ``Encoding``, its group and split, the times of its lines. Out: token indices, levels, words, import lines, units by place
and by name. Costs one pass over the places a scale; all else is computed once and kept, so that no row looks at all units.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

import numpy as np

from elite_code_dataset.config import SIGNATURE_CHARACTERS
from elite_code_dataset.languages import Language, all_languages
from elite_code_dataset.records import ParsedFile, Unit
from elite_code_dataset.tokens import Encoding

ANYWHERE, LINE, BLOCK, STATEMENT, NESTED, TOP = -1, 0, 1, 2, 3, 4  # how good a place to cut is
BLANKS = re.compile(rb"\s*")
WORD = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")
LINE_END = re.compile(rb"[ \t\r;,]*\n|[^\S\n]*\Z")


class View:
    """One file, prepared once for every scale."""

    def __init__(self, parsed: ParsedFile, encoding: Encoding, group: str, split: str, line_times: np.ndarray | None = None):
        self.parsed, self.encoding, self.group, self.split, self.line_times = parsed, encoding, group, split, line_times
        self.source = parsed.source
        self.raw = parsed.source.text.encode()

    @cached_property
    def digest(self) -> str:
        """Of the text, which no blob tells alone: names of those who came later are replaced in it."""
        return hashlib.sha256(self.raw).hexdigest()[:16]

    @cached_property
    def line_starts(self) -> np.ndarray:
        """int64: the byte offset of each line."""
        return np.concatenate([[0], np.flatnonzero(np.frombuffer(self.raw, dtype=np.uint8) == 10) + 1]).astype(np.int64)

    @cached_property
    def levels(self) -> np.ndarray:
        """int8, shape (tokens + 1,): how good a place the front of each token is to cut; a place inside a character is below ANYWHERE."""
        starts = self.encoding.starts
        levels = np.full(len(starts), ANYWHERE, dtype=np.int8)
        levels[1:][starts[1:] == starts[:-1]] = ANYWHERE - 1
        nested = np.array([u.depth > 0 for u in self.parsed.units], dtype=bool)
        for places, level in (
            (self.places(self.line_starts), LINE),
            (self.places(self.parsed.blocks), BLOCK),
            (self.places(self.parsed.statements), STATEMENT),
            (self.unit_places[:, nested], NESTED),
            (self.unit_places[:, ~nested], TOP),
        ):
            places = places[places >= 0]
            levels[places] = np.maximum(levels[places], level)
        levels[0] = levels[-1] = TOP
        return levels

    def levels_within(self, budget: int) -> np.ndarray:
        """``levels``, where a place between two neighbouring ``runs`` is the only good one, as long as they fit into ``budget`` tokens."""
        levels = self.levels.copy()
        change = np.zeros(len(levels) + 1, dtype=np.int32)
        bounds = self.run_places
        for first, last in zip(bounds, bounds[1:]):
            if last - first > budget:
                first = self._after_comments(first, last)
            if 1 < last - first <= budget:
                change[first + 1] += 1
                change[last] -= 1
        divides = np.cumsum(change[:-1]) > 0
        levels[divides] = np.minimum(levels[divides], ANYWHERE)
        return levels

    @cached_property
    def run_places(self) -> list[int]:
        """Tokens at which a run of code begins that no cut should divide: statements, and what follows a unit that is a statement."""
        statements = set(self.parsed.statements)
        ends = [end for unit, end in zip(self.parsed.units, self.unit_ends) if unit.start_byte in statements]
        places = self.places(sorted({*statements, *ends})) if statements else np.zeros(0, np.int64)
        return sorted({*places[places >= 0].tolist(), len(self.encoding.ids)})

    def _after_comments(self, first: int, last: int) -> int:
        """The first token of ``[first, last)`` that begins a line behind the comments there."""
        language = all_languages().get(self.source.language)
        start, end = (int(self.encoding.starts[place]) for place in (first, last))
        at = self._code_after(start, end, language) if language is not None else start
        line = int(self.places([max(start, self.raw.rfind(b"\n", 0, at) + 1)])[0])
        return line if first <= line < last else first

    def _code_after(self, start: int, end: int, language: Language) -> int:
        """The first byte of ``[start, end)`` that is neither blank nor in a comment."""
        opening, closing = (mark.encode() for mark in language.block_comment or ("", ""))
        while True:
            start = BLANKS.match(self.raw, start, end).end()
            if language.line_comment and self.raw.startswith(language.line_comment.encode(), start):
                after = self.raw.find(b"\n", start, end)
            elif opening and self.raw.startswith(opening, start):
                after = self.raw.find(closing, start + len(opening), end) + len(closing) - 1
            else:
                return start
            if after < start:
                return start
            start = after + 1

    def places(self, offsets: Sequence[int] | np.ndarray) -> np.ndarray:
        """int64: the token index at which to cut for each byte offset; a token of blanks that straddles it goes to the right; -1 for none."""
        offsets = np.asarray(offsets, dtype=np.int64)
        starts = self.encoding.starts
        found = np.searchsorted(starts, offsets, side="left")
        for i in np.flatnonzero(starts[np.minimum(found, len(starts) - 1)] != offsets):
            before = int(found[i]) - 1
            found[i] = before if before >= 0 and not self.raw[starts[before] : offsets[i]].strip() else -1
        return found

    def _line_after(self, byte: int) -> int:
        """The start of the next line if only blanks and closing marks stand before it, else ``byte``."""
        found = LINE_END.match(self.raw, byte)
        return found.end() if found else byte

    @cached_property
    def unit_ends(self) -> list[int]:
        """Where each unit ends, with its line where nothing else stands there."""
        return [self._line_after(unit.end_byte) for unit in self.parsed.units]

    @cached_property
    def unit_places(self) -> np.ndarray:
        """int64, shape (2, units): the tokens at which to cut in front of each unit and behind it."""
        return self.places([*(unit.start_byte for unit in self.parsed.units), *self.unit_ends]).reshape(2, -1)

    @cached_property
    def _units_by_start(self) -> tuple[np.ndarray, np.ndarray]:
        starts = np.array([unit.start_byte for unit in self.parsed.units], dtype=np.int64)
        order = np.argsort(starts, kind="stable")
        return starts[order], order

    def units_in(self, start: int, end: int) -> list[Unit]:
        """The units that begin in ``[start, end)``, in the file's order."""
        starts, order = self._units_by_start
        first, last = np.searchsorted(starts, (start, end))
        return [self.parsed.units[i] for i in np.sort(order[first:last])]

    def enclosing(self, starts: Iterable[int]) -> Iterator[list[int]]:
        """For each of these ascending bytes the indices of the units that it lies strictly inside of, outermost first."""
        begins, order = self._units_by_start
        at, around = 0, []
        for start in starts:
            first, at = at, int(np.searchsorted(begins, start))
            around = [i for i in (*around, *order[first:at].tolist()) if self.parsed.units[i].end_byte > start]
            yield sorted(around)

    @cached_property
    def signature_lines(self) -> list[str]:
        """Each unit's signature on one line; '' for one that no context shows."""
        return [one_line(unit.signature) for unit in self.parsed.units]

    @cached_property
    def distinct_lines(self) -> list[str]:
        """The signature lines there are, in order."""
        return [line for line in dict.fromkeys(self.signature_lines) if line]

    @cached_property
    def named(self) -> dict[str, list[int]]:
        """Name -> indices of the units with that name that have a signature line."""
        found: dict[str, list[int]] = {}
        for i, (unit, line) in enumerate(zip(self.parsed.units, self.signature_lines)):
            if line:
                found.setdefault(unit.name, []).append(i)
        return found

    @cached_property
    def defined(self) -> dict[str, list[Unit]]:
        """Name -> the units it may mean where it is used; names of one or two letters mean too much."""
        kept = ((name, [self.parsed.units[i] for i in found]) for name, found in self.named.items() if len(name) > 2)
        used = {name: [unit for unit in units if unit.kind not in ("impl", "module")] for name, units in kept}
        return {name: units for name, units in used.items() if units}

    @cached_property
    def path_line(self) -> str:
        """The path as a comment of the file's language."""
        language = all_languages().get(self.source.language)
        label = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in self.source.path)
        if language is not None and not language.line_comment and language.block_comment:
            return f"{language.block_comment[0]} {label} {language.block_comment[1]}\n"
        return f"{language.line_comment if language is not None and language.line_comment else '#'} {label}\n"

    @cached_property
    def words(self) -> tuple[np.ndarray, list[bytes]]:
        """Offsets and spellings of every identifier-like word."""
        found = [(m.start(), m.group()) for m in WORD.finditer(self.raw)]
        return np.array([start for start, _ in found], dtype=np.int64), [word for _, word in found]

    def words_in(self, start: int, end: int) -> dict[str, None]:
        """Words of ``[start, end)`` in order of first use."""
        offsets, words = self.words
        a, b = np.searchsorted(offsets, (start, end))
        return {word.decode(): None for word in words[a:b]}

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """Every identifier-like word of the file."""
        return frozenset(word.decode() for word in set(self.words[1]))

    @cached_property
    def import_lines(self) -> list[tuple[int, int, str, frozenset[str]]]:
        """Start, end, text on one line, and the names brought in, of each import statement."""
        spans: dict[tuple[int, int], set[str]] = {}
        for found in self.parsed.imports:
            names = found.names or (re.split(r"[./:]+", found.module.strip("\"'"))[-1],)
            spans.setdefault((found.start_byte, found.end_byte), set()).update(names)
        bounds = {span: self._whole_lines(*span) for span in sorted(spans)}
        lines = {(a, b): one_line(self.raw[a:b].decode(errors="replace")) for a, b in dict.fromkeys(bounds.values())}
        return [(*span, lines[bounds[span]], frozenset(spans[span])) for span in bounds]

    @cached_property
    def imported(self) -> dict[str, list[int]]:
        """Name -> indices of the ``import_lines`` that bring it in."""
        found: dict[str, list[int]] = {}
        for i, (_, _, _, names) in enumerate(self.import_lines):
            for name in sorted(names):
                found.setdefault(name, []).append(i)
        return found

    def _whole_lines(self, start: int, end: int) -> tuple[int, int]:
        """``[start, end)`` with the rest of its first and last line: what a ``require`` is bound to stands before it."""
        first, last = np.searchsorted(self.line_starts, (start, end), side="right")
        return int(self.line_starts[first - 1]), int(self.line_starts[last]) - 1 if last < len(self.line_starts) else len(self.raw)

    def line_of(self, byte: int) -> int:
        return int(np.searchsorted(self.line_starts, byte, side="right"))

    def touched(self, first_line: int, last_line: int) -> int:
        """Committer time of the newest change to these lines (1-based, inclusive); the file's own where lines are not known."""
        if self.line_times is None or len(self.line_times) < last_line:
            return self.source.last_changed
        return int(self.line_times[first_line - 1 : last_line].max())


def one_line(text: str) -> str:
    """Whitespace collapsed and a line end added; '' when too long to be a signature."""
    joined = " ".join(text.split())
    return joined + "\n" if joined and len(joined) <= SIGNATURE_CHARACTERS else ""
