"""Grammars, parsers, trees and matches behind one seam, with limits: the only place that knows how tree-sitter's versions differ.

In: a ``Language`` and bytes. Out: a tree, or None where the file is not read as its language (no grammar installed, too large, too slow,
unsafe). Costs the bare parse, plus about a tenth for looking whether a file must first be tried in a process of its own.

Limits. tree-sitter is written in C: crafted input makes it slow, large, or crash (24 KB of ``a<b<`` ends the process in Java's grammar).
So: a cap on bytes; a cap on work, counted in calls of the progress callback, which is the same on every machine; a cap on seconds of
processor time, not of the clock, since a busy machine must not change what a dataset holds; a cap on depth for queries; and what looks
crafted (``_trial.looks_crafted``) is parsed in a killable process first.
"""

from __future__ import annotations

import re
import threading
import time
from functools import cache
from typing import TYPE_CHECKING

import tree_sitter

from elite_code_dataset.config import MAX_FILE_BYTES, PARSE_SECONDS
from elite_code_dataset.languages import _trial
from elite_code_dataset.languages._macros import opened

if TYPE_CHECKING:
    from elite_code_dataset.languages import Language

Matches = list[tuple[int, dict[str, list[tree_sitter.Node]]]]


@cache
def grammar_of(language: Language) -> tree_sitter.Language | None:
    """The loaded grammar; None for a text kind, or when the wheel that holds it is not installed (the file is then read as text)."""
    return _trial.loaded(*language.grammar) if language.grammar else None


_parsers = threading.local()


def parser_of(language: Language) -> tree_sitter.Parser | None:
    """This thread's parser for the language; None where ``grammar_of`` is None. Parsers do not pickle: ask again in each process."""
    grammar = grammar_of(language)
    if grammar is None:
        return None
    kept = _parsers.__dict__.setdefault("by_name", {})
    if language.name not in kept:
        kept[language.name] = tree_sitter.Parser(grammar)
    return kept[language.name]


def tree_of(source: bytes, language: Language, seconds: float = PARSE_SECONDS, inside_macros: bool = False) -> tree_sitter.Tree | None:
    """The syntax tree, or None: a text kind, no grammar installed, more than ``MAX_FILE_BYTES``, or too much work for its size.

    ``inside_macros`` shows the items that stand inside a macro's braces as items, in a language that has such macros.
    """
    parser = parser_of(language)
    if parser is None or len(source) > MAX_FILE_BYTES:
        return None
    source = _without(source, language.hidden)
    crafted = _trial.looks_crafted(source)
    if crafted and not _trial.passed(source, language.grammar, query_text(language), seconds):
        return None
    tree = _trial.parse(parser, source, time.thread_time() + seconds)
    if tree is None:
        return None
    if language.hidden_again and tree.root_node.has_error:
        other = _without(source, language.hidden_again)
        tree = _better(tree, other, language, seconds, 1) if other != source else tree
    if inside_macros and language.macros is not None and not crafted:
        other = opened(source, tree, language.macros, parser, time.thread_time() + seconds)
        tree = _better(tree, other, language, seconds, 0) if other != source else tree
    return tree


def _better(tree: tree_sitter.Tree, other: bytes, language: Language, seconds: float, fewer: int) -> tree_sitter.Tree:
    """The tree of the other reading of a source when it has at least so many errors fewer."""
    if _trial.looks_crafted(other) and not _trial.passed(other, language.grammar, query_text(language), seconds):
        return tree
    again = _trial.parse(parser_of(language), other, time.thread_time() + seconds)
    return again if again is not None and _trial.errors(again) + fewer <= _trial.errors(tree) else tree


def _without(source: bytes, pattern: str) -> bytes:
    """The source with blanks for what the pattern finds, but for its named groups."""
    return re.sub(pattern.encode(), _blanked, source, flags=re.MULTILINE) if pattern else source


def _blanked(found: re.Match[bytes]) -> bytes:
    text, at, pieces = found[0], 0, []
    for start, end in sorted(found.span(name) for name, kept in found.groupdict().items() if kept is not None):
        pieces += [re.sub(rb"[^\n]", b" ", text[at : start - found.start()]), found.string[start:end]]
        at = end - found.start()
    return b"".join([*pieces, re.sub(rb"[^\n]", b" ", text[at:])])


@cache
def query_text(language: Language) -> str:
    """One query for everything that is wanted of a file: units, imports, and each mark under its own name."""
    parts = [language.units, language.imports]
    for mark in ("statement", "block", "decision", "default", "comment", "string"):
        for kind in getattr(language, f"{mark}s"):
            if kind.startswith("("):
                parts.append(kind.replace("@it", f"@{mark}"))
            else:
                parts.append(f"{kind} @{mark}" if kind.startswith('"') else f"({kind}) @{mark}")
    return "\n".join(parts)


@cache
def query_of(language: Language) -> tree_sitter.Query:
    """``query_text`` compiled, once a process: 1 to 180 ms a language, Swift's 370 ms."""
    return tree_sitter.Query(grammar_of(language), query_text(language))


def matches_of(tree: tree_sitter.Tree, query: tree_sitter.Query) -> Matches | None:
    """All matches of a query down to ``MAX_DEPTH``, or None when a cursor had to drop some, too many being in progress at once."""
    return _trial.matches(tree, query)
