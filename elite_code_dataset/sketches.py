"""Sketches: the smallest hashes of a set of shingles, kept to rule out, exactly and without its text, that the set is a twin of one of a few others.

In: sorted arrays of distinct 64-bit hashes. Out: an Arrow table, one row a set; and which of the sets may reach a containment with one of the others.
Costs a byte and a half a token on disk, and one look at each of these.

If two sets share the share ``bound`` of the smaller one, the smaller misses at most ``size - ceil(bound * size)`` of its hashes in the other; so of any of its
hashes, such as those below ``LOW``, all but so many are shared. A sketch holds the upper halves of all hashes below ``LOW``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from elite_code_dataset import store

LOW = 3 << 61  # three eighths of all hashes: of 32 of them, fewer than five once in 250 sets
HALF = np.uint64(32)
SCHEMA = pa.schema([("low", pa.list_(pa.uint32())), ("size", pa.int32())])


def sketches_of(sets: Sequence[np.ndarray]) -> pa.Table:
    """A row a set: its hashes below ``LOW``, halved, and its size."""
    lows = [(one[: np.searchsorted(one, np.uint64(LOW))] >> HALF).astype(np.uint32) for one in sets]
    offsets = np.concatenate(([0], np.cumsum([len(low) for low in lows]))).astype(np.int32)
    values = np.concatenate(lows) if lows else np.zeros(0, np.uint32)
    lists = pa.ListArray.from_arrays(pa.array(offsets), pa.array(values, pa.uint32()))
    return pa.Table.from_arrays([lists, pa.array([len(one) for one in sets], pa.int32())], schema=SCHEMA)


def write_sets(path: Path, sets: Mapping[str, np.ndarray]) -> None:
    """Whole sets by their names."""
    offsets = np.concatenate(([0], np.cumsum([len(one) for one in sets.values()]))).astype(np.int64)
    values = np.concatenate([np.zeros(0, np.uint64), *sets.values()])
    lists = pa.LargeListArray.from_arrays(pa.array(offsets), pa.array(values, pa.uint64()))
    store.write_table(path, pa.table({"name": pa.array(list(sets), pa.string()), "set": lists}), len(sets) or 1)


def read_sets(path: Path) -> dict[str, np.ndarray]:
    """What ``write_sets`` wrote."""
    table = store.read_table(path).combine_chunks()
    if not len(table):
        return {}
    lists = table["set"].chunk(0)
    values, offsets = lists.values.to_numpy(), lists.offsets.to_numpy()
    return {name: values[a:b] for name, a, b in zip(table["name"].to_pylist(), offsets[:-1], offsets[1:])}


def may_match(sketches: pa.Table, others: Sequence[np.ndarray], bound: float) -> np.ndarray:
    """bool[n]: False for each set that surely shares less than ``bound`` of the smaller one's hashes with each of the others."""
    others = [one for one in others if len(one)]
    if not others or not len(sketches):
        return np.zeros(len(sketches), bool)
    column = pa.concat_arrays(sketches["low"].chunks)
    lengths = pc.list_value_length(column).to_numpy(zero_copy_only=False).astype(np.int64)
    hits = _hits(pc.list_flatten(column).to_numpy(zero_copy_only=False), lengths, others)
    sizes = sketches["size"].to_numpy().astype(np.int64)
    least = lengths - _missed(sizes, bound)  # where the set is the smaller one
    their_sizes = np.array([len(one) for one in others], np.int64)
    their_lows = np.array([np.searchsorted(one, np.uint64(LOW)) for one in others], np.int64)
    least = np.minimum(least, int((their_lows - _missed(their_sizes, bound)).min()))
    return (hits >= least) & (sizes > 0)


def _missed(sizes: np.ndarray, bound: float) -> np.ndarray:
    """How many of a set's hashes the other may lack, at most."""
    return sizes - np.ceil(bound * sizes - 1e-9).astype(np.int64)


def _hits(values: np.ndarray, lengths: np.ndarray, others: Sequence[np.ndarray]) -> np.ndarray:
    """How many values of each set are in one of the others. By their upper sixteen bits first, as nearly all are in none."""
    wanted = np.unique((np.concatenate(others) >> HALF).astype(np.uint32))
    likely = np.zeros(1 << 16, bool)
    likely[wanted >> np.uint32(16)] = True
    at = np.flatnonzero(likely[values >> np.uint32(16)])
    at = at[wanted[np.minimum(np.searchsorted(wanted, values[at]), len(wanted) - 1)] == values[at]]
    return np.bincount(np.searchsorted(np.cumsum(lengths), at, side="right"), minlength=len(lengths))
