"""Weights: rows -> the same rows with a ``weight`` column, role x age x evolution. Never copies a row.

In: a ``Dataset`` or ``DatasetDict`` with ``role``, ``age_days`` and ``kind``. Out: the same with float64 ``weight``, each the exact product
rounded to nine decimals. Costs one pass over Arrow tables; texts and tokens are not decoded.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pyarrow as pa
from datasets import Dataset, DatasetDict, Features, Value

from elite_code_dataset import config
from elite_code_dataset.records import ROLES, EliteCodeError

AnyDataset = TypeVar("AnyDataset", Dataset, DatasetDict)

NEEDED = ("role", "age_days", "kind")
DECIMALS = 9  # a product of three factors written with a few decimals is exact there, and 3.0 * 1.5 * 1.3 is 5.85


@dataclass(frozen=True)
class Weigher:
    """The pass itself: a table in, the table with ``weight`` out. Carries the digest of our sources, so that a cache follows the code."""

    roles: tuple[tuple[str, float], ...]
    ages: tuple[tuple[float, float], ...]
    evolution: float
    digest: str

    def as_dict(self) -> dict:
        """The factors as JSON has them: no limit is null. ``factors_from`` reads them back."""
        ages = [[None if math.isinf(limit) else limit, factor] for limit, factor in self.ages]
        return {"roles": dict(self.roles), "ages": ages, "evolution": self.evolution}

    def weight_of(self, role: str, age_days: float, kind: str) -> float:
        """Weight of one row."""
        return float(self.weights_of([role], np.array([age_days]), [kind])[0])

    def weights_of(self, roles: Sequence[str], ages: np.ndarray, kinds: Sequence[str]) -> np.ndarray:
        """Weights of many rows, float64[n]. Raises EliteCodeError for a role that has no factor."""
        factor_of = dict(self.roles)
        unknown = sorted(set(roles) - set(factor_of))
        if unknown:
            raise EliteCodeError(
                f"rows have the role {unknown[0]!r}, which has no weight; known: {', '.join(sorted(factor_of))}; name it in roles="
            )
        bounds = np.array([days for days, _ in self.ages])
        # side="right": an age of exactly 60 days is no longer younger than 60; a missing age counts as the oldest
        band = np.minimum(np.searchsorted(bounds, ages, side="right"), len(self.ages) - 1)
        role_factors = np.array([factor_of[role] for role in roles], dtype=np.float64)
        age_factors = np.array([factor for _, factor in self.ages])[band]
        evolution = np.where(np.array(kinds, dtype=object) == "edit", self.evolution, 1.0)
        return np.array([round(float(w), DECIMALS) for w in role_factors * age_factors * evolution], dtype=np.float64)

    def __call__(self, table: pa.Table) -> pa.Table:
        ages = np.asarray(table["age_days"].to_numpy(zero_copy_only=False), dtype=np.float64)
        weights = pa.array(self.weights_of(table["role"].to_pylist(), ages, table["kind"].to_pylist()), pa.float64())
        if "weight" in table.column_names:
            return table.set_column(table.column_names.index("weight"), "weight", weights)
        return table.append_column("weight", weights)


def factors_from(told: Mapping) -> dict:
    """Keyword arguments of ``weigher`` from what ``Weigher.as_dict`` told."""
    ages = [(math.inf if limit is None else limit, factor) for limit, factor in told["ages"]]
    return {"roles": told["roles"], "ages": ages, "evolution": told["evolution"]}


def weigher(
    roles: Mapping[str, float] | None = None, ages: Sequence[tuple[float, float]] | None = None, evolution: float | None = None
) -> Weigher:
    """The checked options. ``roles`` replaces single factors of the default table; generated and vendored code, which the pipeline leaves
    out anyway, weighs 0 until it is named there. ``ages`` replaces the whole table of (younger than so many days, factor)."""
    table = dict.fromkeys(ROLES, 0.0) | config.ROLE_WEIGHTS
    unknown = sorted(set(roles or {}) - set(table))
    if unknown:
        raise EliteCodeError(f"roles= names {unknown[0]!r}; a row's role is one of {', '.join(ROLES)}; remove it")
    table |= {name: _factor(f"roles[{name!r}]", value) for name, value in (roles or {}).items()}
    bands = tuple((float(days), _factor("ages", value)) for days, value in (config.AGE_WEIGHTS if ages is None else ages))
    limits = [days for days, _ in bands]
    if not limits or limits[-1] != math.inf or any(a >= b for a, b in zip(limits, limits[1:])):
        raise EliteCodeError(
            f"ages= has the limits {limits}; expected ascending days that end in infinity: add (float('inf'), factor) last"
        )
    factor = _factor("evolution", config.EVOLUTION_WEIGHT if evolution is None else evolution)
    return Weigher(tuple(sorted(table.items())), bands, factor, config.source_digest())


def weigh(
    ds: AnyDataset,
    roles: Mapping[str, float] | None = None,
    ages: Sequence[tuple[float, float]] | None = None,
    evolution: float | None = None,
    num_proc: int | None = None,
) -> AnyDataset:
    """``ds`` with the column ``weight`` added, or replaced where there was one; every split, every row, same order."""
    rule = weigher(roles, ages, evolution)
    if isinstance(ds, DatasetDict):
        return DatasetDict({name: _weighed(split, rule, num_proc) for name, split in ds.items()})
    return _weighed(ds, rule, num_proc)


def _weighed(ds: Dataset, rule: Weigher, num_proc: int | None) -> Dataset:
    missing = [name for name in NEEDED if name not in ds.column_names]
    if missing:
        raise EliteCodeError(
            f"weigh() got a dataset without the column {missing[0]!r}; it needs {', '.join(NEEDED)}: load it with elite_code_dataset"
        )
    if not len(ds):  # .map returns an empty split as it came, without the column
        return ds if "weight" in ds.column_names else ds.add_column("weight", np.zeros(0))
    features = Features({**ds.features, "weight": Value("float64")})
    weighed = ds.with_format("arrow").map(rule, batched=True, features=features, num_proc=num_proc, desc="weigh")
    return weighed.with_format(**ds.format) if ds.format["type"] else weighed.with_format(None)


def _factor(name: str, value: float) -> float:
    number = float(value)
    if not math.isfinite(number) or number < 0:
        raise EliteCodeError(f"{name} is {value!r}; a weight's factor is a number from 0 up: correct it")
    return number
