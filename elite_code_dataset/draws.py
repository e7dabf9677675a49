"""Draws: expected copies -> how often each row is drawn, by rounding; and numbers that look random but come from integers alone.

In: weights, lengths, a seed. Out: counts. Costs a few numpy passes.
"""

from __future__ import annotations

import hashlib

import numpy as np

PASSES = 64  # a longer run is divided into so many, since the cap leaves most epochs without a row's copy anyway


def expected_copies(weight: np.ndarray, target_tokens: np.ndarray, epochs: float, max_copies: float) -> np.ndarray:
    """Copies of each row in one epoch: weight over its mean (by target tokens, so an epoch shows as many of them as there are), capped for the run."""
    mean = float((weight * target_tokens).sum() / target_tokens.sum())
    return np.minimum(weight / mean, max_copies / epochs)


def drawn_copies(expected: np.ndarray, start: float, end: float, seed: int) -> np.ndarray:
    """How often each row is drawn between two times of the run, in epochs. Over any range the sum is less than one copy off ``expected``."""
    shift = uniform(expected.size, seed, "copies")
    return (np.floor(end * expected + shift) - np.floor(start * expected + shift)).astype(np.int64)


def entries(expected: np.ndarray, epochs: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Row and epoch of every copy, epoch by epoch."""
    edges = [*range(int(np.ceil(epochs))), epochs] if epochs <= PASSES else np.linspace(0.0, epochs, PASSES + 1).tolist()
    numbers = np.arange(expected.size)
    drawn = [np.repeat(numbers, drawn_copies(expected, start, end, seed)) for start, end in zip(edges, edges[1:])]
    return np.concatenate(drawn), np.repeat(np.arange(len(drawn)), [part.size for part in drawn])


def hashes(count: int, seed: int, purpose: str) -> np.ndarray:
    """uint64[count]: SplitMix64 (Steele et al. 2014) from sha256(seed, purpose). Pure integer arithmetic, so the same on every machine and numpy."""
    base = np.frombuffer(hashlib.sha256(f"{seed}:{purpose}".encode()).digest()[:8], dtype="<u8")
    with np.errstate(over="ignore"):
        value = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) + base
        value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


def uniform(count: int, seed: int, purpose: str) -> np.ndarray:
    return (hashes(count, seed, purpose) >> np.uint64(11)) * 2.0**-53
