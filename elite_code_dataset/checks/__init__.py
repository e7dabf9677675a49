"""Checks: what must be true of a dataset, one named function each, grouped by what they look at, one file a group.

In: a ``View`` of the rows. Out: a ``Check`` per function: its name, whether it holds, what was seen and what was expected. A check that cannot
be made (no tokenizer at hand, nothing of that kind in the rows) says so in ``seen`` and has ``applied`` false; it never counts as passed silently.
"""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import DatasetDict

from elite_code_dataset.certificate import Certificate, certificate
from elite_code_dataset.records import EliteCodeError


@dataclass(frozen=True)
class Check:
    """``ok`` is true for a check that holds or was not applied; ``applied`` tells the two apart."""

    name: str
    ok: bool
    seen: str
    expected: str
    applied: bool = True

    def as_dict(self) -> dict[str, Any]:
        return {"name": self.name, "ok": self.ok, "applied": self.applied, "seen": self.seen, "expected": self.expected}


class NotApplied(Exception):
    """Raised inside a check that has nothing to look at; the message says why."""


class MissingColumn(Exception):
    """Raised when a check needs a column that the rows lack."""


Verdict = tuple[bool, str]
CHECKS: dict[str, tuple[str, Callable[[Any], Verdict]]] = {}


def check(expected: str) -> Callable:
    """Registers a function under its own name. ``expected`` is the sentence that must be true."""

    def registered(function: Callable[[View], Verdict]) -> Callable[[View], Verdict]:
        if function.__name__ in CHECKS:
            raise EliteCodeError(f"check {function.__name__!r} exists already; give the second one another name")
        CHECKS[function.__name__] = (expected, function)
        return function

    return registered


def all_checks() -> dict[str, tuple[str, Callable[[Any], Verdict]]]:
    """Every check by name, the files of this folder in the order of their names."""
    for module in sorted(found.name for found in pkgutil.iter_modules(__path__)):
        importlib.import_module(f"{__name__}.{module}")
    return dict(CHECKS)


@dataclass
class View:
    """All rows of all splits, numbered through, with short columns as arrays; long columns are read in batches."""

    ds: DatasetDict
    facts: Mapping[str, Any]
    encoder: Any = None

    @cached_property
    def where(self) -> np.ndarray:
        """The split each row lies in, whatever its column says."""
        return np.repeat(np.array(list(self.ds), dtype=object), [len(rows) for rows in self.ds.values()])

    @cached_property
    def _columns(self) -> dict[str, np.ndarray]:
        return {}

    def __len__(self) -> int:
        return sum(len(rows) for rows in self.ds.values())

    def has(self, *names: str) -> bool:
        return all(name in rows.column_names for rows in self.ds.values() for name in names)

    def column(self, name: str) -> np.ndarray:
        """One column of all splits. Lists give their lengths."""
        if name not in self._columns:
            if not self.has(name):
                raise MissingColumn(name)
            self._columns[name] = np.concatenate([flat(batch.column(name)) for batch in self._batches([name])] or [np.array([])])
        return self._columns[name]

    def _batches(self, names: list[str], size: int = 1000) -> Iterator[pa.Table]:
        for rows in self.ds.values():
            yield from rows.select_columns(names).with_format("arrow").iter(batch_size=size)

    def rows(self, *names: str, mask: np.ndarray | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
        """(number, {column: value}) of every row that ``mask`` keeps, one batch in memory."""
        if not self.has(*names):
            raise MissingColumn(next(name for name in names if not self.has(name)))
        first = 0
        for batch in self._batches(list(names)):
            wanted = range(len(batch)) if mask is None else np.flatnonzero(mask[first : first + len(batch)]).tolist()
            if wanted:
                kept = batch if mask is None else batch.take(pa.array(wanted))
                yield from zip((first + i for i in wanted), kept.to_pylist())
            first += len(batch)

    def sample(self, count: int, mask: np.ndarray) -> np.ndarray:
        """``mask`` with at most ``count`` rows left, the same ones whenever the ids are the same."""
        chosen = np.flatnonzero(mask)
        if len(chosen) <= count:
            return mask
        ids = self.column("id")
        keys = [hashlib.sha256(str(ids[i]).encode()).digest() for i in chosen]
        kept = np.zeros_like(mask)
        kept[chosen[sorted(range(len(chosen)), key=keys.__getitem__)[:count]]] = True
        return kept

    @cached_property
    def original(self) -> np.ndarray:
        return self.column("technique") == "original"

    @cached_property
    def code(self) -> np.ndarray:
        """Rows of real code as it stands at the commit."""
        return self.original & (self.column("kind") == "code")

    @cached_property
    def edits(self) -> np.ndarray:
        return self.original & (self.column("kind") == "edit")

    @cached_property
    def certificate(self) -> Certificate:
        """What training shows of what is evaluated, counted now."""
        for name in ("text", "context_chars", "group", "path", "kind", "technique", "parent_id"):
            if not self.has(name):
                raise MissingColumn(name)
        return certificate(self.ds)

    def none_of(self, bad: np.ndarray) -> Verdict:
        """Holds when no row is bad; else says how many are, and the first one's id."""
        count = int(np.count_nonzero(bad))
        if not count:
            return True, f"0 of {len(bad)} rows otherwise"
        return False, f"{count} of {len(bad)} rows otherwise, first {self.column('id')[int(np.argmax(bad))]!r}"


def flat(column: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """A column as an array: numbers and text as they are, lists as their lengths."""
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        column = pc.list_value_length(column)
    return column.to_numpy(zero_copy_only=False) if isinstance(column, pa.Array) else column.to_numpy()


def needed(condition: Any, why: str) -> None:
    """Ends a check that has nothing to look at."""
    if not condition:
        raise NotApplied(why)
