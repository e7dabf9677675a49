"""Retrieval: what no training is needed for. Code of the train split that shares words with a prompt, by BM25; and copying.

In: the train split's real rows. Out: ``Retriever``: token ids to stand ahead of a prompt. ``Copier``: answers without a model, the references that
a trained model has to beat. Costs one index of all words.

Ranking: bm25s (BM25 as in Lucene). Words are the parts of identifiers, in small letters.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

import bm25s
from datasets import Dataset

from recipes.tasks import Prompt, Row

WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d{2,}")
QUERY_WORDS = 64  # of a prompt's end
SNIPPETS = 3  # ahead of a prompt, at most


def words_of(text: str) -> list[str]:
    return [word.lower() for word in WORD.findall(text)]


class Retriever:
    """An index over the smallest windows of ``train``: real code only, each with its own path line and header."""

    def __init__(self, train: Dataset):
        rows = list(real_rows(train, "code", ("text", "input_ids", "scale")))
        smallest = min((row["scale"] for row in rows), default=0)
        found = [(row["input_ids"], words) for row in rows if row["scale"] == smallest and (words := words_of(row["text"]))]
        self.ids = [ids for ids, _ in found]
        self.index = bm25s.BM25() if found else None
        if self.index is not None:
            self.index.index([words for _, words in found], show_progress=False)
        self.known = frozenset(word for _, words in found for word in words)

    def ahead_of(self, prompt: str, room: int) -> list[int]:
        """Ids of up to three snippets, the best one nearest to the prompt, ``room`` tokens at most; [] where nothing fits."""
        words = [word for word in words_of(prompt) if word in self.known][-QUERY_WORDS:]
        if self.index is None or not words or room <= 0:
            return []
        found, scores = self.index.retrieve([words], k=min(SNIPPETS, len(self.ids)), show_progress=False)
        chosen: list[list[int]] = []
        for number, score in zip(found[0].tolist(), scores[0].tolist()):
            if score > 0 and len(self.ids[number]) <= room:
                chosen.append(self.ids[number])
                room -= len(self.ids[number])
        return [i for ids in reversed(chosen) for i in ids]


class Copier:
    """Answers by copying: of a line, what most often follows it in train; of an edit, the original block unchanged."""

    def __init__(self, train: Dataset):
        after: dict[str, Counter[str]] = {}
        for row in real_rows(train, "code", ("text", "context_chars")):
            lines = [line for line in row["text"][row["context_chars"] :].split("\n") if line.strip()]
            for line, following in zip(lines, lines[1:]):
                after.setdefault(line.strip(), Counter())[following] += 1
        self.next = {line: min(counts, key=lambda following: (-counts[following], following)) for line, counts in after.items()}

    def answer(self, prompt: Prompt) -> str:
        if prompt.task == "edit":
            return prompt.row["text"][prompt.row["original_start"] : prompt.row["original_end"]]
        line = next((line for line in reversed(prompt.prefix.split("\n")) if line.strip()), "")
        written = []
        for _ in range(prompt.lines):
            line = self.next.get(line.strip(), "")
            written.append(line + "\n")
        return "".join(written)


def real_rows(train: Dataset, kind: str | None, columns: Iterable[str]) -> Iterable[Row]:
    """The train split's rows that are no augmentation, of one kind, with the columns named."""
    numbers = [i for i, (k, t) in enumerate(zip(train["kind"][:], train["technique"][:])) if t == "original" and k == (kind or k)]
    return train.select_columns(list(columns)).select(numbers)
