"""How fast and how completely each language is read: files, share without error, units, MB/s, and what all of it costs over a bare parse.

In: folders (default: the packages installed beside this interpreter). Out: one line a language on standard output.

    python benchmarks/parse.py ~/ripgrep ~/fd --files 500
"""

from __future__ import annotations

import argparse
import random
import sysconfig
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from elite_code_dataset.config import MAX_FILE_BYTES
from elite_code_dataset.languages import Language, all_languages, language_of, tree_of
from elite_code_dataset.parse import parsed
from elite_code_dataset.records import SourceFile


@dataclass
class Tally:
    files: int = 0
    clean: int = 0
    size: int = 0
    units: int = 0
    imports: int = 0
    statements: int = 0
    seconds: float = 0.0
    bare_seconds: float = 0.0

    def line(self, name: str) -> str:
        speed = self.size / 1e6 / max(self.seconds, 1e-9)
        ratio = self.seconds / max(self.bare_seconds, 1e-9)
        return (
            f"{name:<12}{self.files:>7}{self.size / 1e6:>9.2f}{self.clean / self.files:>12.4f}{self.units:>9}{self.imports:>9}"
            f"{self.statements:>12}{speed:>8.1f}{ratio:>14.1f}"
        )


def texts_by_language(folders: list[Path]) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = defaultdict(list)
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink() and 0 < path.stat().st_size <= MAX_FILE_BYTES:
                with path.open("rb") as stream:
                    language = language_of(path.name, stream.read(8192))
                if language is not None and language.is_code:
                    found[language.name].append(path)
    return found


def readable(paths: list[Path], most: int) -> Iterator[tuple[str, str]]:
    chosen = sorted(paths)
    random.Random(0).shuffle(chosen)
    for path in chosen[:most]:
        try:
            yield path.name, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def tally_of(language: Language, paths: list[Path], most: int) -> Tally:
    tally = Tally()
    for name, text in readable(paths, most):
        data = text.encode()
        before = time.process_time()
        tree_of(data, language)
        middle = time.process_time()
        file = parsed(SourceFile(name, language.name, "core", "", "", text, 0, ""))
        after = time.process_time()
        tally.files += 1
        tally.clean += not file.has_error
        tally.size += len(data)
        tally.units += len(file.units)
        tally.imports += len(file.imports)
        tally.statements += len(file.statements)
        tally.bare_seconds += middle - before
        tally.seconds += after - middle
    return tally


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folders", nargs="*", type=Path, default=[Path(sysconfig.get_path("purelib"))])
    arguments.add_argument("--files", type=int, default=300, help="at most so many files a language, chosen by a fixed seed")
    given = arguments.parse_args()
    print(
        f"{'language':<12}{'files':>7}{'MB':>9}{'no error':>12}{'units':>9}{'imports':>9}{'statements':>12}{'MB/s':>8}{'x bare parse':>14}"
    )
    for name, paths in sorted(texts_by_language(given.folders).items()):
        tally = tally_of(all_languages()[name], paths, given.files)
        if tally.files:
            print(tally.line(name))


if __name__ == "__main__":
    main()
