"""Type annotations as data: how a language's annotations are taken away, and where a type is certain from the syntax alone.

In: a language. Out: two lists of ``Idiom``: ``stripping_of`` (an annotated place -> the same without) and ``explicit_of`` (a place whose type
cannot be another -> the same with it). One module a group of languages, each ``LANGUAGES``, ``STRIPPED`` and ``EXPLICIT``.
"""

from __future__ import annotations

from functools import cache

from elite_code_dataset.augment.idioms import Idiom, declared
from elite_code_dataset.languages import Language


@cache
def _listed(attribute: str) -> dict[str, tuple[Idiom, ...]]:
    return declared(__path__, __name__, attribute)


def stripping_of(language: Language) -> tuple[Idiom, ...]:
    """How annotations of the language are taken away; () where it has none that can be."""
    return _listed("STRIPPED").get(language.name, ())


def explicit_of(language: Language) -> tuple[Idiom, ...]:
    """Where a type is certain from the syntax; () where nothing is known."""
    return _listed("EXPLICIT").get(language.name, ())
