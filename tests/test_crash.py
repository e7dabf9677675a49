"""Killed, interrupted or out of disk at any moment: the next run gives the dataset of an undisturbed one, and nothing half made loads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from elite_code_dataset import store
from tests.repositories import small_repository

# One process with everything imported, which forks a builder for each try, so that a kill hits the build and not the imports.
TRIES = """
import json, os, random, resource, shutil, signal, sys, time
import datasets
import elite_code_dataset as ecd
from elite_code_dataset import analysis, elite_code_dataset as builder, metadata
datasets.disable_progress_bars()
repo, cache, how = sys.argv[1:4]
chance = random.Random(7)

def build(where):
    analysis._LAST.clear()
    ds = datasets.load_dataset("elite_code_dataset", "multiscale", data_dir=repo, cache_dir=where)
    return {split: metadata.digest(rows) for split, rows in ds.items()}

def forked(where, before=lambda: None):
    child = os.fork()
    if child == 0:
        sys.stderr = open(os.devnull, "w")
        before()
        try:
            build(where)
        except BaseException:
            os._exit(1)
        os._exit(0)
    return child

started = time.monotonic()
os.waitpid(forked(cache + "-first"), 0)
length = time.monotonic() - started
ends = []
if how in ("kill", "interrupt"):
    for n in range(20 if how == "kill" else 6):
        child = forked(cache)
        time.sleep(chance.random() * length)
        os.kill(child, signal.SIGKILL if how == "kill" else signal.SIGINT)  # until waited for, even a finished child is there
        ends.append(os.waitpid(child, 0)[1])
        if ends[-1] == 0:  # what earlier tries left whole made this one faster: aim earlier, and from an empty cache
            length *= 0.8
            shutil.rmtree(cache, ignore_errors=True)
else:
    for size in (2_000, 20_000, 60_000, 150_000):
        child = forked(cache, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)))
        ends.append(os.waitpid(child, 0)[1])
print(json.dumps({"disturbed": build(cache), "undisturbed": build(cache + "-second"), "ends": ends}))
"""


@pytest.mark.parametrize("how", ["kill", "interrupt", "disk full"])
def test_a_disturbed_build_is_followed_by_the_same_dataset_as_an_undisturbed_one(how: str, tmp_path: Path) -> None:
    repo = small_repository(tmp_path / "kit", 9)
    environment = {**os.environ, "TOKENIZERS_PARALLELISM": "false"}
    command = [sys.executable, "-c", TRIES, str(repo), str(tmp_path / "cache"), how]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=250)
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["disturbed"] == told["undisturbed"]
    assert sum(end != 0 for end in told["ends"]) >= len(told["ends"]) // 3, told["ends"]  # many tries did hit a running build
    for folder in (tmp_path / "cache" / "elite_code_dataset-analysis").iterdir():
        assert folder.name.startswith(".") or store.is_whole(folder)


def test_a_folder_with_a_flipped_bit_is_made_again(tmp_path: Path) -> None:
    made = []

    def write(draft: Path) -> None:
        made.append(1)
        (draft / "rows.bin").write_bytes(b"x" * 1000)

    folder = tmp_path / "rows"
    store.saved(folder, write)
    assert store.is_whole(folder)
    data = bytearray((folder / "rows.bin").read_bytes())
    data[500] ^= 1
    (folder / "rows.bin").write_bytes(data)
    assert not store.is_whole(folder)
    store.saved(folder, write)
    assert store.is_whole(folder) and (folder / "rows.bin").read_bytes() == b"x" * 1000 and len(made) == 2


def test_a_writer_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    def write(draft: Path) -> None:
        (draft / "half.bin").write_bytes(b"half")
        raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space left"):
        store.saved(tmp_path / "rows", write)
    assert list(tmp_path.iterdir()) == []
