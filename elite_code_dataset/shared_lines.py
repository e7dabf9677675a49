"""Which texts share lines: old and new texts as hashed lines -> pairs that share some, and how many bytes of them.

In: ``Text`` records. Out: ``Shared``. Costs a sort of all lines, and a count for each line of each pair that shares it, the rarest lines first
until a budget is spent: those tell texts apart, and cost least. Memory is about 50 bytes a line and 40 a count, whatever the number of texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


class Text(NamedTuple):
    """The hashes of a text's different lines in order, uint64; the bytes of each, all times it is there, int32; and their sum."""

    lines: np.ndarray
    weights: np.ndarray
    size: int


@dataclass(frozen=True)
class Shared:
    """Pairs: numbers of the ``new`` and ``old`` texts and the ``bytes`` they are known to share. The rests: bytes of each text's lines that the
    other side has too and that were not counted."""

    new: np.ndarray
    old: np.ndarray
    bytes: np.ndarray
    new_rests: np.ndarray
    old_rests: np.ndarray


class _Rows(NamedTuple):
    """A row for each line of each text: the line's number, the text's, the weight; in order of the lines."""

    line: np.ndarray
    text: np.ndarray
    weight: np.ndarray


def shared(olds: Sequence[Text], news: Sequence[Text], besides: Sequence[tuple[int, int]], budget: int) -> Shared:
    """All pairs that share a counted line, and those (new, old) ``besides``."""
    held = [np.unique(np.concatenate([text.lines for text in texts]), return_counts=True) for texts in (olds, news)]
    lines, old_at, new_at = np.intersect1d(held[0][0], held[1][0], assume_unique=True, return_indices=True)
    work = held[0][1][old_at] * held[1][1][new_at]
    order = np.lexsort((lines, work))  # among equal ones by hash: a sample that does not lean to any text
    counted = np.zeros(len(lines), bool)
    counted[order[np.cumsum(work[order]) <= budget]] = True
    (old_rows, old_rests), (new_rows, new_rests) = (_rows(texts, lines, counted) for texts in (olds, news))
    keys, weights = _counts(old_rows, new_rows, len(olds), len(lines))
    named = np.array([j * len(olds) + i for j, i in besides], np.int64)
    pairs, place = np.unique(np.concatenate((keys, named)), return_inverse=True)
    known = np.bincount(place, np.concatenate((weights, np.zeros(len(named), weights.dtype))), len(pairs)).astype(np.int64)
    return Shared(pairs // len(olds), pairs % len(olds), known, new_rests, old_rests)


def _rows(texts: Sequence[Text], lines: np.ndarray, counted: np.ndarray) -> tuple[_Rows, np.ndarray]:
    """The rows of the counted lines, and the bytes of each text's lines among ``lines`` that are not counted."""
    each = np.concatenate([text.lines for text in texts])
    weight = np.concatenate([text.weights for text in texts])
    text = np.repeat(np.arange(len(texts)), [len(text.lines) for text in texts])
    at = np.minimum(np.searchsorted(lines, each), max(len(lines) - 1, 0))
    there = lines[at] == each if len(lines) else np.zeros(len(each), bool)
    at, weight, text = at[there], weight[there], text[there]
    left = ~counted[at]
    rests = np.bincount(text[left], weight[left], len(texts)).astype(np.int64)
    at, weight, text = at[~left], weight[~left], text[~left]
    order = np.argsort(at, kind="stable")
    return _Rows(at[order], text[order], weight[order]), rests


def _counts(olds: _Rows, news: _Rows, width: int, lines: int) -> tuple[np.ndarray, np.ndarray]:
    """For each counted line of each pair that shares it: new text * width + old text, and the bytes."""
    holders = np.bincount(olds.line, minlength=lines)
    first = np.cumsum(holders) - holders
    times = holders[news.line]
    row = np.repeat(np.arange(len(news.line)), times)
    other = first[news.line][row] + np.arange(len(row)) - np.repeat(np.cumsum(times) - times, times)
    return news.text[row] * width + olds.text[other], np.minimum(news.weight[row], olds.weight[other])
