"""Places to cut that need no grammar: blank lines, headings, sections and top-level keys.

In: bytes, and the ``Language`` where one is known. Out: ascending byte offsets. Costs a few regular expressions.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator

from elite_code_dataset.languages import Language

BLANK_LINES = re.compile(rb"\n(?:[ \t\r\f]*\n)+")

Span = tuple[int, int]


def after_blank_lines(data: bytes, verbatim: Iterable[Span] = ()) -> Iterator[int]:
    """Line starts after runs of blank lines, those inside ``verbatim`` spans left out."""
    spans = sorted(verbatim)
    at, reach = 0, 0
    for match in BLANK_LINES.finditer(data):
        while at < len(spans) and spans[at][0] <= match.start():
            reach = max(reach, spans[at][1])
            at += 1
        if match.start() >= reach:
            yield match.end()


def text_blocks(data: bytes, language: Language | None) -> tuple[int, ...]:
    """Line starts of headings, sections or top-level keys, and after blank lines; none of them inside a fence."""
    fences = _fenced(data, language.fence) if language is not None and language.fence else []
    offsets = set(after_blank_lines(data, fences))
    if language is not None and language.headings:
        pattern = re.compile(b"^(?:" + language.headings.encode() + b")", re.MULTILINE)
        starts = [match.start() for match in pattern.finditer(data)]
        covered = [start for start, _ in fences]
        for start in starts:
            index = bisect_right(covered, start) - 1
            if index < 0 or start >= fences[index][1]:
                offsets.add(start)
    return tuple(sorted(offset for offset in offsets if 0 < offset < len(data)))


def _fenced(data: bytes, fence: str) -> list[Span]:
    """Spans from a line that opens verbatim text to the line that closes it, or to the end."""
    lines = [match.start() for match in re.finditer(b"^(?:" + fence.encode() + b")", data, re.MULTILINE)]
    return [(start, lines[index * 2 + 1] if index * 2 + 1 < len(lines) else len(data)) for index, start in enumerate(lines[::2])]
