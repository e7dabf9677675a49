"""Leakage: nothing that training shows is evaluated, and what is evaluated is real code."""

from __future__ import annotations

import hashlib

import numpy as np

from elite_code_dataset.checks import Verdict, View, check


def across(view: View, column: str, mask: np.ndarray | None = None) -> list[str]:
    """Values of a column that stand in more than one split."""
    values, where = view.column(column), view.where
    if mask is not None:
        values, where = values[mask], where[mask]
    home: dict[str, str] = {}
    return sorted({value for value, split in zip(values.tolist(), where.tolist()) if home.setdefault(value, split) != split})


def none_across(shared: list[str]) -> Verdict:
    return not shared, f"{len(shared)} shared" + (f", first {shared[0]!r}" if shared else "")


@check("no group in two splits")
def no_shared_group(view: View) -> Verdict:
    return none_across(across(view, "group"))


@check("no file of the commit in two splits")
def no_shared_path(view: View) -> Verdict:
    return none_across(across(view, "path", view.column("kind") == "code"))


@check("no text in two splits")
def no_copied_text(view: View) -> Verdict:
    home: dict[bytes, str] = {}
    copied = []
    where, ids = view.where, view.column("id")
    for i, row in view.rows("text"):
        key = hashlib.sha256(row["text"].encode("utf-8", "surrogatepass")).digest()
        if home.setdefault(key, where[i]) != where[i]:
            copied.append(str(ids[i]))
    return not copied, f"{len(copied)} copied" + (f", first {copied[0]!r}" if copied else "")


@check("rows outside train are real code: technique 'original'")
def evaluation_is_original(view: View) -> Verdict:
    return view.none_of(~view.original & (view.where != "train"))


@check("no target of 20 words or more in two splits, whatever its context, counted again on these rows")
def no_exact_twins(view: View) -> Verdict:
    counted = view.certificate
    return not counted.exact, f"{counted.exact} pairs among {counted.compared} targets"


@check("no two targets in different splits of which one is the other but for a few words, or part of it (0.85 of the word 5-grams)")
def no_near_twins(view: View) -> Verdict:
    counted = view.certificate
    return (
        not counted.near + counted.contained + counted.shown,
        f"{counted.near} near and {counted.contained} contained pairs among {counted.compared} targets, {counted.shown} contexts that show one",
    )
