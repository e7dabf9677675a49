"""Restructure: the same program by other syntax: branches swapped under a negated condition, comparisons turned, else dropped or added.

In: a row of code, or a whole source. Out: the code with a drawn choice of the rewrites that are certain (``structures``), parsed again;
or a reason. Cost: two parses and one pass over the nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from elite_code_dataset.augment.endings import Ends, ends_of, whole_places, width_behind
from elite_code_dataset.augment.registry import Abstained, Helpers, Rewrite, Rng, Window, technique
from elite_code_dataset.augment.structures import Edit, all_checks, all_rules, edits_of, replaced
from elite_code_dataset.augment.syntax import Syntax, syntax_of
from elite_code_dataset.augment.verify import PARSES, SAME_NAMES, no_new_errors, same_names
from elite_code_dataset.languages import Language

WINDOW_SHARE = 0.5  # of the rewrites that fit into a row: a child keeps some of its parent's shapes


@dataclass(frozen=True)
class Restructured:
    """The new source, the names of the rewrites in it, and the level to which the whole was checked."""

    source: bytes
    rules: tuple[str, ...]
    verified: str


Places = Callable[[Syntax], Sequence[tuple[int, int]]]


def restructured(source: bytes, language: Language, rng: Rng, share: float = 1.0, places: Places | None = None) -> Restructured | Abstained:
    """``source`` with a drawn ``share`` of its certain rewrites (at least one) carried out; with ``places``, of those within one of them."""
    if language.name not in all_rules():
        return Abstained("language")
    syntax = syntax_of(source, language)
    if syntax is None:
        return Abstained("not_parsed")
    found = edits_of(syntax, language)
    spans = places(syntax) if places and found else [(0, len(source))]
    edits = _apart(rng.shuffled([edit for edit in found if any(start <= edit.start and edit.end <= end for start, end in spans)]))
    if not edits:
        return Abstained("cut_off" if found else "no_certain_rewrite")
    chosen = edits[:1] + [edit for edit in edits[1:] if rng.random() < share]
    result = replaced(source, chosen)
    after = syntax_of(result, language)
    if after is None or not no_new_errors(syntax, after):
        return Abstained("new_errors")
    check = all_checks().get(language.name)
    if check and not check(source.decode(), result.decode()):
        return Abstained("not_valid")
    level = SAME_NAMES if same_names(syntax, after, language) else PARSES
    return Restructured(result, tuple(sorted(edit.rule for edit in chosen)), level)


def _apart(edits: list[Edit]) -> list[Edit]:
    """The edits of the list, from its start, that do not touch one taken before."""
    taken: list[Edit] = []
    for edit in edits:
        if all(edit.end < other.start or other.end < edit.start for other in taken):
            taken.append(edit)
    return taken


def rewrite_source(source: bytes, language: Language, rng: Rng) -> bytes | Abstained:
    """A whole file with every rewrite that fits beside the others."""
    result = restructured(source, language, rng)
    return result if isinstance(result, Abstained) else result.source


def seen(window: Window, ends: Ends | None, digests: Mapping[str, str]) -> int | None:
    """What follows the window."""
    return width_behind(window, ends or {})


@technique("restructure", preserves_meaning=True, survey=ends_of, rewrite_source=rewrite_source, seen=seen)
def apply(window: Window, language: Language, rng: Rng, helpers: Helpers) -> Rewrite | Abstained:
    """The row with some of its target's syntax rewritten; the context stays, and so does a function that the window cuts off."""
    if window["kind"] != "code":
        return Abstained("edit")
    context, target = window["text"][: window["context_chars"]], window["text"][window["context_chars"] :]
    behind = width_behind(window, helpers.survey or {})
    result = restructured(target.encode(), language, rng, WINDOW_SHARE, lambda syntax: whole_places(syntax, language, behind))
    if isinstance(result, Abstained):
        return result
    return Rewrite(context + result.source.decode(), len(context), result.verified)
