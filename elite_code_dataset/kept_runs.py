"""Which lines two versions share, told as a reader would: two lists of lines -> runs of lines that both have.

In: the lines before and after. Out: (first line before, first line after, number), in order; together a longest common subsequence. Of the
many that there often are, one in which added and deleted lines stand together and look like a whole: groups that can be moved
until they meet become one, a group that can be moved to where the other side differs too goes there, and any other to where
blank lines and indentation set it off. Otherwise the end of an old function would count as new whenever one is added behind
it. Costs the line difference and a step for each place that a group can be moved to, at most about ``_STEPS`` for each line.
"""

from __future__ import annotations

from collections.abc import Sequence

from elite_code_dataset.hunks import hunks_of

_STEPS = 8
_BLANKS = 20  # blank lines in a row that are told apart
_DEEP, _BLANK, _BLANK_AFTER, _CLOSES = 7, 30, 6, 20  # what a column, a blank line, one behind the cut, and the end of something weigh


def kept_runs(before: Sequence[bytes], after: Sequence[bytes]) -> list[tuple[int, int, int]]:
    """(first line before, first line after, number) of each run of lines that both have."""
    kept: tuple[list[int], list[int]] = ([], [])
    gaps: list[int] = []
    a = b = 0
    for hunk in hunks_of(before, after):
        kept[0].extend(range(a, hunk.a0))
        kept[1].extend(range(b, hunk.b0))
        gaps.append(len(kept[0]))
        a, b = hunk.a1, hunk.b1
    kept[0].extend(range(a, len(before)))
    kept[1].extend(range(b, len(after)))
    first, second = _Side(before, kept[0]), _Side(after, kept[1])
    moved = first.settled(second, gaps)
    ends = sorted({*moved, *second.settled(first, sorted({*gaps, *moved})), len(kept[0])})
    return [(kept[0][at], kept[1][at], end - at) for at, end in zip([0, *ends], ends) if at < end]


class _Side:
    """One version's lines, and which of them are ``kept``. Gap k is what stands before the kept line k and after the one before it."""

    def __init__(self, lines: Sequence[bytes], kept: list[int]) -> None:
        self.lines = lines
        self.kept = kept
        self.steps = _STEPS * (len(lines) + len(kept))

    def _start(self, gap: int) -> int:
        return self.kept[gap - 1] + 1 if gap else 0

    def _end(self, gap: int) -> int:
        return self.kept[gap] if gap < len(self.kept) else len(self.lines)

    def differs(self, gap: int) -> bool:
        return self._start(gap) < self._end(gap)

    def _up(self, gap: int) -> bool:
        """Move the group in a gap by a line, if the line before it equals its last: then that is kept instead."""
        if not gap or self.lines[self.kept[gap - 1]] != self.lines[self._end(gap) - 1]:
            return False
        self.kept[gap - 1] = self._end(gap) - 1
        self.steps -= 1
        return True

    def _down(self, gap: int) -> bool:
        if gap == len(self.kept) or self.lines[self._start(gap)] != self.lines[self.kept[gap]]:
            return False
        self.kept[gap] = self._start(gap)
        self.steps -= 1
        return True

    def settled(self, other: _Side, gaps: Sequence[int]) -> list[int]:
        """Move the group in each of these gaps to its best place; the gaps where groups are then."""
        lines, kept, last = self.lines, self.kept, -1
        found: list[int] = []
        for gap in gaps:
            start, end = kept[gap - 1] + 1 if gap else 0, kept[gap] if gap < len(kept) else len(lines)
            if gap <= last or start == end:
                continue
            if (gap and lines[start - 1] == lines[end - 1]) or (end < len(lines) and lines[start] == lines[end]):
                gap = self._settle(other, gap)
                while found and found[-1] >= gap:
                    found.pop()
            found.append(last := gap)
        return found

    def _settle(self, other: _Side, gap: int) -> int:
        """Move one group, and those it meets, to the best place; the gap it is in then."""
        highest, size = gap, -1
        while size != self._end(gap) - self._start(gap):
            if self.steps < 0:
                return gap
            size = self._end(gap) - self._start(gap)
            while self._up(gap):
                gap -= 1
            highest = gap
            while self._down(gap):
                gap += 1
        if highest == gap:
            return gap
        first = self._end(gap) - (gap - highest)
        beside = [k for k in range(highest, gap + 1) if other.differs(k)]
        best = beside[-1] if beside else max(range(highest, gap + 1), key=lambda k: (self._wholeness(first + k - highest, size), k))
        while gap > best and self._up(gap):
            gap -= 1
        return gap

    def _wholeness(self, end: int, size: int) -> int:
        """How much the lines before this one look like a whole: the more, the better the text can be cut on either side of them."""
        return _cut(self.lines, end - size) + _cut(self.lines, end)


def _cut(lines: Sequence[bytes], at: int) -> int:
    """How well a text can be cut before this line: the better, the less indented what follows is and the more blank lines are beside, unless
    what follows ends something that began before."""
    after = next((i for i in range(at, min(at + _BLANKS, len(lines))) if lines[i].strip()), min(at + _BLANKS, len(lines)))
    before = next((i for i in range(at - 1, max(at - 1 - _BLANKS, -1), -1) if lines[i].strip()), max(at - 1 - _BLANKS, -1))
    depth = _depth(lines[after]) if after < len(lines) else -1
    closes = before >= 0 and depth < _depth(lines[before])
    return _BLANK * (after - before - 1) - _BLANK_AFTER * (after - at) - _DEEP * depth - _CLOSES * closes


def _depth(line: bytes) -> int:
    """Columns before the first character."""
    blanks = line[: len(line) - len(line.lstrip())]
    return len(blanks.expandtabs(8) if b"\t" in blanks else blanks)
