"""Rust crates rewritten whole and compiled again: does every technique that promises to keep the meaning keep it?

In: crates without dependencies, as Debian packages (``apt-get download``; ``rustc`` is needed too). Out: a table by technique: crates that
compile as before, unit tests that pass as before, files rewritten, functions renamed. Cost: about a quarter of an hour on two cores.

    python benchmarks/augment_rust.py --folder /tmp/crates [--techniques rename format] [--crates itoa semver] [--json figures.json]
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from elite_code_dataset.augment.files import file_techniques, rewritten_files
from elite_code_dataset.augment.registry import Abstained
from elite_code_dataset.augment.scopes import rules_of, scopes_of
from elite_code_dataset.augment.syntax import syntax_of
from elite_code_dataset.languages import all_languages

CRATES = (
    "adler argparse arrayvec ascii ascii-table async-task base-x base32 base64 base64ct bitstream-io bs58 bumpalo bytemuck byteorder bytes "
    "bytesize cassowary colorful colorsys data-encoding diff difflib dissimilar dlv-list dogged dtoa either encode-unicode entities event-listener "
    "fallible-iterator fastrand fnv fs-extra futures-core futures-task getopts glob hex hex-literal httparse httpdate humantime imagesize indenter "
    "inflector itoa jargon-args json keccak lab lexopt libm linear-map linked-hash-map lzw md5 memchr mime minimal-lexical natord number-prefix "
    "numtoa ordermap parity-wasm percent-encoding permutohedron petgraph pico-args qrcodegen quick-error radium rctree regex-syntax roff "
    "rustc-demangle rustc-hash ryu safemem scoped-threadpool scroll seahash semver shell-words shlex simdutf8 slab smallbitvec smallvec smawk snap "
    "strsim subtle tap target-lexicon textwrap thousands tinyvec ttf-parser typed-arena unicode-segmentation unicode-width unindent urlencoding "
    "vec-map weezl widestring wildmatch xml-rs xmlparser xmlwriter xxhash-rust yansi z85"
).split()
SECONDS = 900  # for one run of rustc or of a test program


@dataclass(frozen=True)
class Crate:
    name: str
    folder: Path
    edition: str
    features: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """``compiles``: the library; ``tests``: name -> ok | FAILED | ignored, None when the tests did not compile or did not end."""

    compiles: bool
    tests: dict[str, str] | None
    message: str


def crates_in(folder: Path, names: list[str]) -> list[Crate]:
    """Downloads and unpacks what is not there yet; a package that cannot be had is left out, and said so."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        package = f"librust-{name}-dev"
        if not list(folder.glob(f"{package}_*.deb")):
            subprocess.run(["apt-get", "download", "-q", package], cwd=folder, capture_output=True)
        for found in folder.glob(f"{package}_*.deb"):
            (folder / "x" / name).mkdir(parents=True, exist_ok=True)
            subprocess.run(["dpkg-deb", "-x", found.name, f"x/{name}"], cwd=folder, check=True)
    crates = []
    for name in names:
        for manifest in sorted((folder / "x" / name).glob("usr/share/cargo/registry/*/Cargo.toml")):
            if (manifest.parent / "src" / "lib.rs").exists():
                crates.append(crate_of(name, manifest))
    missing = sorted(set(names) - {crate.name for crate in crates})
    if missing:
        print("not to be had:", " ".join(missing))
    return crates


def crate_of(name: str, manifest: Path) -> Crate:
    """The crate of a manifest, with the features that are on by default."""
    text = manifest.read_text()
    edition = re.search(r'^edition\s*=\s*"(\d+)"', text, re.M)
    table = re.search(r"^\[features\]\n(.*?)(?=^\[|\Z)", text, re.M | re.S)
    features = dict(re.findall(r"^([\w-]+)\s*=\s*\[([^\]]*)\]", table[1], re.M)) if table else {}
    chosen, todo = [], ["default"]
    while todo:
        one = todo.pop()
        if one in features and one not in chosen:
            chosen.append(one)
            todo += re.findall(r'"([\w-]+)"', features[one])
    return Crate(name, manifest.parent, edition[1] if edition else "2015", tuple(sorted(chosen)))


def outcome_of(crate: Crate, source: Path, scratch: Path) -> Outcome:
    """Compiles ``source`` as the crate, compiles its unit tests and runs them. Only these crates' own code runs."""
    scratch.mkdir(parents=True, exist_ok=True)
    flags = ["--edition", crate.edition, "--cap-lints", "allow", "--crate-name", re.sub(r"\W", "_", crate.name), "--error-format", "short"]
    flags += [flag for feature in crate.features for flag in ("--cfg", f'feature="{feature}"')]
    library = _run(
        ["rustc", *flags, "--crate-type", "lib", "--emit", "metadata", "--out-dir", str(scratch), str(source / "src" / "lib.rs")], source
    )
    if library is None or library.returncode:
        return Outcome(False, None, library.stderr if library else "no end")
    program = scratch / "tests"
    built = _run(["rustc", *flags, "--test", "-o", str(program), str(source / "src" / "lib.rs")], source)
    if built is None or built.returncode:
        return Outcome(True, None, built.stderr if built else "no end")
    ran = _run([str(program), "--test-threads", "2"], source)
    found = dict(re.findall(r"^test (.*?) \.\.\. (ok|FAILED|ignored)", ran.stdout, re.M)) if ran else None
    return Outcome(True, found, ran.stdout[-2000:] if ran else "no end")


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess | None:
    try:
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return None


def rewritten(crate: Crate, technique: str, target: Path) -> Counter:
    """A copy of the crate with every source rewritten; files by what became of them."""
    language = all_languages()["rust"]
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(crate.folder, target)
    sources = {path.relative_to(target).as_posix(): path.read_bytes() for path in sorted((target / "src").rglob("*.rs"))}
    counts: Counter = Counter()
    for place, result in rewritten_files(sources, language, technique).items():
        counts["files"] += 1
        counts["rewritten" if not isinstance(result, Abstained) else f"abstained: {result.reason}"] += 1
        if not isinstance(result, Abstained):
            (target / place).write_bytes(result)
    return counts


def functions_of(crate: Crate) -> Counter:
    """How many functions have locals, how many of them rename can change, and why names stay."""
    language, counts = all_languages()["rust"], Counter()
    for path in sorted((crate.folder / "src").rglob("*.rs")):
        syntax = syntax_of(path.read_bytes(), language)
        for scope in scopes_of(syntax, rules_of(language)) if syntax else ():
            bound = [name for name in (*scope.roles, *scope.blocked) if scope.blocked.get(name) != "conventional"]
            counts["functions with locals"] += bool(bound or scope.abstained)
            counts["functions renamed"] += bool(scope.roles)
            counts["names renamed"] += len(scope.roles)
            counts.update(f"name kept: {why.partition(':')[0]}" for why in scope.blocked.values())
            counts[f"function kept: {scope.abstained}"] += bool(scope.abstained)
    return +counts


def compared(crates: list[Crate], technique: str, before: dict[str, Outcome], folder: Path) -> dict:
    """One row of the table: what of ``before`` holds for the rewritten crates."""
    row = {"compile": 0, "of": 0, "tests as before": 0, "tests": 0, "broken": {}, "files": Counter()}
    for crate in crates:
        copy = folder / technique / crate.name
        row["files"] += rewritten(crate, technique, copy)
        after = outcome_of(crate, copy, folder / "out")
        first = before[crate.name]
        same = [name for name, result in (first.tests or {}).items() if (after.tests or {}).get(name) == result]
        row["of"] += 1
        row["compile"] += after.compiles
        row["tests"] += len(first.tests or {})
        row["tests as before"] += len(same)
        if not after.compiles or len(same) < len(first.tests or {}):
            lost = sorted(set(first.tests or {}) - set(same))
            row["broken"][crate.name] = "\n".join([*lost[:5], *after.message.split("\n")[:8]])
            print(technique, crate.name, row["broken"][crate.name], flush=True)
    return row


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--techniques", nargs="*", default=file_techniques())
    parser.add_argument("--crates", nargs="*", default=CRATES)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    crates = crates_in(options.folder, list(options.crates))
    before = {crate.name: outcome_of(crate, crate.folder, options.folder / "out") for crate in crates}
    usable = [crate for crate in crates if before[crate.name].compiles]
    print(f"{len(usable)} of {len(crates)} crates compile as they are; not:", " ".join(c.name for c in crates if c not in usable))
    functions = sum((functions_of(crate) for crate in usable), Counter())
    print(json.dumps(functions, indent=1))
    rows = {technique: compared(usable, technique, before, options.folder) for technique in options.techniques}
    for technique, row in rows.items():
        print(f"{technique:12} compile {row['compile']}/{row['of']}  tests {row['tests as before']}/{row['tests']}  {dict(row['files'])}")
    if options.json:
        options.json.write_text(json.dumps({"functions": functions, "rows": rows}, indent=1, sort_keys=True))
    return 1 if any(row["broken"] for row in rows.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
