"""Augmentation: rows of real code -> the same rows, each followed by the children that the techniques made of it.

In: a ``Dataset`` or ``DatasetDict`` of windows and ``{technique: rate}``. Out: the same with more rows in train; evaluation
stays real code. Every row that was asked about is either a child or a counted reason. Cost: one parse or two per technique
and row, one encoding per child; a technique's survey reads the train rows once.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import datasets
from datasets.fingerprint import Hasher

from elite_code_dataset import languages
from elite_code_dataset.augment.formats import formatted_like, unformatted
from elite_code_dataset.augment.registry import TECHNIQUES, Abstained, Helpers, Rewrite, Rng, Technique, technique
from elite_code_dataset.config import AUGMENT_RATES, source_digest
from elite_code_dataset.records import DropReport, EliteCodeError

__all__ = ["Abstained", "Augmented", "Helpers", "Rewrite", "Rng", "Technique", "augment", "augmented", "technique", "techniques"]

OUTCOMES = "_augment_outcomes"  # a column that lives only between the map and its count


@cache
def _all_loaded() -> None:
    for module in sorted(found.name for found in pkgutil.iter_modules(__path__)):
        importlib.import_module(f"{__name__}.{module}")


def techniques() -> dict[str, Technique]:
    """Every registered technique by name, in the order of the names; the modules of this folder are loaded first."""
    _all_loaded()
    return dict(sorted(TECHNIQUES.items()))


def checked_rates(rates: Mapping[str, float]) -> dict[str, float]:
    """The rates in the order of their names; raises ``EliteCodeError`` for an unknown technique or a rate outside [0, 1]."""
    known = techniques()
    for name, rate in rates.items():
        if name not in known:
            raise EliteCodeError(f"unknown technique {name!r}; available: {', '.join(known)}")
        if not isinstance(rate, (int, float)) or isinstance(rate, bool) or not 0.0 <= rate <= 1.0:
            raise EliteCodeError(f"rate of {name!r} is {rate!r}; expected a share of the rows between 0 and 1")
    return {name: float(rates[name]) for name in sorted(rates) if rates[name] > 0}


@dataclass(frozen=True)
class Augmented:
    """What the pass gives back: the rows, and one report per technique (kept = children made; reasons are named in ``dropped``)."""

    dataset: Any
    reports: tuple[DropReport, ...]


@dataclass(frozen=True)
class AugmentPass:
    """The function that ``.map`` calls. ``surveys`` is JSON by technique; ``digest`` makes a cache miss when our sources change."""

    rates: tuple[tuple[str, float], ...]
    seed: int
    surveys: tuple[tuple[str, str], ...]
    encoder: Any
    digest: str
    made: frozenset[tuple[str, str]] = frozenset()  # (parent, technique) of the children that are there already

    def __call__(self, batch: Mapping[str, list]) -> dict[str, list]:
        _all_loaded()  # a spawned worker has imported nothing yet
        helpers = {name: Helpers(self.encoder, json.loads(survey)) for name, survey in self.surveys}
        parents = [dict(zip(batch, values)) for values in zip(*batch.values())]
        answers = [[(name, self._answer(parent, name, helpers[name])) for name in self._asked(parent)] for parent in parents]
        ids = self._encoded(answer for row in answers for _, answer in row if isinstance(answer, Rewrite))
        rows: list[dict] = []
        for parent, row in zip(parents, answers):
            children = [(name, _child(parent, name, answer, ids)) for name, answer in row]
            size = len(parent["text"].encode())
            outcomes = [f"{name}|{child if isinstance(child, str) else ''}|{size}" for name, child in children]
            rows += [parent | {OUTCOMES: outcomes}, *(child for _, child in children if not isinstance(child, str))]
        return {column: [row[column] for row in rows] for column in (*batch, OUTCOMES)}

    def _asked(self, parent: dict) -> list[str]:
        """The techniques that the row is drawn for and has no child of; none for a row outside train, or for a child."""
        if parent["split"] != "train" or parent["technique"] != "original":
            return []
        drawn = [name for name, rate in self.rates if Rng(self.seed, parent["id"], name, "rate").random() < rate]
        return [name for name in drawn if (parent["id"], name) not in self.made]

    def _answer(self, parent: dict, name: str, helpers: Helpers) -> Rewrite | str:
        """What the technique makes of the row, or the name of the reason why it is nothing."""
        language = languages.all_languages().get(parent["language"])
        if language is None:
            return "abstained:unknown_language"
        result = TECHNIQUES[name].apply(parent, language, Rng(self.seed, parent["id"], name), helpers)
        if isinstance(result, Abstained):
            return f"abstained:{result.reason}"
        if not result.verified:
            return "rejected:not_verified"
        same = (result.text, result.context_chars) == (parent["text"], parent["context_chars"])
        return "abstained:nothing_changed" if same and result.input_ids is None else result

    def _encoded(self, results: Iterable[Rewrite]) -> dict[tuple[str, int], tuple[list[int], list[int]]]:
        """Ids of context and of target by text and border, encoded apart, so that the border is also one between tokens."""
        wanted = sorted({(one.text, one.context_chars) for one in results if one.input_ids is None})
        parts = [part for text, border in wanted for part in (text[:border], text[border:])]
        ids = [[int(one) for one in encoding.ids] for encoding in self.encoder.encode(parts)] if parts else []
        return dict(zip(wanted, zip(ids[::2], ids[1::2])))


def _child(parent: dict, name: str, result: Rewrite | str, encoded: Mapping) -> dict | str:
    """The child row, or the reason why there is none."""
    if isinstance(result, str):
        return result
    if result.input_ids is None:
        context, target = encoded[result.text, result.context_chars]
        ids, context_tokens = [*context, *target], len(context)
    else:
        ids, context_tokens = list(result.input_ids), result.context_tokens
    if len(ids) > parent["scale"]:
        return "rejected:too_long"
    if context_tokens >= len(ids):
        return "rejected:empty_target"
    return parent | {
        "id": f"{parent['id']}~{name}",
        "parent_id": parent["id"],
        "technique": name,
        "text": result.text,
        "context_chars": result.context_chars,
        "input_ids": ids,
        "context_tokens": context_tokens,
        "n_tokens": len(ids),
        "verified": result.verified,
        "idiom": result.idiom or parent["idiom"],
        OUTCOMES: [],
        **_original_block(parent, result),
    }


def _original_block(parent: dict, result: Rewrite) -> dict[str, int]:
    """Where an edit's original block stands in the child: behind what was put ahead of it; 0, 0 where it is not to be found there."""
    start, end = parent.get("original_start", 0), parent.get("original_end", 0)
    shift = result.context_chars - parent["context_chars"]
    block = parent["text"][start:end]
    same = end > start and start + shift >= 0 and result.text[start + shift : end + shift] == block
    return {"original_start": start + shift, "original_end": end + shift} if same else {"original_start": 0, "original_end": 0}


def _originals(ds: datasets.Dataset) -> Iterator[dict]:
    for row in ds:
        if row["split"] == "train" and row["technique"] == "original":
            yield row


def _surveys(ds: datasets.Dataset, names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """What each technique wants to know about the train rows, as JSON with sorted keys."""
    slim = ds.select_columns([column for column in ds.column_names if column != "input_ids"])
    answers = []
    for name in names:
        survey = TECHNIQUES[name].survey
        answer = survey(_originals(slim)) if survey else None
        answers.append((name, json.dumps(answer, sort_keys=True)))
    return tuple(answers)


def _mapped(ds: datasets.Dataset, step: AugmentPass, num_proc: int | None) -> datasets.Dataset:
    features = datasets.Features({**ds.features, OUTCOMES: [datasets.Value("string")]})
    parts = [step.digest, repr(step.rates), repr(step.seed), repr(step.surveys), repr(sorted(step.made)), Hasher.hash(step.encoder)]
    identity = Hasher.hash([ds._fingerprint, *parts])
    return ds.map(
        step,
        batched=True,
        batch_size=100,  # rows; children double a batch, and the writer is quickest at 100
        remove_columns=ds.column_names,
        features=features,
        num_proc=num_proc,
        new_fingerprint=identity,
        desc="augment",
    )


def _made(ds: datasets.Dataset) -> frozenset[tuple[str, str]]:
    """Which children the rows hold already: asked again, a parent would get a second one of the same id."""
    if "parent_id" not in ds.column_names:
        return frozenset()
    return frozenset(pair for pair in zip(ds["parent_id"], ds["technique"]) if pair[0])


def _reports(ds: datasets.Dataset, names: tuple[str, ...]) -> tuple[DropReport, ...]:
    rows: Counter = Counter()
    sizes: Counter = Counter()
    for batch in ds.select_columns([OUTCOMES]).iter(1000):
        for outcome in (one for outcomes in batch[OUTCOMES] for one in outcomes):
            name, reason, size = outcome.split("|")
            rows[name, reason] += 1
            sizes[name, reason] += int(size)
    return tuple(
        DropReport(
            f"augment/{name}",
            rows[name, ""],
            {reason: count for (of, reason), count in sorted(rows.items()) if of == name and reason},
            sizes[name, ""],
            {reason: size for (of, reason), size in sorted(sizes.items()) if of == name and reason},
        )
        for name in names
    )


def augmented(
    ds: datasets.Dataset | datasets.DatasetDict,
    techniques: Mapping[str, float] | None = None,
    seed: int = 0,
    num_proc: int | None = None,
    *,
    tokenizer: Any,
) -> Augmented:
    """The rows with their children, and one ``DropReport`` per technique.

    ``techniques`` maps a name to the share of train rows it is tried on (None: ``config.AUGMENT_RATES``). ``tokenizer`` is
    the encoder that the rows were made with. Rows outside train, and rows that are children already, pass through untouched; a row that
    has a child of a technique is not asked for another. Raises ``EliteCodeError`` for an unknown technique, a rate outside [0, 1], a streamed
    data set, or one without the row schema.
    """
    given, ds = ds, unformatted(ds)
    rates = checked_rates(AUGMENT_RATES if techniques is None else techniques)
    names = tuple(rates)
    train = ds.get("train") if isinstance(ds, datasets.DatasetDict) else ds
    if train is None or not names or not len(train):
        return Augmented(given, tuple(DropReport(f"augment/{name}", 0) for name in names))
    missing = sorted({"id", "split", "technique", "text", "input_ids", "context_chars", "scale"} - set(train.column_names))
    if missing:
        raise EliteCodeError(f"the data set has no column {', '.join(missing)}; augment() takes the rows that the builder yields")
    step = AugmentPass(tuple(rates.items()), seed, _surveys(train, names), tokenizer, source_digest(), _made(train))
    mapped = _mapped(train, step, num_proc)
    reports = _reports(mapped, names)
    result = mapped.remove_columns(OUTCOMES)
    grown = datasets.DatasetDict({**ds, "train": result}) if isinstance(ds, datasets.DatasetDict) else result
    return Augmented(formatted_like(grown, given), reports)


def augment(
    ds: datasets.Dataset | datasets.DatasetDict,
    techniques: Mapping[str, float] | None = None,
    seed: int = 0,
    num_proc: int | None = None,
    *,
    tokenizer: Any,
) -> datasets.Dataset | datasets.DatasetDict:
    """``augmented(...)`` without its reports."""
    return augmented(ds, techniques, seed, num_proc, tokenizer=tokenizer).dataset
