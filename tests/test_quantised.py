"""Four-bit weights and 8-bit Adam, on the CPU: what is trained, what stays as it was, what is saved, and what a merged model says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bitsandbytes
import pytest
import torch
from datasets import DatasetDict
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

from elite_code_dataset import checkpoints
from elite_code_dataset.trainer import WeightedTrainer
from recipes import arguments, generate, models, train
from recipes.options import Options
from tests.test_train_recipe import SMALL_MODEL, environment_restored, small  # noqa: F401 (a fixture of every test here)
from tests.training import Watch, byte_tokenizer, code_rows, saved_dataset, saved_model, small_plan, small_trainer, weights

QLORA = {"method": "qlora", "lora_rank": 4}
WIDE = {**SMALL_MODEL, "hidden_size": 64, "intermediate_size": 192}


@pytest.fixture(scope="module")
def rows() -> DatasetDict:
    return code_rows()


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved_dataset(tmp_path_factory.mktemp("data") / "dataset")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved_model(tmp_path_factory.mktemp("base") / "model")


@pytest.fixture(scope="module")
def run(dataset: Path, base: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A finished run of the recipe with four-bit weights: its folder and its metrics."""
    output = tmp_path_factory.mktemp("run")
    return output, train.run(small(dataset, output, model=str(base), **QLORA))


def four_bit_model(base: Path) -> Any:
    return models.run_model(Options(model=str(base), windows=(32, 64, 128), **QLORA), byte_tokenizer(), "cpu", "fp32")


def linear_layers(model: Any) -> dict[str, Any]:
    """The matrices in four bits, without the adapters' wrappers of the same name."""
    return {name: module for name, module in model.named_modules() if type(module) is bitsandbytes.nn.Linear4bit}


def contents(model: Any) -> dict[str, torch.Tensor]:
    return {name: weight.detach().clone() for name, weight in model.named_parameters()}


# Four bits


def test_four_bit_weights_stay_as_they_are_and_only_the_adapter_learns(base: Path, rows: DatasetDict, tmp_path: Path) -> None:
    model, watch = four_bit_model(base), Watch()
    layers, before = linear_layers(model), contents(model)
    assert len(layers) == 2 * 7, "every matrix of both layers"
    for layer in layers.values():
        weight = layer.weight
        assert weight.dtype == torch.uint8 and weight.quant_state.quant_type == "nf4" and weight.quant_state.nested
        assert weight.numel() == layer.in_features * layer.out_features // 2, "two weights a byte"
    trained = {name for name, weight in model.named_parameters() if weight.requires_grad}
    assert trained and all("lora_" in name for name in trained)

    small_trainer(tmp_path, rows, small_plan(rows, steps=12), watch, model=model).train()
    losses = list(watch.losses.values())
    assert sum(losses[-3:]) < sum(losses[:3]) - 0.3
    after = contents(model)
    assert {name for name in after if not torch.equal(after[name], before[name])} == trained
    assert all(layer.weight.dtype == torch.uint8 for layer in linear_layers(model).values())


def test_a_four_bit_run_learns_and_saves_nothing_but_its_adapter_as_safetensors(run: tuple, base: Path) -> None:
    output, metrics = run
    assert metrics["after"]["bits_per_byte"] < metrics["before"]["bits_per_byte"] - 0.1
    for folder in (output / "model", output / "checkpoint-6"):
        saved = load_file(folder / "adapter_model.safetensors")
        assert saved and all("lora_" in name for name in saved) and {weight.dtype for weight in saved.values()} == {torch.float32}
        assert not [path.name for path in folder.rglob("*") if path.name == "model.safetensors" or path.suffix in (".bin", ".pkl")]
    assert json.loads((output / "model" / "adapter_config.json").read_text())["base_model_name_or_path"] == str(base)


def test_a_resumed_four_bit_run_equals_the_uninterrupted_one(run: tuple, dataset: Path, base: Path, tmp_path: Path) -> None:
    train.run(small(dataset, tmp_path, model=str(base), **QLORA))
    for step in (4, 6):
        checkpoints.clear(tmp_path / f"checkpoint-{step}")
    again = train.run(small(dataset, tmp_path, model=str(base), **QLORA))
    assert again["after"] == run[1]["after"]
    mine, theirs = (load_file(folder / "model" / "adapter_model.safetensors") for folder in (tmp_path, run[0]))
    assert mine.keys() == theirs.keys() and all(torch.equal(mine[name], theirs[name]) for name in mine)


def test_a_merged_four_bit_run_is_a_plain_model_with_the_logits_of_base_and_adapter(run: tuple, base: Path, tmp_path: Path) -> None:
    assert generate.main([str(run[0]), "--merge", str(tmp_path / "plain")]) == 0
    assert not list((tmp_path / "plain").glob("adapter*")) and (tmp_path / "plain" / "model.safetensors").is_file()
    plain = AutoModelForCausalLM.from_pretrained(tmp_path / "plain")
    assert not hasattr(plain.config, "quantization_config") and not linear_layers(plain)
    whole = AutoModelForCausalLM.from_pretrained(base)
    four_bits = four_bit_model(base).unload()
    adapter = str(run[0] / "model")
    ids = torch.tensor([byte_tokenizer().encode("let x1 = f2(3);\nlet x")])

    def logits(model: Any) -> torch.Tensor:
        with torch.no_grad():
            return model.eval()(input_ids=ids, use_cache=False).logits

    base_logits, merged = logits(whole), logits(plain)
    assert torch.allclose(merged, logits(PeftModel.from_pretrained(whole, adapter)), atol=1e-5)
    learned = (merged - base_logits).abs().max()
    rounding = (merged - logits(PeftModel.from_pretrained(four_bits, adapter))).abs().max()
    assert learned > 0.1 and rounding < 0.15 * learned, "what four bits round away is small beside what was learned"


# Adam in 8 bits


def wide_model() -> LlamaForCausalLM:
    """8-bit Adam keeps tensors of fewer than 4096 numbers in 32 bits, so this model has larger ones."""
    torch.manual_seed(0)
    shape = {
        "hidden_size": 64,
        "intermediate_size": 192,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "max_position_embeddings": 256,
    }
    return LlamaForCausalLM(LlamaConfig(vocab_size=300, num_hidden_layers=1, **shape))


def adam_run(output: Path, rows: DatasetDict, eight_bits: bool, watch: Watch, resume: str | None = None) -> WeightedTrainer:
    """A training with the optimizer that the recipe takes for ``adam_8bit``."""
    chosen = arguments.training_arguments(Options(output=str(output), adam_8bit=eight_bits), "cpu", "fp32", 20)
    saving = {"optim": chosen.optim, "save_strategy": "steps", "save_steps": 20, "learning_rate": 5e-3}
    trainer = small_trainer(output, rows, small_plan(rows, steps=20), watch, model=wide_model(), **saving)
    trainer.train(resume_from_checkpoint=resume)
    return trainer


def states(trainer: WeightedTrainer) -> dict[str, set[torch.dtype]]:
    """Types of what the optimizer keeps of each weight, as wide as the weight itself."""
    names = {weight: name for name, weight in trainer.model.named_parameters()}
    optimizer = getattr(trainer.optimizer, "optimizer", trainer.optimizer)
    return {
        names[weight]: {value.dtype for value in state.values() if isinstance(value, torch.Tensor) and value.numel() == weight.numel()}
        for weight, state in optimizer.state.items()
    }


def test_8_bit_adam_keeps_bytes_learns_like_32_bits_and_is_not_the_same(rows: DatasetDict, tmp_path: Path) -> None:
    watches = {eight_bits: Watch() for eight_bits in (True, False)}
    trainers = {bits: adam_run(tmp_path / str(bits), rows, bits, watch) for bits, watch in watches.items()}
    narrow, full = states(trainers[True]), states(trainers[False])
    matrices = {name for name, weight in trainers[True].model.named_parameters() if weight.numel() >= 4096 and "embed" not in name}
    assert len(matrices) == 8 and {name for name, kinds in narrow.items() if kinds == {torch.uint8}} == matrices
    assert set.union(*full.values()) == {torch.float32}
    first, last = (list(watches[True].losses.values())[at] for at in (0, -1))
    assert last < 0.5 * first and last == pytest.approx(watches[False].losses[20], rel=0.05)
    assert not torch.equal(weights(trainers[True]), weights(trainers[False]))


def test_a_resumed_run_with_8_bit_adam_equals_the_uninterrupted_one(rows: DatasetDict, tmp_path: Path) -> None:
    whole, rest = Watch(), Watch()
    uninterrupted = adam_run(tmp_path / "whole", rows, True, whole)
    adam_run(tmp_path / "cut", rows, True, Watch(stop_after=7))
    resumed = adam_run(tmp_path / "cut", rows, True, rest, resume="auto")
    assert rest.losses == {step: loss for step, loss in whole.losses.items() if step > 7}
    assert torch.equal(weights(resumed), weights(uninterrupted))


def test_the_recipe_trains_with_8_bit_adam(dataset: Path, tmp_path: Path) -> None:
    found = {bits: train.run(small(dataset, tmp_path / str(bits), adam_8bit=bits, model_config=WIDE, steps=8)) for bits in (True, False)}
    bits = {eight: metrics["after"]["bits_per_byte"] for eight, metrics in found.items()}
    assert bits[True] != bits[False] and bits[True] == pytest.approx(bits[False], rel=0.05)
    assert bits[True] < found[True]["before"]["bits_per_byte"] - 1
