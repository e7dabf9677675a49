"""Composition: what a dataset is made of, in plain numbers. The card, the report, the export and the command line all quote these.

In: a DatasetDict of rows. Out: a ``Composition``: rows and target tokens by split, language, role, scale, technique, kind and stage, and the
histograms of tokens, age, weight and difficulty. Costs one reading of the short columns and the lengths of the texts; nothing is decoded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import Dataset, DatasetDict

from elite_code_dataset.records import EliteCodeError

SHORT = (
    "scale",
    "language",
    "role",
    "kind",
    "technique",
    "path",
    "n_tokens",
    "context_tokens",
    "weight",
    "difficulty",
    "stage",
    "age_days",
)
KEYS = ("language", "role", "scale", "technique", "kind", "stage")
AGE_EDGES = (0, 7, 30, 60, 90, 180, 365, 730, 1460, 2920, float("inf"))  # days
FILL_EDGES = tuple(i / 10 for i in range(11))  # share of the window that tokens take


@dataclass(frozen=True)
class Part:
    """One value of one column: its rows in each split, its tokens in all of them, and the target tokens among those."""

    value: str
    rows: Mapping[str, int]
    tokens: int
    target_tokens: int

    @property
    def total(self) -> int:
        return sum(self.rows.values())


@dataclass(frozen=True)
class Bar:
    """One bar of a histogram: what it stands for, and how many rows."""

    label: str
    rows: int


@dataclass(frozen=True)
class Composition:
    """``splits`` counts rows, tokens, target tokens, files and bytes of text; ``by`` holds the parts of each column of ``KEYS``, largest first."""

    splits: Mapping[str, Mapping[str, int]]
    by: Mapping[str, tuple[Part, ...]]
    weights: tuple[Bar, ...]
    ages: tuple[Bar, ...]
    fill: tuple[Bar, ...]
    difficulty: tuple[Bar, ...]
    stages: Mapping[int, Mapping[int, int]]  # stage -> scale -> target tokens of the train split

    @property
    def rows(self) -> int:
        return sum(one["rows"] for one in self.splits.values())

    @property
    def tokens(self) -> int:
        return sum(one["tokens"] for one in self.splits.values())

    def names(self, key: str) -> tuple[str, ...]:
        return tuple(part.value for part in self.by[key])

    def as_dict(self) -> dict:
        return asdict(self) | {"rows": self.rows, "tokens": self.tokens}


def splits_of(ds: Dataset | DatasetDict) -> DatasetDict:
    """``ds`` as a DatasetDict; a single split is named by its rows. Raises EliteCodeError for anything else."""
    if isinstance(ds, DatasetDict) and ds:
        return ds
    if isinstance(ds, Dataset):
        name = ds[0]["split"] if len(ds) and "split" in ds.column_names else "train"
        return DatasetDict({name: ds})
    if isinstance(ds, DatasetDict):
        raise EliteCodeError("the dataset has no split; expected train, validation and test: build it again")
    raise EliteCodeError(f"got a {type(ds).__name__}; expected a Dataset or DatasetDict: load it without streaming=True")


def composition(ds: Dataset | DatasetDict) -> Composition:
    """What ``ds`` is made of. Raises EliteCodeError when a column of the row schema is missing."""
    parts = splits_of(ds)
    columns = {split: columns_of(rows) for split, rows in parts.items()}
    joined = {name: np.concatenate([one[name] for one in columns.values()]) for name in (*SHORT, "bytes")} if columns else {}
    where = np.repeat(list(columns), [len(one["scale"]) for one in columns.values()]) if columns else np.array([])
    train = columns.get("train") or next(iter(columns.values()))
    return Composition(
        splits={split: totals(one) for split, one in columns.items()},
        by={key: parts_by(joined, where, key, tuple(columns)) for key in KEYS},
        weights=values_histogram(joined["weight"]),
        ages=edges_histogram(joined["age_days"], AGE_EDGES, age_label),
        fill=edges_histogram(joined["n_tokens"] / np.maximum(joined["scale"], 1), FILL_EDGES, share_label),
        difficulty=edges_histogram(train["difficulty"], FILL_EDGES, share_label),
        stages=stage_table(train),
    )


def columns_of(rows: Dataset) -> dict[str, np.ndarray]:
    """The short columns as arrays, and the bytes of each text."""
    missing = [name for name in (*SHORT, "text") if name not in rows.column_names]
    if missing:
        raise EliteCodeError(f"the dataset has no column {missing[0]!r}; expected the rows of build(): columns {', '.join(SHORT)}, text")
    table = rows.select_columns(list(SHORT)).with_format("arrow")[:]
    columns = {name: table.column(name).to_numpy(zero_copy_only=False) for name in SHORT}
    return columns | {"bytes": text_bytes(rows)}


def text_bytes(rows: Dataset) -> np.ndarray:
    """int64[n]: UTF-8 bytes of each row's text."""
    sizes = [pc.binary_length(batch.column("text")) for batch in rows.select_columns(["text"]).with_format("arrow").iter(2000)]
    flat = [chunk for size in sizes for chunk in (size.chunks if isinstance(size, pa.ChunkedArray) else [size])]
    return np.concatenate([chunk.to_numpy(zero_copy_only=False) for chunk in flat]).astype(np.int64) if flat else np.zeros(0, np.int64)


def totals(columns: Mapping[str, np.ndarray]) -> dict[str, int]:
    tokens = int(columns["n_tokens"].sum())
    return {
        "rows": len(columns["scale"]),
        "tokens": tokens,
        "target_tokens": tokens - int(columns["context_tokens"].sum()),
        "files": len(set(columns["path"])),
        "bytes": int(columns["bytes"].sum()),
    }


def parts_by(columns: Mapping[str, np.ndarray], where: np.ndarray, key: str, splits: tuple[str, ...]) -> tuple[Part, ...]:
    """The values of one column, most target tokens first; scales and stages in their own order."""
    values, place = np.unique(columns[key].astype(str), return_inverse=True)
    target = columns["n_tokens"] - columns["context_tokens"]
    parts = [
        Part(
            str(value),
            {split: int(np.count_nonzero((place == i) & (where == split))) for split in splits},
            int(columns["n_tokens"][place == i].sum()),
            int(target[place == i].sum()),
        )
        for i, value in enumerate(values)
    ]
    return tuple(sorted(parts, key=lambda part: int(part.value) if key in ("scale", "stage") else (-part.target_tokens, part.value)))


def values_histogram(values: np.ndarray) -> tuple[Bar, ...]:
    """A bar for each value: weights are products of a few factors."""
    found, counts = np.unique(np.round(values.astype(float), 4), return_counts=True)
    return tuple(Bar(f"{value:g}", int(count)) for value, count in zip(found, counts))


def edges_histogram(values: np.ndarray, edges: tuple[float, ...], label: Callable[[float, float], str]) -> tuple[Bar, ...]:
    """A bar for each pair of neighbouring edges; what lies outside counts to the first or last."""
    place = np.clip(np.searchsorted(edges, values.astype(float), side="right") - 1, 0, len(edges) - 2)
    counts = np.bincount(place, minlength=len(edges) - 1)
    return tuple(Bar(label(low, high), int(count)) for low, high, count in zip(edges, edges[1:], counts))


def age_label(low: float, high: float) -> str:
    unit, size = ("y", 365) if low >= 365 else ("d", 1)
    return f"over {low / size:g} {unit}" if high == float("inf") else f"{low / size:g}-{high / size:g} {unit}"


def share_label(low: float, high: float) -> str:
    return f"{low:.1f}-{high:.1f}"


def stage_table(columns: Mapping[str, np.ndarray]) -> dict[int, dict[int, int]]:
    target = columns["n_tokens"] - columns["context_tokens"]
    table: dict[int, dict[int, int]] = {}
    for stage in sorted({int(one) for one in columns["stage"]}):
        inside = columns["stage"] == stage
        scales = sorted({int(one) for one in columns["scale"][inside]})
        table[stage] = {scale: int(target[inside & (columns["scale"] == scale)].sum()) for scale in scales}
    return table
