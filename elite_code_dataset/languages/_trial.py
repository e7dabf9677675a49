"""Parsing with limits, and a trial of it in a process that may die: run as a script, this file is that process.

In: source bytes, a grammar's wheel and name, a query. Out: a tree and matches; or, from a trial, whether both came to an end in time and
memory. A trial costs a new interpreter (about 50 ms) and the parse itself; of 9,499 files of installed packages 6 needed one.

This file imports nothing of ours: the process that tries a file must start fast and hold nothing worth losing.
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import json
import math
import subprocess
import sys
import time
import zlib
from pathlib import Path

import tree_sitter

# Files of 8 languages take 3 to 8 calls of the progress callback a KiB, the worst small one 25; crafted ones 45 to 100 and growing.
CALLS_BASE, CALLS_PER_KIB = 1000, 40
# Real code stays under 100 levels of syntax; what is nested deeper (a sum of thousands of terms) holds no units and no statements.
MAX_DEPTH = 500
# Of 9,499 files of installed packages two nest brackets deeper, two hold more unclosed ``<``, and none packs tighter.
CRAFTED_BRACKETS, CRAFTED_ANGLES, CRAFTED_RATIO, CRAFTED_BYTES = 200, 300, 0.05, 2000
RUBBLE_TOKENS = 5000  # time is quadratic in them: 5,000 take about 10 ms
TRIAL_MEMORY_BYTES = 1_500_000_000
PIECE_BYTES = 1024  # what the read callable hands over at once; small, since ``Node.text`` later reads whole pieces again


def loaded(module: str, name: str) -> tree_sitter.Language | None:
    """A grammar from its own wheel, or from the shared library of tree-sitter-languages; None when it is not installed.

    The latter's own ``get_parser`` fails with tree-sitter >= 0.22, and it has no wheels for Python 3.13 and later.
    """
    if module != "tree_sitter_languages":
        try:
            return tree_sitter.Language(getattr(importlib.import_module(module), name)())
        except ImportError:
            return None
    spec = importlib.util.find_spec(module)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for path in sorted(Path(folder).glob("languages.*")):
            if path.suffix in (".so", ".dylib", ".dll"):
                return _from_library(ctypes.CDLL(str(path)), name)
    return None


def _from_library(library: ctypes.CDLL, name: str) -> tree_sitter.Language | None:
    function = getattr(library, f"tree_sitter_{name}", None)
    if function is None:
        return None
    function.restype = ctypes.c_void_p
    capsule = ctypes.pythonapi.PyCapsule_New
    capsule.restype, capsule.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
    return tree_sitter.Language(capsule(function(), b"tree_sitter.Language", None))


def parse(parser: tree_sitter.Parser, source: bytes, deadline: float) -> tree_sitter.Tree | None:
    """The tree, or None once the work or the time allowed is used up.

    The source goes in through a read callable, since tree-sitter asks the progress callback only then.
    """
    allowed = CALLS_BASE + len(source) * CALLS_PER_KIB // 1024
    calls = 0

    def enough(*_: object) -> bool:
        nonlocal calls
        calls += 1
        return calls > allowed or time.thread_time() > deadline

    def read(offset: int, _: object) -> bytes:
        return source[offset : offset + PIECE_BYTES]

    try:
        tree = parser.parse(read, progress_callback=enough)
    except ValueError:  # how some versions report a parse that was called off
        tree = None
    if tree is None:
        parser.reset()
    return tree


def matches(tree: tree_sitter.Tree, query: tree_sitter.Query) -> list[tuple[int, dict[str, list[tree_sitter.Node]]]] | None:
    """All matches down to ``MAX_DEPTH``, or None when the cursor says that it dropped some.

    A cursor's time per node grows with its depth, so ``a+a+a+...`` would be quadratic without a bound (48 KB: 20 s; with it 4 ms). The
    cursor's own ``progress_callback`` is not used: tree-sitter 0.26 for Python crashes the process on it.
    """
    if _is_rubble(tree.root_node):
        return None
    cursor = tree_sitter.QueryCursor(query)
    cursor.set_max_start_depth(MAX_DEPTH)
    found = cursor.matches(tree.root_node)
    return None if cursor.did_exceed_match_limit else found


def _is_rubble(root: tree_sitter.Node) -> bool:
    """Whether thousands of bare tokens lie side by side, as after ``((((...``: a cursor looks through all of them at each of them."""
    if not root.has_error:
        return False
    return any(node.child_count - 2 * node.named_child_count > RUBBLE_TOKENS for node in (root, *root.children[:RUBBLE_TOKENS]))


def errors(tree: tree_sitter.Tree) -> int:
    """How many places of a tree are errors or missing, those inside an error not counted; looks only where there is one."""
    count, stack = 0, [tree.root_node]
    while stack:
        node = stack.pop()
        if node.is_error or node.is_missing:
            count += 1
        elif node.has_error:
            stack.extend(node.children)
    return count


def looks_crafted(source: bytes) -> bool:
    """Whether brackets nest, or angles stay open, deeper than in real code, or a sample packs tighter: a pattern repeated over and over."""
    if len(source) < CRAFTED_BYTES:
        return False
    middle = len(source) // 2
    sample = source[:8192] + source[middle : middle + 8192] + source[-8192:] if len(source) > 24576 else source
    if len(zlib.compress(sample, 1)) < len(sample) * CRAFTED_RATIO:
        return True
    return _open_at_once(source, b"([{", b")]}") > CRAFTED_BRACKETS or _open_at_once(source, b"<", b">") > CRAFTED_ANGLES


def _open_at_once(source: bytes, opening: bytes, closing: bytes) -> int:
    import numpy as np

    steps = np.zeros(256, np.int8)
    steps[list(opening)], steps[list(closing)] = 1, -1
    level = np.cumsum(steps[np.frombuffer(source, np.uint8)], dtype=np.int32)
    return int((level - np.minimum.accumulate(np.minimum(level, 0))).max())


def passed(source: bytes, grammar: tuple[str, str], query: str, seconds: float) -> bool:
    """Whether a process of its own got through parse and query within ``seconds`` of processor time and ``TRIAL_MEMORY_BYTES``."""
    if not sys.executable:  # an embedded interpreter cannot start another
        return False
    order = json.dumps({"grammar": grammar, "query": query, "seconds": seconds}).encode() + b"\n"
    try:
        done = subprocess.run(
            [sys.executable, __file__],
            input=order + source,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=4 * seconds + 10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _limit(seconds: float) -> None:
    try:
        import resource
    except ImportError:  # Windows: the parent's timeout stands alone
        return
    cpu = math.ceil(seconds) + 1
    for kind, most in ((resource.RLIMIT_CPU, cpu), (resource.RLIMIT_AS, TRIAL_MEMORY_BYTES), (resource.RLIMIT_CORE, 0)):
        try:
            resource.setrlimit(kind, (most, most))
        except (OSError, ValueError):  # macOS refuses some of them
            continue


def _main() -> int:
    line, _, source = sys.stdin.buffer.read().partition(b"\n")
    order = json.loads(line)
    _limit(order["seconds"])
    grammar = loaded(*order["grammar"])
    if grammar is None:
        return 1
    tree = parse(tree_sitter.Parser(grammar), source, time.thread_time() + order["seconds"])
    if tree is None:
        return 1
    return 0 if matches(tree, tree_sitter.Query(grammar, order["query"])) is not None else 1


if __name__ == "__main__":
    sys.path.pop(0)  # this folder: its modules are named after languages
    sys.exit(_main())
