"""Tasks: rows of held-out code -> prompts, and what was written -> scores. No model here.

In: real code and real edits. Out: ``Prompt`` with the ids to continue and the text that really follows, and scores between 0 and 1.

- ``next_line``: the next line of a random place, exact but for blanks at both ends; known lines and new ones apart;
- ``middle``: one to three hidden lines, in the tokenizer's own fill-in-the-middle tokens, exact;
- ``edit``: the updated block of a change, exact; and its similarity, 1 - the normalised indel distance, over as many lines as it really has.
  Rows whose target is the commit message are no edits. Blocks over 256 tokens are not asked for;
- ``parses``: with the predicted line in place of the true one (the code ends there), or the predicted middle in place of the hidden one, the
  syntax tree has no more errors. A prediction of nothing does not parse.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from rapidfuzz.distance import Indel

from elite_code_dataset.languages import all_languages, tree_of
from elite_code_dataset.tokens import Encoder

TASKS = ("next_line", "middle", "edit")
LINE_TOKENS = 64  # that a predicted line may take, or more where the true one does
EDIT_TOKENS = 256  # of the longest block that is asked for
SPARE_TOKENS = 8  # beyond what the truth takes, for another spelling of it
MIDDLE_LINES = 3  # the most that are hidden
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Prompt:
    """``ids`` are continued by at most ``new`` tokens; ``prefix`` is the code they end with, ``suffix`` what they show of what follows.

    ``row`` is where it comes from; ``cluster``: what is drawn together in a bootstrap; ``known``: train has this line."""

    task: str
    ids: list[int]
    prefix: str
    truth: str
    suffix: str
    new: int
    cluster: str
    row: Row
    known: bool = False

    @property
    def lines(self) -> int:
        """Of the truth."""
        return len(lines_of(self.truth))


def chance(*parts: object) -> float:
    """A number in [0, 1) that depends on nothing but the parts."""
    return int.from_bytes(hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "surrogatepass")).digest()[:6], "big") / 2**48


def cluster_of(row: Row) -> str:
    """Rows of one file, or of one commit, are not independent: they are drawn together."""
    return row["commit"] if row["kind"] == "edit" else row["path"]


def lines_of(text: str) -> list[str]:
    """Lines without their ends; a final line end begins no line."""
    return text.removesuffix("\n").split("\n")


def prompts_of(code: Sequence[Row], edits: Sequence[Row], encoder: Encoder, known: Set[str], count: int, seed: int) -> list[Prompt]:
    """At most ``count`` prompts a task, from random places of the rows: places are drawn, not rows, so that every line has one chance."""
    lines = [row["text"][row["context_chars"] :].split("\n") for row in code]
    found = [_next_line(code[i], lines[i], at, encoder, known) for i, at in _drawn(_line_places(lines), code, "line", count, seed)]
    if encoder.fim is not None:
        places = _middle_places(code, lines, seed)
        found += [_middle(code[i], lines[i], at, size, encoder) for i, at, size in _drawn(places, code, "middle", count, seed)]
    asked = [(i,) for i, row in enumerate(edits) if not row["idiom"] and row["n_tokens"] - row["context_tokens"] <= EDIT_TOKENS]
    return found + [_edit(edits[i]) for (i,) in _drawn(asked, edits, "edit", count, seed)]


def _drawn(places: Iterable[tuple], rows: Sequence[Row], what: str, count: int, seed: int) -> list[tuple]:
    """``count`` of the places, by a hash of the row's id and the place in it."""
    return sorted(places, key=lambda place: (chance(seed, what, rows[place[0]]["id"], *place[1:]), place))[:count]


def _line_places(lines: Sequence[list[str]]) -> Iterator[tuple[int, int]]:
    """(row, line) of every line that is not blank and has one that is not blank before it."""
    for i, row in enumerate(lines):
        written = [at for at, line in enumerate(row) if line.strip()]
        yield from ((i, at) for at in written[1:])


def _middle_places(rows: Sequence[Row], lines: Sequence[list[str]], seed: int) -> Iterator[tuple[int, int, int]]:
    """(row, first hidden line, how many), with something before them and something behind them."""
    for i, row in enumerate(lines):
        for at in range(1, len(row) - 1):
            size = 1 + int(chance(seed, "size", rows[i]["id"], at) * MIDDLE_LINES)
            if row[at].strip() and any(line.strip() for line in row[:at]) and any(line.strip() for line in row[at + size :]):
                yield i, at, size


def _next_line(row: Row, lines: list[str], at: int, encoder: Encoder, known: Set[str]) -> Prompt:
    prefix = "".join(line + "\n" for line in lines[:at])
    ids, truth = encoder.ids_of([row["text"][: row["context_chars"]] + prefix, lines[at] + "\n"])
    new = max(LINE_TOKENS, len(truth) + SPARE_TOKENS)
    return Prompt("next_line", ids, prefix, lines[at], "", new, cluster_of(row), row, lines[at].strip() in known)


def _middle(row: Row, lines: list[str], at: int, size: int, encoder: Encoder) -> Prompt:
    prefix, truth, suffix = ("".join(line + "\n" for line in part) for part in (lines[:at], lines[at : at + size], lines[at + size :]))
    suffix = suffix.removesuffix("\n")  # the last line had no end to begin with
    before, hidden, after = encoder.ids_of([row["text"][: row["context_chars"]] + prefix, truth, suffix])
    ids = [encoder.fim.prefix, *before, encoder.fim.suffix, *after, encoder.fim.middle]
    return Prompt("middle", ids, prefix, truth, suffix, len(hidden) + SPARE_TOKENS, cluster_of(row), row)


def _edit(row: Row) -> Prompt:
    ids, context = row["input_ids"], row["context_tokens"]
    text, chars = row["text"], row["context_chars"]
    return Prompt("edit", list(ids[:context]), text[:chars], text[chars:], "", len(ids) - context + SPARE_TOKENS, cluster_of(row), row)


def is_whole(prompt: Prompt, answer: str) -> bool:
    """Whether nothing that is written after this can change a score."""
    if prompt.task == "next_line":
        return "\n" in answer.lstrip()
    return answer.count("\n") >= prompt.lines


def scores_of(prompt: Prompt, answer: str) -> dict[str, float]:
    """Score by metric."""
    if prompt.task == "next_line":
        line = next((line for line in answer.split("\n") if line.strip()), "")
        exact = float(line.strip() == prompt.truth.strip())
        kind = "repeated" if prompt.known else "novel"
        return {"next_line_exact": exact, f"next_line_exact/{kind}": exact} | parses(prompt, line + "\n")
    written = lines_of(answer)[: prompt.lines]
    exact = float(written == lines_of(prompt.truth))
    if prompt.task == "middle":
        return {"middle_exact": exact} | parses(prompt, "".join(line + "\n" for line in written))
    return {"edit_exact": exact, "edit_similarity": Indel.normalized_similarity("\n".join(written), prompt.truth.removesuffix("\n"))}


def parses(prompt: Prompt, written: str) -> dict[str, float]:
    """``parses`` and the task's own part of it; {} for text, and for code whose tree cannot be made in time."""
    language = all_languages().get(prompt.row["language"])
    if language is None or not language.is_code:
        return {}
    truth = prompt.truth.removesuffix("\n") + "\n"
    predicted, true = (errors_in((prompt.prefix + text + prompt.suffix).encode("utf-8", "replace"), language) for text in (written, truth))
    if predicted is None or true is None:
        return {}
    score = float(bool(written.strip()) and predicted <= true)
    return {"parses": score, f"parses/{prompt.task}": score}


def errors_in(source: bytes, language: Any) -> int | None:
    """Error and missing nodes of the syntax tree; None where it could not be made in time."""
    tree = tree_of(source, language)
    if tree is None:
        return None
    count, stack = 0, [tree.root_node]
    while stack:
        node = stack.pop()
        count += node.is_error or node.is_missing
        stack.extend(node.children if node.has_error else ())
    return count
