"""Lines: a training's plan and progress as text.

In: a ``Plan``, and the log entries of ``WeightedTrainer``. Out: printed lines, from the main process only. Costs nothing.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from transformers import TrainerCallback

from elite_code_dataset.plan import Plan


def plan_lines(plan: Plan) -> list[str]:
    """The run before it starts: steps, tokens, copies, and what each stage holds."""
    summary, copies = plan.summary(), plan.copies
    shown = int((copies > 0).sum())
    lines = [
        f"plan {plan.fingerprint[:12]}: {plan.steps} steps of {plan.config.micro_batches} micro-batches, {summary['tokens']:,} tokens "
        f"({plan.real_share():.1%} of what the model reads), {plan.epochs:.3g} epochs; {shown:,} of {copies.size:,} rows, each up to {copies.max()} times"
    ]
    for stage in summary["stages"]:
        mix = ", ".join(f"{window}: {share:.0%}" for window, share in stage["windows"].items())
        lines.append(f"  stage {stage['stage']}: to step {stage['last_step']}, {stage['tokens']:,} tokens; windows {mix}")
    return lines


class ProgressLines(TrainerCallback):
    """One line per log entry: stage, loss, tokens, copies, window mix and loss per window, and the time left."""

    def __init__(self) -> None:
        self.started: tuple[float, int] | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.started = time.monotonic(), state.global_step

    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        if state.is_world_process_zero and logs and "loss" in logs:
            print(training_line(logs, state.global_step, state.max_steps, self._left(state)), flush=True)
        elif state.is_world_process_zero and logs and "eval_bits_per_byte" in logs:
            print(f"step {state.global_step}/{state.max_steps}  held-out bits per byte {logs['eval_bits_per_byte']:.4f}", flush=True)

    def _left(self, state: Any) -> float:
        began, first = self.started or (time.monotonic(), 0)
        done = state.global_step - first
        return (time.monotonic() - began) / done * (state.max_steps - state.global_step) if done else 0.0


def training_line(logs: Mapping[str, Any], step: int, steps: int, seconds_left: float) -> str:
    windows = [name.removeprefix("mix_") for name in logs if name.startswith("mix_")]
    mix = ", ".join(f"{window}: {logs[f'mix_{window}']:.0%} {logs[f'loss_{window}']:.3f}" for window in windows)
    return (
        f"step {step}/{steps}  stage {logs.get('stage', 0)}  loss {logs['loss']:.4f}  lr {logs.get('learning_rate', 0.0):.2e}  "
        f"{logs.get('tokens', 0):,} tokens  {logs.get('copies', 0.0):.3g} copies  [{mix}]  {seconds_left / 60:.1f} min left"
    )
