"""Trainer: a plan and a model -> a trained model, exactly repeatable, on one process or many.

In: rows with ``input_ids`` and ``context_tokens``, a ``Plan`` and a causal language model. Out: ``transformers.Trainer`` with the plan as
its one batch sampler, checkpoints that are sealed by a manifest, and bits per byte on held-out rows. Costs what the model costs; the
overhead beside a bare loop is measured in ``benchmarks/trainer.py``.

This is the only module of the package that imports torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate.utils import broadcast_object_list
from datasets import Dataset
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader
from transformers import PreTrainedModel, PreTrainedTokenizerBase, Trainer, TrainerCallback, TrainingArguments

from elite_code_dataset import checkpoints, scoring
from elite_code_dataset.plan import Plan, PlanConfig, PlanRows, make_plan, plan_rows
from elite_code_dataset.records import EliteCodeError

__all__ = ["BinRows", "Plan", "PlanConfig", "PlanRows", "WeightedTrainer", "collated", "make_plan", "plan_rows", "token_nats"]

IGNORED = -100  # the label that torch's cross entropy leaves out
Bin = tuple[int, list[np.ndarray], list[int]]


class BinRows(torch.utils.data.Dataset):
    """The rows of a split, fetched by bins of a plan. A bin comes out as (micro-batch number, its rows' tokens, their context lengths)."""

    def __init__(self, ds: Dataset) -> None:
        self.rows = ds.select_columns(["input_ids", "context_tokens"]).with_format("arrow")

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, one: tuple[int, np.ndarray]) -> Bin:
        return self.__getitems__([one])[0]

    def __getitems__(self, bins: Sequence[tuple[int, np.ndarray]]) -> list[Bin]:
        table = self.rows[np.concatenate([rows for _, rows in bins]).tolist()]
        tokens = table["input_ids"].combine_chunks()
        offsets = tokens.offsets.to_numpy()
        values = tokens.values.to_numpy()
        context = table["context_tokens"].to_pylist()
        found, row = [], 0
        for number, rows in bins:
            here = range(row, row + len(rows))
            found.append((number, [values[offsets[i] : offsets[i + 1]] for i in here], [context[i] for i in here]))
            row += len(rows)
        return found


def collated(bins: Sequence[Bin], pad_id: int = 0) -> dict[str, torch.Tensor]:
    """Bins -> ``input_ids``, ``labels`` and ``position_ids``, int64[bins, widest fill], and ``batch_number``, int64[1].

    Positions start at 0 in each row of a bin: with no attention mask and no cache that is what keeps packed rows apart. Labels leave out the
    context, the first token of a row (nothing of its own row predicts it) and padding, whose positions are all 0.
    """
    width = max(sum(len(row) for row in rows) for _, rows, _ in bins)
    ids = np.full((len(bins), width), pad_id, dtype=np.int64)
    labels = np.full((len(bins), width), IGNORED, dtype=np.int64)
    positions = np.zeros((len(bins), width), dtype=np.int64)
    for line, (_, rows, contexts) in enumerate(bins):
        start = 0
        for row, context in zip(rows, contexts):
            end, first = start + len(row), start + max(context, 1)
            ids[line, start:end] = row
            labels[line, first:end] = ids[line, first:end]
            positions[line, start:end] = np.arange(len(row))
            start = end
    arrays = {"input_ids": ids, "labels": labels, "position_ids": positions, "batch_number": np.array([bins[0][0]])}
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def summed_nats(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Sum of the negative log-likelihoods, float32[], of ``labels`` under the logits one place before them."""
    return functional.cross_entropy(logits[:, :-1].float().flatten(0, 1), labels[:, 1:].flatten(), ignore_index=IGNORED, reduction="sum")


@torch.no_grad()
def token_nats(
    model: nn.Module, sequences: Sequence[Sequence[int]], device: torch.device | str, token_budget: int = 8192
) -> list[np.ndarray]:
    """Per sequence of n tokens, float32[n - 1]: the nats of tokens 1, 2, ... Sequences of like length go through the model together."""
    model_was_training, found = model.training, [np.zeros(0, dtype=np.float32)] * len(sequences)
    model.eval()
    for numbers in length_batches([len(sequence) for sequence in sequences], token_budget):
        width = len(sequences[numbers[0]])
        ids = torch.zeros((len(numbers), width), dtype=torch.long)
        for line, number in enumerate(numbers):
            ids[line, : len(sequences[number])] = torch.as_tensor(sequences[number])
        ids = ids.to(device)
        logits = model(input_ids=ids, use_cache=False).logits[:, :-1]
        nats = (
            functional.cross_entropy(logits.float().flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
            .view(len(numbers), -1)
            .cpu()
            .numpy()
        )
        for line, number in enumerate(numbers):
            found[number] = nats[line, : len(sequences[number]) - 1]
    model.train(model_was_training)
    return found


def length_batches(lengths: Sequence[int], token_budget: int) -> Iterator[list[int]]:
    """Numbers of the sequences that go together, longest first; (how many) x (the longest) stays within ``token_budget``."""
    longest_first = np.argsort(-np.asarray(lengths), kind="stable").tolist()
    while longest_first:
        count = max(1, token_budget // max(1, lengths[longest_first[0]]))
        yield longest_first[:count]
        longest_first = longest_first[count:]


class WeightedTrainer(Trainer):
    """Trains on the rows of ``train_dataset`` in the order of ``plan`` and evaluates bits per byte on ``eval_dataset``.

    ``args.save_total_limit`` newest checkpoints are kept, besides the best one. ``args.max_steps`` and ``args.num_train_epochs`` are set from the plan.
    """

    def __init__(
        self,
        model: PreTrainedModel | nn.Module,
        args: TrainingArguments,
        *,
        plan: Plan,
        train_dataset: Dataset,
        eval_dataset: Dataset | None = None,
        processing_class: PreTrainedTokenizerBase | None = None,
        callbacks: list[TrainerCallback] | None = None,
    ) -> None:
        _check_arguments(args, plan)
        args.num_train_epochs, args.max_steps = 1, -1
        args.remove_unused_columns, args.logging_nan_inf_filter = False, False
        self.keep, args.save_total_limit = args.save_total_limit, None
        self.plan, self.pad_id = plan, getattr(processing_class, "pad_token_id", None) or 0
        super().__init__(
            model=model,
            args=args,
            data_collator=self._collated,
            train_dataset=train_dataset,
            eval_dataset=eval_dataset,
            processing_class=processing_class,
            compute_loss_func=_counted,
            callbacks=callbacks,
        )

    def _collated(self, bins: Sequence[Bin]) -> dict[str, torch.Tensor]:
        return collated(bins, self.pad_id)

    def get_train_dataloader(self) -> DataLoader:
        loader = DataLoader(
            BinRows(self.train_dataset),
            batch_sampler=self.plan,
            collate_fn=self._collated,
            num_workers=self.args.dataloader_num_workers,
            pin_memory=self.args.dataloader_pin_memory and torch.cuda.is_available(),
        )
        return self.accelerator.prepare(loader)

    def compute_loss(self, model: nn.Module, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None) -> Any:
        """Nats summed over the micro-batch, over the targets of the whole step on all processes: gradients are those of the whole step's mean."""
        labels, number = inputs.pop("labels"), inputs.pop("batch_number")
        outputs = model(**inputs, use_cache=False)
        nats = summed_nats(outputs.logits, labels)
        if not torch.isfinite(nats):
            raise EliteCodeError(self._not_finite(int(number), float(nats)))
        loss = nats / num_items_in_batch * self.accelerator.num_processes
        return (loss, outputs) if return_outputs else loss

    def _not_finite(self, number: int, value: float) -> str:
        rows = np.concatenate([rows for _, rows in self.plan.batch(number)]).tolist()
        names = self.train_dataset.select(rows)["id"] if "id" in self.train_dataset.column_names else rows
        return (
            f"the loss of micro-batch {number} (step {self.state.global_step + 1}) is {value}; expected a finite number. Its rows: "
            f"{', '.join(map(str, names))}. The weights before this step are untouched: lower learning_rate, or look at these rows"
        )

    def evaluate(self, eval_dataset: Dataset | None = None, ignore_keys: Any = None, metric_key_prefix: str = "eval") -> dict[str, float]:
        """Bits per byte over all held-out rows and per window, role and kind."""
        ds = self.eval_dataset if eval_dataset is None else eval_dataset
        scores = self.scores(ds)
        columns = {name: ds[name][:] for name in scoring.GROUPS if name in ds.column_names}
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in scoring.table(columns, scores).items()}
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def scores(self, ds: Dataset) -> scoring.RowScores:
        """Nats, tokens and bytes of each row's target under the model as it is now."""
        columns = {name: ds[name][:] for name in ("text", "context_chars", "input_ids", "context_tokens")}
        nats = token_nats(self.model, columns["input_ids"], self.args.device)
        tokenizer = self.processing_class
        special = frozenset(tokenizer.all_special_ids) if tokenizer is not None else frozenset()
        return scoring.row_scores(columns, nats, special, self._text)

    def _text(self, ids: list[int]) -> str:
        if self.processing_class is None:
            return ""
        return self.processing_class.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)

    def train(self, resume_from_checkpoint: str | bool | None = None, **kwargs: Any) -> Any:
        """As ``Trainer.train``; ``resume_from_checkpoint="auto"`` takes the newest checkpoint that is complete and intact, or none."""
        found = [self._checkpoint(resume_from_checkpoint) if self.accelerator.is_main_process else None]
        broadcast_object_list(found)
        return super().train(resume_from_checkpoint=found[0], **kwargs)

    def _checkpoint(self, wanted: str | bool | None) -> str | None:
        if wanted in (None, False):
            return None
        if wanted not in (True, "auto"):
            folder: Path | None = Path(wanted)
        else:
            folder, refused = checkpoints.last_intact(Path(self.args.output_dir))
            for one in refused:
                print(f"skipping {one.folder}: {one.reason}")
        if folder is None:
            return None
        checkpoints.check_usable(folder, self.plan.fingerprint)
        return str(folder)

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        folder = Path(self.args.output_dir) / f"{checkpoints.PREFIX}{self.state.global_step}"
        if self.accelerator.is_main_process and folder.exists():
            checkpoints.clear(folder)
        self.accelerator.wait_for_everyone()
        super()._save_checkpoint(model, trial)
        self.accelerator.wait_for_everyone()
        if self.accelerator.is_main_process:
            checkpoints.seal(folder, self.state.global_step, self.plan.summary())
            checkpoints.rotate(folder.parent, self.keep, self.state.best_model_checkpoint)
        self.accelerator.wait_for_everyone()


def _check_arguments(args: TrainingArguments, plan: Plan) -> None:
    if args.n_gpu > 1:
        raise EliteCodeError(
            f"{args.n_gpu} GPUs are visible to one process, which would train through DataParallel; start one process per GPU: "
            "accelerate launch --config_file accelerate_configs/multi_gpu.yaml recipes/train.py ... (or set CUDA_VISIBLE_DEVICES=0)"
        )
    step = args.world_size * args.gradient_accumulation_steps
    if plan.config.micro_batches != step:
        raise EliteCodeError(
            f"the plan has {plan.config.micro_batches} micro-batches a step; expected {step}: {args.world_size} processes x "
            f"{args.gradient_accumulation_steps} accumulation steps"
        )
    if args.max_steps > 0 and args.max_steps != plan.steps:
        raise EliteCodeError(
            f"max_steps is {args.max_steps}, the plan has {plan.steps} steps; give steps={args.max_steps} to the plan instead"
        )


def _counted(outputs: Mapping[str, Any], labels: torch.Tensor, num_items_in_batch: Any = None) -> torch.Tensor:
    """Never called: that it is there makes Trainer count the targets of a step, over all processes, for ``compute_loss``."""
    return summed_nats(outputs["logits"], labels) / num_items_in_batch
