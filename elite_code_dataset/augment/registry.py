"""The registry of techniques: what a technique is handed, what it hands back, and a dict with a decorator.

In: a function of one row. Out: an entry in ``TECHNIQUES``; a name declared twice is refused. Costs nothing.

A technique is ``apply(window, language, rng, helpers) -> Rewrite | Abstained``. It never raises for what a repository
contains, holds no state, and draws only from ``rng``. One that needs to have seen the whole data set first gives a
``survey``: a function of the original train rows whose answer (plain JSON values only) comes back as ``helpers.survey``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from elite_code_dataset.languages import Language
from elite_code_dataset.records import EliteCodeError

Item = TypeVar("Item")


@dataclass(frozen=True)
class Rewrite:
    """A new row in the making: ``text[context_chars:]`` is its target. ``verified`` is the level it was checked to, never ''.

    ``input_ids`` and ``context_tokens`` are given only where the ids are not those of the text encoded plainly (structural
    tokens set by number); otherwise the pass encodes context and target.
    """

    text: str
    context_chars: int
    verified: str
    idiom: str = ""
    input_ids: tuple[int, ...] | None = None
    context_tokens: int = 0


@dataclass(frozen=True)
class Abstained:
    """The technique was not sure, or found nothing to do; ``reason`` is a short name that is counted."""

    reason: str


class Rng:
    """Random draws from sha256(seed, name), so that a row's draws depend on nothing but the seed and the row."""

    def __init__(self, *key: object) -> None:
        self._key = "\0".join(str(part) for part in key).encode()
        self._drawn = 0

    def _next(self) -> int:
        digest = hashlib.sha256(self._key + b"\0" + str(self._drawn).encode()).digest()
        self._drawn += 1
        return int.from_bytes(digest[:8], "big")

    def random(self) -> float:
        """A float in [0, 1)."""
        return _fraction(self._next())

    def below(self, limit: int) -> int:
        """An int in [0, limit)."""
        return self._next() % limit

    def choice(self, items: Sequence[Item]) -> Item:
        return items[self.below(len(items))]

    def shuffled(self, items: Iterable[Item]) -> list[Item]:
        """The items in a drawn order (Fisher-Yates)."""
        result = list(items)
        for last in range(len(result) - 1, 0, -1):
            other = self.below(last + 1)
            result[last], result[other] = result[other], result[last]
        return result


def _fraction(drawn: int) -> float:
    return (drawn >> 11) / (1 << 53)


def first_draws(key: Sequence[object], ends: Iterable[Sequence[object]]) -> list[float]:
    """``Rng(*key, *end).random()`` for each of the ends."""
    begun = hashlib.sha256("\0".join(map(str, key)).encode())
    drawn = []
    for end in ends:
        one = begun.copy()
        one.update("".join(f"\0{part}" for part in (*end, 0)).encode())
        drawn.append(_fraction(int.from_bytes(one.digest()[:8], "big")))
    return drawn


@dataclass(frozen=True)
class Helpers:
    """What a technique may use besides the row: the data set's encoder, and the answer of its own survey (None without one)."""

    encoder: Any = None
    survey: Any = None


Window = Mapping[str, Any]
Apply = Callable[[Window, Language, Rng, Helpers], Rewrite | Abstained]
Survey = Callable[..., Any]
Seen = Callable[[Window, Any, Mapping[str, str]], Any]
RewriteSource = Callable[..., bytes | Abstained]  # (source, language, rng), and what the technique takes besides by name


@dataclass(frozen=True)
class Technique:
    """One entry: its name, what it does, whether the result means what its parent means, what it wants to know first, and how
    it rewrites a whole file (None: it does not keep the meaning, or has nothing to say about files).

    ``parted``: the survey takes a second argument, ``memo.Parts`` or None, for what it finds in one text.
    ``seen`` tells, as JSON, what an answer depends on besides the row, the draw and the tokenizer: given a row (without its text and ids), the survey's answer
    and the digest of each of the survey's entries. With it an answer is remembered and not asked for again. The row counts without ``OF_THE_TIP`` of
    ``keys``: who reads one of those columns has to say so here."""

    name: str
    apply: Apply
    preserves_meaning: bool
    survey: Survey | None = None
    rewrite_source: RewriteSource | None = None
    seen: Seen | None = None
    parted: bool = False


def row_alone(window: Window, survey: Any, digests: Mapping[str, str]) -> None:
    """``seen`` of a technique that looks at the row and at nothing else."""


TECHNIQUES: dict[str, Technique] = {}


def technique(
    name: str,
    *,
    preserves_meaning: bool = False,
    survey: Survey | None = None,
    rewrite_source: RewriteSource | None = None,
    seen: Seen | None = None,
    parted: bool = False,
) -> Callable[[Apply], Apply]:
    """Registers the decorated function under ``name``; raises ``EliteCodeError`` where another function has it already."""

    def register(apply: Apply) -> Apply:
        known = TECHNIQUES.get(name)
        if known and (known.apply.__module__, known.apply.__qualname__) != (apply.__module__, apply.__qualname__):
            raise EliteCodeError(
                f"technique {name!r} is declared twice: in {known.apply.__module__} and in {apply.__module__}; rename one of them"
            )
        TECHNIQUES[name] = Technique(name, apply, preserves_meaning, survey, rewrite_source, seen, parted)
        return apply

    return register
