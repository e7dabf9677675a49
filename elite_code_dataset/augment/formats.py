"""Formats: what a dataset hands out (lists, numpy arrays, Arrow tables) is put aside for a pass and given back to its result.

In: a ``Dataset`` or ``DatasetDict``. Out: the same rows. Costs nothing: no row is read.
"""

from __future__ import annotations

from typing import Any

from datasets import Dataset, DatasetDict, IterableDataset, IterableDatasetDict

from elite_code_dataset.records import EliteCodeError


def unformatted(ds: Any) -> Any:
    """The dataset as plain Python values; raises ``EliteCodeError`` for one that is streamed, whose rows can be read but once."""
    if isinstance(ds, (IterableDataset, IterableDatasetDict)):
        raise EliteCodeError(
            f"a pass got a streamed {type(ds).__name__}, but has to see all rows first; load the dataset without streaming=True, "
            "or give the rows of Dataset.from_generator"
        )
    plain = isinstance(ds, Dataset) and _is_plain(ds) or isinstance(ds, DatasetDict) and all(map(_is_plain, ds.values()))
    return ds.with_format(None) if isinstance(ds, (Dataset, DatasetDict)) and not plain else ds


def formatted_like(made: Any, before: Any) -> Any:
    """``made`` in the format of ``before``; columns that ``before`` did not have are shown only where it showed all of its own."""
    if isinstance(made, DatasetDict) and isinstance(before, DatasetDict):
        if all(rows is before.get(split) for split, rows in made.items()) and len(made) == len(before):
            return made
        return type(made)({split: formatted_like(rows, before[split]) if split in before else rows for split, rows in made.items()})
    if not (isinstance(made, Dataset) and isinstance(before, Dataset)) or made is before or _is_plain(before):
        return made
    kept = before.format
    shown = None if set(kept["columns"]) == set(before.column_names) else [name for name in kept["columns"] if name in made.column_names]
    return made.with_format(kept["type"], columns=shown, output_all_columns=kept["output_all_columns"], **kept["format_kwargs"])


def _is_plain(ds: Dataset) -> bool:
    return ds.format["type"] is None and set(ds.format["columns"]) == set(ds.column_names)
