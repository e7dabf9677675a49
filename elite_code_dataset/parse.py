"""Parsing: SourceFile -> ParsedFile. Units with exact byte spans and signatures, imports, complexity, places to cut.

One syntax tree and one compiled query a file; no loop visits every node of the tree, nothing recurses, and all the rest is sorting and
bisecting spans. On Rust it costs about as much again as the bare parse. A file that has no grammar, or whose grammar does not finish in
time, is still a text: it gets ``blocks`` at headings and blank lines.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from tree_sitter import Node, Tree

from elite_code_dataset.config import PARSE_SECONDS
from elite_code_dataset.languages import UNIT_KINDS, Language, all_languages, matches_of, query_of, tree_of
from elite_code_dataset.records import Import, ParsedFile, SourceFile, Unit
from elite_code_dataset.runaways import end_before_the_next
from elite_code_dataset.textplaces import after_blank_lines, text_blocks

CLOSINGS = re.compile(rb"[})\]>;,\s]*")
CONSTANT_SHOWN_BYTES = 100  # a constant's value (on one line) and an alias's are part of the signature when all of it is this short

Span = tuple[int, int]


def parsed(source: SourceFile, seconds: float = PARSE_SECONDS) -> ParsedFile:
    """What the file holds. Never raises for what is in the file: what cannot be read as its language is read as text, with ``has_error``."""
    data = source.text.encode("utf-8", "surrogatepass")
    language = all_languages().get(source.language)
    if language is None or not language.is_code:
        return ParsedFile(source, (), (), (), text_blocks(data, language), False)
    tree = tree_of(data, language, seconds, inside_macros=True)
    found = _found(tree, language) if tree is not None else None
    if tree is None or found is None:
        return ParsedFile(source, (), (), (), text_blocks(data, None), True)
    marks = _Marks.of(data, found, language)
    raws = _raw_units(data, found, marks, tree.root_node.has_error and not language.functions_nest)
    complexity = _complexities(raws, found)
    units = tuple(_unit(data, raw, marks, complexity[index]) for index, raw in enumerate(raws))
    moved = _moved_starts(raws, marks)
    statements = _statements(data, found, marks, moved)
    return ParsedFile(source, units, _imports(found, language), statements, _blocks(data, found), tree.root_node.has_error)


# --- what the query finds -------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Found:
    """Nodes by the name the query gave them; definitions keep which name and body are theirs."""

    nodes: dict[str, list[Node]]
    definitions: list[tuple[int, str, dict[str, list[Node]]]]


def _found(tree: Tree, language: Language) -> _Found | None:
    matches = matches_of(tree, query_of(language))
    if matches is None:
        return None
    names = ("statement", "block", "decision", "default", "comment", "string", "attached", "outer", "import")
    found = _Found({name: [] for name in names}, [])
    for pattern, captures in matches:
        for name, nodes in captures.items():
            if name in found.nodes:
                found.nodes[name].extend(nodes)
            elif name in UNIT_KINDS:
                found.definitions.append((pattern, name, captures))
    return found


def _imports(found: _Found, language: Language) -> tuple[Import, ...]:
    """One ``Import`` a leaf; all leaves of a statement carry that statement's span."""
    if language.read_import is None:
        return ()
    leaves: list[Import] = []
    for start, node in sorted({node.start_byte: node for node in found.nodes["import"]}.items()):
        leaves.extend(Import(module, names, kind, start, node.end_byte) for module, names, kind in language.read_import(node))
    return tuple(leaves)


# --- comments and attributes: where something really begins ---------------------------------------------------------------------------


@dataclass(slots=True)
class _Marks:
    """Comments and attributes in order. ``attached`` ones belong to what follows them."""

    starts: list[int]
    ends: list[int]
    attached: list[bool]
    comments_attach: bool

    @staticmethod
    def of(data: bytes, found: _Found, language: Language) -> _Marks:
        spans: dict[int, tuple[int, bool]] = {}
        for node in found.nodes["comment"]:
            start = node.start_byte
            spans[start] = (node.end_byte, bool(language.doc_comment) and data.startswith(_prefixes(language), start))
        if any("@attached" in line and "comment" in line for line in language.units.splitlines()):
            spans = {start: (end, False) for start, (end, _) in spans.items()}  # the query itself says which comments document
        for node in found.nodes["attached"]:
            spans[node.start_byte] = (node.end_byte, True)
        marks = _Marks([], [], [], language.comments_attach)
        for start, (end, attached) in sorted(spans.items()):
            if not marks.ends or end > marks.ends[-1]:  # a comment inside an attribute is the attribute's
                marks.starts.append(start)
                marks.ends.append(end)
                marks.attached.append(attached)
        return marks

    def inside(self, start: int, end: int) -> Iterator[Span]:
        for index in range(bisect_left(self.starts, start), bisect_left(self.starts, end)):
            yield self.starts[index], self.ends[index]

    def start_of(self, data: bytes, position: int, floor: int, any_comment: bool) -> int:
        """Where what stands at ``position`` begins, with the attributes and documentation above it; never before ``floor``.

        A plain comment counts when it stands alone on the line above, in the same column, without a blank line between; one that ends
        an attribute's line is passed over.
        """
        best, column = position, position - _line_start(data, position)
        index = bisect_right(self.ends, position) - 1
        while index >= 0 and self.starts[index] >= floor:
            start, end = self.starts[index], self.ends[index]
            if not _only_blanks(data, end, position):
                break
            if not self.attached[index]:
                line = _line_start(data, start)
                newlines = data.count(b"\n", end, position) + (data[end - 1 : end] == b"\n")
                if _only_blanks(data, line, start):
                    if newlines > 1 or start - line != column:
                        break
                elif not (index and self.attached[index - 1] and _only_blanks(data, self.ends[index - 1], start)):
                    break
            position = start
            if self.attached[index] or any_comment or self.comments_attach:
                best = start
            index -= 1
        return best


@cache
def _prefixes(language: Language) -> tuple[bytes, ...]:
    return tuple(prefix.encode() for prefix in language.doc_comment)


def _line_start(data: bytes, position: int) -> int:
    return data.rfind(b"\n", 0, position) + 1


def _only_blanks(data: bytes, start: int, end: int) -> bool:
    """True for an empty span too. Looks at the near end first, since a long gap is nearly always code."""
    near = data[max(start, end - 256) : end]
    return not near or (near.isspace() and (end - start <= 256 or data[start:end].isspace()))


def _moved_to_line_start(data: bytes, position: int) -> int:
    line = _line_start(data, position)
    return line if _only_blanks(data, line, position) else position


# --- units ----------------------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Raw:
    """A definition as the grammar spans it. ``code_start`` is where its wrapper (``export``...) begins, ``start`` the documentation."""

    kind: str
    name: str
    node_start: int
    end: int
    header_end: int
    body: int | None
    code_start: int
    start: int = 0
    parent: int = -1
    depth: int = 0


def _raw_units(data: bytes, found: _Found, marks: _Marks, runaways: bool) -> list[_Raw]:
    """Definitions in document order, outer before inner, with wrappers claimed, parents known and starts moved over documentation."""
    raws = sorted(_definitions(data, found).values(), key=lambda raw: (raw.node_start, -raw.end))
    _claim_wrappers(data, raws, sorted({(node.start_byte, node.end_byte) for node in found.nodes["outer"]}, key=lambda s: (s[0], -s[1])))
    raws.sort(key=lambda raw: (raw.code_start, -raw.end))
    if runaways:
        end_before_the_next(data, raws)
    kept: list[_Raw] = []
    stack: list[int] = []
    floor = 0
    for raw in raws:
        while stack and kept[stack[-1]].end <= raw.code_start:
            floor = max(floor, kept[stack.pop()].end)
        if stack:
            around = kept[stack[-1]]
            if raw.body is not None and raw.body == around.body:
                continue
            raw.parent, raw.depth = stack[-1], len(stack)
            floor = max(floor, around.code_start + 1)
            if raw.kind == "function" and around.kind in ("type", "trait", "interface", "impl"):
                raw.kind = "method"
        raw.start = max(floor, _moved_to_line_start(data, marks.start_of(data, raw.code_start, floor, any_comment=False)))
        stack.append(len(kept))
        kept.append(raw)
    return kept


def _definitions(data: bytes, found: _Found) -> dict[Span, _Raw]:
    """One definition a span: of two patterns that see the same node the one written first wins, and of one pattern what has a body."""
    best: dict[Span, tuple[tuple[int, int], _Raw]] = {}
    for pattern, kind, captures in found.definitions:
        node = captures[kind][0]
        key, rank = (node.start_byte, node.end_byte), (pattern, -len(captures))
        if key in best and rank >= best[key][0]:
            continue
        body = min((one.start_byte for one in captures.get("body", ())), default=None)
        header = captures.get("header")
        end = _end_of(data, node)
        header_end = max(one.end_byte for one in header) if header else end if body is None else body
        best[key] = (rank, _Raw(kind, _name(data, captures), node.start_byte, end, header_end, body, code_start=node.start_byte))
    return {key: raw for key, (_, raw) in best.items()}


def _end_of(data: bytes, node: Node) -> int:
    """Where the syntax ends: without line ends that some grammars take in, with the semicolon that some leave out."""
    end = node.end_byte
    while end > node.start_byte and data[end - 1] in b" \t\r\n":
        end -= 1
    return end + 1 if data[end : end + 1] == b";" and end == node.end_byte else end


def _name(data: bytes, captures: dict[str, list[Node]]) -> str:
    node = captures["name"][0] if "name" in captures else None
    if "declarator" in captures:
        node = captures["declarator"][0]
        while node is not None and node.type.endswith("_declarator"):
            node = node.child_by_field_name("declarator") or node.named_child(0)
    if node is None:
        return ""
    text = " ".join(data[node.start_byte : node.end_byte].decode("utf-8", "replace").split()).strip("\"'`")
    return re.sub(r"(?<!operator)\(.*", "", text) if "declarator" in captures else text


def _claim_wrappers(data: bytes, raws: list[_Raw], wrappers: list[Span]) -> None:
    """A wrapper belongs to the unit directly inside it when that is the only one and they end together; the unit then spans the wrapper."""
    held: list[list[int]] = [[] for _ in wrappers]
    above: list[list[int]] = []
    stack: list[tuple[int, int]] = []  # (end, wrapper index or -1 for a unit)
    at = 0
    for index, raw in enumerate(raws):
        while at < len(wrappers) and wrappers[at][0] <= raw.node_start:
            while stack and stack[-1][0] <= wrappers[at][0]:
                stack.pop()
            stack.append((wrappers[at][1], at))
            at += 1
        while stack and stack[-1][0] <= raw.node_start:
            stack.pop()
        chain: list[int] = []
        for _, wrapper in reversed(stack):
            if wrapper < 0 or len(chain) == 8:
                break
            chain.append(wrapper)
            held[wrapper].append(index)
        above.append(chain)
        stack.append((raw.end, -1))
    for raw, chain in zip(raws, above):
        for wrapper in chain:
            start, end = wrappers[wrapper]
            if len(held[wrapper]) > 1 or data[raw.end : end].strip(b" \t\r\n;"):
                break
            raw.code_start, raw.end = min(raw.code_start, start), max(raw.end, end)


def _unit(data: bytes, raw: _Raw, marks: _Marks, complexity: int) -> Unit:
    header_end = raw.end if raw.body is None and raw.header_end >= raw.end else _moved_to_line_start(data, raw.header_end)
    header_end = max(header_end, raw.start)
    return Unit(raw.kind, raw.name, _signature(data, raw, marks), raw.start, raw.end, header_end, raw.depth, raw.parent, complexity)


def _signature(data: bytes, raw: _Raw, marks: _Marks) -> str:
    """The header without documentation, attributes and comments, on one line."""
    is_alias = raw.kind == "type" and raw.body is not None and data[raw.body : raw.body + 1] != b"{"
    is_value = is_alias or (raw.kind == "constant" and b"\n" not in data[raw.code_start : raw.end])
    short = is_value and raw.end - raw.code_start <= CONSTANT_SHOWN_BYTES
    end = raw.end if short else raw.header_end
    pieces: list[bytes] = []
    position = raw.code_start
    for start, stop in marks.inside(raw.code_start, end):
        pieces.append(data[position:start])
        position = max(position, min(stop, end))
    pieces.append(data[position:end])
    text = b" ".join(pieces).decode("utf-8", "replace")
    text = re.sub(r"([(\[<])\s*\n\s*", r"\1", text)
    text = re.sub(r",?\s*\n\s*([)\]>])", r"\1", text)
    text = " ".join(text.split()).rstrip(" {;,\\" if short else " {:;=,\\")
    return text if raw.name in text or raw.body is None else f"{text} {raw.name}"


def _complexities(raws: list[_Raw], found: _Found) -> list[int]:
    """1 + decisions of each unit, those of nested units left out. One pass over sorted offsets."""
    counts = [1] * len(raws)
    marks = [(node.start_byte, 1) for node in found.nodes["decision"]] + [(node.start_byte, -1) for node in found.nodes["default"]]
    stack: list[int] = []
    at = 0
    for position, step in sorted(marks):
        while at < len(raws) and raws[at].code_start <= position:
            while stack and raws[stack[-1]].end <= raws[at].code_start:
                stack.pop()
            stack.append(at)
            at += 1
        while stack and raws[stack[-1]].end <= position:
            stack.pop()
        if stack:
            counts[stack[-1]] += step
    return [max(1, count) for count in counts]


# --- places to cut --------------------------------------------------------------------------------------------------------------------


def _moved_starts(raws: list[_Raw], marks: _Marks) -> dict[int, int]:
    """Where a unit begins, for each place at which the grammar may see its statement begin: at its attributes or at its code."""
    moved: dict[int, int] = {}
    for raw in reversed(raws):
        moved.update({start: raw.start for start, _ in marks.inside(raw.start, raw.code_start)})
        moved[raw.node_start] = moved[raw.code_start] = raw.start
    return moved


def _statements(data: bytes, found: _Found, marks: _Marks, moved: dict[int, int]) -> tuple[int, ...]:
    """Offsets at which a statement begins, comments above it included; for a unit that is one, where the unit begins.

    What goes on after a statement inside another (``} else if (...) {``) and a comment that belongs to none begin like one. A unit inside
    a statement (a function in an object) does not: see ``view.py``.
    """
    comments = {node.start_byte: node.end_byte for node in found.nodes["comment"]}
    seen = {(node.start_byte, node.end_byte) for node in found.nodes["statement"]}
    spans = [span for span in seen if span[0] not in comments and not _opens_in_line(data, span[0])]
    plain = {start for start, _ in spans}
    belong: set[int] = set()
    offsets: set[int] = set()
    for start in plain:
        first = moved[start] if start in moved else marks.start_of(data, start, 0, any_comment=True)
        belong.update(at for at, _ in marks.inside(first, start))
        offsets.add(_moved_to_line_start(data, first))
    for start in sorted(comments.keys() & {start for start, _ in seen}, reverse=True):
        if start not in belong and _only_blanks(data, _line_start(data, start), start):
            first = marks.start_of(data, start, 0, any_comment=True)
            belong.update(at for at, _ in marks.inside(first, start))  # each comment is walked over once
            offsets.add(_moved_to_line_start(data, first))
    offsets.update(_continuations(data, spans, comments))
    return tuple(sorted(offsets))


def _opens_in_line(data: bytes, start: int) -> bool:
    """Whether a brace opens behind other code: ``case 1: {``."""
    return data[start : start + 1] == b"{" and not _only_blanks(data, _line_start(data, start), start)


def _continuations(data: bytes, spans: Iterable[Span], comments: dict[int, int]) -> Iterator[int]:
    """Lines at which a statement goes on between two that are inside it, closing brackets at most before the code there."""
    stack: list[list[int]] = []  # where an open statement ends, where the last one inside it does (-1: there is none yet)
    for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
        while stack and stack[-1][0] <= start:
            seen, _ = stack.pop()
            if stack:
                stack[-1][1] = seen
        if stack and stack[-1][1] >= 0:
            place = _code_after(data, stack[-1][1], start, comments)
            line = _line_start(data, place)
            if place < start and CLOSINGS.fullmatch(data, line, place):
                yield line
        stack.append([end, -1])


def _code_after(data: bytes, start: int, end: int, comments: dict[int, int]) -> int:
    """The first byte of ``[start, end)`` that is neither blank nor a closing bracket nor in a comment; ``end`` if there is none."""
    while (start := CLOSINGS.match(data, start, end).end()) in comments and start < end:
        start = min(end, comments[start])
    return start


def _blocks(data: bytes, found: _Found) -> tuple[int, ...]:
    """Softer places: after blank lines outside strings, and elements that begin their own line."""
    offsets: set[int] = set()
    for node in found.nodes["block"]:
        line = _line_start(data, node.start_byte)
        if _only_blanks(data, line, node.start_byte):
            offsets.add(line)
    strings = ((node.start_byte, node.end_byte) for node in found.nodes["string"])
    offsets.update(after_blank_lines(data, [(start, end) for start, end in strings if data.find(b"\n", start, end - 1) >= 0]))
    return tuple(sorted(offset for offset in offsets if 0 < offset < len(data)))
