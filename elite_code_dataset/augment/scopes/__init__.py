"""Scopes: which names a function makes itself, where each of them is written, and why a name had better be left alone.

In: a ``Syntax`` and a ``Language``. Out: one ``FunctionScope`` per outermost function. The rules of a language are data, one
module a language in this folder. Costs one pass over each function.

The unit of renaming is a *name in an outermost function*: all occurrences of ``x`` in the function change together, whichever
binding each of them means. With a new name that stands nowhere in the function, that keeps every shadowing as it was. What
remains to be shown is that each occurrence is a variable, and that it means a binding inside the function; an occurrence that
could be a field, a keyword, a macro's argument or a name from outside makes the name 'blocked', with the reason.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

from elite_code_dataset.augment.syntax import Syntax
from elite_code_dataset.languages import Language

VARIABLE, OTHER, UNSURE = "variable", "other", "unsure"
WORD = re.compile(rb"[A-Za-z_$][A-Za-z0-9_$]*")


@dataclass(frozen=True)
class Binder:
    """Nodes of ``kind`` bind the names in their child ``pattern`` ('' is the node's own children).

    They are visible from ``start`` ('scope', 'node' or 'end': where the scope, the node or its end is) to the end of the scope: the
    nearest ancestor among ``scopes``, or that ancestor's child after a colon (``"if_expression:consequence"``). ``when`` is a
    quoted token the node must hold (``:=``). A role of 'fixed' binds a name that is never renamed.
    """

    kind: str
    pattern: str
    role: str
    scopes: tuple[str, ...]
    start: str = "scope"
    when: str = ""


@dataclass(frozen=True)
class Site:
    """Bytes ``[start, end)`` hold the name; a new name is written as ``prefix`` + name (``x`` -> ``x: new`` in a shorthand)."""

    start: int
    end: int
    prefix: str = ""


@dataclass(frozen=True)
class FunctionScope:
    """``roles`` and ``sites`` of the names that may change, ``blocked`` the bound names that may not, ``taken`` every word in the function.
    ``abstained`` is the reason when the whole function is left alone."""

    start: int
    end: int
    roles: dict[str, str]
    sites: dict[str, tuple[Site, ...]]
    blocked: dict[str, str]
    taken: frozenset[str]
    abstained: str = ""


@dataclass(frozen=True)
class ScopeRules:
    """A language's scopes as data. Kinds are the grammar's; ``"parent.field"`` or ``"parent"`` says where an identifier stands.

    ``variables`` are places where an identifier is an expression, ``others`` places where it can be no variable; anywhere else it is
    unsure. ``names`` is what a name that may change looks like, ``reserved`` what a new name may never be. ``skipped`` are the places
    inside a pattern that bind nothing. ``walls`` are nodes whose inside sees other names (a nested item, a class body): a name that also
    stands in there is blocked when ``walls_block``, else a binding outside does not reach in.
    """

    functions: frozenset[str]
    binders: tuple[Binder, ...]
    identifiers: frozenset[str]
    variables: frozenset[str]
    others: frozenset[str]
    skipped: frozenset[str]
    names: str
    reserved: frozenset[str]
    other_leaves: frozenset[str] = frozenset()
    comments: frozenset[str] = frozenset({"comment"})
    walls: frozenset[str] = frozenset()
    walls_block: bool = True
    calls: tuple[str, str] = ("", "")  # kinds of call, and a pattern for the callees that read names behind our back
    hostile: dict[str, str] = field(default_factory=dict)  # kind -> reason to leave the whole function alone
    reflective: frozenset[str] = frozenset()  # words that have the same effect as such a call
    binds: Callable[[Syntax, int], bool] = lambda syntax, leaf: True
    site: Callable[[Syntax, int], Site] = lambda syntax, leaf: Site(syntax.starts[leaf], syntax.ends[leaf])
    classify: Callable[[Syntax, int], str] = lambda syntax, leaf: ""
    veto: Callable[[Syntax, int, dict[str, str]], dict[str, str]] = lambda syntax, function, roles: {}
    spans: Callable[[Syntax, int], list[tuple[int, int]]] = lambda syntax, scope: [(syntax.starts[scope], syntax.ends[scope])]
    captures: Callable[[Syntax, int], list[tuple[str, Site]]] = lambda syntax, function: []


@cache
def all_rules() -> dict[str, ScopeRules]:
    """Rules by language name, found by looking into this folder: each module has ``RULES = {"name": ScopeRules(...)}``."""
    found: dict[str, ScopeRules] = {}
    for module in sorted(m.name for m in pkgutil.iter_modules(__path__)):
        found.update(importlib.import_module(f"{__name__}.{module}").RULES)
    return found


def rules_of(language: Language) -> ScopeRules | None:
    return all_rules().get(language.name)


@dataclass
class _Draft:
    """What is gathered about one function while its nodes are looked at."""

    roles: dict[str, str] = field(default_factory=dict)
    intervals: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    binding_leaves: set[int] = field(default_factory=set)
    sites: dict[str, list[Site]] = field(default_factory=dict)
    unresolved: dict[str, list[int]] = field(default_factory=dict)
    blocked: dict[str, str] = field(default_factory=dict)

    def block(self, name: str, reason: str) -> None:
        self.blocked.setdefault(name, reason)


def functions_of(syntax: Syntax, rules: ScopeRules) -> list[int]:
    """The outermost functions that hold no error, in order."""
    found, node = [], 0
    while node < len(syntax.kinds):
        if syntax.kinds[node] in rules.functions and not syntax.is_leaf(node):
            if syntax.is_sound(node):
                found.append(node)
            node = syntax.lasts[node]
        else:
            node += 1
    return found


def scopes_of(syntax: Syntax, rules: ScopeRules) -> list[FunctionScope]:
    """One ``FunctionScope`` per outermost function of the source, in order."""
    return [_scope_of(syntax, node, rules) for node in functions_of(syntax, rules)]


def _scope_of(syntax: Syntax, function: int, rules: ScopeRules) -> FunctionScope:
    start, end = syntax.starts[function], syntax.ends[function]
    taken = frozenset(word.decode() for word in WORD.findall(syntax.source, start, end))
    reason = "reflection" if rules.reflective & taken else _hostility(syntax, function, rules)
    if reason:
        return FunctionScope(start, end, {}, {}, {}, taken, reason)
    draft = _Draft()
    _bind(syntax, function, rules, draft)
    _see_occurrences(syntax, function, rules, draft)
    _see_documentation(syntax, function, rules, draft)
    shape = re.compile(rules.names)
    for name, role in draft.roles.items():
        if role == "fixed":
            draft.block(name, "fixed")
        elif not shape.fullmatch(name):
            draft.block(name, "conventional")
        elif draft.unresolved.get(name):
            draft.block(name, "outer_name")
    for name, why in rules.veto(syntax, function, draft.roles).items():
        draft.block(name, why)
    roles = {name: role for name, role in draft.roles.items() if name not in draft.blocked}
    sites = {name: tuple(sorted(draft.sites[name], key=lambda site: site.start)) for name in roles}
    blocked = {name: draft.blocked[name] for name in draft.roles if name in draft.blocked}
    return FunctionScope(start, end, roles, sites, blocked, taken)


def _hostility(syntax: Syntax, function: int, rules: ScopeRules) -> str:
    """Why the whole function must stay as it is: something in it reads or makes names that are not in the tree."""
    kind_of_call, pattern = rules.calls
    for node in range(function, syntax.lasts[function]):
        if syntax.kinds[node] in rules.hostile:
            return rules.hostile[syntax.kinds[node]]
        if kind_of_call and syntax.kinds[node] == kind_of_call and re.fullmatch(pattern, syntax.text(node + 1)):
            return "reflection"
    return ""


def _bind(syntax: Syntax, function: int, rules: ScopeRules, draft: _Draft) -> None:
    by_kind: dict[str, list[Binder]] = {}
    for binder in rules.binders:
        by_kind.setdefault(binder.kind, []).append(binder)
    for node in range(function, syntax.lasts[function]):
        for binder in by_kind.get(syntax.kinds[node], ()):
            if binder.when and not any(syntax.has_token(node, token) for token in binder.when.split()):
                continue
            for leaf in _pattern_leaves(syntax, node, binder.pattern, rules):
                _add_binding(syntax, leaf, node, binder, function, rules, draft)


def _pattern_leaves(syntax: Syntax, node: int, pattern: str, rules: ScopeRules) -> list[int]:
    """The identifiers that a pattern binds."""
    roots = [child for child in syntax.children(node) if not pattern or syntax.fields[child] == pattern]
    leaves = []
    for root in roots:
        inner = root
        while inner < syntax.lasts[root]:
            place = f"{syntax.kinds[syntax.parents[inner]]}.{syntax.fields[inner]}"
            if place in rules.skipped or syntax.kinds[inner] in rules.skipped:
                inner = syntax.lasts[inner]
                continue
            if syntax.kinds[inner] in rules.identifiers and rules.binds(syntax, inner):
                leaves.append(inner)
            inner += 1
    return leaves


def _add_binding(syntax: Syntax, leaf: int, node: int, binder: Binder, function: int, rules: ScopeRules, draft: _Draft) -> None:
    name = syntax.text(leaf)
    draft.binding_leaves.add(leaf)
    if binder.role == "fixed" or name not in draft.roles:
        draft.roles[name] = binder.role
    scope = _scope_node(syntax, leaf, binder.scopes, function)
    if binder.start == "scope":
        stretches = rules.spans(syntax, scope)
    else:
        stretches = [(syntax.ends[node] if binder.start == "end" else syntax.starts[node], syntax.ends[scope])]
    draft.intervals.setdefault(name, []).extend(stretches)


def _scope_node(syntax: Syntax, leaf: int, scopes: tuple[str, ...], function: int) -> int:
    """The nearest ancestor that is one of the scopes, or its named child; the function where there is none."""
    wanted = dict(scope.partition(":")[::2] for scope in scopes)
    below = leaf
    for above in syntax.ancestors(leaf):
        if above < function:
            break
        part = wanted.get(syntax.kinds[above])
        if part == "":
            return above
        if part and syntax.child(above, part) >= 0 and below != syntax.child(above, part):
            return syntax.child(above, part)
        below = above
    return function


def _see_occurrences(syntax: Syntax, function: int, rules: ScopeRules, draft: _Draft) -> None:
    walls = [(syntax.starts[n], syntax.ends[n]) for n in range(function + 1, syntax.lasts[function]) if syntax.kinds[n] in rules.walls]
    for leaf in syntax.leaves(function):
        name = syntax.text(leaf) if syntax.named[leaf] else ""
        if name not in draft.roles:
            continue
        kind = _kind_of(syntax, leaf, rules, draft)
        if kind == OTHER:
            continue
        if kind == UNSURE:
            draft.block(name, _unsure(syntax, leaf))
            continue
        _see(rules.site(syntax, leaf), name, leaf in draft.binding_leaves, walls, rules, draft)
    for name, site in rules.captures(syntax, function):
        if name in draft.roles:
            _see(site, name, False, walls, rules, draft)


def _unsure(syntax: Syntax, leaf: int) -> str:
    return f"unsure:{syntax.kinds[syntax.parents[leaf]]}"


def _see(site: Site, name: str, binds: bool, walls: list[tuple[int, int]], rules: ScopeRules, draft: _Draft) -> None:
    """Notes one occurrence as a variable, and whether a binding inside the function reaches it."""
    draft.sites.setdefault(name, []).append(site)
    around = [wall for wall in walls if wall[0] <= site.start < wall[1]]
    if around and rules.walls_block:
        draft.block(name, "inner_class")
    reached = any(a <= site.start < b and all(wall[0] <= a for wall in around) for a, b in draft.intervals[name])
    if not (binds or reached):
        draft.unresolved.setdefault(name, []).append(site.start)


def _kind_of(syntax: Syntax, leaf: int, rules: ScopeRules, draft: _Draft) -> str:
    special = rules.classify(syntax, leaf)
    if special:
        return special
    if syntax.kinds[leaf] in rules.other_leaves or syntax.kinds[leaf] in rules.comments:
        return OTHER
    if leaf in draft.binding_leaves:
        return VARIABLE
    if syntax.kinds[leaf] not in rules.identifiers:
        return UNSURE
    above = syntax.kinds[syntax.parents[leaf]]
    place = f"{above}.{syntax.fields[leaf]}"
    if place in rules.variables or above in rules.variables:
        return VARIABLE
    return OTHER if place in rules.others or above in rules.others else UNSURE


def _see_documentation(syntax: Syntax, function: int, rules: ScopeRules, draft: _Draft) -> None:
    """A name that the documentation speaks of keeps the documentation true by staying."""
    texts = [syntax.text(leaf) for leaf in syntax.leaves(function) if syntax.kinds[leaf] in rules.comments or _is_docstring(syntax, leaf)]
    texts.append(_text_above(syntax, function))
    for found in DOCUMENTED.finditer("\n".join(texts)):
        draft.block(next(group for group in found.groups() if group), "documented")


DOCUMENTED = re.compile(r"`+(\w+)`+|[@\\]param(?:\[\w+\])?\s+(?:\{[^}\n]*\}\s+)?\[?(\w+)|:param\s+(?:\w+\s+)?(\w+):|<param name=\"(\w+)\"")


def _is_docstring(syntax: Syntax, leaf: int) -> bool:
    above = syntax.parents[leaf]
    return syntax.kinds[leaf] == "string_content" and syntax.kinds[syntax.parents[above]] == "expression_statement"


def _text_above(syntax: Syntax, function: int) -> str:
    """The comment lines that stand directly above the function (and its attributes), by the look of the lines."""
    lines = syntax.source[: syntax.line_start(function)].decode("utf-8", "replace").split("\n")[:-1]
    taken: list[str] = []
    for line in reversed(lines):
        if not line.strip().startswith(("//", "/*", "*", "#", "@", "--")):
            break
        taken.append(line)
    return "\n".join(reversed(taken))
