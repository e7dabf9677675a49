"""Exposure: rows -> how often one epoch shows each token of the source, and how many epochs a run really is.

In: a ``Dataset``, or a ``DatasetDict`` (its train split). Out: ``Exposures``. Costs one reading of the short columns and a sort of the spans
of each file; texts and tokens are not read.

A source is a path at a commit. A row shows the bytes of its target once for each copy; an epoch holds ``weight / mean weight`` copies of a
row (the mean over target tokens, so an epoch has as many tokens as the rows). Scales, weights and augmentations all add up here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from datasets import Dataset, DatasetDict

from elite_code_dataset import config
from elite_code_dataset.records import EliteCodeError

NEEDED = ("path", "commit", "technique", "start_byte", "end_byte", "context_tokens", "n_tokens")
DECIMALS = 9  # a difference of sums may miss a border of a bin by its last bits
BINS = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, float("inf"))


@dataclass(frozen=True)
class Exposures:
    """``mean`` and ``maximum`` are times that one epoch shows a source token; ``effective_epochs`` is ``mean`` over the whole run.

    ``histogram`` holds (from, to, share of source tokens whose exposure in one epoch lies in [from, to)); ``by_source`` the mean of each path.
    """

    rows: int
    epochs: float
    source_tokens: float
    shown_tokens: float
    mean: float
    maximum: float
    histogram: tuple[tuple[float, float, float], ...] = ()
    by_source: Mapping[str, float] = field(default_factory=dict)

    @property
    def effective_epochs(self) -> float:
        """How often the run shows a source token, on average."""
        return self.mean * self.epochs

    @property
    def warning(self) -> str:
        """One sentence when the run repeats its source beyond what still teaches, else ''."""
        if self.effective_epochs <= config.EXPOSURE_LIMIT:
            return ""
        most = config.EXPOSURE_LIMIT / self.mean
        return (
            f"this run shows each source token {self.effective_epochs:.1f} times ({self.epochs:g} epochs x {self.mean:.1f}); returns diminish "
            f"after about {config.EXPOSURE_FREE:g} and are gone by {config.EXPOSURE_LIMIT:g}: train at most {most:.2g} epochs, or on fewer scales"
        )

    def as_dict(self) -> dict:
        """For metadata and reports; ``by_source`` is left out, since it grows with the repository."""
        return {
            "rows": self.rows,
            "epochs": self.epochs,
            "source_tokens": round(self.source_tokens),
            "shown_tokens": round(self.shown_tokens),
            "mean": round(self.mean, 4),
            "maximum": round(self.maximum, 4),
            "effective_epochs": round(self.effective_epochs, 4),
            "histogram": [
                {"from": low, "to": None if high == float("inf") else high, "share": round(share, 6)} for low, high, share in self.histogram
            ],
        }


def copies_of(weights: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """float64[n]: expected copies of each row in one epoch, so that the epoch's target tokens are the rows' target tokens."""
    if np.any(~np.isfinite(weights)) or np.any(weights < 0):
        raise EliteCodeError("the column 'weight' holds a negative or missing number; expected numbers from 0 up: run weigh() again")
    total = float((weights * tokens).sum())
    if len(weights) and total <= 0:
        raise EliteCodeError("every row weighs 0, so an epoch would be empty; give at least one role a weight above 0")
    return weights * (float(tokens.sum()) / total) if total else weights


def exposures(ds: Dataset | DatasetDict, epochs: float = 1.0) -> Exposures:
    """How often an epoch, and a run of ``epochs`` of them, shows each source token. Raises EliteCodeError where columns are missing."""
    if not epochs > 0:
        raise EliteCodeError(f"epochs is {epochs!r}; expected a number above 0")
    if isinstance(ds, DatasetDict):
        if "train" not in ds:
            raise EliteCodeError(f"the dataset has the splits {', '.join(ds)}; exposure is counted on 'train': pass a dataset that has it")
        ds = ds["train"]
    missing = [name for name in NEEDED if name not in ds.column_names]
    if missing:
        raise EliteCodeError(f"exposures() got a dataset without the column {missing[0]!r}; it needs {', '.join(NEEDED)}")
    columns = _columns(ds)
    tokens = columns["n_tokens"] - columns["context_tokens"]
    copies = copies_of(columns["weight"], tokens)
    pieces = [_source_pieces(columns, members, copies, tokens) for members in _sources(columns)]
    seen = np.concatenate([exposure for _, exposure, _ in pieces]) if pieces else np.zeros(0)
    held = np.concatenate([amount for _, _, amount in pieces]) if pieces else np.zeros(0)
    shown, source = float((copies * tokens).sum()), float(held.sum())
    return Exposures(
        rows=len(ds),
        epochs=float(epochs),
        source_tokens=source,
        shown_tokens=shown,
        mean=shown / source if source else 0.0,
        maximum=float(seen.max()) if len(seen) else 0.0,
        histogram=_histogram(seen, held),
        by_source=_by_source(pieces),
    )


def _columns(ds: Dataset) -> dict[str, np.ndarray]:
    names = [*NEEDED, *(["weight"] if "weight" in ds.column_names else [])]
    table = ds.select_columns(names).with_format("arrow")[:]
    columns = {name: table[name].to_numpy(zero_copy_only=False) for name in names}
    return {"weight": np.ones(len(ds))} | columns


def _sources(columns: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """Row numbers of each source, sources in the order of their first row."""
    members: dict[tuple[str, str], list[int]] = {}
    for i, key in enumerate(zip(columns["commit"], columns["path"])):
        members.setdefault(key, []).append(i)
    return [np.array(rows) for rows in members.values()]


def _source_pieces(
    columns: Mapping[str, np.ndarray], members: np.ndarray, copies: np.ndarray, tokens: np.ndarray
) -> tuple[str, np.ndarray, np.ndarray]:
    """The path, and for each piece of the source between two borders of spans: its exposure and its tokens. Pieces no row shows are left out."""
    start = columns["start_byte"][members].astype(np.int64)
    end = np.maximum(
        columns["end_byte"][members].astype(np.int64), start + 1
    )  # a deletion shows no byte of the file; it is a source of its own
    real = columns["technique"][members] == "original"
    counted = real if real.any() else np.ones(len(members), dtype=bool)
    tokens_a_byte = tokens[members][counted].sum() / (end - start)[counted].sum()
    borders = np.unique(np.concatenate([start, end]))
    change = np.zeros(len(borders))
    rows = np.zeros(len(borders), dtype=np.int64)
    # a row that trains on a part of its span (the middle of a fill-in-the-middle row) shows each of its tokens a part of a time
    shown = copies[members] * tokens[members] / ((end - start) * tokens_a_byte) if tokens_a_byte else np.zeros(len(members))
    for at, sign in ((start, 1), (end, -1)):
        place = np.searchsorted(borders, at)
        np.add.at(change, place, sign * shown)
        np.add.at(rows, place, sign)
    covered = np.cumsum(rows)[:-1] > 0
    exposure = np.maximum(np.cumsum(change)[:-1], 0.0)  # a difference of sums may fall a last bit below 0
    return str(columns["path"][members[0]]), exposure[covered], np.diff(borders)[covered] * tokens_a_byte


def _histogram(seen: np.ndarray, held: np.ndarray) -> tuple[tuple[float, float, float], ...]:
    total = float(held.sum())
    if not total:
        return ()
    place = np.searchsorted(BINS, np.round(seen, DECIMALS), side="right") - 1
    shares = np.bincount(place, weights=held, minlength=len(BINS) - 1) / total
    return tuple((low, high, float(share)) for low, high, share in zip(BINS, BINS[1:], shares))


def _by_source(pieces: list[tuple[str, np.ndarray, np.ndarray]]) -> dict[str, float]:
    shown: dict[str, float] = {}
    held: dict[str, float] = {}
    for path, exposure, amount in pieces:
        shown[path] = shown.get(path, 0.0) + float((exposure * amount).sum())
        held[path] = held.get(path, 0.0) + float(amount.sum())
    return {path: shown[path] / held[path] if held[path] else 0.0 for path in sorted(held)}
