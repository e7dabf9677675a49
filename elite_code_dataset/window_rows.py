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

from elite_code_dataset import progress, rows
from elite_code_dataset.records import SPLITS, DropReport, Window
from elite_code_dataset.view import View
from elite_code_dataset.windows import Corpus, cuts_by_level, windows_of
from elite_code_dataset.withholding import Common


def key_of(corpus: Corpus, view: View) -> str:
    """A digest over everything that the rows of a file are made of, but the tip and what the options say of all files."""
    source = view.source
    own = [source.path, source.language, source.role, source.lineage, source.blob, view.digest, source.last_changed, view.group, view.split]
    seen = [(other.source.path, other.digest) for other in corpus.visible(view)]
    told = json.dumps([own, list(corpus.edges.get(source.path, ())), seen]).encode("utf-8", "surrogatepass")
    times = b"" if view.line_times is None else view.line_times.tobytes()
    return hashlib.sha256(told + b"\0" + times).hexdigest()[:20]


def write(
    draft: Path,
    corpora: Sequence[Corpus],
    lefts: Iterable[rows.Left | None],
    scale: int,
    overlap: float,
    blind: bool,
    evaluated: Sequence[str],
    trained: Common,
) -> tuple[DropReport, Counter]:
    """The rows of all repositories at one scale, without those that show what is ``evaluated``; returns the report, and how many pieces were cut at
    which level."""
    found: list[dict[str, rows.Pieced]] = []
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
                new = list(windows_of(corpus, view, scale, overlap, blind))
                pieces[view.split].append(new)
                levels = {} if blind or overlap else dict(cuts_by_level(view, scale))
                parts.append({"path": view.source.path, "key": key, "rows": {view.split: len(new)}, "cuts": levels})
            cuts.update(parts[-1]["cuts"])
        commit = next((view.source.commit for view in corpus.views.values()), "")
        found.append({split: rows.pieced(pieces[split], left, split, corpus.commit_time, commit) for split in SPLITS})
        places.append({"parts": parts})
    return rows.leave(draft, found, f"w{scale}", corpora[0].encoder.digest, places, evaluated, trained), cuts
