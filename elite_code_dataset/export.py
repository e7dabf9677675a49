"""Export: rows -> JSON Lines for file-based pipelines, one line a row, and one file that says what the whole is.

In: a DatasetDict of rows, with metadata attached by ``build``. Out: ``training_data_train.jsonl``, ``..._val.jsonl``, ``..._test.jsonl``,
``dataset_metadata.json`` (with the sha256 of each) and ``elite_metadata.json``. One pass over the rows, one batch in memory. Every file
is written under a temporary name, synced and renamed, the metadata last: a folder that has it is whole.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from datasets import Dataset, DatasetDict

from elite_code_dataset import config, metadata
from elite_code_dataset.composition import Composition, composition, splits_of
from elite_code_dataset.records import SCALES, EliteCodeError
from elite_code_dataset.store import write_synced

FILES = {"train": "training_data_train.jsonl", "validation": "training_data_val.jsonl", "test": "training_data_test.jsonl"}
METADATA_FILE = "dataset_metadata.json"

# The names that file-based pipelines use, for columns of ours that mean the same.
RENAMED = {"seq_id": "id", "source_file": "path", "window_size": "scale"}
AUGMENTATION_TYPES = {
    "original": "base",
    "rename": "ast_based",
    "restructure": "ast_based",
    "format": "ast_based",
}  # every other technique keeps its name: error_patterns, type_annotations, cross_file_context, ...
PRIORITIES = ((3.0, "high"), (1.0, "medium"), (0.0, "low"))  # weight from which on; the role factors are the borders
BATCH_ROWS = 500


def export_jsonl(ds: Dataset | DatasetDict, folder: str | Path, pad_to: int | None = None, pad_id: int | None = None) -> Path:
    """Writes ``ds`` into ``folder`` and returns it. One line a row, weights as a field, nothing copied.

    ``pad_to`` fills every ``tokens`` list on the right with ``pad_id`` up to that length, with ``attention_mask`` beside it.
    Raises EliteCodeError when a row is longer, when ``pad_id`` is missing, or when a split has a name without a file.
    """
    parts = splits_of(ds)
    unknown = sorted(set(parts) - set(FILES))
    if unknown:
        raise EliteCodeError(f"the dataset has a split {unknown[0]!r}; export knows {', '.join(FILES)}: rename or remove it")
    if pad_to is not None and pad_id is None:
        raise EliteCodeError(f"pad_to is {pad_to} but pad_id is missing; give the id of the tokenizer's padding token")
    made = composition(parts)
    target = Path(folder).expanduser()
    target.mkdir(parents=True, exist_ok=True)
    (target / METADATA_FILE).unlink(missing_ok=True)  # from here to the last line the folder is not whole
    written = {}
    for split, name in FILES.items():
        if split in parts:
            written[name] = lines_written(target / name, (line_of(row, pad_to, pad_id) for row in rows_of(parts[split])))
        else:
            (target / name).unlink(missing_ok=True)
    facts = metadata.of(parts)
    write_synced(target / metadata.FILE_NAME, metadata.dumped(facts).encode() + b"\n")
    summary = json.dumps(summary_of(parts, made, facts, written), indent=2, ensure_ascii=False, default=metadata.plain)
    write_synced(target / METADATA_FILE, summary.encode() + b"\n")
    return target


def rows_of(rows: Dataset) -> Iterator[dict[str, Any]]:
    for batch in rows.with_format("arrow").iter(batch_size=BATCH_ROWS):
        yield from batch.to_pylist()


def line_of(row: Mapping[str, Any], pad_to: int | None = None, pad_id: int | None = None) -> dict[str, Any]:
    """One row as ``{"tokens": [...], "metadata": {...}}``; metadata holds the usual names first, then every other column."""
    tokens = list(row["input_ids"])
    line: dict[str, Any] = {"tokens": tokens}
    if pad_to is not None:
        if len(tokens) > pad_to:
            raise EliteCodeError(
                f"row {row['id']!r} has {len(tokens)} tokens, more than pad_to={pad_to}; pad to at least the widest window"
            )
        line = {"tokens": tokens + [pad_id] * (pad_to - len(tokens)), "attention_mask": [1] * len(tokens) + [0] * (pad_to - len(tokens))}
    return line | {"metadata": usual_names(row) | {name: value for name, value in row.items() if name not in LEFT_OUT}}


LEFT_OUT = {"input_ids", *RENAMED.values()}


def usual_names(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[column] for name, column in RENAMED.items()} | {
        "complexity": row["complexity"],
        "is_core": row["role"] == "core",
        "priority": priority_of(row["weight"]),
        "augmentation_type": augmentation_type_of(row["kind"], row["technique"]),
        "is_evolution": row["kind"] == "edit",
        "commit": row["commit"],
        "age_days": row["age_days"],
        "weight": row["weight"],
    }


def priority_of(weight: float) -> str:
    return next(name for least, name in PRIORITIES if weight >= least)


def augmentation_type_of(kind: str, technique: str) -> str:
    """``git_diff`` for what history taught, ``base`` for code as it stands, else the technique's family."""
    return "git_diff" if kind == "edit" and technique == "original" else AUGMENTATION_TYPES.get(technique, technique)


def row_of(line: Mapping[str, Any]) -> dict[str, Any]:
    """The row that an exported line came from; padding is taken off by ``n_tokens``."""
    kept = dict(line["metadata"])
    row = {column: kept.pop(name) for name, column in RENAMED.items()}
    row |= {name: value for name, value in kept.items() if name not in ("is_core", "priority", "augmentation_type", "is_evolution")}
    return row | {"input_ids": list(line["tokens"])[: kept["n_tokens"]]}


def summary_of(parts: DatasetDict, made: Composition, facts: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What ``dataset_metadata.json`` holds. A fact that the build did not attach is null, never 0."""
    counts = {split: made.splits.get(split, {}).get("rows", 0) for split in FILES}
    scales = [int(scale) for scale in made.names("scale")]
    graph = facts.get("graph") or {}
    steps = facts.get("drops") or []
    return {
        "elite_version": facts.get(metadata.MARK, config.VERSION),
        "creation": {name: facts.get(name) for name in ("repository", "commit", "commit_time", "config")},
        "total_sequences": sum(counts.values()),
        "train_sequences": counts["train"],
        "val_sequences": counts["validation"],
        "test_sequences": counts["test"],
        "source_files": facts.get("source_files"),
        "git_diffs": facts.get("git_diffs"),
        "function_signatures": facts.get("function_signatures"),
        "dependency_graph_nodes": graph.get("nodes"),
        "tokenizer": facts.get("tokenizer"),
        "context_windows": scales,
        "primary_window": primary_scale(scales),
        "total_tokens": made.tokens,
        "augmentation_techniques": {part.value: part.total for part in made.by["technique"] if part.value != "original"},
        "weighting_strategy": {
            "formula": "role x age x evolution, one column, no copied rows",
            "rows_by_weight": {bar.label: bar.rows for bar in made.weights},
        },
        "learning_strategy": {
            "stages": {str(stage): by_scale for stage, by_scale in made.stages.items()},
            "unit": "target tokens by scale",
        },
        "deduplication": [step for step in steps if str(step.get("step", "")).startswith("dedup")],
        "files": dict(files),
        "digests": {split: metadata.digest(rows) for split, rows in parts.items()},
    }


def primary_scale(scales: list[int]) -> int | None:
    """The scale that stands for the dataset where only one can: 1024 if it is there, else the middle one."""
    if not scales:
        return None
    return 1024 if 1024 in scales else sorted(scales)[(len(scales) - 1) // 2] if set(scales) <= set(SCALES) else max(scales)


def lines_written(path: Path, lines: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """Writes JSON Lines whole; returns their count, bytes and sha256."""
    temporary = path.with_name(path.name + ".partial")
    digest, count, size = hashlib.sha256(), 0, 0
    with temporary.open("wb") as file:
        for line in lines:
            data = json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass") + b"\n"
            file.write(data)
            digest.update(data)
            count, size = count + 1, size + len(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    return {"lines": count, "bytes": size, "sha256": digest.hexdigest()}
