"""Test suites of other packages, run in a process of their own against one copy of the package.

In: an interpreter, the folder of the copy, and what pytest is given. Out: how each test ended, by its name, and where each module of the
package came from. Cost: the suite's. Property tests draw the same examples in every run and keep no database of them.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SECONDS = 900
PLUGIN = """
import json, os, sys
try:
    import hypothesis
    checks = list(hypothesis.HealthCheck)
    hypothesis.settings.register_profile("fixed", derandomize=True, database=None, deadline=None, suppress_health_check=checks)
    hypothesis.settings.load_profile("fixed")
except ImportError:
    pass
ends = {}
def pytest_collectreport(report):
    if report.failed:
        ends[report.nodeid] = {"not collected"}
def pytest_runtest_logreport(report):
    if report.when == "call" or report.outcome != "passed":
        ends.setdefault(report.nodeid, set()).add(report.outcome if report.when == "call" else report.outcome + " in " + report.when)
def pytest_sessionfinish(session):
    modules = {name: module.__file__ for name, module in list(sys.modules.items()) if getattr(module, "__file__", None)}
    with open(os.environ["RECORD"], "w") as record:
        json.dump([{name: "+".join(sorted(end)) for name, end in ends.items()}, modules], record)
"""


@dataclass(frozen=True)
class Run:
    """``ends``: test -> passed, failed, skipped ...; ``modules``: name -> file of everything imported. Both empty without an end; ``tail``
    is the last that was printed."""

    ends: dict[str, str]
    modules: dict[str, str]
    tail: str

    def of(self, package: str) -> dict[str, Path]:
        """Where the package and its modules came from."""
        return {name: Path(file).resolve() for name, file in self.modules.items() if name.split(".")[0] == package}


def run_of(program: Path | str, root: Path, paths: Sequence[Path], arguments: Sequence[str], plugins: bool = True) -> Run:
    """Runs pytest in ``root`` with ``paths`` before all other places to import from; without ``plugins`` pytest loads no installed ones."""
    (root / "recorded_run.py").write_text(PLUGIN, encoding="utf-8")
    record = root / "record.json"
    record.unlink(missing_ok=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")} | {
        "PYTHONPATH": os.pathsep.join([*map(str, paths), str(root)]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "RECORD": str(record),
    }
    if not plugins:
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    command = [str(program), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "recorded_run", *arguments]
    try:
        ran = subprocess.run(command, cwd=root, env=environment, capture_output=True, timeout=SECONDS, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return Run({}, {}, f"no end after {SECONDS} s")
    tail = (ran.stdout + ran.stderr).decode("utf-8", "replace")[-2000:]
    if not record.exists():
        return Run({}, {}, tail)
    return Run(*json.loads(record.read_text(encoding="utf-8")), tail)
