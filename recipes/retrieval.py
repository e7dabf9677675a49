"""Retrieval: code of the train split that shares words with a prompt, by BM25, to stand ahead of it.

In: the train split's functions. Out: snippets as token ids, best first. Costs one index of all words; the baseline every trained model has to beat.
Source of the ranking: bm25s (Lucene's variant of BM25).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import bm25s
from datasets import Dataset

WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]+")
QUERY_WORDS = 64  # of a prompt's end


class Retriever:
    """An index over the targets of the smallest windows of ``train``: real code only."""

    def __init__(self, train: Dataset):
        columns = train.select_columns(["text", "context_chars", "input_ids", "context_tokens", "scale", "kind", "technique"])
        smallest = min(
            (s for s, k, t in zip(train["scale"], train["kind"], train["technique"]) if k == "code" and t == "original"), default=None
        )
        rows = [r for r in columns if r["kind"] == "code" and r["technique"] == "original" and r["scale"] == smallest]
        rows = [r for r in rows if WORD.search(r["text"][r["context_chars"] :])]
        self.ids = [r["input_ids"][r["context_tokens"] :] for r in rows]
        self.index = bm25s.BM25() if rows else None
        if self.index is not None:
            self.index.index([WORD.findall(r["text"][r["context_chars"] :]) for r in rows], show_progress=False)

    def ahead_of(self, prompt: str, room: int, count: int = 3) -> list[int]:
        """Ids of up to ``count`` snippets, the best one nearest to the prompt, ``room`` tokens at most; [] where nothing fits."""
        words = WORD.findall(prompt)[-QUERY_WORDS:]
        if self.index is None or not words or room <= 0:
            return []
        found, scores = self.index.retrieve([words], k=min(count, len(self.ids)), show_progress=False)
        chosen: list[Sequence[int]] = []
        for number, score in zip(found[0].tolist(), scores[0].tolist()):
            if score > 0 and len(self.ids[number]) <= room:
                chosen.append(self.ids[number])
                room -= len(self.ids[number])
        return [i for ids in reversed(chosen) for i in ids]
