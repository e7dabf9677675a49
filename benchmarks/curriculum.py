"""Does the curriculum's difficulty agree with a measure that knows nothing of syntax? Spearman's rho against an n-gram model's loss.

In: repositories. Out: a table, one line a scale and language, of the rank correlation between ``difficulty`` (and each of its four measures alone)
and the cross entropy of the row's target under a trigram model with additive smoothing, trained on the files of the other folds: no row is judged
by a model that has seen its file. Costs about ten seconds a million tokens.

    python benchmarks/curriculum.py /path/to/ripgrep
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterator, Sequence

import datasets
import numpy as np

import elite_code_dataset  # noqa: F401  registers the builder
from elite_code_dataset.curriculum import MEASURES, mid_ranks, order

FOLDS = 5
ORDER = 3  # tokens of an n-gram
PRIOR = 5.0  # tokens' worth of the shorter n-gram's answer that is added to each count
LEAST_ROWS = 60  # of a scale and language, to report a correlation


class Ngrams:
    """Counts of 1- to ``ORDER``-grams; the probability of a token adds ``PRIOR`` times that of the next shorter context, at last 1 / vocabulary."""

    def __init__(self, texts: Sequence[np.ndarray], vocabulary: int):
        self.vocabulary = vocabulary
        self.counts: list[tuple[np.ndarray, np.ndarray]] = []
        for n in range(ORDER + 1):
            keys = [ngram_keys(ids, n) for ids in texts if len(ids) >= n]
            self.counts.append(
                np.unique(np.concatenate(keys), return_counts=True) if keys else (np.zeros(0, np.uint64), np.zeros(0, np.int64))
            )

    def _count(self, n: int, keys: np.ndarray) -> np.ndarray:
        known, counts = self.counts[n]
        if not len(known):
            return np.zeros(len(keys))
        place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
        return np.where(known[place] == keys, counts[place], 0).astype(np.float64)

    def bits(self, ids: np.ndarray) -> float:
        """Cross entropy of a text, bits a token."""
        probability = np.full(len(ids), 1.0 / self.vocabulary)
        for n in range(1, ORDER + 1):
            if len(ids) < n:
                break
            whole, context = self._count(n, ngram_keys(ids, n)), self._count(n - 1, ngram_keys(ids[:-1], n - 1))
            probability[n - 1 :] = (whole + PRIOR * probability[n - 1 :]) / (context + PRIOR)
        return float(-np.log2(probability).mean())


def ngram_keys(ids: np.ndarray, n: int) -> np.ndarray:
    """uint64, one hash an n-gram of consecutive tokens; for n = 0 one equal key a token and one more."""
    keys = np.zeros(len(ids) - n + 1, dtype=np.uint64)
    for i in range(n):
        keys = (keys ^ (ids[i : len(ids) - n + 1 + i].astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15))) * np.uint64(0xD6E8FEB86659FD93)
        keys ^= keys >> np.uint64(32)
    return keys


def fold_of(path: str) -> int:
    return int(hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()[:8], 16) % FOLDS


def losses(rows: datasets.Dataset) -> np.ndarray:
    """float64[n]: bits a token of each row's target under the model of the other folds; one scale's rows train it, so each file counts once."""
    targets = [np.asarray(row["input_ids"][row["context_tokens"] :], dtype=np.int64) for row in rows]
    folds, scales = [fold_of(path) for path in rows["path"]], rows["scale"][:]
    vocabulary = 1 + max(int(ids.max()) for ids in targets if len(ids))
    found = np.zeros(len(targets))
    for fold in range(FOLDS):
        model = Ngrams([ids for ids, f, scale in zip(targets, folds, scales) if f != fold and scale == 1024], vocabulary)
        for i, (ids, f) in enumerate(zip(targets, folds)):
            if f == fold and len(ids):
                found[i] = model.bits(ids)
    return found


def spearman(first: np.ndarray, second: np.ndarray) -> float:
    """Rank correlation, ties at their middle rank."""
    a, b = mid_ranks(first, first), mid_ranks(second, second)
    return float(np.corrcoef(a, b)[0, 1]) if a.std() and b.std() else 0.0


def table(rows: datasets.Dataset) -> Iterator[tuple[str, int, list[float]]]:
    """Group, rows, and rho of the difficulty and of each measure alone; at last the mean over groups, each weighed by its rows."""
    bits = losses(rows)
    columns = {"difficulty": np.asarray(order(rows)["difficulty"])}
    columns |= {name: np.asarray(order(rows, measures={name: 1.0})["difficulty"]) for name in MEASURES}
    groups: dict[tuple[int, str], list[int]] = {}
    for i, key in enumerate(zip(rows["scale"], rows["language"])):
        groups.setdefault(key, []).append(i)
    total, sums = 0, np.zeros(len(columns))
    for (scale, language), members in sorted(groups.items()):
        if len(members) < LEAST_ROWS:
            continue
        rho = [spearman(values[members], bits[members]) for values in columns.values()]
        total, sums = total + len(members), sums + len(members) * np.array(rho)
        yield f"w{scale} {language}", len(members), rho
    if total:
        yield "mean, by rows", total, (sums / total).tolist()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("repositories", nargs="+")
    datasets.disable_progress_bars()
    print(f"{'group':<24}{'rows':>7}" + "".join(f"{name:>12}" for name in ("difficulty", *MEASURES)))
    for repository in parser.parse_args().repositories:
        rows = datasets.load_dataset("elite_code_dataset", "multiscale", data_dir=repository, split="train")
        rows = rows.filter(lambda kind: [one == "code" for one in kind], input_columns="kind", batched=True)
        print(repository.rstrip("/").rsplit("/", 1)[-1])
        for group, count, rho in table(rows):
            print(f"{group:<24}{count:>7}" + "".join(f"{value:>12.3f}" for value in rho))


if __name__ == "__main__":
    main()
