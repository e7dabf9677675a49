"""Every test has its own cache, no network, and no variable of the caller's that would change what datasets or tokenizers do."""

from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path

_HOME = tempfile.mkdtemp(prefix="elite-code-tests-")
os.environ.update(
    HF_HOME=_HOME,
    HF_DATASETS_CACHE=f"{_HOME}/datasets",
    HF_HUB_OFFLINE="1",
    HF_DATASETS_DISABLE_PROGRESS_BARS="1",
    TOKENIZERS_PARALLELISM="true",
    OMP_NUM_THREADS="1",
)

if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
):  # a shell has started the tests in the background, where Ctrl-C is ignored by all children
    signal.signal(signal.SIGINT, signal.default_int_handler)

import pytest  # noqa: E402


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One repository for all tests that only read it."""
    from tests.repositories import small_repository

    return small_repository(tmp_path_factory.mktemp("small") / "kit")


def pytest_sessionfinish() -> None:
    import shutil

    shutil.rmtree(_HOME, ignore_errors=True)
