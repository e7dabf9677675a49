"""Reading: one repository -> its files, read, cleaned, given roles, parsed and linked. Steps 1 to 7; see ``pipeline`` for their order.

In: a path and options. Out: ``Reading``. Costs one read, one secrets scan and one parse of each file, and one pass over the commits.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np

from elite_code_dataset import progress
from elite_code_dataset.authors import KIND, Authors
from elite_code_dataset.dependencies import Graph, graph_of, is_manifest
from elite_code_dataset.earlier import Dropped, Earlier, KnownFile, Noted
from elite_code_dataset.history import History
from elite_code_dataset.languages import language_of
from elite_code_dataset.options import Options
from elite_code_dataset.parse import parsed
from elite_code_dataset.records import DropReport, ParsedFile, SourceFile
from elite_code_dataset.repository import RawFile, Repository
from elite_code_dataset.roles import role_of
from elite_code_dataset.secrets import findings, redacted_many
from elite_code_dataset.similarity import estimated_tokens
from elite_code_dataset.splits import Step, steps_of
from elite_code_dataset.trees import MODULE, kind_of_mode

LEFT_OUT = frozenset({"generated", "vendored"})
DATA_LANGUAGES = frozenset({"csv", "jsonl", "svg"})  # tables, logs and drawings: a quarter of ripgrep's windows would be benchmark figures
Version = tuple[str, str]  # path without the prefix, blob
_OF_PEOPLE = re.compile(
    r"(?:^|/)(?:\.?(?:authors?|contributors?|maintainers?|committers?|codeowners)|credits|thanks|acknowledge?ments?|\.mailmap|\.all-contributorsrc)"
    r"(?:\.(?:md|rst|txt|adoc|org))?$",
    re.I,
)
NAME_IN_PATH = "name_in_path"
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
    seen: dict[str, Noted] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    dropped: dict[Version, Dropped] = field(default_factory=dict)  # but for those whose text is used all the same
    earlier: Earlier | None = None
    unread: dict[str, bool] = field(default_factory=dict)  # see ``Repository.unread``
    partial: bool = False

    def line_times(self, source: SourceFile) -> np.ndarray | None:
        """Committer time of the newest change of each line; None where they are not known."""
        return self.touched.get(source.path)


def read(repository: Repository, options: Options, prefix: str = "", earlier: Earlier | None = None) -> Reading:
    """Everything about one repository. ``prefix`` goes before every path, when several repositories make one dataset. Files that an ``earlier``
    analysis knows under the same path and blob are neither read nor parsed again; nor are those that left no rows."""
    told = repository.continue_history(earlier.history) if earlier else 0
    history = repository.history()
    authors = Authors(history.people if options.redact_names else ())
    known, unused = (_still_known(earlier, authors), earlier.dropped) if earlier else ({}, {})
    sizes = {version: one.noted.size for some in (known, unused) for version, one in some.items()}
    reading = repository.files(options.max_file_bytes, include=options.include, exclude=options.exclude, known=sizes)
    raws = list(progress.over("read files", reading, len(repository.paths())))
    reports = [_report("files", len(raws), sum(f.size for f in raws), repository.drops)]
    cleaned, noted = _cleaned(raws, options, known, unused)
    sources, dropped = _with_roles(cleaned, repository.commit, known, unused, noted)
    sources = [_nameless(s, authors, noted) if (s.path, s.blob) not in known else s for s in _placed(sources, authors, dropped, noted)]
    reports.append(_drops("roles", sources, dropped.values()))
    files = [
        replace(known[(s.path, s.blob)].parsed, source=s) if (s.path, s.blob) in known else parsed(s)
        for s in progress.over("parse", sources)
    ]
    reports.append(DropReport("parse", len(files), {}, sum(len(f.source.text.encode()) for f in files)))
    with progress.whole("follow history", "history"):
        touched = repository.line_times_of([s.path for s in sources], earlier.line_times() if told else None, told)
    with progress.whole("resolve imports", "graph"):
        graph = graph_of(files, {f.path: f.text for f in cleaned if is_manifest(f.path)})
    if prefix:
        files, graph = [_prefixed(f, prefix) for f in files], _prefixed_graph(graph, prefix)
    tokens = dict(earlier.tokens) if earlier else {}
    steps = _steps(repository, options, prefix, tokens, {s.path for s in sources})
    unusual = Counter(oddity for one in noted.values() for oddity in one.oddities)
    return Reading(
        repository.name,
        repository.kind,
        repository.commit,
        repository.commit_time,
        tuple(files),
        graph,
        history,
        tuple(reports),
        {**unusual, "syntax_errors": sum(f.has_error for f in files)},
        dict(sorted(sum((Counter(one.secrets) for one in noted.values()), Counter()).items())),
        tuple({"path": f.path, "text": f.text} for f in cleaned if _is_licence(f.path)),
        prefix,
        steps,
        {prefix + path: times for path, times in touched.items()},
        {prefix + path: one for path, one in noted.items()},
        tokens,
        {version: one for version, one in dropped.items() if not is_manifest(version[0]) and not _is_licence(version[0])},
        earlier,
        repository.unread,
        repository.is_partial,
    )


def _still_known(earlier: Earlier, authors: Authors) -> Mapping[Version, KnownFile]:
    """The files of an earlier analysis, without those that name somebody who came later."""
    later = [person for person in authors.people if person not in earlier.history.people]
    if not later:
        return earlier.files
    traces = Authors(later).traces()
    return {version: file for version, file in earlier.files.items() if not traces.stand_in(f"{version[0]}\n{file.parsed.source.text}")}


def _placed(
    sources: Sequence[SourceFile], authors: Authors, dropped: dict[Version, Dropped], noted: Mapping[str, Noted]
) -> list[SourceFile]:
    """The files whose paths name nobody; the others are added to ``dropped``."""
    named = [s for s in sources if authors.stand_in(s.path)]
    dropped |= {(s.path, s.blob): Dropped(NAME_IN_PATH, len(s.text.encode()), noted[s.path]) for s in named}
    return [s for s in sources if (s.path, s.blob) not in dropped] if named else list(sources)


def _nameless(source: SourceFile, authors: Authors, noted: dict[str, Noted]) -> SourceFile:
    """The file without the names of those who wrote the history, counted in what was noted of it."""
    text, count = authors.replaced(source.text)
    if not count:
        return source
    one = noted[source.path]
    noted[source.path] = replace(one, secrets={**one.secrets, KIND: count})
    return replace(source, text=text)


def _steps(repository: Repository, options: Options, prefix: str, tokens: dict[str, int], here: Container[str]) -> tuple[Step, ...]:
    """What the split needs of the history: which path, under the name it has in the dataset, had which size after which commit. ``tokens`` are
    blobs' estimated tokens, as far as they are known; those that had to be estimated are added. Sizes count of paths that make rows ``here``, and
    of those gone whose name says what they are."""
    if repository.kind != "git":
        return ()
    history = repository.history()
    entries = (e for c in history.commits for e in (*c.entries, *c.main_entries))
    sizes = repository.blob_sizes(e.new_blob for e in entries if e.new_blob and kind_of_mode(e.new_mode) != MODULE)
    known = {blob: size for blob, size in sizes.items() if size <= options.max_file_bytes}

    def tokens_in(blob: str) -> int:
        if blob not in tokens:
            content = repository.blob(blob)
            if content is None:
                return 0  # not noted, as it may be there later
            tokens[blob] = int(estimated_tokens([content.decode("utf-8", "replace")])[0])
        return tokens[blob]

    steps = steps_of(history, lambda blob: known.get(blob, 0), tokens_in, lambda path: path in here or language_of(path) is not None)
    return tuple(replace(step, path=prefix + step.path) for step in steps) if prefix else tuple(steps)


def _cleaned(
    raws: Sequence[RawFile], options: Options, known: Mapping[Version, KnownFile], unused: Mapping[Version, Dropped]
) -> tuple[list[RawFile], dict[str, Noted]]:
    """Texts with secrets and personal addresses replaced, and what was noted of each path; those that left no rows come without text."""
    new = [raw for raw in raws if (raw.path, raw.blob) not in known and (raw.path, raw.blob) not in unused]
    texts = [raw.text for raw in new]
    redacted = iter(redacted_many(texts, emails=options.redact_emails) if options.redact_secrets else [(text, {}) for text in texts])
    clean, noted = [], {}
    for raw in progress.over("replace secrets", raws):
        if (raw.path, raw.blob) in known:
            one = known[(raw.path, raw.blob)]
            text, noted[raw.path] = one.parsed.source.text, one.noted
        elif (raw.path, raw.blob) in unused:
            text, noted[raw.path] = raw.text, unused[(raw.path, raw.blob)].noted
        else:
            text, found = next(redacted)
            noted[raw.path] = Noted(raw.size, raw.oddities, dict(found))
        clean.append(raw if text is raw.text else replace(raw, text=text))
    return clean, noted


def known_kind(path: str, content: bytes, role: str | None = None) -> tuple[str | None, str]:
    """(language, role) of a file that may become rows, else (None, the reason why not). ``role`` spares asking for it."""
    if _OF_PEOPLE.search(path):
        return None, "list_of_people"
    if _names_a_secret(path):
        return None, "secret_in_path"
    language = language_of(path, content[:4096])
    found = role or role_of(path, content, language.name if language else None)
    if found in LEFT_OUT:
        return None, found
    if language is None:
        return None, "unknown_kind_of_file"
    return (None, "data_file") if language.name in DATA_LANGUAGES else (language.name, found)


@lru_cache(maxsize=65_536)
def _names_a_secret(path: str) -> bool:
    return bool(findings(path) or findings(path.replace("/", "\n")))


def _with_roles(
    raws: Sequence[RawFile],
    commit: str,
    known: Mapping[Version, KnownFile],
    unused: Mapping[Version, Dropped],
    noted: Mapping[str, Noted],
) -> tuple[list[SourceFile], dict[Version, Dropped]]:
    """Sources with language and role; and what is left out: generated, vendored and files of no known kind."""
    sources, dropped = [], {}
    for raw in progress.over("assign roles", raws):
        version = raw.path, raw.blob
        if version in unused:
            dropped[version] = unused[version]
            continue
        if version in known:
            before = known[version].parsed.source
            language, role = before.language, before.role
        else:
            content = raw.text.encode()
            language, role = known_kind(raw.path, content)
        if language is None:
            dropped[version] = Dropped(role, len(content), noted[raw.path])
            continue
        sources.append(SourceFile(raw.path, language, role, commit, raw.blob, raw.text, raw.last_changed, raw.lineage))
    return sources, dropped


def _drops(step: str, sources: Sequence[SourceFile], dropped: Iterable[Dropped]) -> DropReport:
    count: Counter = Counter()
    sizes: Counter = Counter()
    for one in dropped:
        count[one.reason] += 1
        sizes[one.reason] += one.text_bytes
    return DropReport(step, len(sources), dict(count), sum(len(s.text.encode()) for s in sources), dict(sizes))


def _is_licence(path: str) -> bool:
    return path.lower().startswith(LICENCE_NAMES) and "/" not in path


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
