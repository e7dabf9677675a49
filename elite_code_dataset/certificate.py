"""The leakage certificate: what training shows of what is evaluated, counted on the rows themselves after all is done.

In: a ``DatasetDict``, or rows. Out: ``Certificate``, all zeros for a good dataset; and ``withheld``, the rows to leave out so that it is. Costs one
exact join over the targets of original rows: about a second for 10 MB of targets.

Compared are targets (``text[context_chars:]``; context is not trained on) of original rows of one kind and one scale in different splits:
- ``exact``: the same token 5-grams, 16 or more of them (about 20 tokens: below, two functions of one line are alike by chance);
- ``near``: Jaccard 0.85 or more, ``contained``: 0.85 or more of the smaller one's 5-grams inside the larger; both have 32 or more.
Besides: ``groups`` that stand in two splits, ``paths`` of code rows that do, and ``ids`` that occur twice.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import Dataset, DatasetDict

from elite_code_dataset.config import NEAR_DUPLICATE_JACCARD
from elite_code_dataset.records import EliteCodeError
from elite_code_dataset.similarity import Pair, joined, shingles

EXACT_SHINGLES = 16
NEAR_SHINGLES = 32
COLUMNS = ("id", "group", "path", "kind", "scale", "technique", "text", "context_chars")


@dataclass(frozen=True)
class Certificate:
    """Pairs of rows in different splits, and names in more than one; ``compared`` is how many targets there were."""

    exact: int
    near: int
    contained: int
    groups: int
    paths: int
    ids: int
    compared: int

    @property
    def total(self) -> int:
        """Everything that leaks; 0 is what a dataset should have."""
        return self.exact + self.near + self.contained + self.groups + self.paths + self.ids

    def as_dict(self) -> dict[str, int]:
        return asdict(self)

    def __str__(self) -> str:
        return (
            f"across splits: {self.exact} exact, {self.near} near and {self.contained} contained pairs, "
            f"{self.groups} groups, {self.paths} paths, {self.ids} ids shared; {self.compared} targets compared"
        )


def _twins(sets: Sequence[np.ndarray], sides: np.ndarray) -> list[Pair]:
    """The pairs of different sides that count, by the module's definition."""
    pairs = joined(sets, NEAR_DUPLICATE_JACCARD, NEAR_DUPLICATE_JACCARD, sides, EXACT_SHINGLES)
    return [p for p in pairs if p.jaccard == 1.0 or min(len(sets[p.first]), len(sets[p.second])) >= NEAR_SHINGLES]


def withheld(train: Sequence[str], evaluation: Sequence[str]) -> set[int]:
    """Which of the first texts are exact, near or contained twins of one of the second, by index: those to leave out.

    Give targets of one kind and scale; for a test without twins in the validation, call it for those two as well."""
    sets = shingles([*train, *evaluation])
    return {pair.first for pair in _twins(sets, np.repeat([0, 1], [len(train), len(evaluation)]))}


def _columns(ds: DatasetDict | Mapping[str, Dataset] | Sequence[Mapping]) -> tuple[list[str], pa.Table]:
    """Each row's split, and the columns that are compared."""
    if isinstance(ds, Mapping):
        absent = sorted({name for rows in ds.values() for name in COLUMNS if name not in rows.column_names})
        if absent:
            raise EliteCodeError(f"the rows have no column {absent[0]!r}; give a dataset of windows or edits as this package builds it")
        tables = [rows.select_columns(list(COLUMNS)).with_format("arrow")[:] for rows in ds.values()]
        splits = [split for split, rows in ds.items() for _ in range(len(rows))]
        return splits, pa.concat_tables([table.select(COLUMNS).cast(tables[0].select(COLUMNS).schema) for table in tables])
    rows = list(ds)
    absent = sorted({name for row in rows for name in (*COLUMNS, "split") if name not in row})
    if absent:
        raise EliteCodeError(f"the rows have no {absent[0]!r}; give rows of windows or edits as this package builds them")
    return [row["split"] for row in rows], pa.table({name: [row[name] for row in rows] for name in COLUMNS})


def _shared(values: pa.ChunkedArray, splits: np.ndarray) -> int:
    """How many values stand in more than one split."""
    seen = pa.table({"value": values, "split": splits}).group_by("value").aggregate([("split", "count_distinct")])
    return int(pc.sum(pc.greater(seen["split_count_distinct"], 1)).as_py() or 0)


def _classes(kinds: Sequence[str], scales: Sequence[int], original: np.ndarray) -> Iterator[np.ndarray]:
    """Row numbers of the original rows of each kind and scale."""
    keys = sorted((kinds[i], scales[i], i) for i in np.flatnonzero(original).tolist())
    for _, members in itertools.groupby(keys, key=lambda key: key[:2]):
        yield np.array([i for _, _, i in members])


def certificate(ds: DatasetDict | Mapping[str, Dataset] | Sequence[Mapping]) -> Certificate:
    """What is shared across the splits of a ``DatasetDict``, or of rows (mappings with a ``split``).

    Raises ``EliteCodeError`` for rows that are not windows or edits of this package."""
    names, table = _columns(ds)
    places = {split: place for place, split in enumerate(sorted(set(names)))}
    side = np.array([places[name] for name in names], np.int64)
    if not len(side):
        return Certificate(0, 0, 0, 0, 0, 0, 0)
    column = {name: table.column(name).to_pylist() for name in ("kind", "scale", "text", "context_chars")}
    original = np.array(table.column("technique").to_pylist(), object) == "original"
    pairs: list[Pair] = []
    for members in _classes(column["kind"], column["scale"], original):
        sets = shingles([column["text"][i][column["context_chars"][i] :] for i in members.tolist()])
        pairs += _twins(sets, side[members])
    exact = sum(pair.jaccard == 1.0 for pair in pairs)
    near = sum(NEAR_DUPLICATE_JACCARD <= pair.jaccard < 1.0 for pair in pairs)
    code = np.array(column["kind"], object) == "code"
    return Certificate(
        exact=exact,
        near=near,
        contained=len(pairs) - exact - near,
        groups=_shared(table.column("group"), side),
        paths=_shared(table.column("path").filter(pa.array(code.astype(bool))), side[code]),
        ids=len(side) - pc.count_distinct(table.column("id")).as_py(),
        compared=int(original.sum()),
    )
