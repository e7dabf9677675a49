"""How right and how fast the import graph is.

    python benchmarks/dependencies.py python networkx jinja2 ...     # truth: what the interpreter really imported
    python benchmarks/dependencies.py rust PATH ...                  # truth: the files the compiler read, and its module tree's reach
    python benchmarks/dependencies.py speed PATH ...                 # per language: files, imports by outcome, milliseconds
    python benchmarks/dependencies.py sample PATH LANGUAGE 40        # random imports with what they were resolved to, to check by hand

In: installed pure-Python packages, or git repositories. Out: tables on standard output. The Python truth runs in a child process that
wraps ``builtins.__import__``, imports every module of the package, and notes for each executed import of which file the thing imported
comes: a module's own file, or the file of the ``__module__`` of a class or function. Imports of other values have no certain origin and are left out.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from elite_code_dataset.dependencies import Graph, graph_of, is_manifest
from elite_code_dataset.languages import language_of
from elite_code_dataset.parse import parsed
from elite_code_dataset.records import ParsedFile, SourceFile
from elite_code_dataset.resolvers import Project, families
from elite_code_dataset.resolvers.rust_modules import Tree

HOOK = r"""
import builtins, importlib, inspect, json, os, pkgutil, sys, types, warnings
warnings.simplefilter("ignore")
real, seen = builtins.__import__, []
def hook(name, globals=None, locals=None, fromlist=(), level=0):
    result = real(name, globals, locals, fromlist, level)
    origin = (globals or {}).get("__file__")
    if origin:
        seen.append((origin, (globals or {}).get("__package__") or "", name, tuple(fromlist or ()), level))
    return result
package = importlib.import_module(sys.argv[1])
for key in [key for key in sys.modules if key == sys.argv[1] or key.startswith(sys.argv[1] + ".")]:
    del sys.modules[key]
builtins.__import__ = hook
package = importlib.import_module(sys.argv[1])
for one in pkgutil.walk_packages(package.__path__, sys.argv[1] + ".", onerror=lambda name: None):
    if "__main__" in one.name:
        continue
    try:
        importlib.import_module(one.name)
    except BaseException:
        pass
builtins.__import__ = real
def absolute(package, name, level):
    base = package.rsplit(".", level - 1)[0] if level else ""
    return ".".join(part for part in (base, name) if part)
for origin, inside, name, names, level in seen:
    module = sys.modules.get(absolute(inside, name, level))
    if module is None:
        continue
    if not names or names == ("*",):
        print(json.dumps([origin, "." * level + name, list(names), [getattr(module, "__file__", None)]]))
        continue
    nearest = getattr(module, "__file__", None)
    for wanted in names:
        value = getattr(module, wanted, None)
        if isinstance(value, types.ModuleType):
            print(json.dumps([origin, "." * level + name, [wanted], [getattr(value, "__file__", None), nearest]]))
        elif inspect.isclass(value) or inspect.isfunction(value):
            definer = sys.modules.get(value.__module__)
            if definer is not None and vars(definer).get(wanted, value) is value:
                print(json.dumps([origin, "." * level + name, [wanted], [getattr(definer, "__file__", None), nearest]]))
"""


def read(path: str, data: bytes) -> ParsedFile | None:
    language = language_of(path, data)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return parsed(SourceFile(path, language.name, "core", "", "", text, 0, path)) if language else None


def repository(path: Path) -> tuple[list[ParsedFile], dict[str, str]]:
    """Parsed files and manifests of HEAD."""
    listed = subprocess.run(["git", "-C", str(path), "ls-tree", "-r", "-z", "--name-only", "HEAD"], capture_output=True, check=True).stdout
    files, manifests = [], {}
    for name in sorted(part.decode("utf-8", "surrogateescape") for part in listed.split(b"\0") if part):
        shown = subprocess.run(["git", "-C", str(path), "cat-file", "blob", f"HEAD:{name}"], capture_output=True)
        if is_manifest(name):
            manifests[name] = shown.stdout.decode("utf-8", "replace")
        file = read(name, shown.stdout)
        if file:
            files.append(file)
    return files, manifests


def python_truth(package: str) -> Counter[str]:
    """Compare every import that ran with what the resolver says of the same import. What the package only passes on from outside counts
    as the module that the import names, since that is the file of this package it depends on; a compiled module as the source beside it."""
    spec = find_spec(package)
    if spec is None or not spec.origin:
        sys.exit(f"no installed package {package!r}; name one that `import {package}` finds")
    root = Path(spec.origin).parent
    base = root.parent
    files = [file for path in sorted(root.rglob("*.py")) if (file := read(path.relative_to(base).as_posix(), path.read_bytes()))]
    known = {file.source.path for file in files}
    single = _by_name(files)
    ran = subprocess.run([sys.executable, "-c", HOOK, package], capture_output=True, text=True, timeout=600)
    counts, wrong = Counter(), []
    for line in sorted(set(ran.stdout.splitlines())):
        if not line.startswith("[") or not (row := json.loads(line))[0].startswith(f"{base}/{package}/"):
            continue
        origin, module, names, targets = row
        key = (origin[len(str(base)) + 1 :], module, tuple(names))
        if key not in single:
            counts["not seen by the parser"] += 1
            continue
        candidates = [re.sub(r"(\.\w+)?\.(so|pyd)$", ".py", target[len(str(base)) + 1 :]) for target in targets if target]
        true, mine = set([target for target in candidates if target in known][:1]), single[key]
        counts["ran"] += 1
        counts["true"] += bool(true)
        counts["resolved"] += bool(mine)
        counts["right"] += bool(true) and mine == true
        if mine != true:
            wrong.append((key, sorted(mine), sorted(true)))
    print(f"{package:14} files {len(files):5}  {_shares(counts)}", dict(counts))
    for item in wrong[:8]:
        print("   ", *item)
    return counts


def _by_name(files: list[ParsedFile]) -> dict[tuple[str, str, tuple[str, ...]], set[str]]:
    """The answer for each single imported name: the resolver asked about an import of that name alone."""
    alone = []
    for file in files:
        imports = [replace(one, names=(name,)) for one in file.imports for name in (one.names or ((),)) if name != ()]
        imports += [one for one in file.imports if not one.names]
        alone.append(replace(file, imports=tuple(imports)))
    resolver = families()["python"].maker(Project(files, {}))
    return {
        (file.source.path, one.module, one.names): set(outcome.paths)
        for file in alone
        for one, outcome in zip(file.imports, resolver(file))
    }


def _shares(counts: Counter) -> str:
    return f"precision {counts['right'] / max(1, counts['resolved']):.4f}  recall {counts['right'] / max(1, counts['true']):.4f}"


def rust_truth(path: Path) -> None:
    """Compare each crate's module tree with the files that ``rustc --emit=dep-info`` reads for it (no dependency is needed for that).

    The compiler leaves out modules whose ``cfg`` is off here (other systems, features), so a file more than its list is not yet wrong.
    """
    files, manifests = repository(path)
    tree = Tree(Project(files, manifests))
    totals: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(["git", "-C", str(path), "archive", "HEAD"], capture_output=True, check=True)
        subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
        for number, crate in enumerate(tree.crates):
            mine = {file for file, keys in tree.keys.items() for key in keys if key[0] == number and file not in tree.strays}
            listing = Path(folder) / "files.d"
            listing.unlink(missing_ok=True)
            kind = ["--crate-type", "lib"] if crate.is_library else []
            command = ["rustc", "--test", *kind, "--edition", str(crate.edition), f"--emit=dep-info={listing}", crate.root]
            subprocess.run(command, cwd=folder, capture_output=True)
            lines = listing.read_text().splitlines() if listing.exists() else []
            true = {line[:-1] for line in lines if line.endswith(".rs:")}
            if not true:
                totals["crates the compiler gave no list for"] += 1
                continue
            totals["crates"] += 1
            totals["files the compiler read"] += len(true)
            totals["of them in the tree"] += len(true & mine)
            totals["in the tree only"] += len(mine - true)
            for file in sorted(true ^ mine):
                print(f"   {crate.root}: {file} is only {'in the tree' if file in mine else 'read by the compiler'}")
    print(path.name, dict(totals))


def speed(path: Path) -> None:
    started = time.perf_counter()
    files, manifests = repository(path)
    parsing = time.perf_counter() - started
    started = time.perf_counter()
    graph: Graph = graph_of(files, manifests)
    took = time.perf_counter() - started
    sizes = Counter(file.source.language for file in files)
    print(
        f"{path.name}: {len(files)} files, {sum(map(len, graph.edges.values()))} edges, parsing {parsing:.2f} s, graph {took * 1000:.0f} ms"
    )
    for language, counts in graph.counts.items():
        print(f"   {language:12} files {sizes[language]:5}  {counts}")


def sample(path: Path, language: str, count: int) -> None:
    """Imports in an order fixed by their own text, so that nobody picks them."""
    files, manifests = repository(path)
    resolver = families()[language].maker(Project(files, manifests))
    rows = defaultdict(list)
    for file in files:
        if file.source.language == language:
            shown = [one for one in file.imports if one.kind != "package"]
            for one, outcome in zip(shown, resolver(file)):
                rows["edge" if outcome.paths and outcome.paths != (file.source.path,) else "other"].append((file.source.path, one, outcome))
    for kind, items in rows.items():
        print(f"== {kind}: {count} of {len(items)}")
        items.sort(key=lambda row: hashlib.sha256(repr(row).encode()).digest())
        for origin, one, outcome in items[:count]:
            line = next(file for file in files if file.source.path == origin).source.text.encode()[: one.start_byte].count(b"\n") + 1
            print(f"{origin}:{line}  {one.kind} {one.module} {one.names}  ->  {outcome.paths or outcome.external or outcome.reason}")


def main(arguments: list[str]) -> None:
    if len(arguments) < 2:
        sys.exit(__doc__)
    command, *rest = arguments
    if command == "sample":
        sample(Path(rest[0]), rest[1], int(rest[2]))
        return
    for item in rest:
        {"python": python_truth, "rust": lambda path: rust_truth(Path(path)), "speed": lambda path: speed(Path(path))}[command](item)


if __name__ == "__main__":
    main(sys.argv[1:])
