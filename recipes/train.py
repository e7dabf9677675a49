"""Train on a repository: ``accelerate launch --config_file accelerate_configs/cpu.yaml recipes/train.py --config recipes/tiny.yaml --repo PATH``.

In: a YAML of options and command-line overrides (``recipes/options.py``). Out, in ``--output``: checkpoints, ``model/``, ``metrics.json``
(bits per byte on held-out rows before and after), ``loss.csv`` and ``loss.png``. Costs what the model costs.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from accelerate import PartialState
from datasets import Dataset
from transformers import PreTrainedTokenizerBase, PrinterCallback, TrainerCallback, set_seed
from transformers.utils import logging

from elite_code_dataset import checkpoints, config
from elite_code_dataset.exposure import NEEDED, exposures
from elite_code_dataset.plan import Plan, PlanConfig, make_plan, plan_rows
from elite_code_dataset.records import EliteCodeError
from elite_code_dataset.trainer import WeightedTrainer
from recipes import memory
from recipes.arguments import check_division, check_reports, check_world, device_of, obey, precision_of, training_arguments
from recipes.curves import write_curves
from recipes.lines import ProgressLines, plan_lines
from recipes.models import check_model_config, check_packages, model_config, run_model
from recipes.options import Options, parsed
from recipes.rows import RunRows, run_dataset, run_rows, with_dataset

STOPPED = 130  # exit status after Ctrl-C, as shells count


def run(options: Options) -> dict[str, Any]:
    """The whole run. Returns what ``metrics.json`` holds; an interrupted run has no ``after``."""
    check_packages(options)
    check_reports(options)
    device = device_of(options.device)
    precision = precision_of(options.precision, device)
    check_division(device)
    obey(device, precision)
    state = PartialState(cpu=device == "cpu")
    check_world(state.num_processes)
    logging.disable_progress_bar()
    if not options.dataset:
        check_model_config(options)  # before a repository is built for a model that cannot be
    prepare_output(options, state)
    ds, tokenizer = run_dataset(options)
    options = settled(with_dataset(options, ds), tokenizer, device, state)
    rows = run_rows(ds, tokenizer, options)
    plan = make_plan(plan_rows(rows.train), plan_config(options, state.num_processes * options.gradient_accumulation))
    announce([*plan_lines(plan), *exposure_lines(rows, plan)], state)
    trainer = made_trainer(options, rows, plan, device, precision)
    start, end = HeldOutBefore(trainer, rows.held_out), HeldOutAfter(trainer, rows.held_out)
    trainer.add_callback(start)
    trainer.callback_handler.callbacks.insert(0, end)  # ahead of the trackers, which close their runs when the training ends
    trainer.train(resume_from_checkpoint=None if options.resume == "never" else options.resume)
    metrics = {"options": asdict(options), "plan": plan.summary(), "steps": trainer.state.global_step, "before": start.metrics}
    if not trainer.interrupted:
        metrics["after"] = end.metrics
        trainer.save_model(str(Path(options.output) / "model"))
    if state.is_main_process:
        checkpoints.write_json(Path(options.output) / "metrics.json", metrics)
        write_curves(trainer.state.log_history, Path(options.output))
    state.wait_for_everyone()
    return metrics


class HeldOutBefore(TrainerCallback):
    """Measures the held-out rows once the model is in place and before the first step. A resumed run reads what the first one found."""

    def __init__(self, trainer: WeightedTrainer, held_out: Dataset) -> None:
        self.trainer, self.held_out, self.metrics = trainer, held_out, {}

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        path = Path(args.output_dir) / "before.json"
        if state.global_step == 0:
            self.metrics = bare(self.trainer.evaluate(self.held_out, metric_key_prefix="before"), "before_")
            if state.is_world_process_zero:
                checkpoints.write_json(path, self.metrics)
        elif path.is_file():
            self.metrics = json.loads(path.read_text(encoding="utf-8"))


class HeldOutAfter(TrainerCallback):
    """Measures the held-out rows at the end of a training that was not interrupted, with the best checkpoint's weights where one was kept."""

    def __init__(self, trainer: WeightedTrainer, held_out: Dataset) -> None:
        self.trainer, self.held_out, self.metrics = trainer, held_out, {}

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if not self.trainer.interrupted:
            self.metrics = bare(self.trainer.evaluate(self.held_out, metric_key_prefix="after"), "after_")


def made_trainer(options: Options, rows: RunRows, plan: Plan, device: str, precision: str) -> WeightedTrainer:
    set_seed(options.seed)
    model = run_model(options, rows.tokenizer, device, precision)
    trainer = WeightedTrainer(
        model,
        training_arguments(options, device, precision, plan.steps),
        plan=plan,
        train_dataset=rows.train,
        eval_dataset=rows.validation,
        processing_class=rows.tokenizer,
        callbacks=[ProgressLines()],
        chunked_loss=loss_in_chunks(options, plan, model.get_input_embeddings().weight.shape[0]),
        patience=options.patience,
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def settled(options: Options, tokenizer: PreTrainedTokenizerBase, device: str, state: PartialState) -> Options:
    """The options, with what --auto chooses for those that were not given."""
    if not options.auto:
        return options
    room = int(options.memory * memory.GIB) if options.memory else memory.device_memory(device)
    shape = memory.shape_of(model_config(options, tokenizer))
    choice = memory.chosen(shape, room, device, options.windows, memory.quantisation_possible(device), rank=options.lora_rank)
    announce(memory.explained(choice, room, device), state)
    step_tokens = options.token_budget * options.gradient_accumulation * state.num_processes
    found = memory.settings(choice, options.windows, step_tokens, state.num_processes)
    return replace(options, **{name: value for name, value in found.items() if name not in options.given or name == "windows"})


def plan_config(options: Options, micro_batches: int) -> PlanConfig:
    names = ("epochs", "steps", "tokens", "max_copies", "curriculum", "stages", "mix", "packing", "token_budget", "seed")
    return PlanConfig(**{name: getattr(options, name) for name in names}, micro_batches=micro_batches)


def loss_in_chunks(options: Options, plan: Plan, vocabulary: int) -> bool:
    """As told; else where the widest micro-batch's logits, their float copy and their gradient would take over a GiB."""
    if options.chunked_loss != "auto":
        return options.chunked_loss == "true"
    return int((plan.widths() * plan.bins_per_batch()).max()) * vocabulary * 12 > memory.GIB


def exposure_lines(rows: RunRows, plan: Plan) -> list[str]:
    """How often the run shows each token of the source, with a warning where returns have long faded."""
    told = all(name in rows.train.column_names for name in NEEDED)
    times = exposures(rows.train, plan.epochs).effective_epochs if told else plan.epochs
    lines = [f"each source token is shown {times:.1f} times on average (scales x weights x augmentations x epochs)"] if told else []
    if times > config.EXPOSURE_LIMIT:
        lines.append(
            f"warning: over {config.EXPOSURE_LIMIT:.0f} effective epochs teach little more (returns fade after about 4); lower epochs or windows"
        )
    capped = float((plan.copies >= plan.config.max_copies).mean())
    if capped > 0.01:
        lines.append(
            f"warning: {capped:.0%} of the rows reach max_copies ({plan.config.max_copies:g}), so weights count less than they say"
        )
    return lines


def prepare_output(options: Options, state: PartialState) -> None:
    """Make the output folder; refuse to mix a new run with an old one's checkpoints."""
    output = Path(options.output)
    if state.is_main_process:
        output.mkdir(parents=True, exist_ok=True)
        for folder in checkpoints.numbered(output) if options.overwrite else ():
            checkpoints.clear(folder)
    state.wait_for_everyone()
    if options.resume == "never" and checkpoints.numbered(output):
        raise EliteCodeError(f"{output} holds checkpoints of an earlier run; use --resume auto, --overwrite, or another --output")


def announce(lines: list[str], state: PartialState) -> None:
    if state.is_main_process:
        print(*lines, sep="\n", flush=True)


def bare(metrics: dict[str, float], prefix: str) -> dict[str, float]:
    return {name.removeprefix(prefix): value for name, value in metrics.items()}


def main() -> int:
    try:
        options = parsed()
        metrics = run(options)
    except EliteCodeError as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        return 2
    before, steps = metrics["before"].get("bits_per_byte", float("nan")), metrics["steps"]
    if "after" not in metrics:
        announce([f"stopped after step {steps}; a checkpoint is saved, the same command goes on from it"], PartialState())
        return STOPPED
    announce(
        [f"bits per byte on held-out code: {before:.3f} before, {metrics['after']['bits_per_byte']:.3f} after {steps} steps"],
        PartialState(),
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
