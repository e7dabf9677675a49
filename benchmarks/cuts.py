"""How many cuts fall inside a statement: windows, avoidable and unavoidable cuts and their share, by repository, scale and language.

In: git repositories. Out: one line a scale and language on standard output. The truth is a fresh parse of each whole file, which knows nothing
of the places that the package cuts at: Python's own ``ast``, and for the others everything that stands directly in a block, a body or a list of
members. Between the statements inside it (if any), a statement is divided into runs: the whole of a simple one; the header of a compound one,
or ``} else if (...) {``. A cut counts when it lies inside a run: code of the run on both sides, comments and closing brackets left out. It is
avoidable when the run would have fitted into what a target of the scale may have, else too large.

    python benchmarks/cuts.py ~/ripgrep ~/fd
"""

from __future__ import annotations

import argparse
import ast
import tempfile
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from datasets import disable_progress_bars
from tree_sitter import Tree

from elite_code_dataset.analysis import analysis_of
from elite_code_dataset.languages import Language, all_languages, tree_of
from elite_code_dataset.options import Options
from elite_code_dataset.records import SCALES
from elite_code_dataset.repository import open_repository
from elite_code_dataset.windows import View, pieces_of, widest

Span = tuple[int, int]

BLOCKS = set(
    "source_file program translation_unit module block statement_block compound_statement statement_list declaration_list statements then "
    "field_declaration_list enum_variant_list enumerator_list class_body interface_body enum_body enum_body_declarations object_type "
    "annotation_type_body constructor_body switch_block switch_body body_statement do_group match_block import_spec_list var_spec_list "
    "template_body compilation_unit function_body interface_type macro_definition".split()
)
SECTIONS = set(  # statements that hold statements without a block between
    "switch_block_statement_group const_declaration type_declaration preproc_if preproc_ifdef preproc_else preproc_elif case_statement "
    "switch_case switch_default expression_case type_case communication_case default_case".split()
)
HEADERS = {"identifier", "expression_list", "type_list", "parenthesized_expression", "number_literal", "preproc_defined"}  # of a section
CLOSING = b"})]>;, \t\r\n"


@dataclass
class Statement:
    """A statement's bytes, and the statements directly inside it in order."""

    start: int
    end: int
    inner: list[Statement] = field(default_factory=list)


def python_spans(text: str) -> list[Span]:
    """Bytes of all statements; a decorated one begins at its first decorator. Raises SyntaxError where Python cannot read the file."""
    starts = np.cumsum([0, *(len(line) + 1 for line in text.encode().split(b"\n"))]).tolist()
    spans = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.stmt):
            decorators = [starts[one.lineno - 1] + one.col_offset - 1 for one in getattr(node, "decorator_list", ())]  # the @
            first = min([starts[node.lineno - 1] + node.col_offset, *decorators])
            spans.append((first, starts[node.end_lineno - 1] + node.end_col_offset))
    return spans


def body_spans(tree: Tree) -> list[Span]:
    """Bytes of all that stands directly in a body."""
    spans, stack = [], [tree.root_node]
    while stack:
        node = stack.pop()
        if node.type in BLOCKS or node.type in SECTIONS:
            headers = HEADERS if node.type in SECTIONS else ()
            inside = [
                one for one in node.named_children if "comment" not in one.type and one.type not in BLOCKS and one.type not in headers
            ]
            spans += [(one.start_byte, one.end_byte) for one in inside]
        stack.extend(node.named_children)
    return spans


def comment_spans(tree: Tree, language: Language) -> list[Span]:
    spans, stack = [], [tree.root_node]
    while stack:
        node = stack.pop()
        if node.type in language.comments:
            spans.append((node.start_byte, node.end_byte))
        stack.extend(node.named_children)
    return sorted(spans)


def nested(spans: list[Span], size: int) -> Statement:
    """The file as a statement that holds all others."""
    root = Statement(0, size)
    stack = [root]
    for start, end in sorted({(a, b) for a, b in spans if a < b}, key=lambda span: (span[0], -span[1])):
        while stack[-1].end <= start and len(stack) > 1:
            stack.pop()
        one = Statement(start, end)
        stack[-1].inner.append(one)
        stack.append(one)
    return root


def run_around(root: Statement, byte: int) -> tuple[int, int, bool]:
    """The run around ``byte``: what lies between neighbouring statements inside the innermost one; and whether a statement stands before it."""
    around = root
    while True:
        at = bisect_left([one.start for one in around.inner], byte)
        if not at or around.inner[at - 1].end <= byte:
            break
        around = around.inner[at - 1]
    start = around.inner[at - 1].end if at else around.start
    return start, around.inner[at].start if at < len(around.inner) else around.end, at > 0


class Truth:
    """A file's statements and comments, from a parse of its own. Raises SyntaxError where Python cannot read its file."""

    def __init__(self, view: View, language: Language, tree: Tree) -> None:
        self.raw = view.raw
        spans = python_spans(view.source.text) if language.name == "python" else body_spans(tree)
        self.root = nested(spans, len(view.raw))
        self.comments = comment_spans(tree, language)

    def code(self, start: int, end: int) -> bytes:
        """``[start, end)`` without comments and blanks around."""
        kept, at = [], start
        for a, b in self.comments[max(0, bisect_left(self.comments, (start, 0)) - 1) :]:
            if a >= end:
                break
            if b > start:
                kept.append(self.raw[at : max(a, at)])
                at = min(max(at, b), end)
        return b"".join([*kept, self.raw[at:end]]).strip()

    def divided_run(self, byte: int) -> Span | None:
        """The run that a cut at ``byte`` divides, if it does."""
        start, end, follows = run_around(self.root, byte)
        left, right = self.code(start, byte), self.code(byte, end)
        return (start, end) if (left.strip(CLOSING) if follows else left) and right else None


def truth_of(view: View) -> Truth | None:
    """None for text without a grammar, and where the file is not read as its language."""
    language = all_languages().get(view.source.language)
    tree = tree_of(view.raw, language, inside_macros=True) if language is not None and language.is_code else None
    try:
        return Truth(view, language, tree) if tree is not None else None
    except (SyntaxError, ValueError):
        return None


def cuts_inside(view: View, scale: int, truth: Truth) -> Iterator[tuple[int, Span, bool]]:
    """Each cut inside a run: its byte, the run, and whether the run would have fitted."""
    starts = view.encoding.starts
    for piece in pieces_of(view, scale)[1:]:
        cut = int(starts[piece.first])
        run = truth.divided_run(cut)
        if run is not None:
            first, last = np.searchsorted(starts, run[0], side="right") - 1, np.searchsorted(starts, run[1], side="left")
            yield cut, run, int(last - first) <= widest(scale)


def lines_of(place: str, scales: tuple[int, ...], show: int) -> Iterator[str]:
    with open_repository(place) as repository:
        commit = repository.commit
    with tempfile.TemporaryDirectory() as cache:
        (corpus,) = analysis_of([place], [commit], Options(), Path(cache)).corpora
    truths = {path: truth_of(view) for path, view in corpus.views.items()}
    for scale in scales:
        counts: dict[str, Counter] = defaultdict(Counter)
        for path, view in corpus.views.items():
            truth = truths[path]
            count = counts[view.source.language if truth is not None else "other text"]
            count["windows"] += len(pieces_of(view, scale))
            for cut, run, fits in cuts_inside(view, scale, truth) if truth is not None else ():
                count["avoidable" if fits else "too large"] += 1
                if fits and show > 0:
                    show -= 1
                    around = f"{view.raw[max(0, cut - 70) : cut]!r} || {view.raw[cut : cut + 70]!r}"
                    yield f"   {path}:{view.line_of(cut)}, in a run from line {view.line_of(run[0])}: {around}"
        counts["all"] = sum(counts.values(), Counter())
        for name, count in sorted(counts.items()):
            share = count["avoidable"] / max(count["windows"], 1)
            yield f"{scale:>6} {name:<12}{count['windows']:>9}{count['avoidable']:>11}{count['too large']:>11}{share:>9.2%}"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("repositories", nargs="+")
    arguments.add_argument("--scales", nargs="*", type=int, default=SCALES)
    arguments.add_argument("--show", type=int, default=0, help="print so many of the avoidable cuts")
    given = arguments.parse_args()
    disable_progress_bars()
    for place in given.repositories:
        print(f"{Path(place).name}\n{'scale':>6} {'language':<12}{'windows':>9}{'avoidable':>11}{'too large':>11}{'share':>9}")
        for line in lines_of(place, tuple(given.scales), given.show):
            print(line)


if __name__ == "__main__":
    main()
