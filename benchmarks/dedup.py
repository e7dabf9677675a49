"""Deduplication: are the twins that should go the ones that go? Beside text-dedup, where it is installed.

    python benchmarks/dedup.py FOLDER [FOLDER ...] [--chunks 20000] [--planted 2000]

In: folders of real code. 20,000 chunks of 20 to 60 lines are cut from it, and copies of some, with a known share of their tokens edited, are planted
among them. Truth is the exact Jaccard of all pairs, by a join that misses none. Out, for each backend: recall and precision of the pairs, whether the
rows that went are those due; seconds; then how many renamed clones the semantic mode finds.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import random
import re
import textwrap
import time
from pathlib import Path

import numpy as np
from datasets import Dataset

from elite_code_dataset.dedup import deduplicated
from elite_code_dataset.records import EliteCodeError
from elite_code_dataset.similarity import candidates, joined, shingles, signatures, verified
from elite_code_dataset.textdedup import textdedup_candidates

SUFFIXES = (".py", ".rs", ".go", ".js", ".ts", ".java", ".c", ".cpp", ".h", ".pyi")
THRESHOLD = 0.85
EDITED = (0.005, 0.01, 0.015, 0.02, 0.03, 0.05)  # shares of the tokens that are replaced: Jaccard about 0.95 down to 0.6


def real_chunks(folders: list[str], count: int) -> list[str]:
    """``count`` distinct pieces of real files, 20 to 60 lines each, in an order that depends on the texts alone."""
    pieces: dict[str, str] = {}
    for folder in folders:
        paths = [path for path in Path(folder).rglob("*") if path.suffix in SUFFIXES and path.is_file() and path.stat().st_size < 400_000]
        for path in sorted(paths, key=lambda path: hashlib.sha256(path.name.encode()).hexdigest() + str(path)):
            if len(pieces) < 2 * count:
                pieces.update(pieces_of(path))
    return [pieces[key] for key in sorted(pieces)[:count]]


def pieces_of(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError:
        return {}
    draw = random.Random(path.name)
    pieces, start = {}, 0
    while start < len(lines):
        end = start + draw.randint(20, 60)
        text = "\n".join(lines[start:end])
        if len(re.findall(r"[A-Za-z_]\w*", text)) >= 40:
            pieces[hashlib.sha256(text.encode()).hexdigest()] = text
        start = end
    return pieces


def edited(text: str, share: float, draw: random.Random) -> str:
    """The text with this share of its words replaced, at random places."""
    words = list(re.finditer(r"[A-Za-z_]\w*", text))
    chosen = {m.start(): m for m in draw.sample(words, max(1, round(share * len(words))))}
    return re.sub(r"[A-Za-z_]\w*", lambda m: f"{m[0]}_{draw.randint(0, 99)}" if m.start() in chosen else m[0], text)


def functions(folders: list[str], count: int) -> list[str]:
    """``count`` distinct real Python functions of 150 tokens or more, without a docstring."""
    found: dict[str, str] = {}
    paths = [path for folder in folders for path in Path(folder).rglob("*.py") if path.stat().st_size < 200_000]
    for path in sorted(paths, key=lambda path: hashlib.sha256(path.name.encode()).hexdigest() + str(path)):
        try:
            text = path.read_text(encoding="utf-8")
            tree = ast.parse(text)
        except (UnicodeDecodeError, SyntaxError, ValueError):
            continue
        lines = text.split("\n")
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and 10 < node.end_lineno - node.lineno < 80 and not ast.get_docstring(node):
                function = textwrap.dedent("\n".join(lines[node.lineno - 1 : node.end_lineno]))
                if len(re.findall(r"\w+|[^\w\s]", function)) >= 150:
                    found[hashlib.sha256(function.encode()).hexdigest()] = function
        if len(found) > 2 * count:
            break
    return [found[key] for key in sorted(found)[:count]]


def renamed(function: str, share: float, draw: random.Random) -> str:
    """This share of the function's variables and parameters under another name, everywhere but in strings."""
    try:
        tree = ast.parse(function)
    except SyntaxError:
        return function
    names = sorted({n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} | {a.arg for a in ast.walk(tree) if isinstance(a, ast.arg)})
    chosen = set(draw.sample(names, round(share * len(names))))
    skip = r"(\"\"\".*?\"\"\"|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|#[^\n]*)|[A-Za-z_]\w*"
    return re.sub(skip, lambda m: f"{m[0]}_x{len(m[0])}" if m[1] is None and m[0] in chosen else m[0], function, flags=re.S)


def row(number: int, text: str) -> dict:
    plain = {"split": "train", "path": "x.py", "language": "python", "kind": "code", "scale": 512, "technique": "original", "parent_id": ""}
    return {"id": f"{number:06}", "text": text, "context_chars": 0, "timestamp": 0, **plain}


def report(name: str, pairs: set, truth: set, seconds: float) -> None:
    right = len(pairs & truth)
    print(
        f"{name:28} recall {right / max(1, len(truth)):.4f}  precision {right / max(1, len(pairs)):.4f}"
        f"  pairs {len(pairs):6}  {seconds:6.1f} s",
        flush=True,
    )


def due(texts: list[str], truth: set) -> set[int]:
    """Rows that should go: in order, each that has a kept twin."""
    twins: dict[int, list[int]] = {}
    for a, b in sorted(truth):
        twins.setdefault(b, []).append(a)
    gone: set[int] = set()
    for item in range(len(texts)):
        if any(twin not in gone for twin in twins.get(item, ())):
            gone.add(item)
    return gone


def near(texts: list[str]) -> None:
    start = time.perf_counter()
    sets = shingles(texts)
    print(f"{len(texts)} chunks, {sum(map(len, texts)) / 1e6:.1f} MB; shingled in {time.perf_counter() - start:.1f} s")
    start = time.perf_counter()
    truth = {(p.first, p.second) for p in joined(sets, THRESHOLD)}
    print(f"truth by exact join: {len(truth)} pairs in {time.perf_counter() - start:.1f} s")
    backends = {"MinHash candidates": lambda: candidates(signatures(sets)), "text-dedup candidates": lambda: textdedup_candidates(texts)}
    for name, propose in backends.items():
        start = time.perf_counter()
        try:
            found = propose()
        except EliteCodeError as error:
            print(f"{name}: {error}")
            continue
        report(name, {tuple(pair) for pair in found.tolist()}, truth, time.perf_counter() - start)
        start = time.perf_counter()
        kept = {(a, b) for a, b, _ in verified(sets, THRESHOLD, found)}
        report("  verified", kept, truth, time.perf_counter() - start)
    ds, expected, answers = Dataset.from_list([row(k, text) for k, text in enumerate(texts)]), due(texts, truth), {}
    for backend in ("numpy", "text-dedup"):
        start = time.perf_counter()
        try:
            answers[backend] = {int(one) for one in deduplicated(ds, "near", THRESHOLD, backend).dropped["id"]}
        except EliteCodeError:
            continue
        gone, seconds = answers[backend], time.perf_counter() - start
        print(
            f"deduplicate(backend={backend!r}): {len(gone)} rows gone, {len(expected)} due; recall {len(gone & expected) / len(expected):.4f},"
            f" precision {len(gone & expected) / max(1, len(gone)):.4f}, {seconds:.1f} s"
        )
    if len(answers) == 2:
        print("both backends keep the same rows:", answers["numpy"] == answers["text-dedup"])


def semantic(chosen: list[str]) -> None:
    draw = random.Random(1)
    for label, share in (("30 % of the names", 0.3), ("all names", 1.0)):
        clones = [renamed(text, share, draw) for text in chosen]
        ds = Dataset.from_list([row(k, text) for k, text in enumerate(chosen + clones)])
        for mode in ("near", "semantic"):
            start = time.perf_counter()
            pairs = {(int(one["twin"]), int(one["id"])) for one in deduplicated(ds, mode, THRESHOLD).dropped}
            found = len({one for _, one in pairs if one >= len(chosen)})
            others = len({one for _, one in pairs if one < len(chosen)})
            seconds = time.perf_counter() - start
            print(
                f"{label} renamed, mode {mode!r}: {found} of {len(chosen)} clones gone, {others} originals gone, {2 * len(chosen) / seconds:.0f} functions/s"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--chunks", type=int, default=20_000)
    parser.add_argument("--planted", type=int, default=2_000)
    options = parser.parse_args()
    real = real_chunks(options.folders, options.chunks - options.planted)
    draw = random.Random(0)
    planted = [edited(draw.choice(real), EDITED[k % len(EDITED)], draw) for k in range(options.planted)]
    near(real + planted)
    semantic(functions(options.folders, options.planted // 2))


if __name__ == "__main__":
    np.seterr(over="ignore")  # hashing wraps around
    main()
