"""Held-out code: a dataset's evaluation split -> the rows and prompts on which every model is measured, chosen once and by nothing but their ids.

In: a dataset with train and test. Out: ``HeldOut``. Costs one reading of the split, and of train's text.

A byte of a held-out file stands in one row of every scale. The headline, and its parts by role, age, language and line, are therefore taken at one
scale, 512 (or the nearest that there is): there each byte counts once. The other scales, the edits and the commit messages have headings of
their own. ``plain`` is the same files again, cut blind every so many tokens and without any context: it favours no way of making rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from datasets import Dataset, DatasetDict, concatenate_datasets

from elite_code_dataset.config import AGE_WEIGHTS
from elite_code_dataset.records import EliteCodeError
from elite_code_dataset.tokens import Encoder
from recipes.retrieval import real_rows
from recipes.tasks import Prompt, Row, chance, prompts_of

HEADLINE_SCALE = 512
COLUMNS = (
    *("id", "path", "commit", "kind", "idiom", "scale", "role", "age_days", "language", "text", "context_chars", "input_ids"),
    *("context_tokens", "n_tokens", "start_byte", "end_byte", "original_start", "original_end"),
)


@dataclass(frozen=True)
class HeldOut:
    """``rows`` are scored, each under its ``headings``; ``prompts`` are answered. ``known``: lines of the train split. ``files``: what was held out."""

    scale: int
    rows: list[dict[str, Any]]
    prompts: list[Prompt]
    known: frozenset[str]
    files: tuple[str, ...]


def held_out(
    ds: DatasetDict, encoder: Encoder, tokens: int = 0, prompts: int = 100, seed: int = 0, splits: Sequence[str] = ("test",)
) -> HeldOut:
    """Rows of about ``tokens`` tokens a heading (0: all there are), and ``prompts`` prompts a task. Raises EliteCodeError without such rows."""
    whole = evaluation_rows(ds, splits)
    code = sorted({scale for scale, kind in zip(whole["scale"][:], whole["kind"][:]) if kind == "code"})
    if not code:
        raise EliteCodeError(
            f"no row of {', '.join(splits)} is code; evaluation needs files that were held out: give the splits more files"
        )
    scale = min(code, key=lambda one: (abs(one - HEADLINE_SCALE), one))
    groups: dict[tuple, list[dict[str, Any]]] = {}
    for row in whole.select_columns(list(COLUMNS)):
        groups.setdefault((row["kind"], row["idiom"] if row["kind"] == "edit" else row["scale"]), []).append(row)
    headline, edits = groups["code", scale], groups.get(("edit", ""), [])
    groups["plain", 0] = list(plain_rows(headline, encoder, scale))
    rows = [row | {"headings": headings_of(row, scale)} for key in sorted(groups, key=str) for row in _some(groups[key], tokens, seed)]
    known = train_lines(ds["train"])
    asked = prompts_of(headline, edits, encoder, known, prompts, seed)
    return HeldOut(scale, rows, asked, known, tuple(sorted({row["path"] for row in headline})))


def evaluation_rows(ds: DatasetDict, splits: Sequence[str]) -> Dataset:
    """The real rows of some splits. Raises EliteCodeError where one of them is missing."""
    for split in ("train", *splits):
        if split not in ds:
            raise EliteCodeError(f"the dataset has the splits {', '.join(ds)}; evaluation needs {split!r}: give the repository more files")
    return concatenate_datasets([ds[s].select([i for i, t in enumerate(ds[s]["technique"][:]) if t == "original"]) for s in splits])


def train_lines(train: Dataset) -> frozenset[str]:
    """Every line that a real target of the train split shows, blanks at both ends taken off."""
    rows = real_rows(train, None, ("text", "context_chars"))
    return frozenset(line.strip() for row in rows for line in row["text"][row["context_chars"] :].split("\n"))


def _some(rows: Sequence[Row], tokens: int, seed: int) -> Iterator[Row]:
    """Rows in a random order until they have so many tokens; all for 0."""
    shown = 0
    for row in sorted(rows, key=lambda row: (chance(seed, row["id"]), row["id"])):
        if tokens and shown >= tokens:
            return
        shown += row["n_tokens"]
        yield row


def headings_of(row: Row, scale: int) -> tuple[str, ...]:
    """The metrics that a row counts for."""
    name = "bits_per_byte"
    if row["kind"] == "plain":
        return (f"{name}/plain",)
    if row["kind"] == "edit":
        return (f"{name}/kind/{row['idiom'] or 'edit'}",)
    own = f"{name}/scale/{row['scale']}"
    if row["scale"] != scale:
        return (own,)
    parts = {"kind": "code", "role": row["role"], "age": age_of(row["age_days"]), "language": row["language"]}
    return (name, own, *(f"{name}/{part}/{value}" for part, value in parts.items()))


def age_of(days: float) -> str:
    """The age bucket, by the limits that the weights use."""
    limits = [limit for limit, _ in AGE_WEIGHTS if math.isfinite(limit)]
    return next((f"under_{limit:g}_days" for limit in limits if days < limit), f"{limits[-1]:g}_days_and_more")


def plain_rows(rows: Sequence[Row], encoder: Encoder, scale: int) -> Iterator[dict[str, Any]]:
    """The files that rows of one scale make up, cut every ``scale`` tokens, with no context. A piece that no row shows stays a gap."""
    for run in _runs(rows):
        text = "".join(row["text"][row["context_chars"] :] for row in run)
        encoding, raw = encoder.encode([text])[0], text.encode("utf-8", "surrogatepass")
        cuts = [0]
        while cuts[-1] < len(encoding.ids):
            cut = min(cuts[-1] + scale, len(encoding.ids))
            while cut < len(encoding.ids) and encoding.starts[cut] == encoding.starts[cut - 1]:  # tokens of one character share its start
                cut += 1
            cuts.append(cut)
        for first, last in zip(cuts, cuts[1:]):
            piece = raw[encoding.starts[first] : encoding.starts[last]].decode("utf-8", "surrogatepass")
            ids = encoding.ids[first:last].tolist()
            place = run[0]["start_byte"] + int(encoding.starts[first])
            yield {
                **{name: run[0][name] for name in ("path", "commit", "role", "language", "age_days")},
                **{
                    "id": f"plain {run[0]['path']} {place}",
                    "kind": "plain",
                    "idiom": "",
                    "scale": scale,
                    "text": piece,
                    "context_chars": 0,
                },
                **{"input_ids": ids, "context_tokens": 0, "n_tokens": len(ids)},
            }


def _runs(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Rows of one file whose targets follow each other without a gap or an overlap."""
    run: list[Row] = []
    for row in sorted(rows, key=lambda row: (row["path"], row["start_byte"], row["end_byte"])):
        if run and (row["path"], row["start_byte"]) != (run[-1]["path"], run[-1]["end_byte"]):
            yield run
            run = []
        run.append(row)
    if run:
        yield run


def line_bits(row: Mapping[str, Any], bits: np.ndarray, encoder: Encoder, known: frozenset[str]) -> Iterator[tuple[str, float, int]]:
    """('novel' or 'repeated', bits, bytes) of each line of the target. ``bits``: float[n_tokens - 1], of tokens 1, 2, ... of the row.

    A token counts for the line it begins in. Nothing comes where the target's own encoding is another one than the row's.
    """
    start, target = row["context_tokens"], row["text"][row["context_chars"] :]
    encoding = encoder.encode([target])[0]
    if encoding.ids.tolist() != list(row["input_ids"][start:]):
        return
    pieces = target.encode("utf-8", "surrogatepass").split(b"\n")
    line_starts = np.cumsum([0, *(len(piece) + 1 for piece in pieces[:-1])])
    first = int(start == 0)  # nothing predicts the very first token of a row
    line_of = np.searchsorted(line_starts, encoding.starts[first:-1], side="right") - 1
    sizes = np.bincount(line_of, np.diff(encoding.starts)[first:], minlength=len(pieces))
    sums = np.bincount(line_of, bits[start + first - 1 :], minlength=len(pieces))
    for piece, one, size in zip(pieces, sums.tolist(), sizes.tolist()):
        text = piece.decode("utf-8", "surrogatepass").strip()
        if text and size:
            yield ("repeated" if text in known else "novel"), one, int(size)
