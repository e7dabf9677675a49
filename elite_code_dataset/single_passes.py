"""Each pass alone, on any dataset with the row schema: ``augment``, ``deduplicate``, ``weigh``, ``order``. ``passes.prepare`` runs them all.

In: a ``DatasetDict`` or ``Dataset``. Out: the same kind, remembering one ``DropReport`` more; what it remembered of its rows (digests, certificate,
exposures) is counted again, as the rows are others now. Costs the pass and, for a prepared dataset, that count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from datasets import DatasetDict

from elite_code_dataset import curriculum, metadata, weights
from elite_code_dataset.augment import augmented
from elite_code_dataset.augment.formats import formatted_like, unformatted
from elite_code_dataset.certificate import certificate
from elite_code_dataset.config import NEAR_DUPLICATE_JACCARD
from elite_code_dataset.dedup import Deduplicated, deduplicated
from elite_code_dataset.encoders import encoder_of
from elite_code_dataset.exposure import exposures
from elite_code_dataset.records import DropReport, EliteCodeError
from elite_code_dataset.tokens import Encoder


def augment(
    ds: Any,
    techniques: Mapping[str, float] | None = None,
    seed: int = 0,
    num_proc: int | None = None,
    tokenizer: Encoder | str | Path | None = None,
) -> Any:
    """The rows, each followed by its children; ``techniques``: the share of train rows each is tried on (None: ``config.AUGMENT_RATES``).

    ``tokenizer``: the rows' own, found by itself for rows of ``load_dataset``. Raises EliteCodeError for another one, or an unknown technique."""
    grown = augmented(_needed(ds, "input_ids", "technique"), techniques, seed, num_proc, tokenizer=encoder_of(ds, tokenizer))
    return noted(grown.dataset, ds, grown.reports)


def deduplicate(
    ds: Any,
    mode: str = "near",
    threshold: float = NEAR_DUPLICATE_JACCARD,
    backend: str = "numpy",
    num_proc: int | None = None,
    model: Any = None,
    return_report: bool = False,
) -> Any:
    """The rows worth keeping (all of ``Deduplicated``, with each dropped row's cause and twin, with ``return_report``). See ``dedup.deduplicated``."""
    result = deduplicated(_needed(ds, "text", "technique"), mode, threshold, backend, num_proc, model)
    kept = noted(result.kept, ds, [result.report])
    return Deduplicated(kept, result.dropped, result.report) if return_report else kept


def weigh(
    ds: Any,
    roles: Mapping[str, float] | None = None,
    ages: Sequence[tuple[float, float]] | None = None,
    evolution: float | None = None,
    num_proc: int | None = None,
) -> Any:
    """The rows with ``weight``: role x age x evolution. See ``weights.weigh``."""
    made = weights.weigh(_needed(ds, "role", "age_days"), roles, ages, evolution, num_proc)
    rule = weights.weigher(roles, ages, evolution)
    return noted(made, ds, [DropReport("weigh", _count(made))], weights=rule.as_dict())


def order(ds: Any, **options: Any) -> Any:
    """The rows with ``difficulty`` and ``stage``, and in that order with ``sort=True``. See ``curriculum.order`` for the options."""
    made = curriculum.order(_needed(ds, "text", "complexity"), **options)
    return noted(made, ds, [DropReport("order", _count(made))])


def noted(made: Any, before: Any, reports: Sequence[DropReport], **facts: Any) -> Any:
    """``made`` with what ``before`` remembered, the reports added, and what speaks of the rows counted again."""
    known = metadata.of(before)
    known["drops"] = [*known.get("drops", []), *(report.as_dict() for report in reports)]
    parts = made if isinstance(made, DatasetDict) else None
    if "digests" in known and parts is not None:
        known["digests"] = {split: metadata.digest(rows) for split, rows in parts.items()}
    if "certificate" in known and parts is not None:
        known["certificate"] = certificate(parts).as_dict()
    if "exposures" in known and parts is not None and "train" in parts:
        known["exposures"] = exposures(parts).as_dict()
    return metadata.attach(formatted_like(made, before), {**known, **facts})


def _count(ds: Any) -> int:
    return sum(map(len, ds.values())) if isinstance(ds, DatasetDict) else len(ds)


def _needed(ds: Any, *names: str) -> Any:
    """The rows as plain values; raises EliteCodeError for what is no dataset, is streamed, or lacks one of the columns."""
    ds = unformatted(ds)
    rows = next(iter(ds.values()), None) if isinstance(ds, Mapping) else ds
    columns = getattr(rows, "column_names", None)
    if columns is None:
        raise EliteCodeError(f"a pass got a {type(ds).__name__}; expected a Dataset or DatasetDict of rows, as load_dataset returns it")
    missing = sorted(set(names) - set(columns))
    if missing:
        raise EliteCodeError(f"the rows have no column {missing[0]!r}; give a dataset of windows or edits as this package builds it")
    return ds
