"""Syntax: a syntax tree as flat lists in source order, so that a rule is a loop over numbers and no tree is too deep.

In: source bytes and a ``Language``. Out: ``Syntax``, or None where there is no grammar or the parse took too long.
Costs about one second a megabyte; nothing in it holds a parser object, so it may be kept and compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import tree_sitter

from elite_code_dataset.languages import Language, tree_of


def is_list_of_statements(kind: str) -> bool:
    """Whether nodes of this kind hold statements, one after the other: a block, a body, what could not be read."""
    return kind.endswith(("block", "statement_list", "compound_statement", "body", "declaration_list")) or kind == "ERROR"


@dataclass(frozen=True)
class Syntax:
    """Node ``i`` has ``kinds[i]``, ``fields[i]`` ('' without one), ``parents[i]`` (-1 at the root) and the bytes
    ``[starts[i], ends[i])``; its subtree is the nodes ``i + 1 .. lasts[i] - 1``. Quoted tokens are nodes too (``named[i]`` is False).
    ``broken`` holds the nodes that are errors or were made up by the parser."""

    source: bytes
    kinds: list[str]
    fields: list[str]
    parents: list[int]
    starts: list[int]
    ends: list[int]
    lasts: list[int]
    named: list[bool]
    broken: list[int]

    def text(self, node: int) -> str:
        return self.source[self.starts[node] : self.ends[node]].decode("utf-8", "replace")

    def children(self, node: int) -> Iterator[int]:
        child = node + 1
        while child < self.lasts[node]:
            yield child
            child = self.lasts[child]

    def named_children(self, node: int) -> list[int]:
        return [child for child in self.children(node) if self.named[child]]

    def child(self, node: int, field: str) -> int:
        """The first child under ``field``; -1 without one."""
        return next((child for child in self.children(node) if self.fields[child] == field), -1)

    def has_token(self, node: int, token: str) -> bool:
        """Whether a direct child is the quoted token."""
        return any(self.kinds[child] == token for child in self.children(node))

    def is_leaf(self, node: int) -> bool:
        return self.lasts[node] == node + 1

    def leaves(self, node: int = 0) -> Iterator[int]:
        return (i for i in range(node, self.lasts[node]) if self.lasts[i] == i + 1)

    def ancestors(self, node: int) -> Iterator[int]:
        node = self.parents[node]
        while node >= 0:
            yield node
            node = self.parents[node]

    def nearest(self, node: int, kinds: frozenset[str] | tuple[str, ...]) -> int:
        """The nearest ancestor of one of the kinds; -1 without one."""
        return next((above for above in self.ancestors(node) if self.kinds[above] in kinds), -1)

    def line_start(self, node: int) -> int:
        """The byte after the line end before the node."""
        return self.source.rfind(b"\n", 0, self.starts[node]) + 1

    def indent(self, node: int) -> str:
        """The blanks at the start of the line on which the node begins."""
        start = self.line_start(node)
        line = self.source[start : self.starts[node]]
        return line[: len(line) - len(line.lstrip(b" \t"))].decode()

    def begins_line(self, node: int) -> bool:
        """Whether nothing but blanks stands before the node on its line."""
        return not self.source[self.line_start(node) : self.starts[node]].strip()

    def statement(self, node: int) -> int:
        """The node, or the nearest one around it, that stands directly in a block, a body or the file: the whole statement."""
        while self.parents[node] > 0 and not is_list_of_statements(self.kinds[self.parents[node]]):
            node = self.parents[node]
        return node

    def is_certain(self, node: int) -> bool:
        """Whether the subtree holds no error, none stands beside it, and none holds it: only then is it surely what it was read as."""
        if not self.is_sound(node) or any(self.kinds[above] == "ERROR" for above in self.ancestors(node)):
            return False
        around = list(self.children(self.parents[node])) if self.parents[node] >= 0 else [node]
        place = around.index(node)
        return not any(one in self.broken for one in around[max(place - 1, 0) : place + 2])

    def is_sound(self, node: int) -> bool:
        """Whether the subtree holds no error."""
        return not any(node <= wrong < self.lasts[node] for wrong in self.broken)


def syntax_of(source: bytes, language: Language) -> Syntax | None:
    """The tree of ``source``; None without a grammar, for a source too large, or when the parse was called off."""
    tree = tree_of(source, language)
    return None if tree is None else _flat(tree.walk(), source)


def _flat(cursor: tree_sitter.TreeCursor, source: bytes) -> Syntax:
    result = Syntax(source, [], [], [], [], [], [], [], [])
    open_nodes: list[int] = []
    while True:
        node, index = cursor.node, len(result.kinds)
        result.kinds.append(node.type)
        result.fields.append(cursor.field_name or "")
        result.parents.append(open_nodes[-1] if open_nodes else -1)
        result.starts.append(node.start_byte)
        result.ends.append(node.end_byte)
        result.lasts.append(index + 1)
        result.named.append(node.is_named)
        if node.is_error or node.is_missing:
            result.broken.append(index)
        if cursor.goto_first_child():
            open_nodes.append(index)
            continue
        while not cursor.goto_next_sibling():
            if not open_nodes:
                return result
            cursor.goto_parent()
            result.lasts[open_nodes.pop()] = len(result.kinds)
