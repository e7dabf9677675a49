"""Vocabulary: the default tokenizer, trained on the train side as of an anchor, so that most new commits leave it as it is.

In: readings, sides, where the repositories are. Out: an ``Encoder``, and every lineage's size in its tokens. The anchor is the commit at which the
split last measured sizes: the first with a quarter more code than the one before, of much code with half. So the tokenizer and what is balanced by it
are functions of the history alone, a model trained yesterday fits today's dataset, and encodings can be taken over. Costs, of a repository that grew
steadily, five trainings of a small tokenizer and five encodings of what is there (three of much code, none beyond a million tokens), and one read
of each file that looked otherwise then.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from elite_code_dataset.authors import KIND
from elite_code_dataset.config import MAX_LINE_BYTES
from elite_code_dataset.history import Commit, History
from elite_code_dataset.options import Options
from elite_code_dataset.reading import Reading, known_kind
from elite_code_dataset.repository import Repository, chosen_paths, open_repository
from elite_code_dataset.secrets import redacted_many
from elite_code_dataset.texts import text_of
from elite_code_dataset.tokens import TRAINED, Encoder, encoder_named, trained_encoder
from elite_code_dataset.trees import FILE, Entry, kind_of_mode

TOLD = "vocabulary.json"  # in each analysis' folder
File = tuple[int, str, str]  # reading, path, blob


def _entries(commit: Commit) -> Sequence[Entry]:
    """What a commit of the first-parent line changed on it."""
    return commit.main_entries if len(commit.parents) > 1 and not commit.boundary else commit.entries


def files_at(history: History, tip: Mapping[str, tuple[str, str]], anchor: Commit) -> dict[str, tuple[str, str]]:
    """path -> (lineage, blob) as of the anchor, from those of the tip: what came after it on the first-parent line, undone."""
    state = dict(tip)
    line = history.first_parents()
    for commit in line[:0:-1]:
        if commit is anchor:
            break
        for entry in _entries(commit):
            state.pop(entry.path, None)
        for entry in _entries(commit):
            if entry.old_blob and entry.status != "C" and kind_of_mode(entry.old_mode) == FILE:
                state[entry.old_path] = (entry.lineage, entry.old_blob)
    return state


class Vocabulary:
    """The tokenizer that these readings get by default; ``offsets``: the order of each reading's first commit among the split's steps. ``told`` is
    what a later analysis needs to take over what was measured here. Use as a context manager: repositories stay open for old texts."""

    def __init__(self, readings: Sequence[Reading], places: Sequence[str], offsets: Sequence[int], options: Options) -> None:
        self._readings, self._places, self._offsets, self._options = readings, places, offsets, options
        self._open = ExitStack()
        self._repositories: dict[int, Repository] = {}
        self._texts: dict[File, str] = {
            (i, f.source.path[len(r.prefix) :], f.source.blob): f.source.text
            for i, r in enumerate(readings)
            for f in r.files
            if KIND not in r.seen[f.source.path].secrets
        }  # the others are read as they are, so that nobody who comes later changes what was trained
        self._files = self._files_after(math.inf)
        self.told: dict[str, Any] = {"measured": {}}
        self._newest: tuple[str, Encoder] | None = None  # what was trained last, and on which files

    def __enter__(self) -> Vocabulary:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def sizes(self, order: int, side: Mapping[str, str]) -> dict[str, int]:
        """lineage -> its tokens after the commit of this order, by the tokenizer of these sides."""
        files = self._files_after(order)
        chosen = [file for file, lineage in files.items() if side.get(lineage) == "train"]
        digest = _digest([(*file, lineage, side.get(lineage, "")) for file, lineage in files.items()])
        sizes: dict[str, int] = next(
            (told["measured"][digest] for told in (self.told, *self._told_earlier()) if digest in told["measured"]), {}
        )
        if not sizes:
            texts = self._read(list(files))
            encoder = trained_encoder([texts[file] for file in chosen or files])
            self._newest = _digest(chosen), encoder
            sizes = Counter()
            for lineage, ids in zip(files.values(), encoder.ids_of([texts[file] for file in files])):
                sizes[lineage] += len(ids)
        self.told["measured"][digest] = dict(sizes)
        return dict(sizes)

    def anchor(self, order: int) -> None:
        """From now on the tokenizer is trained on what was there after the commit of this order."""
        self._files = self._files_after(order)

    def encoder(self, side: Mapping[str, str]) -> Encoder:
        """The tokenizer trained on the anchor's files whose lineage is on the train side; an earlier one that was trained on the same."""
        chosen = [file for file, lineage in self._files.items() if side.get(lineage) == "train"]
        self.told["trained_on"] = digest = _digest(chosen)
        earlier = next((r.earlier for r in self._readings if r.earlier and r.earlier.vocabulary.get("trained_on") == digest), None)
        if earlier and chosen:
            encoder = encoder_named(str(earlier.folder / "tokenizer"))
            encoder.label = TRAINED
            return encoder
        if self._newest and self._newest[0] == digest and chosen:
            return self._newest[1]
        texts = list(self._read(chosen).values())
        if not any(texts):  # nothing of what is train today was there yet
            texts = [f.source.text for r in self._readings for f in r.files if side.get(f.source.lineage) == "train"]
        return trained_encoder(texts)

    def _files_after(self, order: float) -> dict[File, str]:
        """What was there after the commit of this order -> lineage; what the options leave out is left out."""
        found: dict[File, str] = {}
        for i, (reading, offset) in enumerate(zip(self._readings, self._offsets)):
            if order < offset:
                continue
            files = {f.source.path[len(reading.prefix) :]: (f.source.lineage, f.source.blob) for f in reading.files}
            commits = reading.history.commits
            if order - offset < len(commits):
                files = files_at(reading.history, files, commits[int(order) - offset])
            wanted = chosen_paths(files, self._options.include, self._options.exclude)
            found |= {(i, path, files[path][1]): files[path][0] for path in sorted(wanted)}
        return found

    def _told_earlier(self) -> list[dict[str, Any]]:
        return [reading.earlier.vocabulary for reading in self._readings if reading.earlier]

    def _read(self, files: Sequence[File]) -> dict[File, str]:
        """The texts as they would make rows, '' for those that would make none; each is read once."""
        missing = [file for file in files if file not in self._texts]
        if missing:
            repositories = {i: self._repository(i) for i in {i for i, _, _ in missing}}
            sizes = {i: repository.blob_sizes(blob for at, _, blob in missing if at == i) for i, repository in repositories.items()}
            texts = [
                _text(repositories[i].blob(blob, self._options.max_file_bytes)) if sizes[i].get(blob, 0) else "" for i, _, blob in missing
            ]
            if self._options.redact_secrets:
                texts = [text for text, _ in redacted_many(texts, emails=self._options.redact_emails)]
            for file, text in zip(missing, texts):
                self._texts[file] = text if text and known_kind(file[1], text.encode())[0] is not None else ""
        return {file: self._texts[file] for file in files}

    def _repository(self, i: int) -> Repository:
        if i not in self._repositories:
            self._repositories[i] = self._open.enter_context(open_repository(self._places[i], self._readings[i].commit))
        return self._repositories[i]


def _digest(files: Sequence[tuple]) -> str:
    return hashlib.sha256(json.dumps(list(files)).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _text(content: bytes | None) -> str:
    """The file as text, as ``Repository.files`` would have it; '' where it is none."""
    return text_of(content, MAX_LINE_BYTES)[0] if content else ""
