"""type_annotations: the same code without its types is the context, the annotated code the target.

In: a row of code. Out: the row with its annotations taken away in a marked block ahead of its target. Where a row has none, types that the
syntax leaves no doubt about are written into the target first (``idiom`` is then ``explicit_types``); the block is the code as it was. Costs two or
three parses and a query for each kind of annotation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from elite_code_dataset.augment.annotations import explicit_of, stripping_of
from elite_code_dataset.augment.frames import Framed, framed
from elite_code_dataset.augment.idioms import Idiom, Site, sites_of, worsened
from elite_code_dataset.augment.registry import Abstained, Helpers, Rewrite, Rng, row_alone, technique
from elite_code_dataset.augment.repair import repair_of, target_of
from elite_code_dataset.config import EXPLICIT_TYPES_SHARE
from elite_code_dataset.languages import Language

LABELS = ("Without types:", "With types:")


def rewrite_source(source: bytes, language: Language, rng: Rng) -> bytes | Abstained:
    """A whole file with every type written in that is certain."""
    if not explicit_of(language):
        return Abstained("no_annotations_in_language")
    view = framed(source.decode(), language)
    if view is None or view.trouble or view.source != source:
        return Abstained("no_syntax_tree" if view is None else "unreadable")
    certain = found_by(explicit_of(language), language, view)
    if not certain:
        return Abstained("nothing_to_annotate")
    result = worsened(source, 0, len(source), certain).encode()
    after = framed(result.decode(), language)
    return Abstained("not_verified") if after is None or after.trouble else result


@technique("type_annotations", preserves_meaning=True, rewrite_source=rewrite_source, seen=row_alone)
def type_annotations(window: Mapping[str, Any], language: Language, rng: Rng, helpers: Helpers) -> Rewrite | Abstained:
    """Strips what is annotated; else makes explicit what is certain and strips that."""
    if window["kind"] != "code":
        return Abstained("not_code")
    if not stripping_of(language):
        return Abstained("no_annotations_in_language")
    view = framed(target_of(window), language)
    if view is None:
        return Abstained("no_syntax_tree")
    sites = found_by(stripping_of(language), language, view)
    if sites:
        return repair_of(window, language, view, sites, lambda a, b: worsened(view.source, a, b, sites), LABELS, rng, helpers)
    return _explicit(window, language, view, rng, helpers)


def found_by(idioms: Sequence[Idiom], language: Language, view: Framed) -> list[Site]:
    """Every place of every idiom in a text; none where a part could not be read, since a type may then have been taken for a function."""
    return [] if view.trouble else [site for idiom in idioms for site in sites_of(idiom, language, view)]


def _explicit(window: Mapping[str, Any], language: Language, view: Framed, rng: Rng, helpers: Helpers) -> Rewrite | Abstained:
    certain = found_by(explicit_of(language), language, view)
    if not certain:
        return Abstained("unreadable" if view.trouble else "nothing_to_annotate")
    if rng.random() >= EXPLICIT_TYPES_SHARE:
        return Abstained("left_as_written")
    target = worsened(view.source, view.first, view.last, certain)
    typed = framed(target, language)
    if typed is None or typed.trouble > view.trouble:
        return Abstained("not_verified")
    sites = found_by(stripping_of(language), language, typed)
    if not sites or worsened(typed.source, typed.first, typed.last, sites) != target_of(window):
        return Abstained("not_verified")
    row = {**window, "text": window["text"][: window["context_chars"]] + target}
    return repair_of(row, language, typed, sites, lambda a, b: worsened(typed.source, a, b, sites), LABELS, rng, helpers, "explicit_types")
