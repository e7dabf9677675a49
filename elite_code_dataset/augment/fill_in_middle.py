"""fill_in_middle: a piece is taken out of the target; what stands before and after it is the context, the piece the target.

In: a row of code and an encoder whose tokenizer has fill-in-the-middle tokens. Out: the row as ids, prefix-suffix-middle or suffix-prefix-middle
(half each), the marks set by number, so a file that spells them is still text. ``text`` is what the ids decode to. Half the pieces are syntax
nodes, half random spans. Cheap: one parse, two encodings and one decoding.

Both orders as in Bavarian et al. 2022 (arXiv 2207.14255, the joint form of SPM). Only the middle is trained on: the original row already
trains on the rest, and the exposure of a source token counts what is trained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from elite_code_dataset.augment.frames import framed
from elite_code_dataset.augment.registry import Abstained, Helpers, Rewrite, Rng, row_alone, technique
from elite_code_dataset.augment.repair import lines_of, target_of
from elite_code_dataset.config import FIM_LEAST_CHARACTERS, FIM_LONGEST_SHARE
from elite_code_dataset.languages import Language

VERIFIED = "same-text"  # prefix, middle and suffix put together are the parent's text


@technique("fill_in_middle", seen=row_alone)
def fill_in_middle(window: Mapping[str, Any], language: Language, rng: Rng, helpers: Helpers) -> Rewrite | Abstained:
    """One span of the target becomes the middle; the row's own context stays at the front of the prefix."""
    marks = getattr(helpers.encoder, "fim", None)
    if marks is None:
        return Abstained("no_fim_tokens")
    if window["kind"] != "code":
        return Abstained("not_code")
    target = target_of(window)
    by_syntax, suffix_first = rng.random() < 0.5, rng.random() < 0.5
    span = (node_span(target, language, rng) if by_syntax else None) or random_span(target, rng)
    if span is None:
        return Abstained("too_short")
    context = lines_of(window["text"][: window["context_chars"]])
    middle, suffix = target[span[0] : span[1]], target[span[1] :]
    end = getattr(helpers.encoder, "eos_id", None)
    closing = [] if end is None else [int(end)]
    while True:
        prefix = "".join(context) + target[: span[0]]
        parts = [[int(one) for one in encoding.ids] for encoding in helpers.encoder.encode([prefix, middle, suffix])]
        order = [marks.prefix, marks.suffix, *parts[2], marks.middle, *parts[0]] if suffix_first else []
        order = order or [marks.prefix, *parts[0], marks.suffix, *parts[2], marks.middle]
        over = len(order) + len(parts[1]) + len(closing) - window["scale"]
        if over <= 0:
            return _verified(helpers.encoder, order, parts, closing, (prefix, middle, suffix))
        if not context:
            return Abstained("no_room")
        context = context[_lines_worth(context, over, helpers) :]


def _verified(
    encoder: Any, order: Sequence[int], parts: Sequence[list[int]], closing: list[int], texts: tuple[str, str, str]
) -> Rewrite | Abstained:
    """The row, if its ids decode to the very texts; some tokenizers add a blank in front of every text."""
    if any(encoder.decode(ids) != text for ids, text in zip(parts, texts)):
        return Abstained("not_reversible")
    ahead = encoder.decode(order)
    whole = encoder.decode([*order, *parts[1]])
    if whole != ahead + texts[1]:
        return Abstained("not_reversible")
    return Rewrite(whole, len(ahead), VERIFIED, input_ids=(*order, *parts[1], *closing), context_tokens=len(order))


def node_span(target: str, language: Language, rng: Rng) -> tuple[int, int] | None:
    """Characters of one syntax node: a size is drawn on a logarithmic scale, then a node of about that size; None where no node fits."""
    view = framed(target, language)
    if view is None:
        return None
    most = FIM_LONGEST_SHARE * (view.last - view.first)
    spans: set[tuple[int, int]] = set()
    stack = [view.tree.root_node]
    while stack:
        node = stack.pop()
        stack.extend(node.children)
        inside = view.first <= node.start_byte and node.end_byte <= view.last
        if node.is_named and inside and not node.has_error and FIM_LEAST_CHARACTERS <= node.end_byte - node.start_byte <= most:
            spans.add((node.start_byte, node.end_byte))
    by_size: dict[int, list[tuple[int, int]]] = {}
    for start, end in sorted(spans):
        by_size.setdefault((end - start).bit_length(), []).append((start, end))
    if not by_size:
        return None
    start, end = rng.choice(by_size[rng.choice(sorted(by_size))])
    before = len(view.source[view.first : start].decode())
    return before, before + len(view.source[start:end].decode())


def random_span(target: str, rng: Rng) -> tuple[int, int] | None:
    """Characters of a span whose borders are drawn anywhere; None where the target is too short to have a prefix, a middle and a suffix."""
    most = int(FIM_LONGEST_SHARE * len(target))
    if most < FIM_LEAST_CHARACTERS:
        return None
    size = FIM_LEAST_CHARACTERS + rng.below(most - FIM_LEAST_CHARACTERS + 1)
    start = rng.below(len(target) - size + 1)
    return (start, start + size) if target[start : start + size].strip() else None


def _lines_worth(lines: Sequence[str], tokens: int, helpers: Helpers) -> int:
    """How many of the first lines hold so many tokens; at least one."""
    held = 0
    for count, line in enumerate(lines, start=1):
        held += len(helpers.encoder.encode([line])[0].ids)
        if held >= tokens:
            return count
    return len(lines)
