"""Whole packages rewritten file by file, by each technique that promises to keep the meaning: their own tests end as they did before.

The packages are installed for this, from wheels that hold their test suites. A run imports the copy in the test's folder, which is checked.
"""

import ast
import importlib.util
import shutil
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from elite_code_dataset.augment import techniques
from elite_code_dataset.augment.files import file_techniques, rewritten_files
from elite_code_dataset.augment.registry import Abstained
from elite_code_dataset.languages import all_languages
from tests.suites import Run, run_of


@dataclass(frozen=True)
class Package:
    """``folders`` are copied; ``arguments`` are what pytest is given; at least ``tests`` of its tests pass."""

    name: str
    folders: tuple[str, ...]
    arguments: tuple[str, ...]
    tests: int


# Left out: what tests threads by waiting, runs programs that a machine may lack, or computes for seconds.
PACKAGES = (
    Package("colorama", ("colorama",), ("colorama/tests",), 30),
    Package("ecdsa", ("ecdsa",), ("ecdsa", "-k", "not rw_lock and not numbertheory and not multithreading and not OpenSSL"), 500),
    Package("hyperlink", ("hyperlink",), ("hyperlink/test",), 110),
    Package("pyflakes", ("pyflakes",), ("pyflakes/test",), 700),
    Package("simplejson", ("simplejson",), ("simplejson/tests",), 200),
    Package("toolz", ("toolz", "tlz"), ("toolz/tests",), 180),
)
# Of the files of all packages together, at least this share is rewritten: what a technique has to do depends on what the authors wrote.
LEAST_REWRITTEN = {"comments": 0.6, "format": 0.8, "rename": 0.55, "restructure": 0.6, "type_annotations": 0.4}


def copied(package: Package, target: Path) -> Path:
    """The installed package without compiled parts, so that nothing but its sources can answer."""
    for folder in package.folders:
        origin = Path(importlib.util.find_spec(folder).origin).parent
        shutil.copytree(origin, target / folder, ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.pyd"))
    return target


def sources_of(package: Package, root: Path) -> dict[str, bytes]:
    """The package's own files by place, without its tests."""
    places = sorted(path.relative_to(root) for folder in package.folders for path in (root / folder).rglob("*.py"))
    own = [place for place in places if not {"test", "tests"} & set(place.parts) and not place.name.startswith("test_")]
    return {place.as_posix(): (root / place).read_bytes() for place in own}


def run_in(package: Package, root: Path) -> Run:
    run = run_of(sys.executable, root, [root], package.arguments, plugins=False)
    loaded = run.of(package.name)
    assert loaded and all(root.resolve() in place.parents for place in loaded.values()), f"{loaded} not all from {root}: {run.tail}"
    return run


@pytest.fixture(scope="module")
def originals(tmp_path_factory) -> dict[str, dict[str, bytes]]:
    return {one.name: sources_of(one, copied(one, tmp_path_factory.mktemp("read") / one.name)) for one in PACKAGES}


@pytest.fixture(scope="module")
def before(tmp_path_factory) -> dict[str, dict[str, str]]:
    """How each package's tests end as it is."""
    with ThreadPoolExecutor(2) as pool:
        runs = pool.map(lambda one: run_in(one, copied(one, tmp_path_factory.mktemp("plain") / one.name)), PACKAGES)
    return {package.name: run.ends for package, run in zip(PACKAGES, runs)}


def rewritten_copy(package: Package, files: dict[str, bytes], technique: str, root: Path) -> dict[str, bytes]:
    """A copy in ``root`` whose files are rewritten; the ones that changed."""
    results = rewritten_files(files, all_languages()["python"], technique)
    changed = {place: text for place, text in results.items() if not isinstance(text, Abstained) and text != files[place]}
    copied(package, root)
    for place, text in changed.items():
        (root / place).write_bytes(text)
    return changed


def test_the_suites_run_and_pass_as_they_are(before):
    assert set(before) == {package.name for package in PACKAGES}
    for package in PACKAGES:
        ends = Counter(before[package.name].values())
        assert ends["passed"] >= package.tests and not set(ends) - {"passed", "skipped", "skipped in setup"}, (package.name, ends)


@pytest.mark.parametrize("technique", file_techniques())
def test_a_rewritten_package_passes_its_own_tests_as_before(technique, originals, before, tmp_path):
    roots = {package.name: tmp_path / package.name for package in PACKAGES}
    changed = {one.name: rewritten_copy(one, originals[one.name], technique, roots[one.name]) for one in PACKAGES}
    with ThreadPoolExecutor(2) as pool:
        runs = dict(zip(roots, pool.map(lambda one: run_in(one, roots[one.name]), PACKAGES)))
    for name, run in runs.items():
        assert changed[name] or technique == "type_annotations", f"{technique} left every file of {name} as it was"
        assert not changed[name] or {(roots[name] / place).resolve() for place in changed[name]} & set(run.of(name).values())
        wrong = {test: (end, run.ends.get(test)) for test, end in before[name].items() if run.ends.get(test) != end}
        assert run.ends == before[name], f"{name} by {technique}: {wrong}\n{run.tail}"
    share = sum(map(len, changed.values())) / sum(map(len, originals.values()))
    assert share >= LEAST_REWRITTEN[technique], f"{technique} rewrote {share:.0%} of the files"


def test_every_technique_that_promises_to_keep_the_meaning_is_put_to_the_test():
    assert set(file_techniques()) == {name for name, one in techniques().items() if one.preserves_meaning} == set(LEAST_REWRITTEN)


def locals_of(source: bytes) -> list[tuple[str, ...]]:
    """By the interpreter's own parser: for each function in order, the names it assigns to itself, in order; () for one without."""
    found = []
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        names, elsewhere, nodes = [], set(), list(function.body)
        for node in nodes:
            if isinstance(node, (ast.Global, ast.Nonlocal)):
                elsewhere |= set(node.names)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.append(node.id)
            elif isinstance(node, ast.ExceptHandler) and node.name:
                names.append(node.name)
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
                nodes.extend(ast.iter_child_nodes(node))
        found.append(tuple(name for name in names if name not in elsewhere))
    return found


def test_rename_changes_most_functions_that_have_locals(originals):
    with_locals = changed = 0
    for files in originals.values():
        for place, result in rewritten_files(files, all_languages()["python"], "rename").items():
            first = locals_of(files[place])
            second = first if isinstance(result, Abstained) else locals_of(result)
            assert len(first) == len(second)
            with_locals += sum(map(bool, first))
            changed += sum(one != other for one, other in zip(first, second))
    assert with_locals > 300 and changed / with_locals > 0.6, f"{changed} of {with_locals}"
