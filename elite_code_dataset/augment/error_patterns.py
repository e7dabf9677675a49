"""error_patterns: error handling as repair. A worse handling of the same code is the context, the real code the target.

In: a row of code. Out: the row with one idiom's worse form (``idioms/``) in a marked block ahead of its target; ``idiom`` names it. The target
is never touched. Costs two or three parses and a query for each idiom of the language.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from elite_code_dataset.augment.frames import Framed, framed
from elite_code_dataset.augment.idioms import Site, idioms_of, sites_of, worsened
from elite_code_dataset.augment.registry import Abstained, Helpers, Rewrite, Rng, row_alone, technique
from elite_code_dataset.augment.repair import repair_of, target_of
from elite_code_dataset.languages import Language

BEFORE, AFTER = "Error handling to improve", "Improved"


@technique("error_patterns", seen=row_alone)
def error_patterns(window: Mapping[str, Any], language: Language, rng: Rng, helpers: Helpers) -> Rewrite | Abstained:
    """One idiom among those that the target holds, drawn; every place of it in the block is made worse."""
    if window["kind"] != "code":
        return Abstained("not_code")
    if not idioms_of(language):
        return Abstained("no_idioms")
    view = framed(target_of(window), language)
    if view is None:
        return Abstained("no_syntax_tree")
    by_name = sites_by_idiom(language, view)
    if not by_name:
        return Abstained("unreadable" if view.trouble else "no_error_handling")
    reasons = []
    for name in rng.shuffled(sorted(by_name)):
        sites = by_name[name]
        labels = (f"{BEFORE} ({name.replace('_', ' ')}):", f"{AFTER}:")
        made = repair_of(
            window, language, view, sites, lambda a, b, sites=sites: worsened(view.source, a, b, sites), labels, rng, helpers, name
        )
        if isinstance(made, Rewrite):
            return made
        reasons.append(made)
    return reasons[0]


def sites_by_idiom(language: Language, view: Framed) -> dict[str, list[Site]]:
    """The places of every idiom of the language in a text, by the idiom's name."""
    found: dict[str, list[Site]] = {}
    for idiom in idioms_of(language):
        sites = sites_of(idiom, language, view)
        if sites:
            found.setdefault(idiom.name, []).extend(sites)
    return found
