"""Analysis: what all configs of a dataset share - files with their syntax, sides, encodings and graph - made once a commit, kept on disk.

In: repositories and options. Out: ``Analysis``: corpora ready to be cut. Steps 1 to 9; cached under the commits and the options that matter, so
that five scales cost one parse and one tokenizer pass, also in other processes. Costs about 10 bytes of cache a byte of source.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from elite_code_dataset import progress, store, unread
from elite_code_dataset.config import SPLIT_FILES, SPLIT_SHARES, SPLIT_TOLERANCE
from elite_code_dataset.earlier import ORIGIN, earlier_of, rows_of
from elite_code_dataset.encoders import tokenizer_folder
from elite_code_dataset.history import as_plain
from elite_code_dataset.options import Options
from elite_code_dataset.reading import Reading, read
from elite_code_dataset.records import SCALES, SPLITS, EliteCodeError, Import, ParsedFile, Unit
from elite_code_dataset.repository import open_repository
from elite_code_dataset.similarity import estimated_tokens, shingles
from elite_code_dataset.splits import Counted, Measure, Splits, Step, split_of, twins_of
from elite_code_dataset.tokens import Encoder, Encoding, encoder_named
from elite_code_dataset.vocabulary import TOLD, Vocabulary
from elite_code_dataset.windows import Corpus, View, pieces_of
from elite_code_dataset.withholding import Common

# The options that change the analysis; the others only change what is cut from it.
SHARED_OPTIONS = (
    "include",
    "exclude",
    "max_file_bytes",
    "redact_secrets",
    "redact_emails",
    "redact_names",
    "split_by",
    "split_as_of",
    "seed",
    "tokenizer",
)
ENCODE_BATCH = 64  # files
COMMON_PARTS = 3  # of train's files; what stands in each of them is common
DIVIDED_TIMES = 3  # at most; each is a split and an encoding
UNIT_FIELDS, IMPORT_FIELDS = (tuple(f.name for f in fields(noun)) for noun in (Unit, Import))
# Said, not guessed, as a whole repository may have no unit, import or dependency.
TYPES = {
    "statements": pa.list_(pa.int64()),
    "blocks": pa.list_(pa.int64()),
    "dependencies": pa.list_(pa.string()),
    "external": pa.list_(pa.string()),
    "line_times": pa.list_(pa.int64()),
    "oddities": pa.list_(pa.string()),
    "units": pa.list_(pa.struct([(f.name, {"str": pa.string(), "int": pa.int64()}[f.type]) for f in fields(Unit)])),
    "imports": pa.list_(
        pa.struct(
            [
                ("module", pa.string()),
                ("names", pa.list_(pa.string())),
                ("kind", pa.string()),
                ("start_byte", pa.int64()),
                ("end_byte", pa.int64()),
            ]
        )
    ),
}
_LAST: dict[str, Analysis] = {}  # the newest one of this process, so that five configs in a row do not even read the cache


@dataclass(frozen=True)
class Analysis:
    """``corpora``: one a repository, in the order given. ``facts``: plain values, see ``_facts``. ``sides``: lineage -> (group, split)."""

    folder: Path
    facts: dict[str, Any]
    corpora: tuple[Corpus, ...]
    sides: Splits
    encoder: Encoder

    @cached_property
    def evaluated(self) -> list[str]:
        """The functions and other small pieces of the files that are evaluated, at whatever scale rows are."""
        found = []
        for view in (view for corpus in self.corpora for view in corpus.views.values() if view.split != "train"):
            starts = view.encoding.starts
            found += [view.raw[int(starts[p.first]) : int(starts[p.last])].decode() for p in pieces_of(view, SCALES[0])]
        return found

    @cached_property
    def trained(self) -> Common:
        """The files of train as sets of shingles, in three parts: what stands in all of them is common to the code base."""
        views = [view for corpus in self.corpora for view in corpus.views.values() if view.split == "train"]
        parts: list[list[np.ndarray]] = [[] for _ in range(COMMON_PARTS)]
        for view, one in zip(views, shingles([view.source.text for view in views])):
            parts[zlib.crc32(view.source.lineage.encode()) % COMMON_PARTS].append(one)
        return Common(parts)


def analysis_of(places: Sequence[str], commits: Sequence[str], options: Options, cache: Path, bounds: Sequence[str] = ()) -> Analysis:
    """The analysis of these repositories at these commits, from this process, the cache, or made now. ``bounds``: see ``EliteCodeConfig``."""
    prefixes = prefixes_of(places)
    key = hashlib.sha256(
        json.dumps([list(commits), list(bounds), [Path(place).name for place in places], options.digest(SHARED_OPTIONS)]).encode()
    ).hexdigest()[:16]
    folder = cache / "elite_code_dataset-analysis" / f"{commits[0][:12]}-{key}"
    if str(folder) not in _LAST or not (folder / ORIGIN).is_file():
        if not store.is_whole(folder):
            readings = [_read_at(place, commit, options, prefix, folder.parent) for place, commit, prefix in zip(places, commits, prefixes)]
            for reading in readings:
                unread.note(reading.commit, {} if reading.partial else reading.unread)
            before = _as_of(places, readings, options, cache)
            store.saved(folder, lambda draft: _write(draft, readings, options, places, before))
        _LAST.clear()
        _LAST[str(folder)] = _loaded(folder)
    return _LAST[str(folder)]


def _as_of(places: Sequence[str], readings: Sequence[Reading], options: Options, cache: Path) -> Analysis | None:
    """The analysis of the commit whose split is to stay, None where none is named."""
    commit = options.split_as_of
    if commit is None:
        return None
    if all(one.id != commit for one in readings[0].history.commits):
        raise EliteCodeError(f"split_as_of={commit!r} is not among the commits that lead to {readings[0].commit}; expected one of these")
    with open_repository(places[0], commit) as repository:
        bound = unread.bound_of(repository)
    return analysis_of(places, (commit,), Options(**{**options.as_dict(), "split_as_of": None}), cache, (bound,))


def prefixes_of(places: Sequence[str]) -> list[str]:
    """What goes before the paths of each repository: nothing where there is one, else its folder's name, numbered where two have the same."""
    taken: list[str] = []
    for place in places:
        name, number = Path(place).name, 1
        while (f"{name}-{number}" if number > 1 else name) in taken:
            number += 1
        taken.append(f"{name}-{number}" if number > 1 else name)
    return [f"{name}/" for name in taken] if len(taken) > 1 else [""]


def _read_at(place: str, commit: str, options: Options, prefix: str, root: Path) -> Reading:
    with progress.whole("open the repository", "repository", Path(place).name):
        repository = open_repository(place, "HEAD" if commit.startswith("folder-") else commit)
    with repository:
        return read(repository, options, prefix, earlier_of(root, options.digest(SHARED_OPTIONS), prefix, repository))


def _write(draft: Path, readings: Sequence[Reading], options: Options, places: Sequence[str], before: Analysis | None) -> None:
    if not any(r.files for r in readings):
        raise EliteCodeError(
            f"nothing to learn from in {', '.join(r.name for r in readings)}: "
            f"no file is text of a known kind that people wrote ({_causes(readings)}); name a repository with code in it"
        )
    steps, offsets = _steps(readings)
    with Vocabulary(readings, places, offsets, options) as vocabulary:
        sides, encoder, encodings = _divided(readings, steps, options, vocabulary, before)
    encoder.save(draft / "tokenizer")
    kept = tokenizer_folder(encoder.digest)
    if not store.is_whole(kept):
        store.saved(kept, encoder.save)
    store.write_table(draft / "files.arrow", _table(readings, encodings, sides))
    store.write_json(draft / "facts.json", _facts(readings, sides, encoder, encodings))
    origin = {
        "identity": options.digest(SHARED_OPTIONS),
        "places": [(r.prefix, r.commit) for r in readings],
        "held": [astuple(unread.held_at(place)) for place in places],
        "earlier": [r.earlier and (r.earlier.folder.name, r.earlier.place) for r in readings],
    }
    store.write_json(draft / ORIGIN, origin)
    store.write_json(draft / TOLD, vocabulary.told)
    for place, reading in enumerate(readings):
        store.write_json(draft / f"history-{place}.json", as_plain(reading.history))
        store.write_json(draft / f"tokens-{place}.json", reading.tokens)
        store.write_json(draft / f"unread-{place}.json", reading.unread)
        store.write_json(draft / f"dropped-{place}.json", [[*version, *astuple(one)] for version, one in sorted(reading.dropped.items())])
    store.write_json(draft / "sides.json", {"side": dict(sides.side), "group": dict(sides.group), "since": dict(sides.since)})


def _divided(
    readings: Sequence[Reading], steps: Sequence[Step], options: Options, vocabulary: Vocabulary, before: Analysis | None
) -> tuple[Splits, Encoder, list[Encoding]]:
    """Sides, the tokenizer that is trained on them, and all files in its tokens: where these show that a share is off, again; the best."""
    own = options.tokenizer is None and before is None
    found: list[tuple[float, Splits, Encoder, list[Encoding]]] = []
    counted: Counted | None = None
    while True:
        with progress.whole("split", "split"):
            sides = _sides(readings, steps, options, vocabulary if own else None, before and before.sides, counted)
            encoder = before.encoder if before else vocabulary.encoder(sides.side) if own else encoder_named(options.tokenizer)
        encodings = _encoded(readings, encoder)
        shares = _shares(readings, encodings, sides)
        found.append((max(abs(shares[split] - share) for split, share in SPLIT_SHARES.items()), sides, encoder, encodings))
        fits = found[-1][0] <= SPLIT_TOLERANCE or len(encodings) < SPLIT_FILES
        if fits or not own or options.split_by != "lineage" or len(found) == DIVIDED_TIMES:
            best = min(found, key=lambda one: one[0])
            if own and best is not found[-1]:
                vocabulary.encoder(best[1].side)  # so that it tells what this one was trained on
            return best[1:]
        tokens: Counter[str] = Counter()
        for file, encoding in zip((f for r in readings for f in r.files), encodings):
            tokens[file.source.lineage] += len(encoding.ids)
        counted = Counted(tokens, sides.side)


def _shares(readings: Sequence[Reading], encodings: Sequence[Encoding], sides: Splits) -> dict[str, float]:
    """split -> its share of all tokens."""
    tokens = Counter({split: 0 for split in SPLITS})
    for file, encoding in zip((f for r in readings for f in r.files), encodings):
        tokens[sides.side[file.source.lineage]] += len(encoding.ids)
    return {split: n / max(1, tokens.total()) for split, n in sorted(tokens.items())}


def _encoded(readings: Sequence[Reading], encoder: Encoder) -> list[Encoding]:
    """Every file's encoding, in order: taken over where the file is known and was written by the same tokenizer."""
    found: dict[int, Encoding] = {}
    files = [(r, f.source) for r in readings for f in r.files]
    for i, (reading, source) in enumerate(files):
        earlier = reading.earlier
        if earlier and earlier.facts["tokenizer_digest"] == encoder.digest:
            known = earlier.files.get((source.path[len(reading.prefix) :], source.blob))
            if known and known.parsed.source.text == source.text:
                found[i] = known.encoding
    new = [i for i in range(len(files)) if i not in found]
    for first in progress.over("tokenize", range(0, len(new), ENCODE_BATCH), unit="batch"):
        some = new[first : first + ENCODE_BATCH]
        found |= zip(some, encoder.encode([files[i][1].text for i in some]))
    return [found[i] for i in range(len(files))]


def _steps(readings: Sequence[Reading]) -> tuple[list[Step], list[int]]:
    """What the split replays, repository after repository, and the order of each one's first commit."""
    steps: list[Step] = []
    offsets: list[int] = []
    for reading in readings:
        known = {f.source.lineage for f in reading.files}
        offsets.append(1 + max((s.order for s in steps), default=-1))
        steps += [replace(s, order=s.order + offsets[-1]) for s in reading.steps]
        born = {s.lineage for s in steps}
        late = [f.source for f in reading.files if f.source.lineage in known - born]
        steps += [Step(offsets[-1] + 10**9, s.lineage, s.path, reading.seen[s.path].size, s.blob, s.last_changed) for s in late]
    return steps, offsets


def _sides(
    readings: Sequence[Reading],
    steps: Sequence[Step],
    options: Options,
    measure: Measure | None,
    before: Splits | None,
    counted: Counted | None,
) -> Splits:
    files = [f for r in readings for f in r.files]
    texts = [f.source.text for f in files]
    counts = estimated_tokens(texts)
    head = {f.source.path: (f.source.lineage, n) for f, n in zip(files, counts)}
    twins = twins_of(texts, [f.source.lineage for f in files])
    return split_of(steps, twins, head, options.split_by, options.seed, measure=measure, before=before, counted=counted)


def _causes(readings: Sequence[Reading]) -> str:
    causes = [f"{n} {reason}" for r in readings for report in r.reports for reason, n in sorted(report.dropped.items())]
    return ", ".join(causes) or "no files at all"


def _facts(readings: Sequence[Reading], sides: Splits, encoder: Encoder, encodings: Sequence[Encoding]) -> dict[str, Any]:
    """What ``metadata`` calls by these names, as far as it is known before anything is cut."""
    edges = [[a, b] for r in readings for a, others in sorted(r.graph.edges.items()) for b in others]
    files = [f for r in readings for f in r.files]
    one = len(readings) == 1
    return {
        "repository": readings[0].name if one else [r.name for r in readings],
        "kind": readings[0].kind if one else [r.kind for r in readings],
        "commit": readings[0].commit if one else [r.commit for r in readings],
        "commit_time": max(r.commit_time for r in readings),
        "commits": sum(len(r.history.commits) for r in readings),
        "tokenizer": encoder.label,
        "tokenizer_digest": encoder.digest,
        "drops": [report.as_dict() for r in readings for report in r.reports],
        "noted": {k: sum(r.noted.get(k, 0) for r in readings) for k in sorted({k for r in readings for k in r.noted})},
        "secrets": {k: sum(r.secrets.get(k, 0) for r in readings) for k in sorted({k for r in readings for k in r.secrets})},
        "graph": {"nodes": len(files), "edges": len(edges), "edge_list": edges},
        "shares": _shares(readings, encodings, sides),
        "moved": sides.moved,
        "files": {
            f.source.path: {
                "role": f.source.role,
                "language": f.source.language,
                "bytes": len(f.source.text.encode()),
                "split": sides.side[f.source.lineage],
                "lineage": f.source.lineage,
            }
            for f in files
        },
        "function_signatures": sum(u.kind in ("function", "method") for f in files for u in f.units),
        "source_files": len(files),
        "licence": [{**licence, "repository": r.name} for r in readings for licence in r.licences],
    }


def _table(readings: Sequence[Reading], encodings: Sequence[Encoding], sides: Splits) -> pa.Table:
    rows = [(i, r, f) for i, r in enumerate(readings) for f in r.files]
    plain: dict[str, Callable[[int, Reading, ParsedFile], Any]] = {
        "repository": lambda i, r, f: i,
        "commit_time": lambda i, r, f: r.commit_time,
        "group": lambda i, r, f: sides.group[f.source.lineage],
        "split": lambda i, r, f: sides.side[f.source.lineage],
        "has_error": lambda i, r, f: f.has_error,
        "statements": lambda i, r, f: list(f.statements),
        "blocks": lambda i, r, f: list(f.blocks),
        "units": lambda i, r, f: [{name: getattr(u, name) for name in UNIT_FIELDS} for u in f.units],
        "imports": lambda i, r, f: [{name: getattr(m, name) for name in IMPORT_FIELDS} for m in f.imports],
        "dependencies": lambda i, r, f: list(r.graph.edges.get(f.source.path, ())),
        "external": lambda i, r, f: list(r.graph.external.get(f.source.path, ())),
        "centrality": lambda i, r, f: float(r.graph.centrality.get(f.source.path, 0.0)),
        "line_times": lambda i, r, f: r.line_times(f.source),
        "size": lambda i, r, f: r.seen[f.source.path].size,
        "oddities": lambda i, r, f: list(r.seen[f.source.path].oddities),
        "secrets": lambda i, r, f: json.dumps(r.seen[f.source.path].secrets, sort_keys=True),
    }
    columns = {name: pa.array([get(*row) for row in rows], TYPES.get(name)) for name, get in plain.items()}
    for name in ("path", "language", "role", "commit", "blob", "text", "lineage", "last_changed"):
        columns[name] = pa.array([getattr(f.source, name) for _, _, f in rows])
    columns["ids"] = _lists([e.ids for e in encodings], pa.int32())
    columns["starts"] = _lists([e.starts for e in encodings], pa.int64())
    orders = [{path: n for n, path in enumerate(r.graph.order)} for r in readings]
    columns["rank"] = pa.array([orders[i].get(f.source.path, 0) for i, _, f in rows])
    return pa.table(columns)


def _lists(arrays: Sequence[np.ndarray], kind: pa.DataType) -> pa.Array:
    offsets = np.concatenate([[0], np.cumsum([len(a) for a in arrays])])
    values = np.concatenate(arrays) if arrays else np.zeros(0)
    return pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), pa.array(values, kind))


def _loaded(folder: Path) -> Analysis:
    table = store.read_table(folder / "files.arrow").combine_chunks()
    facts = store.read_json(folder / "facts.json")
    encoder = encoder_named(str(folder / "tokenizer"))
    encoder.label = facts["tokenizer"]
    raw = store.read_json(folder / "sides.json")
    views: dict[int, dict[str, View]] = {}
    edges: dict[int, dict[str, list[str]]] = {}
    ranks: dict[int, list[tuple[int, str]]] = {}
    times: dict[int, int] = {}
    for file, row, encoding, touched in rows_of(table):
        source = file.source
        at = row["repository"]
        views.setdefault(at, {})[source.path] = View(file, encoding, row["group"], row["split"], touched)
        edges.setdefault(at, {})[source.path] = row["dependencies"]
        ranks.setdefault(at, []).append((row["rank"], source.path))
        times[at] = row["commit_time"]
    places = range(len(store.read_json(folder / ORIGIN)["places"]))  # one without code is there too, with nothing in it
    corpora = tuple(
        Corpus(views.get(at, {}), edges.get(at, {}), [p for _, p in sorted(ranks.get(at, []))], encoder, times.get(at, 0)) for at in places
    )
    return Analysis(folder, facts, corpora, Splits(raw["side"], raw["group"], facts["shares"], facts["moved"], since=raw["since"]), encoder)
