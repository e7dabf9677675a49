"""The whole road on one repository: ``make demo`` or ``make demo REPO=/path``. Load every scale, prepare, train a small model, evaluate, sum up.

In: a git repository (default: this project's own checkout; where that has no history, the installed sources of a dependency, put into a temporary
repository). Out, in ``runs/demo``: the dataset, a model, metrics and curves; on the screen the twelve steps and a summary.
Costs one to three minutes on two cores.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import datasets
from rich.console import Console

import elite_code_dataset as ecd
from elite_code_dataset.repository import open_repository
from elite_code_dataset.summary import summary

CONFIGS = ("w256", "w512", "w1024", "w2048", "w4096", "edits")
STAND_IN = "rich"  # a dependency whose sources are real code


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0, or 2 with one line on stderr for what cannot work."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repo", help="git repository; default: this checkout")
    parser.add_argument("--output", default=str(ROOT / "runs" / "demo"))
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="elite-code-demo-") as scratch:
        try:
            return demo(options.repo or own_or_stand_in(Path(scratch)), Path(options.output))
        except ecd.EliteCodeError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2


def demo(repo: str, output: Path) -> int:
    console = Console()
    started = time.monotonic()
    console.print(f"[bold]1. A dataset of {repo}[/bold]: datasets.load_dataset for {', '.join(CONFIGS)}, then every pass")
    with open_repository(repo) as repository:
        commit = repository.commit if repository.kind == "git" else "HEAD"  # the same for all, should somebody commit meanwhile
    parts = [datasets.load_dataset("elite_code_dataset", name, data_dir=repo, commit=commit) for name in CONFIGS]
    ds = ecd.prepare(ecd.joined(parts), num_proc=min(2, os.cpu_count() or 1))
    if not {"validation", "test"} & set(ds):
        raise ecd.EliteCodeError(
            f"{repo} is too small to hold anything out: {len(ds['train'])} rows, all in train; name a repository of more files"
        )
    if output.exists():
        shutil.rmtree(output)
    ecd.save(ds, output / "dataset")
    built = time.monotonic()
    console.print("\n[bold]2. A small model on it[/bold]: accelerate launch recipes/train.py")
    command = [
        "-m",
        "accelerate.commands.launch",
        "-q",
        "--config_file",
        str(ROOT / "accelerate_configs" / "cpu.yaml"),
        str(ROOT / "recipes" / "train.py"),
    ]
    command += ["--config", str(ROOT / "recipes" / "tiny.yaml"), "--dataset", str(output / "dataset"), "--output", str(output / "model")]
    status = subprocess.run([sys.executable, *command], cwd=ROOT, check=False).returncode
    if status:
        return status
    trained = time.monotonic()
    console.print("\n[bold]3. What is in it[/bold]")
    console.print(summary(ds))
    metrics = json.loads((output / "model" / "metrics.json").read_text())
    before, after = metrics["before"]["bits_per_byte"], metrics["after"]["bits_per_byte"]
    console.print(f"Bits per byte on held-out rows: {before:.3f} before training, {after:.3f} after {metrics['steps']} steps.")
    console.print(f"Dataset {built - started:.0f} s, training and evaluation {trained - built:.0f} s. All of it is in {output}.")
    return 0


def own_or_stand_in(scratch: Path) -> str:
    """This checkout, or a temporary repository of a dependency's sources where this is no checkout."""
    if (ROOT / ".git").exists():
        return str(ROOT)
    place = scratch / STAND_IN
    package = Path(importlib.util.find_spec(STAND_IN).origin).parent
    shutil.copytree(package, place / STAND_IN, ignore=shutil.ignore_patterns("__pycache__"))
    identity = ["-c", "user.name=demo", "-c", "user.email=demo@example.com"]
    for step in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-q", "-m", f"The installed sources of {STAND_IN}"]):
        subprocess.run(["git", *step], cwd=place, check=True)
    return str(place)


if __name__ == "__main__":
    sys.exit(main())
