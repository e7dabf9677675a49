"""Rows: ``Window`` records as Arrow tables, one a split, how they are put on disk, and taken over from what an earlier build left there.

In: windows. Out: tables with ``ROW_SCHEMA``, written in shards of ``SHARD_ROWS`` rows; rows of train that evaluation shows too are withheld, and lie
beside the others, as a later build may not have to withhold them. Costs one copy of the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from elite_code_dataset import store
from elite_code_dataset.earlier import ORIGIN
from elite_code_dataset.records import SPLITS, DropReport, Window
from elite_code_dataset.sketches import read_sets, write_sets
from elite_code_dataset.windows import DAY
from elite_code_dataset.withholding import Before, Common, without_shown

NEUTRAL = {"difficulty": 0.0, "stage": 0, "weight": 1.0}  # until the passes set them
SHARD_ROWS = 100
LEFT = "left.json"
KINDS = ("targets", "contexts")  # whose sketches lie beside the rows
# Columns that datasets keep in 32 bits: written so at once, nothing is cast when rows are handed out.
NARROW = frozenset("scale context_chars context_tokens n_tokens start_line end_line complexity original_start original_end".split())

_ROW_TYPES = {
    "str": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "list[int]": pa.list_(pa.int32()),
    "list[str]": pa.list_(pa.string()),
}
ROW_SCHEMA = pa.schema(
    [pa.field(f.name, pa.int32() if f.name in NARROW else _ROW_TYPES[f.type]) for f in Window.__dataclass_fields__.values()]
    + [pa.field("difficulty", pa.float64()), pa.field("stage", pa.int32()), pa.field("weight", pa.float64())]
)


def table_of(rows: Sequence[Window]) -> pa.Table:
    """The windows in order, with neutral difficulty, stage and weight."""
    columns = [[getattr(row, name) for row in rows] for name in Window.__dataclass_fields__]
    columns += [[value] * len(rows) for value in NEUTRAL.values()]
    return pa.Table.from_arrays([pa.array(values, kind) for values, kind in zip(columns, ROW_SCHEMA.types)], schema=ROW_SCHEMA)


def write(draft: Path, tables: Mapping[str, pa.Table]) -> None:
    """One Arrow file a split; a split without rows has none."""
    for split in SPLITS:
        if split in tables and tables[split].num_rows:
            store.write_table(draft / f"{split}.arrow", tables[split].combine_chunks(), SHARD_ROWS)


def leave(
    draft: Path,
    parts: Sequence[Mapping[str, Pieced]],
    step: str,
    tokenizer: str,
    places: Sequence[Mapping[str, Any]],
    evaluated: Sequence[str],
    trained: Common,
) -> DropReport:
    """Put the rows of all repositories on disk, without what evaluation (see ``without_shown``) shows too, with what ``Left`` needs: of each repository
    its ``parts``, which say how many rows of each split they are, in order."""
    tables = {split: pa.concat_tables([ROW_SCHEMA.empty_table(), *(part[split].table for part in parts)]) for split in SPLITS}
    before: dict[str, list[Before]] = {}
    for split in SPLITS:
        starts = accumulate((len(part[split].table) for part in parts), initial=0)
        before[split] = [part[split].before.moved(start) for part, start in zip(parts, starts) if part[split].before]
    kept = without_shown(tables, step, evaluated, before, trained)
    write(draft, kept.tables)
    (draft / "withheld").mkdir()
    write(draft / "withheld", {split: tables[split].take(pa.array(list(out), pa.int64())) for split, out in kept.out.items()})
    withheld = {split: list(out.items()) for split, out in kept.out.items()}
    for split, sketches in kept.sketches.items():
        for kind, table in zip(KINDS, sketches):
            store.write_table(draft / f"{split}-{kind}.arrow", table, len(table) or 1)
    write_sets(draft / "shown.arrow", {digest: one for sets in kept.shown.values() for digest, one in sets.items()})
    shown = {split: list(sets) for split, sets in kept.shown.items()}
    store.write_json(draft / LEFT, {"tokenizer": tokenizer, "places": list(places), "withheld": withheld, "shown": shown})
    return kept.report


class Left:
    """What a build left in a folder, before any row was withheld. ``told`` and ``parts``: of the repository that was its ``place``-th; ``out``: which
    rows were withheld, and why, by split; ``shown``: what they were judged by, in digests, whose ``sets`` are there; ``sketches`` of all rows."""

    def __init__(self, folder: Path, place: int) -> None:
        left = store.read_json(folder / LEFT)
        self.tokenizer = left["tokenizer"]
        self.told = left["places"][place]
        self.parts = self.told["parts"]
        before = [part for other in left["places"][:place] for part in other["parts"]]
        kept, lost = read(folder), read(folder / "withheld")
        self.out = {split: dict(map(tuple, left["withheld"].get(split, []))) for split in SPLITS}
        self.shown = {split: frozenset(left["shown"].get(split, [])) for split in SPLITS}
        self.sets = read_sets(folder / "shown.arrow")
        self.sketches = {split: tuple(store.read_table(folder / f"{split}-{kind}.arrow") for kind in KINDS) for split in left["shown"]}
        self.tables = {split: whole(kept.get(split), lost.get(split), list(self.out[split])) for split in SPLITS}
        self.ends = {
            split: list(
                accumulate((part["rows"].get(split, 0) for part in self.parts), initial=sum(p["rows"].get(split, 0) for p in before))
            )
            for split in SPLITS
        }

    def span(self, split: str, part: int) -> tuple[int, int]:
        """Where the rows of a part stand in the split's table."""
        return self.ends[split][part], self.ends[split][part + 1]

    def before(self, split: str, spans: Sequence[tuple[int, int, int]]) -> Before | None:
        """What was found of rows that are taken over: (where they begin here, begin there, end there); None for a split that is not judged."""
        if split not in self.sketches:
            return None
        places = [np.arange(here, here + last - first) for here, first, last in spans]
        reasons = {here + i - first: why for here, first, last in spans for i, why in self.out[split].items() if first <= i < last}
        sketches = (pa.concat_tables([one.slice(0, 0), *(one.slice(a, b - a) for _, a, b in spans)]) for one in self.sketches[split])
        return Before(np.concatenate([np.zeros(0, np.int64), *places]), reasons, self.shown[split], self.sets, tuple(sketches))


def left_by(folder: Path, name: str, place: int, tokenizer: str) -> Left | None:
    """What the nearest build before an analysis left of its rows ``name``, if they were made with the same tokenizer."""
    root, seen, at = folder.parent, set(), (folder.name, place)
    while at not in seen:
        seen.add(at)
        try:
            at = tuple(store.read_json(root / at[0] / ORIGIN)["earlier"][at[1]])
        except (OSError, ValueError, LookupError, TypeError):
            return None  # the first one there was; or somebody removed or damaged it
        there = root / f"{at[0]}-{name}"
        if store.is_whole(there):
            left = Left(there, at[1])
            return left if left.tokenizer == tokenizer else None
    return None


def whole(kept: pa.Table | None, lost: pa.Table | None, positions: Sequence[int]) -> pa.Table:
    """The rows in their order before those at ``positions`` were withheld."""
    tables = [table for table in (kept, lost) if table is not None]
    if not tables:
        return ROW_SCHEMA.empty_table()
    if len(tables) == 1 and not positions:
        return tables[0]
    pieces, at = [], 0
    for number, position in enumerate(positions):  # slices, so that nothing is copied
        stays = position - number - at
        pieces += [kept.slice(at, stays)] if stays else []
        pieces.append(lost.slice(number, 1))
        at += stays
    return pa.concat_tables([*pieces, *([kept.slice(at)] if kept is not None else [])])


@dataclass(frozen=True)
class Pieced:
    """Rows of one split, and what an earlier build found of those that were taken over."""

    table: pa.Table
    before: Before | None = None


def pieced(
    pieces: Iterable[tuple[int, int] | Sequence[Window]], left: Left | None, split: str, commit_time: int, commit: str = ""
) -> Pieced:
    """New windows and spans of what is left, in order; those taken over get their age as of this tip, and its ``commit`` where it is given."""
    runs: list[tuple[int, int] | list[Window]] = []
    for piece in pieces:
        if isinstance(piece, tuple):
            if runs and isinstance(runs[-1], tuple) and runs[-1][1] == piece[0]:
                runs[-1] = (runs[-1][0], piece[1])
            elif piece[0] < piece[1]:
                runs.append(piece)
        elif piece:
            if not runs or isinstance(runs[-1], tuple):
                runs.append([])
            runs[-1] += piece
    tables = [ROW_SCHEMA.empty_table()]
    spans: list[tuple[int, int, int]] = []  # of what is taken over: where it begins here, begins there, ends there
    at = 0
    for run in runs:
        if isinstance(run, list):
            tables.append(table_of(run))
        else:
            tables.append(_as_of(left.tables[split].slice(run[0], run[1] - run[0]), commit_time, commit))
            spans.append((at, *run))
        at += len(tables[-1])
    return Pieced(pa.concat_tables(tables), left.before(split, spans) if left else None)


def _as_of(table: pa.Table, commit_time: int, commit: str) -> pa.Table:
    ages = [max(0.0, (commit_time - time) / DAY) for time in table["timestamp"].to_pylist()]
    new = {"age_days": pa.array(ages, pa.float64())} | ({"commit": pa.array([commit] * len(ages), pa.string())} if commit else {})
    for name, column in new.items():
        at = table.schema.get_field_index(name)
        table = table.set_column(at, table.schema.field(at), column)
    return table


def read(folder: Path) -> dict[str, pa.Table]:
    """What ``write`` wrote, by split."""
    return {split: store.read_table(folder / f"{split}.arrow") for split in SPLITS if (folder / f"{split}.arrow").is_file()}
