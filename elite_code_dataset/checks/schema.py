"""Schema: the columns are there, the splits are there, and every row says truly what it is."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa

from elite_code_dataset.augment import techniques
from elite_code_dataset.checks import Verdict, View, check
from elite_code_dataset.records import ROLES, SCALES, SPLITS, Window

KINDS = {"str": pa.types.is_string, "int": pa.types.is_integer, "float": pa.types.is_floating}
COLUMNS = {field.name: str(field.type) for field in dataclasses.fields(Window)} | {"difficulty": "float", "stage": "int", "weight": "float"}


@check("every column of the row schema, of its kind")
def schema(view: View) -> Verdict:
    wrong = []
    for split, rows in view.ds.items():
        types = {field.name: field.type for field in rows.features.arrow_schema}
        wrong += [f"{split}.{name}: {types.get(name, 'missing')}" for name, kind in COLUMNS.items() if not fits(types.get(name), kind)]
    return not wrong, f"{len(COLUMNS)} columns" if not wrong else "; ".join(wrong[:4])


def fits(kind: pa.DataType | None, wanted: str) -> bool:
    if kind is None:
        return False
    if wanted.startswith("list["):
        return (pa.types.is_list(kind) or pa.types.is_large_list(kind)) and fits(kind.value_type, wanted[5:-1])
    return KINDS[wanted](kind) or (wanted == "str" and pa.types.is_large_string(kind))


@check("train, validation and test, none of them empty, and no other")
def splits_present(view: View) -> Verdict:
    sizes = {split: len(rows) for split, rows in view.ds.items()}
    return set(sizes) == set(SPLITS) and all(sizes.values()), ", ".join(f"{split} {size}" for split, size in sizes.items()) or "no split"


@check("each row's column 'split' names the split it lies in")
def rows_name_their_split(view: View) -> Verdict:
    return view.none_of(view.column("split") != view.where)


@check("no id twice, in all splits together")
def ids_unique(view: View) -> Verdict:
    ids = view.column("id")
    extra = len(ids) - len(set(ids))
    return not extra, f"{len(ids)} ids, {extra} repeated"


@check("roles, kinds, scales and techniques that exist")
def values_known(view: View) -> Verdict:
    known = {"role": ROLES, "kind": ("code", "edit"), "scale": SCALES, "technique": ("original", *techniques())}
    unknown = [f"{name} {value!r}" for name, values in known.items() for value in sorted(set(view.column(name).tolist()) - set(values))]
    return not unknown, ", ".join(unknown[:5]) or "all known"


@check("every scale that was asked for (without that knowledge: all five, or one alone)")
def scales_present(view: View) -> Verdict:
    found = {int(scale) for scale in np.unique(view.column("scale")[view.column("kind") == "code"])}
    asked = view.facts.get("windows") or (view.facts.get("config") or {}).get("windows")
    wanted = {int(str(one).lstrip("w")) for one in asked} if asked else (found if len(found) == 1 else set(SCALES))
    missing = sorted(wanted - found)
    return bool(found) and not missing, f"scales {', '.join(map(str, sorted(found)))}" + (f"; missing {missing}" if missing else "")
