"""A temporary repository of our own making, empty but for a link to the packs of the one that is read.

In: a ``GitPlace``. Out: a folder to name as GIT_DIR, gone after ``remove``. Costs a few small files. What a killed process left
behind is swept away by the next one that makes a shim: each holds a lock on its own for as long as it lives.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from pathlib import Path

from elite_code_dataset.git_place import GitPlace

_PREFIX = "elite-code-dataset-"
_CONFIG = """[core]
\trepositoryformatversion = {version}
\tbare = true
\tcommitGraph = false
\tmultiPackIndex = false
\tpackedGitWindowSize = 32m
\tpackedGitLimit = 512m
\tbigFileThreshold = 32m
"""


class Shim:
    """One temporary repository; ``path`` is its folder."""

    def __init__(self, place: GitPlace) -> None:
        folder = tempfile.gettempdir()
        _sweep(folder)
        made = Path(tempfile.mkdtemp(prefix=f".{_PREFIX}", dir=folder))  # swept only once it has its name, and then it is locked
        self._owner = os.getpid()
        self._lock = os.open(made / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        _fill(made, place)
        self.path = str(made.with_name(made.name[1:]))
        os.rename(made, self.path)

    def remove(self) -> None:
        """Remove it, once; a forked child leaves its parent's alone."""
        if self._lock >= 0 and self._owner == os.getpid():
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._lock)
            self._lock = -1


def _fill(root: Path, place: GitPlace) -> None:
    for folder in ("objects", "refs"):
        (root / folder).mkdir()
    (root / "objects" / "pack").symlink_to(place.objects / "pack")  # checked to be a folder of plain files
    (root / "HEAD").write_text("ref: refs/heads/none\n")
    config = _CONFIG.format(version=0 if place.hash_name == "sha1" else 1)
    if place.hash_name != "sha1":
        config += f"[extensions]\n\tobjectFormat = {place.hash_name}\n"
    (root / "config").write_text(config)


def _sweep(folder: str) -> None:
    """Remove the shims of this user whose process is gone."""
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if not name.startswith(_PREFIX):
            continue
        try:
            status = os.lstat(path)
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
                continue
            lock = os.open(os.path.join(path, "lock"), os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
        except OSError:
            pass  # its process lives
        finally:
            os.close(lock)
