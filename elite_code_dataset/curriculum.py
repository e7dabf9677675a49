"""Curriculum: rows -> the same rows with ``difficulty`` in [0, 1] and ``stage``; the rows keep their order unless ``sort=True``.

In: a ``Dataset`` or ``DatasetDict`` of rows. Out: the same with float64 ``difficulty`` and int64 ``stage``. Costs one reading of the texts
(about 20 MB/s, one process) and about 5 bytes of memory for each identifier; the ranking itself is numpy. The columns are then
attached by ``.map`` over Arrow tables.

Difficulty is a rank within one scale and language, of the weighted mean of four ranks: cyclomatic complexity, nesting, length in tokens and rare
identifiers. Ranks, the rarity of names and the limits of stages all come from the train split, so no other split can change it.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pyarrow as pa
from datasets import Dataset, DatasetDict, Features, Value

from elite_code_dataset import config
from elite_code_dataset.records import EliteCodeError

AnyDataset = TypeVar("AnyDataset", Dataset, DatasetDict)

MEASURES = ("complexity", "nesting", "length", "rarity")
NEEDED = ("path", "language", "scale", "technique", "text", "context_chars", "context_tokens", "n_tokens", "complexity")
READ_ROWS = 1000  # rows read at a time; bounds the memory that texts take
IDENTIFIER = re.compile(r"[^\W\d]\w*")
INDENT = re.compile(r"^([ \t]*)\S", re.MULTILINE)
COLUMNS = {"difficulty": Value("float64"), "stage": Value("int64")}


@dataclass(frozen=True)
class Measured:
    """What one split's rows measure: arrays of one length. ``names`` are identifier numbers, row i's at ``[offsets[i], offsets[i + 1])``."""

    scale: np.ndarray
    language: np.ndarray
    tokens: np.ndarray
    complexity: np.ndarray
    nesting: np.ndarray
    path: np.ndarray
    original: np.ndarray
    names: np.ndarray
    offsets: np.ndarray


@dataclass(frozen=True)
class Attach:
    """The ``.map`` pass: row i of the split gets value i. The options and the digest of our sources make its cache follow both."""

    difficulty: np.ndarray
    stage: np.ndarray
    options: tuple
    digest: str

    def __call__(self, table: pa.Table, indices: Sequence[int]) -> pa.Table:
        rows = np.asarray(indices, dtype=np.int64)
        for name, values in (("difficulty", self.difficulty), ("stage", self.stage)):
            column = pa.array(values[rows])
            known = name in table.column_names
            table = table.set_column(table.column_names.index(name), name, column) if known else table.append_column(name, column)
        return table


def order(
    ds: AnyDataset,
    stages: Sequence[float] = config.CURRICULUM_STAGES,
    measures: Mapping[str, float] | None = None,
    sort: bool = False,
    num_proc: int | None = None,
) -> AnyDataset:
    """``ds`` with ``difficulty`` and ``stage``. ``stages`` are shares of the train split's target tokens, easiest first; ``measures`` gives
    each measure's part in the difficulty; ``sort=True`` also puts the rows in that order. Raises EliteCodeError for options that cannot be."""
    parts = _checked(stages, config.DIFFICULTY_MEASURES if measures is None else measures)
    splits = dict(ds) if isinstance(ds, DatasetDict) else {"train": ds}
    vocabulary = Numbers()
    measured = {name: measured_of(split, vocabulary) for name, split in splits.items()}
    reference = measured.get("train") or next(iter(measured.values()))
    rarity = rarities_of(reference, len(vocabulary))
    base = values_of(reference, rarity)
    combined = _combined(reference, base, reference, base, parts)
    ranks = _ranked(reference, combined, reference, combined)
    limits = stage_limits(reference, ranks, stages)
    made = {}
    for name, split in splits.items():
        rows = measured[name]
        here = _ranked(rows, _combined(rows, values_of(rows, rarity), reference, base, parts), reference, combined)
        stage = np.searchsorted(limits, stage_keys(rows.scale, here), side="right").astype(np.int64)
        made[name] = _attached(
            split, Attach(here, stage, (tuple(stages), tuple(sorted(parts.items()))), config.source_digest()), sort, num_proc
        )
    return DatasetDict(made) if isinstance(ds, DatasetDict) else made["train"]


class Numbers(dict):
    """identifier -> number, in the order of appearance: a new one gets the next."""

    def __missing__(self, name: str) -> int:
        number = self[name] = len(self)
        return number


def measured_of(ds: Dataset, vocabulary: Numbers) -> Measured:
    """One reading of a split. ``vocabulary`` grows."""
    missing = [name for name in NEEDED if name not in ds.column_names]
    if missing:
        raise EliteCodeError(
            f"order() got a dataset without the column {missing[0]!r}; it needs {', '.join(NEEDED)}: load it with elite_code_dataset"
        )
    columns = {name: [] for name in ("scale", "language", "path", "technique", "complexity", "tokens", "nesting")}
    names, counts = [], [0]
    seen: dict[bytes, tuple[np.ndarray, float]] = {}  # two scales, or a row and its child, often have one target
    for row in _rows(ds):
        target = row["text"][row["context_chars"] :]
        key = hashlib.blake2b(target.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if key not in seen:
            seen[key] = np.array(list(map(vocabulary.__getitem__, IDENTIFIER.findall(target))), dtype=np.int32), nesting_of(target)
        found, nesting = seen[key]
        names.append(found)
        counts.append(len(found))
        columns["tokens"].append(row["n_tokens"] - row["context_tokens"])
        columns["nesting"].append(nesting)
        for name in ("scale", "language", "path", "technique", "complexity"):
            columns[name].append(row[name])
    return Measured(
        scale=np.array(columns["scale"], dtype=np.int64),
        language=np.array(columns["language"], dtype=object),
        tokens=np.array(columns["tokens"], dtype=np.int64),
        complexity=np.array(columns["complexity"], dtype=np.float64),
        nesting=np.array(columns["nesting"], dtype=np.float64),
        path=np.array(columns["path"], dtype=object),
        original=np.array([technique == "original" for technique in columns["technique"]], dtype=bool),
        names=np.concatenate(names) if names else np.zeros(0, np.int32),
        offsets=np.cumsum(counts),
    )


def nesting_of(code: str) -> float:
    """How deep the lines of a text stand, on average, in steps of its own indentation: 0 for flat code."""
    blanks = INDENT.findall(code)
    widths = [len(blank.expandtabs(8)) for blank in blanks] if "\t" in code else list(map(len, blanks))
    if not widths:
        return 0.0
    least = min(widths)
    depths = [width - least for width in widths]
    step = min((depth for depth in depths if depth), default=1)
    return sum(depths) / step / len(depths)


def rarities_of(rows: Measured, size: int) -> np.ndarray:
    """float64[size]: -log2 of the share of files whose real code uses a name; the same name in five windows of a file counts once."""
    _, files = np.unique(rows.path, return_inverse=True) if len(rows.path) else (None, np.zeros(0, np.int64))
    real = np.repeat(rows.original, np.diff(rows.offsets))
    pairs = np.repeat(files, np.diff(rows.offsets))[real].astype(np.int64) * max(size, 1) + rows.names[real]
    used = np.bincount(np.unique(pairs) % max(size, 1), minlength=size)
    total = len(np.unique(files)) + 1
    return -np.log2((used + 0.5) / total) if size else np.zeros(0)


def values_of(rows: Measured, rarity: np.ndarray) -> dict[str, np.ndarray]:
    """The four raw measures of every row; rarity is the mean over the names in the target, 0 without any."""
    sums = np.concatenate([[0.0], np.cumsum(rarity[rows.names])])
    counts = np.diff(rows.offsets)
    mean = (sums[rows.offsets[1:]] - sums[rows.offsets[:-1]]) / np.maximum(counts, 1)
    # rounded, since sums over the same names in another order differ in the last bits
    return {"complexity": rows.complexity, "nesting": rows.nesting, "length": rows.tokens.astype(np.float64), "rarity": np.round(mean, 9)}


def mid_ranks(values: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Share of ``reference`` below each value, half of the equal ones counted: in [0, 1], 0.5 for the middle."""
    if not len(reference):
        return np.full(len(values), 0.5)
    ordered = np.sort(reference)
    below, upto = np.searchsorted(ordered, values, side="left"), np.searchsorted(ordered, values, side="right")
    return (below + upto) / (2 * len(ordered))


def stage_keys(scale: np.ndarray, difficulty: np.ndarray) -> np.ndarray:
    """One number that orders rows by scale, then difficulty: difficulty never reaches 2."""
    return scale * 2.0 + difficulty


def stage_limits(rows: Measured, difficulty: np.ndarray, stages: Sequence[float]) -> np.ndarray:
    """Keys at which stage 1, 2, ... begin: the rows in order, cut by target tokens (by rows, the long windows would fill the last stage)."""
    keys = stage_keys(rows.scale, difficulty)
    by_key = np.argsort(keys, kind="stable")
    before = np.cumsum(rows.tokens[by_key]) - rows.tokens[by_key]
    cuts = np.cumsum(stages)[:-1] * rows.tokens.sum()
    at = np.searchsorted(before, cuts - 1e-6, side="left")
    return np.array([keys[by_key][i] if i < len(keys) else math.inf for i in at])


def _groups(rows: Measured) -> Iterator[tuple[tuple[int, str], np.ndarray]]:
    keys = [(int(scale), str(language)) for scale, language in zip(rows.scale, rows.language)]
    members: dict[tuple[int, str], list[int]] = {}
    for i, key in enumerate(keys):
        members.setdefault(key, []).append(i)
    for key in sorted(members):
        yield key, np.array(members[key])


def _ranked(rows: Measured, values: np.ndarray, reference: Measured, base: np.ndarray) -> np.ndarray:
    """Ranks of ``values`` within scale and language, against the reference's; a language the reference lacks is ranked in itself."""
    known = dict(_groups(reference))
    ranks = np.zeros(len(values))
    for key, members in _groups(rows):
        ranks[members] = mid_ranks(values[members], base[known[key]] if key in known else values[members])
    return ranks


def _combined(
    rows: Measured, values: Mapping[str, np.ndarray], reference: Measured, base: Mapping[str, np.ndarray], parts: Mapping[str, float]
) -> np.ndarray:
    total = sum(parts.values())
    ranks = [weight / total * _ranked(rows, values[name], reference, base[name]) for name, weight in sorted(parts.items())]
    return np.round(np.sum(ranks, axis=0), 12)


def _rows(ds: Dataset) -> Iterator[dict]:
    for batch in ds.select_columns(list(NEEDED)).with_format("arrow").iter(READ_ROWS):
        yield from batch.to_pylist()


def _attached(ds: Dataset, attach: Attach, sort: bool, num_proc: int | None) -> Dataset:
    if not len(ds):  # .map returns an empty split as it came, without the columns
        ds = ds if "difficulty" in ds.column_names else ds.add_column("difficulty", attach.difficulty)
        return ds if "stage" in ds.column_names else ds.add_column("stage", attach.stage)
    features = Features({**ds.features, **COLUMNS})
    made = ds.with_format("arrow").map(attach, batched=True, with_indices=True, features=features, num_proc=num_proc, desc="order")
    made = made.with_format(**ds.format) if ds.format["type"] else made.with_format(None)
    if not sort:
        return made
    keys = stage_keys(np.asarray(ds.with_format(None)["scale"]), attach.difficulty)
    return made.select(np.argsort(keys, kind="stable"))


def _checked(stages: Sequence[float], measures: Mapping[str, float]) -> dict[str, float]:
    if not stages or any(not share > 0 for share in stages) or abs(sum(stages) - 1) > 1e-6:
        raise EliteCodeError(f"stages= is {tuple(stages)}; expected shares above 0 that sum to 1, e.g. {config.CURRICULUM_STAGES}")
    unknown = sorted(set(measures) - set(MEASURES))
    if unknown:
        raise EliteCodeError(f"unknown measure {unknown[0]!r}; available: {', '.join(MEASURES)}")
    if any(not (math.isfinite(part) and part >= 0) for part in measures.values()) or not sum(measures.values()) > 0:
        raise EliteCodeError(f"measures= is {dict(measures)}; expected parts from 0 up, at least one above 0")
    return {name: float(part) for name, part in measures.items() if part}
