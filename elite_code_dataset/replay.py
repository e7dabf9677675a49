"""Replay: groups of files and their sides while the history runs by, for ``splits``.

In: steps, commit by commit, and what a tokenizer measures. Out: the state after the last one. Costs a second for 10,000 steps; every decision rests on
the past alone.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np

from elite_code_dataset.config import (
    MEASURE_FINE,
    MEASURE_FIRST,
    MEASURE_GROWTH,
    MEASURE_LAST,
    SPLIT_SETTLED,
    SPLIT_SMALL,
    SPLIT_SMALL_FACTOR,
    SPLIT_TRIGGER,
)
from elite_code_dataset.records import SPLITS

TRAIN = SPLITS.index("train")
Sizes = tuple[int, int]  # tokens on the train side, and elsewhere


@dataclass(frozen=True, slots=True)
class Step:
    """One path after one commit: ``order`` counts commits from the oldest, ``size`` is 0 where the path is gone or does not count.

    ``size`` is in tokens or what grows like them; lineages that ever share a ``blob`` ('' for contents alike by chance) stay together;
    ``time`` is the committer's, in Unix seconds, 0 where nothing was written (a merge). A step on a branch is not ``live``: it makes lineages and
    contents known, and the sizes follow when it is merged."""

    order: int
    lineage: str
    path: str
    size: int
    blob: str = ""
    time: int = 0
    live: bool = True


class Measure(Protocol):
    """Sizes by a tokenizer that itself depends on the sides."""

    def sizes(self, order: int, side: Mapping[str, str]) -> Mapping[str, int]:
        """lineage -> tokens after the commit of this order, of those that can be measured, from lineage -> split of those that are live."""

    def anchor(self, order: int) -> None:
        """The commit of this order is the last one, so far, with a quarter more code than the one named before."""


@cache
def chance(seed: int, lineage: str) -> float:
    """A number in [0, 1) that depends on nothing else."""
    return int.from_bytes(hashlib.sha256(f"{seed}\0{lineage}".encode("utf-8", "surrogatepass")).digest()[:6], "big") / 2**48


class Replay:
    """Groups, their sides and their live sizes while the history runs by.

    A file has two sizes: the tokens it takes on the train side, which the tokenizer is trained on, and those it takes elsewhere. Without a measure, and
    for what was written since sizes were measured, both are the same."""

    def __init__(self, targets: Sequence[float], seed: int) -> None:
        self.targets = np.array(targets)
        self.seed = seed
        self.parent: dict[str, str] = {}
        self.born: dict[str, int] = {}  # lineage -> how many were born before it
        self.side: dict[str, int] = {}  # root -> index into SPLITS
        self.size: dict[str, Sizes] = {}  # root -> live size
        self.at: dict[str, tuple[str, int, Sizes]] = {}  # live path -> lineage, estimated size, sizes
        self.estimate = 0  # of all that is live
        self.threshold = MEASURE_FIRST
        self.holder: dict[str, str] = {}  # blob -> the lineage that held it first
        self.totals = np.zeros(len(self.targets))
        self.moved = 0
        self.kept: set[str] = set()  # roots that stay where they are, whatever the shares
        self.measure: dict[str, tuple[int, Sizes]] = {}  # lineage -> its estimated size when it was measured, its sizes
        self.usual = 1.0  # measured tokens by estimated ones, of what is new to the tokenizer

    def keep(self, side: Mapping[str, str], group: Mapping[str, str]) -> None:
        """Lineages that are known from before: from now on no share is mended, and they stay on their sides."""
        for lineage in sorted(group):
            self.know(lineage)
            self.parent[lineage] = group[lineage]
            self.side[group[lineage]] = SPLITS.index(side[lineage])
        self.kept = set(group.values())

    def root(self, lineage: str) -> str:
        while self.parent[lineage] != lineage:
            self.parent[lineage] = self.parent[self.parent[lineage]]
            lineage = self.parent[lineage]
        return lineage

    def add(self, root: str, sizes: Sizes, sign: int = 1) -> None:
        self.size[root] = tuple(old + sign * new for old, new in zip(self.size[root], sizes))
        if root in self.side:
            self.totals[self.side[root]] += sign * sizes[self.side[root] != TRAIN]

    def place(self, path: str, lineage: str, size: int) -> None:
        """The path now belongs to the lineage with this size; whatever stood there is gone."""
        if path in self.at:
            before, estimate, old = self.at.pop(path)
            self.estimate -= estimate
            self.add(self.root(before), old, -1)
        if size:
            self.at[path] = (lineage, size, self.scaled(lineage, size))
            self.estimate += size
            self.add(self.root(lineage), self.at[path][2])

    def scaled(self, lineage: str, size: int) -> Sizes:
        """An estimated size in measured tokens: what the file had when it was measured at its own ratio, what it has gained since like all that is new."""
        estimated, sizes = self.measure.get(lineage, (0, (0, 0)))
        left, gained = min(1.0, size / estimated) if estimated else 0.0, max(0, size - estimated) * self.usual
        return tuple(max(1, round(tokens * left + gained)) for tokens in sizes)

    def measured(self, order: int, measure: Measure) -> None:
        """Where so much is live for the first time, sizes are measured: those at hand, and the later ones by the same ratios."""
        if self.estimate < self.threshold:
            return
        while self.threshold <= self.estimate:
            self.threshold *= MEASURE_GROWTH[self.threshold > MEASURE_FINE]
        side = {lineage: SPLITS[self.side[self.root(lineage)]] for lineage in sorted({lineage for lineage, _, _ in self.at.values()})}
        if self.take(measure.sizes(order, side) if self.estimate <= MEASURE_LAST else self.estimated(), side):
            measure.anchor(order)
            self.mend(SPLIT_TRIGGER, SPLIT_SETTLED)

    def estimated(self) -> dict[str, int]:
        """lineage -> its estimated size, of those that are live."""
        sizes: dict[str, int] = {}
        for lineage, size, _ in self.at.values():
            sizes[lineage] = sizes.get(lineage, 0) + size
        return sizes

    def take(self, sizes: Mapping[str, int], side: Mapping[str, str]) -> bool:
        """From now on these are the sizes, each on the side where the lineage was when it was measured, and by the usual ratio on the other; whether there
        were any."""
        estimated = self.estimated()
        sizes = {lineage: size for lineage, size in sizes.items() if size and lineage in estimated}
        if not sizes:
            return False
        seen = [lineage for lineage in sizes if side[lineage] == "train"]
        unseen = [lineage for lineage in sizes if side[lineage] != "train"]
        usual, self.usual = (_ratio(sizes, estimated, some or list(sizes)) for some in (seen, unseen))
        dearer = self.usual / usual if seen and unseen else 1.0
        self.measure = {lineage: (estimated[lineage], (sizes[lineage], round(sizes[lineage] * dearer))) for lineage in seen}
        self.measure |= {lineage: (estimated[lineage], (round(sizes[lineage] / dearer), sizes[lineage])) for lineage in unseen}
        for path, (lineage, size, _) in list(self.at.items()):
            self.place(path, lineage, size)
        return True

    def move(self, root: str, side: int) -> None:
        for at, sign in ((self.side[root], -1), (side, 1)):
            self.totals[at] += sign * self.size[root][at != TRAIN]
        self.side[root] = side

    def join(self, one: str, other: str) -> None:
        """Make two groups one, on the side of the older; of two new ones neither has a side yet. Two that are kept apart stay apart."""
        a, b = sorted({self.root(one), self.root(other)}, key=self.born.__getitem__) if self.root(one) != self.root(other) else (one, one)
        if a == b or ({a, b} <= self.kept and self.side[a] != self.side[b]):
            return
        if b in self.side and a in self.side:
            self.moved += self.side[a] != self.side[b] and self.size[b][0] > 0
            self.move(b, self.side[a])
        elif a in self.side:
            self.totals[self.side[a]] += self.size[b][self.side[a] != TRAIN]
        self.side.pop(b, None)
        self.parent[b] = a
        self.size[a] = tuple(map(sum, zip(self.size[a], self.size.pop(b))))

    def commit(self, steps: Sequence[Step]) -> None:
        """One commit: gone paths first, then the rest; then sides for what is new; then the shares."""
        touched: list[str] = []
        for step in sorted(steps, key=lambda s: (s.size > 0, s.path, s.lineage)):
            self.know(step.lineage)
            touched.append(step.lineage)
            if step.live:
                self.place(step.path, step.lineage, step.size)
            if step.blob:
                self.join(self.holder.setdefault(step.blob, step.lineage), step.lineage)
        self.settle({root for root in map(self.root, touched) if self.size[root][0] > 0})
        self.mend(SPLIT_TRIGGER, SPLIT_SETTLED)

    def know(self, lineage: str) -> None:
        if lineage not in self.parent:
            self.parent[lineage] = lineage
            self.born[lineage] = len(self.born)
            self.size[lineage] = (0, 0)

    def settle(self, roots: Iterable[str]) -> None:
        """A side for each group that has none: its hash's, unless that overshoots; then the one that lacks most."""
        unsettled = sorted((root for root in roots if root not in self.side), key=lambda root: (chance(self.seed, root), root))
        everything = self.totals.sum() + sum(self.size[root][0] for root in unsettled)
        bounds = np.cumsum(self.targets)
        for root in unsettled:
            lacking = self.targets * everything - self.totals
            side = min(int(np.searchsorted(bounds, chance(self.seed + 1, root), side="right")), len(bounds) - 1)
            if self.size[root][0] and self.size[root][side != TRAIN] > lacking[side] + SPLIT_SETTLED * everything:
                side = int(np.argmax(lacking))
            self.side[root] = side
            self.totals[side] += self.size[root][side != TRAIN]

    def live(self) -> list[str]:
        return sorted((root for root, size in self.size.items() if size[0] > 0), key=lambda root: (chance(self.seed, root), root))

    def off(self) -> np.ndarray:
        """How far each share is above its target, in parts of everything."""
        return self.totals / max(1.0, self.totals.sum()) - self.targets

    def mend(self, trigger: float, settled: float) -> int:
        """Move as little as brings the shares back, once one is off by more than the trigger; how many groups moved."""
        empty = bool((self.totals[self.targets > 0] <= 0).any())
        if self.kept:
            return 0
        if np.abs(self.off()).max() <= trigger and not empty:
            return 0
        roots = self.live()
        scale = 1 if len(self.at) >= SPLIT_SMALL else SPLIT_SMALL_FACTOR
        if len(roots) < 3 or (np.abs(self.off()).max() <= trigger * scale and not empty):
            return 0
        moves = 0
        sizes = np.array([self.size[root] for root in roots], float)
        for _ in range(2 * len(SPLITS) + 2):
            sides = np.array([self.side[root] for root in roots])
            exchange = _exchange(sizes, sides, self.totals, self.targets, settled * scale)
            if exchange is None:
                break
            for index, side in exchange:
                self.move(roots[index], side)
            moves += len(exchange)
            if np.abs(self.off()).max() <= settled * scale:
                break
        self.moved += moves
        return moves


def _ratio(sizes: Mapping[str, int], estimated: Mapping[str, int], lineages: Sequence[str]) -> float:
    return sum(sizes[lineage] for lineage in lineages) / sum(estimated[lineage] for lineage in lineages)


def _exchange(
    sizes: np.ndarray, sides: np.ndarray, totals: np.ndarray, targets: np.ndarray, settled: float
) -> list[tuple[int, int]] | None:
    """The best step towards the targets: one group to another side, or two that change places; None where none helps. ``sizes``: float[n, 2], of each
    group on the train side and elsewhere.

    Steps that settle everything come first, then the fewest groups, then the least that is carried (to a power of two, so that a few more
    lines in a file do not change the choice), then the order given. A step must gain ``settled``, or two states could alternate for ever. An
    empty split that is needed weighs more than any share."""
    by_side = sizes[:, [int(side != TRAIN) for side in range(len(totals))]]
    count = np.bincount(sides, minlength=len(totals))
    needed = targets > 0
    missing = (count == 0) & needed
    wish = np.abs(totals / totals.sum() - targets).sum() + missing.sum() - settled
    best: tuple | None = None
    for source, goal in itertools.permutations(range(len(totals)), 2):
        here, there = np.flatnonzero(sides == source), np.flatnonzero(sides == goal)
        single = missing.sum() + int(needed[source] and count[source] == 1) - int(missing[goal])
        for first, second in ((here, None), _product(here, there)):
            after = np.repeat(totals[:, None], len(first), axis=1)
            after[source] -= by_side[first, source]
            after[goal] += by_side[first, goal]
            carried = sizes[first, 0]
            if second is not None:
                after[source] += by_side[second, source]
                after[goal] -= by_side[second, goal]
                carried = carried + sizes[second, 0]
            left = np.abs(after / after.sum(axis=0) - targets[:, None]).sum(axis=0) + (single if second is None else missing.sum())
            useful = np.flatnonzero(left <= wish)
            if not len(useful):
                continue
            excess = np.maximum(0.0, left[useful] - 2 * settled)
            bucket = np.floor(np.log2(carried[useful] / totals.sum()))
            a, b = (first if some is None else some for some in (first, second))
            chosen = useful[np.lexsort((b[useful], a[useful], bucket, excess))[0]]
            rank = (
                max(0.0, left[chosen] - 2 * settled),
                1 if second is None else 2,
                float(np.floor(np.log2(carried[chosen] / totals.sum()))),
                int(a[chosen]),
                int(b[chosen]),
            )
            if best is None or rank < best[0]:
                pair = [(int(first[chosen]), goal)]
                best = (rank, pair if second is None else [*pair, (int(second[chosen]), source)])
    return best[1] if best else None


def _product(here: np.ndarray, there: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.repeat(here, len(there)), np.tile(there, len(here))
