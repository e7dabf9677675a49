"""Format: another layout of the same tokens: indentation of another width, braces on lines of their own or not, fewer blank lines.

In: a row of code, or a whole source. Out: the code with a drawn choice of the layouts that change it, token for token and node for node
the same; or a reason. Lines that begin inside a string are never touched. Cost: two parses per layout tried.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable

from elite_code_dataset.augment.registry import Abstained, Helpers, Rewrite, Rng, Window, row_alone, technique
from elite_code_dataset.augment.syntax import Syntax, syntax_of
from elite_code_dataset.augment.verify import SAME_TOKENS, same_tokens
from elite_code_dataset.languages import Language

BRACES = frozenset("c cpp csharp go java javascript kotlin php rust scala swift tsx typescript".split())
INDENTED = BRACES | {"python"}
OWN_LINE = frozenset({"c", "cpp", "csharp", "java"})  # where both styles of braces are at home
BLOCKS = frozenset("block compound_statement class_body constructor_body declaration_list enum_body interface_body switch_block".split())
UNITS = ("  ", "    ", "\t")


def _protected(syntax: Syntax, language: Language) -> list[tuple[int, int]]:
    """The spans of tokens that hold a line end and are no comments, ascending: what begins a line in there is content."""
    spans, node = [], 0
    while node < len(syntax.kinds):
        kind = syntax.kinds[node]
        token = syntax.is_leaf(node) or kind in language.strings or "string" in kind or "heredoc" in kind
        if token and kind not in language.comments and b"\n" in syntax.source[syntax.starts[node] : syntax.ends[node]].strip(b"\r\n"):
            spans.append((syntax.starts[node], syntax.ends[node]))
            node = syntax.lasts[node]
        else:
            node += 1
    return spans


def _lines(syntax: Syntax, language: Language) -> list[tuple[str, bool]]:
    """Each line with whether it may change: it does not begin inside a token."""
    spans = _protected(syntax, language)
    starts = [start for start, _ in spans]
    lines, offset = [], 0
    for line in syntax.source.split(b"\n"):
        place = bisect_right(starts, offset) - 1
        inside = place >= 0 and starts[place] < offset < spans[place][1]
        lines.append((line.decode(), not inside))
        offset += len(line) + 1
    return lines


def _unit_of(lines: list[tuple[str, bool]]) -> str:
    """The indentation that lines most often gain over the line before; '' where tabs and blanks mix or nothing is indented."""
    leads = [re.match(r"[ \t]*", line)[0] for line, free in lines if free and line.strip()]
    if any(" \t" in lead for lead in leads) or (any(lead[:1] == " " for lead in leads) and any(lead[:1] == "\t" for lead in leads)):
        return ""
    gains = Counter(
        after[len(before) :] for before, after in zip(leads, leads[1:]) if after.startswith(before) and len(after) > len(before)
    )
    common = [gain for gain in gains if gain in ("\t", "  ", "   ", "    ", "        ")]
    return min(common, key=lambda gain: (-gains[gain], gain)) if common else ""


def other_indent(syntax: Syntax, language: Language, rng: Rng) -> str | None:
    """Every level of indentation in another width, or in tabs; what a line has beyond its levels it keeps."""
    lines = _lines(syntax, language)
    unit = _unit_of(lines)
    if not unit or language.name not in INDENTED:
        return None
    new = rng.choice([other for other in UNITS if other != unit])
    result = []
    for line, free in lines:
        body = line.lstrip(" \t")
        lead = line[: len(line) - len(body)]
        levels = len(lead) - len(lead.lstrip("\t")) if unit == "\t" else len(lead) // len(unit)
        result.append(new * levels + lead[levels * len(unit) :] + body if free and body else line)
    return "\n".join(result)


def fewer_blank_lines(syntax: Syntax, language: Language, rng: Rng) -> str | None:
    """Blank lines go where the next line is indented further than the outermost one."""
    if language.name not in INDENTED:
        return None
    lines = _lines(syntax, language)
    widths = [len(line) - len(line.lstrip(" \t")) for line, _ in lines]
    least = min((width for (line, _), width in zip(lines, widths) if line.strip()), default=0)
    result, following = [], least
    for (line, free), width in zip(reversed(lines), reversed(widths)):
        following = width if line.strip() else following
        if line.strip() or not free or following <= least:
            result.append(line)
    return "\n".join(reversed(result))


def braces_on_own_lines(syntax: Syntax, language: Language, rng: Rng) -> str | None:
    """``if (c) {`` -> the brace, and ``else`` after a closing one, on lines of their own."""
    breaks = []
    for node, kind in enumerate(syntax.kinds):
        if kind in BLOCKS and node + 1 < len(syntax.kinds) and syntax.kinds[node + 1] == "{" and not syntax.begins_line(node):
            holder = syntax.parents[node]
            if b"\n" in syntax.source[syntax.starts[node] : syntax.ends[node]]:
                breaks.append((syntax.starts[node], syntax.indent(holder)))
        elif kind in ("else", "catch", "finally") and syntax.source[: syntax.starts[node]].rstrip().endswith(b"}"):
            if not syntax.begins_line(node):
                breaks.append((syntax.starts[node], syntax.indent(node)))
    if language.name not in OWN_LINE or not breaks:
        return None
    return _broken(syntax.source, sorted(breaks)).decode()


def _broken(source: bytes, breaks: list[tuple[int, str]]) -> bytes:
    """The source with a line end and an indentation before each place, in the stead of the blanks there."""
    pieces, position = [], 0
    for place, indent in breaks:
        pieces += [source[position:place].rstrip(b" \t"), b"\n", indent.encode()]
        position = place
    return b"".join([*pieces, source[position:]])


def braces_on_same_line(syntax: Syntax, language: Language, rng: Rng) -> str | None:
    """A brace on a line of its own moves to the end of the line before, unless that is a comment or a directive."""
    if language.name not in OWN_LINE:
        return None
    source, pieces, position = syntax.source, [], 0
    for node, kind in enumerate(syntax.kinds):
        if kind not in BLOCKS or node + 1 >= len(syntax.kinds) or syntax.kinds[node + 1] != "{" or not syntax.begins_line(node):
            continue
        head = source[: syntax.starts[node]].rstrip()
        last_line = head[head.rfind(b"\n") + 1 :]
        if (
            len(head) < position
            or not head
            or b"//" in last_line
            or last_line.lstrip().startswith((b"#", b"*"))
            or head.endswith((b"*/", b"{", b"}", b";"))
        ):
            continue
        pieces += [source[position : len(head)], b" "]
        position = syntax.starts[node]
    return b"".join([*pieces, source[position:]]).decode() if pieces else None


Layout = Callable[[Syntax, Language, Rng], str | None]
LAYOUTS: tuple[Layout, ...] = (other_indent, fewer_blank_lines, braces_on_own_lines, braces_on_same_line)


def formatted(source: bytes, language: Language, rng: Rng) -> bytes | Abstained:
    """``source`` in a drawn choice of layouts: the first that changes it, and each other one that does with even chance."""
    if language.name not in INDENTED:
        return Abstained("language")
    first = syntax_of(source, language)
    if first is None:
        return Abstained("not_parsed")
    if b"\r" in source:
        return Abstained("carriage_return")
    current, refused = first, "nothing_to_lay_out"
    for layout in rng.shuffled(LAYOUTS):
        if current is not first and rng.random() < 0.5:
            continue
        text = layout(current, language, rng)
        if text is None or text.encode() in (current.source, source):  # one layout may undo another
            continue
        after = syntax_of(text.encode(), language)
        if after is not None and same_tokens(first, after, language):
            current = after
        else:
            refused = "not_same_tokens"
    return Abstained(refused) if current is first else current.source


def rewrite_source(source: bytes, language: Language, rng: Rng) -> bytes | Abstained:
    """A whole file in another layout."""
    return formatted(source, language, rng)


@technique("format", preserves_meaning=True, rewrite_source=rewrite_source, seen=row_alone)
def apply(window: Window, language: Language, rng: Rng, helpers: Helpers) -> Rewrite | Abstained:
    """The row with its target in another layout; the context stays."""
    if window["kind"] != "code":
        return Abstained("edit")
    context, target = window["text"][: window["context_chars"]], window["text"][window["context_chars"] :]
    result = formatted(target.encode(), language, rng)
    return result if isinstance(result, Abstained) else Rewrite(context + result.decode(), len(context), SAME_TOKENS)
