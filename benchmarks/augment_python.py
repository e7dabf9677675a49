"""Python packages rewritten whole, and their own test suites run again: does every technique that promises to keep the meaning keep it?

In: source distributions from the package registry (``pip download``). Out: a table by technique: tests that end as before, files rewritten,
functions renamed. Cost: a quarter of an hour on two cores. The suites run in a virtual environment of their own under ``--folder``.

    python benchmarks/augment_python.py --folder /tmp/packages [--techniques rename format] [--packages toolz idna] [--json figures.json]
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tarfile
import venv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from elite_code_dataset.augment.files import file_techniques, rewritten_files
from elite_code_dataset.augment.registry import Abstained
from elite_code_dataset.augment.scopes import rules_of, scopes_of
from elite_code_dataset.augment.syntax import syntax_of
from elite_code_dataset.augment.verify import same_by_symbols
from elite_code_dataset.languages import all_languages
from tests.suites import run_of


@dataclass(frozen=True)
class Package:
    """A distribution: ``code`` are its packages or modules below the root, ``tests`` what pytest is given, ``needs`` what the tests import.

    ``arguments`` leave out tests that measure time.
    """

    name: str
    code: tuple[str, ...]
    tests: str
    needs: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()


PACKAGES = (
    Package("more-itertools", ("more_itertools",), "tests"),
    Package("toolz", ("toolz", "tlz"), "toolz/tests"),
    Package("boltons", ("boltons",), "tests"),
    Package("inflection", ("inflection.py", "inflection"), "test_inflection.py"),
    Package("idna", ("idna",), "tests"),
    Package("packaging", ("src/packaging",), "tests", ("pretend", "tomli_w")),
    Package("attrs", ("src/attr", "src/attrs"), "tests", ("cloudpickle",)),
    Package("cachetools", ("src/cachetools",), "tests"),
    Package("sqlparse", ("sqlparse",), "tests", arguments=("-k", "not dos_prevention")),
    Package("tabulate", ("tabulate", "tabulate.py"), "test"),
    Package("click", ("src/click",), "tests"),
    Package("humanize", ("src/humanize",), "tests", ("freezegun",)),
    Package("parso", ("parso",), "test"),
    Package(
        "mistune",
        ("src/mistune",),
        "tests",
        arguments=("-k", "not linear and not rescan and not quickly and not forever and not quadratically"),
    ),
    Package("pluggy", ("src/pluggy",), "testing"),
)


def python_of(folder: Path, packages: list[Package]) -> Path:
    """The interpreter of an environment in which the packages, their tests' needs and pytest are installed."""
    program = folder / "env" / "bin" / "python"
    if not program.exists():
        venv.create(folder / "env", with_pip=True)
    needs = sorted(
        {"pytest", "hypothesis", *(need for package in packages for need in package.needs), *(package.name for package in packages)}
    )
    subprocess.run([str(program), "-m", "pip", "install", "-q", *needs], check=True, stderr=subprocess.DEVNULL)
    return program


def source_of(package: Package, program: Path, folder: Path) -> Path:
    """The unpacked source distribution of the version that is installed."""
    place = folder / "sdists" / package.name
    if not list(place.glob("*.tar.gz")):
        shown = subprocess.run([str(program), "-m", "pip", "show", package.name], capture_output=True, text=True, check=True).stdout
        version = next(line.split()[1] for line in shown.split("\n") if line.startswith("Version:"))
        wanted = ["--no-deps", "--no-binary", ":all:", "-q", "-d", str(place), f"{package.name}=={version}"]
        subprocess.run([str(program), "-m", "pip", "download", *wanted], check=True, stderr=subprocess.DEVNULL)
    archive = next(iter(sorted(place.glob("*.tar.gz"))))
    target = folder / "sources" / package.name
    if not target.exists():
        with tarfile.open(archive) as opened:
            opened.extractall(target, filter="data")
    return next(path for path in sorted(target.iterdir()) if path.is_dir())


def modules_of(package: Package, root: Path) -> list[Path]:
    """The package's own modules, without its tests."""
    found = [path for part in package.code for path in ([root / part] if (root / part).is_file() else sorted((root / part).rglob("*.py")))]
    return [path for path in found if not {"tests", "test"} & set(path.relative_to(root).parts)]


def results_of(package: Package, root: Path, program: Path) -> dict[str, str]:
    """Each test's name with how it ended; the suite runs against the code under ``root``, which is checked."""
    parents = sorted({(root / part).parent for part in package.code if (root / part).exists()})
    name = next(Path(part).stem for part in package.code if (root / part).exists())
    run = run_of(program, root, parents, [*package.arguments, package.tests])
    loaded = run.of(name)
    if not loaded or not all(place.is_relative_to(root.resolve()) for place in loaded.values()):
        return {"import": f"not all of {loaded} is under {root}: {run.tail}"}
    return run.ends


def rewritten(package: Package, source: Path, technique: str, target: Path) -> Counter:
    """A copy of the distribution with every module rewritten; files by what became of them."""
    language = all_languages()["python"]
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    modules = {path.relative_to(target).as_posix(): path.read_bytes() for path in modules_of(package, target)}
    counts: Counter = Counter()
    for place, result in rewritten_files(modules, language, technique).items():
        counts["files"] += 1
        counts["rewritten" if not isinstance(result, Abstained) else f"abstained: {result.reason}"] += 1
        if isinstance(result, Abstained):
            continue
        (target / place).write_bytes(result)
        if technique == "rename" and same_by_symbols(modules[place].decode(), result.decode()) is False:
            counts["refused by the symbol table"] += 1
    return counts


def functions_of(package: Package, source: Path) -> Counter:
    """How many functions have locals, how many of them rename can change, and why names stay."""
    language, counts = all_languages()["python"], Counter()
    for path in modules_of(package, source):
        syntax = syntax_of(path.read_bytes(), language)
        for scope in scopes_of(syntax, rules_of(language)) if syntax else ():
            bound = [
                name for name in (*scope.roles, *scope.blocked) if scope.blocked.get(name) not in ("conventional", "keyword_parameter")
            ]
            counts["functions"] += 1
            counts["functions with locals"] += bool(bound or scope.abstained)
            counts["functions renamed"] += bool(scope.roles)
            counts["names renamed"] += len(scope.roles)
            counts.update(f"name kept: {why.partition(':')[0]}" for why in scope.blocked.values())
            counts[f"function kept: {scope.abstained}"] += bool(scope.abstained)
    return +counts


def compared(packages: list[Package], sources: dict[str, Path], technique: str, before: dict, program: Path, folder: Path) -> dict:
    """One row of the table: what of ``before`` holds for the rewritten packages."""
    row = {"tests": 0, "as before": 0, "broken": {}, "files": Counter()}
    for package in packages:
        copy = folder / technique / package.name / sources[package.name].name
        row["files"] += rewritten(package, sources[package.name], technique, copy)
        after = results_of(package, copy, program)
        wrong = sorted(name for name, end in before[package.name].items() if after.get(name) != end)
        row["tests"] += len(before[package.name])
        row["as before"] += len(before[package.name]) - len(wrong)
        print(f"{technique:12} {package.name:18} {len(before[package.name]) - len(wrong)}/{len(before[package.name])}", flush=True)
        if wrong:
            row["broken"][package.name] = wrong[:20] if len(after) > 1 else after
            print("   ", row["broken"][package.name], flush=True)
    return row


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--techniques", nargs="*", default=file_techniques())
    parser.add_argument("--packages", nargs="*")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    packages = [package for package in PACKAGES if not options.packages or package.name in options.packages]
    program = python_of(options.folder, packages)
    sources = {package.name: source_of(package, program, options.folder) for package in packages}
    before = {}
    for package in packages:
        plain = options.folder / "plain" / package.name / sources[package.name].name
        shutil.rmtree(plain, ignore_errors=True)
        shutil.copytree(sources[package.name], plain)
        before[package.name] = results_of(package, plain, program)
        print(f"{'as it is':12} {package.name:18} {dict(Counter(before[package.name].values()).most_common(4))}", flush=True)
    functions = sum((functions_of(package, sources[package.name]) for package in packages), Counter())
    print(json.dumps(functions, indent=1))
    rows = {technique: compared(packages, sources, technique, before, program, options.folder) for technique in options.techniques}
    for technique, row in rows.items():
        print(f"{technique:12} tests as before {row['as before']}/{row['tests']}  {dict(row['files'])}")
    if options.json:
        options.json.write_text(json.dumps({"functions": functions, "rows": rows}, indent=1, sort_keys=True))
    return 1 if any(row["broken"] for row in rows.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
