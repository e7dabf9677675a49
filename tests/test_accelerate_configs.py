"""The launch configurations: every key is one that accelerate knows and acts on."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from accelerate.commands.config.config_args import load_config_from_file
from accelerate.commands.launch import _validate_launch_command, launch_command_parser
from accelerate.utils import DistributedType

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = {path.stem: path for path in sorted((ROOT / "accelerate_configs").glob("*.yaml"))}
KINDS = {
    "cpu": DistributedType.NO,
    "mps": DistributedType.NO,
    "single_gpu": DistributedType.NO,
    "multi_gpu": DistributedType.MULTI_GPU,
    "fsdp2": DistributedType.FSDP,
    "deepspeed_zero2": DistributedType.DEEPSPEED,
    "deepspeed_zero3": DistributedType.DEEPSPEED,
}
NESTED = {"fsdp_config": "fsdp_", "deepspeed_config": ""}
PRECISIONS = ("no", "fp16", "bf16")


def unknown_keys(path: Path) -> list[str]:
    """Nested keys that are no option of the launcher: accelerate itself lets them pass in silence."""
    known = {action.dest for action in launch_command_parser()._actions}
    content = yaml.safe_load(path.read_text())
    nested = [(section, key) for section in NESTED for key in content.get(section, {})]
    return [key for section, key in nested if key not in known or not key.startswith(NESTED[section])]


def test_there_is_one_for_every_kind_of_machine() -> None:
    assert set(CONFIGS) == set(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_the_launcher_takes_every_key_of(name: str) -> None:
    path = CONFIGS[name]
    config = load_config_from_file(str(path))
    assert config.distributed_type == KINDS[name]
    assert unknown_keys(path) == []
    assert yaml.safe_load(path.read_text())["mixed_precision"] in PRECISIONS
    arguments = launch_command_parser().parse_args(["--config_file", str(path), "recipes/train.py"])
    arguments.nondefault = set()
    checked, _, _ = _validate_launch_command(arguments)
    assert (checked.multi_gpu, checked.use_fsdp, checked.use_deepspeed) == tuple(
        KINDS[name] == kind for kind in (DistributedType.MULTI_GPU, DistributedType.FSDP, DistributedType.DEEPSPEED)
    )
    assert checked.num_processes == (1 if KINDS[name] == DistributedType.NO else 2)
    for section in NESTED:
        for key, value in yaml.safe_load(path.read_text()).get(section, {}).items():
            assert str(getattr(checked, key)) == str(value), f"{key} reaches the launcher"


@pytest.mark.parametrize(("section", "typo"), [("fsdp_config", "fsdp_reshard_after_foward"), ("deepspeed_config", "zero_stge")])
def test_a_misspelt_nested_key_would_be_found(section: str, typo: str, tmp_path: Path) -> None:
    content = yaml.safe_load(CONFIGS["fsdp2" if section == "fsdp_config" else "deepspeed_zero2"].read_text())
    content[section][typo] = 1
    (tmp_path / "typo.yaml").write_text(yaml.safe_dump(content))
    load_config_from_file(str(tmp_path / "typo.yaml"))
    assert unknown_keys(tmp_path / "typo.yaml") == [typo]


def test_a_misspelt_top_key_is_refused_by_accelerate_itself(tmp_path: Path) -> None:
    (tmp_path / "typo.yaml").write_text(CONFIGS["cpu"].read_text() + "gradient_accumulation_steps: 2\n")
    with pytest.raises(ValueError, match="gradient_accumulation_steps"):
        load_config_from_file(str(tmp_path / "typo.yaml"))


def test_only_the_cpu_configuration_keeps_gpus_out() -> None:
    assert [name for name, path in CONFIGS.items() if yaml.safe_load(path.read_text())["use_cpu"]] == ["cpu"]
