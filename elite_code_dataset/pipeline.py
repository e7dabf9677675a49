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
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from elite_code_dataset import metadata, progress, store
from elite_code_dataset.analysis import Analysis, analysis_of
from elite_code_dataset.certificate import withheld
from elite_code_dataset.changes import Tally
from elite_code_dataset.edits import EditRules, Edits, Place
from elite_code_dataset.options import EliteCodeConfig, repositories_of
from elite_code_dataset.reading import known_kind
from elite_code_dataset.records import SCALES, SPLITS, Change, DropReport, Window
from elite_code_dataset.repository import open_repository
from elite_code_dataset.secrets import redacted_many
from elite_code_dataset.windows import Corpus, cuts_by_level, windows_of

CONFIG_MEANINGS = {
    "files": "One row a file: role, units, signatures, resolved imports, split; the analysis that the other configs are cut from.",
    "edits": "One row a group of hunks of a commit: message and original block as context, updated block as target.",
    "w256": "One function, method or type a row, under its path and its enclosing type's header.",
    "w512": "One function a row, with its enclosing type, the imports it uses and the signatures it calls.",
    "w1024": "Neighbouring units of a file, with imports and signatures.",
    "w2048": "As much of one file as fits, with signatures of what it imports.",
    "w4096": "A whole file, with the files it depends on: signatures first, then bodies, in dependency order.",
    "multiscale": "The five window configs and the edits together.",
}
NEUTRAL = {"difficulty": 0.0, "stage": 0, "weight": 1.0}  # until the passes set them
SHARD_ROWS = 100
WINDOW_OPTIONS = ("cut", "overlap")
EDIT_OPTIONS = ("max_commits", "since", "until", "first_parent", "diff_format", "message_share")

_ROW_TYPES = {
    "str": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "list[int]": pa.list_(pa.int32()),
    "list[str]": pa.list_(pa.string()),
}
ROW_SCHEMA = pa.schema(
    [pa.field(f.name, _ROW_TYPES[f.type]) for f in Window.__dataclass_fields__.values()]
    + [pa.field("difficulty", pa.float64()), pa.field("stage", pa.int64()), pa.field("weight", pa.float64())]
)


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
    analysis = analysis_of(places, config.commits, config, cache)
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
    return Built(tuple(parts[-1:]), metadata.dumped(facts))


def _rows(analysis: Analysis, name: str, config: EliteCodeConfig, options: Sequence[str], parts: tuple[Path, ...] = ()) -> Path:
    chosen = json.dumps([name, config.digest(tuple(options))])
    folder = analysis.folder.parent / f"{analysis.folder.name}-{name}-{hashlib.sha256(chosen.encode()).hexdigest()[:12]}"
    if store.is_whole(folder):
        return folder
    if name == "files":
        return store.saved(folder, lambda draft: _write_files(draft, analysis))
    if name == "edits":
        return store.saved(folder, lambda draft: _write_edits(draft, analysis, config))
    if name == "multiscale":
        return store.saved(folder, lambda draft: _write_together(draft, parts))
    return store.saved(folder, lambda draft: _write_windows(draft, analysis, int(name[1:]), config))


def _write_windows(draft: Path, analysis: Analysis, scale: int, config: EliteCodeConfig) -> None:
    rows: dict[str, list[Window]] = {split: [] for split in SPLITS}
    cuts: Counter = Counter()
    every = [(corpus, view) for corpus in analysis.corpora for view in corpus.views.values()]
    for corpus, view in progress.over("cut windows", every, detail=f"w{scale}"):
        found = list(windows_of(corpus, view, scale, config.overlap, config.cut == "blind"))
        rows[view.split] += found
        if config.cut == "syntax" and not config.overlap:
            cuts += cuts_by_level(view, scale)
    out, size = _withhold(rows)
    kept = sum(map(len, rows.values()))
    bytes_kept = sum(len(_target(w).encode()) for found in rows.values() for w in found)
    report = DropReport(
        f"w{scale}", kept, {"twin_in_evaluation": out} if out else {}, bytes_kept, {"twin_in_evaluation": size} if out else {}
    )
    _write_split_rows(draft, rows)
    store.write_json(draft / "report.json", {"drops": [report.as_dict()], "cuts": {f"w{scale}": dict(sorted(cuts.items()))}})


def _write_together(draft: Path, parts: Sequence[Path]) -> None:
    """The rows of several folders, without what evaluation shows at another scale: they were withheld scale by scale so far."""
    tables = {}
    for split in SPLITS:
        files = [folder / f"{split}.arrow" for folder in parts if (folder / f"{split}.arrow").is_file()]
        if files:
            tables[split] = pa.concat_tables([store.read_table(file) for file in files])
    targets = {s: [t[c:] for t, c in zip(table["text"].to_pylist(), table["context_chars"].to_pylist())] for s, table in tables.items()}
    count = size = 0
    for split, against in (("validation", ("test",)), ("train", ("validation", "test"))):
        if split not in tables:
            continue
        out = withheld(targets[split], [text for other in against for text in targets.get(other, [])])
        count, size = count + len(out), size + sum(len(targets[split][i].encode()) for i in out)
        stay = [i for i in range(len(targets[split])) if i not in out]
        tables[split], targets[split] = tables[split].take(stay), [targets[split][i] for i in stay]
    for split, table in tables.items():
        if table.num_rows:
            store.write_table(draft / f"{split}.arrow", table, SHARD_ROWS)
    kept = sum(len(text.encode()) for found in targets.values() for text in found)
    dropped, lost = ({"twin_in_evaluation": count}, {"twin_in_evaluation": size}) if count else ({}, {})
    report = DropReport("multiscale", sum(map(len, targets.values())), dropped, kept, lost)
    store.write_json(draft / "report.json", {"drops": [report.as_dict()]})


def _write_edits(draft: Path, analysis: Analysis, config: EliteCodeConfig) -> None:
    rows: dict[str, list[Window]] = {split: [] for split in SPLITS}
    drops: list[DropReport] = []
    changes = 0
    for place, commit, corpus in zip(repositories_of(config.data_dir), config.commits, analysis.corpora):
        if commit.startswith("folder-"):
            continue  # a plain folder has no history
        with open_repository(place, commit) as repository:
            found = repository.changes(config.max_commits, config.since, config.until, config.first_parent, generated=unwanted)
            edits = _edits_of(found, analysis, corpus, config)
            for row in progress.over("cut edits", edits, unit="row"):
                rows[row.split].append(row)
            changes += repository.changes_tally.kept[0]
            drops += [_change_report(repository.changes_tally), edits.report]
    out, size = _withhold(rows)
    if out:
        kept = sum(len(_target(w).encode()) for found in rows.values() for w in found)
        drops.append(DropReport("edit_rows", sum(map(len, rows.values())), {"twin_in_evaluation": out}, kept, {"twin_in_evaluation": size}))
    _write_split_rows(draft, rows)
    store.write_json(draft / "report.json", {"drops": [d.as_dict() for d in drops], "changes": changes})


def _withhold(rows: dict[str, list[Window]]) -> tuple[int, int]:
    """Take out of train what validation or test shows too, and out of validation what test shows; how many rows and bytes that was."""
    count = size = 0
    for split, against in (("validation", ("test",)), ("train", ("validation", "test"))):
        out = withheld([_target(w) for w in rows[split]], [_target(w) for other in against for w in rows[other]])
        count += len(out)
        size += sum(len(_target(rows[split][i]).encode()) for i in out)
        rows[split] = [w for i, w in enumerate(rows[split]) if i not in out]
    return count, size


def _edits_of(changes: Iterable[Change], analysis: Analysis, corpus: Corpus, config: EliteCodeConfig) -> Edits:
    rules = EditRules(
        corpus.commit_time, config.diff_format == "unified", config.message_share, config.seed, signatures=_signatures(corpus)
    )
    clean = (lambda texts: [t for t, _ in redacted_many(texts, emails=config.redact_emails)]) if config.redact_secrets else list

    def place_of(change: Change) -> Place | str:
        if change.lineage not in analysis.sides.side:
            return "unknown_lineage"
        split = analysis.sides.of_change(change.lineage, change.committed)
        if split is None:
            return "older_than_its_split"
        content = (change.after or change.before or "").encode()
        view = corpus.views.get(change.path)
        language, role = known_kind(change.path, content, None if view is None else view.source.role)
        if language is None:
            return role
        return Place(analysis.sides.group[change.lineage], split, role, language)

    return Edits(changes, place_of, analysis.encoder, rules, clean)


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


def _change_report(tally: Tally) -> DropReport:
    dropped = tally.dropped
    return DropReport("changes", tally.kept[0], {r: n for r, (n, _) in dropped.items()}, tally.kept[1], {r: b for r, (_, b) in dropped.items()})


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
    for split in SPLITS:
        part = table.filter(pa.compute.equal(table.column("split"), split))
        if part.num_rows:
            store.write_table(draft / f"{split}.arrow", part, SHARD_ROWS)
    store.write_json(draft / "report.json", {"drops": []})


def _write_split_rows(draft: Path, rows: dict[str, list[Window]]) -> None:
    for split, found in rows.items():
        if not found:
            continue
        with pa.OSFile(str(draft / f"{split}.arrow"), "wb") as sink, pa.ipc.new_file(sink, ROW_SCHEMA) as writer:
            for first in range(0, len(found), SHARD_ROWS):
                writer.write_batch(_batch(found[first : first + SHARD_ROWS]))


def _batch(rows: Sequence[Window]) -> pa.RecordBatch:
    columns = [[getattr(row, name) for row in rows] for name in Window.__dataclass_fields__]
    columns += [[value] * len(rows) for value in NEUTRAL.values()]
    return pa.RecordBatch.from_arrays([pa.array(values, kind) for values, kind in zip(columns, ROW_SCHEMA.types)], schema=ROW_SCHEMA)


def _target(row: Window) -> str:
    return row.text[row.context_chars :]
