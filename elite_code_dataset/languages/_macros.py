"""Macros around items: ``cfg_feature! { mod client; }`` is an item to a grammar, and what stands inside is bare tokens.

In: a source and its tree. Out: the same source, byte for byte as long, in which such an invocation opens like a group of items, so that a
parse of it shows them where they stand. An invocation is opened only where its inside, parsed alone, is items and has no error; what a macro
may want behind the last of them (``?= default``) or does without there (a semicolon) is made up for. Costs a parse or two of every inside,
for files that have any; the parse of what comes out is the caller's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

import tree_sitter

from elite_code_dataset.languages import Macros, _trial

MACRO_LEVELS = 3  # macros inside macros that are looked into
MOST_MACROS = 5000  # of a level; more are bare tokens, as all would be without this
Shell = tuple[int, int, int]  # where an invocation, its opening brace and what follows its closing brace begin


def opened(source: bytes, tree: tree_sitter.Tree, macros: Macros, parser: tree_sitter.Parser, deadline: float) -> bytes:
    """The source itself where there is nothing to open."""
    if not re.search(macros.sign, source):
        return source
    result = bytearray(source)
    level = [(0, tree)]
    for _ in range(MACRO_LEVELS):
        inner: list[tuple[int, tree_sitter.Tree]] = []
        found = ((offset, *nodes) for offset, outer in level for nodes in macros.among(outer.root_node))
        for offset, whole, braces in islice(found, MOST_MACROS):
            start, brace, end = offset + whole.start_byte, offset + braces.start_byte, offset + braces.end_byte
            text, inside = _items(source[brace + 1 : end - 1], macros, parser, deadline)
            if inside is not None:
                result[brace + 1 : end - 1] = text
                _open(result, (start, brace, end), macros.opening)
                inner.append((brace + 1, inside))
        level = inner
    return bytes(result)


def _items(inside: bytes, macros: Macros, parser: tree_sitter.Parser, deadline: float) -> tuple[bytes, tree_sitter.Tree | None]:
    """What stands between the braces as it can be read, and its tree if it is items."""
    if not _trial.looks_crafted(inside):
        for text in _readings(inside):
            tree = _trial.parse(parser, text, deadline)
            if tree is not None and not tree.root_node.has_error and macros.are_items(tree.root_node):
                return text, tree
    return inside, None


def _readings(inside: bytes) -> Iterator[bytes]:
    """As it is; with a semicolon at the end, if there is room for one; without what follows the last brace or semicolon."""
    yield inside
    code = inside.rstrip()
    if len(code) < len(inside) and not code.endswith(b";"):
        yield code + b";" + inside[len(code) + 1 :]
    last = max(code.rfind(b"}"), code.rfind(b";")) + 1
    if 0 < last < len(code):
        yield inside[:last] + re.sub(rb"[^\n]", b" ", inside[last:])


def _open(source: bytearray, shell: Shell, opening: bytes) -> None:
    """Write the opening over the macro's name; where it does not fit, take the name and both braces away."""
    start, brace, end = shell
    name = bytes(source[start:brace])
    if b"\n" not in name[: len(opening)] and len(name) >= len(opening):
        source[start:brace] = opening + re.sub(rb"[^\n]", b" ", name[len(opening) :])
    else:
        source[start : brace + 1] = re.sub(rb"[^\n]", b" ", name) + b" "
        source[end - 1 : end] = b" "
