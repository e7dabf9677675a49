"""The trainer: exact runs, whole gradients, packed rows apart, checkpoints that can be trusted, scores that add up."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from datasets import Dataset, DatasetDict
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import GraniteConfig, GraniteForCausalLM, TrainerCallback

from elite_code_dataset import checkpoints, scoring
from elite_code_dataset.batches import IGNORED, BinRows, batch_arrays
from elite_code_dataset.records import EliteCodeError
from elite_code_dataset.trainer import (
    Plan,
    PlanConfig,
    WeightedTrainer,
    chunk_the_loss,
    keeps_rows_apart,
    make_plan,
    plan_rows,
    summed_nats,
    token_nats,
)
from tests.training import (
    Watch,
    byte_tokenizer,
    code_rows,
    contents_of,
    small_plan,
    small_trainer,
    tiny_model,
    weights,
)

ROOT = Path(__file__).resolve().parents[1]
SAVING = {"save_strategy": "steps", "save_steps": 2}


@pytest.fixture(scope="module")
def rows() -> DatasetDict:
    return code_rows()


@pytest.fixture(scope="module")
def plan(rows: DatasetDict) -> Plan:
    return small_plan(rows)


@pytest.fixture(scope="module")
def uninterrupted(rows: DatasetDict, plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> tuple[WeightedTrainer, Watch]:
    """The run that every resumed run must equal, with a checkpoint every two steps."""
    watch = Watch()
    trainer = small_trainer(tmp_path_factory.mktemp("run"), rows, plan, watch, **SAVING)
    trainer.train()
    return trainer, watch


def inputs_of(rows: Dataset, numbers: list[list[int]]) -> dict[str, torch.Tensor]:
    """Arrays of one micro-batch whose bins hold these rows."""
    bins = BinRows(rows).__getitems__([(0, np.array(members)) for members in numbers])
    return {name: torch.from_numpy(array) for name, array in batch_arrays(bins).items()}


# Exactness


def test_a_run_takes_exactly_the_steps_of_its_plan_and_sees_exactly_its_rows(uninterrupted: tuple, rows: DatasetDict, plan: Plan) -> None:
    trainer, watch = uninterrupted
    assert trainer.state.global_step == trainer.state.max_steps == plan.steps == 8 == len(watch.losses)
    for step in range(plan.steps):
        assert sorted(trainer.seen[step]) == sorted(contents_of(rows["train"], plan.step_rows(step)))
    last = trainer.state.log_history[-2]["learning_rate"]
    assert last == pytest.approx(1e-3, rel=0.4), "the schedule ended at its floor, so it knew the number of steps"


@pytest.mark.parametrize(("cut", "workers"), [(1, 0), (4, 2), (7, 0)])
def test_a_resumed_run_equals_the_uninterrupted_one(
    cut: int, workers: int, uninterrupted: tuple, rows: DatasetDict, plan: Plan, tmp_path: Path
) -> None:
    small_trainer(tmp_path, rows, plan, Watch(cut), **SAVING, dataloader_num_workers=workers).train()
    watch = Watch()
    trainer = small_trainer(tmp_path, rows, plan, watch, **SAVING, dataloader_num_workers=workers)
    trainer.train(resume_from_checkpoint="auto")
    whole, whole_watch = uninterrupted
    assert min(trainer.seen) == cut and trainer.seen == {step: seen for step, seen in whole.seen.items() if step >= cut}
    assert watch.losses == {step: loss for step, loss in whole_watch.losses.items() if step > cut}
    assert torch.equal(weights(trainer), weights(whole))


@pytest.fixture(scope="module")
def two_processes(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("two")
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc_per_node",
        "2",
        "tests/two_processes.py",
        str(folder),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads((folder / f"rank{rank}.json").read_text()) for rank in (0, 1)]


def test_two_processes_share_the_steps_that_one_takes_alone(two_processes: list[dict], rows: DatasetDict, tmp_path: Path) -> None:
    assert [rank["processes"] for rank in two_processes] == [2, 2], "really one training of two processes"
    plan, watch = small_plan(rows, micro_batches=4, steps=6), Watch()
    alone = small_trainer(tmp_path, rows, plan, watch, gradient_accumulation_steps=4)
    alone.train()
    for step in range(6):
        first, second = (rank["whole"]["seen"][str(step)] for rank in two_processes)
        assert first and second, "both ranks have work"
        assert sorted(first + second) == sorted(alone.seen[step]) == sorted(contents_of(rows["train"], plan.step_rows(step)))
    assert list(two_processes[0]["whole"]["losses"].values()) == pytest.approx(list(watch.losses.values()), rel=1e-5)
    assert np.allclose(two_processes[0]["whole"]["weights"], weights(alone).numpy(), atol=1e-4)
    assert two_processes[0]["whole"]["digest"] == two_processes[1]["whole"]["digest"]


@pytest.mark.parametrize("cut", [2, 5])
def test_two_processes_resume_as_if_never_interrupted(cut: int, two_processes: list[dict]) -> None:
    for rank in two_processes:
        assert rank[f"cut{cut}"]["digest"] == rank["whole"]["digest"]
        assert rank[f"cut{cut}"]["losses"] == {step: loss for step, loss in rank["whole"]["losses"].items() if int(step) > cut}
        assert rank[f"cut{cut}"]["seen"] == {step: seen for step, seen in rank["whole"]["seen"].items() if int(step) >= cut}


def test_two_processes_slice_stop_refuse_and_score_together(two_processes: list[dict], rows: DatasetDict, tmp_path: Path) -> None:
    for rank in two_processes:
        assert np.allclose(rank["sliced"]["weights"], rank["whole"]["weights"], atol=1e-4), "slices give the gradients of the whole"
        assert rank["note"] == {"step": 3, "interrupted": True}, "a signal to one process stops both, after the same step"
        assert "no such folder" in rank["refused"], "the reason reaches every process"
    alone = small_trainer(tmp_path, rows, small_plan(rows)).evaluate(rows["test"])["eval_bits_per_byte"]
    assert [rank["before"] for rank in two_processes] == pytest.approx([alone, alone], rel=1e-6)


def test_a_model_divided_over_two_processes_has_the_chunked_loss_of_the_plain_one(two_processes: list[dict]) -> None:
    for rank in two_processes:
        plain, chunked = rank["sharded"]["plain"], rank["sharded"]["chunked"]
        assert chunked == pytest.approx(plain, rel=1e-5) and plain[1] < plain[0], "the second step follows the gradients of the first"


# What is learned from


def test_context_padding_and_first_tokens_are_not_trained_on(rows: DatasetDict) -> None:
    train = (
        rows["train"]
        .select(range(9))
        .map(lambda row, number: {"context_tokens": row["context_tokens"] if number % 3 else 0}, with_indices=True)
    )
    inputs = inputs_of(train, [[0, 1, 2], [3], [4, 5]])
    model = tiny_model()
    packed = float(
        summed_nats(model(input_ids=inputs["input_ids"], position_ids=inputs["position_ids"], use_cache=False).logits, inputs["labels"])
    )
    separate = 0.0
    for number in range(6):
        ids, context = train[number]["input_ids"], train[number]["context_tokens"]
        logits = model(input_ids=torch.tensor([ids]), use_cache=False).logits[0].float()
        separate -= sum(float(logits[place - 1].log_softmax(-1)[ids[place]]) for place in range(max(context, 1), len(ids)))
    assert packed == pytest.approx(separate, rel=1e-5)
    assert int((inputs["labels"] != IGNORED).sum()) == sum(train[n]["n_tokens"] - max(1, train[n]["context_tokens"]) for n in range(6))


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("training", [True, False])
def test_packed_rows_give_the_logits_of_separate_rows(attention: str, training: bool, rows: DatasetDict) -> None:
    model = tiny_model(layers=2, attn_implementation=attention).train(training)
    inputs = inputs_of(rows["train"], [[0, 3, 6], [1, 4]])
    packed = model(input_ids=inputs["input_ids"], position_ids=inputs["position_ids"], use_cache=False).logits
    leaking = model(
        input_ids=inputs["input_ids"],
        position_ids=inputs["position_ids"],
        use_cache=False,
        attention_mask=torch.ones_like(inputs["input_ids"]),
    ).logits
    worst, worst_leak = 0.0, 0.0
    for line, members in enumerate([[0, 3, 6], [1, 4]]):
        start = 0
        for number in members:
            ids = rows["train"][number]["input_ids"]
            alone = model(input_ids=torch.tensor([ids]), use_cache=False).logits[0]
            worst = max(worst, float((packed[line, start : start + len(ids)] - alone).abs().max()))
            worst_leak = max(worst_leak, float((leaking[line, start : start + len(ids)] - alone).abs().max()))
            start += len(ids)
    assert worst < 1e-5 < 1e-3 < worst_leak


def test_a_model_that_lets_packed_rows_see_each_other_is_refused_before_the_first_step(
    rows: DatasetDict, plan: Plan, tmp_path: Path
) -> None:
    model = tiny_model()
    plain = model.forward
    model.forward = lambda **inputs: plain(**inputs, attention_mask=torch.ones_like(inputs["input_ids"]))
    assert keeps_rows_apart(tiny_model(), "cpu", 32) and not keeps_rows_apart(model, "cpu", 32)
    trainer = small_trainer(tmp_path, rows, plan, model=model)
    before = weights(trainer).clone()
    with pytest.raises(EliteCodeError, match="packing: false"):
        trainer.train()
    assert torch.equal(weights(trainer), before)
    unpacked = small_plan(rows, packing=False)
    small_trainer(tmp_path, rows, unpacked, model=model).train()


def test_the_chunked_loss_and_its_gradients_are_those_of_the_plain_one(rows: DatasetDict) -> None:
    inputs = inputs_of(rows["train"], [[0, 3], [1], [2]])
    arguments = {"input_ids": inputs["input_ids"], "position_ids": inputs["position_ids"], "use_cache": False}
    plain, chunked = tiny_model(layers=2), tiny_model(layers=2)
    assert chunk_the_loss(chunked)
    loss = summed_nats(plain(**arguments).logits, inputs["labels"])
    loss.backward()
    outputs = chunked(**arguments, labels=inputs["labels"])
    outputs.loss.backward()
    assert outputs.logits is None, "no logits of the whole batch exist"
    assert float(outputs.loss) == pytest.approx(float(loss), rel=1e-5)
    for mine, theirs in zip(chunked.parameters(), plain.parameters()):
        assert torch.allclose(mine.grad, theirs.grad, atol=1e-4)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert float(chunked(**arguments, labels=inputs["labels"]).loss) == pytest.approx(float(loss), rel=0.01)


def test_a_model_whose_logits_are_scaled_keeps_its_plain_loss() -> None:
    shape = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2, "num_key_value_heads": 2, "num_hidden_layers": 1}
    for scaling, possible in ((8.0, False), (1.0, True)):
        for verified in (True, False):
            assert chunk_the_loss(GraniteForCausalLM(GraniteConfig(vocab_size=64, logits_scaling=scaling, **shape)), verified) == possible


def test_a_run_with_chunked_loss_equals_one_without(uninterrupted: tuple, rows: DatasetDict, plan: Plan, tmp_path: Path) -> None:
    watch = Watch()
    trainer = small_trainer(tmp_path, rows, plan, watch, chunked_loss=True)
    trainer.train()
    assert trainer.chunked_loss
    assert list(watch.losses.values()) == pytest.approx(list(uninterrupted[1].losses.values()), rel=1e-4)


# Memory


class SmallMemory:
    """A model that runs out of memory on more than ``most`` cells (bins x width), as a GPU would."""

    def __init__(self, most: int) -> None:
        self.most, self.cells = most, []
        self.model = tiny_model()
        plain = self.model.forward

        def forward(**inputs: Any) -> Any:
            if self.model.training:
                self.cells.append(inputs["input_ids"].numel())
                if self.cells[-1] > most:
                    raise torch.OutOfMemoryError("CUDA out of memory")
            return plain(**inputs)

        self.model.forward = forward


def test_a_micro_batch_that_does_not_fit_is_sliced_before_step_1_and_the_gradients_stay_whole(
    uninterrupted: tuple, rows: DatasetDict, plan: Plan, tmp_path: Path
) -> None:
    small = SmallMemory(most=130)
    watch = Watch()
    trainer = small_trainer(tmp_path, rows, plan, watch, model=small.model)
    trainer.train()
    assert max(plan.widths() * plan.bins_per_batch()) > 130 and trainer.slices == 2
    assert [place for place, cells in enumerate(small.cells) if cells > 130] == [0], (
        "the widest was tried once, and nothing was too large after it"
    )
    assert list(watch.losses.values()) == pytest.approx(list(uninterrupted[1].losses.values()), rel=1e-5)
    assert torch.allclose(weights(trainer), weights(uninterrupted[0]), atol=1e-4)


def test_a_window_that_does_not_fit_at_all_is_said_before_step_1(rows: DatasetDict, plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(EliteCodeError, match="does not fit into the memory of cpu.*narrower windows"):
        small_trainer(tmp_path, rows, plan, model=SmallMemory(most=0).model).train()


def test_the_probe_leaves_no_trace_in_weights_gradients_or_random_numbers(rows: DatasetDict, plan: Plan, tmp_path: Path) -> None:
    def trained(slices: int) -> torch.Tensor:
        trainer = small_trainer(tmp_path, rows, plan, model=tiny_model(attention_dropout=0.5))
        trainer.slices = slices
        trainer.train()
        return weights(trainer)

    assert torch.equal(trained(slices=0), trained(slices=1)), "0 slices means: probe first"


# Stopping


def test_a_loss_that_is_not_finite_stops_with_the_rows_of_the_batch_and_untouched_weights(
    rows: DatasetDict, plan: Plan, tmp_path: Path
) -> None:
    model, poisoned = tiny_model(), 3
    plain, calls = model.forward, []

    def forward(**inputs: Any) -> Any:
        outputs = plain(**inputs)
        calls.append(0)
        if model.training and trainer.state.global_step == poisoned and trainer.slices:
            outputs.logits = outputs.logits * float("nan")
        return outputs

    model.forward = forward
    trainer = small_trainer(tmp_path, rows, plan, model=model)
    snapshots = []
    trainer.add_callback(
        type("Snap", (TrainerCallback,), {"on_step_end": lambda self, *a, **k: snapshots.append(weights(trainer).clone())})()
    )
    with pytest.raises(EliteCodeError) as caught:
        trainer.train()
    assert f"step {poisoned + 1}" in str(caught.value) and "nan" in str(caught.value)
    for name in rows["train"].select(plan.step_rows(poisoned))["id"]:
        assert name in str(caught.value)
    assert len(snapshots) == poisoned and torch.equal(snapshots[-1], weights(trainer))


class Interrupt(TrainerCallback):
    """Ctrl-C in the middle of a step."""

    def __init__(self, step: int, number: int) -> None:
        self.step, self.number = step, number

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step == self.step:
            os.kill(os.getpid(), self.number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_saves_and_the_run_goes_on_from_there(
    number: int, uninterrupted: tuple, rows: DatasetDict, plan: Plan, tmp_path: Path
) -> None:
    before = signal.getsignal(number)
    trainer = small_trainer(tmp_path, rows, plan)
    trainer.add_callback(Interrupt(4, number))
    trainer.train()
    assert trainer.interrupted and trainer.state.global_step == 5
    assert checkpoints.flaw(tmp_path / "checkpoint-5") == ""
    assert signal.getsignal(number) is before
    again = small_trainer(tmp_path, rows, plan)
    again.train(resume_from_checkpoint="auto")
    assert not again.interrupted and torch.equal(weights(again), weights(uninterrupted[0]))


def test_training_stops_when_evaluation_no_longer_improves_and_the_best_checkpoint_is_kept_and_loaded(
    rows: DatasetDict, plan: Plan, tmp_path: Path
) -> None:
    scores = iter([5.0, 4.0, 4.5, 4.6, 4.7, 4.8])
    every = {"eval_strategy": "steps", "eval_steps": 1, "save_strategy": "steps", "save_steps": 1, "save_total_limit": 1}
    best = {"load_best_model_at_end": True, "metric_for_best_model": "bits_per_byte", "greater_is_better": False}
    trainer = small_trainer(tmp_path, rows, plan, patience=2, **every, **best)
    snapshots = {}
    trainer.scores = lambda ds: snapshots.update({trainer.state.global_step: weights(trainer).clone()}) or scored(next(scores), len(ds))
    trainer.train()
    assert trainer.state.global_step == 4, "two evaluations after the best, which was the second"
    assert [folder.name for folder in checkpoints.numbered(tmp_path)] == ["checkpoint-2", "checkpoint-4"], "the best and the newest"
    assert torch.equal(weights(trainer), snapshots[2])


def scored(bits: float, count: int) -> scoring.RowScores:
    return scoring.RowScores(np.full(count, bits * math.log(2)), np.ones(count, dtype=int), np.ones(count, dtype=int))


# Checkpoints


def test_a_checkpoint_holds_no_pickled_weights_and_a_digest_of_every_file(uninterrupted: tuple) -> None:
    folder = Path(uninterrupted[0].args.output_dir) / "checkpoint-8"
    files = {path.name for path in folder.iterdir()}
    assert "model.safetensors" in files and not {"pytorch_model.bin", "training_args.bin"} & files
    manifest = json.loads((folder / "manifest.json").read_text())
    assert set(manifest["files"]) == files - {"manifest.json"}
    assert json.loads((folder / "plan.json").read_text())["fingerprint"] == manifest["fingerprint"] == uninterrupted[0].plan.fingerprint
    assert checkpoints.flaw(folder) == ""


def flip(path: Path, place: int = -9) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(bytes(content))


DAMAGE = {
    "a flipped bit in the weights": (lambda folder: flip(folder / "model.safetensors"), "have changed"),
    "a flipped bit in the optimizer": (lambda folder: flip(folder / "optimizer.pt"), "have changed"),
    "a flipped bit in the manifest": (lambda folder: flip(folder / "manifest.json", 0), "cannot be read"),
    "a lost file": (lambda folder: (folder / "scheduler.pt").unlink(), "is missing"),
    "a cut file": (lambda folder: os.truncate(folder / "model.safetensors", 100), "has 100 bytes"),
    "an unfinished save": (lambda folder: (folder / "manifest.json").unlink(), "not finished"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_checkpoint_is_refused_and_the_one_before_it_taken(kind: str, uninterrupted: tuple, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(uninterrupted[0].args.output_dir, run)
    damage, reason = DAMAGE[kind]
    damage(run / "checkpoint-8")
    taken, refused = checkpoints.last_intact(run)
    assert taken == run / "checkpoint-6"
    assert [one.folder.name for one in refused] == ["checkpoint-8"] and reason in refused[0].reason
    with pytest.raises(EliteCodeError, match="--resume auto"):
        checkpoints.check_usable(run / "checkpoint-8", uninterrupted[0].plan.fingerprint)


def test_resuming_past_a_flipped_bit_says_so_and_ends_as_the_uninterrupted_run(
    uninterrupted: tuple, rows: DatasetDict, plan: Plan, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    run = tmp_path / "run"
    shutil.copytree(uninterrupted[0].args.output_dir, run)
    shutil.rmtree(run / "checkpoint-8")
    flip(run / "checkpoint-6" / "model.safetensors")
    trainer = small_trainer(run, rows, plan, **SAVING)
    trainer.train(resume_from_checkpoint="auto")
    assert "skipping" in capsys.readouterr().out and min(trainer.seen) == 4
    assert torch.equal(weights(trainer), weights(uninterrupted[0]))


KILLED = """
import os, signal, sys
from pathlib import Path
from elite_code_dataset import checkpoints
from tests.training import code_rows, small_plan, small_trainer
real, calls = os.fsync, []
def fsync(number):
    calls.append(number)
    if any("checkpoint-4" in str(path) for path in Path(sys.argv[1]).iterdir()) and len(calls) > int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    return real(number)
os.fsync = fsync
rows = code_rows()
small_trainer(Path(sys.argv[1]), rows, small_plan(rows), save_strategy="steps", save_steps=2).train()
"""


def test_a_training_killed_while_it_saves_resumes_from_the_checkpoint_before(
    uninterrupted: tuple, rows: DatasetDict, plan: Plan, tmp_path: Path
) -> None:
    files = len(list((Path(uninterrupted[0].args.output_dir) / "checkpoint-2").iterdir()))
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), str(files + 4)], cwd=ROOT, capture_output=True, text=True, timeout=200
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr[-2000:]
    half = tmp_path / "checkpoint-4"
    assert (half / "model.safetensors").is_file() and not (half / "manifest.json").exists(), "killed between the files and the manifest"
    assert checkpoints.last_intact(tmp_path)[0] == tmp_path / "checkpoint-2"
    trainer = small_trainer(tmp_path, rows, plan, **SAVING)
    trainer.train(resume_from_checkpoint="auto")
    assert min(trainer.seen) == 2 and torch.equal(weights(trainer), weights(uninterrupted[0]))
    assert checkpoints.flaw(half) == "", "the half-written folder was replaced by a whole one"


def test_old_checkpoints_go_only_when_newer_ones_are_complete(
    rows: DatasetDict, plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    present = []
    real = checkpoints.seal

    def seal(folder: Path, *rest: Any) -> None:
        present.append(sorted(one.name for one in checkpoints.numbered(tmp_path) if not checkpoints.flaw(one)))
        real(folder, *rest)

    monkeypatch.setattr(checkpoints, "seal", seal)
    small_trainer(tmp_path, rows, plan, **SAVING, save_total_limit=1).train()
    assert present == [[], ["checkpoint-2"], ["checkpoint-4"], ["checkpoint-6"]], "at any time a complete one existed"
    assert [folder.name for folder in checkpoints.numbered(tmp_path)] == ["checkpoint-8"]


def test_a_checkpoint_of_another_plan_is_refused(uninterrupted: tuple, rows: DatasetDict, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(uninterrupted[0].args.output_dir, run)
    other = make_plan(plan_rows(rows["train"]), PlanConfig(steps=8, token_budget=256, seed=1))
    with pytest.raises(EliteCodeError, match="belongs to another plan"):
        small_trainer(run, rows, other).train(resume_from_checkpoint="auto")


# Refusals


def test_several_gpus_in_one_process_are_refused_with_the_command_that_works(rows: DatasetDict, plan: Plan, tmp_path: Path) -> None:
    from tests.training import training_arguments

    arguments = training_arguments(tmp_path)
    arguments._n_gpu = 2
    arguments.__class__ = type("TwoGpus", (type(arguments),), {"n_gpu": property(lambda self: 2)})
    with pytest.raises(EliteCodeError, match="accelerate launch --config_file accelerate_configs/multi_gpu.yaml"):
        WeightedTrainer(tiny_model(), arguments, plan=plan, train_dataset=rows["train"])


@pytest.mark.parametrize(
    ("changes", "named"), [({"gradient_accumulation_steps": 3}, "1 micro-batches a step; expected 3"), ({"max_steps": 5}, "plan has 8")]
)
def test_arguments_that_contradict_the_plan_are_refused(changes: dict, named: str, rows: DatasetDict, plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(EliteCodeError, match=named):
        small_trainer(tmp_path, rows, plan, **changes)


# Progress and scores


def test_the_log_says_stage_tokens_copies_window_mix_and_the_loss_of_each_window(
    uninterrupted: tuple, rows: DatasetDict, plan: Plan
) -> None:
    entries = [entry for entry in uninterrupted[0].state.log_history if "loss" in entry]
    assert [entry["stage"] for entry in entries] == plan.stage.tolist()
    assert [entry["tokens"] for entry in entries] == np.cumsum(plan.tokens).tolist()
    assert entries[-1]["copies"] == pytest.approx(len(plan.order) / len(rows["train"]), abs=1e-3)
    for entry, window in zip(entries, plan.window):
        assert entry[f"mix_{window}"] == 1.0 and entry[f"loss_{window}"] == pytest.approx(entry["loss"], rel=1e-3)


def test_the_mix_and_the_losses_of_windows_add_up_over_several_steps(rows: DatasetDict, tmp_path: Path) -> None:
    plan = small_plan(rows, micro_batches=2, curriculum="none")
    trainer = small_trainer(tmp_path, rows, plan, gradient_accumulation_steps=2, logging_steps=4)
    trainer.train()
    for entry in (entry for entry in trainer.state.log_history if "loss" in entry):
        mixes = {name.removeprefix("mix_"): share for name, share in entry.items() if name.startswith("mix_")}
        assert sum(mixes.values()) == pytest.approx(1.0, abs=1e-3) and len(mixes) > 1
        assert min(entry[f"loss_{w}"] for w in mixes) <= entry["loss"] <= max(entry[f"loss_{w}"] for w in mixes)


def test_bits_per_byte_are_a_sum_over_a_sum_without_context_and_special_tokens(rows: DatasetDict, tmp_path: Path) -> None:
    end = byte_tokenizer().eos_token_id
    test = rows["test"].map(lambda row: {"input_ids": [*row["input_ids"], end], "n_tokens": row["n_tokens"] + 1})
    trainer = small_trainer(tmp_path, rows, small_plan(rows))
    found = trainer.evaluate(test)
    nats, text_bytes = {"all": 0.0}, {"all": 0}
    for row in rows["test"]:
        logits = trainer.model(input_ids=torch.tensor([row["input_ids"]])).logits[0].double().log_softmax(-1)
        own = -sum(float(logits[place - 1, row["input_ids"][place]]) for place in range(row["context_tokens"], row["n_tokens"]))
        for name in ("all", f"scale_{row['scale']}", f"role_{row['role']}"):
            nats[name] = nats.get(name, 0.0) + own
            text_bytes[name] = text_bytes.get(name, 0) + len(row["text"][row["context_chars"] :].encode())
    assert found["eval_bits_per_byte"] == pytest.approx(nats["all"] / (math.log(2) * text_bytes["all"]), rel=1e-5)
    for name in set(nats) - {"all"}:
        assert found[f"eval_bits_per_byte_{name}"] == pytest.approx(nats[name] / (math.log(2) * text_bytes[name]), rel=1e-5)


def test_the_first_token_of_a_row_without_context_is_left_out_with_its_bytes() -> None:
    row = {"text": ["éa"], "context_chars": [0], "input_ids": [[7, 8]], "context_tokens": [0]}
    scores = scoring.row_scores(row, [np.array([2.0])], frozenset(), lambda ids: "é" if ids == [7] else "a")
    assert (scores.nats[0], scores.tokens[0], scores.bytes[0]) == (2.0, 1, 1)


def test_scoring_together_whole_or_in_parts_gives_the_nats_of_scoring_alone(rows: DatasetDict, monkeypatch: pytest.MonkeyPatch) -> None:
    sequences, model = rows["test"]["input_ids"][:], tiny_model()
    together = token_nats(model, sequences, "cpu", token_budget=300)
    monkeypatch.setattr("elite_code_dataset.trainer.SCORED_LOGITS", 7 * 300)
    alone = [token_nats(model, [sequence], "cpu")[0] for sequence in sequences]
    whole = token_nats(model, sequences, "cpu", whole_model=True)
    for one, other, third, sequence in zip(together, alone, whole, sequences):
        assert one.shape == (len(sequence) - 1,)
        assert np.allclose(one, other, atol=1e-5) and np.allclose(one, third, atol=1e-5)


class NoFloat64(TorchDispatchMode):
    """Apple's GPUs have no float64: refuse every operation that makes one."""

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        for one in result if isinstance(result, (tuple, list)) else (result,):
            assert not (isinstance(one, torch.Tensor) and one.dtype == torch.float64), f"{function} makes float64"
        return result


def test_training_and_evaluation_never_make_a_float64_tensor(rows: DatasetDict, plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="float64"), NoFloat64():
        torch.zeros(1, dtype=torch.float64)
    with NoFloat64():
        trainer = small_trainer(tmp_path, rows, plan, chunked_loss=True, **SAVING)
        trainer.train()
        trainer.evaluate()
    assert trainer.state.global_step == plan.steps


def test_half_precision_trains_and_scores_close_to_full(uninterrupted: tuple, rows: DatasetDict, plan: Plan, tmp_path: Path) -> None:
    watch = Watch()
    trainer = small_trainer(tmp_path, rows, plan, watch, bf16=True, chunked_loss=True)
    trainer.train()
    assert list(watch.losses.values()) == pytest.approx(list(uninterrupted[1].losses.values()), rel=0.03)
    assert trainer.evaluate()["eval_bits_per_byte"] == pytest.approx(uninterrupted[0].evaluate()["eval_bits_per_byte"], rel=0.03)
