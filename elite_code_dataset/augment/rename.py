"""Rename: locals and parameters get other names, drawn from the names that the same code base gives to its locals and parameters.

In: a row of code, or a whole source. Out: the same code, equal but for a one-to-one renaming, checked by analysing both sides anew;
or a reason. Cost: two parses and two passes over the functions; the survey parses the train rows of the largest scale once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from elite_code_dataset.augment.endings import Windows, whole_functions, width_behind
from elite_code_dataset.augment.registry import Abstained, Helpers, Rewrite, Rng, Window, technique
from elite_code_dataset.augment.scopes import WORD, FunctionScope, rules_of, scopes_of
from elite_code_dataset.augment.syntax import Syntax, syntax_of
from elite_code_dataset.augment.verify import ALPHA_EQUIVALENT, alpha_equivalent
from elite_code_dataset.config import source_digest
from elite_code_dataset.languages import Language, all_languages
from elite_code_dataset.memo import Parts, key_of

POOL_NAMES = 1000  # per language and role: the most frequent ones, so that a survey stays a few hundred kilobytes
ENDS = ""  # the survey's entry that is no language
LONGER = 2  # characters that a new name may have more than the old one, as long as there is one

Names = Mapping[str, Sequence[str]]
Counts = Mapping[str, Mapping[str, int]]


def names_of(sources: Iterable[bytes], language: Language, parts: Parts | None = None) -> dict[str, list[str]]:
    """The names of locals by role (parameter, loop, local), most frequent first, then by the alphabet."""
    rules, total = rules_of(language), {}
    for source in sources if rules else ():

        def made(source: bytes = source) -> Counts:
            syntax = syntax_of(source, language)
            return _counted(scopes_of(syntax, rules) if syntax else ())

        found = parts.of(key_of(source_digest(), language.name, source), made) if parts else made()
        for role, counts in found.items():
            total.setdefault(role, Counter()).update(counts)
    return _by_frequency(total)


def _counted(scopes: Iterable[FunctionScope]) -> Counts:
    """role -> name -> how many functions have it."""
    counts: dict[str, Counter[str]] = {}
    for scope in scopes:
        for name, role in scope.roles.items():
            counts.setdefault(role, Counter())[name] += 1
    return counts


def _by_frequency(counts: Counts) -> dict[str, list[str]]:
    return {role: sorted(found, key=lambda name: (-found[name], name))[:POOL_NAMES] for role, found in sorted(counts.items())}


def survey(rows: Iterable[Window], parts: Parts | None = None) -> dict[str, dict]:
    """``names_of`` by language, over the rows of the largest scale there is (the smaller ones show the same code); under ``ENDS``, what
    follows the windows."""
    windows = Windows()
    texts: dict[int, dict[str, list[bytes]]] = {}
    for row in rows:
        windows.add(row)
        if row["kind"] == "code":
            target = row["text"][row["context_chars"] :].encode()
            texts.setdefault(row["scale"], {}).setdefault(row["language"], []).append(target)
    widest = texts[max(texts)] if texts else {}
    known = all_languages()
    pools = {name: names_of(found, known[name], parts) for name, found in sorted(widest.items()) if name in known and rules_of(known[name])}
    return {**pools, ENDS: windows.widths()}


@dataclass(frozen=True)
class Renamed:
    """The new source, and what each outermost function's names became (in the order of the functions that changed)."""

    source: bytes
    names: tuple[dict[str, str], ...]


Places = Callable[[Syntax], Sequence[tuple[int, int]]]


def renamed(
    source: bytes, language: Language, rng: Rng, names: Names | None = None, context: bytes = b"", places: Places | None = None
) -> Renamed | Abstained:
    """``source`` with every local of every whole function renamed that surely can be; with ``places``, of the functions that are among them.

    ``names`` is the pool by role (None: the source's own names). New names stand nowhere in the function, are no keyword, and
    occur elsewhere in the source (or in ``context``) only as locals of other functions.
    """
    rules = rules_of(language)
    syntax = syntax_of(source, language) if rules else None
    if syntax is None:
        return Abstained("language" if rules is None else "not_parsed")
    scopes = scopes_of(syntax, rules)
    pool = _by_frequency(_counted(scopes)) if names is None else names
    avoided = rules.reserved | _global_words(syntax, scopes) | {word.decode() for word in WORD.findall(context)}
    spans = set(places(syntax)) if places else {(scope.start, scope.end) for scope in scopes}
    mappings = [_mapping(scope, pool, avoided, rng) if (scope.start, scope.end) in spans else {} for scope in scopes]
    if not any(mappings):
        seen = [scope for scope in scopes if (scope.start, scope.end) in spans]
        return Abstained("cut_off" if len(seen) < len(scopes) and not any(scope.roles for scope in seen) else _reason(seen))
    result = _rewritten(syntax, scopes, mappings)
    after = syntax_of(result, language)
    if after is None or not alpha_equivalent(syntax, after, language):
        return Abstained("not_alpha_equivalent")
    return Renamed(result, tuple(mapping for mapping in mappings if mapping))


def _global_words(syntax: Syntax, scopes: Sequence[FunctionScope]) -> frozenset[str]:
    """Words that stand in the source as something else than a local."""
    words = Counter(word.decode() for word in WORD.findall(syntax.source))
    local = Counter({name: 0 for name in words})
    for scope in scopes:
        for name, sites in scope.sites.items():
            local[name] += len(sites)
    return frozenset(word for word, count in words.items() if count > local[word])


def _mapping(scope: FunctionScope, pool: Names, avoided: frozenset[str], rng: Rng) -> dict[str, str]:
    """A new name for each name of the function, all different; a name for which none is left stays."""
    mapping: dict[str, str] = {}
    used: set[str] = set()
    for name, role in scope.roles.items():
        for choices in (pool.get(role, ()), pool.get("local", ())):
            new = _drawn(name, choices, scope.taken | avoided | used, rng)
            if new:
                mapping[name] = new
                used.add(new)
                break
    return mapping


def _drawn(name: str, choices: Sequence[str], refused: frozenset[str] | set[str], rng: Rng) -> str:
    """One of the choices from a drawn place on, if there is one hardly longer than the name, so that a row still fits its scale.

    A name of one letter only takes the place of another one.
    """
    start = int(len(choices) * rng.random() ** 3)  # frequent names, which come first, are drawn more often, as in real code
    fallback = ""
    for step in range(len(choices)):
        choice = choices[(start + step) % len(choices)]
        if choice in refused or len(choice) == 1 < len(name):
            continue
        if len(choice) <= len(name) + LONGER:
            return choice
        fallback = fallback or choice
    return fallback


def _rewritten(syntax: Syntax, scopes: Sequence[FunctionScope], mappings: Sequence[dict[str, str]]) -> bytes:
    edits = [
        (site.start, site.end, (site.prefix + new).encode())
        for scope, mapping in zip(scopes, mappings)
        for name, new in mapping.items()
        for site in scope.sites[name]
    ]
    pieces, position = [], 0
    for start, end, text in sorted(edits):
        pieces += [syntax.source[position:start], text]
        position = end
    return b"".join([*pieces, syntax.source[position:]])


def _reason(scopes: Sequence[FunctionScope]) -> str:
    """Why nothing could be renamed: the commonest cause."""
    if not scopes:
        return "no_whole_function"
    causes = Counter(why.partition(":")[0] for scope in scopes for why in scope.blocked.values())
    causes.update(scope.abstained for scope in scopes if scope.abstained)
    if any(scope.roles for scope in scopes):
        return "no_names"
    return min(causes, key=lambda cause: (-causes[cause], cause)) if causes else "no_locals"


def rewrite_source(source: bytes, language: Language, rng: Rng, names: Names | None = None) -> bytes | Abstained:
    """A whole file with its locals renamed."""
    result = renamed(source, language, rng, names)
    return result if isinstance(result, Abstained) else result.source


def seen(window: Window, names: Mapping[str, Mapping] | None, digests: Mapping[str, str]) -> list:
    """The names of the row's language and what follows the window; nothing of an edit."""
    return [digests.get(window["language"]), width_behind(window, (names or {}).get(ENDS, {}))] if window["kind"] == "code" else []


@technique("rename", preserves_meaning=True, survey=survey, rewrite_source=rewrite_source, seen=seen, parted=True)
def apply(window: Window, language: Language, rng: Rng, helpers: Helpers) -> Rewrite | Abstained:
    """The row with the locals of every function that lies whole in its target renamed; the context stays.

    A function that the window cuts off stays too: its other part, in the window before or after, would use the old names.
    """
    if window["kind"] != "code":
        return Abstained("edit")
    context, target = window["text"][: window["context_chars"]], window["text"][window["context_chars"] :]
    names = (helpers.survey or {}).get(language.name)
    behind = width_behind(window, (helpers.survey or {}).get(ENDS, {}))
    result = renamed(target.encode(), language, rng, names, context.encode(), lambda syntax: whole_functions(syntax, language, behind))
    if isinstance(result, Abstained):
        return result
    return Rewrite(context + result.source.decode(), len(context), ALPHA_EQUIVALENT)
