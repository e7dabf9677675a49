"""Hunks: two versions of a text -> the groups of lines in which they differ, cut into pieces of bounded size.

In: before and after. Out: ``Hunk`` line ranges; put together with the unchanged lines they rebuild ``after`` from ``before``.
Lines end at ``\\n`` and nowhere else. Costs a bit-parallel longest common subsequence (rapidfuzz) over the lines between the common
head and tail; where that would be too many, the whole middle is one hunk.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import LCSseq

from elite_code_dataset.config import DIFF_CELLS


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines ``[a0, a1)`` of before became lines ``[b0, b1)`` of after."""

    a0: int
    a1: int
    b0: int
    b1: int


def lines_of(text: str) -> list[str]:
    """Lines with their ends; ``''.join`` gives the text back."""
    parts = text.split("\n")
    return [part + "\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def hunks_of(before: Sequence[str], after: Sequence[str]) -> list[Hunk]:
    """Minimal line differences in order; empty when the texts are equal."""
    n, m = len(before), len(after)
    head = 0
    while head < n and head < m and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < n - head and tail < m - head and before[n - 1 - tail] == after[m - 1 - tail]:
        tail += 1
    if head == n and head == m:
        return []
    x, y = before[head : n - tail], after[head : m - tail]
    if not x or not y or len(x) * len(y) > DIFF_CELLS:
        return [Hunk(head, n - tail, head, m - tail)]
    numbers: dict[str, int] = {}
    first = [numbers.setdefault(line, len(numbers)) for line in x]
    second = [numbers.setdefault(line, len(numbers)) for line in y]
    hunks: list[Hunk] = []
    for code in LCSseq.opcodes(first, second):
        if code.tag == "equal":
            continue
        a0, a1, b0, b1 = code.src_start + head, code.src_end + head, code.dest_start + head, code.dest_end + head
        if hunks and hunks[-1].a1 == a0 and hunks[-1].b1 == b0:
            hunks[-1] = Hunk(hunks[-1].a0, a1, hunks[-1].b0, b1)
        else:
            hunks.append(Hunk(a0, a1, b0, b1))
    return hunks


def grouped(hunks: Sequence[Hunk], around: int) -> list[list[Hunk]]:
    """Hunks whose surroundings of ``around`` lines touch, together."""
    groups: list[list[Hunk]] = []
    for hunk in hunks:
        if groups and hunk.a0 - groups[-1][-1].a1 <= 2 * around:
            groups[-1].append(hunk)
        else:
            groups.append([hunk])
    return groups


def joined(group: Sequence[Hunk]) -> Hunk:
    """One hunk over a group and the unchanged lines inside it."""
    return Hunk(group[0].a0, group[-1].a1, group[0].b0, group[-1].b1)


def widened(hunk: Hunk, around: int, before: int, after: int) -> Hunk:
    """The hunk with up to ``around`` unchanged lines on each side; ``before`` and ``after`` are the line counts."""
    up = min(around, hunk.a0, hunk.b0)
    down = min(around, before - hunk.a1, after - hunk.b1)
    return Hunk(hunk.a0 - up, hunk.a1 + down, hunk.b0 - up, hunk.b1 + down)


def inside(hunks: Sequence[Hunk], piece: Hunk) -> tuple[Hunk, ...]:
    """Those of a file's hunks, in order, that reach into a piece on either side, by bisection."""
    first = min(bisect_right(hunks, piece.a0, key=lambda h: h.a1), bisect_right(hunks, piece.b0, key=lambda h: h.b1))
    last = max(bisect_left(hunks, piece.a1, key=lambda h: h.a0), bisect_left(hunks, piece.b1, key=lambda h: h.b0))
    return tuple(hunks[first:last])


def fitting(hunk: Hunk, fits: Callable[[Hunk], bool]) -> list[Hunk]:
    """The hunk in pieces that fit, halved along both sides until they do; a piece of one line on each side stays."""
    if fits(hunk) or max(hunk.a1 - hunk.a0, hunk.b1 - hunk.b0) <= 1:
        return [hunk]
    a, b = (hunk.a0 + hunk.a1) // 2, (hunk.b0 + hunk.b1) // 2
    if hunk.a1 - hunk.a0 == 1:
        a = hunk.a1
    if hunk.b1 - hunk.b0 == 1:
        b = hunk.b1
    return [*fitting(Hunk(hunk.a0, a, hunk.b0, b), fits), *fitting(Hunk(a, hunk.a1, b, hunk.b1), fits)]
