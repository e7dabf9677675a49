"""Checkpoints: a folder and its manifest. A folder counts only when its manifest, written last, matches every byte of it.

In: a run's output folder. Out: the last checkpoint that is complete and intact, and for each refused one the reason. Costs one reading of a
checkpoint's files (sha256, about 1 GB/s).

A checkpoint holds the model, or its adapter alone, as safetensors, with configuration and tokenizer; ``trainer_state.json``, ``plan.json`` and
the manifest; and the states of optimizer, schedule and random numbers, which torch writes and reads back with ``weights_only``, so that none of
them can run code. That is so on one process, on several, and for models that FSDP2 divides. DeepSpeed adds files of its own, which it unpickles.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elite_code_dataset.records import EliteCodeError

MANIFEST = "manifest.json"
PLAN = "plan.json"
PREFIX = "checkpoint-"


@dataclass(frozen=True)
class Refused:
    """A checkpoint that must not be used, and why."""

    folder: Path
    reason: str


def write_json(path: Path, content: Any) -> None:
    """Written under another name, synced, renamed: a reader sees the whole file or none."""
    partial = path.with_name(path.name + ".partial")
    with open(partial, "w", encoding="utf-8") as stream:
        json.dump(content, stream, indent=1, sort_keys=True)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(partial, path)


def seal(folder: Path, step: int, plan: dict[str, Any]) -> None:
    """Write ``plan.json``, sync every file, then write the manifest: from here on the checkpoint is complete."""
    write_json(folder / PLAN, plan)
    files = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST):
        with open(path, "rb") as stream:
            os.fsync(stream.fileno())
        files[path.relative_to(folder).as_posix()] = [path.stat().st_size, _sha256(path)]
    content = {"step": step, "fingerprint": plan["fingerprint"], "files": files}
    write_json(folder / MANIFEST, {**content, "digest": _digest(content)})


def flaw(folder: Path) -> str:
    """Why this checkpoint must not be used; '' where it is complete and intact."""
    if not folder.is_dir():
        return "there is no such folder"
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        digest, files = content.pop("digest"), content["files"]
    except FileNotFoundError:
        return f"it has no {MANIFEST}: the save was not finished"
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"its {MANIFEST} cannot be read"
    if digest != _digest(content):
        return f"the contents of its {MANIFEST} have changed since it was saved"
    for name, (size, digest) in sorted(files.items()):
        path = folder / name
        if not path.is_file():
            return f"{name} is missing"
        if path.stat().st_size != size:
            return f"{name} has {path.stat().st_size} bytes, not {size}"
        if _sha256(path) != digest:
            return f"the contents of {name} have changed since it was saved"
    return ""


def numbered(output: Path) -> list[Path]:
    """The checkpoint folders of a run, complete or not, oldest step first."""
    found = [path for path in Path(output).glob(f"{PREFIX}*") if path.is_dir() and path.name[len(PREFIX) :].isdecimal()]
    return sorted(found, key=lambda path: int(path.name[len(PREFIX) :]))


def last_intact(output: Path) -> tuple[Path | None, list[Refused]]:
    """The newest checkpoint that can be used, and the newer ones that cannot."""
    refused = []
    for folder in reversed(numbered(output)):
        reason = flaw(folder)
        if not reason:
            return folder, refused
        refused.append(Refused(folder, reason))
    return None, refused


def check_usable(folder: Path, fingerprint: str) -> None:
    """Raise ``EliteCodeError`` unless the checkpoint is intact and belongs to the plan with this fingerprint."""
    reason = flaw(folder)
    if reason:
        raise EliteCodeError(f"checkpoint {folder} cannot be resumed: {reason}; use --resume auto to take the newest intact one")
    theirs = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["fingerprint"]
    if theirs != fingerprint:
        raise EliteCodeError(
            f"checkpoint {folder} belongs to another plan ({theirs[:12]}, this run is {fingerprint[:12]}): its rows, epochs, batch sizes or seed "
            "differ; run with the options it was made with, or start anew with another --output (or --overwrite)"
        )


def rotate(output: Path, keep: int | None, best: str | None) -> None:
    """Remove all but the newest ``keep`` complete checkpoints and the best one, and what older unfinished saves left."""
    if not keep:
        return
    complete = [folder for folder in numbered(output) if (folder / MANIFEST).is_file()]
    kept = {folder.name for folder in complete[-keep:]} | ({Path(best).name} if best else set())
    newest = int(complete[-1].name[len(PREFIX) :]) if complete else -1
    for folder in numbered(output):
        if folder.name not in kept and int(folder.name[len(PREFIX) :]) < newest:
            clear(folder)


def clear(folder: Path) -> None:
    """Remove a checkpoint, its manifest first, so that a half-removed one never looks complete."""
    (folder / MANIFEST).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else _sha256_slow(stream)


def _sha256_slow(stream: Any) -> str:
    """``hashlib.file_digest`` for Python 3.10."""
    digest = hashlib.sha256()
    while block := stream.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()
