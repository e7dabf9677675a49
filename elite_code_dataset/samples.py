"""Samples: rows chosen to be looked at - windows, augmentations beside what they were made of, edits before and after.

In: a DatasetDict. Out: plain dicts for the report and for ``show``, the same ones whenever the rows are the same. Costs one reading of the short
columns and a line comparison of each pair that is shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from datasets import DatasetDict

WINDOWS_PER_SCALE = 10
CHILDREN_PER_TECHNIQUE = 5
EDITS = 30
NEIGHBOURS = 4  # unchanged lines shown around a change
COMPARED_LINES = 1500  # a longer pair is shown without marks
REPAIRS = ("error_patterns", "type_annotations")  # their context is a worse form of their target
REORDERED = ("fill_in_middle",)
FACTS = (
    "id",
    "split",
    "path",
    "language",
    "role",
    "scale",
    "technique",
    "n_tokens",
    "context_tokens",
    "weight",
    "stage",
    "start_line",
    "end_line",
    "verified",
    "idiom",
    "commit",
)

Line = tuple[str, str]  # (mark, text): "" unchanged, "-" only before, "+" only after, "." nothing on this side, "~" left out


def samples_of(ds: DatasetDict) -> dict[str, list[dict[str, Any]]]:
    """``{"windows": [...], "augmentations": [...], "edits": [...]}``."""
    index = rows_index(ds)
    at = {(split, entry["id"]): entry["row"] for split, entries in index.items() for entry in entries}
    flat = [entry | {"split": split} for split, entries in index.items() for entry in entries]
    code = [one for one in flat if one["kind"] == "code" and one["technique"] == "original"]
    children = [one for one in flat if one["technique"] != "original" and ("train", one["parent_id"]) in at]
    edits = [one for one in flat if one["kind"] == "edit" and one["technique"] == "original"]
    return {
        "windows": [window(ds[one["split"]][one["row"]]) for one in spread(code, "scale", WINDOWS_PER_SCALE)],
        "augmentations": [
            augmentation(ds["train"][at[("train", one["parent_id"])]], ds[one["split"]][one["row"]])
            for one in spread(children, "technique", CHILDREN_PER_TECHNIQUE)
        ],
        "edits": [edit(ds[one["split"]][one["row"]]) for one in spread(edits, "scale", EDITS // 5)],
    }


def rows_index(ds: DatasetDict) -> dict[str, list[dict[str, Any]]]:
    names = ["id", "kind", "technique", "scale", "parent_id", "language", "role"]
    index = {}
    for split, rows in ds.items():
        columns = (
            {name: column.to_pylist() for name, column in zip(names, rows.select_columns(names).with_format("arrow")[:].columns)}
            if len(rows)
            else {}
        )
        index[split] = [dict(zip(columns, values)) | {"row": i} for i, values in enumerate(zip(*columns.values()))]
    return index


def spread(entries: Iterable[Mapping[str, Any]], key: str, count: int) -> list[Mapping[str, Any]]:
    """Up to ``count`` entries of each value of ``key``, of as many languages, roles and splits as there are, chosen by their ids."""
    by_key: dict[Any, list[Mapping[str, Any]]] = {}
    for entry in sorted(entries, key=lambda one: hashlib.sha256(str(one["id"]).encode()).digest()):
        by_key.setdefault(entry[key], []).append(entry)
    chosen = []
    for value in sorted(by_key):
        turns: dict[tuple, int] = {}
        ranked = []
        for entry in by_key[value]:
            kind = (entry["language"], entry["role"], entry["split"])
            turns[kind] = turns.get(kind, 0) + 1
            ranked.append((turns[kind], len(ranked), entry))
        chosen += [entry for _, _, entry in sorted(ranked, key=lambda one: one[:2])[:count]]
    return chosen


def facts_of(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in FACTS if name in row}


def window(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"facts": facts_of(row), "context": row["text"][: row["context_chars"]], "target": row["text"][row["context_chars"] :]}


def augmentation(parent: Mapping[str, Any], child: Mapping[str, Any]) -> dict[str, Any]:
    """What a technique made: its parts in their new order, the flawed code beside its repair, another context, or another target."""
    if child["technique"] in REORDERED:
        return window(child)
    context, target = child["text"][: child["context_chars"]], child["text"][child["context_chars"] :]
    real_context, real = parent["text"][: parent["context_chars"]], parent["text"][parent["context_chars"] :]
    shows = "target" if target != real else "repair" if child["technique"] in REPAIRS else "context"
    left, right = side_by_side(*{"target": (real, target), "repair": (context, target), "context": (real_context, context)}[shows])
    return {"facts": facts_of(child), "left": left, "right": right, "shows": shows, "context": context}


def edit(row: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked, the original block, the updated block."""
    target = row["text"][row["context_chars"] :]
    original = row["text"][row["original_start"] : row["original_end"]]
    if row["idiom"] == "message":
        return {"facts": facts_of(row), "context": row["text"][: row["context_chars"]], "target": target}
    left, right = side_by_side(original, target)
    asked = row["text"][: row["original_start"]]
    return {"facts": facts_of(row), "left": left, "right": right, "shows": "edit", "context": asked}


def side_by_side(before: str, after: str) -> tuple[list[Line], list[Line]]:
    """Two lists of equally many lines with marks; long unchanged stretches are one line that says how many were left out."""
    a, b = before.split("\n"), after.split("\n")
    if len(a) + len(b) > COMPARED_LINES:
        return padded([("", line) for line in a], [("", line) for line in b])
    left: list[Line] = []
    right: list[Line] = []
    for tag, a0, a1, b0, b1 in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag == "equal":
            kept = shortened(a[a0:a1], first=a0 == 0, last=a1 == len(a))
            left += kept
            right += kept
        else:
            one, other = padded([("-", line) for line in a[a0:a1]], [("+", line) for line in b[b0:b1]])
            left += one
            right += other
    return left, right


def shortened(lines: Sequence[str], first: bool, last: bool) -> list[Line]:
    """Unchanged lines, only those next to a change if there are many."""
    head, tail = (0 if first else NEIGHBOURS), (0 if last else NEIGHBOURS)
    left_out = len(lines) - head - tail
    if left_out < 3:
        return [("", line) for line in lines]
    kept = [("", line) for line in lines[:head]], [("", line) for line in lines[len(lines) - tail :]]
    return [*kept[0], ("~", f"{left_out} unchanged lines"), *kept[1]]


def padded(left: list[Line], right: list[Line]) -> tuple[list[Line], list[Line]]:
    size = max(len(left), len(right))
    return left + [(".", "")] * (size - len(left)), right + [(".", "")] * (size - len(right))
