"""Speed and memory of ``load_dataset`` for the five window configs, beside the floor: one tokenizer pass over the same text and one ``git log -p``.

``python benchmarks/load.py REPO [RUNS]``. Each side runs in processes of its own, with an empty cache, in turn; printed are medians and their ratio.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CONFIGS = ("w256", "w512", "w1024", "w2048", "w4096")


def ours(repo: str) -> None:
    """Imports not counted, as they are not on the floor's side either."""
    import datasets

    import elite_code_dataset  # noqa: F401

    datasets.disable_progress_bars()
    for name in CONFIGS:
        started = time.perf_counter()
        rows = datasets.load_dataset("elite_code_dataset", name, data_dir=repo)
        print(name, round(time.perf_counter() - started, 3), sum(map(len, rows.values())))


def floor(repo: str) -> None:
    from elite_code_dataset.repository import open_repository
    from elite_code_dataset.tokens import encoder_named, trained_encoder

    with open_repository(repo) as repository:
        texts = [file.text for file in repository.files()]
    folder = Path(os.environ["FLOOR_TOKENIZER"])
    if not (folder / "tokenizer.json").is_file():
        trained_encoder(texts).save(folder)
    encoder = encoder_named(str(folder))
    started = time.perf_counter()
    encoder.backend.encode_batch(texts, add_special_tokens=False)
    print("tokenizer", round(time.perf_counter() - started, 3), sum(len(t.encode()) for t in texts))
    started = time.perf_counter()
    subprocess.run(["git", "-C", repo, "log", "-p"], stdout=subprocess.DEVNULL, check=True)
    print("git-log-p", round(time.perf_counter() - started, 3), 0)


def measured(side: str, repo: str, environment: dict[str, str]) -> tuple[dict[str, float], float]:
    """Seconds of each part as printed by the process, and its peak memory in MB."""
    done = subprocess.run([sys.executable, __file__, f"--{side}", repo], capture_output=True, text=True, check=True, env=environment)
    parts = {line.split()[0]: float(line.split()[1]) for line in done.stdout.splitlines() if len(line.split()) == 3}
    return parts, float(done.stdout.split("peak_mb")[-1])


def main() -> None:
    if sys.argv[1].startswith("--"):
        {"--ours": ours, "--floor": floor}[sys.argv[1]](sys.argv[2])
        print("peak_mb", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return
    repo, runs = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3
    seen: dict[str, list[tuple[dict[str, float], float]]] = {"floor": [], "ours": []}
    with tempfile.TemporaryDirectory() as scratch:
        for run in range(runs):
            for side in seen:
                environment = {
                    **os.environ,
                    "HF_DATASETS_CACHE": f"{scratch}/{side}-{run}",
                    "FLOOR_TOKENIZER": f"{scratch}/tokenizer",
                    "HF_HUB_OFFLINE": "1",
                }
                seen[side].append(measured(side, repo, environment))
    totals = {side: statistics.median(sum(parts.values()) for parts, _ in found) for side, found in seen.items()}
    for side, found in seen.items():
        middle = {name: statistics.median(parts[name] for parts, _ in found) for name in found[0][0]}
        print(
            f"{side}: {totals[side]:.2f} s, peak {statistics.median(mb for _, mb in found):.0f} MB;",
            ", ".join(f"{k} {v:.2f}" for k, v in middle.items()),
        )
    print(f"ratio: {totals['ours'] / totals['floor']:.2f}")


if __name__ == "__main__":
    main()
