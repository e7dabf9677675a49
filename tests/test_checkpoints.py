"""Checkpoints against the worst: a kill at any moment of a save, a bit flipped anywhere, files that want to run code."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import DatasetDict

from elite_code_dataset import checkpoints
from elite_code_dataset.plan import Plan
from elite_code_dataset.trainer import WeightedTrainer
from tests.training import code_rows, small_plan, small_trainer

SAVING = {"save_strategy": "steps", "save_steps": 2, "save_total_limit": 1}


@pytest.fixture(scope="module")
def rows() -> DatasetDict:
    return code_rows()


@pytest.fixture(scope="module")
def plan(rows: DatasetDict) -> Plan:
    return small_plan(rows, steps=4)


@pytest.fixture(scope="module")
def trainer(rows: DatasetDict, plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> WeightedTrainer:
    """A trainer at the end of its four steps, with checkpoint-4 in its folder."""
    trainer = small_trainer(tmp_path_factory.mktemp("run"), rows, plan, **SAVING)
    trainer.train()
    return trainer


class Killed(BaseException):
    """What a kill looks like from inside: nothing after it runs, so nothing here may catch it."""


class Killer:
    """Ends the program before the n-th thing that it does to a file below a folder."""

    EVENTS = ("open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate", "shutil.rmtree")

    def __init__(self) -> None:
        self.below, self.left = "", -1
        sys.addaudithook(self.seen)

    def arm(self, folder: Path, after: int) -> None:
        self.below, self.left = str(folder), after

    def seen(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.left >= 0 and event in self.EVENTS and str(arguments[0]).startswith(self.below):
            self.left -= 1
            if self.left < 0:
                raise Killed


@pytest.fixture(scope="module")
def killer() -> Killer:
    killer = Killer()
    yield killer
    killer.left = -1


def test_a_kill_at_any_moment_of_a_save_leaves_a_whole_checkpoint(killer: Killer, trainer: WeightedTrainer, tmp_path: Path) -> None:
    seen, moment, saved = set(), 0, False
    while not saved:
        run = tmp_path / str(moment)
        shutil.copytree(trainer.args.output_dir, run)
        (run / "checkpoint-6").mkdir()  # half of one, from an earlier try
        (run / "checkpoint-6" / "model.safetensors").write_bytes(b"half")
        trainer.args.output_dir, trainer.state.global_step, before = str(run), 6, trainer.args.output_dir
        killer.arm(run, moment)
        try:
            trainer._save_checkpoint(trainer.model, None)
            saved = True
        except Killed:
            pass
        finally:
            killer.left, trainer.args.output_dir = -1, before
        taken = checkpoints.last_intact(run)[0]
        assert taken is not None and taken.name in ("checkpoint-4", "checkpoint-6"), moment
        seen.add((taken.name, (run / "checkpoint-4").exists()))
        moment += 1
    assert moment > 25, "each file is at least opened once for writing and once for its digest"
    assert seen == {("checkpoint-4", True), ("checkpoint-6", True), ("checkpoint-6", False)}
    assert [folder.name for folder in checkpoints.numbered(run)] == ["checkpoint-6"]


def test_a_bit_flipped_anywhere_is_noticed(trainer: WeightedTrainer, tmp_path: Path) -> None:
    folder = tmp_path / "checkpoint-4"
    shutil.copytree(Path(trainer.args.output_dir) / "checkpoint-4", folder)
    assert checkpoints.flaw(folder) == ""
    meaning = json.loads((folder / "manifest.json").read_text())
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        places = range(len(whole)) if path.name == "manifest.json" else [0, len(whole) // 3, len(whole) // 2, len(whole) - 1]
        for place in places:
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :])
            assert checkpoints.flaw(folder) or same_meaning(path, meaning), (path.name, place)
        path.write_bytes(whole)
    assert checkpoints.flaw(folder) == ""


def same_meaning(manifest: Path, meaning: dict[str, Any]) -> bool:
    """Whether only blanks between its words were changed."""
    return manifest.name == "manifest.json" and json.loads(manifest.read_text()) == meaning


class Touch:
    """An object whose unpickling makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return open, (str(self.path), "w")


@pytest.mark.parametrize("name", ["optimizer.pt", "scheduler.pt", "rng_state.pth"])
def test_a_checkpoint_that_wants_to_run_code_is_not_loaded(
    name: str, trainer: WeightedTrainer, rows: DatasetDict, plan: Plan, tmp_path: Path
) -> None:
    folder = tmp_path / "checkpoint-2"
    shutil.copytree(Path(trainer.args.output_dir) / "checkpoint-4", folder)
    state = json.loads((folder / "trainer_state.json").read_text()) | {"global_step": 2}
    (folder / "trainer_state.json").write_text(json.dumps(state))
    torch.save(Touch(tmp_path / "ran"), folder / name)
    checkpoints.seal(folder, 2, plan.summary())
    assert checkpoints.flaw(folder) == ""
    with pytest.raises(pickle.UnpicklingError, match="(?i)weights.only"):
        small_trainer(tmp_path, rows, plan, **SAVING).train(resume_from_checkpoint="auto")
    assert not (tmp_path / "ran").exists()
    with open(folder / name, "rb") as stream:
        torch.load(stream, weights_only=False).close()
    assert (tmp_path / "ran").exists(), "it would have run"
    os.remove(tmp_path / "ran")
