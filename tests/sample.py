"""A small real repository and an honest dataset cut from it, for the tests of what comes after building.

In: an empty folder. Out: a git repository of real code (a dozen modules of the standard library with a history of edits), and a DatasetDict of
its rows at all scales, with edits, a renamed twin per file, weights, curriculum and metadata. Costs about three seconds.
"""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
from pathlib import Path

from datasets import Dataset, DatasetDict, Features, Value

from elite_code_dataset import curriculum, metadata, secrets, tokens, weights
from elite_code_dataset.records import SCALES, SPLITS, Window

DAY = 86_400
NOW = 1_700_000_000  # committer time of the last commit
MODULES = ("bisect", "cmd", "colorsys", "fnmatch", "getopt", "glob", "graphlib", "heapq", "queue", "sched", "shlex", "string", "textwrap")
PACKAGED = ("__init__", "decoder", "encoder", "scanner", "tool")
SPLIT_OF = {
    "src/kit/graphlib.py": "validation",
    "src/kit/shlex.py": "validation",
    "src/kit/sched.py": "test",
    "tests/test_bisect.py": "test",
}
KINDS = {
    "str": Value("string"),
    "int": Value("int64"),
    "float": Value("float64"),
    "list[str]": [Value("string")],
    "list[int]": [Value("int32")],
}
FEATURES = Features({field.name: KINDS[str(field.type)] for field in dataclasses.fields(Window)})
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


def clean_sources() -> dict[str, str]:
    return {path: secrets.redacted(text)[0] for path, text in sources().items()}


def tokenizer() -> tokens.Encoder:
    """The tokenizer of the sample: trained on its train files."""
    return tokens.trained_encoder([text for path, text in clean_sources().items() if SPLIT_OF.get(path, "train") == "train"], 4000)


def dataset() -> DatasetDict:
    """The rows of ``sources()`` cut at lines, with an edit and a renamed twin per module, weighed and ordered, metadata attached."""
    files, encoder = clean_sources(), tokenizer()
    rows: list[dict] = []
    for at, (path, text) in enumerate(sorted(files.items())):
        if path == "LICENSE":
            continue
        base = facts_of(path, text, NOW - at * 9 * DAY)
        for scale in SCALES:
            rows += windows(encoder, base, text, scale)
        if base["role"] == "core" and earlier(text) != text:
            rows.append(edit(encoder, base, text))
    rows += [twin for row in rows if row["split"] == "train" and row["scale"] == 512 for twin in renamed(encoder, row)]
    ds = DatasetDict({split: Dataset.from_list([row for row in rows if row["split"] == split], features=FEATURES) for split in SPLITS})
    ds = curriculum.order(weights.weigh(ds))
    return metadata.attach(ds, remembered(ds, files))


def facts_of(path: str, text: str, when: int) -> dict:
    """What every row of one file shares."""
    role = "test" if path.startswith("tests/") else "doc" if path.endswith(".md") else "core"
    return {
        "id": path,
        "group": path,
        "split": SPLIT_OF.get(path, "train"),
        "path": path,
        "language": "markdown" if path.endswith(".md") else "python",
        "role": role,
        "kind": "code",
        "technique": "original",
        "parent_id": "",
        "units": re.findall(r"^(?:class|def) (\w+)", text, re.M),
        "signatures": [],
        "dependencies": [f"src/kit/json/{name}.py" for name in ("decoder", "encoder")] if path.endswith("json/__init__.py") else [],
        "complexity": 1,
        "commit": "c0ffee" * 6 + "c0ff",
        "timestamp": when,
        "age_days": (NOW - when) / DAY,
        "verified": "",
        "idiom": "",
        "original_start": 0,
        "original_end": 0,
    }


def row_of(encoder: tokens.Encoder, base: dict, context: str, target: str, **more) -> dict:
    before, after = (encoder.ids(one) for one in (context, target))
    fits = {"text": context + target, "context_chars": len(context), "input_ids": before + after, "context_tokens": len(before)}
    complexity = 1 + len(re.findall(r"\b(?:if|elif|for|while|and|or|except)\b", target))
    return base | fits | {"n_tokens": len(before) + len(after), "complexity": complexity} | more


def windows(encoder: tokens.Encoder, base: dict, text: str, scale: int) -> list[dict]:
    """One file at one scale: whole lines until the scale is full, each byte once."""
    context = f"# {base['path']}\n"
    rows, lines, first = [], text.splitlines(keepends=True), 0
    sizes = [len(line.ids) for line in encoder.encode(lines)]  # a line begins a token, so sizes add up
    while first < len(lines):
        last = first + 1
        while last < len(lines) and len(encoder.ids(context)) + sum(sizes[first : last + 1]) <= scale:
            last += 1
        target, start = "".join(lines[first:last]), len("".join(lines[:first]).encode())
        span = {"start_byte": start, "end_byte": start + len(target.encode()), "start_line": first + 1, "end_line": last, "scale": scale}
        if target.strip():
            rows.append(row_of(encoder, base, context, target, **span | {"id": f"{base['path']}:{scale}:{start}"}))
        else:  # blank lines go to the row before
            rows[-1] |= row_of(
                encoder, rows[-1], context, rows[-1]["text"][len(context) :] + target, end_byte=span["end_byte"], end_line=last
            )
        first = last
    return rows


def edit(encoder: tokens.Encoder, base: dict, text: str) -> dict:
    """The last change of a file as a row: three lines came in."""
    lines = text.split("\n")
    middle = len(lines) // 2
    context, target = "\n".join(lines[middle - 4 : middle]) + "\n", "\n".join(lines[middle : middle + 3]) + "\n"
    start = len(("\n".join(lines[: middle - 4]) + "\n").encode())
    end = start + len((context + target).encode())
    span = {"start_byte": start, "end_byte": end, "start_line": middle - 3, "end_line": middle + 3, "scale": 512}
    head = f"# {base['path']}\n# Restore a line of {Path(base['path']).stem}\n# Original:\n"
    block = {"kind": "edit", "original_start": len(head), "original_end": len(head + context), "id": f"{base['path']}:edit:{start}"}
    return row_of(encoder, base, f"{head}{context}# Updated:\n", context + target, **span | block)


def renamed(encoder: tokens.Encoder, row: dict) -> list[dict]:
    """The row with one of its local names changed, where it has one that is surely local."""
    context, target = row["text"][: row["context_chars"]], row["text"][row["context_chars"] :]
    changed = re.sub(r"(?<![\w.])(?:lo|text|node|item)(?![\w=(])", "value", target)
    if changed == target:
        return []
    child = row_of(encoder, row, context, changed, technique="rename", parent_id=row["id"], id=row["id"] + "~rename", verified="parsed")
    return [child] if child["n_tokens"] <= row["scale"] else []


def remembered(ds: DatasetDict, files: dict[str, str]) -> dict:
    """The metadata of this sample, as ``build`` would attach it."""
    edges = [["src/kit/json/__init__.py", f"src/kit/json/{name}.py"] for name in ("decoder", "encoder")]
    edges += [["src/kit/__init__.py", f"src/kit/{name}"] for name in ("bisect.py", "heapq.py", "json/__init__.py")]
    read = sum(len(text.encode()) for text in files.values())
    return {
        "repository": "kit",
        "commit": "c0ffee" * 6 + "c0ff",
        "commit_time": NOW,
        "config": {"windows": list(SCALES), "preset": "elite", "seed": 0},
        "tokenizer": "trained",
        "drops": [{"step": "read", "kept": len(files), "dropped": {"binary": 1}, "kept_bytes": read, "dropped_bytes": {"binary": 70}}],
        "certificate": {"exact": 0, "near": 0},
        "graph": {"nodes": len(files), "edges": len(edges), "edge_list": edges},
        "function_signatures": 41,
        "source_files": len(files) - 1,
        "git_diffs": sum(1 for row in ds["train"]["kind"] if row == "edit"),
        "digests": {split: metadata.digest(rows) for split, rows in ds.items()},
        "licence": [{"path": "LICENSE", "text": MIT}],
    }
