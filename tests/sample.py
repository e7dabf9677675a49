"""A small real repository, and the dataset that ``build`` makes of it, for the tests of what comes after building.

In: nothing, or an empty folder. Out: a git repository of real code (a dozen and a half modules of the standard library with a history of
edits), its dataset, and ways to make a fake of it. Building takes some six seconds, once a test run.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from datasets import Dataset, DatasetDict

from elite_code_dataset import metadata
from elite_code_dataset.passes import build, encoder_of, save
from elite_code_dataset.tokens import Encoder

DAY = 86_400
NOW = 1_700_000_000  # committer time of the last commit
MODULES = ("bisect", "cmd", "colorsys", "fnmatch", "getopt", "glob", "graphlib", "heapq", "queue", "sched", "shlex", "string", "textwrap")
PACKAGED = ("__init__", "decoder", "encoder", "scanner", "tool")
MIT = """MIT License

Copyright (c) 2023 The kit developers

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""
TEST = """from src.kit import bisect


def test_a_number_goes_behind_its_equals():
    assert bisect.bisect_right([1, 2, 2, 3], 2) == 3


def test_insort_keeps_a_list_sorted():
    numbers = [1, 4, 9]
    for one in (3, 5, 7):
        bisect.insort(numbers, one)
    assert numbers == sorted(numbers)
"""


def sources() -> dict[str, str]:
    """Path -> text of the files at HEAD."""
    lib = Path(os.__file__).parent
    files = {f"src/kit/{name}.py": (lib / f"{name}.py").read_text("utf-8") for name in MODULES}
    files |= {f"src/kit/json/{name}.py": (lib / "json" / f"{name}.py").read_text("utf-8") for name in PACKAGED}
    files |= {"src/kit/__init__.py": '"""A kit."""\n\nfrom . import bisect, heapq, json\n', "tests/test_bisect.py": TEST}
    return files | {"README.md": "# kit\n\nSmall parts for many uses.\n\n## Use\n\nImport what you need.\n", "LICENSE": MIT}


def git(repository: Path, *arguments: str, when: int = NOW) -> str:
    """Runs git with nothing of the caller's settings, at a fixed time."""
    names = {
        f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "kit"), ("EMAIL", "kit@example.org"))
    }
    env = {"PATH": os.environ["PATH"], "HOME": str(repository), "GIT_CONFIG_NOSYSTEM": "1", "TZ": "UTC", **names}
    env |= {"GIT_AUTHOR_DATE": f"{when} +0000", "GIT_COMMITTER_DATE": f"{when} +0000"}
    return subprocess.run(["git", "-C", str(repository), *arguments], env=env, check=True, capture_output=True, text=True).stdout


def earlier(text: str) -> str:
    """``text`` before its last edit: three lines in the middle are missing."""
    lines = text.split("\n")
    middle = len(lines) // 2
    return "\n".join(lines[:middle] + lines[middle + 3 :])


def repository(folder: Path) -> Path:
    """A git repository with a first commit, an edit of every module on days of its own, and HEAD at NOW."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", "-b", "main")
    files = sources()
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(earlier(text) if path.startswith("src/kit/") else text, "utf-8")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "Begin the kit", when=NOW - 400 * DAY)
    edited = [path for path in sorted(files) if earlier(files[path]) != files[path] and path.startswith("src/kit/")]
    for at, path in enumerate(edited):
        (folder / path).write_text(files[path], "utf-8")
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", f"Restore a line of {Path(path).stem}", when=NOW - (len(edited) - 1 - at) * 9 * DAY)
    return folder


@cache
def dataset() -> DatasetDict:
    """What ``build`` makes of the repository with the preset ``elite``; made once a test run."""
    place = Path(tempfile.mkdtemp(prefix="sample-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return build(repository(place / "kit"), cache_dir=place / "cache")


@cache
def tokenizer() -> Encoder:
    """The tokenizer of the sample's rows."""
    return encoder_of(dataset())


@cache
def saved() -> Path:
    """The folder of the saved sample."""
    place = Path(tempfile.mkdtemp(prefix="sample-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return save(dataset(), place / "kit-dataset")


def changed(ds: DatasetDict, split: str, edit: Callable[[dict[str, Any]], dict[str, Any] | None]) -> DatasetDict:
    """``ds`` with every row of a split replaced by what ``edit`` makes of it (None: left out), metadata kept."""
    rows = [made for row in ds[split] if (made := edit(dict(row))) is not None]
    fake = Dataset.from_list(rows, features=ds[split].features)
    return metadata.attach(DatasetDict({**ds, split: fake}), metadata.of(ds))


def with_facts(ds: DatasetDict, **facts: Any) -> DatasetDict:
    """``ds`` with some of its metadata replaced."""
    return metadata.attach(ds, metadata.of(ds) | facts)
