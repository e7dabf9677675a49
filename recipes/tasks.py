"""Tasks: rows of the test split -> prompts, and what the model wrote -> scores. No model here.

In: rows of real code and real edits. Out: ``Prompt`` with the ids to continue and the text that really follows, and a score per answer.

- ``next_line``: the next line that is not blank, exact after its blanks at both ends are taken off.
- ``edit``: the updated block, exact; and its similarity, 1 - normalised indel distance over as many lines as the true block has.
- ``middle``: the hidden lines of a file, in the tokenizer's own fill-in-the-middle tokens, exact.
- ``parses``: the code with the predicted line in place of the true one has no more syntax errors than with the true one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rapidfuzz.distance import Indel

from elite_code_dataset.languages import all_languages, tree_of
from elite_code_dataset.tokens import Encoder

LINE_TOKENS = 64  # the most that a predicted line may take
MIDDLE_LINES = 3  # the most that are hidden


@dataclass(frozen=True)
class Prompt:
    """``ids`` are continued by at most ``new`` tokens; ``prefix`` is the text that they end with; ``cluster``: what is drawn together in a bootstrap."""

    task: str
    ids: list[int]
    prefix: str
    truth: str
    new: int
    cluster: str
    row: Mapping[str, Any]


def chance(*parts: object) -> float:
    """A number in [0, 1) that depends on nothing but the parts."""
    return int.from_bytes(hashlib.sha256("\0".join(map(str, parts)).encode()).digest()[:6], "big") / 2**48


def prompts_of(rows: Iterable[Mapping[str, Any]], encoder: Encoder, seed: int) -> Iterator[Prompt]:
    """The prompts of each row: one next line and one middle of a code row, one edit of an edit row."""
    for row in rows:
        if row["kind"] == "edit":
            if not row["idiom"]:
                yield _edit(row, encoder)
            continue
        for made in (_next_line(row, encoder, seed), _middle(row, encoder, seed)):
            if made is not None:
                yield made


def cluster_of(row: Mapping[str, Any]) -> str:
    """Rows of one file, or of one commit, are not independent: they are drawn together."""
    return row["commit"] if row["kind"] == "edit" else row["path"]


def _lines(row: Mapping[str, Any]) -> tuple[str, list[str]]:
    target = row["text"][row["context_chars"] :]
    return row["text"][: row["context_chars"]], target.split("\n")


def _next_line(row: Mapping[str, Any], encoder: Encoder, seed: int) -> Prompt | None:
    context, lines = _lines(row)
    places = [i for i in range(1, len(lines)) if lines[i].strip() and any(line.strip() for line in lines[:i])]
    if not places:
        return None
    at = places[int(chance(seed, row["id"], "line") * len(places))]
    prefix = context + "\n".join(lines[:at]) + "\n"
    return Prompt("next_line", encoder.ids(prefix), prefix, lines[at], LINE_TOKENS, cluster_of(row), row)


def _middle(row: Mapping[str, Any], encoder: Encoder, seed: int) -> Prompt | None:
    if encoder.fim is None:
        return None
    context, lines = _lines(row)
    if len(lines) < 4:
        return None
    size = 1 + int(chance(seed, row["id"], "size") * MIDDLE_LINES)
    places = [i for i in range(1, len(lines) - size) if lines[i].strip()]
    if not places:
        return None
    at = places[int(chance(seed, row["id"], "middle") * len(places))]
    prefix, truth = context + "\n".join(lines[:at]) + "\n", "\n".join(lines[at : at + size]) + "\n"
    suffix = "\n".join(lines[at + size :])
    before, hidden, after = encoder.ids_of([prefix, truth, suffix])
    ids = [encoder.fim.prefix, *before, encoder.fim.suffix, *after, encoder.fim.middle]
    return Prompt("middle", ids, prefix, truth, len(hidden) + 4, cluster_of(row), row)


def _edit(row: Mapping[str, Any], encoder: Encoder) -> Prompt:
    ids = row["input_ids"]
    target = row["text"][row["context_chars"] :]
    return Prompt(
        "edit",
        list(ids[: row["context_tokens"]]),
        row["text"][: row["context_chars"]],
        target,
        len(ids) - row["context_tokens"] + 8,
        cluster_of(row),
        row,
    )


def scores_of(prompt: Prompt, answer: str) -> dict[str, float]:
    """Score by name, each between 0 and 1."""
    if prompt.task == "next_line":
        line = first_line(answer)
        return {"next_line_exact": float(line.strip() == prompt.truth.strip()), **parses(prompt, line)}
    if prompt.task == "middle":
        return {"middle_exact": float(answer.startswith(prompt.truth))}
    wanted = prompt.truth.count("\n") + (not prompt.truth.endswith("\n"))
    written = "".join(line + "\n" for line in answer.split("\n")[:wanted])
    return {
        "edit_exact": float(answer.startswith(prompt.truth)),
        "edit_similarity": Indel.normalized_similarity(written.rstrip("\n"), prompt.truth.rstrip("\n")),
    }


def first_line(answer: str) -> str:
    """The first line that is not blank."""
    return next((line for line in answer.split("\n") if line.strip()), "")


def parses(prompt: Prompt, line: str) -> dict[str, float]:
    """Whether the predicted line leaves the code up to there with no more syntax errors than the true line does; {} for what has no grammar."""
    language = all_languages().get(prompt.row["language"])
    if language is None or not language.is_code:
        return {}
    target = prompt.prefix[prompt.row["context_chars"] :]
    predicted, true = (errors_in((target + text + "\n").encode(), language) for text in (line, prompt.truth))
    return {} if predicted is None or true is None else {"parses": float(predicted <= true)}


def errors_in(source: bytes, language: Any) -> int | None:
    """Error and missing nodes of the syntax tree; None where it could not be made in time."""
    tree = tree_of(source, language)
    if tree is None:
        return None
    count, cursor, deeper = 0, tree.walk(), True
    while True:
        node = cursor.node
        count += node.is_error or node.is_missing
        deeper = node.has_error and cursor.goto_first_child()
        while not deeper:
            if cursor.goto_next_sibling():
                break
            if not cursor.goto_parent():
                return count
