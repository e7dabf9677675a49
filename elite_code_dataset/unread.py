"""What of a repository could not be read when a commit was analysed: noted for the commit, so that what is found again makes a dataset of its own.

In: an open repository. Out: ``bound_of``, which tells apart what the same commit gave before a lost object was put back, and after; ``Held``, which
tells whether a clone gives what an earlier one gave. Costs one look for a small file; and where something was missing, one question about each such
object. A partial clone needs no note: what it holds is in its ``bound``, so that its commits keep their names in whole clones.

A dataset that was made while objects were missing keeps its name for as long as none of them can be read. Notes only grow, so names stay.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import datasets

from elite_code_dataset import store
from elite_code_dataset.git_objects import stored_in
from elite_code_dataset.git_place import place_of, shallow_ids
from elite_code_dataset.repository import Repository


@dataclass(frozen=True)
class Held:
    """What a clone leaves out on purpose: ``shallow``, the commits whose parents it lacks; and the other way round ``stored``, all packs and loose
    objects of a partial clone. Both are empty for a whole one."""

    shallow: tuple[str, ...] = ()
    stored: tuple[str, ...] = ()

    def gives_again(self, before: Held) -> bool:
        """Whether what was read of a clone that held ``before`` is read of this one too. What this one reads besides was asked for in vain then."""
        same = self.shallow == before.shallow and bool(self.stored) == bool(before.stored)
        return same and set(before.stored) <= set(self.stored)


def held_at(folder: str | Path) -> Held:
    """What the clone in a folder holds now; that of a whole clone for a plain folder."""
    place = place_of(Path(folder).expanduser().resolve())
    return Held(tuple(sorted(shallow_ids(place))), tuple(stored_in(place))) if place else Held()


def note(commit: str, unread: Mapping[str, bool]) -> None:
    """Add what could not be read of a commit, see ``Repository.unread``, to what was noted of it."""
    before = noted(commit) if unread else {}
    if unread.keys() - before.keys():
        _file(commit).parent.mkdir(parents=True, exist_ok=True)
        store.write_synced(_file(commit), json.dumps({**unread, **before}, sort_keys=True).encode())


def noted(commit: str) -> dict[str, bool]:
    """All that could not be read of a commit once."""
    try:
        found = store.read_json(_file(commit))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def bound_of(repository: Repository) -> str:
    """The repository's ``bound``, and what can be read now of what once could not; '' for a clone that was whole from the start."""
    came = repository.readable(noted(repository.commit))
    told = "\n".join([repository.bound, *came])
    return hashlib.sha256(told.encode()).hexdigest()[:16] if came else repository.bound


def _file(commit: str) -> Path:
    return Path(datasets.config.HF_DATASETS_CACHE) / "elite_code_dataset-unread" / f"{commit}.json"
