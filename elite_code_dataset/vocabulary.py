"""Vocabulary: which texts the default tokenizer is trained on, so chosen that most new commits leave it as it is.

In: readings, the sides, where the repositories are. Out: texts of the train side as of the anchor: the last commit of the first-parent line whose
number is a multiple of the largest power of two up to an eighth of the line's length (the tip itself while there are fewer than sixteen). So
the tokenizer is a function of the history alone, a model trained yesterday fits today's dataset, and encodings can be taken over.
Costs one read of each file that changed between the anchor and the tip.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from elite_code_dataset.config import MAX_LINE_BYTES
from elite_code_dataset.history import Commit, History
from elite_code_dataset.options import Options
from elite_code_dataset.reading import Reading, known_kind
from elite_code_dataset.repository import open_repository
from elite_code_dataset.secrets import redacted_many
from elite_code_dataset.texts import text_of
from elite_code_dataset.trees import FILE, kind_of_mode

PARTS = 8  # the anchor is at most this part of the line away from its tip


def anchor_of(history: History) -> Commit | None:
    """The commit whose files the tokenizer is trained on; None without a history."""
    line = history.first_parents()
    if not line:
        return None
    step = 1 << max(0, (len(line) // PARTS).bit_length() - 1)
    return line[len(line) // step * step - 1]


def files_at(history: History, tip: Mapping[str, tuple[str, str]], anchor: Commit) -> dict[str, tuple[str, str]]:
    """path -> (lineage, blob) as of the anchor, from those of the tip: what came after it on the first-parent line, undone."""
    state = dict(tip)
    line = history.first_parents()
    for commit in line[:0:-1]:
        if commit is anchor:
            break
        entries = commit.main_entries if len(commit.parents) > 1 else commit.entries
        for entry in entries:
            state.pop(entry.path, None)
        for entry in entries:
            if entry.old_blob and entry.status != "C" and kind_of_mode(entry.old_mode) == FILE:
                state[entry.old_path] = (entry.lineage, entry.old_blob)
    return state


def source_of(readings: Sequence[Reading], side: Mapping[str, str]) -> tuple[str, list[dict[str, str]]]:
    """(digest, per reading path -> blob) of what the tokenizer is trained on. The digest names it without a text being read."""
    chosen = []
    for reading in readings:
        anchor = anchor_of(reading.history)
        tip = {f.source.path[len(reading.prefix) :]: (f.source.lineage, f.source.blob) for f in reading.files}
        files = files_at(reading.history, tip, anchor) if anchor else tip
        chosen.append({path: blob for path, (lineage, blob) in sorted(files.items()) if side.get(lineage) == "train"})
    return hashlib.sha256(json.dumps(chosen).encode("utf-8", "surrogatepass")).hexdigest()[:16], chosen


def texts_of(reading: Reading, files: Mapping[str, str], options: Options, place: str) -> list[str]:
    """The texts of path -> blob, cleaned, without what would make no rows; the repository is opened where the reading does not hold them all."""
    held = {(f.source.path[len(reading.prefix) :], f.source.blob): f.source.text for f in reading.files}
    texts = {path: held[(path, blob)] for path, blob in files.items() if (path, blob) in held}
    missing = {path: blob for path, blob in files.items() if path not in texts}
    if missing:
        with open_repository(place, reading.commit) as repository:
            sizes = repository.blob_sizes(missing.values())
            found = {
                path: _text(path, repository.blob(blob)) for path, blob in missing.items() if sizes.get(blob, 0) <= options.max_file_bytes
            }
        found = {path: text for path, text in found.items() if text}
        clean = (
            redacted_many(list(found.values()), emails=options.redact_emails)
            if options.redact_secrets
            else [(t, {}) for t in found.values()]
        )
        texts |= {path: text for path, (text, _) in zip(found, clean)}
    return [texts[path] for path in sorted(texts)]


def _text(path: str, content: bytes | None) -> str:
    """The file as text; '' where it is none that makes rows."""
    if not content or known_kind(path, content)[0] is None:
        return ""
    text, _ = text_of(content, MAX_LINE_BYTES)
    return text
