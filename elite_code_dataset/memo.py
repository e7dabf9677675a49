"""Memo: what an earlier pass answered, on disk by key, so that it is not asked again what nothing can have changed.

In: a folder of the cache, a name (one for each dataset that is built again and again) and a table with a ``key``. Out: the rows of the keys that are
known. A memo is one Arrow file named by its own sha256: written beside and renamed, so two processes do not disturb each other; a damaged one, or one that
somebody removes, is passed over. The folder holds ``MEMO_BYTES`` at most, the newest. Costs one read of the file for its sum.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

MEMO_BYTES = 1_000_000_000  # of all memos in a folder; ripgrep's is 50 MB
FOLDER = "elite_code_dataset-memo"
KEY_BYTES = 16


class Memo:
    """``table``: whatever was written; ``places``: key -> row."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table
        self.places = {key: row for row, key in enumerate(table.column("key").to_pylist())}

    def found(self, keys: Sequence[bytes]) -> list[int]:
        """The row of each key, -1 where there is none."""
        return [self.places.get(key, -1) for key in keys]


class Parts:
    """Plain JSON values by key: those that were kept the last time, and those made now."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        memo = opened(newest(folder, name))
        told = memo.table.column("told").to_pylist() if memo else []
        self._known = {key: told[row] for key, row in memo.places.items()} if memo else {}
        self._used: dict[bytes, str] = {}

    def of(self, key: bytes, make: Callable[[], Any]) -> Any:
        """What ``make`` gave for this key, or gives now."""
        if key not in self._used:
            self._used[key] = self._known.get(key) or json.dumps(make(), sort_keys=True)
        return json.loads(self._used[key])

    def keep(self) -> None:
        """For the next time: what was used this time."""
        if self._used.keys() != self._known.keys():
            keys = pa.array(list(self._used), pa.binary(KEY_BYTES))
            table = pa.table({"key": keys, "told": pa.array(list(self._used.values()), pa.string())})
            kept(self._folder, self._name, table.schema, table.to_batches())


def key_of(*told: str | bytes) -> bytes:
    """A digest of these texts, as long as a key is."""
    parts = [one.encode("utf-8", "surrogatepass") if isinstance(one, str) else one for one in told]
    return hashlib.blake2b(b"\0".join(hashlib.sha256(one).digest() for one in parts), digest_size=KEY_BYTES).digest()


def newest(folder: Path, name: str) -> str:
    """The file that holds this memo; '' where there is none."""
    try:
        files = [path for path in folder.glob(f"{name}-*.arrow") if not path.name.startswith(".")]
        return str(max(files, key=lambda path: (path.stat().st_mtime_ns, path.name), default=""))
    except OSError:
        return ""


@lru_cache(maxsize=2)
def opened(path: str) -> Memo | None:
    """The memo in a file; None where it is not what was written."""
    try:
        source = pa.memory_map(path)
        whole = source.read_buffer()
        if hashlib.sha256(whole).hexdigest()[:32] != Path(path).stem.rpartition("-")[2]:
            return None
        return Memo(pa.ipc.open_file(pa.BufferReader(whole)).read_all())
    except (OSError, pa.ArrowException, LookupError):
        return None


def kept(folder: Path, name: str, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
    """Put a memo in the place of the one of this name. It is a convenience: where it cannot be written, there is none."""
    draft = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
        os.close(descriptor)
        with pa.OSFile(draft, "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
            for batch in batches:
                writer.write_batch(batch)
        digest = hashlib.sha256(pa.memory_map(draft).read_buffer()).hexdigest()[:32]
        os.replace(draft, folder / f"{name}-{digest}.arrow")
        _bounded(folder, name, f"{name}-{digest}.arrow")
    except OSError:
        with suppress(OSError):
            os.unlink(draft or "")


def _bounded(folder: Path, name: str, latest: str) -> None:
    """Without what this name had before, and without the oldest files while all are too many bytes; what a process that died left counts too."""
    files = [(path.stat().st_mtime_ns, path.stat().st_size, path) for path in folder.iterdir() if path.is_file()]
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if (path.name.startswith(f"{name}-") and path.name != latest) or total > MEMO_BYTES:
            path.unlink(missing_ok=True)
            total -= size
