"""Edit rows of one repository: its changes -> tables of rows, those of commits that an earlier build knew taken over from it.

In: a repository, its corpus, the sides, options, and the folder of rows an earlier commit left. Out: ``EditRows``: a table a split, in the order
of history, and what became of every commit. Costs what ``changes`` and ``edits`` cost for the commits that are new, and a comparison for the others.

A commit's rows are taken over when everything they were made from is the same: the commits before it, the sides and roles of what it touched,
the signatures that its rows show, and nobody is named in them who came later. Only the age, which counts from the tip, is written anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute

from elite_code_dataset import progress, rows
from elite_code_dataset.authors import Authors
from elite_code_dataset.changes import Tally
from elite_code_dataset.edits import FAR_SCALE, Account, Clean, EditRules, Edits, Place, signature_lines
from elite_code_dataset.records import SPLITS, Change, DropReport, Window
from elite_code_dataset.repository import Repository
from elite_code_dataset.splits import Splits
from elite_code_dataset.tokens import Encoder
from elite_code_dataset.windows import Corpus, row_id
from elite_code_dataset.withholding import Common

Verdict = Callable[[str, bytes, str | None], tuple[str | None, str]]  # path, content, role -> (language, role) or (None, reason)


@dataclass
class Told:
    """One commit: a digest of its ``message``; ``changes``, each [lineage, path, committer time, role at the tip, place or reason]; what was counted;
    rows by split."""

    id: str
    message: str = ""
    changes: list[list[Any]] = field(default_factory=list)
    tally: dict[str, list[int]] = field(default_factory=dict)
    account: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class EditRows:
    """``rows`` by split; ``commits`` of the history, ``told`` of those that were chosen, in order; ``reports``: of the changes and of the rows;
    ``taken``: how many commits' rows came from earlier; ``people``: a digest of what messages were cleaned by."""

    rows: dict[str, rows.Pieced]
    commits: list[str]
    told: list[Told]
    reports: tuple[DropReport, ...]
    changes: int
    taken: int
    people: str = ""


NONE = EditRows({split: rows.Pieced(rows.ROW_SCHEMA.empty_table()) for split in SPLITS}, [], [], (), 0, 0)


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
        """The split, or the reason why there is none."""
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


def same_commits(left: rows.Left, sources: Sources, repository: Repository, authors: Authors, chosen: Container[str]) -> dict[str, int]:
    """commit -> its place among those that are left, of all the ``chosen`` whose rows would be made again as they are."""
    order, commits = left.told["order"], [commit.id for commit in repository.history().commits]
    if order != order_digest(commits[: order[0]]):
        return {}  # another order: its lineages may differ
    same_people = left.told["people"] == repository.people_digest()
    messages = {} if same_people else repository.messages([part["id"] for part in left.parts])
    lines = _lines(left, sources.signatures)
    naming = _naming(left, authors, repository.history().people, frozenset(commits[: order[0]]))
    same = {
        part["id"]: i
        for i, part in enumerate(left.parts)
        if part["id"] in chosen
        and "unreadable_blob" not in part["tally"]
        and part["id"] not in naming
        and (same_people or part["message"] == messages.get(part["id"]))
        and all(map(sources.holds, part["changes"]))
        and part["account"].get("lines", {}) == lines.get(part["id"], {})
    }
    return _without_secrets(same, left, repository)


def _without_secrets(same: dict[str, int], left: rows.Left, repository: Repository) -> dict[str, int]:
    """``same`` without the commits of lineages in which secrets were found and which other commits go on with, or began and are no longer chosen:
    what was found is not kept, so that all of such a lineage is read again."""
    found = {lineage for part in left.parts for lineage in part["account"].get("secrets", ())}
    if not found:
        return same
    touched = {c.id: {e.lineage for e in (*c.entries, *c.main_entries)} & found for c in repository.history().commits}
    touched |= {part["id"]: {change[0] for change in part["changes"]} & found for part in left.parts}
    while True:
        again = {lineage for commit, some in touched.items() if commit not in same for lineage in some}
        kept = {commit: at for commit, at in same.items() if touched[commit].isdisjoint(again)}
        if len(kept) == len(same):
            return same
        same = kept


def _lines(left: rows.Left, signatures: Mapping[str, tuple[str, str, str]]) -> dict[str, dict[str, str]]:
    """commit -> split -> digest of the signatures that its rows would show now."""
    found: dict[str, dict[str, str]] = {}
    names = ("commit", "scale", "idiom", "path", "text", "original_start", "original_end")
    for split, table in left.tables.items():
        part = table.select(names).slice(left.ends[split][0], left.ends[split][-1] - left.ends[split][0])
        part = part.filter(pa.compute.and_(pa.compute.greater_equal(part["scale"], FAR_SCALE), pa.compute.equal(part["idiom"], "")))
        for row in part.to_pylist():
            lines = signature_lines(row["text"][row["original_start"] : row["original_end"]], row["path"], split, signatures)
            if lines:
                told = found.setdefault(row["commit"], {})
                told[split] = row_id(told.get(split, ""), *lines)
    return found


def _naming(left: rows.Left, authors: Authors, people: Mapping[str, str], commits: Container[str]) -> set[str]:
    """The commits whose rows name somebody who is not named by those ``commits``, which are the ones that were there then."""
    later = [person for person in authors.people if people[person] not in commits]
    if not later:
        return set()
    traces = Authors(later).traces()
    return {commit for table in left.tables.values() for commit, text in zip(*_columns(table, "commit", "text")) if traces.stand_in(text)}


def _columns(table: pa.Table, *names: str) -> list[list[Any]]:
    return [table[name].to_pylist() for name in names]


def edit_rows(
    repository: Repository,
    sources: Sources,
    encoder: Encoder,
    rules: EditRules,
    selection: Mapping[str, Any],
    clean: Clean,
    left: rows.Left | None,
    authors: Authors,
) -> EditRows:
    """All edit rows of a repository. ``selection`` are the arguments of ``Repository.changes``; ``clean`` replaces secrets in a list of texts, and
    the names of ``authors`` are replaced too."""
    commits = [commit.id for commit in repository.history().commits]
    chosen = repository.selected(**selection)
    same = same_commits(left, sources, repository, authors, frozenset(chosen)) if left else {}
    taken = {commit: same[commit] for commit in chosen if commit in same}
    told = {commit: Told(**left.parts[taken[commit]]) if commit in taken else Told(commit) for commit in chosen}

    def place_of(change: Change) -> Place | str:
        place = sources.place_of(change)
        plain = place if isinstance(place, str) else [place.group, place.split, place.role, place.language]
        told[change.commit].changes.append([change.lineage, change.path, change.committed, sources.role_of(change.path), plain])
        return place

    changes = repository.changes(**selection, known=taken, generated=sources.unwanted)
    edits = Edits(changes, place_of, encoder, rules, clean, authors)
    new: dict[str, dict[str, list[Window]]] = {split: {} for split in SPLITS}
    for row in progress.over("cut edits", edits, unit="row"):
        new[row.split].setdefault(row.commit, []).append(row)
    tally = repository.changes_tally
    for commit, one in told.items():
        if commit in taken:
            tally.add(commit, one.tally)
            edits.accounts[commit] = Account(**one.account)
        else:
            one.message = tally.messages.get(commit, "")
            one.tally = tally.by_commit.get(commit, {})
            one.account = vars(edits.accounts.get(commit, Account()))
            one.rows = {split: len(some[commit]) for split, some in new.items() if commit in some}
    found = {}
    for split in SPLITS:
        pieces = (left.span(split, taken[commit]) if commit in taken else new[split].get(commit, []) for commit in chosen)
        found[split] = rows.pieced(pieces, left, split, rules.commit_time)
    return EditRows(
        found, commits, list(told.values()), (_report(tally), edits.report), tally.kept[0], len(taken), repository.people_digest()
    )


def _report(tally: Tally) -> DropReport:
    dropped = tally.dropped
    return DropReport(
        "changes", tally.kept[0], {r: n for r, (n, _) in dropped.items()}, tally.kept[1], {r: b for r, (_, b) in dropped.items()}
    )


def write(draft: Path, parts: Sequence[EditRows], tokenizer: str, evaluated: Sequence[str], trained: Common) -> list[DropReport]:
    """The rows of all repositories, without those that show what is ``evaluated``; returns the reports."""
    told = [{"order": order_digest(part.commits), "people": part.people, "parts": [vars(one) for one in part.told]} for part in parts]
    withheld = rows.leave(draft, [part.rows for part in parts], "edit_rows", tokenizer, told, evaluated, trained)
    return [report for part in parts for report in part.reports] + ([withheld] if withheld.dropped else [])


def order_digest(commits: Sequence[str]) -> list[Any]:
    """[how many, a digest over their ids in order]."""
    return [len(commits), hashlib.sha256("\n".join(commits).encode()).hexdigest()]
