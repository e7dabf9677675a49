"""A plain folder as a repository without history: a path -> sorted (label, path on disk), following no symlink.

In: a folder. Out: its files, and the ids git would give them. Costs one scan, and one read of each file when asked.
Folders named ``.git`` inside it are not entered; links, FIFOs, sockets and devices are counted and never opened.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from elite_code_dataset.config import MAX_TREE_DEPTH, MAX_TREE_ENTRIES
from elite_code_dataset.trees import count, label


def folder_files(root: Path, drops: dict[str, list[int]]) -> dict[str, bytes]:
    """Label -> path on disk of every plain file, in label order."""
    found: dict[str, bytes] = {}
    stack = [(os.fsencode(root), b"", 0)]
    while stack:
        folder, prefix, depth = stack.pop()
        for entry in _entries(folder, drops):
            name = prefix + entry.name
            if len(found) >= MAX_TREE_ENTRIES or depth >= MAX_TREE_DEPTH:
                count(drops, "too_many_entries" if depth < MAX_TREE_DEPTH else "tree_too_deep")
            elif entry.is_symlink():
                count(drops, "symlink")
            elif entry.is_dir(follow_symlinks=False):
                if entry.name != b".git":
                    stack.append((entry.path, name + b"/", depth + 1))
            elif entry.is_file(follow_symlinks=False):
                found[label(name)] = entry.path
            else:
                count(drops, "special_file")
    return dict(sorted(found.items()))


def _entries(folder: bytes, drops: dict[str, list[int]]) -> Iterator[os.DirEntry]:
    try:
        with os.scandir(folder) as entries:
            yield from sorted(entries, key=lambda entry: entry.name)
    except OSError:
        count(drops, "unreadable_folder")
