"""The tokenizer of a dataset's rows: kept by its digest when rows are made, found again when a pass has to make more of them.

In: a ``DatasetDict`` or ``Dataset``, or an ``Encoder``, a folder, a name. Out: an ``Encoder``. Costs the reading of one tokenizer.json.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import datasets

from elite_code_dataset import metadata, store
from elite_code_dataset.records import EliteCodeError
from elite_code_dataset.tokens import Encoder, encoder_named


def tokenizer_folder(digest: str) -> Path:
    """Where the tokenizer with this digest is kept, so that passes over a loaded dataset find the one its rows were made with."""
    return Path(datasets.config.HF_DATASETS_CACHE) / "elite_code_dataset-tokenizers" / digest


def encoder_of(ds: Any, tokenizer: Encoder | str | Path | None = None) -> Encoder:
    """The tokenizer that made the rows: the one given, else the one kept when they were made. Raises EliteCodeError if it is another."""
    facts = metadata.of(ds)
    if isinstance(tokenizer, Encoder):
        encoder = tokenizer
    else:
        digest = facts.get("tokenizer_digest")
        kept = tokenizer_folder(digest) if digest and store.is_whole(tokenizer_folder(digest)) else None
        tokenizer = tokenizer or facts.get("tokenizer_folder")  # what opening a saved dataset remembers
        if tokenizer is None and kept is None:
            raise EliteCodeError("the rows do not say which tokenizer made them; pass tokenizer=, a folder or a Hub name")
        encoder = encoder_named(str(tokenizer or kept))
    if facts.get("tokenizer_digest") not in (None, encoder.digest):
        raise EliteCodeError(
            f"tokenizer {encoder.label!r} is not the one the rows were made with ({facts.get('tokenizer')!r}); pass the dataset's own, "
            "the folder tokenizer/ of a saved dataset"
        )
    return encoder
