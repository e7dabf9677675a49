"""Arguments: options -> device, precision and ``transformers.TrainingArguments``. Differences between versions of transformers live here.

In: ``Options`` and the number of steps. Out: what ``WeightedTrainer`` is given. Costs nothing.
"""

from __future__ import annotations

import os
from dataclasses import fields
from importlib.util import find_spec
from typing import Any

import torch
from transformers import TrainingArguments

from elite_code_dataset.records import EliteCodeError
from recipes.options import Options, unknown_name

SCHEDULES = {"cosine": "cosine_with_min_lr", "wsd": "warmup_stable_decay", "constant": "constant_with_warmup"}
REPORTS = {
    "tensorboard": ("tensorboard", "tensorboardX"),
    "trackio": ("trackio",),
    "wandb": ("wandb",),
}  # name: modules, one of which is needed
DECAY_SHARE = 0.2  # of the steps, at the end of the wsd schedule
RENAMED = {
    "activation_checkpointing": "gradient_checkpointing",
    "activation_checkpointing_kwargs": "gradient_checkpointing_kwargs",
}  # new: before 5.20


def device_of(wanted: str) -> str:
    """cuda, mps or cpu. ``auto`` takes what there is; a launcher that was told to use the CPU is obeyed."""
    told = os.environ.get("ACCELERATE_USE_CPU", "").lower() in ("1", "true", "yes")
    found = {"cuda": torch.cuda.is_available() and not told, "mps": torch.backends.mps.is_available() and not told, "cpu": True}
    if wanted == "auto":
        return next(name for name, there in found.items() if there)
    if not found[wanted]:
        there = ", ".join(name for name, there in found.items() if there)
        raise EliteCodeError(
            f"device is {wanted!r}, which is not to be had here; found: {there}" + (" (the accelerate config says use_cpu)" if told else "")
        )
    return wanted


def precision_of(wanted: str, device: str) -> str:
    """bf16, fp16 or fp32. ``auto`` takes what the accelerate config says, else bf16 on a GPU that has it, fp16 on one that has not, fp32 elsewhere."""
    launched = os.environ.get("ACCELERATE_MIXED_PRECISION", "no")
    if wanted != "auto":
        return wanted
    if launched in ("bf16", "fp16"):
        return launched
    return ("bf16" if torch.cuda.is_bf16_supported() else "fp16") if device == "cuda" else "fp32"


def obey(device: str, precision: str) -> None:
    """Tell accelerate what was decided, before it makes its state: with several CPU processes it would otherwise run as many separate trainings."""
    os.environ["ACCELERATE_USE_CPU"] = "true" if device == "cpu" else "false"
    os.environ["ACCELERATE_MIXED_PRECISION"] = {"fp32": "no"}.get(precision, precision)


def check_world(processes: int) -> None:
    """Raise where a launcher started several processes that would each train alone."""
    launched = int(os.environ.get("WORLD_SIZE", "1"))
    if launched != processes:
        raise EliteCodeError(
            f"the launcher started {launched} processes but each sees {processes}; set use_cpu: true in the accelerate config, or give --device cpu"
        )


def check_division(device: str) -> None:
    """Raise where the accelerate config divides a model and the device is the CPU: accelerate would give every process the whole of it."""
    if device == "cpu" and os.environ.get("ACCELERATE_USE_FSDP", "").lower() == "true":
        raise EliteCodeError(
            "the accelerate config divides the model (FSDP), which accelerate does on GPUs only; on CPUs use accelerate_configs/multi_gpu.yaml"
        )


def check_reports(options: Options) -> None:
    """Raise where a tracker is unknown or not installed."""
    for name in options.report_to:
        if name != "none" and not any(map(_installed, REPORTS.get(name, ()))):
            raise EliteCodeError(
                f"report_to is {name!r}, which is not installed; expected none or one of {', '.join(REPORTS)}"
                + (f" (pip install {name})" if name in REPORTS else "")
            )


def _installed(module: str) -> bool:
    """Whether there is such a package; a mere folder of that name, as W&B makes one where it runs, is none."""
    found = find_spec(module)
    return found is not None and found.origin is not None


def training_arguments(options: Options, device: str, precision: str, steps: int) -> TrainingArguments:
    """The arguments of a run of ``steps`` steps, for the installed version of transformers."""
    every = options.eval_every
    given: dict[str, Any] = {
        "output_dir": options.output,
        "per_device_train_batch_size": 1,
        "gradient_accumulation_steps": options.gradient_accumulation,
        "optim": "adamw_bnb_8bit" if options.adam_8bit else "adamw_torch_fused" if device == "cuda" else "adamw_torch",
        "learning_rate": options.learning_rate,
        "weight_decay": options.weight_decay,
        "max_grad_norm": options.max_grad_norm,
        "bf16": precision == "bf16",
        "fp16": precision == "fp16",
        "use_cpu": device == "cpu",
        "seed": options.seed,
        "dataloader_num_workers": options.workers,
        "dataloader_pin_memory": device == "cuda",
        "logging_steps": options.log_every,
        "logging_first_step": True,
        "save_strategy": "steps",
        "save_steps": _save_every(options, steps),
        "save_total_limit": options.keep_checkpoints,
        "eval_strategy": "steps" if every else "no",
        "eval_steps": every or None,
        "load_best_model_at_end": bool(every),
        "metric_for_best_model": "bits_per_byte" if every else None,
        "greater_is_better": False if every else None,
        "report_to": list(options.report_to),
        "disable_tqdm": True,
        **_schedule(options, steps),
    }
    if options.activation_checkpointing:
        given |= {"activation_checkpointing": True, "activation_checkpointing_kwargs": {"use_reentrant": False}}
    return TrainingArguments(**_of_this_version({**given, **(options.training or {})}))


def _schedule(options: Options, steps: int) -> dict[str, Any]:
    """The schedule with its floor. A decay to zero would waste what a curriculum shows last."""
    floors: dict[str, dict[str, Any]] = {
        "cosine": {"min_lr_rate": options.floor},
        "wsd": {"min_lr_ratio": options.floor, "num_decay_steps": max(1, round(DECAY_SHARE * steps))},
        "constant": {},
    }
    return {
        "lr_scheduler_type": SCHEDULES[options.schedule],
        "lr_scheduler_kwargs": floors[options.schedule],
        "warmup_steps": round(options.warmup * steps),
    }


def _save_every(options: Options, steps: int) -> int:
    """Ten checkpoints a run unless told otherwise; with evaluations, a multiple of them, so that the best one can be kept."""
    every = options.save_every or max(1, -(-steps // 10))
    return every if not options.eval_every else max(1, round(every / options.eval_every)) * options.eval_every


def _of_this_version(given: dict[str, Any]) -> dict[str, Any]:
    known = {one.name for one in fields(TrainingArguments)}
    named = {RENAMED.get(name, name) if name not in known else name: value for name, value in given.items()}
    for name in named:
        if name not in known:
            raise EliteCodeError(f"training: {unknown_name('argument', name, sorted(known))}")
    return named
