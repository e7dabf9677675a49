"""How long a plan takes: ``python benchmarks/plan.py [ROWS ...]``, by default 1e5, 1e6 and 1e7 rows of a realistic mix.

In: numbers of rows. Out: one line each: seconds, peak memory, share of real tokens. Costs about 20 s and 2 GB for 1e7 rows.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from elite_code_dataset.plan import PlanConfig, PlanRows, make_plan

WINDOWS, SHARES = (256, 512, 1024, 2048, 4096), (0.5, 0.25, 0.13, 0.08, 0.04)


def rows_of_a_large_repository(count: int) -> PlanRows:
    draw = np.random.default_rng(0)
    scale = draw.choice(WINDOWS, count, p=SHARES)
    tokens = np.clip((scale * draw.beta(2, 2, count)).astype(np.int64), 12, scale)
    weight = draw.choice((0.21, 0.7, 1.95, 3.0, 5.85), count)
    return PlanRows(scale, tokens, tokens - np.minimum(10, tokens - 1), weight, draw.random(count))


def main() -> None:
    for count in [int(float(word)) for word in sys.argv[1:]] or [100_000, 1_000_000, 10_000_000]:
        rows = rows_of_a_large_repository(count)
        for name, options in (("1 epoch", PlanConfig(micro_batches=8)), ("exact steps", PlanConfig(steps=count // 250, micro_batches=8))):
            start = time.perf_counter()
            plan = make_plan(rows, options)
            seconds = time.perf_counter() - start
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
            print(
                f"{count:>12,} rows, {name:>12}: {seconds:6.2f} s, peak {peak:.2f} GB, {plan.steps:,} steps, {plan.real_share():.2%} real tokens",
                flush=True,
            )


if __name__ == "__main__":
    main()
