"""Splits: which side of train, validation and test a source stands on, decided before anything is cut or multiplied.

In: what the history says of every file (``Step``), twins at HEAD, sizes at HEAD. Out: a side and a group for every lineage, dead
ones too, so that old edits follow their file. Cost: a second for 10,000 steps; texts are not read here.

A group is what must stay together: one lineage, the lineages that ever held the same content (the same blob of 64 bytes or more, at
any time), and near twins at HEAD. Its name and its side are those of its oldest member.

``lineage``: the history is replayed, oldest commit first. A group that is born takes the side its hash says, unless that would push a
share off its target; then the side that lacks most. Files grow unevenly, so when a live share strays, the fewest and smallest groups that
mend it are moved; ``moved`` counts those. Every decision rests on the past alone: adding a commit replays the same
past, so an old file keeps its side unless the new commit itself makes the shares stray or makes two old files one. At the end the
shares are measured on the real sizes at HEAD, with the default tokenizer on the tokens that are written, and, only where they are off by more than a point,
mended the same way. Both cannot be had always: a
commit that takes half of a code base away leaves shares that only a move mends. ``before`` (the option ``split_as_of``) is for those to whom sides
matter more than shares: what the splits of an earlier commit know stays where it was, and only what is born later is dealt out.

``time``: groups in the order of their last change; the newest are the test, the next the validation. An edit of an evaluation file that is
older than its split's first moment shows an early version of what is evaluated: it belongs to no side and is left out.

Sizes are estimates, the same for every tokenizer, so that two models are held to the same code. The default tokenizer is trained on the train
side and writes all else with more tokens than the estimate: with it, shares are measured in its own tokens each time the code has grown by a quarter
(``Measure``), and in between by the ratios found there; a file that changes sides takes the other side's.

A folder without history is one commit. Where one file is larger than its share's room (a twentieth of everything), no division is
exact; ``shares`` says what was reached.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from elite_code_dataset.certificate import Certificate, certificate, withheld, without_twins
from elite_code_dataset.config import (
    MEASURE_AGAIN,
    NEAR_DUPLICATE_JACCARD,
    SAME_BLOB_BYTES,
    SPLIT_SETTLED,
    SPLIT_SHARES,
    SPLIT_TOLERANCE,
    USUAL_DENSITY,
)
from elite_code_dataset.joins import linked
from elite_code_dataset.records import SPLITS, EliteCodeError
from elite_code_dataset.replay import TRAIN, Measure, Replay, Step, chance
from elite_code_dataset.similarity import alike, shingles

__all__ = [
    "Certificate",
    "Counted",
    "Measure",
    "Splits",
    "Step",
    "certificate",
    "split_of",
    "steps_of",
    "twins_of",
    "withheld",
    "without_twins",
]


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


@dataclass(frozen=True)
class Counted:
    """lineage -> its tokens, and the side that it was on when they were counted."""

    tokens: Mapping[str, int]
    side: Mapping[str, str]


def _counted(steps: Sequence[Step], head: Mapping[str, tuple[str, int]] | None) -> list[Step]:
    """The steps, without the sizes of what HEAD holds but does not count (generated files...): they must not weigh in the past either."""
    if head is None:
        return list(steps)
    last = {step.path: step.size for step in sorted(steps, key=lambda step: step.order) if step.live}
    left_out = {path for path, size in last.items() if size and path not in head}
    return [replace(step, size=0) if step.path in left_out else step for step in steps]


def _replayed(steps: Iterable[Step], targets: Sequence[float], seed: int, measure: Measure | None, before: Splits | None) -> Replay:
    replay = Replay(targets, seed)
    if before is not None:
        replay.keep(before.side, before.group)
    for order, commit in itertools.groupby(sorted(steps, key=lambda step: step.order), key=lambda step: step.order):
        replay.commit(list(commit))
        if measure is not None:
            replay.measured(order, measure)
    return replay


def _arrived(replay: Replay, twins: Iterable[tuple[str, str]], head: Mapping[str, tuple[str, int]] | None, counted: Counted | None) -> int:
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
    replay.settle({root for root in map(replay.root, sorted(replay.parent)) if replay.size[root][0] > 0})
    if counted is not None:
        replay.take(counted.tokens, counted.side)
    replay.mend(SPLIT_TOLERANCE, SPLIT_SETTLED)
    replay.settle({replay.root(lineage) for lineage in sorted(replay.parent)})
    return replay.moved - before


def _by_time(replay: Replay, times: Mapping[str, int]) -> dict[str, int]:
    """Overwrite the sides: groups by their newest change, train before validation before test; the first moment of each evaluation split."""
    newest: dict[str, int] = {}
    for lineage, time in times.items():
        root = replay.root(lineage)
        newest[root] = max(time, newest.get(root, 0))
    roots = sorted(newest, key=lambda root: (newest[root], chance(replay.seed, root), root))
    sizes = np.array([replay.size[root][0] for root in roots], float)
    middle = (np.cumsum(sizes) - sizes / 2) / max(1.0, sizes.sum())
    sides = np.searchsorted(np.cumsum(replay.targets)[:-1], middle, side="right")
    since: dict[str, int] = {}
    replay.totals[:] = 0
    for root, side in zip(roots, sides.tolist()):
        replay.side[root] = side
        replay.totals[side] += replay.size[root][side != TRAIN]
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
    before: Splits | None = None,
    counted: Counted | None = None,
) -> Splits:
    """The side of every lineage. ``twins`` are pairs of lineages that are near duplicates at HEAD (see ``twins_of``); ``head`` maps each path of
    HEAD that counts to its lineage and its size in tokens (default: what the steps left behind). ``measure``: the tokenizer's own sizes,
    where it is trained on the train side; without it sizes are the steps'. ``before``: the splits of an earlier commit, by lineage, whose files stay.
    ``counted``: tokens of the lineages at HEAD as they were written on some sides.

    Raises ``EliteCodeError`` for an unknown ``split_by``, targets that do not add up to one, and a split by time without times."""
    if split_by not in ("lineage", "time"):
        raise EliteCodeError(f"unknown split_by {split_by!r}; expected 'lineage' or 'time'")
    shares = [float(targets.get(split, 0.0)) for split in SPLITS]
    if set(targets) - set(SPLITS) or min(shares) < 0 or abs(sum(shares) - 1) > 1e-6 or not shares[0]:
        raise EliteCodeError(f"cannot split by {dict(targets)}; give train, validation and test shares that add up to 1, train above 0")
    steps = _counted(list(steps), head)
    replay = _replayed(steps, shares, seed, measure, before)
    moved = _arrived(replay, twins, head, counted)
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
