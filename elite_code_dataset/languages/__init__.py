"""Languages as data: one module a language in this folder, each holding one ``LANGUAGE = Language(...)`` (or a tuple of them).

In: a path (and the first bytes of the file). Out: the ``Language`` that reads it, its grammar, a parser, a syntax tree. Grammars load on
first use; a thread keeps one parser each. Adding a language is one file here, one sample in ``tests/languages/samples`` and, when it has
a grammar of its own, that wheel's requirement: nothing else names languages.

Unit kinds, a closed list: ``function``, ``method`` (a function directly inside a type, trait, interface or impl), ``type`` (struct, class,
enum, union, record, alias), ``trait``, ``interface`` (also protocols), ``impl`` (Rust's, and extensions elsewhere), ``module`` (also
namespaces), ``constant`` and ``macro``.

A units query names the node that is the unit after its kind, and may name ``@name`` and ``@body`` inside it::

    (function_item name: (_) @name body: (_)? @body) @function

``@declarator`` in place of ``@name`` is a C declarator with the name somewhere inside; ``@header`` is the last node of the header where no
body node begins right after it. Two definitions with one body (``typedef struct a { } b``) are one unit, the outer. Two more names: ``@attached`` is an attribute, a decorator or a doc comment that belongs to what follows it, and
``@outer`` is a wrapper (``export ...``, ``template <...>``) that belongs to a unit when it holds exactly that one and ends with it.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import PurePosixPath

import tree_sitter

UNIT_KINDS = ("function", "method", "type", "trait", "interface", "impl", "module", "constant", "macro")

# What an import reader returns for one leaf: module, names it brings in, kind.
ImportParts = tuple[str, tuple[str, ...], str]


@dataclass(frozen=True)
class Macros:
    """Invocations around whole items, which a grammar shows as bare tokens.

    ``sign`` is a pattern without which no file has one. ``among`` lists those in a tree, each with the node of its braces; ``are_items`` says
    whether a tree of what stands between the braces holds items and nothing else. ``opening`` is what the grammar reads as the opening of a
    group of items, without the brace.
    """

    sign: bytes
    opening: bytes
    among: Callable[[tree_sitter.Node], list[tuple[tree_sitter.Node, tree_sitter.Node]]]
    are_items: Callable[[tree_sitter.Node], bool]


@dataclass(frozen=True)
class Language:
    """All that the package knows about one language. Queries are tree-sitter's, node kinds are the grammar's.

    ``grammar`` is ``("tree_sitter_rust", "language")``: a wheel's module and the function that returns the grammar, or
    ``("tree_sitter_languages", "lua")``: a name in that wheel's shared library; None for text cut at headings and blank lines.
    ``statements``, ``blocks``, ``decisions`` and ``defaults`` hold node kinds, quoted tokens (``'"&&"'``) or whole patterns that start
    with a parenthesis and mark the node with ``@it``. ``defaults`` are decisions that decide nothing (a wildcard arm): they count -1.
    """

    name: str
    suffixes: tuple[str, ...] = ()
    filenames: tuple[str, ...] = ()  # lower case, ``*`` stands for anything
    interpreters: tuple[str, ...] = ()  # as a first line ``#!`` names them, without a version
    signed_suffixes: tuple[str, ...] = ()  # suffixes of other languages that are this one's when ``sign`` is found in the first bytes
    sign: str = ""
    grammar: tuple[str, str] | None = None

    line_comment: str = ""
    block_comment: tuple[str, str] | None = None
    doc_comment: tuple[str, ...] = ()  # how a doc comment starts; () when it is not a comment or is the same as any other
    comments_attach: bool = False  # a plain comment on the lines just above a unit is its documentation

    units: str = ""
    imports: str = ""  # a query that names import statements ``@import``
    read_import: Callable[[tree_sitter.Node], list[ImportParts]] | None = field(default=None, compare=False)
    macros: Macros | None = field(default=None, compare=False)  # macros whose inside may be read as the file's own; see ``_macros.py``
    statements: tuple[str, ...] = ()
    blocks: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()
    defaults: tuple[str, ...] = ()

    # Patterns for what no grammar can read in place; the parser sees blanks there, so offsets stay; what named groups find is left.
    # ``hidden_again`` is for a second try where the first finds errors, and the tree with fewer of them is taken.
    hidden: str = ""
    hidden_again: str = ""
    comments: tuple[str, ...] = ("comment",)
    identifiers: tuple[str, ...] = ("identifier",)
    strings: tuple[str, ...] = ()

    functions_nest: bool = True  # a function may hold another; where none does, one that seems to was read wrongly

    headings: str = ""  # text without a grammar: a pattern for lines at which a part begins
    fence: str = ""  # text without a grammar: a pattern for lines that open and close verbatim text
    extra: dict = field(default_factory=dict, hash=False, compare=False)  # what one technique alone needs, by the technique's name

    @property
    def is_code(self) -> bool:
        """Whether a grammar is named for it (not whether that grammar is installed; see ``grammar_of``)."""
        return self.grammar is not None


@cache
def all_languages() -> dict[str, Language]:
    """Every language by name, found by looking into this folder."""
    found: dict[str, Language] = {}
    for module in sorted(m.name for m in pkgutil.iter_modules(__path__)):
        language = getattr(importlib.import_module(f"{__name__}.{module}"), "LANGUAGE", None)
        for one in language if isinstance(language, tuple) else (language,) if language else ():
            if one.name in found:
                raise ValueError(f"language {one.name!r} is declared twice, again in {module}.py; rename or remove one")
            found[one.name] = one
    return found


@dataclass(frozen=True)
class _Index:
    """Which languages claim a suffix, a file name, a file name pattern and an interpreter."""

    suffixes: dict[str, tuple[Language, ...]]
    names: dict[str, Language]
    patterns: tuple[tuple[re.Pattern[str], Language], ...]
    interpreters: dict[str, Language]


@cache
def _index() -> _Index:
    suffixes: dict[str, tuple[Language, ...]] = {}
    names: dict[str, Language] = {}
    patterns: list[tuple[re.Pattern[str], Language]] = []
    interpreters: dict[str, Language] = {}
    for language in all_languages().values():
        for suffix in (*language.signed_suffixes, *language.suffixes):
            suffixes[suffix] = suffixes.get(suffix, ()) + (language,)
        for name in language.filenames:
            if "*" in name:
                patterns.append((re.compile(re.escape(name).replace(r"\*", ".*")), language))
            else:
                names[name] = language
        for interpreter in language.interpreters:
            interpreters[interpreter] = language
    return _Index(suffixes, names, tuple(patterns), interpreters)


def language_of(path: str, head: bytes = b"") -> Language | None:
    """The language of a file: by its name, else the longest suffix it has, else its first line; None when nothing claims it.

    ``head`` is the first few kilobytes; without it a suffix that two languages share (``.h``) goes to the one that needs no sign.
    """
    index, name = _index(), PurePosixPath(path).name.lower()
    if name in index.names:
        return index.names[name]
    parts = name.lstrip(".").split(".")
    for cut in range(1, len(parts)):
        suffix = "." + ".".join(parts[cut:])
        if suffix in index.suffixes:
            return _claimant(suffix, index.suffixes[suffix], head)
    for pattern, language in index.patterns:
        if pattern.fullmatch(name):
            return language
    return _by_first_line(head)


def _claimant(suffix: str, claims: tuple[Language, ...], head: bytes) -> Language | None:
    for language in claims:
        if suffix in language.signed_suffixes and re.search(language.sign.encode(), head[:8192], re.MULTILINE):
            return language
    return next((language for language in claims if suffix in language.suffixes), None)


def _by_first_line(head: bytes) -> Language | None:
    found = re.match(
        rb"#![ \t]*(?:\S*/)?env(?:[ \t]+-\S+|[ \t]+\w+=\S*)*[ \t]+(?:\S*/)?([A-Za-z+]+)|#![ \t]*\S*?/?([A-Za-z+]+)[\d.]*(?:\s|$)",
        head[:256],
    )
    if not found:
        return None
    return _index().interpreters.get((found[1] or found[2]).decode().lower())


# Grammars, parsers and trees are part of this seam; they stand in a file of their own and need ``Language`` from above.
from elite_code_dataset.languages._grammars import grammar_of, matches_of, parser_of, query_of, tree_of  # noqa: E402

__all__ = [
    "UNIT_KINDS",
    "ImportParts",
    "Language",
    "Macros",
    "all_languages",
    "grammar_of",
    "language_of",
    "matches_of",
    "parser_of",
    "query_of",
    "tree_of",
]
