"""The twelve steps, named as they run. In: a step's name and what it goes over. Out: a progress bar (datasets' tqdm, so it can be switched off)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from datasets.utils import tqdm

STEPS = (
    "open the repository",
    "read files",
    "replace secrets",
    "assign roles",
    "follow history",
    "parse",
    "resolve imports",
    "split",
    "tokenize",
    "cut windows",
    "cut edits",
    "passes",
)


def label(step: str) -> str:
    """``[6/12] parse``. Raises KeyError for a step that is none."""
    numbers = {name: i for i, name in enumerate(STEPS, 1)}
    return f"[{numbers[step]}/{len(STEPS)}] {step}"


def over(step: str, items: Iterable[Any], total: int | None = None, unit: str = "file", detail: str = "") -> Iterator[Any]:
    """``items``, with a bar under the step's name."""
    return tqdm(items, desc=label(step) + (f" {detail}" if detail else ""), total=total, unit=unit)


@contextmanager
def whole(step: str, unit: str = "step", detail: str = "") -> Iterator[None]:
    """A bar that fills when the block is done."""
    with tqdm(desc=label(step) + (f" {detail}" if detail else ""), total=1, unit=unit) as bar:
        yield
        bar.update(1)
