"""Rows: ``Window`` records as Arrow tables, one a split, how they are put on disk, and taken over from what an earlier build left there.

In: windows. Out: tables with ``ROW_SCHEMA``, written in shards of ``SHARD_ROWS`` rows; rows of train that evaluation shows too are withheld, and lie
beside the others, as a later build may not have to withhold them. Costs one copy of the rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from elite_code_dataset import store
from elite_code_dataset.certificate import showing, withheld
from elite_code_dataset.earlier import ORIGIN
from elite_code_dataset.records import SPLITS, DropReport, Window
from elite_code_dataset.windows import DAY

NEUTRAL = {"difficulty": 0.0, "stage": 0, "weight": 1.0}  # until the passes set them
SHARD_ROWS = 100
LEFT = "left.json"
TWIN, SHOWN = "twin_in_evaluation", "context_shows_evaluation"

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


def _split_texts(table: pa.Table) -> list[tuple[str, str]]:
    """Context and target of each row."""
    return [(text[:start], text[start:]) for text, start in zip(table["text"].to_pylist(), table["context_chars"].to_pylist())]


@dataclass(frozen=True)
class Kept:
    """``tables``: what stays, by split. ``out``: the positions of what does not, by split. Rows and bytes of both in ``report``."""

    tables: dict[str, pa.Table]
    out: dict[str, list[int]] = field(default_factory=dict)
    report: DropReport = field(default_factory=lambda: DropReport("", 0))


def without_shown(tables: Mapping[str, pa.Table], step: str, evaluated: Sequence[str] = ()) -> Kept:
    """Take out of train what validation or test shows too, in a target or in a context, and out of validation what test shows. ``evaluated`` are
    further texts of evaluation, such as the functions of its files where rows are larger."""
    texts = {split: _split_texts(table) for split, table in tables.items()}
    targets = {split: [target for _, target in some] for split, some in texts.items()}
    kept, lost = dict(tables), {}
    reasons: Counter = Counter()
    sizes: Counter = Counter()
    for split, against in (("validation", ("test",)), ("train", ("validation", "test"))):
        if split not in tables:
            continue
        shown = [text for other in against for text in targets.get(other, [])]
        out = dict.fromkeys(withheld(targets[split], [*shown, *evaluated] if split == "train" else shown), TWIN)
        if split == "train":
            contexts = [i for i, (context, _) in enumerate(texts[split]) if context and i not in out]
            out |= {contexts[k]: SHOWN for k in showing([texts[split][i][0] for i in contexts], [*shown, *evaluated])}
        if out:
            lost[split] = sorted(out)
            reasons.update(out.values())
            for i, reason in out.items():
                sizes[reason] += len(targets[split][i].encode())
            stay = [i for i in range(len(targets[split])) if i not in out]
            kept[split], targets[split] = tables[split].take(pa.array(stay, pa.int64())), [targets[split][i] for i in stay]
    bytes_kept = sum(len(text.encode()) for found in targets.values() for text in found)
    return Kept(kept, lost, DropReport(step, sum(map(len, targets.values())), dict(reasons), bytes_kept, dict(sizes)))


def write(draft: Path, tables: Mapping[str, pa.Table]) -> None:
    """One Arrow file a split; a split without rows has none."""
    for split in SPLITS:
        if split in tables and tables[split].num_rows:
            store.write_table(draft / f"{split}.arrow", tables[split].combine_chunks(), SHARD_ROWS)


def leave(
    draft: Path,
    tables: Mapping[str, pa.Table],
    step: str,
    tokenizer: str,
    places: Sequence[Mapping[str, Any]],
    evaluated: Sequence[str],
) -> DropReport:
    """Put the rows on disk, without what evaluation (see ``without_shown``) shows too, with what ``Left`` needs: of each repository its ``parts``, which say how many rows
    of each split they are, in order."""
    kept = without_shown(tables, step, evaluated)
    write(draft, kept.tables)
    (draft / "withheld").mkdir()
    write(draft / "withheld", {split: tables[split].take(pa.array(out, pa.int64())) for split, out in kept.out.items()})
    store.write_json(draft / LEFT, {"tokenizer": tokenizer, "places": list(places), "withheld": kept.out})
    return kept.report


class Left:
    """What a build left in a folder, before any row was withheld. ``told`` and ``parts``: of the repository that was its ``place``-th."""

    def __init__(self, folder: Path, place: int) -> None:
        left = store.read_json(folder / LEFT)
        self.told = left["places"][place]
        self.parts = self.told["parts"]
        before = [part for other in left["places"][:place] for part in other["parts"]]
        kept, lost = read(folder), read(folder / "withheld")
        self.tables = {split: whole(kept.get(split), lost.get(split), left["withheld"].get(split, [])) for split in SPLITS}
        self.ends = {
            split: list(
                accumulate((part["rows"].get(split, 0) for part in self.parts), initial=sum(p["rows"].get(split, 0) for p in before))
            )
            for split in SPLITS
        }

    def span(self, split: str, part: int) -> tuple[int, int]:
        """Where the rows of a part stand in the split's table."""
        return self.ends[split][part], self.ends[split][part + 1]


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
            return Left(there, at[1]) if store.read_json(there / LEFT)["tokenizer"] == tokenizer else None
    return None


def whole(kept: pa.Table | None, lost: pa.Table | None, positions: Sequence[int]) -> pa.Table:
    """The rows in their order before those at ``positions`` were withheld."""
    tables = [table for table in (kept, lost) if table is not None]
    if not tables:
        return ROW_SCHEMA.empty_table()
    together = pa.concat_tables(tables)
    order = np.full(together.num_rows, -1)
    order[list(positions)] = np.arange(len(positions)) + together.num_rows - len(positions)
    order[order < 0] = np.arange(together.num_rows - len(positions))
    return together.take(order) if len(positions) else together


def pieced(pieces: Iterable[tuple[int, int] | Sequence[Window]], left: pa.Table | None, commit_time: int, commit: str = "") -> pa.Table:
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
    tables = [table_of(run) if isinstance(run, list) else _as_of(left.slice(run[0], run[1] - run[0]), commit_time, commit) for run in runs]
    return pa.concat_tables([ROW_SCHEMA.empty_table(), *tables])


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
