"""Validation: is this dataset what it says it is? Every check of ``checks/`` run over one dataset, each with what it saw.

In: a dataset - built, loaded from disk, read back from an export or from the Hub - or where it is. Out: a ``Check`` each. Costs about ten
readings of the rows; texts are scanned for secrets once, four hundred rows are decoded and two hundred parsed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datasets import Dataset, DatasetDict

from elite_code_dataset import checks, metadata
from elite_code_dataset.checks import Check
from elite_code_dataset.composition import splits_of
from elite_code_dataset.opening import dataset_at
from elite_code_dataset.tokens import Encoder, encoder_named


def validate(ds: Dataset | DatasetDict | str | Path, tokenizer: Encoder | str | None = None) -> list[Check]:
    """What holds of ``ds`` and what does not, in a fixed order. ``tokenizer`` is the one the rows were made with, by object, name or folder;
    without it the one that the metadata names is used where it can be had offline. Raises EliteCodeError when there is no dataset."""
    parts = dataset_at(ds) if isinstance(ds, (str, Path)) else splits_of(ds)
    facts = metadata.of(parts)
    view = checks.View(parts, facts, encoder_for(tokenizer, facts))
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


def encoder_for(tokenizer: Encoder | str | None, facts: Mapping[str, Any]) -> Encoder | None:
    """The tokenizer to check with: the given one, else what the metadata says, if it lies in a folder here."""
    if isinstance(tokenizer, Encoder):
        return tokenizer
    if tokenizer is not None:
        return encoder_named(tokenizer)
    for place in (facts.get("tokenizer_folder"), facts.get("tokenizer")):
        if isinstance(place, str) and (Path(place).expanduser() / "tokenizer.json").is_file():
            return encoder_named(place)
    return None


def failed(found: list[Check]) -> list[Check]:
    """The checks that do not hold."""
    return [one for one in found if not one.ok]
