"""What a dataset remembers of its making: one JSON object, carried in ``DatasetInfo.description``.

In: a Dataset, DatasetDict or their iterable kin, and a dict of the names in ``KEYS`` (others may be added).
Out: the same rows with the dict attached; ``of`` reads it back after ``save_to_disk``, ``.map``, ``.filter``, ``concatenate_datasets``,
and from the ``elite_metadata.json`` that lies beside published or exported files. Costs one pass over the rows for ``digest``, else nothing.
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
from collections.abc import Mapping
from functools import singledispatch
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import Dataset, DatasetDict, IterableDatasetDict

from elite_code_dataset.config import VERSION
from elite_code_dataset.records import EliteCodeError

FILE_NAME = "elite_metadata.json"
MARK = "elite_code_dataset"  # the key that tells our JSON from anybody else's description; its value is the package's version

# What ``build`` fills in; a missing one reads as unknown, never as zero.
KEYS = {
    "repository": "label of the repository, or a list of labels",
    "commit": "commit the rows were read at",
    "commit_time": "committer time of that commit, Unix seconds",
    "config": "every option and its value",
    "tokenizer": "name of the tokenizer that made input_ids",
    "drops": "list of DropReport.as_dict(), in the order of the flow",
    "certificate": "pairs that share a source across splits, as a dict; all counts must be 0",
    "exposures": "how often one epoch shows each source token",
    "graph": "imports: {'nodes': int, 'edges': int, 'edge_list': [[importer, imported], ...]}",
    "files": "per file: {path: {'role', 'language', 'bytes', 'split', 'lineage'}}",
    "secrets": "kind of secret: how many were replaced in the files at the commit",
    "secrets_in_history": "kind of secret: how many different ones were replaced in the edits",
    "function_signatures": "number of signatures found",
    "source_files": "number of files read",
    "git_diffs": "number of changes read from history",
    "digests": "sha256 of each split's rows, as made by digest()",
    "licence": "{'path': ..., 'text': ...} of the repository's licence files, a list; empty when none was found",
}

# Facts that say where somebody's files lie; they stay on their machine.
PRIVATE = ("data_dir", "cache_dir", "repository_path", "tokenizer_folder")

# The columns that make a row what it is; the digest covers them in this order, so that columns somebody adds do not change it.
DIGESTED = (
    "id",
    "split",
    "kind",
    "scale",
    "technique",
    "text",
    "context_chars",
    "input_ids",
    "context_tokens",
    "weight",
    "difficulty",
    "stage",
)


def attach(ds: Any, facts: Mapping[str, Any]) -> Any:
    """``ds`` with ``facts`` attached in place of what was attached before; the rows and the given object stay as they are."""
    if isinstance(ds, (DatasetDict, IterableDatasetDict)):
        return type(ds)({split: attach(rows, facts) for split, rows in ds.items()})
    marked = copy.copy(ds)
    marked._info = copy.deepcopy(ds.info)
    marked._info.description = dumped(facts)
    return marked


def dumped(facts: Mapping[str, Any]) -> str:
    """``facts`` as one line of JSON with our mark first and keys sorted, so that equal facts give equal text."""
    return json.dumps({MARK: VERSION, **{k: facts[k] for k in sorted(facts) if k != MARK}}, ensure_ascii=False, default=plain)


@singledispatch
def plain(value: Any) -> Any:
    """A value that JSON does not know, as one that it does."""
    if hasattr(value, "as_dict"):
        return value.as_dict()
    if hasattr(value, "__dataclass_fields__"):
        return {name: getattr(value, name) for name in value.__dataclass_fields__}
    if isinstance(value, Mapping):
        return dict(value)
    raise EliteCodeError(f"metadata holds a {type(value).__name__}; expected numbers, text, lists, dicts, dataclasses or as_dict()")


plain.register(np.generic, lambda value: value.item())
plain.register(np.ndarray, lambda value: value.tolist())
plain.register(set, sorted)
plain.register(frozenset, sorted)
plain.register(Path, str)


def of(ds: Any) -> dict[str, Any]:
    """The facts attached to ``ds``; ``{}`` when there are none. A path or a folder's name reads the file that lies there."""
    if isinstance(ds, (str, Path)):
        return from_folder(ds)
    if isinstance(ds, (DatasetDict, IterableDatasetDict)):
        found = (of(rows) for rows in ds.values())
        return next((facts for facts in found if facts), {})
    info = getattr(ds, "info", None)
    return parsed(getattr(info, "description", "") or "")


def parsed(description: str) -> dict[str, Any]:
    """The first JSON object with our mark in ``description``: ``concatenate_datasets`` joins several, and prose may stand around it."""
    start = re.search(r'\{\s*"' + MARK + '"', description)
    if start is None:
        return {}
    try:
        facts, _ = json.JSONDecoder().raw_decode(description[start.start() :])
    except json.JSONDecodeError:
        return {}
    return facts if isinstance(facts, dict) else {}


def from_folder(folder: str | Path) -> dict[str, Any]:
    """The facts in ``folder/elite_metadata.json`` (or in the file itself); ``{}`` where there is none."""
    path = Path(folder)
    path = path / FILE_NAME if path.is_dir() else path
    if not path.is_file():
        return {}
    return parsed(path.read_text(encoding="utf-8"))


def digest(rows: Dataset) -> str:
    """sha256 of a split's rows in their order, whatever the file format, chunking or offset width they are stored in."""
    columns = [name for name in DIGESTED if name in rows.column_names]
    hashes = {name: (hashlib.sha256(), hashlib.sha256()) for name in columns}
    table = rows.select_columns(columns).with_format("arrow") if columns else rows.with_format("arrow")
    for batch in table.iter(batch_size=2000):
        for name in columns:
            feed(batch.column(name).combine_chunks(), *hashes[name])
    total = hashlib.sha256(str(len(rows)).encode())
    for name in columns:
        lengths, values = hashes[name]
        total.update(name.encode() + lengths.digest() + values.digest())
    return total.hexdigest()


def feed(array: pa.Array | pa.ChunkedArray, lengths: Any, values: Any) -> None:
    """Updates two hashes with one column's batch: the lengths of its cells, and their contents end to end."""
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    if pa.types.is_list(array.type) or pa.types.is_large_list(array.type) or pa.types.is_fixed_size_list(array.type):
        lengths.update(numbers(pc.list_value_length(array), np.int64))
        feed(pc.list_flatten(array), lengths, values)
    elif pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        lengths.update(numbers(pc.binary_length(array), np.int64))
        values.update("".join(cell or "" for cell in array.to_pylist()).encode("utf-8", "surrogatepass"))
    else:
        values.update(numbers(array, np.float64 if pa.types.is_floating(array.type) else np.int64))


def numbers(array: pa.Array, kind: type) -> bytes:
    """A numeric column as little-endian bytes of one width; an empty cell counts as -1."""
    return np.ascontiguousarray(pc.fill_null(array, -1).to_numpy(zero_copy_only=False)).astype(np.dtype(kind).newbyteorder("<")).tobytes()
