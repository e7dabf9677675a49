"""What we save ourselves: folders of Arrow tables and JSON that are either whole or not there.

In: tables and plain values. Out: a folder made under a temporary name, synced and renamed; ``manifest.json``, written last, holds the
sha256 of every file and is checked on opening. Costs one read of each file on opening.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

MANIFEST = "manifest.json"


def saved(folder: Path, write: Callable[[Path], None]) -> Path:
    """``folder`` as ``write`` fills it. If another process was first, its folder stays. Raises OSError naming the real cause (disk full...)."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        write(draft)
        sums = {p.relative_to(draft).as_posix(): _sha256(p) for p in sorted(draft.rglob("*")) if p.is_file()}
        write_synced(draft / MANIFEST, json.dumps(sums, indent=1, sort_keys=True).encode())
        for path in draft.rglob("*"):
            _synced(path)
        if folder.exists() and not is_whole(folder):
            shutil.rmtree(folder)
        try:
            os.rename(draft, folder)
        except OSError:
            if not is_whole(folder):
                raise
        _synced(folder.parent)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def is_whole(folder: Path) -> bool:
    """Whether the folder has a manifest and every file in it has the sum that the manifest names."""
    try:
        sums = json.loads((folder / MANIFEST).read_bytes())
        return all(_sha256(folder / name) == found for name, found in sums.items())
    except (OSError, ValueError):
        return False


def write_synced(path: Path, data: bytes) -> None:
    """The bytes under a temporary name beside ``path``, synced, then renamed to it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with open(draft, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


def write_table(path: Path, table: pa.Table, batch: int = 1000) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=batch)


def read_table(path: Path) -> pa.Table:
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


def batches(path: Path, first: int, last: int) -> Iterator[pa.RecordBatch]:
    """Record batches ``first`` to ``last`` (not included) of a table on disk, one in memory at a time."""
    state = os.stat(path)
    reader = _reader(str(path), state.st_ino, state.st_mtime_ns)
    for i in range(first, last):
        yield reader.get_batch(i)


@lru_cache(maxsize=2)
def _reader(path: str, *state: int) -> pa.ipc.RecordBatchFileReader:
    """Opened once for all batches of a file; ``state`` tells it from one that took its place."""
    return pa.ipc.open_file(pa.memory_map(path))


def batch_count(path: Path) -> int:
    return pa.ipc.open_file(pa.memory_map(str(path))).num_record_batches


def write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, sort_keys=True, ensure_ascii=False), encoding="utf-8", errors="surrogatepass")


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8", errors="surrogatepass"))


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return (
            hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else hashlib.sha256(file.read()).hexdigest()
        )


def _synced(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
