"""Withholding: which rows of train show what is evaluated, judged anew only where a row or what is evaluated is new.

In: tables of rows by split, further evaluated texts, and what an earlier build found of rows that are here again. Out: ``Kept``. A row is judged beside each
evaluated text alone, so a verdict holds as long as those texts do: rows that stayed meet the texts that came (those alone that their
``sketches`` do not rule out), and rows that were withheld are judged anew where a text went. Costs one exact join of new rows with what is evaluated.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce

import numpy as np
import pyarrow as pa

from elite_code_dataset.certificate import counts_as_shown, counts_as_twins
from elite_code_dataset.config import NEAR_DUPLICATE_JACCARD, NEAR_SHINGLES
from elite_code_dataset.joins import covered
from elite_code_dataset.records import DropReport
from elite_code_dataset.similarity import alike, shingles
from elite_code_dataset.sketches import may_match, sketches_of

TWIN, SHOWN, COMMON = "twin_in_evaluation", "context_shows_evaluation", "common_in_train"
EVALUATED = ("validation", "test")
AGAINST = {"validation": ("test",), "train": ("validation", "test")}
TARGET, CONTEXT = range(2)
BITS = 22
FEW = 8  # times fewer hashes than what is evaluated has: it is then looked through once before it is joined


@dataclass(frozen=True)
class Before:
    """What an earlier build found of rows that are here again: their ``places`` here, int64[n]; position here -> why it was withheld, of those that
    were; the digests of the texts that all were judged by; ``sets`` of such texts by digest; sketches of the rows' (targets, contexts), in the order of
    ``places``."""

    places: np.ndarray
    reasons: Mapping[int, str]
    shown: frozenset[str]
    sets: Mapping[str, np.ndarray]
    sketches: tuple[pa.Table, pa.Table]

    def judged(self) -> Before:
        """The same without what stood in train, which is looked for each time."""
        return replace(self, reasons={i: reason for i, reason in self.reasons.items() if reason != COMMON})

    def moved(self, offset: int) -> Before:
        """The same with every row so many places further back."""
        reasons = {i + offset: reason for i, reason in self.reasons.items()}
        return replace(self, places=self.places + offset, reasons=reasons)


@dataclass(frozen=True)
class Kept:
    """``tables``: what stays, by split. Of each split that was judged: ``out``, the positions of what does not stay and why; ``shown``, what it was judged
    by, digest -> set; ``sketches`` of all rows' (targets, contexts). Rows and bytes in ``report``."""

    tables: dict[str, pa.Table]
    out: dict[str, dict[int, str]] = field(default_factory=dict)
    shown: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)
    sketches: dict[str, tuple[pa.Table, pa.Table]] = field(default_factory=dict)
    report: DropReport = field(default_factory=lambda: DropReport("", 0))


def _count_inside(shared: np.ndarray, sizes: np.ndarray, others: np.ndarray) -> np.ndarray:
    return shared >= NEAR_DUPLICATE_JACCARD * sizes


class Common:
    """Files of train as sets of shingles, in parts; what stands in a file of every part is common to the code base."""

    def __init__(self, parts: Sequence[Sequence[np.ndarray]]) -> None:
        self._parts = parts
        self._hashes = reduce(np.intersect1d, [np.unique(np.concatenate([np.zeros(0, np.uint64), *files])) for files in parts])

    def holds(self, sets: Sequence[np.ndarray]) -> list[int]:
        """Which of these are common, whole but for what the certificate lets differ, in order."""
        if not len(sets) or not len(self._hashes):
            return []
        sizes = np.array([len(one) for one in sets], np.int64)
        values = np.concatenate(sets)
        there = self._hashes[np.minimum(np.searchsorted(self._hashes, values), len(self._hashes) - 1)] == values
        hits = np.bincount(np.repeat(np.arange(len(sets)), sizes), weights=there, minlength=len(sets))
        some = np.flatnonzero((sizes >= NEAR_SHINGLES) & (hits >= NEAR_DUPLICATE_JACCARD * sizes - 1e-9)).tolist()
        for files in self._parts:
            found = covered([sets[i] for i in some], files, NEAR_DUPLICATE_JACCARD, _count_inside) if some else set()
            some = [some[k] for k in sorted(found)]
        return some


def without_shown(
    tables: Mapping[str, pa.Table],
    step: str,
    evaluated: Sequence[str] = (),
    before: Mapping[str, Sequence[Before]] | None = None,
    trained: Common | None = None,
) -> Kept:
    """Rows of which no split shows another's. What is common in the ``trained`` files, such as a licence or a function that
    was copied everywhere, leaves evaluation, where it would measure nothing and cost train every file. Then train loses what validation or test shows too,
    in a target or in a context, and validation what test shows. ``evaluated`` are further texts of evaluation, such as the functions of its files where rows
    are larger."""
    rows = {split: Rows(table) for split, table in tables.items()}
    everything = {split: one.texts[TARGET] for split, one in rows.items()}
    out: dict[str, dict[int, str]] = {}
    common: list[int] = []
    if trained is not None:
        held = {split: rows[split].sets(TARGET, range(len(tables[split]))) for split in EVALUATED if split in tables}
        out = {split: dict.fromkeys(trained.holds(sets), COMMON) for split, sets in held.items()}
        common = trained.holds(shingles(evaluated))
    further = [text for i, text in enumerate(evaluated) if i not in common]
    targets = {split: _without(texts, out.get(split, ())) for split, texts in everything.items()}
    kept = Kept(dict(tables))
    for split, against in AGAINST.items():
        if split not in tables:
            continue
        shown = [text for other in against for text in targets.get(other, [])] + (further if split == "train" else [])
        known = [one.judged() for one in (before or {}).get(split, ())]
        evaluation = Shown({digest_of(text): text for text in shown}, *(one.sets for one in known))
        out[split] = out.get(split, {}) | judged(rows[split], evaluation, known, split == "train")
        kept.shown[split], kept.sketches[split] = evaluation.sets, rows[split].sketches(known)
        targets[split] = _without(everything[split], out[split])
    reasons: Counter = Counter()
    sizes: Counter = Counter()
    for split, found in out.items():
        kept.out[split] = dict(sorted(found.items()))
        if found:
            stay = [i for i in range(len(tables[split])) if i not in found]
            kept.tables[split] = tables[split].take(pa.array(stay, pa.int64()))
        for i, reason in found.items():
            reasons[reason] += 1
            sizes[reason] += len(everything[split][i].encode())
    bytes_kept = sum(len(text.encode()) for found in targets.values() for text in found)
    report = DropReport(step, sum(map(len, targets.values())), dict(reasons), bytes_kept, dict(sizes))
    return Kept(kept.tables, kept.out, kept.shown, kept.sketches, report)


def _without(texts: Sequence[str], out: Container[int]) -> list[str]:
    return [text for i, text in enumerate(texts) if i not in out]


class Rows:
    """Rows of one split as the two texts that are compared, and their sets of shingles, each made once when it is asked for."""

    def __init__(self, table: pa.Table) -> None:
        both = list(zip(table["text"].to_pylist(), table["context_chars"].to_pylist()))
        self.texts = [text[start:] for text, start in both], [text[:start] for text, start in both]
        self._sets: tuple[dict[int, np.ndarray], dict[int, np.ndarray]] = {}, {}

    def sets(self, kind: int, some: Sequence[int]) -> list[np.ndarray]:
        known = self._sets[kind]
        missing = [i for i in some if i not in known]
        known |= zip(missing, shingles([self.texts[kind][i] for i in missing]))
        return [known[i] for i in some]

    def sketches(self, before: Iterable[Before]) -> tuple[pa.Table, pa.Table]:
        """Of all rows, those that were there before taken over."""
        count = len(self.texts[TARGET])
        new = np.ones(count, bool)
        for known in before:
            new[known.places] = False
        places = [np.flatnonzero(new), *(known.places for known in before)]
        order = np.empty(count, np.int64)
        order[np.concatenate(places)] = np.arange(count)
        made = []
        for kind in (TARGET, CONTEXT):
            fresh = sketches_of(self.sets(kind, places[0].tolist()))
            whole = pa.concat_tables([fresh, *(known.sketches[kind] for known in before)]).combine_chunks()
            made.append(whole if len(places[0]) == count else whole.take(order))
        return made[TARGET], made[CONTEXT]


class Shown:
    """Evaluated texts by their digest, and their sets of shingles, as far as they are not ``known``."""

    def __init__(self, texts: Mapping[str, str], *known: Mapping[str, np.ndarray]) -> None:
        self.texts, self._known = texts, known

    def without(self, digests: Container[str]) -> Shown:
        """Those that have another digest."""
        return Shown({digest: text for digest, text in self.texts.items() if digest not in digests}, *self._known)

    @cached_property
    def sets(self) -> dict[str, np.ndarray]:
        found = {digest: some[digest] for some in self._known for digest in self.texts if digest in some}
        missing = [digest for digest in self.texts if digest not in found]
        found |= zip(missing, shingles([self.texts[digest] for digest in missing]))
        return {digest: found[digest] for digest in self.texts}

    @cached_property
    def _flat(self) -> tuple[np.ndarray, np.ndarray]:
        sets = list(self.sets.values())
        sizes = np.array([len(one) for one in sets], np.int64)
        return np.concatenate([np.zeros(0, np.uint64), *sets]), np.repeat(np.arange(len(sets)), sizes)

    @cached_property
    def _hashes(self) -> tuple[np.ndarray, np.ndarray]:
        """All hashes in order, and which upper ``BITS`` there are among them."""
        hashes = np.unique(self._flat[0])
        there = np.zeros(1 << BITS, bool)
        there[hashes >> np.uint64(64 - BITS)] = True
        return hashes, there

    def few(self, sets: Sequence[np.ndarray]) -> bool:
        """Whether these have so few hashes that it is quicker to look for them in what is evaluated than the other way round."""
        return sum(map(len, sets)) * FEW <= len(self._flat[0])

    def near(self, sets: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The sets that have a hash in common with one of these; all of them where these are many."""
        values, owners = self._flat
        mine = list(self.sets.values())
        if not self.few(sets):
            return mine
        wanted = np.unique(np.concatenate(sets))
        met = wanted[np.minimum(np.searchsorted(wanted, values), len(wanted) - 1)] == values if len(wanted) else np.zeros(0, np.int64)
        return [mine[i] for i in np.unique(owners[met]).tolist()]

    def likely(self, sets: Sequence[np.ndarray]) -> list[int]:
        """Which of these share enough with all evaluated texts together to share it with one of them: most do not, and need not be joined."""
        hashes, there = self._hashes
        sizes = np.array([len(one) for one in sets], np.int64)
        if not len(hashes) or not sizes.sum():
            return []
        values = np.concatenate(sets)
        at = np.flatnonzero(there[values >> np.uint64(64 - BITS)])
        at = at[hashes[np.minimum(np.searchsorted(hashes, values[at]), len(hashes) - 1)] == values[at]]
        hits = np.bincount(np.searchsorted(np.cumsum(sizes), at, side="right"), minlength=len(sizes))
        least = np.minimum(NEAR_DUPLICATE_JACCARD * sizes, NEAR_DUPLICATE_JACCARD * NEAR_SHINGLES)  # of the smaller one of the two
        return np.flatnonzero((hits >= least - 1e-9) & (sizes > 0)).tolist()

    def twins(self, sets: Sequence[np.ndarray]) -> set[int]:
        """Which of these are exact, near or contained twins of an evaluated text, as the certificate counts them."""
        return self._covering(sets, counts_as_twins)

    def showing(self, sets: Sequence[np.ndarray]) -> set[int]:
        """Which of these hold an evaluated text, as the certificate counts contexts."""
        return self._covering(sets, counts_as_shown)

    def _covering(self, sets: Sequence[np.ndarray], counts: Callable) -> set[int]:
        some = list(range(len(sets))) if self.few(sets) else self.likely(sets)
        mine = [sets[i] for i in some]
        both = [*mine, *self.near(mine)] if mine else []
        if len(both) == len(mine):
            return set()
        first = alike(both, np.repeat([0, 1], [len(mine), len(both) - len(mine)]).tolist())
        ours, theirs = sorted(set(first[: len(mine)])), sorted(set(first[len(mine) :]))
        out = {ours[k] for k in covered([both[i] for i in ours], [both[i] for i in theirs], NEAR_DUPLICATE_JACCARD, counts)}
        return {some[k] for k in range(len(mine)) if first[k] in out}


def judged(rows: Rows, shown: Shown, before: Iterable[Before], contexts: bool) -> dict[int, str]:
    """Row -> why it is withheld, of those that are. ``contexts``: whether contexts count too."""
    new, reasons = set(range(len(rows.texts[TARGET]))), {}
    for known in before:
        whole = known.shown <= shown.texts.keys()  # no text went, so what was withheld still is
        again = known.places if whole else known.places[[i not in known.reasons for i in known.places.tolist()]]
        new.difference_update(again.tolist())
        reasons |= known.reasons if whole else {}
        more = shown.without(known.shown)
        if more.texts:
            sets = list(more.sets.values())
            likely = [known.places[may_match(one, sets, NEAR_DUPLICATE_JACCARD)].tolist() for one in known.sketches]
            some = [[i for i in one if i not in new and reasons.get(i) != TWIN] for one in likely]
            found = _found(rows, some[TARGET], some[CONTEXT] if contexts else [], more)
            reasons |= {i: reason for i, reason in found.items() if reason == TWIN or i not in reasons}
    fresh = sorted(new)
    return reasons | _found(rows, fresh, fresh if contexts else [], shown)


def _found(rows: Rows, some: Sequence[int], read: Sequence[int], shown: Shown) -> dict[int, str]:
    """The reasons beside these texts alone, of ``some`` rows by their targets and of those ``read`` by their contexts."""
    found = {some[k]: TWIN for k in shown.twins(rows.sets(TARGET, some))} if some and shown.texts else {}
    read = [i for i in read if rows.texts[CONTEXT][i] and i not in found]
    return found | ({read[k]: SHOWN for k in shown.showing(rows.sets(CONTEXT, read))} if read and shown.texts else {})


def digest_of(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
