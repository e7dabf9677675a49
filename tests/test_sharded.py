"""FSDP2, on two CPU processes: a divided model learns, resumes, keeps its best and is saved as one undivided model would be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from datasets import DatasetDict
from peft import PeftModel
from transformers import AutoModelForCausalLM

from elite_code_dataset.records import EliteCodeError
from elite_code_dataset.trainer import saved_weights
from recipes import arguments
from tests.training import Watch, code_rows, small_plan, small_trainer, tiny_model, weights
from tests.two_sharded_processes import CUT, STEPS, adapted_model, plain_model, tied_model

ROOT = Path(__file__).resolve().parents[1]
MODELS = {made.__name__: made for made in (plain_model, tied_model, adapted_model)}


@pytest.fixture(scope="module")
def rows() -> DatasetDict:
    return code_rows()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two processes wrote that were launched with the accelerate configuration of FSDP2."""
    folder = tmp_path_factory.mktemp("divided")
    command = [str(Path(sys.executable).parent / "accelerate"), "launch", "--config_file", "accelerate_configs/fsdp2.yaml"]
    command += ["--mixed_precision", "no", "tests/two_sharded_processes.py", str(folder)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ACCELERATE_")}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=250, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.fixture(scope="module")
def ranks(folder: Path) -> list[dict[str, Any]]:
    return [json.loads((folder / f"rank{rank}.json").read_text()) for rank in (0, 1)]


@pytest.mark.parametrize("name", MODELS)
def test_a_divided_model_takes_the_steps_of_the_whole_one(name: str, ranks: list[dict], rows: DatasetDict, tmp_path: Path) -> None:
    plan, watch = small_plan(rows, micro_batches=4, steps=STEPS), Watch()
    alone = small_trainer(tmp_path, rows, plan, watch, model=MODELS[name](), gradient_accumulation_steps=4)
    alone.train()
    bits = alone.evaluate(rows["test"])["eval_bits_per_byte"]
    for rank in (one[name] for one in ranks):
        assert (rank["kind"], rank["processes"]) == ("DistributedType.FSDP", 2) and rank["share"] == pytest.approx(0.5, abs=0.01)
        assert list(rank["losses"].values()) == pytest.approx(list(watch.losses.values()), rel=1e-4)
        assert np.allclose(rank["weights"], weights(alone).numpy(), atol=1e-3)
        assert rank["bits"] == pytest.approx(bits, rel=1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_a_divided_model_resumes_as_if_never_interrupted(name: str, ranks: list[dict]) -> None:
    for rank in (one[name] for one in ranks):
        assert rank["resumed_digest"] == rank["digest"] == ranks[0][name]["digest"]
        assert rank["resumed_losses"] == {step: loss for step, loss in rank["losses"].items() if int(step) > CUT}


@pytest.mark.parametrize("name", MODELS)
def test_a_divided_model_is_saved_whole_and_as_safetensors_alone(name: str, folder: Path, ranks: list[dict], rows: DatasetDict) -> None:
    saved = "adapter_model.safetensors" if name == "adapted_model" else "model.safetensors"
    assert saved in ranks[0][name]["files"] and not [file for file in ranks[0][name]["files"] if file.startswith("pytorch_model")]
    whole = PeftModel.from_pretrained(tiny_model(layers=2), folder / name / "model") if name == "adapted_model" else None
    whole = whole or AutoModelForCausalLM.from_pretrained(folder / name / "model")
    trainer = small_trainer(folder / "again", rows, small_plan(rows), model=whole)
    assert trainer.evaluate(rows["test"])["eval_bits_per_byte"] == pytest.approx(ranks[0][name]["bits"], rel=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_a_divided_model_whose_logits_are_never_whole_takes_the_same_steps(name: str, ranks: list[dict]) -> None:
    for rank in ranks:
        found = rank[f"chunked {name}"]
        assert found["chunked"] and list(found["losses"].values()) == pytest.approx(list(rank[name]["losses"].values()), rel=1e-5)
        assert np.allclose(found["weights"], rank[name]["weights"], atol=1e-4)


def test_a_divided_model_is_sliced_before_step_1_and_its_processes_make_as_many_passes_each(ranks: list[dict]) -> None:
    for rank in ranks:
        assert rank["sliced"]["slices"] == 2
        assert list(rank["sliced"]["losses"].values()) == pytest.approx(list(rank["plain_model"]["losses"].values()), rel=1e-5)
        assert np.allclose(rank["sliced"]["weights"], rank["plain_model"]["weights"], atol=1e-4)


def test_the_best_checkpoint_of_a_divided_model_is_loaded_at_the_end(ranks: list[dict]) -> None:
    for rank in ranks:
        assert len(set(rank["best"]["seen"])) == 3 and rank["best"]["now"] == rank["best"]["seen"][0]


def test_a_folder_without_safetensors_is_no_checkpoint_of_weights(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model_fsdp.bin").write_bytes(b"")
    with pytest.raises(EliteCodeError, match="holds no weights; expected model.safetensors"):
        saved_weights(tmp_path)


def test_dividing_a_model_over_cpus_is_refused_by_the_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments.check_division("cpu")
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    arguments.check_division("cuda")
    with pytest.raises(EliteCodeError, match="accelerate does on GPUs only; on CPUs use accelerate_configs/multi_gpu.yaml"):
        arguments.check_division("cpu")
