"""The recipe: YAML and command line to a trained model, its measurements, and code completed with it."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from accelerate.state import AcceleratorState, PartialState
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from transformers.models.llama.modeling_llama import LlamaMLP
from transformers.utils import is_torch_mps_available

from elite_code_dataset import checkpoints, metadata
from elite_code_dataset.plan import make_plan, plan_rows
from elite_code_dataset.records import EliteCodeError
from elite_code_dataset.tokens import Encoder
from recipes import arguments, generate, memory, models, train
from recipes.options import Options, names, parsed
from recipes.rows import with_dataset
from tests.training import byte_tokenizer, code_rows, saved_dataset, saved_model, tiny_model

ROOT = Path(__file__).resolve().parents[1]
SMALL_MODEL = {
    "model_type": "llama",
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
}


@pytest.fixture(autouse=True)
def environment_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    """The recipe tells accelerate what it decided through these; a test must not tell the next one."""
    for name in ("ACCELERATE_USE_CPU", "ACCELERATE_MIXED_PRECISION"):
        monkeypatch.setenv(name, os.environ.get(name, "true" if name.endswith("CPU") else "no"))


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved_dataset(tmp_path_factory.mktemp("data") / "dataset")


@pytest.fixture(scope="module")
def base_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved_model(tmp_path_factory.mktemp("base") / "model")


def small(dataset: Path, output: Path, **changes: Any) -> Options:
    given: dict[str, Any] = {
        "model_config": SMALL_MODEL,
        "steps": 6,
        "token_budget": 256,
        "learning_rate": 1e-2,
        "warmup": 0.0,
        "device": "cpu",
    }
    return replace(Options(dataset=str(dataset), output=str(output), log_every=2, save_every=2), **{**given, **changes})


@pytest.fixture(scope="module")
def trained(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run from scratch."""
    output = tmp_path_factory.mktemp("trained")
    train.run(small(dataset, output, steps=30))
    return output


# The whole command


def launched(config: str, *words: str, processes: int = 1) -> subprocess.CompletedProcess:
    command = [str(Path(sys.executable).parent / "accelerate"), "launch", "--config_file", f"accelerate_configs/{config}.yaml"]
    command += ["--num_processes", str(processes), "recipes/train.py", *words]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ACCELERATE_")}
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=250, env=environment)


def test_the_launched_recipe_learns_and_writes_model_metrics_and_curves(dataset: Path, tmp_path: Path) -> None:
    shape = json.dumps(SMALL_MODEL)
    words = ["--config", "recipes/tiny.yaml", "--dataset", str(dataset), "--output", str(tmp_path), "--model-config", shape, "--steps=12"]
    done = launched("cpu", *words, "--token_budget", "512")
    assert done.returncode == 0, done.stderr[-2000:]
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["after"]["bits_per_byte"] < metrics["before"]["bits_per_byte"] - 1
    assert {"bits_per_byte_scale_32", "bits_per_byte_scale_128", "bits_per_byte_role_core", "bits_per_byte_kind_code"} < set(
        metrics["after"]
    )
    assert metrics["steps"] == 12 and metrics["options"]["learning_rate"] == 5e-3, "the YAML's number, as a number"
    lines = list(csv.DictReader(open(tmp_path / "loss.csv")))
    assert [int(line["step"]) for line in lines] == [1, 5, 10] and float(lines[-1]["loss"]) < float(lines[0]["loss"])
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")
    assert "step 10/12  stage 2" in done.stdout and "bits per byte on held-out code" in done.stdout
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "model")
    assert model.config.vocab_size == len(AutoTokenizer.from_pretrained(tmp_path / "model")) == len(byte_tokenizer())
    assert not list(tmp_path.rglob("*.bin"))


def test_two_launched_processes_train_one_model_as_one_process_with_twice_the_accumulation(dataset: Path, tmp_path: Path) -> None:
    shape = {"model_config": json.dumps(SMALL_MODEL), "steps": 4, "token_budget": 256, "learning_rate": 1e-2, "warmup": 0, "device": "cpu"}
    words = [word for name, value in shape.items() for word in (f"--{name}", str(value))]
    done = launched("multi_gpu", "--dataset", str(dataset), "--output", str(tmp_path / "two"), *words, processes=2)
    assert done.returncode == 0, done.stderr[-2000:]
    two = json.loads((tmp_path / "two" / "metrics.json").read_text())
    one = train.run(small(dataset, tmp_path / "one", steps=4, gradient_accumulation=2))
    assert two["plan"]["fingerprint"] == one["plan"]["fingerprint"] and two["plan"]["config"]["micro_batches"] == 2
    assert two["after"]["bits_per_byte"] == pytest.approx(one["after"]["bits_per_byte"], rel=1e-4)
    assert done.stdout.count("plan ") == 1, "only the main process speaks"


def test_ctrl_c_ends_with_a_checkpoint_and_the_same_command_goes_on(dataset: Path, tmp_path: Path) -> None:
    words = ["--dataset", str(dataset), "--output", str(tmp_path), "--steps", "400", "--log_every", "1", "--token_budget", "128"]
    words += ["--model_config", json.dumps(SMALL_MODEL), "--device", "cpu", "--save_every", "1000", "--max_copies", "1000"]
    process = subprocess.Popen(
        [sys.executable, "recipes/train.py", *words], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    for line in process.stdout:
        if line.startswith("step 3/"):
            process.send_signal(signal.SIGINT)
            break
    rest, complaint = process.communicate(timeout=120)
    assert process.returncode == 130, complaint[-2000:]
    (saved,) = checkpoints.numbered(tmp_path)
    step = int(saved.name.removeprefix("checkpoint-"))
    assert 3 <= step < 400 and checkpoints.flaw(saved) == "" and f"stopped after step {step}" in rest
    assert "after" not in json.loads((tmp_path / "metrics.json").read_text())
    with pytest.raises(EliteCodeError, match="belongs to another plan"):
        train.run(parsed([*words, "--seed", "1"]))


LINE = re.compile(
    r"step (?P<step>\d+)/6  stage (?P<stage>\d)  loss (?P<loss>[\d.]+)  lr [\d.e-]+  (?P<tokens>[\d,]+) tokens  (?P<copies>[\d.]+) copies"
    r"  \[(?P<mix>.*)\]  [\d.]+ min left"
)


def test_a_line_of_progress_says_stage_loss_tokens_copies_window_mix_and_the_loss_of_each_window(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    train.run(small(dataset, tmp_path, curriculum="none", gradient_accumulation=2))
    printed = [LINE.fullmatch(line) for line in capsys.readouterr().out.splitlines() if line.startswith("step ")]
    logged = list(csv.DictReader(open(tmp_path / "loss.csv")))
    assert len(printed) == len(logged) == 4 and all(printed)
    for line, entry in zip(printed, logged):
        assert (line["step"], line["stage"], line["tokens"].replace(",", "")) == (entry["step"], entry["stage"], entry["tokens"])
        assert float(line["loss"]) == pytest.approx(float(entry["loss"]), abs=1e-4)
        assert float(line["copies"]) == pytest.approx(float(entry["copies"]), rel=0.01)
        windows = [window for window in (32, 64, 128) if entry.get(f"mix_{window}")]
        wanted = [f"{window}: {float(entry[f'mix_{window}']):.0%} {float(entry[f'loss_{window}']):.3f}" for window in windows]
        assert windows and line["mix"] == ", ".join(wanted)


@pytest.mark.parametrize("method", ["full", "lora"])
def test_recomputed_activations_train_the_same_model_with_more_forward_passes(
    method: str, dataset: Path, base_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    plain = LlamaMLP.forward
    monkeypatch.setattr(LlamaMLP, "forward", lambda self, hidden: calls.append(torch.is_grad_enabled()) or plain(self, hidden))
    found, passes = {}, {}
    for thrift in (False, True):
        calls.clear()
        options = small(dataset, tmp_path / str(thrift), model=str(base_model), method=method, steps=3, activation_checkpointing=thrift)
        found[thrift], passes[thrift] = train.run(options)["after"]["bits_per_byte"], sum(calls)
    assert found[True] == pytest.approx(found[False], rel=1e-6)
    assert passes[True] >= passes[False] + 3 * 2, "each of two layers once more in each of three steps"


def test_the_order_is_multiscale_unless_the_dataset_or_the_caller_says_otherwise(dataset: Path) -> None:
    ds = code_rows()
    named = metadata.attach(ds, {"curriculum": "none"})
    assert Options().curriculum == "multiscale" == with_dataset(Options(), ds).curriculum
    assert with_dataset(Options(), named).curriculum == "none"
    assert with_dataset(Options(curriculum="difficulty", given=("curriculum",)), named).curriculum == "difficulty"
    assert with_dataset(Options(), named).windows == (32, 64, 128)


# Resuming, keeping, refusing


def test_running_the_same_command_again_resumes_and_gives_the_same_model(dataset: Path, tmp_path: Path) -> None:
    whole = train.run(small(dataset, tmp_path / "whole"))
    train.run(small(dataset, tmp_path / "again"))
    for step in (4, 6):
        checkpoints.clear(tmp_path / "again" / f"checkpoint-{step}")
    again = train.run(small(dataset, tmp_path / "again"))
    assert again["after"] == whole["after"] and again["before"] == whole["before"]
    with pytest.raises(EliteCodeError, match="--resume auto, --overwrite"):
        train.run(small(dataset, tmp_path / "again", resume="never"))
    assert train.run(small(dataset, tmp_path / "again", resume="never", overwrite=True))["after"] == whole["after"]


def test_evaluations_steer_and_the_best_checkpoint_is_kept(dataset: Path, tmp_path: Path) -> None:
    found = train.run(small(dataset, tmp_path, eval_every=1, patience=1, learning_rate=3.0, steps=20, save_every=1))
    lines = [entry for entry in json.loads((tmp_path / f"checkpoint-{found['steps']}" / "trainer_state.json").read_text())["log_history"]]
    held_out = {entry["step"]: entry["eval_bits_per_byte"] for entry in lines if "eval_bits_per_byte" in entry}
    best = min(held_out, key=held_out.get)
    assert found["steps"] == best + 1 < 20, "far too high a learning rate: stopped after one evaluation without a better one"
    assert f"checkpoint-{best}" in [folder.name for folder in checkpoints.numbered(tmp_path)]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"dataset": None}, "neither --dataset nor --repo"),
        ({"dataset": "/nowhere"}, "no such folder"),
        ({"tokenizer": "/nowhere"}, "no tokenizer at /nowhere"),
        ({"windows": (256,)}, r"no rows of windows \(256,\); it has \[32, 64, 128\]"),
        ({"model_config": None}, "model_config.model_type"),
        ({"model_config": {"model_type": "lama"}}, "lama"),
        ({"model_config": {**SMALL_MODEL, "hiden_size": 3}}, "unknown key 'hiden_size' in model_config of llama; did you mean hidden_size"),
        ({"model_config": {**SMALL_MODEL, "max_position_embeddings": 64}}, "windows reach 128 tokens, the model 64"),
        ({"model_config": {**SMALL_MODEL, "vocab_size": 100}}, "tokenizer has 258 tokens, the model 100"),
        ({"model": "/nowhere"}, "no model at '/nowhere'"),
        ({"method": "qlora"}, "bitsandbytes"),
        ({"adam_8bit": True}, "bitsandbytes"),
        ({"device": "cuda"}, "device is 'cuda', which is not to be had here; found: cpu"),
        ({"training": {"weight_decy": 0.1}}, "unknown argument 'weight_decy'; close to it: weight_decay"),
        ({"report_to": ("tensorbord",)}, "tensorbord"),
        ({"curriculum": "hardest"}, "curriculum"),
    ],
)
def test_what_cannot_work_is_said_in_one_sentence(
    changes: dict, named: str, dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "find_spec", lambda name: None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(EliteCodeError, match=named) as caught:
        train.run(replace(small(dataset, tmp_path), **changes))
    assert "\n" not in str(caught.value)


def test_rows_cut_by_another_tokenizer_than_the_models_are_refused(dataset: Path, base_model: Path, tmp_path: Path) -> None:
    tokenizer = byte_tokenizer()
    vocabulary = json.loads(tokenizer.backend_tokenizer.to_str())
    letters = vocabulary["model"]["vocab"]
    letters["a"], letters["b"] = letters["b"], letters["a"]
    other = tmp_path / "model"
    tiny_model(vocabulary=len(tokenizer)).save_pretrained(str(other))
    tokenizer.save_pretrained(str(other))
    (other / "tokenizer.json").write_text(json.dumps(vocabulary))
    with pytest.raises(EliteCodeError, match="cut by another tokenizer"):
        train.run(small(dataset, tmp_path / "run", model=str(other)))
    train.run(small(dataset, tmp_path / "run", model=str(base_model), steps=1))


@pytest.mark.parametrize("method", ["full", "lora"])
def test_pickled_weights_are_not_read(method: str, dataset: Path, base_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(base_model, folder)
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(EliteCodeError, match="cannot be loaded.*expected safetensors: pickled weights are not read"):
        train.run(small(dataset, tmp_path / "run", model=str(folder), method=method))


def test_the_command_prints_one_line_and_no_traceback(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "argv", ["train.py", "--dataset", str(tmp_path / "none"), "--output", str(tmp_path), "--device", "cpu"])
    assert train.main() == 2
    assert capsys.readouterr().err.startswith("error: no such folder")


# Options


def test_yaml_values_are_defaults_and_the_command_line_overrides_them(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text(
        "learning_rate: 1e-4\nwindows: [256, 512]\npacking: false\nmodel_config: {model_type: llama}\nepochs: 3\nchunked_loss: true\n"
    )
    found = parsed(["--config", str(tmp_path / "run.yaml"), "--epochs", "0.5", "--adam-8bit", "--report_to=none"])
    assert (found.learning_rate, found.windows, found.packing, found.epochs, found.adam_8bit) == (1e-4, (256, 512), False, 0.5, True)
    assert found.model_config == {"model_type": "llama"} and found.chunked_loss == "true" and found.steps is None
    assert set(found.given) == {"learning_rate", "windows", "packing", "model_config", "epochs", "chunked_loss", "adam_8bit", "report_to"}


@pytest.mark.parametrize(
    ("content", "words", "named"),
    [
        ("learning_rat: 1\n", [], "unknown key 'learning_rat'; close to it: learning_rate"),
        ("", ["--token-budge", "5"], "unknown option '--token-budge'; close to it: --token_budget"),
        ("method: lroa\n", [], "method is 'lroa'; expected one of full, lora, qlora"),
        ("epochs: many\n", [], "epochs"),
        ("packing: perhaps\n", [], "packing"),
        ("- a\n", [], "holds a list"),
        ("a: [\n", [], "is not YAML"),
        ("zzz: 1\n", [], "expected one of: activation_checkpointing"),
    ],
)
def test_a_wrong_name_or_value_is_answered_with_the_close_ones(content: str, words: list[str], named: str, tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text(content)
    with pytest.raises(EliteCodeError) as caught:
        parsed(["--config", str(tmp_path / "run.yaml"), *words])
    assert named in str(caught.value)


def test_a_missing_yaml_is_said() -> None:
    with pytest.raises(EliteCodeError, match="no such file: nowhere.yaml"):
        parsed(["--config", "nowhere.yaml"])


QWEN = {
    "Qwen/Qwen2.5-Coder-0.5B": {
        "hidden_size": 896,
        "intermediate_size": 4864,
        "num_hidden_layers": 24,
        "num_attention_heads": 14,
        "num_key_value_heads": 2,
    },
    "Qwen/Qwen2.5-Coder-1.5B": {
        "hidden_size": 1536,
        "intermediate_size": 8960,
        "num_hidden_layers": 28,
        "num_attention_heads": 12,
        "num_key_value_heads": 2,
    },
    "Qwen/Qwen2.5-Coder-7B": {
        "hidden_size": 3584,
        "intermediate_size": 18944,
        "num_hidden_layers": 28,
        "num_attention_heads": 28,
        "num_key_value_heads": 4,
    },
}


def shape_of(name: str) -> memory.Shape:
    """The shapes these models publish, so that no test needs the network."""
    tied = not name.endswith("7B")
    return memory.shape_of(
        AutoConfig.for_model("qwen2", vocab_size=151936, max_position_embeddings=32768, tie_word_embeddings=tied, **QWEN[name])
    )


@pytest.mark.parametrize(
    ("name", "device", "gib"),
    [("laptop_mps", "mps", 12), ("qlora_8gb", "cuda", 8), ("lora_24gb", "cuda", 24), ("full_80gb", "cuda", 80), ("multi_gpu", "cuda", 40)],
)
def test_a_yaml_reads_and_its_run_fits_the_memory_it_names(name: str, device: str, gib: int) -> None:
    found = parsed(["--config", str(ROOT / "recipes" / f"{name}.yaml")])
    assert found.device == device and found.output == f"runs/{name}"
    setup = memory.Setup(
        found.method,
        found.adam_8bit,
        max(found.windows),
        found.token_budget,
        found.activation_checkpointing,
        found.chunked_loss == "true",
        found.lora_rank,
    )
    needed = sum(memory.bytes_needed(shape_of(found.model), setup, device).values())
    assert needed < memory.SLACK * gib * memory.GIB, memory.gib(needed)


@pytest.mark.parametrize("name", ["laptop_mps", "qlora_8gb", "lora_24gb", "full_80gb", "multi_gpu"])
def test_the_options_of_a_yaml_train_a_small_model_together(name: str, dataset: Path, base_model: Path, tmp_path: Path) -> None:
    words = ["--model", str(base_model), "--dataset", str(dataset), "--output", str(tmp_path), "--device", "cpu", "--steps", "4"]
    words += ["--windows", "32,64,128", "--token_budget", "256", "--gradient_accumulation", "1", "--workers", "0", "--eval_every", "2"]
    options = parsed(["--config", str(ROOT / "recipes" / f"{name}.yaml"), *words, "--learning_rate", "1e-2"])
    assert options.activation_checkpointing and options.chunked_loss == "true" and options.patience == 5
    found = train.run(options)
    assert found["steps"] == 4 and found["after"]["bits_per_byte"] < found["before"]["bits_per_byte"] - 0.05
    adapter = (tmp_path / "model" / "adapter_model.safetensors").exists()
    assert adapter == (options.method != "full") != (tmp_path / "model" / "model.safetensors").exists()


def test_every_yaml_names_only_options_and_there_is_one_per_machine() -> None:
    found = sorted(path.stem for path in (ROOT / "recipes").glob("*.yaml"))
    assert {"tiny", "laptop_mps", "qlora_8gb", "lora_24gb", "full_80gb", "multi_gpu"} <= set(found)
    for name in ("tiny", "laptop_mps", "qlora_8gb", "lora_24gb", "full_80gb", "multi_gpu"):
        assert set(yaml.safe_load((ROOT / "recipes" / f"{name}.yaml").read_text())) <= set(names())


# Memory


WINDOWS = (256, 512, 1024, 2048, 4096)


def test_sums_of_memory_know_what_a_weight_costs() -> None:
    shape = shape_of("Qwen/Qwen2.5-Coder-1.5B")
    assert shape.weights == pytest.approx(1.54e9, rel=0.01) and shape.embeddings == pytest.approx(0.233e9, rel=0.01)

    def weight_bytes(method: str, adam_8bit: bool) -> float:
        needed = memory.bytes_needed(shape, memory.Setup(method, adam_8bit, 256, 256, True, True), "cuda")
        return (needed["weights"] + needed["gradients"] + needed["optimizer"]) / shape.weights

    assert weight_bytes("full", False) == pytest.approx(18, abs=0.1), "16 and autocast's copies"
    assert weight_bytes("full", True) == pytest.approx(12, abs=0.1)
    assert 2 < weight_bytes("lora", False) < 2.5
    assert 0.55 < weight_bytes("qlora", True) < 1.2


@pytest.mark.parametrize(
    ("model", "device", "gib", "method", "adam_8bit"),
    [
        ("0.5B", "cpu", 16, "full", False),
        ("0.5B", "cuda", 8, "lora", False),
        ("0.5B", "cuda", 12, "full", True),
        ("0.5B", "cuda", 16, "full", False),
        ("1.5B", "mps", 16, "lora", False),
        ("1.5B", "cuda", 16, "lora", False),
        ("1.5B", "cuda", 24, "full", True),
        ("1.5B", "cuda", 80, "full", False),
        ("7B", "cuda", 12, "qlora", True),
        ("7B", "cuda", 24, "lora", False),
    ],
)
def test_auto_chooses_the_fullest_training_that_fits_and_says_why(model: str, device: str, gib: int, method: str, adam_8bit: bool) -> None:
    shape = shape_of(f"Qwen/Qwen2.5-Coder-{model}")
    choice = memory.chosen(shape, gib * memory.GIB, device, WINDOWS, quantised=device == "cuda")
    assert (choice.setup.method, choice.setup.adam_8bit, choice.setup.window) == (method, adam_8bit, 4096)
    assert choice.total < memory.SLACK * gib * memory.GIB
    text = "\n".join(memory.explained(choice, gib * memory.GIB, device))
    assert f"{gib}.0 GiB of {device} memory" in text and f"taken: {method}" in text and "weights" in text
    assert ("too large: full" in text) == ((method, adam_8bit, choice.setup.checkpointing) != ("full", False, False))
    larger = memory.chosen(shape, 2 * gib * memory.GIB, device, WINDOWS, quantised=device == "cuda")
    assert ["qlora", "lora", "full"].index(larger.setup.method) >= ["qlora", "lora", "full"].index(method)


def test_auto_narrows_windows_before_it_gives_up_and_then_says_what_is_missing() -> None:
    shape = shape_of("Qwen/Qwen2.5-Coder-7B")
    assert memory.chosen(shape, 10 * memory.GIB, "cuda", WINDOWS).setup.window < 4096
    with pytest.raises(EliteCodeError, match="does not fit into 4.0 GiB of cuda memory: the thriftiest way needs"):
        memory.chosen(shape, 4 * memory.GIB, "cuda", WINDOWS)


def test_auto_fills_in_what_was_not_given(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    options = replace(small(dataset, tmp_path, steps=2, gradient_accumulation=1), auto=True, memory=16.0, given=("gradient_accumulation",))
    metrics = train.run(options)
    assert metrics["options"]["token_budget"] > 256 and metrics["options"]["gradient_accumulation"] == 1
    assert metrics["options"]["windows"] == (32, 64, 128)
    assert "auto: taken: full" in capsys.readouterr().out


# Devices


def test_an_apple_gpu_is_found_and_trained_on_in_full_precision(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.backends.mps, "is_built", lambda: True)
    monkeypatch.setattr(torch.backends.mps, "is_macos_or_newer", lambda *version: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setenv("ACCELERATE_USE_CPU", "false")
    assert arguments.device_of("auto") == arguments.device_of("mps") == "mps"
    assert arguments.precision_of("auto", "mps") == "fp32"
    try:
        AcceleratorState._reset_state(reset_partial_state=True)
        is_torch_mps_available.cache_clear()
        found = arguments.training_arguments(Options(output=str(tmp_path), device="mps"), "mps", "fp32", 10)
        assert found.device.type == "mps" and not found.fp16 and not found.bf16 and not found.dataloader_pin_memory
        monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
        assert arguments.device_of("auto") == "cpu", "a launcher told to use the CPU is obeyed"
        with pytest.raises(EliteCodeError, match="the accelerate config says use_cpu"):
            arguments.device_of("mps")
    finally:
        is_torch_mps_available.cache_clear()
        AcceleratorState._reset_state(reset_partial_state=True)
        PartialState(cpu=True)


def test_processes_that_would_each_train_alone_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    arguments.check_world(2)
    with pytest.raises(EliteCodeError, match="started 2 processes but each sees 1"):
        arguments.check_world(1)


@pytest.mark.parametrize(
    ("schedule", "floor", "ends", "middle"),
    [("cosine", 0.1, 0.1, 0.55), ("cosine", 0.4, 0.4, 0.7), ("wsd", 0.1, 0.1, 1.0), ("wsd", 0.4, 0.4, 1.0), ("constant", 0.1, 1.0, 1.0)],
)
def test_the_learning_rate_rises_takes_its_course_and_ends_at_its_floor(
    schedule: str, floor: float, ends: float, middle: float, dataset: Path, tmp_path: Path
) -> None:
    train.run(small(dataset, tmp_path, schedule=schedule, floor=floor, steps=20, log_every=1, warmup=0.2, learning_rate=1e-3))
    rates = [1000 * float(line["learning_rate"]) for line in csv.DictReader(open(tmp_path / "loss.csv"))]
    assert rates[0] < 0.5 and max(rates) == rates[4] == pytest.approx(1.0), "four steps of rising, from zero or from the floor"
    assert rates[12] == pytest.approx(middle, abs=0.01), "half way between the peak and the end"
    assert 0.99 * ends <= rates[-1] <= ends + 0.2 * (1 - ends)
    assert (np.diff(rates[4:]) <= 1e-9).all() and min(rates[4:]) >= 0.99 * ends


def test_more_effective_epochs_than_help_are_warned_about(dataset: Path) -> None:
    rows = code_rows()
    train_rows = rows["train"]
    for name, value in (("commit", "c"), ("technique", "original"), ("start_byte", 0), ("end_byte", 100)):
        train_rows = train_rows.add_column(name, [value] * len(train_rows))
    run_rows = type("Rows", (), {"train": train_rows})()

    def lines(epochs: float) -> str:
        plan = make_plan(plan_rows(train_rows), train.plan_config(Options(epochs=epochs, token_budget=256, max_copies=1e9), 1))
        return "\n".join(train.exposure_lines(run_rows, plan))

    assert "warning: over 16 effective epochs" in lines(8.0)
    assert "warning" not in lines(1.0) and "each source token is shown" in lines(1.0)


# Adapters


def test_an_adapter_trains_resumes_exactly_merges_and_generates(dataset: Path, base_model: Path, tmp_path: Path) -> None:
    options = {"model": str(base_model), "method": "lora", "lora_rank": 4, "chunked_loss": "true"}
    whole = train.run(small(dataset, tmp_path / "whole", **options))
    assert whole["after"]["bits_per_byte"] < whole["before"]["bits_per_byte"]
    files = {path.name for path in (tmp_path / "whole" / "model").iterdir()}
    assert "adapter_model.safetensors" in files and "model.safetensors" not in files
    train.run(small(dataset, tmp_path / "cut", **options))
    for step in (4, 6):
        checkpoints.clear(tmp_path / "cut" / f"checkpoint-{step}")
    assert train.run(small(dataset, tmp_path / "cut", **options))["after"] == whole["after"]

    assert generate.main([str(tmp_path / "whole"), "--merge", str(tmp_path / "plain")]) == 0
    plain = AutoModelForCausalLM.from_pretrained(tmp_path / "plain")
    base = AutoModelForCausalLM.from_pretrained(base_model)
    beside, _ = models.load_trained(tmp_path / "whole", merge=False)
    ids = torch.tensor([byte_tokenizer().encode("let x1 = f2(")])
    with torch.no_grad():
        adapted = beside.eval()(input_ids=ids).logits
        assert torch.allclose(plain(input_ids=ids).logits, adapted, atol=1e-5)
        assert not torch.allclose(base(input_ids=ids).logits, adapted, atol=1e-3)


# Completing


def test_a_completion_is_the_most_likely_continuation_of_the_lines_before(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    source = "let x0 = f0(0);\nlet x1 = f1(1);\nwrong\nlet x9 = f9(9);\n"
    (tmp_path / "lib.rs").write_text(source)
    assert generate.main([str(trained), "--at", f"{tmp_path / 'lib.rs'}:3", "--tokens", "12", "--device", "cpu"]) == 0
    printed = capsys.readouterr().out
    model, tokenizer = models.load_trained(trained)
    ids = Encoder.of(tokenizer, "").ids("let x0 = f0(0);\nlet x1 = f1(1);\n")
    start = len(ids)
    for _ in range(12):
        ids.append(int(model(input_ids=torch.tensor([ids])).logits[0, -1].argmax()))
    assert printed == tokenizer.decode(ids[start:], skip_special_tokens=True) + "\n"
    assert generate.main([str(trained), "--at", f"{tmp_path / 'lib.rs'}:3", "--fill", "--device", "cpu"]) == 2
    assert "no fill-in-the-middle tokens" in capsys.readouterr().err


def test_filling_in_puts_both_sides_into_the_tokenizers_own_order_and_text_stays_text() -> None:
    tokenizer = byte_tokenizer()
    tokenizer.add_special_tokens({"additional_special_tokens": ["<fim_prefix>", "<fim_suffix>", "<fim_middle>"]})
    prefix, suffix, middle = (tokenizer.convert_tokens_to_ids(f"<fim_{name}>") for name in ("prefix", "suffix", "middle"))
    letters = {letter: tokenizer.convert_tokens_to_ids(letter) for letter in "abcdefgh"}
    assert generate.prompt_ids(tokenizer, "ab", "cd", 100) == [
        prefix,
        letters["a"],
        letters["b"],
        suffix,
        letters["c"],
        letters["d"],
        middle,
    ]
    cut = generate.prompt_ids(tokenizer, "abcdefgh" * 20, "abcdefgh" * 20, 33)
    assert len(cut) == 33 and cut[cut.index(suffix) - 1] == letters["h"] and cut[cut.index(suffix) + 1] == letters["a"]
    assert middle not in generate.prompt_ids(tokenizer, "<fim_middle>", "", 100)
    assert generate.prompt_ids(tokenizer, "", "", 100) == [tokenizer.eos_token_id]


@pytest.mark.parametrize(
    ("place", "named"), [("lib.rs", "expected path:line"), ("none.rs:1", "cannot read none.rs"), ("lib.rs:9", "past its end")]
)
def test_a_place_that_is_none_is_said(place: str, named: str, tmp_path: Path) -> None:
    (tmp_path / "lib.rs").write_text("a\nb\n")
    with pytest.raises(EliteCodeError, match=named):
        generate.place(place, str(tmp_path))


def test_a_place_gives_what_stands_before_and_after_the_line(tmp_path: Path) -> None:
    (tmp_path / "lib.rs").write_text("one\ntwo\nthree\n")
    assert generate.place("lib.rs:2", str(tmp_path)) == ("one\n", "three\n")
    assert generate.place("lib.rs:4", str(tmp_path)) == ("one\ntwo\nthree\n", "")


def test_a_folder_without_a_model_is_said(tmp_path: Path) -> None:
    with pytest.raises(EliteCodeError, match="no trained model at"):
        models.load_trained(tmp_path)


def test_sampling_follows_its_seed(trained: Path) -> None:
    model, tokenizer = models.load_trained(trained)
    texts = [generate.completion(model, tokenizer, "let x", tokens=16, temperature=2.0, seed=seed) for seed in (0, 0, 1)]
    assert texts[0] == texts[1] != texts[2]
    assert np.unique(list(texts[0])).size > 3
