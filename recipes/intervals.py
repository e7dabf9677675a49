"""Intervals: sums per metric and cluster -> a ratio with its 95 % interval, and paired differences of two arms.

In: ``Tally``: for each metric, for each file or commit, what was counted and out of how much. Out: ``Estimate``. Costs a multiplication of
1000 x clusters a metric.

Percentile bootstrap (Efron 1979) over clusters, since lines of one file and hunks of one commit are not independent; with several seeds the
runs are drawn as well. Differences are paired: both arms are drawn with the same clusters and the same seeds. With one cluster there is nothing
to draw from, and no interval is given. Where no cluster or every cluster scores in full, drawing would give an interval of no width; there the
exact binomial one over clusters stands (Clopper and Pearson 1934).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

DRAWS = 1000
LEVEL = (2.5, 97.5)  # percentiles
TAIL = 0.025


@dataclass
class Tally:
    """Sums per metric and cluster, so that a bootstrap only adds up clusters."""

    cells: dict[str, dict[str, list[float]]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, metric: str, cluster: str, numerator: float, denominator: float) -> None:
        cell = self.cells[metric].setdefault(cluster, [0.0, 0.0])
        cell[0] += float(numerator)
        cell[1] += float(denominator)

    def as_dict(self) -> dict[str, dict[str, list[float]]]:
        return {metric: dict(sorted(cell.items())) for metric, cell in sorted(self.cells.items())}

    @classmethod
    def of(cls, cells: Mapping[str, Mapping[str, Sequence[float]]]) -> Tally:
        tally = cls()
        for metric, cell in cells.items():
            tally.cells[metric] = {cluster: list(sums) for cluster, sums in cell.items()}
        return tally


@dataclass(frozen=True)
class Estimate:
    """``value``, and ``low`` to ``high`` (None where there is one cluster only); how many ``clusters``, and ``of`` how many bytes or prompts."""

    value: float
    low: float | None
    high: float | None
    clusters: int
    of: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.value:.3f}" + ("" if self.low is None else f" [{self.low:.3f}, {self.high:.3f}]")


def estimates(runs: Sequence[Tally], seed: int = 0) -> dict[str, Estimate]:
    """Metric -> estimate, over the runs (seeds) of one arm."""
    metrics = sorted({metric for run in runs for metric in run.cells})
    return {metric: found for metric in metrics if (found := estimate(runs, metric, seed)) is not None}


def estimate(runs: Sequence[Tally], metric: str, seed: int = 0) -> Estimate | None:
    """The ratio of sums over all runs and clusters; None where nothing was counted."""
    found = _estimate(_sums([runs], metric), seed)
    if found is None or found.clusters < 2 or found.value not in (0.0, 1.0) or found.low != found.high:
        return found
    missed = TAIL ** (1 / found.clusters)
    return replace(found, high=1 - missed) if found.value == 0 else replace(found, low=missed)


def difference(runs: Sequence[Tally], others: Sequence[Tally], metric: str, seed: int = 0) -> Estimate | None:
    """The ratio of ``runs`` minus that of ``others``, run for run and cluster for cluster; None where one of them counted nothing."""
    count = min(len(runs), len(others))
    return _estimate(_sums([runs[:count], others[:count]], metric), seed)


def _sums(arms: Sequence[Sequence[Tally]], metric: str) -> list[np.ndarray]:
    """Per arm float[runs, clusters, 2], over the clusters of all arms in the order of their names."""
    clusters = sorted({cluster for runs in arms for run in runs for cluster in run.cells.get(metric, {})})
    found = []
    for runs in arms:
        sums = [[run.cells.get(metric, {}).get(cluster, (0.0, 0.0)) for cluster in clusters] for run in runs]
        found.append(np.array(sums, dtype=np.float64).reshape(len(runs), len(clusters), 2))
    return found


def _estimate(arms: Sequence[np.ndarray], seed: int) -> Estimate | None:
    """Of one arm its ratio, of two the difference."""
    totals = [sums.sum(axis=(0, 1)) for sums in arms]
    if any(total[1] <= 0 for total in totals):
        return None
    signs = (1.0, -1.0)
    value = sum(sign * total[0] / total[1] for sign, total in zip(signs, totals))
    runs, clusters = arms[0].shape[:2]
    low = high = None
    if clusters > 1:
        rng = np.random.default_rng(seed)
        drawn_clusters = rng.multinomial(clusters, np.full(clusters, 1 / clusters), size=DRAWS)
        drawn_runs = rng.multinomial(runs, np.full(runs, 1 / runs), size=DRAWS)
        drawn = [np.einsum("dr,rcx,dc->dx", drawn_runs, sums, drawn_clusters, optimize=True) for sums in arms]
        counted = np.all([sums[:, 1] > 0 for sums in drawn], axis=0)
        ratios = sum(sign * sums[counted, 0] / sums[counted, 1] for sign, sums in zip(signs, drawn))
        low, high = (float(edge) for edge in np.percentile(ratios, LEVEL))
    return Estimate(float(value), low, high, clusters, float(totals[0][1] / runs))
