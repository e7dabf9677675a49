"""Edit rows of one repository: its changes -> tables of rows, those of commits that an earlier build knew taken over from it.

In: a repository, its corpus, the sides, options, and the folder of rows an earlier commit left. Out: ``EditRows``: a table a split, in the order
of history, and what became of every commit. Costs what ``changes`` and ``edits`` cost for the commits that are new, and a comparison for the others.

A commit's rows are taken over when everything they were made from is the same: the commits before it, the sides and roles of what it touched,
the signatures that its rows show. Only the age, which counts from the tip, is written anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from elite_code_dataset import progress, rows, store
from elite_code_dataset.changes import Tally
from elite_code_dataset.edits import Account, EditRules, Edits, Place, signature_lines
from elite_code_dataset.records import SPLITS, Change, DropReport, Window
from elite_code_dataset.repository import Repository
from elite_code_dataset.splits import Splits
from elite_code_dataset.tokens import Encoder
from elite_code_dataset.windows import DAY, Corpus, row_id

COMMITS = "commits.json"
FAR_SCALE = 1024  # rows from this scale on show signatures
Verdict = Callable[[str, bytes, str | None], tuple[str | None, str]]  # path, content, role -> (language, role) or (None, reason)


@dataclass
class Told:
    """One commit: ``changes``, each [lineage, path, committer time, role at the tip, place or reason]; what was counted; rows by split."""

    id: str
    changes: list[list[Any]] = field(default_factory=list)
    tally: dict[str, list[int]] = field(default_factory=dict)
    account: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class EditRows:
    """``tables`` by split; ``commits`` of the history, ``told`` of those that were chosen, in order; ``reports``: of the changes and of the rows;
    ``taken``: how many commits' rows came from earlier."""

    tables: dict[str, pa.Table]
    commits: list[str]
    told: list[Told]
    reports: tuple[DropReport, ...]
    changes: int
    taken: int


NONE = EditRows({split: rows.ROW_SCHEMA.empty_table() for split in SPLITS}, [], [], (), 0, 0)


@dataclass(frozen=True)
class Sources:
    """What decides where a change goes and what its rows show. ``unwanted`` answers (path, content) with a reason to leave a change out, or ''."""

    corpus: Corpus
    sides: Splits
    verdict: Verdict
    unwanted: Callable[[str, bytes], str]
    signatures: Mapping[str, tuple[str, str, str]]

    def role_of(self, path: str) -> str | None:
        view = self.corpus.views.get(path)
        return None if view is None else view.source.role

    def side_of(self, lineage: str, committed: int) -> str:
        """The split, or '' and the reason why there is none."""
        if lineage not in self.sides.side:
            return "unknown_lineage"
        return self.sides.of_change(lineage, committed) or "older_than_its_split"

    def place_of(self, change: Change) -> Place | str:
        split = self.side_of(change.lineage, change.committed)
        if split not in SPLITS:
            return split
        language, role = self.verdict(change.path, (change.after or change.before or "").encode(), self.role_of(change.path))
        return role if language is None else Place(self.sides.group[change.lineage], split, role, language)

    def holds(self, told: Sequence[Any]) -> bool:
        """Whether ``place_of`` would answer again what was told, without the change being read."""
        lineage, path, committed, role, place = told
        split = self.side_of(lineage, committed)
        if split not in SPLITS:
            return place == split
        if isinstance(place, str):
            return role == self.role_of(path) and place not in ("unknown_lineage", "older_than_its_split")
        return role == self.role_of(path) and [self.sides.group[lineage], split] == place[:2]


class Left:
    """The rows that an earlier build left in a folder, before any was withheld; of the repository that was its ``place``-th."""

    def __init__(self, folder: Path, place: int) -> None:
        told = store.read_json(folder / COMMITS)
        self.order = told["places"][place]["order"]
        self.told = [Told(**one) for one in told["places"][place]["commits"]]
        before = [Told(**one) for other in told["places"][:place] for one in other["commits"]]
        kept, lost = rows.read(folder), rows.read(folder / "withheld")
        self.tables = {split: _whole(kept.get(split), lost.get(split), told["withheld"].get(split, [])) for split in SPLITS}
        self.ends: dict[str, list[int]] = {}
        for split in SPLITS:
            first = sum(one.rows.get(split, 0) for one in before)
            self.ends[split] = list(accumulate((one.rows.get(split, 0) for one in self.told), initial=first))

    def same(self, sources: Sources, commits: Sequence[str]) -> dict[str, int]:
        """commit -> its place among those told, of all whose rows would be made again as they are."""
        if self.order != order_digest(commits[: self.order[0]]):
            return {}  # another order: who was known when a message was read may differ
        lines = self._lines(sources.signatures)
        return {
            one.id: i
            for i, one in enumerate(self.told)
            if all(map(sources.holds, one.changes)) and one.account.get("lines", {}) == lines.get(one.id, {})
        }

    def _lines(self, signatures: Mapping[str, tuple[str, str, str]]) -> dict[str, dict[str, str]]:
        """commit -> split -> digest of the signatures that its rows would show now."""
        found: dict[str, dict[str, str]] = {}
        names = ("commit", "scale", "idiom", "path", "text", "original_start", "original_end")
        for split, table in self.tables.items():
            part = table.select(names).slice(self.ends[split][0], self.ends[split][-1] - self.ends[split][0])
            part = part.filter(pa.compute.and_(pa.compute.greater_equal(part["scale"], FAR_SCALE), pa.compute.equal(part["idiom"], "")))
            for row in part.to_pylist():
                lines = signature_lines(row["text"][row["original_start"] : row["original_end"]], row["path"], split, signatures)
                if lines:
                    told = found.setdefault(row["commit"], {})
                    told[split] = row_id(told.get(split, ""), *lines)
        return found


def _whole(kept: pa.Table | None, lost: pa.Table | None, positions: Sequence[int]) -> pa.Table:
    """The rows in their order before those at ``positions`` were withheld."""
    tables = [table for table in (kept, lost) if table is not None]
    if not tables:
        return rows.ROW_SCHEMA.empty_table()
    together = pa.concat_tables(tables)
    order = np.full(together.num_rows, -1)
    order[list(positions)] = np.arange(len(positions)) + together.num_rows - len(positions)
    order[order < 0] = np.arange(together.num_rows - len(positions))
    return together.take(order) if len(positions) else together


def edit_rows(
    repository: Repository,
    sources: Sources,
    encoder: Encoder,
    rules: EditRules,
    selection: Mapping[str, Any],
    clean: Callable[[Sequence[str]], list[str]],
    left: Left | None,
) -> EditRows:
    """All edit rows of a repository. ``selection`` are the arguments of ``Repository.changes``; ``clean`` replaces secrets in a list of texts."""
    commits = [commit.id for commit in repository.history().commits]
    chosen = repository.selected(**selection)
    same = left.same(sources, commits) if left else {}
    taken = {commit: same[commit] for commit in chosen if commit in same}
    told = {commit: left.told[taken[commit]] if commit in taken else Told(commit) for commit in chosen}

    def place_of(change: Change) -> Place | str:
        place = sources.place_of(change)
        plain = place if isinstance(place, str) else [place.group, place.split, place.role, place.language]
        told[change.commit].changes.append([change.lineage, change.path, change.committed, sources.role_of(change.path), plain])
        return place

    changes = repository.changes(**selection, known=taken, generated=sources.unwanted)
    edits = Edits(changes, place_of, encoder, rules, clean)
    new: dict[str, dict[str, list[Window]]] = {split: {} for split in SPLITS}
    for row in progress.over("cut edits", edits, unit="row"):
        new[row.split].setdefault(row.commit, []).append(row)
    tally = repository.changes_tally
    for commit, one in told.items():
        if commit in taken:
            tally.add(commit, one.tally)
            edits.accounts[commit] = Account(**one.account)
        else:
            one.tally = tally.by_commit.get(commit, {})
            one.account = vars(edits.accounts.get(commit, Account()))
            one.rows = {split: len(found[commit]) for split, found in new.items() if commit in found}
    tables = {split: _table(split, chosen, taken, new[split], left, rules.commit_time) for split in SPLITS}
    return EditRows(tables, commits, list(told.values()), (_report(tally), edits.report), tally.kept[0], len(taken))


def _table(
    split: str,
    chosen: Sequence[str],
    taken: Mapping[str, int],
    new: Mapping[str, Sequence[Window]],
    left: Left | None,
    commit_time: int,
) -> pa.Table:
    """The rows of a split, commit by commit: slices of what is left, and what is new between them."""
    pieces: list[tuple[int, int] | list[Window]] = []
    for commit in chosen:
        if commit in taken:
            start, end = left.ends[split][taken[commit] : taken[commit] + 2]
            if pieces and isinstance(pieces[-1], tuple) and pieces[-1][1] == start:
                pieces[-1] = (pieces[-1][0], end)
            elif start < end:
                pieces.append((start, end))
        elif commit in new:
            if not pieces or isinstance(pieces[-1], tuple):
                pieces.append([])
            pieces[-1] += new[commit]
    tables = [
        rows.table_of(piece) if isinstance(piece, list) else _aged(left.tables[split].slice(piece[0], piece[1] - piece[0]), commit_time)
        for piece in pieces
    ]
    return pa.concat_tables([rows.ROW_SCHEMA.empty_table(), *tables])


def _aged(table: pa.Table, commit_time: int) -> pa.Table:
    """The rows with their age as of another tip."""
    ages = [max(0.0, (commit_time - time) / DAY) for time in table["timestamp"].to_pylist()]
    at = table.schema.get_field_index("age_days")
    return table.set_column(at, table.schema.field(at), pa.array(ages, pa.float64()))


def _report(tally: Tally) -> DropReport:
    dropped = tally.dropped
    return DropReport(
        "changes", tally.kept[0], {r: n for r, (n, _) in dropped.items()}, tally.kept[1], {r: b for r, (_, b) in dropped.items()}
    )


def write(draft: Path, parts: Sequence[EditRows]) -> list[DropReport]:
    """The rows of all repositories, without what evaluation shows too, and what ``Left`` needs; returns the reports."""
    tables = {split: pa.concat_tables([rows.ROW_SCHEMA.empty_table(), *(part.tables[split] for part in parts)]) for split in SPLITS}
    kept = rows.without_shown(tables, "edit_rows")
    rows.write(draft, kept.tables)
    (draft / "withheld").mkdir()
    rows.write(draft / "withheld", {split: tables[split].take(out) for split, out in kept.out.items()})
    told = [{"order": order_digest(part.commits), "commits": [vars(one) for one in part.told]} for part in parts]
    store.write_json(draft / COMMITS, {"places": told, "withheld": kept.out})
    return [report for part in parts for report in part.reports] + ([kept.report] if kept.out else [])


def order_digest(commits: Sequence[str]) -> list[Any]:
    """[how many, a digest over their ids in order]."""
    return [len(commits), hashlib.sha256("\n".join(commits).encode()).hexdigest()]
