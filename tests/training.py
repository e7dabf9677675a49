"""What the training tests train: a tokenizer of bytes, rows of a small made-up code base, a model of one layer."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset, DatasetDict
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, TrainerCallback, TrainingArguments

from elite_code_dataset.trainer import Plan, PlanConfig, WeightedTrainer, make_plan, plan_rows

WINDOWS = (32, 64, 128)


def byte_tokenizer() -> PreTrainedTokenizerFast:
    """One token per byte, and an end and a padding mark."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {"<|endoftext|>": 0, "<|fim_pad|>": 1, **{letter: number for number, letter in enumerate(alphabet, 2)}}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|endoftext|>", pad_token="<|fim_pad|>")


def code_row(number: int, split: str, scale: int, length: int, tokenizer: PreTrainedTokenizerFast) -> dict[str, Any]:
    """A row of about ``length`` tokens, a quarter of them context."""
    body = "".join(f"let x{(number * 7 + line) % 13} = f{line % 5}({(number + line) % 10});\n" for line in range(length // 12 + 1))
    context = f"// p{number % 10}.rs\n"[: max(1, length // 4)]
    target = body[: length - len(context)]
    ids = tokenizer.encode(context + target, add_special_tokens=False)
    return {
        "id": hashlib.sha256(f"{split} {number} {scale}".encode()).hexdigest()[:16],
        "path": f"p{number % 10}.rs",
        "role": ("core", "test")[number % 2],
        "kind": "code",
        "scale": scale,
        "text": context + target,
        "context_chars": len(context),
        "input_ids": ids,
        "context_tokens": len(context),
        "n_tokens": len(ids),
        "weight": (3.0, 0.3)[number % 2],
        "difficulty": length / scale,
    }


def code_rows(counts: dict[str, int] | None = None) -> DatasetDict:
    """Splits with rows of three windows."""
    tokenizer, draw = byte_tokenizer(), np.random.default_rng(0)
    made = {}
    for split, count in (counts or {"train": 90, "validation": 12, "test": 12}).items():
        scales = [WINDOWS[number % 3] for number in range(count)]
        made[split] = Dataset.from_list(
            [code_row(number, split, scale, int(draw.integers(scale // 3, scale + 1)), tokenizer) for number, scale in enumerate(scales)]
        )
    return DatasetDict(made)


def saved_dataset(folder: Path, counts: dict[str, int] | None = None) -> Path:
    code_rows(counts).save_to_disk(str(folder))
    byte_tokenizer().save_pretrained(str(folder / "tokenizer"))
    return folder


def tiny_model(vocabulary: int = 300, layers: int = 1, **config: Any) -> LlamaForCausalLM:
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2, "num_key_value_heads": 2, "max_position_embeddings": 256}
    return LlamaForCausalLM(LlamaConfig(vocab_size=vocabulary, num_hidden_layers=layers, **shape, **config))


class Watch(TrainerCallback):
    """What a test wants to know of a run: rows and loss of every step, and the weights at the end. May stop after a step."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.stop_after, self.losses = stop_after, {}

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step == self.stop_after:
            control.should_save = control.should_training_stop = True

    def on_log(self, args: Any, state: Any, control: Any, logs: dict | None = None, **kwargs: Any) -> None:
        if logs and "loss" in logs:
            self.losses[state.global_step] = logs["loss"]


class Recording(WeightedTrainer):
    """A trainer that notes, per step, the contents of the rows that this process's model really saw."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.seen: dict[int, list[str]] = {}

    def training_step(self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None) -> torch.Tensor:
        self.seen.setdefault(self.state.global_step, []).extend(row_contents(inputs))
        return super().training_step(model, inputs, num_items_in_batch)


def saved_model(folder: Path) -> Path:
    """A small model and its tokenizer in a folder, all in 32 bits, as one from the Hub would lie in the cache."""
    tiny_model(vocabulary=len(byte_tokenizer()), layers=2).save_pretrained(str(folder))
    byte_tokenizer().save_pretrained(str(folder))
    return folder


def row_contents(inputs: dict[str, Any]) -> list[str]:
    """The rows of a micro-batch, read back from its arrays: a row begins where a position is 0; lone padding tokens are none."""
    found = []
    for ids, positions in zip(inputs["input_ids"].tolist(), inputs["position_ids"].tolist()):
        starts = [place for place, position in enumerate(positions) if position == 0]
        rows = [ids[start:end] for start, end in zip(starts, [*starts[1:], len(ids)])]
        found += [" ".join(map(str, row)) for row in rows if row != [1]]
    return found


def contents_of(rows: Dataset, numbers: Any) -> list[str]:
    return [" ".join(map(str, rows[int(number)]["input_ids"])) for number in numbers]


def training_arguments(output: Path, **changes: Any) -> TrainingArguments:
    given = {
        "per_device_train_batch_size": 1,
        "use_cpu": True,
        "learning_rate": 1e-2,
        "lr_scheduler_type": "cosine_with_min_lr",
        "lr_scheduler_kwargs": {"min_lr_rate": 0.1},
        "logging_steps": 1,
        "save_strategy": "no",
        "report_to": [],
        "disable_tqdm": True,
        "seed": 3,
    }
    return TrainingArguments(output_dir=str(output), **{**given, **changes})


def small_plan(rows: DatasetDict, micro_batches: int = 1, steps: int = 8, **options: Any) -> Plan:
    return make_plan(plan_rows(rows["train"]), PlanConfig(steps=steps, micro_batches=micro_batches, token_budget=256, **options))


def small_trainer(
    output: Path,
    rows: DatasetDict,
    plan: Plan,
    watch: Watch | None = None,
    model: Any = None,
    kind: type[WeightedTrainer] = Recording,
    **changes: Any,
) -> WeightedTrainer:
    ours = {name: changes.pop(name) for name in ("chunked_loss", "patience") if name in changes}
    trainer = kind(
        model or tiny_model(),
        training_arguments(output, **changes),
        plan=plan,
        train_dataset=rows["train"],
        eval_dataset=rows["validation"],
        processing_class=byte_tokenizer(),
        callbacks=[watch or Watch()],
        **ours,
    )
    trainer.callback_handler.callbacks = [one for one in trainer.callback_handler.callbacks if type(one).__name__ != "PrinterCallback"]
    return trainer


def weights(trainer: WeightedTrainer) -> torch.Tensor:
    return torch.cat([weight.detach().flatten() for weight in trainer.model.parameters()])
