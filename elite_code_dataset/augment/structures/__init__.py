"""Structures: rewrites of syntax that keep the meaning, as rules by node kind, one module a language family in this folder.

In: a ``Syntax``. Out: ``Edit``s, each of which alone leaves the program doing the same. A rule is a function of one node that returns
the new text, or None where it is not certain. Costs one pass over the nodes.
"""

from __future__ import annotations

import importlib
import pkgutil
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from elite_code_dataset.augment.syntax import Syntax
from elite_code_dataset.languages import Language


@dataclass(frozen=True)
class Edit:
    """Bytes ``[start, end)`` become ``text``; ``rule`` is the name of the rewrite."""

    start: int
    end: int
    text: str
    rule: str


Rule = Callable[[Syntax, int], Edit | None]
Rules = dict[str, tuple[Rule, ...]]  # by the kind of node a rule looks at


def _gathered(name: str) -> dict:
    """The dicts called ``name`` of all modules in this folder, as one."""
    found: dict = {}
    for module in sorted(m.name for m in pkgutil.iter_modules(__path__)):
        found.update(getattr(importlib.import_module(f"{__name__}.{module}"), name, {}))
    return found


@cache
def all_rules() -> dict[str, Rules]:
    """Rules by language name; each module of this folder has ``RULES = {"name": {kind: (rule, ...)}}``."""
    return _gathered("RULES")


@cache
def all_checks() -> dict[str, Callable[[str, str], bool]]:
    """A check of before and after by language name, where a language has a reader that is stricter than its grammar."""
    return _gathered("CHECKS")


def edits_of(syntax: Syntax, language: Language) -> list[Edit]:
    """Every rewrite that is certain, in the order of the nodes; they may overlap. No statement that holds an error, or stands beside one, is touched."""
    rules = all_rules().get(language.name, {})
    broken = [(syntax.starts[node], syntax.ends[node]) for node in syntax.broken]
    soundness: dict[int, bool] = {}
    found = []
    for node, kind in enumerate(syntax.kinds):
        for rule in rules.get(kind, ()):
            edit = rule(syntax, node)
            if edit is None or any(start <= edit.end and end >= edit.start for start, end in broken):
                continue
            statement = syntax.statement(node)
            if statement not in soundness:
                soundness[statement] = not broken or syntax.is_certain(statement)
            if soundness[statement]:
                found.append(edit)
    return found


def replaced(source: bytes, edits: Sequence[Edit]) -> bytes:
    """The source with edits that do not overlap carried out."""
    pieces, position = [], 0
    for edit in sorted(edits, key=lambda one: one.start):
        pieces += [source[position : edit.start], edit.text.encode()]
        position = edit.end
    return b"".join([*pieces, source[position:]])


def slice_of(syntax: Syntax, start: int, end: int) -> str:
    return syntax.source[start:end].decode("utf-8", "replace")


def has_comment(syntax: Syntax, node: int) -> bool:
    """Whether a comment is a direct child."""
    return any("comment" in syntax.kinds[child] for child in syntax.children(node))


def shifted(syntax: Syntax, start: int, end: int, old: str, new: str) -> str | None:
    """The lines of ``[start, end)`` with the indentation ``old`` replaced by ``new``, from the second line on.

    None where a line has less indentation, or where a token of the region spans lines (a string's inside is not layout).
    """
    if _token_spans_lines(syntax, start, end):
        return None
    lines = slice_of(syntax, start, end).split("\n")
    result = lines[:1]
    for line in lines[1:]:
        if line.strip() and not line.startswith(old):
            return None
        result.append(new + line[len(old) :] if line.strip() else line)
    return "\n".join(result)


def _token_spans_lines(syntax: Syntax, start: int, end: int) -> bool:
    """Any leaf, also a comment; and a string, whatever it is made of."""
    for node in range(bisect_left(syntax.starts, start), bisect_right(syntax.starts, end)):  # starts ascend
        if syntax.ends[node] <= end:
            token = (syntax.is_leaf(node) and syntax.named[node]) or "string" in syntax.kinds[node] or "comment" in syntax.kinds[node]
            if token and b"\n" in syntax.source[syntax.starts[node] : syntax.ends[node]].rstrip(b"\n"):
                return True
    return False


def unit_between(outer: str, inner: str) -> str | None:
    """What one level adds to an indentation; None where the inner one does not go on from the outer one."""
    return inner[len(outer) :] if inner.startswith(outer) and len(inner) > len(outer) else None
