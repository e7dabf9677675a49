"""Deduplication: rows -> the rows worth keeping, and those that repeat them, each with its cause and its twin's id.

In: a ``Dataset`` or ``DatasetDict`` of windows or edits. Out: ``Deduplicated``. Costs, for 20,000 targets of 1.5 kB: ``exact`` 0.3 s, ``near`` 5 s,
``semantic`` a parse of each target on top (``num_proc`` shares that out).

Compared are the targets of original rows of one kind at one scale. The same code shown at another scale is a view, an augmentation is
meant to resemble its parent, and both stay; when an original goes, its augmentations go with it (``parent_dropped``).
- ``exact``: the same text but for blanks at line ends and around it;
- ``near``: Jaccard of token 5-grams at or above the threshold, found by MinHash and verified (``similarity``);
- ``semantic``: the same of anonymised 7-grams, which sees through renaming (``clones``); or, with a ``model``, the cosine of embeddings.

A row goes only if one that is kept is its twin, so chains of look-alikes do not vanish whole. Kept first: evaluation (test, then
validation), the heavier weight, the newer row, the smaller id.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from datasets import Dataset, DatasetDict, Features, Value

from elite_code_dataset.clones import clone_shingles
from elite_code_dataset.config import NEAR_DUPLICATE_JACCARD
from elite_code_dataset.records import SPLITS, DropReport, EliteCodeError
from elite_code_dataset.similarity import candidates, shingles, signatures, verified
from elite_code_dataset.textdedup import textdedup_candidates

AnyDataset = TypeVar("AnyDataset", Dataset, DatasetDict)
Pairs = list[tuple[int, int, float]]
Found = tuple[dict[int, int], Pairs]

MODES = ("exact", "near", "semantic")
BACKENDS = {"numpy": lambda texts, sets: candidates(signatures(sets)), "text-dedup": lambda texts, sets: textdedup_candidates(texts)}
NEEDED = ("id", "split", "path", "language", "kind", "scale", "technique", "parent_id", "text", "context_chars", "timestamp")
DROPPED = Features(
    {name: Value("string") for name in ("id", "cause", "twin")}
    | {"similarity": Value("float64")}
    | {name: Value("string") for name in ("split", "kind", "technique", "path")}
    | {"scale": Value("int32")}
)
BITS = 22
SHARED_FROM = 1000  # targets; fewer are parsed sooner than processes start
COSINE_BLOCK = 2048  # rows of embeddings compared at once


@dataclass(frozen=True)
class Deduplicated:
    """``kept`` is what was given, without the ``dropped`` rows: one line each with its cause, its twin's id and their similarity."""

    kept: Any
    dropped: Dataset
    report: DropReport


@dataclass(frozen=True)
class _Drop:
    row: int
    cause: str
    twin: int
    similarity: float


def deduplicated(
    ds: AnyDataset,
    mode: str = "near",
    threshold: float = NEAR_DUPLICATE_JACCARD,
    backend: str = "numpy",
    num_proc: int | None = None,
    model: Any = None,
) -> Deduplicated:
    """One pass of one mode. ``model``: for ``semantic``, a model2vec or sentence-transformers name, or anything with ``encode(texts)``.

    ``backend``: who proposes near pairs, ``numpy`` or ``text-dedup`` (an extra); both are verified alike. Raises ``EliteCodeError`` for
    options that cannot work, a missing extra, or rows without the columns needed."""
    _refuse(mode, threshold, backend, model)
    parts = ds if isinstance(ds, DatasetDict) else {"": ds}
    table = _columns(parts)
    finder = _finder(mode, threshold, backend, num_proc, model)
    drops: list[_Drop] = []
    for members in _classes(table):
        found = finder([_target(table, i) for i in members], [table["language"][i] for i in members])
        drops += [_Drop(members[a], mode, members[b], similarity) for a, b, similarity in _superseded(*found)]
    drops += _children(table, {drop.row: drop for drop in drops})
    return _answer(ds, parts, table, sorted(drops, key=lambda drop: drop.row), mode)


def _refuse(mode: str, threshold: float, backend: str, model: Any) -> None:
    if mode not in MODES:
        raise EliteCodeError(f"unknown mode {mode!r}; expected one of {', '.join(MODES)}")
    if backend not in BACKENDS:
        raise EliteCodeError(f"unknown backend {backend!r}; expected one of {', '.join(BACKENDS)}")
    if backend != "numpy" and mode != "near":
        raise EliteCodeError(f"backend {backend!r} finds near duplicates only; use mode='near', or leave the backend out for mode={mode!r}")
    if model is not None and mode != "semantic":
        raise EliteCodeError(f"a model was given with mode={mode!r}; embeddings belong to mode='semantic'")
    if not 0 < threshold <= 1:
        raise EliteCodeError(f"threshold={threshold!r} is no similarity; expected more than 0, at most 1")


def _columns(parts: DatasetDict | dict[str, Dataset]) -> dict[str, list]:
    """The columns needed, of all splits in a row; ``weight`` too where there is one."""
    absent = sorted({name for rows in parts.values() for name in NEEDED if name not in rows.column_names})
    if absent:
        raise EliteCodeError(f"the rows have no column {absent[0]!r}; give a dataset of windows or edits as this package builds it")
    table: dict[str, list] = defaultdict(list)
    for rows in parts.values():
        arrow = rows.with_format("arrow")[:]
        for name in NEEDED:
            table[name] += arrow.column(name).to_pylist()
        table["weight"] += arrow.column("weight").to_pylist() if "weight" in rows.column_names else [0.0] * len(rows)
    return {name: table[name] for name in (*NEEDED, "weight")}


def _classes(table: dict[str, list]) -> list[list[int]]:
    """Rows that may be twins: originals of one kind at one scale, what is kept first in front."""
    classes: dict[tuple, list[int]] = defaultdict(list)
    for i, technique in enumerate(table["technique"]):
        if technique == "original":
            classes[table["kind"][i], table["scale"][i]].append(i)
    return [sorted(classes[key], key=lambda row: _priority(table, row)) for key in sorted(classes)]


def _target(table: dict[str, list], row: int) -> str:
    return table["text"][row][table["context_chars"][row] :]


def _priority(table: dict[str, list], row: int) -> tuple:
    """Smaller is kept first."""
    split = table["split"][row]
    return (-SPLITS.index(split) if split in SPLITS else 0, -table["weight"][row], -table["timestamp"][row], table["id"][row], row)


def _superseded(copies: dict[int, int], pairs: Pairs) -> Pairs:
    """(dropped, kept, similarity) of items numbered in the order they are kept: each that has a kept twin, with the most similar one.

    ``copies`` maps an item to the first one like it; it stays or goes as that one does in ``pairs``."""
    before: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for a, b, similarity in pairs:
        before[max(a, b)].append((-similarity, min(a, b)))
    gone: dict[int, tuple[int, float]] = {}
    for item in sorted(before):
        twins = [twin for twin in before[item] if twin[1] not in gone]
        if twins:
            gone[item] = min(twins)[1], -min(twins)[0]
    gone |= {item: gone.get(first, (first, 1.0)) for item, first in copies.items()}
    return [(item, twin, similarity) for item, (twin, similarity) in sorted(gone.items())]


def _children(table: dict[str, list], drops: dict[int, _Drop]) -> list[_Drop]:
    """Augmentations whose original goes, or whose parent does."""
    place = {table["id"][i]: i for i in drops}
    found: list[_Drop] = []
    while True:
        more = [
            _Drop(i, "parent_dropped", place[parent], 0.0)
            for i, parent in enumerate(table["parent_id"])
            if parent in place and table["technique"][i] != "original" and table["id"][i] not in place
        ]
        if not more:
            return found
        found += more
        place |= {table["id"][drop.row]: drop.row for drop in more}


def _finder(mode: str, threshold: float, backend: str, num_proc: int | None, model: Any) -> Callable[[list[str], list[str]], Found]:
    """Texts and their languages -> copies, each with the first one like it, and pairs of twins among the rest."""
    if mode == "exact":
        return lambda texts, languages: (_copies([_plain(text) for text in texts])[1], [])
    if model is not None:
        encode = _encoder(model)
        return lambda texts, languages: _alike(texts, lambda few: _cosine_pairs(np.asarray(encode(few), np.float32), threshold))
    if mode == "near":
        propose = BACKENDS[backend]
        return lambda texts, languages: _near(texts, shingles(texts), threshold, propose)
    return lambda texts, languages: _near(texts, _clones(texts, languages, num_proc), threshold, BACKENDS["numpy"])


def _plain(text: str) -> bytes:
    """What ``exact`` compares; empty for blank texts, which are nobody's twin."""
    return "\n".join(line.rstrip() for line in text.strip().split("\n")).encode("utf-8", "surrogatepass")


def _copies(keys: Sequence[bytes]) -> tuple[list[int], dict[int, int]]:
    """The first item of each distinct key that is not empty, and for all others the first one like them."""
    first: dict[bytes, int] = {}
    copies: dict[int, int] = {}
    for item, key in enumerate(keys):
        if key and first.setdefault(key, item) != item:
            copies[item] = first[key]
    return list(first.values()), copies


def _near(texts: Sequence[str], sets: Sequence[np.ndarray], threshold: float, propose: Callable) -> Found:
    few, copies = _copies([hashlib.blake2b(one.tobytes(), digest_size=16).digest() if len(one) else b"" for one in sets])
    if propose is BACKENDS["numpy"]:
        few = [few[k] for k in _likely([sets[i] for i in few], threshold)]
    some = [sets[i] for i in few]
    found = verified(some, threshold, propose([texts[i] for i in few], some))
    return copies, [(few[a], few[b], similarity) for a, b, similarity in found]


def _likely(sets: Sequence[np.ndarray], threshold: float) -> list[int]:
    """The sets that have enough hashes in common with others to have a near twin among them; in most code that is few. Hashes count as one where their
    upper ``BITS`` are, which lets some more through."""
    if not sets:
        return []
    values = (np.concatenate(sets) >> np.uint64(64 - BITS)).astype(np.int64)
    common = np.bincount(values, minlength=1 << BITS)[values] > 1
    ends = np.cumsum([len(one) for one in sets])
    shared = np.diff(np.concatenate(([0], np.cumsum(common)))[np.concatenate(([0], ends))])
    return np.flatnonzero(shared >= threshold * np.diff(np.concatenate(([0], ends))) - 1e-9).tolist()


def _alike(texts: Sequence[str], pairs_of: Callable[[list[str]], Pairs]) -> Found:
    few, copies = _copies([_plain(text) for text in texts])
    return copies, [(few[a], few[b], similarity) for a, b, similarity in (pairs_of([texts[i] for i in few]) if few else ())]


def _clones(texts: list[str], languages: list[str], num_proc: int | None) -> list[np.ndarray]:
    if not num_proc or num_proc < 2 or len(texts) < SHARED_FROM:
        return clone_shingles(texts, languages)
    rows = Dataset.from_dict({"text": texts, "language": languages})
    schema = Features({"shingles": [Value("uint64")]})
    done = rows.map(_clone_batch, batched=True, remove_columns=rows.column_names, features=schema, num_proc=num_proc)
    return [np.asarray(one, np.uint64) for one in done["shingles"]]


def _clone_batch(batch: dict[str, list]) -> dict[str, list]:
    return {"shingles": clone_shingles(batch["text"], batch["language"])}


def _encoder(model: Any) -> Callable[[list[str]], Any]:
    """Texts -> embeddings: the object's own ``encode``, else a model by its name."""
    if not isinstance(model, str):
        if not callable(getattr(model, "encode", None)):
            raise EliteCodeError(f"model={model!r} cannot encode; give a model's name or an object with encode(texts)")
        return model.encode
    try:
        from model2vec import StaticModel

        return StaticModel.from_pretrained(model).encode
    except ImportError:
        pass
    try:
        from sentence_transformers import SentenceTransformer

        return SentenceTransformer(model).encode
    except ImportError:
        raise EliteCodeError(
            f"model={model!r} needs model2vec or sentence-transformers: pip install 'elite-code-dataset[semantic]', or leave the model out"
        ) from None


def _cosine_pairs(vectors: np.ndarray, threshold: float) -> Pairs:
    vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    pairs: Pairs = []
    for start in range(0, len(vectors), COSINE_BLOCK):
        block = vectors[start : start + COSINE_BLOCK] @ vectors.T
        rows, columns = np.nonzero(block >= threshold)
        pairs += [(start + a, b, float(block[a, b])) for a, b in zip(rows.tolist(), columns.tolist()) if start + a < b]
    return pairs


def _answer(ds: AnyDataset, parts: Any, table: dict[str, list], drops: list[_Drop], mode: str) -> Deduplicated:
    gone = {drop.row for drop in drops}
    kept: dict[str, Dataset] = {}
    start = 0
    for split, rows in parts.items():
        stay = [i for i in range(len(rows)) if start + i not in gone]
        kept[split] = rows if len(stay) == len(rows) else rows.select(stay)
        start += len(rows)
    columns = {
        "id": [table["id"][drop.row] for drop in drops],
        "cause": [drop.cause for drop in drops],
        "twin": [table["id"][drop.twin] for drop in drops],
        "similarity": [drop.similarity for drop in drops],
        **{name: [table[name][drop.row] for drop in drops] for name in ("split", "kind", "technique", "path", "scale")},
    }
    dropped = Dataset.from_dict({name: columns[name] for name in DROPPED}, features=DROPPED)
    return Deduplicated(DatasetDict(kept) if isinstance(ds, DatasetDict) else kept[""], dropped, _report(table, drops, mode))


def _report(table: dict[str, list], drops: list[_Drop], mode: str) -> DropReport:
    sizes = [len(_target(table, i).encode("utf-8", "surrogatepass")) for i in range(len(table["id"]))]
    lost: Counter[str] = Counter()
    for drop in drops:
        lost[drop.cause] += sizes[drop.row]
    return DropReport(
        step=f"deduplicate_{mode}",
        kept=len(sizes) - len(drops),
        dropped=dict(sorted(Counter(drop.cause for drop in drops).items())),
        kept_bytes=sum(sizes) - sum(lost.values()),
        dropped_bytes=dict(sorted(lost.items())),
    )
