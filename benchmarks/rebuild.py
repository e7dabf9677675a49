"""A rebuild after one new commit, beside a full build: ``load_dataset`` of the five window configs and the edits, and ``build`` with all passes.

``python benchmarks/rebuild.py REPO [RUNS]``. REPO is a git repository; its HEAD plays the new commit and the commit before it the earlier build. Each
side runs in processes of its own; printed are medians of processor seconds (all threads), blobs read, and the ratio.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

CONFIGS = ("w256", "w512", "w1024", "w2048", "w4096", "edits")


def load(repo: str, commit: str) -> None:
    """Imports are not counted; blobs are those that are asked of git by their id."""
    import datasets

    import elite_code_dataset  # noqa: F401
    from elite_code_dataset.git_objects import Objects

    datasets.disable_progress_bars()
    real, blobs = Objects.read, [0, 0]

    def read(objects, oids, *limits):
        for oid, kind, data in real(objects, oids, *limits):
            if kind == "blob":
                blobs[0], blobs[1] = blobs[0] + 1, blobs[1] + len(data)
            yield oid, kind, data

    Objects.read = read
    started = time.process_time()
    rows = [datasets.load_dataset("elite_code_dataset", name, data_dir=repo, commit=commit) for name in CONFIGS]
    print("seconds", time.process_time() - started)
    print("blobs", blobs[0], blobs[1], sum(len(split) for one in rows for split in one.values()))


def passes(repo: str, commit: str) -> None:
    import datasets

    import elite_code_dataset

    datasets.disable_progress_bars()
    started = time.process_time()
    rows = elite_code_dataset.build(repo, commit=commit)
    print("seconds", time.process_time() - started)
    print("blobs", 0, 0, sum(map(len, rows.values())))


def measured(side: str, repo: str, commit: str, cache: str) -> tuple[float, int, int, int]:
    """Processor seconds, blobs, their bytes, rows."""
    environment = {**os.environ, "HF_DATASETS_CACHE": cache, "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, __file__, f"--{side}", repo, commit], capture_output=True, text=True, check=True, env=environment
    )
    seconds, blobs = (line.split()[1:] for line in done.stdout.splitlines() if line.startswith(("seconds ", "blobs ")))
    return float(seconds[0]), *map(int, blobs)


def main() -> None:
    if sys.argv[1].startswith("--"):
        {"--load": load, "--passes": passes}[sys.argv[1]](sys.argv[2], sys.argv[3])
        return
    repo, runs = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3
    told = subprocess.run(["git", "-C", repo, "rev-parse", "HEAD~1", "HEAD"], capture_output=True, text=True, check=True)
    before, after = told.stdout.split()
    for side in ("load", "passes"):
        full, again = [], []
        for run in range(runs if side == "load" else 1):
            with tempfile.TemporaryDirectory() as scratch:
                full.append(measured(side, repo, after, f"{scratch}/full"))
                measured(side, repo, before, f"{scratch}/cache-{run}")
                again.append(measured(side, repo, after, f"{scratch}/cache-{run}"))
        middles = [[statistics.median(values) for values in zip(*found)] for found in (full, again)]
        for name, (seconds, blobs, size, rows) in zip(("full", "rebuild"), middles):
            print(f"{side} {name}: {seconds:.2f} s, {blobs:.0f} blobs of {size / 1e6:.2f} MB read, {rows:.0f} rows")
        print(f"{side} ratio: {middles[1][0] / middles[0][0]:.3f}")


if __name__ == "__main__":
    main()
