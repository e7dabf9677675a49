"""The same commit, options and tokenizer give the same rows, whatever the machine around them looks like."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.repositories import git, small_repository

BUILD = """
import json, sys
import datasets
import elite_code_dataset as ecd
datasets.disable_progress_bars()
ds = ecd.build(sys.argv[1], cache_dir=sys.argv[2], num_proc=int(sys.argv[3]) or None)
print(json.dumps([ecd.metadata.of(ds)["digests"], {k: len(v) for k, v in ds.items()}, sorted({r["technique"] for r in ds["train"]})]))
"""


def built(repo: Path, cache: Path, num_proc: int, **environment: str) -> list:
    command = [sys.executable, "-c", BUILD, str(repo), str(cache), str(num_proc)]
    more = {**os.environ, "HF_DATASETS_CACHE": str(cache), **environment}
    done = subprocess.run(command, capture_output=True, text=True, env=more, timeout=280)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_build_is_the_same_for_other_processes_seeds_zones_locales_and_paths(tmp_path: Path) -> None:
    first = small_repository(tmp_path / "here" / "kit", 9)
    other = tmp_path / "elsewhere" / "by another name"
    other.parent.mkdir()
    git(tmp_path, "clone", "-q", str(first), str(other))
    one = built(first, tmp_path / "a", 0, PYTHONHASHSEED="1", TZ="UTC", LC_ALL="C")
    two = built(other, tmp_path / "b", 2, PYTHONHASHSEED="77", TZ="Asia/Kathmandu", LC_ALL="C.UTF-8", TOKENIZERS_PARALLELISM="false")
    assert one == two
    assert set(one[1]) == {"train", "validation", "test"} and len(one[2]) > 5  # children of several techniques are among them
