"""Frames: a piece of a file, completed so that a parser can read it. A window that holds one method, or the end of a function, is no file.

In: a target's text. Out: ``Framed``: the source with what was put around it, its tree, and where the target lies in it. The frame is only for
the parser and never reaches a row. Costs one parse where the text reads by itself, else up to seven.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import tree_sitter

from elite_code_dataset.languages import Language, tree_of

MOST_BRACES = 6  # open or closing braces without their partner; more is not a piece of code

CLASS = ("class A {\n", "\n}\n")
SHELLS: dict[str, tuple[tuple[str, str], ...]] = {
    "cpp": (("class A {\n", "\n};\n"),),
    "csharp": (CLASS,),
    "java": (CLASS, ("class A { void f() {\n", "\n}}\n")),
    "javascript": (CLASS, ("async function f() {\n", "\n}\n"), ("({\n", "\n})\n")),
    "kotlin": (CLASS,),
    "php": (("<?php\n", "\n"), ("<?php\nclass A {\n", "\n}\n")),
    "python": (("if True:\n", "\n"), ("class A:\n if True:\n", "\n")),
    "swift": (CLASS,),
    "tsx": (CLASS, ("async function f() {\n", "\n}\n"), ("({\n", "\n})\n")),
    "typescript": (CLASS, ("async function f() {\n", "\n}\n"), ("({\n", "\n})\n")),
}
# what may stand ahead of the opening braces of a function's body
HEADS: dict[str, tuple[str, ...]] = {
    "c": ("void f() ",),
    "cpp": ("void f() ", "class A { void f() "),
    "csharp": ("void F() ", "class A { void F() "),
    "go": ("func f() ",),
    "java": ("void f() ", "class A { void f() "),
    "javascript": ("async function f() ", "class A { async f() "),
    "kotlin": ("fun f() ", "class A { fun f() "),
    "php": ("<?php function f() ", "<?php class A { function f() "),
    "rust": ("async fn f() ", "impl A { async fn f() "),
    "scala": ("def f = ", "object A { def f = "),
    "swift": ("func f() ", "class A { func f() "),
    "tsx": ("async function f() ", "class A { async f() "),
    "typescript": ("async function f() ", "class A { async f() "),
}


@dataclass(frozen=True)
class Framed:
    """``source[first:last]`` is the target; ``trouble`` counts error and missing nodes of the tree."""

    source: bytes
    tree: tree_sitter.Tree
    first: int
    last: int
    trouble: int


def trouble_in(tree: tree_sitter.Tree) -> int:
    """How many error and missing nodes a tree holds."""
    if not tree.root_node.has_error:
        return 0
    count, stack = 0, [tree.root_node]
    while stack:
        node = stack.pop()
        count += node.is_error or node.is_missing
        stack.extend(child for child in node.children if child.has_error or child.is_missing)
    return count


def framed(target: str, language: Language) -> Framed | None:
    """The target in the frame that reads best, by itself where no frame reads better; None where there is no tree."""
    code = target.encode()
    best = _in_frame("", code, "", language)
    if best is None or not best.trouble:
        return best
    for head, tail in _frames(best.tree, language):
        other = _in_frame(head, code, tail, language)
        if other is not None and other.trouble < best.trouble:
            best = other
        if not best.trouble:
            break
    return best


def _in_frame(head: str, code: bytes, tail: str, language: Language) -> Framed | None:
    source = head.encode() + code + tail.encode()
    tree = tree_of(source, language)
    return None if tree is None else Framed(source, tree, len(head.encode()), len(head.encode()) + len(code), trouble_in(tree))


def _frames(tree: tree_sitter.Tree, language: Language) -> Iterator[tuple[str, str]]:
    yield from SHELLS.get(language.name, ())
    closing, opening = _lonely_braces(tree)
    if (closing or opening) and closing + opening <= MOST_BRACES:
        for head in HEADS.get(language.name, ()):
            given = head.count("{")
            if closing > given:
                yield head + "{\n" * (closing - given), "\n" + "}\n" * opening
            elif not closing:
                yield "", "\n" + "}\n" * opening


def _lonely_braces(tree: tree_sitter.Tree) -> tuple[int, int]:
    """Closing braces without an opening one before them, and opening ones that nothing closes."""
    closing = opening = 0
    stack = [tree.root_node]
    while stack:
        node = stack.pop()
        if node.child_count:
            stack.extend(reversed(node.children))
        elif node.end_byte > node.start_byte and node.type in ("{", "}"):
            if node.type == "{":
                opening += 1
            elif opening:
                opening -= 1
            else:
                closing += 1
    return closing, opening
