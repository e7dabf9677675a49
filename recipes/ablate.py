"""Ablate: which parts of a preset pay? ``python recipes/ablate.py --repo PATH --output runs/ablation``.

In: a repository and a YAML of training options (default ``tiny_ablation.yaml``). Out: tables on the screen, ``ablation.md`` (a section for the dataset
card) and ``ablation.json`` with everything, arms that lost included. One run an arm and seed is kept in ``--output``, so an interrupted ablation
goes on. Costs a build, a training and an evaluation an arm and seed: with the tiny model some two minutes each on two cores.

The comparison is fair by construction, and checked: one tokenizer, one model configuration, one number of tokens shown, and one set of held-out
rows and prompts, made once with the options of ``elite``. Sides are dealt before anything is cut, so every arm trains on the same files; what an
arm's rows still share with a held-out row (old edits show code that moved) is taken out, and a certificate over what is left must count nothing.
The held-out rows in context are made the way ``elite`` makes its own; ``plain`` beside them is the same code cut blind, which favours no arm.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np
from datasets import DatasetDict
from rich.console import Console
from transformers.utils import logging

from elite_code_dataset import metadata
from elite_code_dataset.certificate import certificate, without_twins
from elite_code_dataset.config import source_digest
from elite_code_dataset.passes import build, encoder_of, save
from elite_code_dataset.plan import Plan, make_plan, plan_rows
from elite_code_dataset.records import EliteCodeError
from elite_code_dataset.tokens import Encoder
from recipes import train
from recipes.ablation_report import Ablation, Run, markdown, tables
from recipes.arguments import device_of
from recipes.arms import ARMS, FULL, WITH_RETRIEVAL, Arm, arms_named
from recipes.evaluate import copied, loaded, measured
from recipes.held_out import HeldOut, held_out
from recipes.intervals import Tally
from recipes.options import Options, parsed
from recipes.retrieval import Copier, Retriever
from recipes.rows import with_dataset

BUDGET_TOLERANCE = 0.02  # of the tokens shown
BUDGET_TRIES = 24


@dataclass(frozen=True)
class Bench:
    """What all arms share: the full arm's dataset, what is held out of it, and what needs no training."""

    full: DatasetDict
    held: HeldOut
    encoder: Encoder
    retriever: Retriever

    def digest(self) -> str:
        """Names the rows and prompts, so that runs on others are not taken for runs on these."""
        told = [[row["id"] for row in self.held.rows], [(p.task, p.row["id"], p.prefix, p.truth) for p in self.held.prompts]]
        return hashlib.sha256(json.dumps([told, self.encoder.digest]).encode("utf-8", "surrogatepass")).hexdigest()


def ablate(options: argparse.Namespace) -> Ablation:
    """All arms and seeds, and the files that tell of them."""
    output, arms = Path(options.output), arms_named(options.arms)
    output.mkdir(parents=True, exist_ok=True)
    bench = bench_of(options)
    runs: dict[str, list[Run]] = {}
    for arm in arms:
        runs[arm.name] = arm_runs(arm, bench, options, output)
    found = Ablation(
        arms=arms,
        runs=runs,
        copying=copied(bench.held, Copier(bench.full["train"])),
        scale=bench.held.scale,
        files=bench.held.files,
        facts={name: metadata.of(bench.full).get(name) for name in ("repository", "commit", "tokenizer")},
        training=told(options_of(options, output, 0)),
    )
    (output / "ablation.md").write_text(markdown(found), encoding="utf-8")
    (output / "ablation.json").write_text(json.dumps(found.as_dict(), indent=1, sort_keys=True), encoding="utf-8")
    return found


def bench_of(options: argparse.Namespace) -> Bench:
    """The full arm's dataset and what is held out of it."""
    full = built(ARMS[FULL], options)
    encoder = encoder_of(full)
    held = held_out(full, encoder, options.eval_tokens, options.prompts, 0, options.held_out)
    return Bench(full, held, encoder, Retriever(full["train"]))


def built(arm: Arm, options: argparse.Namespace) -> DatasetDict:
    return build(options.repo, preset=arm.preset, num_proc=options.jobs, **options.build)


def arm_runs(arm: Arm, bench: Bench, options: argparse.Namespace, output: Path) -> list[Run]:
    """One run a seed; those that lie in the output folder, of the same code and options, are taken from there."""
    files = [output / arm.name / f"seed_{seed}.json" for seed in range(options.seeds)]
    training = [options_of(options, output / arm.name, seed) for seed in range(options.seeds)]
    identity = [run_identity(arm, bench, one, options) for one in training]
    known = [Run.read(file, name) for file, name in zip(files, identity)]
    if None in known:
        rows = shared_sides(arm.name, bench.full if arm.name == FULL else built(arm, options), bench.full)
        rows, withheld = guarded(arm.name, rows, bench.full)
        save(rows, output / arm.name / "dataset", bench.encoder)
        for seed, found in enumerate(known):
            if found is None:
                known[seed] = one_run(arm, rows, withheld, bench, training[seed])
                known[seed].write(files[seed], identity[seed])
        shutil.rmtree(output / arm.name / "dataset")
    return known


def shared_sides(name: str, rows: DatasetDict, full: DatasetDict) -> DatasetDict:
    """``rows``, if they were made with the tokenizer and the sides of the full arm. Raises EliteCodeError where they were not."""
    own, wanted = metadata.of(rows), metadata.of(full)
    if own["tokenizer_digest"] != wanted["tokenizer_digest"]:
        raise EliteCodeError(
            f"arm {name} was made with another tokenizer than {FULL}; name one for all with --build '{{\"tokenizer\": ...}}'"
        )
    other = [path for path, file in own["files"].items() if file["split"] != wanted["files"].get(path, file)["split"]]
    if other:
        raise EliteCodeError(f"arm {name} puts {other[0]} on another side than {FULL} does; arms must not change how files are split")
    return rows


def guarded(name: str, rows: DatasetDict, full: DatasetDict) -> tuple[DatasetDict, int]:
    """The arm's train rows with the full arm's held-out rows, and how many train rows had to go. Raises EliteCodeError if anything still leaks."""
    kept, _ = without_twins(
        DatasetDict({"train": rows["train"]} | {split: full[split] for split in ("validation", "test") if split in full})
    )
    return check_no_leak(name, metadata.attach(kept, metadata.of(rows))), len(rows["train"]) - len(kept["train"])


def check_no_leak(name: str, rows: DatasetDict) -> DatasetDict:
    """``rows``, if no train text is, resembles or contains a held-out one. Raises EliteCodeError with the counts where one does."""
    found = certificate(rows)
    if found.total:
        raise EliteCodeError(f"the train rows of arm {name} show held-out code ({found}); its figures would mean nothing")
    return rows


def options_of(options: argparse.Namespace, folder: Path, seed: int) -> Options:
    """The training options of one run: the YAML's, with this run's rows, folder and seed."""
    words = [
        "--config",
        str(options.config),
        "--dataset",
        str(folder / "dataset"),
        "--output",
        str(folder / f"seed_{seed}"),
        "--seed",
        str(seed),
    ]
    return parsed([*words, "--resume", "never", "--overwrite", *(["--tokens", str(options.tokens)] if options.tokens else [])])


def told(training: Options) -> dict[str, Any]:
    """The options without the places of one machine."""
    return {name: value for name, value in asdict(training).items() if name not in ("dataset", "output", "given")}


def run_identity(arm: Arm, bench: Bench, training: Options, options: argparse.Namespace) -> str:
    parts = [
        arm.name,
        repr(arm.preset),
        told(training),
        options.build,
        metadata.of(bench.full).get("commit"),
        bench.digest(),
        source_digest(),
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def one_run(arm: Arm, rows: DatasetDict, withheld: int, bench: Bench, training: Options) -> Run:
    """Train, then measure on what all arms share."""
    training, plan = with_budget(arm.name, training, rows)
    metrics = train.run(training)
    if "after" not in metrics:
        raise EliteCodeError(
            f"arm {arm.name} was stopped after step {metrics['steps']} of {plan.steps}; the same command goes on with this arm"
        )
    model = loaded(str(Path(training.output) / "model"), device_of(training.device))
    retrieved = measured(model, bench.held, bench.encoder, bench.retriever) if arm.name in WITH_RETRIEVAL else Tally()
    return Run(
        rows=len(rows["train"]),
        withheld=withheld,
        tokens=int(plan.tokens.sum()),
        targets=int(np.dot(plan.copies, plan_rows(rows["train"]).target_tokens)),
        epochs=plan.epochs,
        steps=metrics["steps"],
        plain=measured(model, bench.held, bench.encoder),
        retrieved=retrieved,
    )


def with_budget(name: str, training: Options, rows: DatasetDict) -> tuple[Options, Plan]:
    """The options whose plan shows as many tokens as the YAML says, and that plan. Raises EliteCodeError where no plan does.

    A plan takes whole micro-batches and rounds copies, so what is asked of it is corrected, half-way each time, by what it answered."""
    if training.tokens is None:
        raise EliteCodeError(
            "the training options of an ablation say nothing of tokens; give tokens (not steps or epochs), the same for every arm"
        )
    wanted, asked = training.tokens, training.tokens
    for _ in range(BUDGET_TRIES):
        chosen = replace(training, tokens=asked)
        plan = make_plan(plan_rows(rows["train"]), train.plan_config(with_dataset(chosen, rows), chosen.gradient_accumulation))
        shown = int(plan.tokens.sum())
        if abs(shown / wanted - 1) <= BUDGET_TOLERANCE:
            return chosen, plan
        asked = max(1, round(asked * (wanted / shown) ** 0.5))
    raise EliteCodeError(
        f"arm {name} would be shown {shown:,} tokens instead of {wanted:,}; expected the same for every arm: raise tokens, lower token_budget, "
        "or raise max_copies where the arm has too few rows"
    )


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="recipes/ablate.py", description="Train one model an arm on the same tokens and compare them.")
    made.add_argument("--repo", required=True, help="git repository")
    made.add_argument("--output", default="runs/ablation")
    made.add_argument("--config", default=str(ROOT / "recipes" / "tiny_ablation.yaml"), help="training options of every arm")
    made.add_argument(
        "--arms", default=["baseline", "effectiveness", "elite"], type=comma, help="comma-separated; 'all' for every lever too"
    )
    made.add_argument("--seeds", type=int, default=1, help="runs an arm (default 1)")
    made.add_argument("--tokens", type=int, help="tokens shown to each arm; default: the YAML's")
    made.add_argument("--held-out", default=["test"], type=comma, help="splits to measure on: test, or test,validation (default test)")
    made.add_argument("--eval-tokens", type=int, default=20_000, help="tokens of rows a heading; 0: all (default 20000)")
    made.add_argument("--prompts", type=int, default=100, help="prompts a task (default 100)")
    made.add_argument("--build", type=json.loads, default={}, help="options of the builder for every arm, as JSON: '{\"seed\": 1}'")
    made.add_argument("--jobs", type=int, help="processes that build rows")
    return made


def comma(word: str) -> list[str]:
    return list(ARMS) if word == "all" else [part.strip() for part in word.split(",") if part.strip()]


def main(words: Sequence[str] | None = None) -> int:
    """Exit status: 0, or 2 with one line on stderr for what cannot work."""
    options: Any = parser().parse_args(words)
    logging.disable_progress_bar()
    try:
        found = ablate(options)
    except EliteCodeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    console = Console()
    console.width = console.width if console.is_terminal else 190
    for table in tables(found):
        console.print(table.rich())
    console.print(f"In {options.output}: ablation.md, ablation.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
