"""Reading: one repository -> its files, read, cleaned, given roles, parsed and linked. Steps 1 to 7; see ``pipeline`` for their order.

In: a path and options. Out: ``Reading``. Costs one read, one secrets scan and one parse of each file, and one pass over the commits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from elite_code_dataset import progress
from elite_code_dataset.dependencies import Graph, graph_of, is_manifest
from elite_code_dataset.history import History
from elite_code_dataset.languages import language_of
from elite_code_dataset.options import Options
from elite_code_dataset.parse import parsed
from elite_code_dataset.records import DropReport, ParsedFile, SourceFile
from elite_code_dataset.repository import RawFile, Repository
from elite_code_dataset.roles import role_of
from elite_code_dataset.secrets import redacted_many
from elite_code_dataset.splits import Step, steps_of

LEFT_OUT = frozenset({"generated", "vendored"})
DATA_LANGUAGES = frozenset({"csv", "jsonl", "svg"})  # tables, logs and drawings: a quarter of ripgrep's windows would be benchmark figures
LICENCE_NAMES = ("license", "licence", "copying", "unlicense")


@dataclass(frozen=True)
class Reading:
    """One repository as far as it can be known without its neighbours."""

    name: str
    kind: str
    commit: str
    commit_time: int
    files: tuple[ParsedFile, ...]
    graph: Graph
    history: History
    reports: tuple[DropReport, ...]
    noted: dict[str, int]
    secrets: dict[str, int]
    licences: tuple[dict[str, str], ...]
    prefix: str = ""
    steps: tuple[Step, ...] = ()
    touched: dict[str, np.ndarray] = field(default_factory=dict)

    def line_times(self, source: SourceFile) -> np.ndarray | None:
        """Committer time of the newest change of each line; None where they are not known."""
        return self.touched.get(source.path)


def read(repository: Repository, options: Options, prefix: str = "") -> Reading:
    """Everything about one repository. ``prefix`` goes before every path, when several repositories make one dataset."""
    raws = list(
        progress.over(
            "read files",
            repository.files(options.max_file_bytes, include=options.include, exclude=options.exclude),
            len(repository.paths()),
        )
    )
    reports = [_report("files", len(raws), sum(f.size for f in raws), repository.drops)]
    noted = {reason: pair[0] for reason, pair in repository.noted.items()}
    licences = tuple({"path": f.path, "text": f.text} for f in raws if f.path.lower().startswith(LICENCE_NAMES) and "/" not in f.path)
    raws, secrets = _cleaned(raws, options)
    sources, dropped = _with_roles(raws, repository.commit)
    reports.append(dropped)
    with progress.whole("follow history", "history"):
        history = repository.history()
        touched = repository.line_times() if repository.kind == "git" else {}
    files = [parsed(source) for source in progress.over("parse", sources)]
    reports.append(DropReport("parse", len(files), {}, sum(len(f.source.text.encode()) for f in files)))
    noted["syntax_errors"] = sum(f.has_error for f in files)
    with progress.whole("resolve imports", "graph"):
        graph = graph_of(files, {f.path: f.text for f in raws if is_manifest(f.path)})
    if prefix:
        files, graph = [_prefixed(f, prefix) for f in files], _prefixed_graph(graph, prefix)
    return Reading(
        repository.name,
        repository.kind,
        repository.commit,
        repository.commit_time,
        tuple(files),
        graph,
        history,
        tuple(reports),
        noted,
        secrets,
        licences,
        prefix,
        _steps(repository, options, prefix),
        {prefix + path: times for path, times in touched.items()},
    )


def _steps(repository: Repository, options: Options, prefix: str) -> tuple[Step, ...]:
    """What the split needs of the history: which path, under the name it has in the dataset, had which size after which commit."""
    if repository.kind != "git":
        return ()
    history = repository.history()
    sizes = repository.blob_sizes(e.new_blob for c in history.commits for e in (*c.entries, *c.main_entries) if e.new_blob)
    known = {blob: size for blob, size in sizes.items() if size <= options.max_file_bytes}
    steps = steps_of(history, lambda blob: known.get(blob, 0), repository.blob, lambda path: language_of(path) is not None)
    return tuple(replace(step, path=prefix + step.path) for step in steps) if prefix else tuple(steps)


def _cleaned(raws: Sequence[RawFile], options: Options) -> tuple[list[RawFile], dict[str, int]]:
    """Texts with secrets and personal addresses replaced, and how many of each kind there were."""
    if not options.redact_secrets:
        return list(raws), {}
    kinds: Counter = Counter()
    clean = []
    for raw, (text, found) in zip(
        progress.over("replace secrets", raws), redacted_many([f.text for f in raws], emails=options.redact_emails)
    ):
        kinds.update(found)
        clean.append(replace(raw, text=text) if found else raw)
    return clean, dict(sorted(kinds.items()))


def known_kind(path: str, content: bytes, role: str | None = None) -> tuple[str | None, str]:
    """(language, role) of a file that may become rows, else (None, the reason why not). ``role`` spares asking for it."""
    language = language_of(path, content[:4096])
    found = role or role_of(path, content, language.name if language else None)
    if found in LEFT_OUT:
        return None, found
    if language is None:
        return None, "unknown_kind_of_file"
    return (None, "data_file") if language.name in DATA_LANGUAGES else (language.name, found)


def _with_roles(raws: Sequence[RawFile], commit: str) -> tuple[list[SourceFile], DropReport]:
    """Sources with language and role; generated, vendored and files of no known kind are left out and counted."""
    sources, dropped, sizes = [], Counter(), Counter()
    for raw in progress.over("assign roles", raws):
        content = raw.text.encode()
        language, role = known_kind(raw.path, content)
        if language is None:
            reason = role
            dropped[reason] += 1
            sizes[reason] += len(content)
            continue
        sources.append(SourceFile(raw.path, language, role, commit, raw.blob, raw.text, raw.last_changed, raw.lineage))
    kept = sum(len(s.text.encode()) for s in sources)
    return sources, DropReport("roles", len(sources), dict(dropped), kept, dict(sizes))


def _prefixed(file: ParsedFile, prefix: str) -> ParsedFile:
    return replace(file, source=replace(file.source, path=prefix + file.source.path))


def _prefixed_graph(graph: Graph, prefix: str) -> Graph:
    return replace(
        graph,
        edges={prefix + a: tuple(prefix + b for b in others) for a, others in graph.edges.items()},
        external={prefix + a: names for a, names in graph.external.items()},
        centrality={prefix + a: value for a, value in graph.centrality.items()},
        order=tuple(prefix + a for a in graph.order),
    )


def _report(step: str, kept: int, size: int, drops: dict[str, list[int]]) -> DropReport:
    return DropReport(step, kept, {r: n for r, (n, _) in drops.items()}, size, {r: b for r, (_, b) in drops.items()})
