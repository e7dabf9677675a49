"""The README says what is so: its commands run, its options are the options, its tables name files that are there."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from elite_code_dataset.options import Options
from tests.repositories import small_repository

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
NOT_RUN = ("pip install", "make ")  # the environment that runs this test was made so
OPTION = re.compile(r"^    (\w+): ([^=]+?) = (.+?)(?:  # (.+))?$")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", README, re.M | re.S)


def options_table() -> str:
    """The options as a Markdown table, from the source of ``Options``."""
    lines = ["| option | default | meaning |", "|---|---|---|"]
    for line in inspect.getsource(Options).split("\n"):
        match = OPTION.match(line)
        if match:
            name, _, default, meaning = match.groups()
            default = {"MAX_FILE_BYTES": str(Options().max_file_bytes)}.get(default, default)
            lines.append(f"| `{name}` | `{default}` | {(meaning or '').replace('|', chr(92) + '|')} |")
    return "\n".join(lines)


def test_the_options_table_is_the_one_the_source_gives() -> None:
    assert f"<!-- options -->\n{options_table()}\n<!-- /options -->" in README
    assert options_table().count("\n") - 1 == len(Options.__dataclass_fields__)


def test_the_python_blocks_run(tmp_path: Path) -> None:
    repo = small_repository(tmp_path / "kit", 8)
    found = blocks("python")
    assert found
    for block in found:
        done = subprocess.run([sys.executable, "-c", block], cwd=repo, capture_output=True, text=True, env=environment(tmp_path))
        assert done.returncode == 0, done.stderr[-2000:]
        assert "across splits: 0 exact, 0 near and 0 contained" in done.stdout


def test_the_shell_blocks_run(tmp_path: Path) -> None:
    repo = small_repository(tmp_path / "kit", 8)
    (tmp_path / "recipes").symlink_to(ROOT / "recipes")
    (tmp_path / "accelerate_configs").symlink_to(ROOT / "accelerate_configs")
    commands = [line for block in blocks("bash") for line in block.splitlines() if line and not line.startswith(NOT_RUN)]
    assert len(commands) >= 4
    for line in commands:
        line = line.replace("/path/to/repo", str(repo))
        done = subprocess.run(["bash", "-ec", line], cwd=tmp_path, capture_output=True, text=True, env=environment(tmp_path))
        assert done.returncode == 0, (line, done.stderr[-2000:])
    assert (tmp_path / "runs" / "mine" / "metrics.json").is_file()


def environment(tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HF_DATASETS_CACHE": str(tmp_path / "cache"),
        "PYTHONPATH": str(ROOT),
    }


@pytest.mark.parametrize("path", sorted(set(re.findall(r"(?:recipes|accelerate_configs)/[\w.]+\.(?:py|yaml)", README))))
def test_every_file_that_is_named_is_there(path: str) -> None:
    assert (ROOT / path).is_file()


def test_the_targets_that_are_named_are_in_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"^make ([\w-]+)", README, re.M)):
        assert re.search(rf"^{target}:", makefile, re.M)
