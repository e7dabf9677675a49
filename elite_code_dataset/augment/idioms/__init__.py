"""Idioms as data: how good error handling of one language is made worse. One module a group of languages, each ``LANGUAGES`` and ``IDIOMS``.

In: a language's name, a syntax tree. Out: the ``Site``s at which an idiom applies, and the worse text of any span. A query finds the place,
``worse`` writes it. An idiom that is not certain of its place says None. Costs one query an idiom over one tree.

``worse`` is a template over the names of the query's captures, or a function of ``Found`` that returns the text or None. Code inside a
capture is rendered first, so ``a()?.b()?`` becomes ``a().unwrap().b().unwrap()``.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import tree_sitter

from elite_code_dataset.augment.frames import Framed
from elite_code_dataset.augment.syntax import is_list_of_statements
from elite_code_dataset.languages import Language, grammar_of
from elite_code_dataset.records import EliteCodeError

MOST_SITES = 200  # matches of one idiom in one window; more is a table, not error handling


@dataclass(frozen=True)
class Idiom:
    """``query`` names the node that is replaced ``@it``; with ``@until`` the replaced span goes on to the end of that node.

    ``where`` are regular expressions that captures must match in full; ``inside`` are node kinds of which one must stand above the place
    (before any kind in ``outside``); ``whole_lines`` says that an empty text takes its lines along;
    ``together`` keeps of all the places those that may be made worse at once.
    """

    name: str
    query: str
    worse: str | Callable[[Found], str | None]
    where: Mapping[str, str] = field(default_factory=dict)
    inside: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    whole_lines: bool = False
    together: Callable[[list[Site], bytes], list[Site]] = lambda sites, source: sites


class Found:
    """One match: texts of the captures (``found["value"]``), already made worse inside, and the nodes themselves."""

    def __init__(self, site: Site, source: bytes, render: Callable[[int, int], str]):
        self.site, self.source, self.render = site, source, render

    @property
    def names(self) -> list[str]:
        return sorted(self.site.captures)

    def node(self, name: str) -> tree_sitter.Node | None:
        nodes = self.site.captures.get(name)
        return nodes[0] if nodes else None

    def __getitem__(self, name: str) -> str:
        nodes = self.site.captures.get(name)
        return self.render(nodes[0].start_byte, nodes[-1].end_byte) if nodes else ""

    def raw(self, name: str) -> str:
        """The capture as it was written."""
        nodes = self.site.captures.get(name)
        return self.source[nodes[0].start_byte : nodes[-1].end_byte].decode() if nodes else ""

    def indent_of(self, name: str) -> str:
        """The blanks that the line of a capture begins with."""
        return indent_at(self.source, self.site.captures[name][0].start_byte)

    def dedented(self, name: str, to: str) -> str | None:
        """The statements of a block, moved left to the indentation ``to``; None where a string goes over lines, or a line stands further left."""
        block = self.site.captures[name][0]
        if _spans_lines(block) or not block.named_child_count:
            return None
        start, end = block.named_children[0].start_byte, block.named_children[-1].end_byte
        here = indent_at(self.source, start)
        first, *lines = self.render(start, end).split("\n")
        if not here.startswith(to) or any(line.strip() and not line.startswith(here) for line in lines):
            return None
        return "\n".join([first, *(to + line[len(here) :] if line.strip() else "" for line in lines)])

    def ends_in(self, name: str, kinds: tuple[str, ...]) -> bool:
        """Whether the last statement of a block is of one of these kinds: what stands after it would never run."""
        block = self.site.captures[name][0]
        statements = [child for child in block.named_children if "comment" not in child.type]
        return bool(statements) and statements[-1].type in kinds

    def above(self, kinds: tuple[str, ...]) -> tree_sitter.Node | None:
        """The nearest node of these kinds around the place, where the target shows it from its start."""
        node = self.site.captures["it"][0].parent
        while node is not None and node.type not in kinds:
            node = node.parent
        return node if node is not None and self.site.first <= node.start_byte else None  # one of the frame is nobody's

    def text_of(self, node: tree_sitter.Node | None) -> str:
        return self.source[node.start_byte : node.end_byte].decode() if node is not None else ""


@dataclass(frozen=True, eq=False)
class Site:
    """A place where an idiom applies: the bytes that are replaced, the captures by name, and where the target begins."""

    idiom: Idiom
    start: int
    end: int
    captures: Mapping[str, Sequence[tree_sitter.Node]]
    first: int = 0


def emptied(found: Found) -> str | None:
    """A block in braces with nothing in it; None where there was nothing but comments."""
    block = found.node("it")
    statements = [child for child in block.named_children if "comment" not in child.type] if block else []
    return "{\n" + found.indent_of("it") + "}" if statements else None


def without_last(found: Found) -> str | None:
    """An argument list without its last argument, which must be the name that the clause around it has caught."""
    arguments = found.node("it")
    given = [child for child in arguments.named_children if "comment" not in child.type] if arguments else []
    clause = found.above(("catch_clause", "catch_block"))
    name = found.text_of(given[-1]) if given else ""
    body = next((child for child in clause.children if child.type in ("block", "compound_statement")), None) if clause else None
    if clause is None or body is None or not re.fullmatch(r"[$\w]+", name):
        return None
    if not re.search(rf"(?<![$\w]){re.escape(name)}(?!\w)", found.source[clause.start_byte : body.start_byte].decode()):
        return None
    return "(" + (found.render(given[0].start_byte, given[-2].end_byte) if len(given) > 1 else "") + ")"


def last_of_its_kind(found: Found, kind: str) -> bool:
    """Whether no sibling of the same kind follows the nearest clause of ``kind``: a wide handler must come last."""
    clause = found.above((kind,))
    after = clause.next_named_sibling if clause else None
    while after is not None and "comment" in after.type:
        after = after.next_named_sibling
    return clause is not None and (after is None or after.type != kind)


def indent_at(source: bytes, byte: int) -> str:
    """The blanks at the start of the line that holds ``byte``."""
    line = source[source.rfind(b"\n", 0, byte) + 1 : byte]
    return line[: len(line) - len(line.lstrip(b" \t"))].decode()


def declared(folder: Sequence[str], package: str, attribute: str) -> dict[str, tuple[Idiom, ...]]:
    """Language -> the idioms that a module of ``package`` lists under ``attribute``. A language has one module."""
    found: dict[str, tuple[Idiom, ...]] = {}
    for name in sorted(m.name for m in pkgutil.iter_modules(folder)):
        module = importlib.import_module(f"{package}.{name}")
        for language in module.LANGUAGES:
            if language in found:
                raise EliteCodeError(f"two modules of {package} are about {language!r}, the second is {name}.py; join them")
            found[language] = tuple(getattr(module, attribute))
    return found


@cache
def _by_language() -> dict[str, tuple[Idiom, ...]]:
    return declared(__path__, __name__, "IDIOMS")


def idioms_of(language: Language) -> tuple[Idiom, ...]:
    """The error idioms of a language, in the order they are declared; () where there are none."""
    return _by_language().get(language.name, ())


@cache
def _query(language: Language, text: str) -> tree_sitter.Query | None:
    """The compiled query; None where the installed version of the grammar has other nodes: the idiom is then left out."""
    try:
        return tree_sitter.Query(grammar_of(language), text)
    except tree_sitter.QueryError:
        return None


def sites_of(idiom: Idiom, language: Language, view: Framed) -> list[Site]:
    """Where the idiom applies and says a worse text, in the order of the source; none in what the parser could not read, nor outside the target."""
    found: list[Site] = []
    query = _query(language, idiom.query)
    for _, captures in tree_sitter.QueryCursor(query).matches(view.tree.root_node) if query else ():
        it = captures["it"][0]
        until = captures.get("until", [it])[-1]
        site = Site(idiom, it.start_byte, max(it.end_byte, until.end_byte), captures, view.first)
        if not view.first <= site.start <= site.end <= view.last:
            continue
        if _applies(site, view.source) and worse_text(site, view.source, plain_text(view.source)) is not None:
            found.append(site)
        if len(found) > MOST_SITES:
            return []
    unique = {(site.start, site.end): site for site in sorted(found, key=lambda s: (s.start, -s.end))}
    return idiom.together(list(unique.values()), view.source)


def plain_text(source: bytes) -> Callable[[int, int], str]:
    """A renderer that changes nothing."""
    return lambda start, end: source[start:end].decode()


def worse_text(site: Site, source: bytes, render: Callable[[int, int], str]) -> str | None:
    """What stands in the place instead; None where the idiom is not sure."""
    found = Found(site, source, render)
    worse = site.idiom.worse
    return worse.format(**{name: found[name] for name in found.names}) if isinstance(worse, str) else worse(found)


def worsened(source: bytes, start: int, end: int, sites: Sequence[Site]) -> str:
    """The text of ``[start, end)`` with every site in it made worse; of two sites that overlap without nesting the first one wins."""
    here = [site for site in sites if start <= site.start and site.end <= end]
    pieces, at = [], start
    for site in sorted(here, key=lambda s: (s.start, -s.end)):
        if site.start < at:
            continue
        inner = [other for other in here if other is not site]
        text = worse_text(site, source, lambda a, b, inner=inner: worsened(source, a, b, inner))
        if text is None:
            continue
        first, last = whole_lines(source, site.start, site.end) if site.idiom.whole_lines and not text else (site.start, site.end)
        pieces += [source[at : max(at, first)].decode(), text]
        at = min(last, end)
    return "".join([*pieces, source[at:end].decode()])


def whole_lines(source: bytes, start: int, end: int) -> tuple[int, int]:
    """The span widened to the lines it fills, when nothing else stands on them."""
    first = source.rfind(b"\n", 0, start) + 1
    last = source.find(b"\n", end)
    last = len(source) if last < 0 else last + 1
    if source[first:start].strip() or source[end:last].strip(b" \t\r\n;"):
        return start, end
    return first, last


def _applies(site: Site, source: bytes) -> bool:
    it = site.captures["it"][0]
    if any(node.has_error for nodes in site.captures.values() for node in nodes):
        return False
    for name, pattern in site.idiom.where.items():
        nodes = site.captures.get(name)
        text = source[nodes[0].start_byte : nodes[-1].end_byte].decode() if nodes else ""
        if not re.fullmatch(pattern, text, re.DOTALL):
            return False
    above = it.parent
    if above is not None and above.type == "ERROR":
        return False  # further up an error is only the edge of a window that was cut out of something larger
    if _statement(it).has_error or _statement(site.captures.get("until", [it])[-1]).has_error:
        return False  # a part of the statement could not be read, so the rest may have been read wrong
    searched = bool(site.idiom.inside)
    while above is not None:
        if searched and above.type in site.idiom.outside:
            return False
        if searched and above.type in site.idiom.inside:
            searched = False
        above = above.parent
    return not searched


def _statement(node: tree_sitter.Node) -> tree_sitter.Node:
    """The node, or the nearest one around it, that stands directly in a block, a body or the file."""
    while node.parent is not None and node.parent.parent is not None and not is_list_of_statements(node.parent.type):
        node = node.parent
    return node


def _spans_lines(node: tree_sitter.Node) -> bool:
    """Whether a string in the node goes over lines, so that moving the code would change the string."""
    stack = [node]
    while stack:
        one = stack.pop()
        if "string" in one.type or "heredoc" in one.type:
            if one.start_point[0] != one.end_point[0]:
                return True
            continue
        stack.extend(one.children)
    return False
