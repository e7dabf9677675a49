"""Endings: which functions lie whole in a window. A rewrite of one that the window cuts off would not fit the rest of it in the file.

In: a window's ``Syntax``; for Python, what the other windows show of the lines behind it. Out: the bytes in which rewrites may be made.
Braces tell where a function ends. A Python function ends where less indented code follows: in the window, or in the one after it, which a survey
has seen. Where neither shows it, the function counts as cut off. Costs one pass over the nodes; the survey one pass over the rows.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from typing import Any

from elite_code_dataset.augment.scopes import ScopeRules, rules_of
from elite_code_dataset.augment.syntax import Syntax
from elite_code_dataset.languages import Language

BY_INDENTATION = frozenset({"python"})
SCRIPTS = frozenset({"python", "javascript", "typescript", "tsx"})  # statements may stand outside of functions
TAB = 8

Ends = Mapping[str, Mapping[str, int]]  # "commit:path" -> end byte of a window -> width of the indentation of the code that follows
Part = tuple[int, bytes]  # where a window begins in its file, and its target


class Windows:
    """The windows seen so far, in one pass over the rows."""

    def __init__(self) -> None:
        self.files: dict[str, set[Part]] = {}
        self.ends: dict[str, set[int]] = {}

    def add(self, row: Mapping[str, Any]) -> None:
        if row["kind"] == "code" and row["language"] in BY_INDENTATION and "end_byte" in row:
            key, target = _key(row), row["text"][row["context_chars"] :].encode()
            self.ends.setdefault(key, set()).add(row["end_byte"])
            if row["end_byte"] - row["start_byte"] == len(target):  # in the others something was redacted
                self.files.setdefault(key, set()).add((row["start_byte"], target))

    def widths(self) -> dict[str, dict[str, int]]:
        """How far the code is indented that follows each window, as far as the rows show it; plain JSON values."""
        found: dict[str, dict[str, int]] = {}
        for key, parts in sorted(self.files.items()):
            in_order = sorted(parts)
            for end in sorted(self.ends[key]):
                width = _width_behind(in_order, end)
                if width is not None:
                    found.setdefault(key, {})[str(end)] = width
        return found


def ends_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """``Windows.widths`` of the rows: a survey."""
    windows = Windows()
    for row in rows:
        windows.add(row)
    return windows.widths()


def _key(row: Mapping[str, Any]) -> str:
    return f"{row['commit']}:{row['path']}"


def _width_behind(parts: list[Part], end: int) -> int | None:
    """The indentation of the first code in the file from byte ``end`` on; None where no window shows it."""
    while True:
        last = bisect_right(parts, (end, b"\xff")) - 1
        covering = [part for part in parts[: last + 1] if part[0] <= end < part[0] + len(part[1])]
        if not covering:
            return None
        start, target = covering[-1]
        if end > start and target[end - start - 1 : end - start] != b"\n":
            return None  # a line was cut in two
        width = _first_width(target[end - start :])
        if width is not None:
            return width
        end = start + len(target)


def _first_width(text: bytes) -> int | None:
    """The indentation of the first line that holds code."""
    for line in text.split(b"\n"):
        if line.strip() and not line.lstrip().startswith(b"#"):
            return _width(line)
    return None


def _width(line: bytes) -> int:
    wide = line.expandtabs(TAB)
    return len(wide) - len(wide.lstrip(b" "))


def width_behind(window: Mapping[str, Any], ends: Ends) -> int | None:
    """What the survey knows of the code behind a window."""
    return ends.get(_key(window), {}).get(str(window["end_byte"])) if "end_byte" in window else None


def whole_functions(syntax: Syntax, language: Language, behind: int | None) -> list[tuple[int, int]]:
    """The bytes of the outermost functions that hold no error and whose end is to be seen, in order."""
    rules = rules_of(language)
    return [
        (syntax.starts[node], syntax.ends[node])
        for node in (_outermost(syntax, rules) if rules else ())
        if syntax.is_sound(node) and _is_whole(syntax, node, language, behind)
    ]


def whole_places(syntax: Syntax, language: Language, behind: int | None) -> list[tuple[int, int]]:
    """The same, and what lies between the functions of a script: statements at its outermost level that something follows."""
    places, rules = whole_functions(syntax, language, behind), rules_of(language)
    if rules is None or language.name not in SCRIPTS or (syntax.broken and language.name not in BY_INDENTATION):
        return places
    cuts = [(syntax.starts[node], syntax.ends[node]) for node in _outermost(syntax, rules)]
    for node in syntax.named_children(0):
        begins = syntax.begins_line(node) and not syntax.indent(node)
        if begins and syntax.is_sound(node) and _is_over(syntax, node, language):
            at = syntax.starts[node]
            inner = [cut for cut in cuts if syntax.starts[node] <= cut[0] and cut[1] <= syntax.ends[node]]
            for start, end in inner if any(cut not in places for cut in inner) else ():
                places.append((at, start))
                at = end
            places.append((at, syntax.ends[node]))
    return places


def _is_over(syntax: Syntax, node: int, language: Language) -> bool:
    """Whether a statement at the outermost level surely has no more parts: other code follows, or it is a simple one of Python's."""
    rest = syntax.source[syntax.ends[node] :]
    simple = "block" not in syntax.kinds[node : syntax.lasts[node]] and language.name in BY_INDENTATION
    return _first_width(rest) == 0 or (simple and rest.lstrip(b" \t").startswith(b"\n"))


def _outermost(syntax: Syntax, rules: ScopeRules) -> list[int]:
    found, node = [], 0
    while node < len(syntax.kinds):
        outer = syntax.kinds[node] in rules.functions and not syntax.is_leaf(node)
        if outer:
            found.append(node)
        node = syntax.lasts[node] if outer else node + 1
    return found


def _is_whole(syntax: Syntax, node: int, language: Language, behind: int | None) -> bool:
    rest = syntax.source[syntax.ends[node] :]
    if language.name not in BY_INDENTATION:
        return syntax.source[: syntax.ends[node]].endswith(b"}") or bool(rest.strip())
    _, _, below = rest.partition(b"\n")
    width = _first_width(below)
    width = behind if width is None else width
    return width is not None and width <= _width(syntax.source[syntax.line_start(node) : syntax.starts[node]] + b"x")
