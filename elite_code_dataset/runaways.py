"""Functions that run on: where conditionals open a brace twice, a grammar of C ends a function far behind its last line.

In: the definitions of a file that has errors, in document order. Out: the same, each function that swallowed the next ones ended where its
own closing brace stands at the margin. One pass over the definitions, and one search in the text for each function that is shortened.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

CLOSING_AT_MARGIN = re.compile(rb"^\}", re.MULTILINE)
NO_FUNCTION = re.compile(rb"(?:template\s*<[^(){}]*>\s*)?(?:inline\s+)?(?:namespace|class)\b")  # read as one, behind a macro


class Definition(Protocol):
    kind: str
    end: int
    body: int | None
    code_start: int


def end_before_the_next(data: bytes, definitions: Sequence[Definition]) -> None:
    """No function holds another, or a namespace, that begins at the margin."""
    open_ones: list[int] = []
    for index, one in enumerate(definitions):
        while open_ones and definitions[open_ones[-1]].end <= one.code_start:
            open_ones.pop()
        at_margin = one.code_start == 0 or data[one.code_start - 1 : one.code_start] == b"\n"
        if at_margin and one.body is not None and one.kind in ("function", "method", "module"):
            while open_ones and _runs_on(data, definitions[open_ones[-1]]):
                _shorten(data, definitions, open_ones.pop(), index)
        open_ones.append(index)


def _runs_on(data: bytes, one: Definition) -> bool:
    """Whether it is a function at all: what holds a definition at the margin cannot end where it seems to."""
    if one.kind not in ("function", "method") or one.body is None:
        return False
    return b"(" in data[one.code_start : one.body] and not NO_FUNCTION.match(data, one.code_start)


def _shorten(data: bytes, definitions: Sequence[Definition], index: int, following: int) -> None:
    """End a function at the first brace that closes at the margin before the definition that follows, unless that divides one inside it."""
    one, limit = definitions[index], definitions[following].code_start
    closing = CLOSING_AT_MARGIN.search(data, one.body + 1, limit)
    if closing and not any(inner.code_start < closing.end() < inner.end for inner in definitions[index + 1 : following]):
        one.end = closing.end()
