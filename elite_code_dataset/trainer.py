"""Trainer: a plan and a model -> a trained model, exactly repeatable, on one process or many.

In: rows with ``input_ids`` and ``context_tokens``, a ``Plan`` and a causal language model. Out: ``transformers.Trainer`` with the plan as
its one batch sampler, checkpoints that are sealed by a manifest, and bits per byte on held-out rows. Costs what the model costs; the
overhead beside a bare loop is measured in ``benchmarks/trainer.py``.

This is the only module of the package that imports torch.
"""

from __future__ import annotations

import functools
import re
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate.utils import broadcast_object_list
from datasets import Dataset
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader
from transformers import PreTrainedModel, PreTrainedTokenizerBase, Trainer, TrainerCallback, TrainingArguments
from transformers.modeling_outputs import CausalLMOutput

from elite_code_dataset import checkpoints, scoring
from elite_code_dataset.batches import IGNORED, Bin, BinRows, batch_arrays, length_batches
from elite_code_dataset.plan import Plan, PlanConfig, PlanRows, make_plan, plan_rows
from elite_code_dataset.records import EliteCodeError

__all__ = [
    "Plan",
    "PlanConfig",
    "PlanRows",
    "WeightedTrainer",
    "chunk_the_loss",
    "keeps_rows_apart",
    "make_plan",
    "plan_rows",
    "token_nats",
]

CHUNK_TOKENS = 1024  # tokens whose logits exist at one time in the chunked loss; the library's own choice was 4.7x slower on CPU
SCORED_LOGITS = 1 << 26  # logits, of any vocabulary, that exist at one time while scoring: 256 MiB in float32
SCORED_TOKENS = 8192
FSDP_WEIGHTS = "pytorch_model_fsdp"
# What configurations call a change of the logits after the head (Cohere, Granite, Gemma 2, Falcon-H1, Grok).
LOGIT_CHANGES = (
    "logit_scale",
    "logits_scaling",
    "final_logit_softcapping",
    "lm_head_multiplier",
    "output_multiplier_scale",
    "mup_width_multiplier",
)


def summed_nats(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Sum, float32[], of the negative log-likelihoods of ``labels`` under the logits one place before them."""
    return functional.cross_entropy(logits[:, :-1].float().flatten(0, 1), labels[:, 1:].flatten(), ignore_index=IGNORED, reduction="sum")


@dataclass(frozen=True)
class SplitModel:
    """A causal language model seen as what makes hidden states and the plain matrix that makes logits of them."""

    causal: nn.Module
    backbone: nn.Module
    head: nn.Linear


def split_model(model: nn.Module, verified: bool = True) -> SplitModel | None:
    """The two parts, or None where ``head(backbone(ids))`` is not what the model computes (scaled or capped logits, a wrapped head).

    ``verified=False`` asks the configuration alone, for weights that are not here to be run: sharded ones, or those another process loads.
    """
    causal = model.get_base_model() if hasattr(model, "get_base_model") else model
    head = causal.get_output_embeddings() if hasattr(causal, "get_output_embeddings") else None
    backbone = getattr(causal, getattr(causal, "base_model_prefix", ""), None)
    if type(head) is not nn.Linear or backbone is None:
        return None
    parts = SplitModel(causal, backbone, head)
    if not verified:
        return None if any(getattr(causal.config, name, None) not in (None, 1, 1.0) for name in LOGIT_CHANGES) else parts
    return parts if _same_logits(parts) else None


@torch.no_grad()
def _same_logits(parts: SplitModel) -> bool:
    ids = torch.arange(8, device=parts.head.weight.device)[None] % parts.head.out_features
    was_training = parts.causal.training
    parts.causal.eval()
    whole = parts.causal(input_ids=ids, use_cache=False).logits.float()
    split = parts.head(parts.backbone(input_ids=ids, use_cache=False)[0].to(parts.head.weight.dtype)).float()
    parts.causal.train(was_training)
    return torch.allclose(whole, split, rtol=1e-3, atol=1e-3)


def chunk_the_loss(model: nn.Module, verified: bool = True) -> bool:
    """Make ``model(labels=...)`` return summed nats (and no logits), computed for 1024 tokens at a time. False where it cannot be done."""
    parts = split_model(model, verified) if hasattr(functional, "linear_cross_entropy") else None
    if parts is None:
        return False
    plain, plain_head = parts.causal.forward, parts.head.forward

    @functools.wraps(plain)
    def forward(*args: Any, labels: torch.Tensor | None = None, **kwargs: Any) -> Any:
        if labels is None:
            return plain(*args, **kwargs)
        hidden = parts.backbone(*args, **kwargs)[0]
        return CausalLMOutput(loss=parts.head(hidden[:, :-1].flatten(0, 1), labels[:, 1:].flatten()))

    def head_forward(hidden: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        return plain_head(hidden) if labels is None else chunked_nats(hidden, parts.head, labels)

    # The head itself is called, since a model that is divided over processes has its weight there for its own call alone.
    parts.causal.forward, parts.head.forward = forward, head_forward
    return True


def chunked_nats(hidden: torch.Tensor, head: nn.Linear, labels: torch.Tensor) -> torch.Tensor:
    """Sum, float[], of the negative log-likelihoods of ``labels``, int[n], under the logits of ``hidden``, [n, width]."""
    weight, bias = head.weight, head.bias
    if torch.is_autocast_enabled(hidden.device.type):
        hidden, weight = (tensor.to(torch.get_autocast_dtype(hidden.device.type)) for tensor in (hidden, weight))
    return functional.linear_cross_entropy(
        hidden.to(weight.dtype),
        weight,
        labels,
        linear_bias=bias,
        reduction="sum",
        ignore_index=IGNORED,
        options=nn.LinearCrossEntropyOptions(batch_chunk_size=CHUNK_TOKENS, acc_policy="compact"),
    )


@torch.no_grad()
def keeps_rows_apart(model: nn.Module, device: torch.device | str, vocabulary: int) -> bool:
    """Whether a row's logits stay the same when the row packed before it changes, two bins at a time as in training."""
    first, second = torch.arange(12, device=device) % vocabulary, torch.arange(12, device=device) % vocabulary
    second[:5] = (second[:5] + 7) % vocabulary
    positions = torch.cat([torch.arange(5, device=device), torch.arange(7, device=device)])
    was_training = model.training
    model.eval()
    one, other = (
        model(input_ids=ids.expand(2, -1), position_ids=positions.expand(2, -1), use_cache=False).logits.float() for ids in (first, second)
    )
    model.train(was_training)
    return bool((one[:, 5:] - other[:, 5:]).abs().max() <= 1e-4 * one.abs().max())


@torch.no_grad()
def token_nats(
    model: nn.Module,
    sequences: Sequence[Sequence[int]],
    device: torch.device | str,
    token_budget: int = SCORED_TOKENS,
    whole_model: bool = False,
) -> list[np.ndarray]:
    """Per sequence of n tokens, float32[n - 1]: the nats of tokens 1, 2, ... Sequences of like length go through the model together.

    ``whole_model`` calls the model itself and not its parts, which sharded models need.
    """
    was_training, found = model.training, [np.zeros(0, dtype=np.float32)] * len(sequences)
    parts = None if whole_model else split_model(model)
    model.eval()
    for numbers in length_batches([len(sequence) for sequence in sequences], token_budget):
        ids = torch.zeros((len(numbers), len(sequences[numbers[0]])), dtype=torch.long)
        for line, number in enumerate(numbers):
            ids[line, : len(sequences[number])] = torch.as_tensor(sequences[number])
        nats = _batch_nats(model, parts, ids.to(device)).cpu().numpy()
        for line, number in enumerate(numbers):
            found[number] = nats[line, : len(sequences[number]) - 1]
    model.train(was_training)
    return found


def _batch_nats(model: nn.Module, parts: SplitModel | None, ids: torch.Tensor) -> torch.Tensor:
    """float32[rows, tokens - 1]. With a split model, logits exist only for some tokens at a time."""
    targets = ids[:, 1:].flatten()
    if parts is None:
        logits = model(input_ids=ids, use_cache=False).logits[:, :-1].flatten(0, 1)
        return functional.cross_entropy(logits.float(), targets, reduction="none").view(len(ids), -1)
    hidden = parts.backbone(input_ids=ids, use_cache=False)[0][:, :-1].flatten(0, 1).to(parts.head.weight.dtype)
    step = max(1, SCORED_LOGITS // parts.head.out_features)
    some = [
        functional.cross_entropy(parts.head(hidden[at : at + step]).float(), targets[at : at + step], reduction="none")
        for at in range(0, len(targets), step)
    ]
    return torch.cat([*some, hidden.new_zeros(0, dtype=torch.float32)]).view(len(ids), -1)


def saved_weights(folder: Path) -> dict[str, torch.Tensor]:
    """All tensors of the model or the adapter in this folder, by the names they have in the model that was trained."""
    files = sorted([*folder.glob("model*.safetensors"), *folder.glob("adapter_model*.safetensors")])
    if not files:
        raise EliteCodeError(f"{folder} holds no weights; expected model.safetensors or adapter_model.safetensors")
    found = {name: weight for file in files for name, weight in load_file(file).items()}
    # peft leaves out the adapter's name, "default", before the last part
    return {re.sub(r"(\.lora_[A-Za-z_]+)\.(weight|bias)$", r"\1.default.\2", name): weight for name, weight in found.items()}


class WeightedTrainer(Trainer):
    """Trains on the rows of ``train_dataset`` in the order of ``plan`` and evaluates bits per byte on ``eval_dataset``.

    ``args.save_total_limit`` newest checkpoints are kept, besides the best one. The plan decides the number of steps. ``chunked_loss`` computes
    logits for 1024 tokens at a time. ``patience`` stops after so many evaluations without a better one.
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
        chunked_loss: bool = False,
        patience: int = 0,
    ) -> None:
        _check_arguments(args, plan)
        args.num_train_epochs, args.max_steps = 1, -1
        args.remove_unused_columns, args.logging_nan_inf_filter, args.average_tokens_across_devices = False, False, True
        if args.ddp_find_unused_parameters is None:  # only routed experts may go unused
            args.ddp_find_unused_parameters = any("experts" in name for name, _ in model.named_modules())
        self.keep, args.save_total_limit = args.save_total_limit, None
        self.plan, self.slices, self.interrupted = plan, 0, False
        self.pad_id = getattr(processing_class, "pad_token_id", None) or 0
        self._windows = np.unique(plan.window).tolist()
        self._step_nats: list[tuple[int, torch.Tensor, torch.Tensor]] = []
        self._shown = np.concatenate([[0], np.cumsum(plan.tokens)])
        self._logged_step = 0
        super().__init__(
            model=model,
            args=args,
            data_collator=self._collated,
            train_dataset=train_dataset,
            eval_dataset=eval_dataset,
            processing_class=processing_class,
            compute_loss_func=_counted,
            callbacks=[_StopAndSave(self, patience), *(callbacks or [])],
        )
        self.chunked_loss = chunked_loss and self._loss_can_be_chunked()
        self._window_nats = torch.zeros((len(self._windows), 2), device=args.device)

    @property
    def is_divided(self) -> bool:
        """Whether FSDP2 divides the model over the processes."""
        return getattr(self.accelerator, "is_fsdp2", False)  # since accelerate 1.6

    def _loss_can_be_chunked(self) -> bool:
        """ZeRO-3 gathers the head's weight only for a call of the head itself; FSDP has it there for the whole of the model's own forward."""
        if self.is_deepspeed_enabled and self.accelerator.state.deepspeed_plugin.zero_stage == 3:
            return False
        return chunk_the_loss(self.model, verified=not (self.is_fsdp_enabled or self.is_deepspeed_enabled))

    # Reading

    def _collated(self, bins: Sequence[Bin]) -> dict[str, Any]:
        arrays = {name: torch.from_numpy(array) for name, array in batch_arrays(bins, self.pad_id).items()}
        return {**arrays, "batch_number": bins[0].batch}

    def get_train_dataloader(self) -> DataLoader:
        loader = DataLoader(
            BinRows(self.train_dataset),
            batch_sampler=self.plan,
            collate_fn=self._collated,
            num_workers=self.args.dataloader_num_workers,
            pin_memory=self.args.dataloader_pin_memory and torch.cuda.is_available(),
        )
        return self.accelerator.prepare(loader)

    # One step

    def training_step(self, model: nn.Module, inputs: dict[str, Any], num_items_in_batch: Any = None) -> torch.Tensor:
        if not self.slices:
            self._before_first_step(model)
        loss = self._sliced_step(model, inputs, num_items_in_batch)
        if self.accelerator.sync_gradients:
            self._check_and_count()
        return loss

    def _sliced_step(self, model: nn.Module, inputs: dict[str, Any], num_items_in_batch: Any) -> torch.Tensor:
        """One micro-batch in ``slices`` parts, one after another. All are divided by the same number of targets, so the gradients are those of the whole."""
        parts = _bin_slices(inputs, self.slices)
        if self.is_fsdp_enabled:  # every pass gathers weights from all processes, so all make as many passes
            parts = [_without_targets(parts[0])] * (self.slices - len(parts)) + parts
        with self.accelerator.no_sync(model) if len(parts) > 1 else nullcontext():
            losses = [super(WeightedTrainer, self).training_step(model, part, num_items_in_batch) for part in parts[:-1]]
        return sum(losses) + super().training_step(model, parts[-1], num_items_in_batch)

    def compute_loss(self, model: nn.Module, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None) -> Any:
        """Nats summed over the micro-batch, divided by the targets of the whole step on all processes."""
        inputs = dict(inputs)
        labels, number = inputs.pop("labels"), inputs.pop("batch_number")
        if self.chunked_loss:
            outputs = model(**inputs, labels=labels, use_cache=False)
            nats = outputs.loss
        else:
            outputs = model(**inputs, use_cache=False)
            nats = summed_nats(outputs.logits, labels)
        self._step_nats.append((number, nats.detach(), (labels[:, 1:] != IGNORED).sum()))
        loss = nats / num_items_in_batch * self.accelerator.num_processes
        return (loss, outputs) if return_outputs else loss

    def _check_and_count(self) -> None:
        """Stop before the weights change where a loss is not finite; else add the step's nats and targets to those of their windows."""
        nats = torch.stack([nats for _, nats, _ in self._step_nats]).float()
        if not torch.isfinite(nats).all():
            number, value, _ = next(one for one in self._step_nats if not torch.isfinite(one[1]))
            raise EliteCodeError(self._not_finite(number, float(value)))
        windows = torch.tensor([self._windows.index(self.plan.window[number]) for number, _, _ in self._step_nats], device=nats.device)
        targets = torch.stack([targets for _, _, targets in self._step_nats]).float()
        self._window_nats.index_add_(0, windows, torch.stack([nats, targets], dim=1))
        self._step_nats.clear()

    def _not_finite(self, number: int, value: float) -> str:
        rows = np.concatenate([rows for _, rows in self.plan.batch(number)]).tolist()
        names = self.train_dataset.select(rows)["id"] if "id" in self.train_dataset.column_names else rows
        return (
            f"the loss of micro-batch {number} (step {self.state.global_step + 1}) is {value}; expected a finite number. Its rows: "
            f"{', '.join(map(str, names))}. The weights are those before this step: lower learning_rate, or look at these rows"
        )

    # Before the first step

    def _before_first_step(self, model: nn.Module) -> None:
        """Check that packed rows do not see each other, then find into how many slices the widest micro-batches must be cut to fit."""
        vocabulary = int(self.model.get_input_embeddings().weight.shape[0] or 1 << 30)
        packed = self.plan.order.size > self.plan.bin_offsets.size - 1
        if packed and not keeps_rows_apart(model, self.args.device, min(vocabulary, 32)):
            raise EliteCodeError(
                f"{type(self.model).__name__} lets packed rows see each other (attention: {getattr(self.model.config, '_attn_implementation', '?')}); "
                "use packing: false, or attn_implementation='sdpa'"
            )
        self.slices = 1
        if self.is_deepspeed_enabled:  # its engine counts every backward pass
            return
        for number in self.plan.widest():
            rows = BinRows(self.train_dataset).__getitems__(self.plan.batch(number))
            while not self._fits(model, self._collated(rows)):
                if self.slices >= len(rows):
                    raise EliteCodeError(
                        f"one window of {self.plan.window[number]} tokens does not fit into the memory of {self.args.device}; "
                        "use narrower windows, activation_checkpointing, chunked_loss, or method: lora"
                    )
                self.slices = min(len(rows), self.slices * 2)

    def _fits(self, model: nn.Module, inputs: dict[str, Any]) -> bool:
        """Whether forward and backward of these inputs fit beside the optimizer's future state, on every process. Leaves no trace."""
        generators = torch.get_rng_state(), torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
        failed = False
        try:
            reserved = self._future_state_bytes()  # held until the pass is over
            held = torch.empty(reserved, dtype=torch.uint8, device=self.args.device)
            with self._leaving_no_gradients(model):
                self._sliced_step(model, inputs, torch.tensor(1.0, device=self.args.device))
            del held
        except RuntimeError as error:
            failed = _is_out_of_memory(error)
            if not failed:
                raise
        model.zero_grad(set_to_none=True)
        self._step_nats.clear()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
            torch.cuda.set_rng_state_all(generators[1])
        torch.set_rng_state(generators[0])
        return not self._any_process(failed)

    @contextmanager
    def _leaving_no_gradients(self, model: nn.Module) -> Iterator[None]:
        """For a pass whose gradients ``zero_grad`` must find. What FSDP2 gathers without reducing it, it keeps elsewhere until the next step."""
        if self.is_divided:
            model.set_requires_gradient_sync(True)
            try:
                yield
            finally:
                model.set_requires_gradient_sync(self.accelerator.sync_gradients)
        else:
            with nullcontext() if self.is_fsdp_enabled else self.accelerator.no_sync(model):
                yield

    def _future_state_bytes(self) -> int:
        """What Adam will keep per trained weight: two numbers of its own type, or two bytes when it keeps 8 bits. 0 once it is there, and on CPU."""
        if self.args.device.type == "cpu" or self.is_fsdp_enabled or self.optimizer is None or self.optimizer.state:
            return 0
        trained = [weight for weight in self.model.parameters() if weight.requires_grad]
        return sum(weight.numel() * (2 if "8bit" in str(self.args.optim) else 2 * weight.element_size()) for weight in trained)

    def _any_process(self, flag: bool) -> bool:
        if self.accelerator.num_processes == 1:
            return flag
        return bool(self.accelerator.reduce(torch.tensor([float(flag)], device=self.args.device), "sum").item())

    # Progress

    def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        super().log({**logs, **self._progress()} if "loss" in logs else logs, *args, **kwargs)

    def _progress(self) -> dict[str, float]:
        """Stage, tokens so far, copies so far (rows shown per row), and since the last line: the window mix and the loss of each window."""
        step = self.state.global_step
        first = self._logged_step * self.plan.config.micro_batches
        last, self._logged_step = step * self.plan.config.micro_batches, step
        sums = self.accelerator.reduce(self._window_nats, "sum") if self.accelerator.num_processes > 1 else self._window_nats
        losses = sums.tolist()
        self._window_nats = torch.zeros_like(self._window_nats)
        tokens, windows = self.plan.tokens[first:last], self.plan.window[first:last]
        progress = {
            "stage": int(self.plan.stage[last - 1]),
            "tokens": int(self._shown[last]),
            "copies": round(float(self.plan.bin_offsets[self.plan.batch_offsets[last]] / len(self.train_dataset)), 4),
        }
        for window, (nats, targets) in zip(self._windows, losses):
            share = float(tokens[windows == window].sum() / max(1, tokens.sum()))
            if share:
                progress |= {f"mix_{window}": round(share, 4), f"loss_{window}": round(nats / max(1.0, targets), 4)}
        return progress

    # Evaluation

    def evaluate(self, eval_dataset: Dataset | None = None, ignore_keys: Any = None, metric_key_prefix: str = "eval") -> dict[str, float]:
        """Bits per byte over all held-out rows and per window, role and kind."""
        ds = self.eval_dataset if eval_dataset is None else eval_dataset
        columns = {name: ds[name][:] for name in scoring.GROUPS if name in ds.column_names}
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in scoring.table(columns, self.scores(ds)).items()}
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def scores(self, ds: Dataset) -> scoring.RowScores:
        """Nats, tokens and bytes of each row's target under the model as it is now; every process scores its share."""
        sharded, processes = self.is_fsdp_enabled or self.is_deepspeed_enabled, self.accelerator.num_processes
        lengths = np.asarray(ds["n_tokens"][:])
        numbers = np.argsort(-lengths, kind="stable")
        share = np.resize(numbers, -(-len(numbers) // processes) * processes)[self.accelerator.process_index :: processes]
        rows = ds[share]
        with self.accelerator.autocast():
            budget = 1 if sharded else SCORED_TOKENS  # row by row: then every process makes as many passes as any other
            nats = token_nats(
                self.model_wrapped if sharded else self.model, rows["input_ids"], self.args.device, budget, whole_model=sharded
            )
        special = frozenset(getattr(self.processing_class, "added_tokens_decoder", ()))
        here = scoring.row_scores(rows, nats, special, self._text)
        return self._gathered(here, share, len(numbers)) if processes > 1 else here.placed(share, len(numbers))

    def _gathered(self, here: scoring.RowScores, share: np.ndarray, count: int) -> scoring.RowScores:
        parts = [None] * self.accelerator.num_processes
        torch.distributed.all_gather_object(parts, here.placed(share, count))
        return functools.reduce(scoring.RowScores.merged, parts)

    def _text(self, ids: list[int]) -> str:
        return self.processing_class.decode(ids, skip_special_tokens=False) if self.processing_class is not None else ""

    # Checkpoints

    def train(self, resume_from_checkpoint: str | bool | None = None, **kwargs: Any) -> Any:
        """As ``Trainer.train``; ``resume_from_checkpoint="auto"`` takes the newest checkpoint that is complete and intact, or none.

        Ctrl-C and SIGTERM end the training after the step at hand, with a checkpoint; ``interrupted`` is true then.
        """
        found = [None, None]
        if self.accelerator.is_main_process:
            try:
                found[0] = self._checkpoint(resume_from_checkpoint)
            except EliteCodeError as error:
                found[1] = str(error)
        broadcast_object_list(found)
        if found[1]:
            raise EliteCodeError(found[1])
        with _signals_noticed(self):
            return super().train(resume_from_checkpoint=found[0], **kwargs)

    def _checkpoint(self, wanted: str | bool | None) -> str | None:
        if wanted in (None, False):
            return None
        folder: Path | None
        if wanted in (True, "auto"):
            folder, refused = checkpoints.last_intact(Path(self.args.output_dir))
            for one in refused:
                print(f"skipping {one.folder}: {one.reason}")
        else:
            folder = Path(wanted)
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
            if self.is_divided:  # the same weights once more, pickled
                (folder / f"{FSDP_WEIGHTS}.bin").unlink(missing_ok=True)
            checkpoints.seal(folder, self.state.global_step, self.plan.summary())
            checkpoints.rotate(folder.parent, self.keep, self.state.best_model_checkpoint)
        self.accelerator.wait_for_everyone()

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: nn.Module | None = None) -> None:
        if self.is_divided:
            self._load_divided(Path(resume_from_checkpoint))
        else:
            super()._load_from_checkpoint(resume_from_checkpoint, model)

    def _load_best_model(self) -> None:
        if self.is_divided:
            self._load_divided(Path(self.state.best_model_checkpoint))
        else:
            super()._load_best_model()

    def _load_divided(self, folder: Path) -> None:
        """Weights of a checkpoint into a model that FSDP2 divides: the main process reads safetensors, the others are sent their parts."""
        from torch.distributed.checkpoint.state_dict import StateDictOptions, set_model_state_dict

        weights = saved_weights(folder) if self.accelerator.is_main_process else {}
        options = StateDictOptions(full_state_dict=True, cpu_offload=True, broadcast_from_rank0=True, strict=False)
        set_model_state_dict(self.model, weights, options=options)
        self.accelerator.wait_for_everyone()

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """As ``Trainer.save_model``, without its pickled arguments: weights are safetensors, the rest is text."""
        super().save_model(output_dir, _internal_call)
        if self.args.should_save:
            (Path(output_dir or self.args.output_dir) / "training_args.bin").unlink(missing_ok=True)


class _StopAndSave(TrainerCallback):
    """Ends a training early: on a signal, with a checkpoint; or after ``patience`` evaluations without a better one."""

    def __init__(self, trainer: WeightedTrainer, patience: int) -> None:
        self.trainer, self.patience = trainer, patience

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.trainer._logged_step = state.global_step

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self.trainer._any_process(self.trainer.interrupted):
            self.trainer.interrupted = control.should_save = control.should_training_stop = True

    def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        seen = [entry["eval_bits_per_byte"] for entry in state.log_history if "eval_bits_per_byte" in entry]
        if self.patience and seen and len(seen) - 1 - int(np.argmin(seen)) >= self.patience:
            control.should_training_stop = True


@contextmanager
def _signals_noticed(trainer: WeightedTrainer) -> Iterator[None]:
    """SIGINT and SIGTERM only leave a note, which the next step's end reads; a second Ctrl-C on a single process ends it at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def noticed(number: int, frame: Any) -> None:
        if trainer.interrupted and number == signal.SIGINT and trainer.accelerator.num_processes == 1:
            raise KeyboardInterrupt
        trainer.interrupted = True

    before = {number: signal.signal(number, noticed) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _bin_slices(inputs: Mapping[str, Any], count: int) -> list[dict[str, Any]]:
    """A micro-batch cut into ``count`` parts (or one per bin, if those are fewer), each trimmed to nothing: widths stay."""
    bins = len(inputs["input_ids"])
    edges = np.linspace(0, bins, min(count, bins) + 1).round().astype(int).tolist()
    return [
        {name: value[start:end] if isinstance(value, torch.Tensor) else value for name, value in inputs.items()}
        for start, end in zip(edges, edges[1:])
    ]


def _without_targets(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The first bin of a part, with nothing to learn: a pass that adds nothing."""
    bin_alone = {name: value[:1] if isinstance(value, torch.Tensor) else value for name, value in inputs.items()}
    return {**bin_alone, "labels": torch.full_like(bin_alone["labels"], IGNORED)}


def _is_out_of_memory(error: RuntimeError) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or any(words in str(error) for words in ("out of memory", "can't allocate memory"))


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
