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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.compute as pc
from datasets.fingerprint import Hasher

from elite_code_dataset import languages
from elite_code_dataset.augment.children import OUTCOMES, REMEMBERED, Answer, Outcome, outcomes_of, own_of, remembered, with_children
from elite_code_dataset.augment.formats import formatted_like, unformatted
from elite_code_dataset.augment.keys import keys_of, survey_of
from elite_code_dataset.augment.registry import TECHNIQUES, Abstained, Helpers, Rewrite, Rng, Technique, first_draws, technique
from elite_code_dataset.config import AUGMENT_RATES, source_digest
from elite_code_dataset.memo import Memo, Parts, kept, newest, opened
from elite_code_dataset.records import DropReport, EliteCodeError
from elite_code_dataset.tokens import Encoder

__all__ = ["Abstained", "Augmented", "Helpers", "Rewrite", "Rng", "Technique", "augment", "augmented", "technique", "techniques"]

READ_ROWS = 1000  # that a survey is handed at a time
BATCH_ROWS = 400  # that are asked about at a time; children double a batch


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
    """The function that ``.map`` calls. ``surveys`` is JSON by technique; ``digest`` makes a cache miss when our sources change. ``identity``: of the
    tokenizer, the seed and our sources, where answers are remembered, else ''; ``memo``: the file with those that are known."""

    rates: tuple[tuple[str, float], ...]
    seed: int
    surveys: tuple[tuple[str, str], ...]
    encoder: Any
    digest: str
    made: frozenset[tuple[str, str]] = frozenset()  # (parent, technique) of the children that are there already
    identity: str = ""
    memo: str = ""

    def __call__(self, table: pa.Table) -> pa.Table:
        _all_loaded()  # a spawned worker has imported nothing yet
        short = table.select(["id", "split", "technique"]).to_pylist()
        asked = [(row, name) for row, parent in enumerate(short) for name in self._asked(parent)]
        keys = keys_of(table, asked, dict(self.surveys), self.identity) if self.identity else [b""] * len(asked)
        memo = opened(self.memo) if self.memo else None
        places = memo.found(keys) if memo else [-1] * len(asked)
        answers: dict[int, Answer] = {}
        for i, place in enumerate(places):
            if place >= 0:
                answers[i] = Answer(*asked[i], keys[i], memo.table.column("reason")[place].as_py() or "", remembered=place)
        answers |= self._new(table, {i: asked[i] for i in range(len(asked)) if i not in answers}, keys)
        sizes = pc.binary_length(table.column("text")).to_pylist()
        return with_children(table, [answers[i] for i in range(len(asked))], sizes, memo)

    def _new(self, table: pa.Table, asked: Mapping[int, tuple[int, str]], keys: Sequence[bytes]) -> dict[int, Answer]:
        """The answers of those that are asked now."""
        rows = sorted({row for row, _ in asked.values()})
        parents = dict(zip(rows, table.take(pa.array(rows, pa.int64())).to_pylist()))
        surveys = dict(self.surveys)
        helpers = {name: Helpers(self.encoder, survey_of(surveys[name])[0]) for name in {name for _, name in asked.values()}}
        results = {i: self._answer(parents[row], name, helpers[name]) for i, (row, name) in asked.items()}
        ids = self._encoded(result for result in results.values() if isinstance(result, Rewrite))
        found = {}
        for i, (row, name) in asked.items():
            own = own_of(parents[row], results[i], ids)
            found[i] = Answer(row, name, keys[i], own) if isinstance(own, str) else Answer(row, name, keys[i], own=own)
        return found

    def _asked(self, parent: dict) -> list[str]:
        """The techniques that the row is drawn for and has no child of; none for a row outside train, or for a child."""
        if parent["split"] != "train" or parent["technique"] != "original":
            return []
        draws = first_draws((self.seed, parent["id"]), [(name, "rate") for name, _ in self.rates])
        drawn = [name for (name, rate), draw in zip(self.rates, draws) if draw < rate]
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


class Row(Mapping):
    """A row of a batch whose columns become Python values when one of them is asked for: a survey looks at few."""

    __slots__ = ("_names", "_columns", "_at")

    def __init__(self, names: Sequence[str], columns: Callable[[str], list], at: int) -> None:
        self._names, self._columns, self._at = names, columns, at

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        return self._columns(name)[self._at]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _originals(ds: datasets.Dataset) -> Iterator[Row]:
    for batch in ds.with_format("arrow").iter(READ_ROWS):
        columns = cache(lambda name, batch=batch: batch.column(name).to_pylist())
        for at, kind in enumerate(zip(columns("split"), columns("technique"))):
            if kind == ("train", "original"):
                yield Row(batch.column_names, columns, at)


def _surveys(ds: datasets.Dataset, names: tuple[str, ...], memo: Place | None) -> tuple[tuple[str, str], ...]:
    """What each technique wants to know about the train rows, as JSON with sorted keys."""
    slim = ds.select_columns([column for column in ds.column_names if column != "input_ids"])
    rows = list(_originals(slim)) if any(TECHNIQUES[name].survey for name in names) else []
    answers = []
    for name in names:
        survey, answer = TECHNIQUES[name].survey, None
        if survey and TECHNIQUES[name].parted:
            parts = Parts(memo.folder, f"{memo.name}.{name}") if memo else None
            answer = survey(iter(rows), parts)
            parts.keep() if parts else None
        elif survey:
            answer = survey(iter(rows))
        answers.append((name, json.dumps(answer, sort_keys=True)))
    return tuple(answers)


def _mapped(ds: datasets.Dataset, step: AugmentPass, num_proc: int | None) -> datasets.Dataset:
    features = datasets.Features({**ds.features, OUTCOMES: [datasets.Value("string")]})
    parts = [step.digest, repr(step.rates), repr(step.seed), repr(step.surveys), repr(sorted(step.made)), Hasher.hash(step.encoder)]
    identity = Hasher.hash([ds._fingerprint, *parts, bool(step.identity)])
    mapped = ds.with_format("arrow").map(
        step,
        batched=True,
        batch_size=BATCH_ROWS,
        features=features,
        num_proc=num_proc,
        new_fingerprint=identity,
        desc="augment",
    )
    return mapped.with_format(None)


def _made(ds: datasets.Dataset) -> frozenset[tuple[str, str]]:
    """Which children the rows hold already: asked again, a parent would get a second one of the same id."""
    if "parent_id" not in ds.column_names:
        return frozenset()
    table = ds.select_columns(["parent_id", "technique"]).with_format("arrow")[:]
    return frozenset(pair for pair in zip(*(table.column(name).to_pylist() for name in ("parent_id", "technique"))) if pair[0])


def _reports(outcomes: Sequence[Outcome], names: tuple[str, ...]) -> tuple[DropReport, ...]:
    rows: Counter = Counter()
    sizes: Counter = Counter()
    for one in outcomes:
        rows[one.name, one.reason] += 1
        sizes[one.name, one.reason] += one.size
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


@dataclass(frozen=True)
class Place:
    """Where answers are remembered: the memo of this name in a folder."""

    folder: Path
    name: str


def _identity(encoder: Any) -> str:
    """What a tokenizer does, whatever it is called and wherever it lies."""
    return Hasher.hash([encoder.backend.to_str(), sorted(encoder.special.items())] if isinstance(encoder, Encoder) else encoder)


def _remember(ds: datasets.Dataset, outcomes: Sequence[Outcome], place: Place, memo: Memo | None) -> None:
    """Put what was answered in the place of what was known."""
    keyed = {one.key: one for one in outcomes if one.key}
    if keyed and (memo is None or keyed.keys() != memo.places.keys()):
        kept(place.folder, place.name, REMEMBERED, remembered(ds, list(keyed.values())))


def augmented(
    ds: datasets.Dataset | datasets.DatasetDict,
    techniques: Mapping[str, float] | None = None,
    seed: int = 0,
    num_proc: int | None = None,
    *,
    tokenizer: Any,
    memo: Place | None = None,
) -> Augmented:
    """The rows with their children, and one ``DropReport`` per technique.

    ``techniques`` maps a name to the share of train rows it is tried on (None: ``config.AUGMENT_RATES``). ``tokenizer`` is
    the encoder that the rows were made with. Rows outside train, and rows that are children already, pass through untouched; a row that
    has a child of a technique is not asked for another. ``memo``: where answers are remembered; the rows are the same with and without it. Raises ``EliteCodeError`` for an unknown technique, a rate outside [0, 1], a streamed
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
    known = newest(memo.folder, memo.name) if memo else ""
    identity = Hasher.hash([source_digest(), seed, _identity(tokenizer)]) if memo else ""
    step = AugmentPass(tuple(rates.items()), seed, _surveys(train, names, memo), tokenizer, source_digest(), _made(train), identity, known)
    mapped = _mapped(train, step, num_proc)
    outcomes = list(outcomes_of(mapped))
    reports = _reports(outcomes, names)
    if memo:
        _remember(mapped, outcomes, memo, opened(known) if known else None)
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
