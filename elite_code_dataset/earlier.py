"""Earlier: what an analysis of the same repository at an older commit found, so that a rebuild reads only what is new.

In: the folder of analyses, the options' digest and an open repository. Out: ``Earlier``: history, files by path and blob and line times as of that
commit, and where its rows lie. Whatever is taken over is a function of what it was made from alone, so a rebuild gives the rows that a
fresh build gives; a damaged folder is passed over. Costs one read of one analysis.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from elite_code_dataset import store
from elite_code_dataset.history import History, from_plain
from elite_code_dataset.records import Import, ParsedFile, SourceFile, Unit
from elite_code_dataset.repository import Repository
from elite_code_dataset.tokens import Encoding
from elite_code_dataset.unread import Held, held_at

# In each analysis' folder: the options' digest; of each repository (prefix of the paths, commit), what it ``Held``, and (folder, place) it continued.
ORIGIN = "origin.json"
SOURCE_FIELDS = ("path", "language", "role", "commit", "blob", "text", "last_changed", "lineage")
HEAVY = ("ids", "starts", "line_times")  # columns that are read as arrays, not as Python lists


@dataclass(frozen=True)
class Noted:
    """What was seen when a file was read: its size in bytes, what is unusual about it, how many secrets of each kind."""

    size: int
    oddities: tuple[str, ...]
    secrets: dict[str, int]


@dataclass(frozen=True)
class KnownFile:
    parsed: ParsedFile
    encoding: Encoding
    times: np.ndarray | None
    noted: Noted


@dataclass(frozen=True)
class Dropped:
    """A file that leaves no rows, though it is text: why, how many bytes of text it would have had, and what was seen when it was read."""

    reason: str
    text_bytes: int
    noted: Noted


@dataclass(frozen=True)
class Earlier:
    """``place``: which of the analysis' repositories this was; ``prefix`` went before its paths."""

    folder: Path
    place: int
    prefix: str

    def is_there(self) -> bool:
        """Read it all now, as another process may remove it; whether that could be done."""
        try:
            return all(
                one is not None for one in (self.facts, self.files, self.dropped, self.tokens, self.vocabulary, self.history, self.unread)
            )
        except OSError:
            return False

    @cached_property
    def vocabulary(self) -> dict[str, Any]:
        """What the default tokenizer was trained on, and what it measured."""
        return store.read_json(self.folder / "vocabulary.json")

    @cached_property
    def history(self) -> History:
        return history_in(self.folder, self.place)

    @cached_property
    def tokens(self) -> dict[str, int]:
        """blob -> its tokens as they were estimated."""
        return store.read_json(self.folder / f"tokens-{self.place}.json")

    @cached_property
    def dropped(self) -> dict[tuple[str, str], Dropped]:
        """(path without the prefix, blob) -> what is known of a file without rows."""
        told = store.read_json(self.folder / f"dropped-{self.place}.json")
        return {(path, blob): Dropped(reason, size, Noted(noted[0], tuple(noted[1]), noted[2])) for path, blob, reason, size, noted in told}

    @cached_property
    def unread(self) -> dict[str, bool]:
        """What could not be read then, see ``Repository.unread``."""
        return store.read_json(self.folder / f"unread-{self.place}.json")

    @cached_property
    def facts(self) -> dict[str, Any]:
        return store.read_json(self.folder / "facts.json")

    @cached_property
    def files(self) -> dict[tuple[str, str], KnownFile]:
        """(path without the prefix, blob) -> file."""
        table = store.read_table(self.folder / "files.arrow").combine_chunks()
        found = {}
        for file, row, encoding, times in rows_of(table):
            if row["repository"] == self.place:
                noted = Noted(row["size"], tuple(row["oddities"]), dict(json.loads(row["secrets"])))
                found[(row["path"][len(self.prefix) :], row["blob"])] = KnownFile(file, encoding, times, noted)
        return found

    def line_times(self) -> dict[tuple[str, str], np.ndarray]:
        return {version: known.times for version, known in self.files.items() if known.times is not None}


def history_in(folder: Path, place: int) -> History:
    """The history that an analysis was made from."""
    return from_plain(store.read_json(folder / f"history-{place}.json"))


def rows_of(table: pa.Table) -> list[tuple[ParsedFile, dict[str, Any], Encoding, np.ndarray | None]]:
    """Each row of an analysis' table of files: the file, the plain columns, its encoding, its line times where they are known."""
    arrays = {name: table.column(name).chunk(0) if table.num_rows else None for name in HEAVY}
    found = []
    for i, row in enumerate(table.select([n for n in table.column_names if n not in HEAVY]).to_pylist()):
        units = tuple(Unit(**u) for u in row["units"])
        imports = tuple(Import(**{**m, "names": tuple(m["names"])}) for m in row["imports"])
        source = SourceFile(**{name: row[name] for name in SOURCE_FIELDS})
        file = ParsedFile(source, units, imports, tuple(row["statements"]), tuple(row["blocks"]), row["has_error"])
        encoding = Encoding(*(arrays[name][i].values.to_numpy(zero_copy_only=False) for name in ("ids", "starts")))
        lines = arrays["line_times"][i].values
        times = lines.to_numpy(zero_copy_only=False) if lines is not None and len(lines) else None
        found.append((file, row, encoding, times))
    return found


def earlier_of(root: Path, identity: str, prefix: str, repository: Repository) -> Earlier | None:
    """The nearest analysis before a repository's commit, on the first-parent line, that was made below ``root`` with the same options, is whole, read
    nothing that this clone does not hold, and missed nothing that can be read now; None where there is none."""
    there: dict[str, list[tuple[Path, int]]] = {}
    held = held_at(repository.folder)
    for path in sorted(root.glob(f"*/{ORIGIN}")):
        try:
            origin = store.read_json(path)
            if origin["identity"] == identity and not path.parent.name.startswith("."):
                for place, ((its_prefix, commit), its_held) in enumerate(zip(origin["places"], origin["held"], strict=True)):
                    if its_prefix == prefix and held.gives_again(Held(*map(tuple, its_held))):
                        there.setdefault(commit, []).append((path.parent, place))
        except (OSError, ValueError, LookupError, TypeError):
            continue  # being written, removed or damaged by somebody else
    while there and (commit := repository.first_parent_among(there)) is not None:
        for folder, place in there.pop(commit):
            found = Earlier(folder, place, prefix)
            if store.is_whole(folder) and found.is_there() and not repository.readable(found.unread):
                return found
    return None
