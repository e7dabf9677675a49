"""Sources of any language rewritten whole and handed to a compiler or a test run: what comes out is compared with what came out before.

In: a folder of sources, and a command that writes into ``{out}`` what it makes of ``{folder}``. Out: by technique, whether the command ends as
before and prints the same, and how many of its files are the same byte for byte. Names of locals are in no class file made with ``-g:none`` and
in no assembly made with ``-g0``, so that renaming, comments and layout must give equal files; restructured code gives other ones. Cost: the command's.

    python benchmarks/augment_compiled.py --language java --sources jdk/java.base --work /tmp/java \\
        --command 'javac -nowarn -g:none --patch-module java.base={folder} -d {out} $(find {folder} -name "*.java")'
    python benchmarks/augment_compiled.py --language c --sources lz4/lib --work /tmp/c --command 'for f in {folder}/*.c; do
        gcc -S -g0 -w -D__LINE__=0 -I{folder} $f -o - | sed -E "/\\.file/d; s/[A-Za-z_0-9]+\\.([0-9]+)/S.\\1/g" > {out}/$(basename $f).s; done'
"""

from __future__ import annotations

import argparse
import filecmp
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from elite_code_dataset.augment.files import file_techniques, rewritten_files
from elite_code_dataset.augment.registry import Abstained
from elite_code_dataset.augment.scopes import rules_of, scopes_of
from elite_code_dataset.augment.syntax import syntax_of
from elite_code_dataset.languages import Language, all_languages


def sources_in(folder: Path, language: Language) -> dict[Path, bytes]:
    """Every file with a suffix of the language that is UTF-8."""
    found = {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file() and path.name.endswith(language.suffixes)}
    return {path: text for path, text in found.items() if text.decode("utf-8", "replace").encode() == text}


def rewritten(sources: Path, target: Path, language: Language, technique: str) -> Counter:
    """A copy of the sources with every file rewritten; files by what became of them."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(sources, target)
    files = {path.relative_to(target).as_posix(): text for path, text in sources_in(target, language).items()}
    counts: Counter = Counter()
    for place, result in rewritten_files(files, language, technique).items():
        counts[f"abstained: {result.reason}" if isinstance(result, Abstained) else "rewritten"] += 1
        if not isinstance(result, Abstained):
            (target / place).write_bytes(result)
    return counts


def outcome_of(command: str, folder: Path, out: Path) -> tuple[int, str]:
    """How the command ends and what it prints, with the folder's own name taken out."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    ran = subprocess.run(command.format(folder=folder, out=out), shell=True, capture_output=True, text=True, errors="replace")
    return ran.returncode, (ran.stdout + ran.stderr).replace(str(folder), "").replace(str(out), "")


def equal_files(first: Path, second: Path) -> tuple[int, int]:
    """How many files of ``first`` are in ``second`` byte for byte, of how many."""
    names = [path.relative_to(first) for path in sorted(first.rglob("*")) if path.is_file()]
    same = sum((second / name).is_file() and filecmp.cmp(first / name, second / name, shallow=False) for name in names)
    return same, len(names)


def functions_of(sources: Path, language: Language) -> Counter:
    """How many functions have locals, how many of them rename can change, and why names stay."""
    counts: Counter = Counter()
    for text in sources_in(sources, language).values():
        syntax = syntax_of(text, language)
        for scope in scopes_of(syntax, rules_of(language)) if syntax else ():
            counts["functions with locals"] += bool(scope.roles or scope.blocked or scope.abstained)
            counts["functions renamed"] += bool(scope.roles)
            counts.update(f"name kept: {why.partition(':')[0]}" for why in scope.blocked.values())
            counts[f"function kept: {scope.abstained}"] += bool(scope.abstained)
    return +counts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--language", required=True)
    parser.add_argument("--sources", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--command", required=True)
    parser.add_argument("--techniques", nargs="*", default=file_techniques())
    options = parser.parse_args()
    language, place = all_languages()[options.language], options.work / "sources"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(options.sources, place)
    before = outcome_of(options.command, place, options.work / "before")
    print("as it is:", before[0], dict(functions_of(place, language)))
    worse = 0
    for technique in options.techniques:
        counts = rewritten(options.sources, place, language, technique)  # in the same place, since compilers print their paths
        after = outcome_of(options.command, place, options.work / technique)
        same, total = equal_files(options.work / "before", options.work / technique)
        says = "same" if after[1] == before[1] else "other"
        print(f"{technique:12} ends {after[0]}, prints the {says}, equal files {same}/{total}  {dict(counts)}", flush=True)
        worse += after[0] != before[0] or (technique not in ("restructure", "type_annotations") and same < total)
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
