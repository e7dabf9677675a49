"""Window rows of one scale: corpora -> tables of rows, those of files that an earlier build cut alike taken over from it.

In: the corpora and what is left of each. Out: rows on disk, a report and the cuts by level. Costs one composition of each file that is new, or whose
side, role, line times or visible imports are; a digest of each other.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from elite_code_dataset import progress, rows
from elite_code_dataset.records import SCALES, SPLITS, DropReport, Window
from elite_code_dataset.view import View
from elite_code_dataset.windows import Corpus, cuts_by_level, pieces_of, windows_of


def key_of(corpus: Corpus, view: View) -> str:
    """A digest over everything that the rows of a file are made of, but the tip and what the options say of all files."""
    source = view.source
    own = [source.path, source.language, source.role, source.lineage, source.blob, source.last_changed, view.group, view.split]
    seen = [(other.source.path, other.source.blob) for other in corpus.visible(view)]
    told = json.dumps([own, list(corpus.edges.get(source.path, ())), seen]).encode("utf-8", "surrogatepass")
    times = b"" if view.line_times is None else view.line_times.tobytes()
    return hashlib.sha256(told + b"\0" + times).hexdigest()[:20]


def evaluated(corpora: Sequence[Corpus]) -> list[str]:
    """The functions and other small pieces of the files that are evaluated, at whatever scale rows are."""
    found = []
    for view in (view for corpus in corpora for view in corpus.views.values() if view.split != "train"):
        starts = view.encoding.starts
        found += [view.raw[int(starts[p.first]) : int(starts[p.last])].decode() for p in pieces_of(view, SCALES[0])]
    return found


def write(
    draft: Path, corpora: Sequence[Corpus], lefts: Iterable[rows.Left | None], scale: int, overlap: float, blind: bool
) -> tuple[DropReport, Counter]:
    """The rows of all repositories at one scale; returns the report, and how many pieces were cut at which level."""
    tables: dict[str, list[pa.Table]] = {split: [rows.ROW_SCHEMA.empty_table()] for split in SPLITS}
    places: list[dict[str, Any]] = []
    cuts: Counter = Counter()
    files = iter(progress.over("cut windows", [(c, view) for c in corpora for view in c.views.values()], detail=f"w{scale}"))
    for corpus, left in zip(corpora, lefts):
        known = {(part["path"], part["key"]): i for i, part in enumerate(left.parts)} if left else {}
        pieces: dict[str, list[tuple[int, int] | list[Window]]] = {split: [] for split in SPLITS}
        parts = []
        for _, (_, view) in zip(corpus.views, files):
            key = key_of(corpus, view)
            at = known.get((view.source.path, key))
            if at is not None:
                parts.append(left.parts[at])
                pieces[view.split].append(left.span(view.split, at))
            else:
                found = list(windows_of(corpus, view, scale, overlap, blind))
                pieces[view.split].append(found)
                levels = {} if blind or overlap else dict(cuts_by_level(view, scale))
                parts.append({"path": view.source.path, "key": key, "rows": {view.split: len(found)}, "cuts": levels})
            cuts.update(parts[-1]["cuts"])
        commit = next((view.source.commit for view in corpus.views.values()), "")
        for split in SPLITS:
            tables[split].append(rows.pieced(pieces[split], left and left.tables[split], corpus.commit_time, commit))
        places.append({"parts": parts})
    together = {split: pa.concat_tables(found) for split, found in tables.items()}
    return rows.leave(draft, together, f"w{scale}", corpora[0].encoder.digest, places, evaluated(corpora)), cuts
