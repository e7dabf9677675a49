"""Train on a repository: ``accelerate launch --config_file accelerate_configs/cpu.yaml recipes/train.py --config recipes/tiny.yaml --repo PATH``.

In: a YAML of options and command-line overrides (``recipes/options.py``). Out, in ``--output``: checkpoints, ``model/``, ``metrics.json``
(bits per byte on held-out rows before and after), ``loss.csv`` and ``loss.png``. Costs what the model costs.
"""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from accelerate import PartialState
from transformers import TrainingArguments, set_seed

from elite_code_dataset import checkpoints
from elite_code_dataset.plan import PlanConfig, make_plan, plan_rows
from elite_code_dataset.records import EliteCodeError
from elite_code_dataset.trainer import WeightedTrainer
from recipes.curves import write_curves
from recipes.models import run_model
from recipes.options import Options, parsed
from recipes.rows import run_rows

SCHEDULES = {"cosine": "cosine_with_min_lr", "wsd": "warmup_stable_decay", "constant": "constant_with_warmup"}


def device_of(wanted: str) -> str:
    """cuda, mps or cpu. ``auto`` takes what there is; a launcher told to use the CPU is obeyed."""
    told = os.environ.get("ACCELERATE_USE_CPU", "").lower() in ("1", "true", "yes")
    found = {"cuda": torch.cuda.is_available() and not told, "mps": torch.backends.mps.is_available() and not told, "cpu": True}
    if wanted == "auto":
        return next(name for name, there in found.items() if there)
    if not found[wanted]:
        raise EliteCodeError(f"device {wanted} is not to be had here; found: {', '.join(name for name, there in found.items() if there)}")
    return wanted


def precision_of(wanted: str, device: str) -> str:
    if wanted != "auto":
        return wanted
    return "bf16" if device == "cuda" and torch.cuda.is_bf16_supported() else "fp16" if device == "cuda" else "fp32"


def training_arguments(options: Options, device: str, steps: int) -> TrainingArguments:
    """``TrainingArguments`` of the installed version."""
    precision = precision_of(options.precision, device)
    floor = {
        "cosine": {"min_lr_rate": options.floor},
        "wsd": {"min_lr_ratio": options.floor, "num_decay_steps": max(1, steps // 5)},
        "constant": {},
    }
    given: dict[str, Any] = {
        "output_dir": options.output,
        "per_device_train_batch_size": 1,
        "gradient_accumulation_steps": options.gradient_accumulation,
        "learning_rate": options.learning_rate,
        "lr_scheduler_type": SCHEDULES[options.schedule],
        "lr_scheduler_kwargs": floor[options.schedule],
        "warmup_steps": round(options.warmup * steps),
        "weight_decay": options.weight_decay,
        "max_grad_norm": options.max_grad_norm,
        "bf16": precision == "bf16",
        "fp16": precision == "fp16",
        "use_cpu": device == "cpu",
        "seed": options.seed,
        "dataloader_num_workers": options.workers,
        "logging_steps": options.log_every,
        "save_strategy": "steps",
        "save_steps": options.save_every or max(1, -(-steps // 10)),
        "save_total_limit": options.keep_checkpoints,
        "eval_strategy": "steps" if options.eval_every else "no",
        "eval_steps": options.eval_every or None,
        "report_to": list(options.report_to),
        "disable_tqdm": not sys.stderr.isatty(),
    }
    return TrainingArguments(**{**given, **(options.training or {})})


def check_world(processes: int) -> None:
    """Raise where a launcher started several processes that would each train alone."""
    launched = int(os.environ.get("WORLD_SIZE", "1"))
    if launched != processes:
        raise EliteCodeError(
            f"the launcher started {launched} processes, but each sees {processes}; set use_cpu in the accelerate config, or --device cpu"
        )


def run(options: Options) -> dict[str, Any]:
    """The whole run. Returns what ``metrics.json`` holds."""
    device = device_of(options.device)
    if device == "cpu":
        os.environ["ACCELERATE_USE_CPU"] = "true"
    state = PartialState(cpu=device == "cpu")
    check_world(state.num_processes)
    output = Path(options.output)
    _prepare_output(options, output, state)
    rows = run_rows(options)
    micro_batches = state.num_processes * options.gradient_accumulation
    plan = make_plan(plan_rows(rows.train), plan_config(options, micro_batches))
    set_seed(options.seed)
    model = run_model(options, rows.tokenizer)
    trainer = WeightedTrainer(
        model,
        training_arguments(options, device, plan.steps),
        plan=plan,
        train_dataset=rows.train,
        eval_dataset=rows.validation,
        processing_class=rows.tokenizer,
    )
    before = trainer.evaluate(rows.held_out, metric_key_prefix="before")
    trainer.train(resume_from_checkpoint=None if options.resume == "never" else options.resume)
    after = trainer.evaluate(rows.held_out, metric_key_prefix="after")
    trainer.save_model(str(output / "model"))
    metrics = {
        "before": _bare(before, "before_"),
        "after": _bare(after, "after_"),
        "plan": plan.summary(),
        "options": asdict(options),
        "steps": trainer.state.global_step,
    }
    if state.is_main_process:
        checkpoints.write_json(output / "metrics.json", metrics)
        write_curves(trainer.state.log_history, output)
    state.wait_for_everyone()
    return metrics


def plan_config(options: Options, micro_batches: int) -> PlanConfig:
    names = ("epochs", "steps", "tokens", "max_copies", "curriculum", "stages", "mix", "packing", "token_budget", "seed")
    return PlanConfig(**{name: getattr(options, name) for name in names}, micro_batches=micro_batches)


def _prepare_output(options: Options, output: Path, state: PartialState) -> None:
    if state.is_main_process:
        output.mkdir(parents=True, exist_ok=True)
        for folder in checkpoints.numbered(output) if options.overwrite else ():
            checkpoints.clear(folder)
    state.wait_for_everyone()
    if options.resume == "never" and checkpoints.numbered(output):
        raise EliteCodeError(f"{output} holds checkpoints of an earlier run; use --resume auto, --overwrite, or another --output")


def _bare(metrics: dict[str, float], prefix: str) -> dict[str, float]:
    return {name.removeprefix(prefix): value for name, value in metrics.items()}


def main() -> int:
    try:
        metrics = run(parsed())
    except EliteCodeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if PartialState().is_main_process:
        before, after = metrics["before"]["bits_per_byte"], metrics["after"]["bits_per_byte"]
        print(f"bits per byte on held-out code: {before:.3f} before, {after:.3f} after {metrics['steps']} steps")
    return 0


if __name__ == "__main__":
    sys.exit(main())
