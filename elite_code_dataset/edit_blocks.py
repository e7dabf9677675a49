"""Blocks: a change -> groups of its hunks with some lines around, each of which becomes an edit row.

In: a change, its hunks. Out: ``Block``: line ranges of both sides, their texts, how many bytes changed, pieces of it. Costs one joining of the lines asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from elite_code_dataset.hunks import Hunk, fitting, inside
from elite_code_dataset.records import Change


@dataclass(frozen=True)
class Place:
    """Where the rows of a change go."""

    group: str
    split: str
    role: str
    language: str


@dataclass(frozen=True)
class Block:
    """One group of hunks of one change: line ranges with their surroundings. ``changed``: bytes of its changed lines, both sides."""

    change: Change
    place: Place
    hunk: Hunk
    before: Sequence[str]
    after: Sequence[str]
    ends: tuple[Sequence[int], Sequence[int]]
    changed: int
    inner: tuple[Hunk, ...]

    @property
    def size(self) -> int:
        return size_of(self.hunk, self.ends)

    @property
    def original(self) -> str:
        return "".join(self.before[self.hunk.a0 : self.hunk.a1])

    @property
    def updated(self) -> str:
        return "".join(self.after[self.hunk.b0 : self.hunk.b1])

    def divided(self, room: int) -> list[Block]:
        """In pieces whose two sides together hold at most ``room`` bytes; a single line on each side stays whole."""
        pieces = fitting(self.hunk, lambda h: size_of(h, self.ends) <= room)
        inner = [inside(self.inner, piece) for piece in pieces]
        return [replace(self, hunk=p, inner=held, changed=self._changed_in(p, held)) for p, held in zip(pieces, inner)]

    def _changed_in(self, piece: Hunk, inner: Sequence[Hunk]) -> int:
        """Changed bytes that lie in a piece; pieces share a block's line ranges out, so these add up to the block's."""
        size = 0
        for hunk in inner:
            a = Hunk(max(hunk.a0, piece.a0), min(hunk.a1, piece.a1), max(hunk.b0, piece.b0), min(hunk.b1, piece.b1))
            size += size_of(a, self.ends)
        return size


def unified(block: Block) -> str:
    """The block as one hunk of a unified diff, from its exact line operations."""
    h = block.hunk
    lines = [f"@@ -{h.a0 + 1},{h.a1 - h.a0} +{h.b0 + 1},{h.b1 - h.b0} @@\n"]
    a, b = h.a0, h.b0
    for inner in (*block.inner, Hunk(h.a1, h.a1, h.b1, h.b1)):
        a0, b0 = min(max(inner.a0, a), h.a1), min(max(inner.b0, b), h.b1)
        lines += [" " + line for line in block.after[b:b0]]
        a1, b1 = min(max(inner.a1, a0), h.a1), min(max(inner.b1, b0), h.b1)
        lines += ["-" + line for line in block.before[a0:a1]] + ["+" + line for line in block.after[b0:b1]]
        a, b = a1, b1
    return "".join(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in lines)


def ends_of(lines: Sequence[str]) -> list[int]:
    """The byte where each line begins, then the size of all."""
    return list(accumulate(map(len, lines) if all(map(str.isascii, lines)) else (len(line.encode()) for line in lines), initial=0))


def size_of(hunk: Hunk, ends: tuple[Sequence[int], Sequence[int]]) -> int:
    """Bytes of a hunk, both sides; none where a range is empty or turned round."""
    return max(0, ends[0][hunk.a1] - ends[0][hunk.a0]) + max(0, ends[1][hunk.b1] - ends[1][hunk.b0])
