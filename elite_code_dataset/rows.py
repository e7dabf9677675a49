"""Rows: ``Window`` records as Arrow tables, one a split, and how they are put on disk.

In: windows. Out: tables with ``ROW_SCHEMA``, written in shards of ``SHARD_ROWS`` rows; rows of train that evaluation shows too are withheld.
Costs one copy of the rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from elite_code_dataset import store
from elite_code_dataset.certificate import withheld
from elite_code_dataset.records import SPLITS, DropReport, Window

NEUTRAL = {"difficulty": 0.0, "stage": 0, "weight": 1.0}  # until the passes set them
SHARD_ROWS = 100
TWIN = "twin_in_evaluation"

_ROW_TYPES = {
    "str": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "list[int]": pa.list_(pa.int32()),
    "list[str]": pa.list_(pa.string()),
}
ROW_SCHEMA = pa.schema(
    [pa.field(f.name, _ROW_TYPES[f.type]) for f in Window.__dataclass_fields__.values()]
    + [pa.field("difficulty", pa.float64()), pa.field("stage", pa.int64()), pa.field("weight", pa.float64())]
)


def table_of(rows: Sequence[Window]) -> pa.Table:
    """The windows in order, with neutral difficulty, stage and weight."""
    columns = [[getattr(row, name) for row in rows] for name in Window.__dataclass_fields__]
    columns += [[value] * len(rows) for value in NEUTRAL.values()]
    return pa.Table.from_arrays([pa.array(values, kind) for values, kind in zip(columns, ROW_SCHEMA.types)], schema=ROW_SCHEMA)


def targets_of(table: pa.Table) -> list[str]:
    """What each row wants written."""
    return [text[start:] for text, start in zip(table["text"].to_pylist(), table["context_chars"].to_pylist())]


@dataclass(frozen=True)
class Kept:
    """``tables``: what stays, by split. ``out``: the positions of what does not, by split. Rows and bytes of both in ``report``."""

    tables: dict[str, pa.Table]
    out: dict[str, list[int]] = field(default_factory=dict)
    report: DropReport = field(default_factory=lambda: DropReport("", 0))


def without_shown(tables: Mapping[str, pa.Table], step: str) -> Kept:
    """Take out of train what validation or test shows too, and out of validation what test shows."""
    targets = {split: targets_of(table) for split, table in tables.items()}
    kept, lost, size = dict(tables), {}, 0
    for split, against in (("validation", ("test",)), ("train", ("validation", "test"))):
        if split not in tables:
            continue
        out = withheld(targets[split], [text for other in against for text in targets.get(other, [])])
        if out:
            lost[split] = sorted(out)
            size += sum(len(targets[split][i].encode()) for i in out)
            stay = [i for i in range(len(targets[split])) if i not in out]
            kept[split], targets[split] = tables[split].take(stay), [targets[split][i] for i in stay]
    count = sum(map(len, lost.values()))
    bytes_kept = sum(len(text.encode()) for found in targets.values() for text in found)
    dropped, dropped_bytes = ({TWIN: count}, {TWIN: size}) if count else ({}, {})
    return Kept(kept, lost, DropReport(step, sum(map(len, targets.values())), dropped, bytes_kept, dropped_bytes))


def write(draft: Path, tables: Mapping[str, pa.Table]) -> None:
    """One Arrow file a split; a split without rows has none."""
    for split in SPLITS:
        if split in tables and tables[split].num_rows:
            store.write_table(draft / f"{split}.arrow", tables[split].combine_chunks(), SHARD_ROWS)


def read(folder: Path) -> dict[str, pa.Table]:
    """What ``write`` wrote, by split."""
    return {split: store.read_table(folder / f"{split}.arrow") for split in SPLITS if (folder / f"{split}.arrow").is_file()}
