"""Repair rows: a worse form of a row's target, in a marked block, is the context; the real target stays the target.

In: a row, the sites where its target is made worse. Out: a ``Rewrite`` whose block shows the widest scope that fits the row's scale (the whole
target, a unit around one site, the statements of one site), or ``Abstained``. Costs two parses and one encoding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import tree_sitter

from elite_code_dataset.augment.frames import Framed, trouble_in
from elite_code_dataset.augment.registry import Abstained, Helpers, Rewrite, Rng
from elite_code_dataset.languages import Language, tree_of

SCOPES_TRIED = 12  # ancestors of a site that may become the block
VERIFIED = "parses"


class Spot(Protocol):
    """Bytes of the target that are made worse."""

    start: int
    end: int


class Worsen(Protocol):
    def __call__(self, start: int, end: int) -> str:
        """The text of ``[start, end)`` of the target, made worse."""


def target_of(window: Mapping[str, Any]) -> str:
    return window["text"][window["context_chars"] :]


def code_of(tree: tree_sitter.Tree, source: bytes, language: Language) -> list[bytes]:
    """The leaves of a tree without its comments: two texts that differ only in comments and layout have the same."""
    leaves, stack = [], [tree.root_node]
    while stack:
        node = stack.pop()
        if node.type in language.comments:
            continue
        if node.child_count:
            stack.extend(reversed(node.children))
        elif node.end_byte > node.start_byte:
            leaves.append(source[node.start_byte : node.end_byte])
    return leaves


def marked(language: Language, label: str) -> str:
    """A line that only a reader sees: the label in a comment of the language."""
    if language.line_comment:
        return f"{language.line_comment} {label}\n"
    first, last = language.block_comment or ("#", "")
    return f"{first} {label} {last}".rstrip() + "\n"


def repair_of(
    window: Mapping[str, Any],
    language: Language,
    view: Framed,
    spots: Sequence[Spot],
    worsen: Worsen,
    labels: tuple[str, str],
    rng: Rng,
    helpers: Helpers,
    idiom: str = "",
) -> Rewrite | Abstained:
    """The row with the worse form ahead of its target. ``labels`` stand over the block and over the target. The block is one scope around one of
    the ``spots``, drawn; a scope whose worse form has new syntax errors, or is no different code, is passed over. Offsets count in ``view``."""
    spot, accepted = rng.choice(spots), False
    for start, end in _scopes(view, spot):
        worse = worsen(start, end)
        if not _acceptable(language, view, start, end, worse):
            continue
        accepted = True
        block = marked(language, labels[0]) + worse.rstrip("\r\n") + "\n" + marked(language, labels[1])
        fitted = fitted_context(window, block, helpers)
        if fitted is not None:
            return Rewrite(fitted + target_of(window), len(fitted), VERIFIED, idiom)
    return Abstained("no_room" if accepted else "not_verified")


def fitted_context(window: Mapping[str, Any], block: str, helpers: Helpers, ahead: bool = False) -> str | None:
    """The row's context with ``block`` after it (``ahead``: before it); where that is too long, without the context's farthest lines; None where even
    the block alone is."""
    lines = lines_of(window["text"][: window["context_chars"]])
    room = room_for_context(window, helpers)

    def joined(left_out: int) -> str:
        kept = "".join(lines[left_out:])
        return block + kept if ahead else kept + block

    if room is None:
        return joined(0)
    low, high = 0, len(lines)
    while low <= high:  # the fewest lines to leave out, by halving after a first try with none
        middle = 0 if (low, high) == (0, len(lines)) else (low + high) // 2
        if len(helpers.encoder.encode([joined(middle)])[0].ids) <= room:
            high = middle - 1
        else:
            low = middle + 1
    return None if low > len(lines) else joined(low)


def room_for_context(window: Mapping[str, Any], helpers: Helpers) -> int | None:
    """Tokens that the scale leaves beside the target and the end mark that the row may have; None without an encoder."""
    if helpers.encoder is None:
        return None
    end, ids = getattr(helpers.encoder, "eos_id", None), window["input_ids"]
    marks = int(end is not None and len(ids) > 0 and ids[-1] == end)
    return window["scale"] - len(helpers.encoder.encode([target_of(window)])[0].ids) - marks


def lines_of(text: str) -> list[str]:
    """The lines with their ends; only a line feed ends one."""
    return [line for line in re.split(r"(?<=\n)", text) if line]


def _scopes(view: Framed, spot: Spot) -> Iterator[tuple[int, int]]:
    """Spans of whole lines around a spot, widest first: the target, then the named ancestors that begin and end their lines."""
    source, spans = view.source, []
    node = view.tree.root_node.named_descendant_for_byte_range(spot.start, max(spot.start, spot.end - 1))
    while node is not None and view.first <= node.start_byte and node.end_byte <= view.last:
        start = max(source.rfind(b"\n", 0, node.start_byte) + 1, view.first)
        end = source.find(b"\n", max(node.end_byte - 1, 0), view.last)
        end = view.last if end < 0 else end + 1
        alone = not source[start : node.start_byte].strip() and not source[node.end_byte : end].strip(b" \t\r\n;")
        if alone and node.start_byte <= spot.start and spot.end <= node.end_byte and (not spans or spans[-1] != (start, end)):
            spans.append((start, end))
        node = node.parent
    whole = (view.first, view.last)
    yield whole
    yield from (span for span in reversed(spans[:SCOPES_TRIED]) if span != whole)


def _acceptable(language: Language, view: Framed, start: int, end: int, worse: str) -> bool:
    """Whether the target with this piece made worse still parses as before, is other code, and shows some."""
    if not worse.strip():
        return False
    made = view.source[:start] + worse.encode() + view.source[end:]
    again = tree_of(made, language)
    if again is None or trouble_in(again) > view.trouble:
        return False
    return code_of(again, made, language) != code_of(view.tree, view.source, language)
