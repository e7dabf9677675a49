"""Validation: is this dataset what it says it is? Every check of ``checks/`` run over one dataset, each with what it saw.

In: a dataset - built, loaded from disk, read back from an export or from the Hub - or where it is. Out: a ``Check`` each. Costs about ten
readings of the rows; texts are scanned for secrets once, four hundred rows are decoded and two hundred parsed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from datasets import Dataset, DatasetDict

from elite_code_dataset import checks, metadata
from elite_code_dataset.checks import Check
from elite_code_dataset.composition import splits_of
from elite_code_dataset.opening import dataset_at
from elite_code_dataset.passes import encoder_of
from elite_code_dataset.records import EliteCodeError
from elite_code_dataset.tokens import Encoder


def validate(ds: Dataset | DatasetDict | str | Path, tokenizer: Encoder | str | None = None) -> list[Check]:
    """What holds of ``ds`` and what does not, in a fixed order. ``tokenizer`` is the one the rows were made with, by object, name or folder;
    without it the one that the metadata names is used where it can be had offline. Raises EliteCodeError when there is no dataset."""
    parts = dataset_at(ds) if isinstance(ds, (str, Path)) else splits_of(ds)
    facts = metadata.of(parts)
    view = checks.View(parts, facts, encoder_for(parts, tokenizer))
    return [verdict(view, name, *entry) for name, entry in checks.all_checks().items()]


def verdict(view: checks.View, name: str, expected: str, function: Any) -> Check:
    """One check's answer; a column that is missing fails it, as does a text or number it could not read."""
    try:
        ok, seen = function(view)
    except checks.NotApplied as reason:
        return Check(name, True, f"not applied: {reason}", expected, applied=False)
    except checks.MissingColumn as column:
        return Check(name, False, f"no column {str(column)!r}", expected)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:  # the rows hold what they should not
        return Check(name, False, f"could not be made: {type(error).__name__}: {error}", expected)
    return Check(name, bool(ok), seen, expected)


def encoder_for(parts: DatasetDict, tokenizer: Encoder | str | None) -> Encoder | None:
    """The tokenizer to check with: the given one, else the one that lies beside the rows or in the cache, else None. Raises EliteCodeError when
    the given one is not the rows' own."""
    if tokenizer is not None:
        return encoder_of(parts, tokenizer)
    try:
        return encoder_of(parts, metadata.of(parts).get("tokenizer_folder"))
    except EliteCodeError:
        return None


def failed(found: list[Check]) -> list[Check]:
    """The checks that do not hold."""
    return [one for one in found if not one.ok]
