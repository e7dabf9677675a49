"""Vocabulary: the default tokenizer, trained on the train side as of an anchor, so that most new commits leave it as it is.

In: readings, sides, where the repositories are. Out: an ``Encoder``, and every lineage's size in its tokens. The anchor is the last commit of the
first-parent line whose number is a multiple of the largest power of two up to an eighth of the line's length; on a short line, the oldest with
most of today's files. So the tokenizer and what is balanced by it are functions of the history alone, a model trained yesterday fits today's
dataset, and encodings can be taken over. Costs one read of each file that changed between the anchor and the tip, and two trainings of a
tokenizer where the sides are balanced by the first.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from elite_code_dataset import store
from elite_code_dataset.config import MAX_LINE_BYTES
from elite_code_dataset.history import Commit, History
from elite_code_dataset.options import Options
from elite_code_dataset.reading import Reading, known_kind
from elite_code_dataset.repository import chosen_paths, open_repository
from elite_code_dataset.secrets import redacted_many
from elite_code_dataset.texts import text_of
from elite_code_dataset.tokens import TRAINED, Encoder, encoder_named, trained_encoder
from elite_code_dataset.trees import FILE, Entry, kind_of_mode

TOLD = "vocabulary.json"  # in each analysis' folder
PARTS = 8  # the anchor is at most this part of the line away from its tip
SHORT = 16  # commits of a line
MOST = 0.8  # of the files


def anchor_of(history: History) -> Commit | None:
    """The commit whose files the tokenizer is trained on; None without a history."""
    line = history.first_parents()
    if not line:
        return None
    if len(line) < SHORT:
        paths: set[str] = set()
        counts = []
        for commit in line:
            for entry in _entries(commit):
                paths.discard(entry.old_path if entry.status == "R" else entry.path)
                if entry.new_blob:
                    paths.add(entry.path)
            counts.append(len(paths))
        return next(commit for commit, number in zip(line, counts) if number >= MOST * counts[-1])
    step = 1 << (len(line) // PARTS).bit_length() - 1
    return line[len(line) // step * step - 1]


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
    """The tokenizer that these readings get by default. ``told`` is what a later analysis needs to take over what was measured here."""

    def __init__(self, readings: Sequence[Reading], places: Sequence[str], options: Options) -> None:
        self._readings, self._places, self._options = readings, places, options
        self._anchors = [anchor_of(reading.history) for reading in readings]
        self._files: dict[tuple[int, str], tuple[str, str]] = {}  # reading, path -> lineage, blob
        for i, (reading, anchor) in enumerate(zip(readings, self._anchors)):
            tip = {f.source.path[len(reading.prefix) :]: (f.source.lineage, f.source.blob) for f in reading.files}
            found = files_at(reading.history, tip, anchor) if anchor else tip
            wanted = chosen_paths(found, options.include, options.exclude)
            self._files |= {(i, path): found[path] for path in sorted(wanted)}
        self._made: dict[str, Encoder] = {}
        self.told: dict[str, Any] = {}

    @property
    def after(self) -> float:
        """The number of the anchor among the commits; of several repositories, the end of all."""
        if len(self._readings) > 1 or self._anchors[0] is None:
            return math.inf
        return self._readings[0].history.commits.index(self._anchors[0])

    def encoder(self, side: Mapping[str, str]) -> Encoder:
        """The tokenizer trained on the files whose lineage is on the train side."""
        chosen = [key for key, (lineage, _) in self._files.items() if side.get(lineage) == "train"]
        digest = self._digest(chosen)
        if digest not in self._made:
            earlier = self._earlier("trained_on", digest)
            self._made[digest] = encoder_named(str(earlier / "tokenizer")) if earlier else self._trained(chosen, side)
            self._made[digest].label = TRAINED
        self.told["trained_on"] = digest
        return self._made[digest]

    def sizes(self, side: Mapping[str, str]) -> dict[str, int]:
        """lineage -> its tokens at the anchor, by the tokenizer of these sides."""
        chosen = [key for key, (lineage, _) in self._files.items() if side.get(lineage) == "train"]
        digest = self._digest([*chosen, (-1, ""), *self._files])
        earlier = self._earlier("measured_on", digest)
        sizes: dict[str, int] = Counter()
        if earlier:
            sizes = store.read_json(earlier / TOLD)["sizes"]
        else:
            encoder = self.encoder(side)
            for key, ids in zip(self._texts, encoder.ids_of(list(self._texts.values()))):
                sizes[self._files[key][0]] += len(ids)
        self.told |= {"measured_on": digest, "sizes": dict(sizes)}
        return dict(sizes)

    def _digest(self, keys: Sequence[tuple[int, str]]) -> str:
        told = [[*key, self._files[key][1]] if key in self._files else [] for key in keys]
        return hashlib.sha256(json.dumps(told).encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def _earlier(self, name: str, digest: str) -> Path | None:
        folders = [reading.earlier.folder for reading in self._readings if reading.earlier]
        return next((folder for folder in folders if store.read_json(folder / TOLD).get(name) == digest), None)

    def _trained(self, chosen: Sequence[tuple[int, str]], side: Mapping[str, str]) -> Encoder:
        texts = [self._texts[key] for key in chosen if key in self._texts]
        if not any(texts):  # nothing of what is train today was there yet
            texts = [f.source.text for r in self._readings for f in r.files if side.get(f.source.lineage) == "train"]
        return trained_encoder(texts)

    @cached_property
    def _texts(self) -> dict[tuple[int, str], str]:
        """The files' texts as they would make rows; those that would make none are left out."""
        found: dict[tuple[int, str], str] = {}
        for i, reading in enumerate(self._readings):
            held = {(f.source.path[len(reading.prefix) :], f.source.blob): f.source.text for f in reading.files}
            files = {path: blob for (at, path), (_, blob) in self._files.items() if at == i}
            missing = {path: blob for path, blob in files.items() if (path, blob) not in held}
            read = self._read(self._places[i], reading.commit, missing) if missing else {}
            found |= {(i, path): read.get(path) or held.get((path, blob), "") for path, blob in files.items()}
        return {key: text for key, text in found.items() if text}

    def _read(self, place: str, commit: str, files: Mapping[str, str]) -> dict[str, str]:
        options = self._options
        with open_repository(place, commit) as repository:
            sizes = repository.blob_sizes(files.values())
            fitting = {path: blob for path, blob in files.items() if 0 < sizes.get(blob, 0) <= options.max_file_bytes}
            texts = {path: _text(path, repository.blob(blob)) for path, blob in fitting.items()}
        if not options.redact_secrets:
            return texts
        return dict(zip(texts, (text for text, _ in redacted_many(list(texts.values()), emails=options.redact_emails))))


def _text(path: str, content: bytes | None) -> str:
    """The file as text; '' where it is none that makes rows."""
    if not content or known_kind(path, content)[0] is None:
        return ""
    text, _ = text_of(content, MAX_LINE_BYTES)
    return text
