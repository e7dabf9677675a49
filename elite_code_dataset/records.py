"""The nouns. Everything that travels between two stages is one of these.

In: nothing of ours. Out: frozen dataclasses; spans in bytes, never parser trees.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ROLES = ("core", "support", "test", "doc", "config", "generated", "vendored")
SPLITS = ("train", "validation", "test")
SCALES = (256, 512, 1024, 2048, 4096)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One text file at one commit, as the rest of the package sees it (secrets already replaced).

    ``path`` is a label with ``/`` between its parts, never opened on disk. ``blob`` is git's object id
    (for a plain folder: the git blob id the bytes would have). ``last_changed`` is the committer time, in
    Unix seconds, of the newest commit that touched the path. ``lineage`` names the file through its renames.
    """

    path: str
    language: str
    role: str
    commit: str
    blob: str
    text: str
    last_changed: int
    lineage: str


@dataclass(frozen=True, slots=True)
class Unit:
    """One named piece of syntax: its span in bytes takes in its doc comment and its attributes or decorators.

    ``header_end`` is the byte where the body starts (``end_byte`` where there is no body), so
    ``[start_byte, header_end)`` is what a reader sees of an enclosing type. ``parent`` is the index of the
    enclosing unit in ``ParsedFile.units``, -1 at the top. ``depth`` counts enclosing units. ``complexity`` is
    McCabe's cyclomatic number (1 + decision points) of the unit without its nested units.
    """

    kind: str
    name: str
    signature: str
    start_byte: int
    end_byte: int
    header_end: int
    depth: int
    parent: int
    complexity: int


@dataclass(frozen=True, slots=True)
class Import:
    """One import as written: ``module`` in the language's own notation, ``names`` what it brings in ('*' for all).

    ``kind`` is the language's word for it: import, from, use, mod, include, include_system, require, export, package...
    """

    module: str
    names: tuple[str, ...]
    kind: str
    start_byte: int
    end_byte: int


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """What the parser saw. ``statements`` are ascending byte offsets where a statement (at any depth) begins,
    moved back to the start of its line when nothing but blanks stands before it; ``blocks`` are byte offsets of
    softer places to cut (blank lines, headings, elements of a long literal). ``has_error`` is true when the
    syntax tree holds an error or missing node, or there was no grammar that could read the file in time."""

    source: SourceFile
    units: tuple[Unit, ...]
    imports: tuple[Import, ...]
    statements: tuple[int, ...]
    blocks: tuple[int, ...]
    has_error: bool


@dataclass(frozen=True, slots=True)
class Change:
    """What one commit did to one file. ``before`` is None for a file that was added, ``after`` for one deleted.

    ``timestamp`` is the author time and ``committed`` the committer time, Unix seconds. ``message`` holds no person's name or address.
    """

    lineage: str
    path: str
    before_path: str
    before: str | None
    after: str | None
    message: str
    commit: str
    timestamp: int
    committed: int


@dataclass(frozen=True, slots=True)
class Window:
    """One row before the passes. ``text`` is context followed by target; ``text[context_chars:]`` is the target, and
    ``input_ids[context_tokens:]`` its tokens. ``start_byte``/``end_byte`` are the target's span in the file (code rows) or
    in the updated file (edit rows). ``units`` and ``signatures`` name what the target defines, in order.
    ``dependencies`` are paths of this repository that the file imports. ``age_days`` counts from HEAD's commit time.
    ``verified`` is '' for real code, else the level to which an augmentation was checked; ``idiom`` names what an
    error-pattern row is about, or 'message' for an edit whose target is the commit message.
    ``text[original_start:original_end]`` is the original block of an edit row; 0, 0 elsewhere."""

    id: str
    group: str
    split: str
    path: str
    language: str
    role: str
    kind: str
    scale: int
    technique: str
    parent_id: str
    text: str
    context_chars: int
    input_ids: list[int]
    context_tokens: int
    n_tokens: int
    start_byte: int
    end_byte: int
    start_line: int
    end_line: int
    units: list[str]
    signatures: list[str]
    dependencies: list[str]
    complexity: int
    commit: str
    timestamp: int
    age_days: float
    verified: str = ""
    idiom: str = ""
    original_start: int = 0
    original_end: int = 0


@dataclass(frozen=True)
class DropReport:
    """What one step kept and what it dropped, by named reason; rows (or files, or changes) and their bytes."""

    step: str
    kept: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    kept_bytes: int = 0
    dropped_bytes: Mapping[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict:
        return {
            "step": self.step,
            "kept": self.kept,
            "dropped": dict(sorted(self.dropped.items())),
            "kept_bytes": self.kept_bytes,
            "dropped_bytes": dict(sorted(self.dropped_bytes.items())),
        }


class EliteCodeError(ValueError):
    """Something the user wrote cannot work. The message says what came, what was expected and what to do."""
