"""What a user can choose when a dataset is built, in the order of the flow; and the builder's config with its cache identity.

In: keyword arguments. Out: ``Options`` (plain), ``EliteCodeConfig`` (a ``datasets.BuilderConfig`` with the same fields). Raises EliteCodeError
on a value that cannot work. ``create_config_id`` pins the commit: one read of the repository's refs.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import datasets

from elite_code_dataset.config import MAX_FILE_BYTES, VERSION, source_digest
from elite_code_dataset.records import SCALES, EliteCodeError

CONFIG_NAMES = ("files", "edits", *(f"w{scale}" for scale in SCALES), "multiscale")
KINDS = {  # what an annotation of ``Options`` lets through
    "str": (str,),
    "str | None": (str, type(None)),
    "int": (int,),
    "int | None": (int, type(None)),
    "float": (int, float),
    "bool": (bool,),
    "list[str] | None": (list, tuple, type(None)),
    "str | int | None": (str, int, type(None)),
}
CHOICES = {"split_by": ("lineage", "time"), "cut": ("syntax", "blind"), "diff_format": ("blocks", "unified")}


@dataclass
class Options:
    """One field an option. Two datasets of one commit with equal options and tokenizer have equal rows."""

    commit: str = "HEAD"  # a branch, tag or hex id; pinned when the dataset is asked for
    include: list[str] | None = None  # globs over paths; None for all
    exclude: list[str] | None = None  # globs over paths to leave out
    max_file_bytes: int = MAX_FILE_BYTES  # larger files are left out and counted
    redact_secrets: bool = True  # replace keys, tokens and passwords by placeholders
    redact_emails: bool = True  # and personal e-mail addresses
    redact_names: bool = True  # and the names and addresses of those who wrote the history, in files and changes; messages never have them
    split_by: str = "lineage"  # or "time": the newest changes are the test split
    split_as_of: str | None = None  # a commit: the files and the tokenizer it had stay as they were split and trained then
    seed: int = 0  # of the split and of every random choice
    tokenizer: str | None = None  # a folder or a Hub name; None trains one on the train split
    cut: str = "syntax"  # or "blind": every so many tokens, as older recipes do
    overlap: float = 0.0  # share of a window that the next one repeats
    max_commits: int | None = None  # edits of the newest so many commits; None for all
    since: str | int | None = None  # edits since this ISO date or Unix second, by committer time
    until: str | int | None = None  # edits until this ISO date or Unix second
    first_parent: bool = False  # follow first parents only; a merge is then one change
    diff_format: str = "blocks"  # original and updated block; or "unified": a unified diff is the target
    message_share: float = 0.1  # of edits that also ask for the commit message

    def checked(self) -> Options:
        """Itself, or EliteCodeError about the first value that cannot work."""
        for one in fields(Options):
            value, kinds = getattr(self, one.name), KINDS[one.type]
            if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
                raise EliteCodeError(
                    f"{one.name}={value!r} is a {type(value).__name__}; expected {one.type.replace(' | None', ' or None')}"
                )
        for name in ("include", "exclude"):
            if not all(isinstance(pattern, str) for pattern in getattr(self, name) or ()):
                raise EliteCodeError(
                    f"{name}={getattr(self, name)!r} holds something else than text; expected a list of globs such as 'src/*'"
                )
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise EliteCodeError(f"{name}={getattr(self, name)!r} is not an option; expected one of {', '.join(map(repr, allowed))}")
        if self.split_as_of is not None and self.split_by != "lineage":
            raise EliteCodeError(
                f"split_as_of={self.split_as_of!r} with split_by={self.split_by!r} asks for two splits; expected split_by='lineage' with it"
            )
        for name in ("overlap", "message_share"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1:
                raise EliteCodeError(f"{name}={value!r} is out of range; expected a share of at least 0 and below 1")
        for name in ("max_file_bytes", "max_commits"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
                raise EliteCodeError(f"{name}={value!r} is out of range; expected a whole number of at least 1")
        return self

    def as_dict(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(Options)}

    def digest(self, names: tuple[str, ...] | None = None) -> str:
        """16 hex digits over the named options (all of them by default), the tokenizer's file where it is a folder, and our own sources."""
        chosen = {k: v for k, v in self.as_dict().items() if names is None or k in names}
        chosen["tokenizer"] = _tokenizer_identity(self.tokenizer)
        told = json.dumps([source_digest(), chosen], sort_keys=True, default=str)
        return hashlib.sha256(told.encode()).hexdigest()[:16]


def options_from(given: dict[str, Any]) -> Options:
    """Options of keyword arguments. Raises EliteCodeError for a name that is none, with the names there are."""
    known = {f.name for f in fields(Options)}
    for name in given:
        if name not in known:
            raise EliteCodeError(f"unknown option {name!r}; available: {', '.join(sorted(known))}")
    return Options(**given).checked()


def _tokenizer_identity(name: str | None) -> str | None:
    if name is None:
        return None
    file = Path(name).expanduser() / "tokenizer.json"
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else name


@dataclass
class EliteCodeConfig(datasets.BuilderConfig, Options):
    """A ``BuilderConfig`` with every option as a field. ``commits`` are the pinned commits, one a repository,
    set when the id is made; given, they are what is read, so that several configs are of one commit while the repository moves on. ``bounds``: what
    else decides what can be read of them, see ``unread.bound_of``; '' for a whole clone."""

    version: datasets.Version | str | None = datasets.Version(VERSION)
    commits: tuple[str, ...] = ()
    bounds: tuple[str, ...] = ()

    def create_config_id(self, config_kwargs: dict, custom_features: datasets.Features | None = None) -> str:
        """name + commit + digest of options and sources: a new commit is a new dataset, an unchanged one comes from the cache."""
        if self.data_dir is None:
            return f"{self.name}-unbound"
        from elite_code_dataset.repository import open_repository  # here, as a config may be made where no repository is read
        from elite_code_dataset.unread import bound_of

        self.checked()
        places = repositories_of(self.data_dir)
        if len(self.commits) != len(places) or len(self.bounds) != len(places):
            wanted = self.commits if len(self.commits) == len(places) else (self.commit,) * len(places)
            pinned = []
            for place, commit in zip(places, wanted):
                with open_repository(place, "HEAD" if commit.startswith("folder-") else commit) as repository:
                    pinned.append((commit if commit in self.commits else repository.commit, bound_of(repository)))
            self.commits, self.bounds = (tuple(told) for told in zip(*pinned))
        if self.split_as_of is not None:
            self.split_as_of = _pinned(self.split_as_of, places)
        digest = hashlib.sha256(json.dumps([self.commits, self.bounds, self.digest(), str(custom_features)]).encode()).hexdigest()[:16]
        return f"{self.name}-{self.commits[0][:12]}-{digest}"


def _pinned(split_as_of: str, places: tuple[str, ...]) -> str:
    """The commit's own name. Raises EliteCodeError for a folder, and for more than one repository."""
    from elite_code_dataset.repository import open_repository

    if len(places) > 1:
        raise EliteCodeError(
            f"split_as_of={split_as_of!r} names a commit of one repository, data_dir names {len(places)}; build them one by one"
        )
    with open_repository(places[0], split_as_of) as repository:
        if repository.kind != "git":
            raise EliteCodeError(f"split_as_of={split_as_of!r} needs a history and {places[0]} is a plain folder; leave it out")
        return repository.commit


def repositories_of(data_dir: Any) -> tuple[str, ...]:
    """``data_dir`` as a tuple of places: a path or a list of paths. Raises EliteCodeError for an empty list or another kind of value."""
    data_dir = None if data_dir == "" else data_dir
    places = (data_dir,) if isinstance(data_dir, (str, Path)) else tuple(data_dir) if isinstance(data_dir, (list, tuple)) else None
    if not places or not all(isinstance(p, (str, Path)) for p in places):
        raise EliteCodeError(f"data_dir={data_dir!r} is not a path; expected the path of a repository, or a list of paths")
    found = tuple(str(Path(p).expanduser().resolve()) for p in places)
    if len(set(found)) < len(found):
        raise EliteCodeError(f"data_dir={list(map(str, places))!r} names a repository twice; expected each once")
    return found
