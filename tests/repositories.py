"""Temporary git repositories for tests: commits with fixed names and times, made by the git on this machine with no settings of the caller's."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

DAY = 86_400
START = 1_600_000_000
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "A Person",
    "GIT_AUTHOR_EMAIL": "person@corporation.io",
    "GIT_COMMITTER_NAME": "A Person",
    "GIT_COMMITTER_EMAIL": "person@corporation.io",
    "LC_ALL": "C",
    "TZ": "UTC",
}


def git(folder: Path, *arguments: str, time: int = START) -> str:
    stamp = f"{time} +0000"
    environment = {**ENVIRONMENT, "GIT_AUTHOR_DATE": stamp, "GIT_COMMITTER_DATE": stamp}
    done = subprocess.run(["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def started(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", "-b", "main")
    return folder


def committed(folder: Path, files: Mapping[str, str | bytes | None], message: str = "Change", time: int = START) -> str:
    """Write (None: delete) files and commit all of it; the new commit's id."""
    for name, content in files.items():
        path = folder / name
        if content is None:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    git(folder, "add", "-A", time=time)
    git(folder, "commit", "-q", "--allow-empty", "-m", message, time=time)
    return git(folder, "rev-parse", "HEAD").strip()


def module_text(number: int, functions: int = 6) -> str:
    """A Python module unlike its neighbours: each function has names and constants of its own."""
    parts = [f'"""Module {number}: the arithmetic of case {number}."""\n\nimport math\n']
    for i in range(functions):
        key = number * 97 + i * 13
        parts.append(
            f"\n\ndef case_{number}_{i}(first_{key}, second_{key}=None):\n"
            f'    """Combine what came in for case {key}."""\n'
            f"    total_{key} = first_{key} * {key} + {key % 7}\n"
            f"    if second_{key} is not None:\n"
            f"        for step_{key} in range(second_{key}):\n"
            f"            total_{key} += math.floor(step_{key} / {key % 5 + 2})\n"
            f"    return total_{key} - {key % 11}\n"
        )
    return "".join(parts)


def small_repository(folder: Path, modules: int = 12) -> Path:
    """A package of unlike modules, a test, a document, a config; three commits, one of them a rename and one an edit of every third module."""
    started(folder)
    files = {f"src/kit/part_{n}.py": module_text(n) for n in range(modules)}
    files |= {"src/kit/__init__.py": "from kit.part_0 import case_0_0\n", "README.md": "# Kit\n\nWhat it is.\n\n## Use\n\nCall it.\n"}
    files |= {"tests/test_part.py": "from kit.part_0 import case_0_0\n\n\ndef test_case():\n    assert case_0_0(1) == 1\n"}
    files |= {"setup.cfg": "[metadata]\nname = kit\n"}
    committed(folder, files, "Begin the kit", START)
    git(folder, "mv", "src/kit/part_1.py", "src/kit/renamed_1.py")
    committed(folder, {}, "Give part 1 a better name", START + 40 * DAY)
    edited = {f"src/kit/part_{n}.py": module_text(n).replace("return total_", "return 1 + total_") for n in range(2, modules, 3)}
    committed(folder, edited, "Count from one", START + 100 * DAY)
    return folder
