"""Trackers: every logged step's loss and the loss of each window reach TensorBoard, Trackio and Weights & Biases, in one run that is closed."""

from __future__ import annotations

import csv
import importlib
import json
import struct
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tensorboardX.proto.event_pb2 import Event

from elite_code_dataset.records import EliteCodeError
from recipes import arguments, train
from tests.test_train_recipe import environment_restored, small  # noqa: F401 (a fixture of every test here)
from tests.training import saved_dataset

# What Trainer calls of the two packages that need an account or a server; the calls are written down, one JSON object a line.
CALLS = """
import json, os

def note(what, content=None):
    with open(os.environ["NOTED_CALLS"], "a") as stream:
        print(json.dumps([what, content], default=str), file=stream)

class Config(dict):
    def update(self, values, allow_val_change=False):
        super().update(values)

config = Config()

def log(metrics):
    note("log", metrics)

def finish():
    note("finish")
"""
TRACKIO = """
__version__ = "0.43.0"

class Unset:
    def get(self):
        return None

class context_vars:
    current_space_id = current_project = Unset()

def init(project, name=None, space_id=None, resume="never", private=None, bucket_id=None):
    note("init", project)
"""
WANDB = """
run, summary = None, {}

class Run:
    id = name = "one"
    url = ""
    summary = {}
    def _label(self, code=None):
        pass

def init(project=None, name=None, group=None):
    global run
    run = Run()
    note("init", project)

def define_metric(name, step_metric=None, step_sync=None):
    pass
"""


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved_dataset(tmp_path_factory.mktemp("data") / "dataset")


@pytest.fixture
def noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Packages of both names ahead of any other, and the file that their calls go to."""
    for name, source in (("trackio", TRACKIO), ("wandb", WANDB)):
        (tmp_path / "packages" / name).mkdir(parents=True)
        (tmp_path / "packages" / name / "__init__.py").write_text(CALLS + source)
    (tmp_path / "packages" / "wandb" / "sdk" / "lib").mkdir(parents=True)
    for folder in ("sdk", "sdk/lib"):
        (tmp_path / "packages" / "wandb" / folder / "__init__.py").touch()
    (tmp_path / "packages" / "wandb" / "sdk" / "lib" / "config_util.py").write_text("class ConfigError(Exception):\n    pass\n")
    for module in [module for module in sys.modules if module.split(".")[0] in ("trackio", "wandb")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.syspath_prepend(str(tmp_path / "packages"))
    monkeypatch.setenv("NOTED_CALLS", str(tmp_path / "calls"))
    importlib.invalidate_caches()
    yield tmp_path / "calls"
    for module in [module for module in sys.modules if module.split(".")[0] in ("trackio", "wandb")]:
        del sys.modules[module]


def logged(output: Path) -> dict[int, dict[str, float]]:
    """Loss, window losses and window mix of each logged step, from ``loss.csv``."""
    with open(output / "loss.csv", encoding="utf-8") as stream:
        lines = list(csv.DictReader(stream))
    return {
        int(line["step"]): {f"train/{name}": float(value) for name, value in line.items() if value and name.startswith(("loss", "mix_"))}
        for line in lines
    }


def event_scalars(path: Path) -> dict[int, dict[str, float]]:
    """Scalars of a TensorBoard event file by step: records of a length, its checksum, the event, its checksum."""
    content, place, found = path.read_bytes(), 0, {}
    while place < len(content):
        (length,) = struct.unpack("<Q", content[place : place + 8])
        event = Event.FromString(content[place + 12 : place + 12 + length])
        for value in event.summary.value:
            if value.WhichOneof("value") == "simple_value":
                found.setdefault(event.step, {})[value.tag] = value.simple_value
        place += length + 16
    return found


def check_all_there(seen: dict[int, dict[str, Any]], metrics: dict[str, Any], output: Path) -> None:
    wanted = logged(output)
    assert list(wanted) == [1, 2, 4, 6] and len({name for line in wanted.values() for name in line if name.startswith("train/loss_")}) == 3
    for step, line in wanted.items():
        assert {name: seen[step][name] for name in line} == pytest.approx(line, rel=1e-5)
        assert seen[step]["train/stage"] in (0, 1, 2) and seen[step]["train/tokens"] > 0
    assert seen[0]["train/before_bits_per_byte"] == pytest.approx(metrics["before"]["bits_per_byte"], rel=1e-5)
    assert seen[4]["eval/bits_per_byte_scale_32"] > 0
    assert seen[6]["train/after_bits_per_byte"] == pytest.approx(metrics["after"]["bits_per_byte"], rel=1e-5)


def test_tensorboard_is_given_the_loss_of_every_logged_step_and_of_each_window(dataset: Path, tmp_path: Path) -> None:
    metrics = train.run(small(dataset, tmp_path, report_to=("tensorboard",), eval_every=2))
    (events,) = tmp_path.rglob("events.out.tfevents.*")
    check_all_there(event_scalars(events), metrics, tmp_path)


@pytest.mark.parametrize("name", ["trackio", "wandb"])
def test_trackio_and_wandb_are_given_them_as_one_run(name: str, noted: Path, dataset: Path, tmp_path: Path) -> None:
    metrics = train.run(small(dataset, tmp_path / "run", report_to=(name,), eval_every=2))
    calls = [json.loads(line) for line in noted.read_text().splitlines()]
    assert [what for what, _ in calls].count("init") == 1 and calls[0][0] == "init"
    assert name == "wandb" or calls[-1][0] == "finish", "nothing comes after the run is closed; W&B closes it when the process ends"
    seen: dict[int, dict[str, Any]] = {}
    for content in (content for what, content in calls if what == "log"):
        seen.setdefault(content["train/global_step"], {}).update(content)
    check_all_there(seen, metrics, tmp_path / "run")


def test_all_three_at_once(noted: Path, dataset: Path, tmp_path: Path) -> None:
    train.run(small(dataset, tmp_path / "run", report_to=("tensorboard", "trackio", "wandb"), steps=2))
    assert [json.loads(line)[0] for line in noted.read_text().splitlines()].count("init") == 2
    assert len(list((tmp_path / "run").rglob("events.out.tfevents.*"))) == 1


@pytest.mark.parametrize("name", ["tensorboard", "trackio", "wandb"])
def test_a_tracker_that_is_not_installed_is_said_before_anything_is_built(
    name: str, dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arguments, "find_spec", lambda module: None)
    with pytest.raises(EliteCodeError) as caught:
        train.run(replace(small(dataset, tmp_path / "run", report_to=(name,)), dataset=None, repo="/nowhere"))
    assert str(caught.value) == (
        f"report_to is {name!r}, which is not installed; expected none or one of tensorboard, trackio, wandb (pip install {name})"
    )


def test_a_folder_named_wandb_is_not_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "wandb" / "offline-run-1").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    importlib.invalidate_caches()
    monkeypatch.delitem(sys.modules, "wandb", raising=False)
    with pytest.raises(EliteCodeError, match="pip install wandb"):
        arguments.check_reports(arguments.Options(report_to=("wandb",)))
