"""Splits: which side of train, validation and test a source stands on, decided before anything is cut or multiplied.

In: what the history says of every file (``Step``), twins at HEAD, sizes at HEAD. Out: a side and a group for every lineage, dead
ones too, so that old edits follow their file. Cost: a second for 10,000 steps; texts are not read here.

A group is what must stay together: one lineage, the lineages that ever held the same content (the same blob of 64 bytes or more, at
any time), and near twins at HEAD. Its name and its side are those of its oldest member.

``lineage``: the history is replayed, oldest commit first. A group that is born takes the side its hash says, unless that would push a
share off its target; then the side that lacks most. Files grow unevenly, so when a live share strays, the fewest and smallest groups that
mend it are moved; ``moved`` counts those. Every decision rests on the past alone: adding a commit replays the same
past, so an old file keeps its side unless the new commit itself makes the shares stray or makes two old files one. At the end the
shares are measured on the real sizes at HEAD and, only where they are off by more than a point, mended the same way.

``time``: groups in the order of their last change; the newest are the test, the next the validation. An edit of an evaluation file that is
older than its split's first moment shows an early version of what is evaluated: it belongs to no side and is left out.

Sizes are estimates, the same for every tokenizer, so that two models are held to the same code. The default tokenizer is trained on the train
side and writes all else with more tokens than the estimate: with it, shares are measured in its own tokens each time the code has grown by a quarter
(``Measure``), and in between by the ratio found there.

A folder without history is one commit. Where one file is larger than its share's room (a twentieth of everything), no division is
exact; ``shares`` says what was reached.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Protocol

import numpy as np

from elite_code_dataset.certificate import Certificate, certificate, withheld, without_twins
from elite_code_dataset.config import (
    MEASURE_AGAIN,
    MEASURE_FINE,
    MEASURE_FIRST,
    MEASURE_GROWTH,
    MEASURE_LAST,
    NEAR_DUPLICATE_JACCARD,
    SAME_BLOB_BYTES,
    SPLIT_SETTLED,
    SPLIT_SHARES,
    SPLIT_SMALL,
    SPLIT_SMALL_FACTOR,
    SPLIT_TOLERANCE,
    SPLIT_TRIGGER,
    USUAL_DENSITY,
)
from elite_code_dataset.joins import linked
from elite_code_dataset.records import SPLITS, EliteCodeError
from elite_code_dataset.similarity import alike, shingles

__all__ = ["Certificate", "Splits", "Step", "certificate", "split_of", "steps_of", "twins_of", "withheld", "without_twins"]


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


class _History(Protocol):
    """What is needed of a history: commits oldest first, and which of them led straight to HEAD."""

    commits: Sequence

    def first_parents(self) -> Sequence: ...


@dataclass(frozen=True)
class Splits:
    """The answer. ``shares`` are of the sizes at HEAD; ``since`` is the first moment of each evaluation split in a split by time."""

    side: Mapping[str, str]
    group: Mapping[str, str]
    shares: Mapping[str, float]
    moved: int = 0
    moved_at_head: int = 0
    since: Mapping[str, int] = field(default_factory=dict)

    def of_change(self, lineage: str, committed: int) -> str | None:
        """The side of an edit, None where it belongs to none: older than its evaluation split's first moment."""
        side = self.side[lineage]
        return None if side in self.since and committed < self.since[side] else side


@cache
def _chance(seed: int, lineage: str) -> float:
    """A number in [0, 1) that depends on nothing else."""
    return int.from_bytes(hashlib.sha256(f"{seed}\0{lineage}".encode("utf-8", "surrogatepass")).digest()[:6], "big") / 2**48


class _Replay:
    """Groups, their sides and their live sizes while the history runs by."""

    def __init__(self, targets: Sequence[float], seed: int) -> None:
        self.targets = np.array(targets)
        self.seed = seed
        self.parent: dict[str, str] = {}
        self.born: dict[str, int] = {}  # lineage -> how many were born before it
        self.side: dict[str, int] = {}  # root -> index into SPLITS
        self.size: dict[str, int] = {}  # root -> live size
        self.at: dict[str, tuple[str, int, int]] = {}  # live path -> lineage, estimated size, size
        self.estimate = 0  # of all that is live
        self.threshold = MEASURE_FIRST
        self.holder: dict[str, str] = {}  # blob -> the lineage that held it first
        self.totals = np.zeros(len(self.targets))
        self.moved = 0
        self.density: dict[str, float] = {}  # lineage -> measured tokens by estimated ones
        self.usual = 1.0  # of lineages that were not measured

    def root(self, lineage: str) -> str:
        while self.parent[lineage] != lineage:
            self.parent[lineage] = self.parent[self.parent[lineage]]
            lineage = self.parent[lineage]
        return lineage

    def add(self, root: str, size: int) -> None:
        self.size[root] += size
        if root in self.side:
            self.totals[self.side[root]] += size

    def place(self, path: str, lineage: str, size: int) -> None:
        """The path now belongs to the lineage with this size; whatever stood there is gone."""
        if path in self.at:
            before, estimate, old = self.at.pop(path)
            self.estimate -= estimate
            self.add(self.root(before), -old)
        if size:
            scaled = max(1, round(size * self.density.get(lineage, self.usual)))
            self.at[path] = (lineage, size, scaled)
            self.estimate += size
            self.add(self.root(lineage), scaled)

    def measured(self, order: int, measure: Measure) -> None:
        """Where so much is live for the first time, sizes are measured: those at hand, and the later ones by the same ratio. Shares are mended closely,
        as this is done once in a while. What was not measured is as new to the tokenizer as what is evaluated."""
        if self.estimate < self.threshold:
            return
        while self.threshold <= self.estimate:
            self.threshold *= MEASURE_GROWTH[self.threshold > MEASURE_FINE]
        estimated: dict[str, int] = {}
        for lineage, size, _ in self.at.values():
            estimated[lineage] = estimated.get(lineage, 0) + size
        side = {lineage: SPLITS[self.side[self.root(lineage)]] for lineage in sorted(estimated)}
        sizes = measure.sizes(order, side) if self.estimate <= MEASURE_LAST else dict(estimated)
        sizes = {lineage: size for lineage, size in sizes.items() if size and lineage in estimated}
        unseen = [lineage for lineage in sizes if side[lineage] != "train"] or list(sizes)
        if not sizes:
            return
        measure.anchor(order)
        self.density = {lineage: size / estimated[lineage] for lineage, size in sizes.items()}
        self.usual = sum(sizes[lineage] for lineage in unseen) / sum(estimated[lineage] for lineage in unseen)
        for path, (lineage, size, _) in list(self.at.items()):
            self.place(path, lineage, size)
        self.mend(SPLIT_SETTLED, SPLIT_SETTLED)

    def move(self, root: str, side: int) -> None:
        self.totals[self.side[root]] -= self.size[root]
        self.totals[side] += self.size[root]
        self.side[root] = side

    def join(self, one: str, other: str) -> None:
        """Make two groups one, on the side of the older; of two new ones neither has a side yet."""
        a, b = sorted({self.root(one), self.root(other)}, key=self.born.__getitem__) if self.root(one) != self.root(other) else (one, one)
        if a == b:
            return
        if b in self.side and a in self.side:
            self.moved += self.side[a] != self.side[b] and self.size[b] > 0
            self.move(b, self.side[a])
        elif a in self.side:
            self.totals[self.side[a]] += self.size[b]
        self.side.pop(b, None)
        self.parent[b] = a
        self.size[a] += self.size.pop(b)

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
        self.settle({root for root in map(self.root, touched) if self.size[root] > 0})
        self.mend(SPLIT_TRIGGER, SPLIT_SETTLED)

    def know(self, lineage: str) -> None:
        if lineage not in self.parent:
            self.parent[lineage] = lineage
            self.born[lineage] = len(self.born)
            self.size[lineage] = 0

    def settle(self, roots: Iterable[str]) -> None:
        """A side for each group that has none: its hash's, unless that overshoots; then the one that lacks most."""
        unsettled = sorted((root for root in roots if root not in self.side), key=lambda root: (_chance(self.seed, root), root))
        everything = self.totals.sum() + sum(self.size[root] for root in unsettled)
        bounds = np.cumsum(self.targets)
        for root in unsettled:
            lacking = self.targets * everything - self.totals
            side = min(int(np.searchsorted(bounds, _chance(self.seed + 1, root), side="right")), len(bounds) - 1)
            if self.size[root] and self.size[root] > lacking[side] + SPLIT_SETTLED * everything:
                side = int(np.argmax(lacking))
            self.side[root] = side
            self.totals[side] += self.size[root]

    def live(self) -> list[str]:
        return sorted((root for root, size in self.size.items() if size > 0), key=lambda root: (_chance(self.seed, root), root))

    def off(self) -> np.ndarray:
        """How far each share is above its target, in parts of everything."""
        return self.totals / max(1.0, self.totals.sum()) - self.targets

    def mend(self, trigger: float, settled: float) -> int:
        """Move as little as brings the shares back, once one is off by more than the trigger; how many groups moved."""
        empty = bool((self.totals[self.targets > 0] <= 0).any())
        if np.abs(self.off()).max() <= trigger and not empty:
            return 0
        roots = self.live()
        scale = 1 if len(roots) >= SPLIT_SMALL else SPLIT_SMALL_FACTOR
        if len(roots) < 3 or (np.abs(self.off()).max() <= trigger * scale and not empty):
            return 0
        moves = 0
        for _ in range(2 * len(SPLITS) + 2):
            sizes, sides = (np.array([by[root] for root in roots]) for by in (self.size, self.side))
            exchange = _exchange(sizes, sides, self.off(), self.targets > 0, settled * scale)
            if exchange is None:
                break
            for index, side in exchange:
                self.move(roots[index], side)
            moves += len(exchange)
            if np.abs(self.off()).max() <= settled * scale:
                break
        self.moved += moves
        return moves


def _exchange(sizes: np.ndarray, sides: np.ndarray, off: np.ndarray, needed: np.ndarray, settled: float) -> list[tuple[int, int]] | None:
    """The best step towards the targets: one group to another side, or two that change places; None where none helps.

    Steps that settle everything come first, then the fewest groups, then the least that is carried (to a power of two, so that a few more
    lines in a file do not change the choice), then the order given. A step must gain ``settled``, or two states could alternate for ever. An
    empty split that is ``needed`` weighs more than any share."""
    weight = sizes / sizes.sum()
    count = np.bincount(sides, minlength=len(off))
    missing = (count == 0) & needed
    wish = np.abs(off).sum() + missing.sum() - settled
    best: tuple | None = None
    for source, goal in itertools.permutations(range(len(off)), 2):
        here, there = np.flatnonzero(sides == source), np.flatnonzero(sides == goal)
        rest = np.abs(off).sum() - abs(off[source]) - abs(off[goal]) + missing.sum()
        single = rest + int(needed[source] and count[source] == 1) - int(missing[goal])
        for groups, base in ((np.stack((here, here)), single), (_product(here, there), rest)):
            alone = base is single
            net = weight[groups[0]] if alone else weight[groups[0]] - weight[groups[1]]
            carried = net if alone else weight[groups[0]] + weight[groups[1]]
            left = base + np.abs(off[source] - net) + np.abs(off[goal] + net)
            useful = np.flatnonzero(left <= wish)
            if not len(useful):
                continue
            excess = np.maximum(0.0, left[useful] - 2 * settled)
            bucket = np.floor(np.log2(carried[useful]))
            chosen = useful[np.lexsort((groups[1][useful], groups[0][useful], bucket, excess))[0]]
            a, b = int(groups[0][chosen]), int(groups[1][chosen])
            rank = (max(0.0, left[chosen] - 2 * settled), 1 if alone else 2, float(np.floor(np.log2(carried[chosen]))), a, b)
            if best is None or rank < best[0]:
                best = (rank, [(a, goal)] if alone else [(a, goal), (b, source)])
    return best[1] if best else None


def _product(here: np.ndarray, there: np.ndarray) -> np.ndarray:
    return np.stack((np.repeat(here, len(there)), np.tile(there, len(here))))


def _counted(steps: Sequence[Step], head: Mapping[str, tuple[str, int]] | None) -> list[Step]:
    """The steps, without the sizes of what HEAD holds but does not count (generated files...): they must not weigh in the past either."""
    if head is None:
        return list(steps)
    last = {step.path: step.size for step in sorted(steps, key=lambda step: step.order) if step.live}
    left_out = {path for path, size in last.items() if size and path not in head}
    return [replace(step, size=0) if step.path in left_out else step for step in steps]


def _replayed(steps: Iterable[Step], targets: Sequence[float], seed: int, measure: Measure | None) -> _Replay:
    replay = _Replay(targets, seed)
    for order, commit in itertools.groupby(sorted(steps, key=lambda step: step.order), key=lambda step: step.order):
        replay.commit(list(commit))
        if measure is not None:
            replay.measured(order, measure)
    return replay


def _arrived(replay: _Replay, twins: Iterable[tuple[str, str]], head: Mapping[str, tuple[str, int]] | None) -> int:
    """The state at HEAD: twins joined, real sizes in place, shares mended if they are off; how many groups moved for it."""
    before = replay.moved
    for path in sorted(set(replay.at) - set(head)) if head is not None else ():
        replay.place(path, replay.at[path][0], 0)
    for path, (lineage, size) in sorted((head or {}).items()):
        replay.know(lineage)
        replay.place(path, lineage, size)
    for one, other in sorted(twins):
        replay.know(one)
        replay.know(other)
        replay.join(one, other)
    replay.settle({root for root in map(replay.root, sorted(replay.parent)) if replay.size[root] > 0})
    replay.mend(SPLIT_TOLERANCE, SPLIT_SETTLED)
    replay.settle({replay.root(lineage) for lineage in sorted(replay.parent)})
    return replay.moved - before


def _by_time(replay: _Replay, times: Mapping[str, int]) -> dict[str, int]:
    """Overwrite the sides: groups by their newest change, train before validation before test; the first moment of each evaluation split."""
    newest: dict[str, int] = {}
    for lineage, time in times.items():
        root = replay.root(lineage)
        newest[root] = max(time, newest.get(root, 0))
    roots = sorted(newest, key=lambda root: (newest[root], _chance(replay.seed, root), root))
    sizes = np.array([replay.size[root] for root in roots], float)
    middle = (np.cumsum(sizes) - sizes / 2) / max(1.0, sizes.sum())
    sides = np.searchsorted(np.cumsum(replay.targets)[:-1], middle, side="right")
    since: dict[str, int] = {}
    replay.totals[:] = 0
    for root, side in zip(roots, sides.tolist()):
        replay.side[root] = side
        replay.totals[side] += replay.size[root]
        if SPLITS[side] != "train":
            since.setdefault(SPLITS[side], newest[root])
    return since


def split_of(
    steps: Iterable[Step],
    twins: Iterable[tuple[str, str]] = (),
    head: Mapping[str, tuple[str, int]] | None = None,
    split_by: str = "lineage",
    seed: int = 0,
    targets: Mapping[str, float] = SPLIT_SHARES,
    measure: Measure | None = None,
) -> Splits:
    """The side of every lineage. ``twins`` are pairs of lineages that are near duplicates at HEAD (see ``twins_of``); ``head`` maps each path of
    HEAD that counts to its lineage and its size in tokens (default: what the steps left behind). ``measure``: the tokenizer's own sizes,
    where it is trained on the train side; without it sizes are the steps'.

    Raises ``EliteCodeError`` for an unknown ``split_by``, targets that do not add up to one, and a split by time without times."""
    if split_by not in ("lineage", "time"):
        raise EliteCodeError(f"unknown split_by {split_by!r}; expected 'lineage' or 'time'")
    shares = [float(targets.get(split, 0.0)) for split in SPLITS]
    if set(targets) - set(SPLITS) or min(shares) < 0 or abs(sum(shares) - 1) > 1e-6 or not shares[0]:
        raise EliteCodeError(f"cannot split by {dict(targets)}; give train, validation and test shares that add up to 1, train above 0")
    steps = _counted(list(steps), head)
    replay = _replayed(steps, shares, seed, measure)
    moved = _arrived(replay, twins, head)
    since: dict[str, int] = {}
    if split_by == "time":
        times = {step.lineage: step.time for step in sorted(steps, key=lambda step: step.time)}
        if len(set(times.values())) < 2:
            raise EliteCodeError("split_by='time' needs a history with at least two moments; use split_by='lineage' for a plain folder")
        since = _by_time(replay, {**dict.fromkeys(replay.parent, 0), **times})
    total = max(1.0, replay.totals.sum())
    group = {lineage: replay.root(lineage) for lineage in sorted(replay.parent)}
    return Splits(
        side={lineage: SPLITS[replay.side[root]] for lineage, root in group.items()},
        group=group,
        shares={split: float(size / total) for split, size in zip(SPLITS, replay.totals)},
        moved=replay.moved - moved,
        moved_at_head=moved,
        since=since,
    )


def twins_of(texts: Sequence[str], lineages: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of lineages that tie together all whose texts are near duplicates: exact Jaccard of token 5-grams, see ``similarity``."""
    sets = shingles(texts)
    first = alike(sets)
    distinct = sorted(set(first))
    pairs = [(distinct[a], distinct[b]) for a, b in linked([sets[i] for i in distinct], NEAR_DUPLICATE_JACCARD)]
    pairs += [(f, i) for i, f in enumerate(first) if f != i and len(sets[i])]
    return sorted({tuple(sorted((lineages[a], lineages[b]))) for a, b in pairs if lineages[a] != lineages[b]})


def steps_of(
    history: _History,
    size_of: Callable[[str], int],
    tokens_in: Callable[[str], int],
    counts: Callable[[str], bool] = lambda path: True,
) -> list[Step]:
    """The steps of a git history. The first-parent line is what was live; branches only make their files known.

    ``size_of`` gives a blob's bytes by its id and ``tokens_in`` an estimate of its tokens, ``counts`` says whether a path may become rows at all.
    Tokens are estimated on a file's first content and again whenever it has grown or shrunk by half; in between they follow the bytes."""
    line = {commit.id for commit in history.first_parents()}
    measured: dict[str, tuple[int, float]] = {}  # lineage -> bytes when it was last read, tokens a byte then
    steps: list[Step] = []
    for order, commit in enumerate(history.commits):
        live = commit.id in line
        own = {entry.path for entry in commit.entries}  # the rest of a merge happened when its branch was written
        for entry in (commit.main_entries or commit.entries) if live else commit.entries:
            if not entry.lineage:
                continue
            time = commit.committed if entry.path in own else 0
            size = size_of(entry.new_blob) if entry.new_blob and counts(entry.path) else 0
            before, _ = measured.get(entry.lineage, (0, USUAL_DENSITY))
            if size and not before / MEASURE_AGAIN < size < before * MEASURE_AGAIN:
                measured[entry.lineage] = size, tokens_in(entry.new_blob) / size or USUAL_DENSITY
            tokens = max(1, round(size * measured[entry.lineage][1])) if size else 0
            if live and entry.status == "R":
                steps.append(Step(order, entry.lineage, entry.old_path, 0, "", time))
            blob = entry.new_blob if size >= SAME_BLOB_BYTES else ""
            steps.append(Step(order, entry.lineage, entry.path, tokens, blob, time, live))
    return steps
