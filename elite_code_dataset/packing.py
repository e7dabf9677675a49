"""Packing: row lengths -> bins. Best fit, longest first, so that a window holds whole rows and almost no padding.

In: lengths and a capacity, both in tokens. Out: the bin of every row. Costs about one sort; rows of one length move together, so the
number of Python steps grows with the number of different lengths and not with the number of rows.

Best-fit packing keeps documents whole, which is worth more than the tokens it saves (Ding et al. 2024, arXiv 2404.10830).
"""

from __future__ import annotations

import numpy as np

LEVELLED_BINS = 2048  # at most so many are made equally full; where there are more, their last micro-batch is a small part of them


class _OpenBins:
    """Bins by room left. ``take`` hands out some of the fullest bins that still have ``room`` for a row."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.made = 0
        self._stacks: list[list[np.ndarray]] = [[] for _ in range(capacity + 1)]
        self._count = np.zeros(capacity + 1, dtype=np.int64)

    def tightest(self, room: int) -> int:
        """The smallest room >= ``room`` that some open bin has; the capacity itself when only a new bin will do."""
        fitting = np.flatnonzero(self._count[room:])
        return int(fitting[0]) + room if fitting.size else self.capacity

    def take(self, room: int, wanted: int) -> np.ndarray:
        """Up to ``wanted`` bins with exactly ``room`` left; new ones where the room is the whole capacity and none is open."""
        if not self._count[room]:
            first, self.made = self.made, self.made + wanted
            return np.arange(first, first + wanted)
        wanted = min(wanted, int(self._count[room]))
        self._count[room] -= wanted
        taken, missing, stack = [], wanted, self._stacks[room]
        while missing:
            top = stack.pop()
            if top.size > missing:
                stack.append(top[missing:])
                top = top[:missing]
            taken.append(top)
            missing -= top.size
        return np.concatenate(taken)

    def put_back(self, bins: np.ndarray, room: int) -> None:
        if bins.size and room > 0:
            self._stacks[room].append(bins)
            self._count[room] += bins.size


def best_fit(lengths: np.ndarray, capacity: int) -> np.ndarray:
    """The bin (0, 1, ...) of every row. ``lengths``: int[n], each in 1..``capacity``. No bin holds more than ``capacity`` tokens."""
    bin_of = np.empty(lengths.size, dtype=np.int64)
    longest_first = np.argsort(-lengths.astype(np.int64), kind="stable")
    values, counts = np.unique(lengths, return_counts=True)
    open_bins, end = _OpenBins(capacity), 0
    for length, count in zip(values[::-1].tolist(), counts[::-1].tolist()):
        rows, end = longest_first[end : end + count], end + count
        while rows.size:
            room = open_bins.tightest(length)
            each = room // length
            bins = open_bins.take(room, -(-rows.size // each))
            placed = min(rows.size, bins.size * each)
            bin_of[rows[:placed]] = np.repeat(bins, each)[:placed]
            full, rest = divmod(placed, each)
            open_bins.put_back(bins[:full], room - each * length)
            open_bins.put_back(bins[full : full + 1], room - rest * length) if rest else None
            rows = rows[placed:]
    return bin_of


def level_fit(lengths: np.ndarray, capacity: int) -> np.ndarray:
    """Best fit into as few bins, with the lowest capacity that needs no more of them: bins that stand in one micro-batch are about equally full."""
    best = best_fit(lengths, capacity)
    count = int(best.max()) + 1
    low, high = max(int(lengths.max()), -(-int(lengths.sum()) // count)), capacity
    while low < high and count <= LEVELLED_BINS:
        middle = (low + high) // 2
        lower = best_fit(lengths, middle)
        if int(lower.max()) < count:
            best, high = lower, middle
        else:
            low = middle + 1
    return best
