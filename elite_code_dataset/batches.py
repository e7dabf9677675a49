"""Batches: bins of a plan -> arrays of one micro-batch.

In: rows with ``input_ids`` and ``context_tokens``, and (micro-batch, rows) pairs. Out: numpy arrays padded to the fullest bin. Costs one Arrow
``take`` a micro-batch; no token goes through a Python list.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from datasets import Dataset

IGNORED = -100  # the label that torch's cross entropy leaves out


@dataclass(frozen=True)
class Bin:
    """One bin with its rows: their tokens, int32 each, and how many of them are context."""

    batch: int
    tokens: list[np.ndarray]
    context: list[int]


class BinRows:
    """The rows of a split, fetched by bins of a plan: what a ``DataLoader`` calls its dataset."""

    def __init__(self, ds: Dataset) -> None:
        self.rows = ds.select_columns(["input_ids", "context_tokens"]).with_format("arrow")

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, one: tuple[int, np.ndarray]) -> Bin:
        return self.__getitems__([one])[0]

    def __getitems__(self, bins: Sequence[tuple[int, np.ndarray]]) -> list[Bin]:
        table = self.rows[np.concatenate([rows for _, rows in bins]).tolist()]
        tokens = table["input_ids"].combine_chunks()
        offsets, values = tokens.offsets.to_numpy(), tokens.values.to_numpy()
        context = table["context_tokens"].to_pylist()
        found, row = [], 0
        for batch, rows in bins:
            here, row = range(row, row + len(rows)), row + len(rows)
            found.append(Bin(batch, [values[offsets[i] : offsets[i + 1]] for i in here], [context[i] for i in here]))
        return found


def batch_arrays(bins: Sequence[Bin], pad_id: int = 0) -> dict[str, np.ndarray]:
    """``input_ids``, ``labels`` and ``position_ids``, int64[bins, tokens of the fullest].

    Positions start at 0 in each row of a bin: with no attention mask and no cache, that is what keeps packed rows apart. Labels leave out the
    context, the first token of a row (nothing in its own row predicts it) and padding, whose positions are all 0.
    """
    shape = (len(bins), max(sum(row.size for row in one.tokens) for one in bins))
    ids, labels, positions = np.full(shape, pad_id, np.int64), np.full(shape, IGNORED, np.int64), np.zeros(shape, np.int64)
    for line, one in enumerate(bins):
        start = 0
        for row, context in zip(one.tokens, one.context):
            end, first = start + row.size, start + max(context, 1)
            ids[line, start:end] = row
            labels[line, first:end] = ids[line, first:end]
            positions[line, start:end] = np.arange(row.size)
            start = end
    return {"input_ids": ids, "labels": labels, "position_ids": positions}


def length_batches(lengths: Sequence[int], token_budget: int) -> Iterator[list[int]]:
    """Numbers of the sequences that go together, longest first; (how many) x (the longest) stays within ``token_budget``."""
    longest_first, start = np.argsort(-np.asarray(lengths), kind="stable").tolist(), 0
    while start < len(longest_first):
        count = max(1, token_budget // max(1, int(lengths[longest_first[start]])))
        yield longest_first[start : start + count]
        start += count
