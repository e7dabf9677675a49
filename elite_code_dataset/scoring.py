"""Scores: nats per token -> bits per byte, over all rows and per window, role, kind ...

In: per row, the nats of its target tokens and the bytes of its target text. Out: numbers that do not depend on the tokenizer. Costs numpy only.

Bits per byte = sum of nats / (ln 2 x sum of bytes), over sums and never as a mean of means: rows of all lengths count by their bytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

GROUPS = ("scale", "role", "kind")


@dataclass(frozen=True)
class RowScores:
    """Per row: ``nats`` of the scored target tokens, how many ``tokens`` those are, and the ``bytes`` of text they stand for."""

    nats: np.ndarray
    tokens: np.ndarray
    bytes: np.ndarray

    def placed(self, numbers: np.ndarray, count: int) -> RowScores:
        """These scores as those of rows ``numbers`` among ``count``; nan and -1 where there are none."""
        nats, tokens, sizes = np.full(count, np.nan), np.full(count, -1, dtype=np.int64), np.full(count, -1, dtype=np.int64)
        nats[numbers], tokens[numbers], sizes[numbers] = self.nats, self.tokens, self.bytes
        return RowScores(nats, tokens, sizes)

    def merged(self, other: RowScores) -> RowScores:
        """These scores, and the other's where these have none."""
        own = self.tokens >= 0
        pairs = ((self.nats, other.nats), (self.tokens, other.tokens), (self.bytes, other.bytes))
        return RowScores(*(np.where(own, mine, theirs) for mine, theirs in pairs))


def bits_per_byte(nats: np.ndarray, text_bytes: np.ndarray) -> float:
    """Sum over sum; nan where there is no text."""
    total = float(np.sum(text_bytes))
    return float(np.sum(nats)) / (math.log(2) * total) if total else math.nan


def row_scores(
    rows: Mapping[str, Sequence[Any]], nats: Sequence[np.ndarray], special: frozenset[int], text_of: Callable[[list[int]], str]
) -> RowScores:
    """Scores of rows (columns ``text``, ``context_chars``, ``input_ids``, ``context_tokens``) from ``nats[i]``, float[n_tokens - 1], of tokens 1, 2, ...

    Special tokens are left out, with their nats and their text. A row without context has nothing that predicts its first token: the
    token's bytes are left out as well. ``text_of`` decodes tokens to text, special tokens written out.
    """
    scores = RowScores(np.zeros(len(nats)), np.zeros(len(nats), dtype=np.int64), np.zeros(len(nats), dtype=np.int64))
    columns = (rows["text"], rows["context_chars"], rows["input_ids"], rows["context_tokens"], nats)
    for number, (text, context_chars, ids, context, row_nats) in enumerate(zip(*columns)):
        target, text = np.asarray(ids[context:]), text[context_chars:]
        scored = ~np.isin(target, list(special))
        left_out = [piece for piece in map(text_of, target[~scored, None].tolist()) if piece in text]
        if context == 0 and scored.size and scored[0]:
            scored[0] = False
            left_out.append(text_of(target[:1].tolist()))
        first = max(context, 1)
        scores.nats[number] = float(np.asarray(row_nats, dtype=np.float64)[first - 1 :][scored[first - context :]].sum())
        scores.tokens[number] = int(scored.sum())
        scores.bytes[number] = max(0, _bytes(text) - sum(map(_bytes, left_out)))
    return scores


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def table(rows: Mapping[str, Sequence[Any]], scores: RowScores, groups: Sequence[str] = GROUPS) -> dict[str, float]:
    """``bits_per_byte`` of all rows and ``bits_per_byte_<group>_<value>`` for each value of each grouping column."""
    found = {"bits_per_byte": bits_per_byte(scores.nats, scores.bytes)}
    for group in groups:
        values = np.asarray(rows[group]) if group in rows else np.zeros(0)
        for value in np.unique(values).tolist():
            here = values == value
            found[f"bits_per_byte_{group}_{value}"] = bits_per_byte(scores.nats[here], scores.bytes[here])
    return found
