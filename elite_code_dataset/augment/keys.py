"""Keys: what the answer of a technique is a function of, as a digest: the row, the draw, the tokenizer, our sources, and what else it looks at.

In: rows as Arrow, and pairs of a row and a technique. Out: sixteen bytes a pair, none where the technique does not say what it looks at. Costs a digest of
each row's text and ids.

A row's tip (its commit, its age), its group and what the passes set are not part of its digest: a new commit gives each row another tip. A
technique that looks at those, or at its survey, says so (``Technique.seen``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from elite_code_dataset.augment.registry import TECHNIQUES, row_alone
from elite_code_dataset.memo import KEY_BYTES

OF_THE_TIP = frozenset({"commit", "age_days", "group", "weight", "difficulty", "stage"})
LONG = ("text", "input_ids")


@lru_cache(maxsize=32)
def survey_of(told: str) -> tuple[Any, Mapping[str, str]]:
    """A survey's answer from its JSON, and the digest of each of its entries."""
    survey = json.loads(told)
    entries = survey.items() if isinstance(survey, dict) else ()
    return survey, {key: _hex(json.dumps(value, sort_keys=True).encode()) for key, value in entries}


def keys_of(table: pa.Table, asked: Sequence[tuple[int, str]], surveys: Mapping[str, str], identity: str) -> list[bytes]:
    """The key of each (row, technique); b'' where there is none. ``identity``: of the tokenizer, the seed and our sources."""
    rows = table.drop_columns([name for name in LONG if name in table.column_names]).to_pylist()
    digests = _digests(table, rows, sorted({row for row, name in asked if TECHNIQUES[name].seen}))
    keys = []
    for row, name in asked:
        seen = TECHNIQUES[name].seen
        if seen is None:
            keys.append(b"")
            continue
        told = "" if seen is row_alone else json.dumps(seen(rows[row], *survey_of(surveys[name])), default=str)
        keys.append(hashlib.blake2b(f"{identity} {name} {digests[row]} {told}".encode(), digest_size=KEY_BYTES).digest())
    return keys


def _digests(table: pa.Table, rows: Sequence[Mapping[str, Any]], some: Sequence[int]) -> dict[int, str]:
    """Of each of some rows: a digest of all its columns but those of the tip."""
    part = table.select(list(LONG)).take(pa.array(some, pa.int64())).combine_chunks()
    texts, lists = part.column("text").to_pylist(), part.column("input_ids").combine_chunks()
    ids = lists.flatten().to_numpy(zero_copy_only=False).astype("<i8")
    ends = np.cumsum([0, *lists.value_lengths().to_pylist()]).tolist()
    names = sorted(set(table.column_names) - OF_THE_TIP - set(LONG))
    found = {}
    for i, row in enumerate(some):
        told = hashlib.blake2b(repr([(name, rows[row][name]) for name in names]).encode("utf-8", "backslashreplace"), digest_size=16)
        told.update(b"\0" + texts[i].encode("utf-8", "surrogatepass") + b"\0" + ids[ends[i] : ends[i + 1]].tobytes())
        found[row] = told.hexdigest()
    return found


def _hex(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()
