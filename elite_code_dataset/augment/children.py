"""Children: answers of techniques -> rows behind their parents, as Arrow; and as they are remembered.

In: a table of parents and one answer a pair of parent and technique. Out: the table with its children, each behind its parent, and a column of outcomes.
Costs one copy of the rows; what a child has of its parent is never read into Python.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from elite_code_dataset.augment.registry import Rewrite
from elite_code_dataset.memo import KEY_BYTES, Memo

OUTCOMES = "_augment_outcomes"  # a column that lives only between the map and its count
OWN = {  # what a child does not have of its parent, but its id, parent_id, technique and n_tokens
    "text": pa.string(),
    "context_chars": pa.int64(),
    "input_ids": pa.list_(pa.int32()),
    "context_tokens": pa.int64(),
    "verified": pa.string(),
    "idiom": pa.string(),
    "original_start": pa.int64(),
    "original_end": pa.int64(),
}
REMEMBERED = pa.schema([("key", pa.binary(KEY_BYTES)), ("reason", pa.string()), *OWN.items()])
Own = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What a technique made of the parent in this row: a reason why it is nothing, or else a child's ``OWN``, new or in a row of the memo."""

    parent: int
    name: str
    key: bytes = b""
    reason: str = ""
    own: Own | None = None
    remembered: int = -1


def own_of(parent: Mapping[str, Any], result: Rewrite | str, encoded: Mapping[tuple[str, int], tuple[list[int], list[int]]]) -> Own | str:
    """What is the child's own, or the reason why there is none."""
    if isinstance(result, str):
        return result
    if result.input_ids is None:
        context, target = encoded[result.text, result.context_chars]
        ids, context_tokens = [*context, *target], len(context)
    else:
        ids, context_tokens = list(result.input_ids), result.context_tokens
    if len(ids) > parent["scale"]:
        return "rejected:too_long"
    if context_tokens >= len(ids):
        return "rejected:empty_target"
    return {
        "text": result.text,
        "context_chars": result.context_chars,
        "input_ids": ids,
        "context_tokens": context_tokens,
        "verified": result.verified,
        "idiom": result.idiom or parent["idiom"],
        **_original_block(parent, result),
    }


def _original_block(parent: Mapping[str, Any], result: Rewrite) -> dict[str, int]:
    """Where an edit's original block stands in the child: behind what was put ahead of it; 0, 0 where it is not to be found there."""
    start, end = parent.get("original_start", 0), parent.get("original_end", 0)
    shift = result.context_chars - parent["context_chars"]
    block = parent["text"][start:end]
    same = end > start and start + shift >= 0 and result.text[start + shift : end + shift] == block
    return {"original_start": start + shift, "original_end": end + shift} if same else {"original_start": 0, "original_end": 0}


def with_children(table: pa.Table, answers: Sequence[Answer], sizes: Sequence[int], memo: Memo | None) -> pa.Table:
    """The parents, each with its children behind it in the order of the answers. ``sizes``: bytes of each parent's text."""
    children = [one for one in answers if not one.reason]
    outcomes: list[list[str]] = [[] for _ in range(len(table))]
    for one in answers:
        outcomes[one.parent].append(f"{one.name}|{one.reason}|{sizes[one.parent]}|{one.key.hex()}")
    parents = np.array([*range(len(table)), *(one.parent for one in children)], np.int64)
    order = np.argsort(parents, kind="stable")
    ids = table.column("id").to_pylist()
    own = _own_columns(children, memo)
    own["n_tokens"] = pc.list_value_length(own["input_ids"])
    own["id"] = pa.array([f"{ids[one.parent]}~{one.name}" for one in children], pa.string())
    own["parent_id"] = pa.array([ids[one.parent] for one in children], pa.string())
    own["technique"] = pa.array([one.name for one in children], pa.string())
    columns = {}
    for name, kind in zip(table.column_names, table.schema.types):
        column = pa.concat_arrays(table.column(name).chunks) if table.column(name).num_chunks else pa.array([], kind)
        if name in own:
            columns[name] = pa.concat_arrays([column, own[name].cast(kind)]).take(pa.array(order))
        else:
            columns[name] = column.take(pa.array(parents[order]))
    columns[OUTCOMES] = pa.array([*outcomes, *([] for _ in children)], pa.list_(pa.string())).take(pa.array(order))
    return pa.table(columns)


def _own_columns(children: Sequence[Answer], memo: Memo | None) -> dict[str, pa.Array]:
    """``OWN`` of the children, in order."""
    known = [i for i, one in enumerate(children) if one.remembered >= 0]
    new = [i for i, one in enumerate(children) if one.remembered < 0]
    place = np.empty(len(children), np.int64)
    place[known + new] = np.arange(len(children))
    found = memo.table.select(list(OWN)).take(pa.array([children[i].remembered for i in known], pa.int64())) if known and memo else None
    columns = {}
    for name, kind in OWN.items():
        made = pa.array([children[i].own[name] for i in new], kind)
        parts = [*(found.column(name).chunks if found else ()), made]
        columns[name] = pa.concat_arrays(parts).take(pa.array(place))
    return columns


@dataclass(frozen=True)
class Outcome:
    """One line of ``OUTCOMES``; ``child``: the row that was made, -1 where none was."""

    name: str
    reason: str
    size: int
    key: bytes
    child: int


def outcomes_of(ds: datasets.Dataset) -> Iterator[Outcome]:
    """All that was answered, in order."""
    row = 0
    for batch in ds.select_columns([OUTCOMES]).with_format("arrow").iter(1000):
        for outcomes in batch.column(OUTCOMES).to_pylist():
            made = row
            for name, reason, size, key in (one.split("|") for one in outcomes):
                made += not reason
                yield Outcome(name, reason, int(size), bytes.fromhex(key), -1 if reason else made)
            row += 1


def remembered(ds: datasets.Dataset, outcomes: Sequence[Outcome]) -> Iterator[pa.RecordBatch]:
    """What a memo keeps of these outcomes, whose children are rows of ``ds``."""
    blank = {name: pa.nulls(0, kind) for name, kind in OWN.items()}
    barren = [one for one in outcomes if one.reason]
    told = {
        "key": pa.array([one.key for one in barren], pa.binary(KEY_BYTES)),
        "reason": pa.array([one.reason for one in barren], pa.string()),
    }
    nothing = {name: pa.nulls(len(barren), kind) for name, kind in OWN.items()}
    yield pa.RecordBatch.from_pydict({**told, **nothing}, schema=REMEMBERED)
    made = sorted((one.child, one.key) for one in outcomes if not one.reason)
    present = [name for name in OWN if name in ds.column_names]
    rows = ds.select_columns(present).with_format("arrow").select([row for row, _ in made])
    at = 0
    for batch in rows.iter(1000):
        count = len(batch)
        columns = {
            name: batch.column(name).combine_chunks().cast(OWN[name]) if name in present else pa.nulls(count, OWN[name]) for name in blank
        }
        keys = pa.array([key for _, key in made[at : at + count]], pa.binary(KEY_BYTES))
        table = pa.table({"key": keys, "reason": pa.nulls(count, pa.string()), **columns}, schema=REMEMBERED)
        yield from table.combine_chunks().to_batches()
        at += count
