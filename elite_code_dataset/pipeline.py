"""The pipeline: all steps in their order, on one page.

    1 open the repository   2 read files   3 replace secrets   4 assign roles   5 follow history   6 parse   7 resolve imports   (reading.py)
    8 split   9 tokenize                                                                                                       (analysis.py)
   10 cut windows   11 cut edits                                                                                               (here)
   12 passes: deduplicate, augment, weigh, order                                                                               (passes.py)

In: a builder's config. Out: rows on disk, in shards that the builder hands to datasets. Rows of one config are made once and kept beside the
analysis. Costs one composition a scale; the twins check is one exact join of train against evaluation.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from elite_code_dataset import edit_rows, metadata, rows, store, window_rows
from elite_code_dataset.analysis import Analysis, analysis_of
from elite_code_dataset.authors import KIND, Authors
from elite_code_dataset.certificate import smaller_twins
from elite_code_dataset.earlier import history_in
from elite_code_dataset.edits import EditRules
from elite_code_dataset.options import EliteCodeConfig, repositories_of
from elite_code_dataset.reading import known_kind
from elite_code_dataset.records import SCALES, SPLITS, DropReport
from elite_code_dataset.repository import Repository, open_repository
from elite_code_dataset.secrets import Redactor, left_alone, placeholders
from elite_code_dataset.windows import Corpus
from elite_code_dataset.withholding import without_shown

CONFIG_MEANINGS = {
    "files": "One row a file: role, units, signatures, resolved imports, split; what the others are cut from, less what a larger file of another split holds.",
    "edits": "One row a group of hunks of a commit: message and original block as context, updated block as target.",
    "w256": "One function, method or type a row, under its path and its enclosing type's header.",
    "w512": "One function a row, with its enclosing type, the imports it uses and the signatures it calls.",
    "w1024": "Neighbouring units of a file, with imports and signatures.",
    "w2048": "As much of one file as fits, with signatures of what it imports.",
    "w4096": "A whole file, with the files it depends on: signatures first, then bodies, in dependency order.",
    "multiscale": "The five window configs and the edits together.",
}
WINDOW_OPTIONS = ("cut", "overlap")
TWIN = "inside_another_split"
EDIT_OPTIONS = ("max_commits", "since", "until", "first_parent", "diff_format", "message_share")


@dataclass(frozen=True)
class Built:
    """Rows of one config on disk. ``folders``: each with one Arrow file a split; ``description``: the metadata as JSON."""

    folders: tuple[Path, ...]
    description: str

    def shards(self, split: str) -> list[tuple[str, int]]:
        """``(file, record batch)`` of each shard of a split, in order; empty when the split has no rows."""
        files = [folder / f"{split}.arrow" for folder in self.folders]
        return [(str(file), i) for file in files if file.is_file() for i in range(store.batch_count(file))]


def examples(shards: Iterable[tuple[str, int]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """``(key, row)`` of each row of the shards, in order; the key is unique in the dataset."""
    for file, number in shards:
        for batch in store.batches(Path(file), number, number + 1):
            key = "id" if "id" in batch.schema.names else "path"
            for row in batch.to_pylist():
                yield row[key], row


def tables(shards: Iterable[tuple[str, int]]) -> Iterator[tuple[int, pa.Table]]:
    """``(number, table)`` of each shard, in order: the rows of ``examples``."""
    for i, (file, number) in enumerate(shards):
        for batch in store.batches(Path(file), number, number + 1):
            yield i, pa.Table.from_batches([batch])


def built(config: EliteCodeConfig, name: str, cache_root: str | Path) -> Built:
    """The rows of a config: from the cache, or made now."""
    places, cache = repositories_of(config.data_dir), Path(cache_root)
    analysis = analysis_of(places, config.commits, config, cache, config.bounds)
    if name == "files":
        parts = [_rows(analysis, "files", config, ())]
    elif name == "edits":
        parts = [_rows(analysis, "edits", config, EDIT_OPTIONS)]
    elif name == "multiscale":
        parts = [_rows(analysis, f"w{scale}", config, WINDOW_OPTIONS) for scale in SCALES] + [
            _rows(analysis, "edits", config, EDIT_OPTIONS)
        ]
        parts.append(_rows(analysis, "multiscale", config, (*WINDOW_OPTIONS, *EDIT_OPTIONS), tuple(parts)))
    else:
        parts = [_rows(analysis, name, config, WINDOW_OPTIONS)]
    made = [store.read_json(folder / "report.json") for folder in parts]
    facts = {**analysis.facts, "drops": [*analysis.facts["drops"], *(d for part in made for d in part["drops"])]}
    facts["config"] = config.as_dict()  # not the analysis', which builds with other options share
    facts |= {"cuts": {k: v for part in made for k, v in part.get("cuts", {}).items()}}
    facts["git_diffs"] = sum(part.get("changes", 0) for part in made)
    facts["secrets_in_history"] = next((part["secrets"] for part in made if "secrets" in part), {})
    return Built(tuple(parts[-1:]), metadata.dumped(facts))


def _rows(analysis: Analysis, name: str, config: EliteCodeConfig, options: Sequence[str], parts: tuple[Path, ...] = ()) -> Path:
    chosen = f"{name}-{hashlib.sha256(json.dumps([name, config.digest(tuple(options))]).encode()).hexdigest()[:12]}"
    folder = analysis.folder.parent / f"{analysis.folder.name}-{chosen}"
    if store.is_whole(folder):
        return folder
    if name == "files":
        return store.saved(folder, lambda draft: _write_files(draft, analysis))
    if name == "edits":
        return store.saved(folder, lambda draft: _write_edits(draft, analysis, config, chosen))
    if name == "multiscale":
        return store.saved(folder, lambda draft: _write_together(draft, parts))
    return store.saved(folder, lambda draft: _write_windows(draft, analysis, int(name[1:]), config, chosen))


def _write_windows(draft: Path, analysis: Analysis, scale: int, config: EliteCodeConfig, name: str) -> None:
    lefts = [rows.left_by(analysis.folder, name, place, analysis.encoder.digest) for place in range(len(analysis.corpora))]
    report, cuts = window_rows.write(
        draft, analysis.corpora, lefts, scale, config.overlap, config.cut == "blind", analysis.evaluated, analysis.trained
    )
    store.write_json(draft / "report.json", {"drops": [report.as_dict()], "cuts": {f"w{scale}": dict(sorted(cuts.items()))}})


def _write_together(draft: Path, parts: Sequence[Path]) -> None:
    """The rows of several folders, without what evaluation shows at another scale: they were withheld scale by scale so far."""
    tables = [rows.read(folder) for folder in parts]
    together = {split: pa.concat_tables([t[split] for t in tables if split in t]) for split in SPLITS if any(split in t for t in tables)}
    kept = without_shown(together, "multiscale")
    rows.write(draft, kept.tables)
    store.write_json(draft / "report.json", {"drops": [kept.report.as_dict()]})


def _write_edits(draft: Path, analysis: Analysis, config: EliteCodeConfig, name: str) -> None:
    parts = []
    for at, (place, commit) in enumerate(zip(repositories_of(config.data_dir), config.commits)):
        if commit.startswith("folder-"):
            parts.append(edit_rows.NONE)  # a plain folder has no history
            continue
        with open_repository(place, commit, history_in(analysis.folder, at)) as repository:
            parts.append(_edits_of(repository, analysis, at, config, name))
    reports = edit_rows.write(draft, parts, analysis.encoder.digest, analysis.evaluated, analysis.trained)
    changes = sum(part.changes for part in parts)
    texts = (text for part in parts for some in part.rows.values() for text in some.table["text"].to_pylist())
    secrets = placeholders(text for text in texts if "REDACTED_" in text or "redacted-" in text)  # two searches are quicker than a pattern
    names = sum(one.account["names"] for part in parts for one in part.told)
    replaced = (secrets if config.redact_secrets else {}) | ({KIND: names} if names else {})
    told = {"drops": [report.as_dict() for report in reports], "changes": changes, "secrets": replaced}
    store.write_json(draft / "report.json", told)


def _edits_of(repository: Repository, analysis: Analysis, place: int, config: EliteCodeConfig, name: str) -> edit_rows.EditRows:
    corpus, encoder = analysis.corpora[place], analysis.encoder
    signatures = _signatures(corpus)
    rules = EditRules(corpus.commit_time, config.diff_format == "unified", config.message_share, config.seed, signatures=signatures)
    sources = edit_rows.Sources(corpus, analysis.sides, known_kind, unwanted, signatures)
    clean = Redactor(config.redact_emails) if config.redact_secrets else left_alone
    selection = {name: getattr(config, name) for name in ("max_commits", "since", "until", "first_parent")}
    authors = Authors(repository.history().people if config.redact_names else ())
    left = rows.left_by(analysis.folder, name, place, encoder.digest)
    return edit_rows.edit_rows(repository, sources, encoder, rules, selection, clean, left, authors)


def _signatures(corpus: Corpus) -> dict[str, tuple[str, str, str]]:
    """Name -> (path, signature, split) of every function, method and type that one place alone defines."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for path, view in corpus.views.items():
        for unit in view.parsed.units:
            if unit.name and unit.kind in ("function", "method", "type", "trait"):
                found.setdefault(unit.name, []).append((path, unit.signature, view.split))
    return {name: places[0] for name, places in found.items() if len(places) == 1}


def unwanted(path: str, content: bytes) -> str:
    """Why a version of a file makes no rows, by the rules that hold at HEAD; '' where it does."""
    return _unwanted(path, content[:8192], content[-512:])


@lru_cache(maxsize=8192)
def _unwanted(path: str, head: bytes, tail: bytes) -> str:
    language, reason = known_kind(path, head + tail)
    return reason if language is None else ""


def _write_files(draft: Path, analysis: Analysis) -> None:
    table = store.read_table(analysis.folder / "files.arrow")
    lengths = pa.compute.list_value_length(table.column("ids")).cast(pa.int32())
    ages = [max(0.0, (t - c) / 86_400) for t, c in zip(table.column("commit_time").to_pylist(), table.column("last_changed").to_pylist())]
    table = table.append_column("n_tokens", lengths).append_column("age_days", pa.array(ages))
    names = [
        "path",
        "language",
        "role",
        "commit",
        "blob",
        "text",
        "last_changed",
        "age_days",
        "lineage",
        "group",
        "split",
        "n_tokens",
        "has_error",
    ]
    table = table.select([*names, "units", "imports", "dependencies", "external", "centrality"])
    table, report = _apart(table)
    for split in SPLITS:
        part = table.filter(pa.compute.equal(table.column("split"), split))
        if part.num_rows:
            store.write_table(draft / f"{split}.arrow", part, rows.SHARD_ROWS)
    store.write_json(draft / "report.json", {"drops": [report.as_dict()]})


def _apart(files: pa.Table) -> tuple[pa.Table, DropReport]:
    """The files without those that a larger one of another split holds, and what was left out. Windows are held apart row by row."""
    texts = files.column("text").to_pylist()
    gone = smaller_twins(texts, files.column("split").to_pylist())
    size, left_out = sum(len(text.encode()) for text in texts), sum(len(texts[i].encode()) for i in gone)
    reasons = ({TWIN: len(gone)}, {TWIN: left_out}) if gone else ({}, {})
    report = DropReport("file_rows", len(texts) - len(gone), reasons[0], size - left_out, reasons[1])
    return files.take(pa.array([i for i in range(len(texts)) if i not in gone], pa.int64())), report
