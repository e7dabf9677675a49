"""The leakage certificate: what training shows of what is evaluated, counted on the rows themselves after all is done.

In: a ``DatasetDict``, or rows. Out: ``Certificate``, all zeros for a good dataset; and the rows to withhold so that it is. Costs one exact join
over the targets of all rows: 2.5 seconds for 23 MB of them.

Compared are the targets (``text[context_chars:]``) of rows in different splits, whatever their kind and scale: a
function moved to another file, or an old edit that shows a file of the test, counts as well. Augmented rows, which exist in train only, count like
all others: what a rewrite makes the same as evaluated code is shown to training, whatever it was made from. A row of the ``files`` config has its
whole text for a target.
- ``exact``: the same token 5-grams, 16 or more of them (about 20 tokens: below, two functions of one line are alike by chance);
- ``near``: Jaccard 0.85 or more, ``contained``: 0.85 or more of the smaller one's 5-grams inside the larger; both have 32 or more.
A content that stands in one split many times counts once there. Context is not trained on, but read: ``shown`` are rows of train whose context
holds 0.85 or more of an evaluated target's 5-grams, 32 or more of them. Besides: ``groups`` that stand in two splits, ``paths`` of code rows that do, and ``ids`` that occur twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa
from datasets import Dataset, DatasetDict

from elite_code_dataset.config import EXACT_SHINGLES, NEAR_DUPLICATE_JACCARD, NEAR_SHINGLES
from elite_code_dataset.joins import covered, joined
from elite_code_dataset.records import SPLITS, DropReport, EliteCodeError
from elite_code_dataset.similarity import alike, shingles

COLUMNS = ("id", "group", "path", "kind", "technique", "parent_id", "text", "context_chars")
FILE_COLUMNS = ("path", "group", "text", "blob", "lineage")  # what rows of whole files have of them, and what tells them from others


@dataclass(frozen=True)
class Certificate:
    """Pairs of rows in different splits, and names in more than one; ``compared`` is how many targets there were, ``augmented`` how many of them
    were no original code."""

    exact: int
    near: int
    contained: int
    groups: int
    paths: int
    ids: int
    compared: int
    augmented: int
    shown: int = 0

    @property
    def total(self) -> int:
        """Everything that leaks; 0 is what a dataset should have."""
        return self.exact + self.near + self.contained + self.shown + self.groups + self.paths + self.ids

    def as_dict(self) -> dict[str, int]:
        return asdict(self)

    def __str__(self) -> str:
        return (
            f"across splits: {self.exact} exact, {self.near} near and {self.contained} contained pairs, "
            f"{self.shown} contexts that show evaluation, "
            f"{self.groups} groups, {self.paths} paths, {self.ids} ids shared; "
            f"{self.compared} targets compared, {self.augmented} of them augmented"
        )


def counts_as_twins(shared: np.ndarray, sizes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Whether pairs count, by the module's definition."""
    smaller, same = np.minimum(sizes, others), (shared == sizes) & (shared == others)
    return np.where(same, smaller >= EXACT_SHINGLES, (smaller >= NEAR_SHINGLES) & (shared >= NEAR_DUPLICATE_JACCARD * smaller))


def counts_as_shown(shared: np.ndarray, sizes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Whether pairs of a context and a target count: the target is in the context."""
    return (others >= NEAR_SHINGLES) & (shared >= NEAR_DUPLICATE_JACCARD * others)


def withheld(train: Sequence[str], evaluation: Sequence[str]) -> set[int]:
    """Which of the first texts are exact, near or contained twins of one of the second, by index: those to leave out."""
    return _twins(train, evaluation, counts_as_twins)


def showing(contexts: Sequence[str], evaluation: Sequence[str]) -> set[int]:
    """Which of the contexts hold one of the evaluated targets, by index: those whose rows to leave out."""
    return _twins(contexts, evaluation, counts_as_shown)


def _twins(train: Sequence[str], evaluation: Sequence[str], counts: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]) -> set[int]:
    sets = shingles([*train, *evaluation])
    first = alike(sets, np.repeat([0, 1], [len(train), len(evaluation)]).tolist())
    ours, theirs = (sorted({f for f in first[part]}) for part in (slice(len(train)), slice(len(train), None)))
    found = covered([sets[i] for i in ours], [sets[i] for i in theirs], NEAR_DUPLICATE_JACCARD, counts)
    out = {ours[k] for k in found}
    return {i for i in range(len(train)) if first[i] in out}


def smaller_twins(texts: Sequence[str], splits: Sequence[str]) -> set[int]:
    """Of each pair of texts in different splits that counts, the smaller one, by index; of two alike the one of the earlier split. Without these no
    pair is left."""
    side = np.array([SPLITS.index(split) for split in splits], np.int64)
    sets = shingles(texts)
    first = alike(sets, side.tolist())
    gone = {min(pair[:2], key=lambda i: (len(sets[i]), side[i])) for pair in _pairs(sets, first, side)}
    return {i for i in range(len(texts)) if first[i] in gone}


def _pairs(sets: Sequence[np.ndarray], first: Sequence[int], side: np.ndarray) -> list[tuple[int, int, float]]:
    """(i, j, Jaccard) of the pairs of different sides that count; a content that stands on one side many times counts there once, as its ``first``."""
    distinct = np.array(sorted(set(first)), np.int64)
    some = [sets[i] for i in distinct.tolist()]
    found = joined(some, NEAR_DUPLICATE_JACCARD, NEAR_DUPLICATE_JACCARD, side[distinct], EXACT_SHINGLES)
    counts = [p for p in found if p.jaccard == 1.0 or min(len(some[p.first]), len(some[p.second])) >= NEAR_SHINGLES]
    return [(int(distinct[p.first]), int(distinct[p.second]), p.jaccard) for p in counts]


def without_twins(ds: DatasetDict) -> tuple[DatasetDict, DropReport]:
    """The dataset with a certificate of no pairs: train loses its twins of validation and test and what shows these in its context, validation its
    twins of test; and what was dropped.

    Augmented rows leave with the row they were made from, and where they are such a twin themselves. Splits that lose nothing are the same objects
    as before."""
    table = _Table(ds)
    reasons: dict[int, str] = {}
    for place, split in enumerate(SPLITS[:-1]):
        rows = [i for i, where in enumerate(table.splits) if where == split]
        later = [i for i, where in enumerate(table.splits) if where in SPLITS[place + 1 :]]
        twins = withheld([table.targets[i] for i in rows], [table.targets[i] for i in later])
        reasons |= {rows[k]: "twin_in_evaluation" for k in sorted(twins)}
    reasons |= {i: "context_shows_evaluation" for i in table.shown() if i not in reasons}
    gone = {table.ids[i] for i in reasons}
    for i, parent in enumerate(table.parents):
        if parent in gone and i not in reasons:
            reasons[i] = "parent_withheld"
    kept, start = {}, 0
    for split, rows in ds.items():
        stay = [i for i in range(len(rows)) if start + i not in reasons]
        kept[split] = rows if len(stay) == len(rows) else rows.select(stay)
        start += len(rows)
    return DatasetDict(kept), _report(table, reasons)


def _report(table: _Table, reasons: Mapping[int, str]) -> DropReport:
    sizes = [len(text.encode("utf-8", "surrogatepass")) for text in table.targets]
    dropped = {reason: [i for i in reasons if reasons[i] == reason] for reason in sorted(set(reasons.values()))}
    return DropReport(
        step="withhold",
        kept=len(sizes) - len(reasons),
        dropped={reason: len(rows) for reason, rows in dropped.items()},
        kept_bytes=sum(sizes) - sum(sizes[i] for i in reasons),
        dropped_bytes={reason: sum(sizes[i] for i in rows) for reason, rows in dropped.items()},
    )


class _Table:
    """The columns that are compared, of all splits in a row."""

    def __init__(self, ds: DatasetDict | Mapping[str, Dataset] | Sequence[Mapping]) -> None:
        self.splits, table = _columns(ds)
        column = {name: table.column(name).to_pylist() for name in COLUMNS}
        self.ids, self.parents = column["id"], column["parent_id"]
        self.groups, self.paths = column["group"], column["path"]
        self.code = np.array([kind == "code" for kind in column["kind"]], bool)
        self.augmented = sum(technique != "original" for technique in column["technique"])
        self.targets = [text[start:] for text, start in zip(column["text"], column["context_chars"])]
        self.contexts = [text[:start] for text, start in zip(column["text"], column["context_chars"])]
        places = {split: place for place, split in enumerate(sorted(set(self.splits)))}
        self.side = np.array([places[split] for split in self.splits], np.int64)

    def pairs(self) -> list[tuple[int, int, float]]:
        """The pairs of different splits that count, by row number, with their Jaccard."""
        sets = shingles(self.targets)
        return _pairs(sets, alike(sets, self.side.tolist()), self.side)

    def shown(self) -> list[int]:
        """The rows of train whose context holds an evaluated target, by row number."""
        train = [i for i, split in enumerate(self.splits) if split == "train" and self.contexts[i]]
        evaluated = [target for target, split in zip(self.targets, self.splits) if split in SPLITS[1:]]
        return sorted(train[k] for k in showing([self.contexts[i] for i in train], evaluated))

    def shared(self, values: Sequence[str], rows: np.ndarray) -> int:
        """How many values stand in more than one split."""
        homes: dict[str, set[int]] = {}
        for i in rows.tolist():
            homes.setdefault(values[i], set()).add(int(self.side[i]))
        return sum(len(home) > 1 for home in homes.values())


def _columns(ds: DatasetDict | Mapping[str, Dataset] | Sequence[Mapping]) -> tuple[list[str], pa.Table]:
    """Each row's split, and the columns that are compared."""
    if isinstance(ds, Mapping):
        tables = [_compared(rows) for rows in ds.values()]
        splits = [split for split, rows in ds.items() for _ in range(len(rows))]
        return splits, pa.concat_tables([table.cast(tables[0].schema) for table in tables])
    rows = list(ds)
    absent = sorted({name for row in rows for name in (*COLUMNS, "split") if name not in row})
    if absent:
        raise EliteCodeError(f"the rows have no {absent[0]!r}; give rows of windows or edits as this package builds them")
    return [row["split"] for row in rows], pa.table({name: [row[name] for row in rows] for name in COLUMNS})


def _compared(rows: Dataset) -> pa.Table:
    """The columns that are compared; for rows of whole files with what they have in their place."""
    absent = sorted(set(COLUMNS).difference(rows.column_names))
    if not absent:
        return rows.select_columns(list(COLUMNS)).with_format("arrow")[:].select(COLUMNS)
    if not set(FILE_COLUMNS) <= set(rows.column_names):
        raise EliteCodeError(
            f"certificate() got rows without {absent[0]!r}; expected a dataset of this package (files, w256 to w4096, edits, multiscale or build())"
        )
    table = rows.select_columns(list(FILE_COLUMNS)).with_format("arrow")[:]
    same = {"kind": "code", "technique": "original", "parent_id": "", "context_chars": 0}
    made = {name: pa.array([value] * len(table)) for name, value in same.items()}
    made |= {name: table.column(name) for name in ("path", "group", "text")} | {"id": table.column("path")}
    return pa.table({name: made[name] for name in COLUMNS})


def certificate(ds: DatasetDict | Mapping[str, Dataset] | Sequence[Mapping]) -> Certificate:
    """What is shared across the splits of a ``DatasetDict``, or of rows (mappings with a ``split``), augmented ones included.

    Raises ``EliteCodeError`` for rows that are not of this package."""
    table = _Table(ds)
    pairs = table.pairs()
    exact = sum(jaccard == 1.0 for _, _, jaccard in pairs)
    near = sum(NEAR_DUPLICATE_JACCARD <= jaccard < 1.0 for _, _, jaccard in pairs)
    return Certificate(
        exact=exact,
        near=near,
        contained=len(pairs) - exact - near,
        groups=table.shared(table.groups, np.arange(len(table.groups))),
        paths=table.shared(table.paths, np.flatnonzero(table.code)),
        ids=len(table.ids) - len(set(table.ids)),
        compared=len(table.targets),
        augmented=table.augmented,
        shown=len(table.shown()),
    )
