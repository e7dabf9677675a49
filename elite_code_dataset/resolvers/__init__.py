"""Resolvers of imports: one module a family of languages in this folder, registered under the languages it reads.

In: a ``Project`` (parsed files and the texts of manifests). A resolver is made once for a project and then asked file by file; it answers
with one ``Outcome`` for each import, in the file's order. No disk is touched: a path is a key of ``Project.files``. A resolver that cannot
tell two candidates apart abstains and says so.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import posixpath
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from elite_code_dataset.records import Import, ParsedFile

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

AMBIGUOUS = "ambiguous"  # several files could be meant
MISSING = "missing"  # it names this repository, and no file of it


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one import turned out to be: files of the project, or the name of something outside it, or the reason why neither."""

    paths: tuple[str, ...] = ()
    external: str = ""
    reason: str = ""


def found(paths: Iterable[str]) -> Outcome:
    return Outcome(paths=tuple(sorted(set(paths))))


def outside(name: str) -> Outcome:
    return Outcome(external=name)


def unresolved(reason: str) -> Outcome:
    return Outcome(reason=reason)


class Project:
    """The files and manifests that resolvers look into. ``broken`` lists manifests that could not be read; they count as absent."""

    def __init__(self, files: Sequence[ParsedFile], manifests: Mapping[str, str]) -> None:
        self.files = {file.source.path: file for file in sorted(files, key=lambda file: file.source.path)}
        self.manifests = manifests
        self.broken: set[str] = set()
        self.folders: dict[str, list[str]] = defaultdict(list)  # folder -> names of the files right in it
        self.inner: dict[str, set[str]] = defaultdict(set)  # folder -> names of the folders right in it
        for path in self.files:
            folder, _, name = path.rpartition("/")
            self.folders[folder].append(name)
            while folder:
                parent, _, name = folder.rpartition("/")
                if name in self.inner[parent]:
                    break
                self.inner[parent].add(name)
                folder = parent

    def of(self, *languages: str) -> list[ParsedFile]:
        """The files in these languages, in path order."""
        return [file for file in self.files.values() if file.source.language in languages]

    def manifests_named(self, name: str) -> Iterator[tuple[str, str]]:
        """(folder, text) of every manifest with this file name, in path order."""
        for path in sorted(self.manifests):
            if path.rpartition("/")[2] == name:
                yield path.rpartition("/")[0], self.manifests[path]

    def tables(self, name: str) -> Iterator[tuple[str, dict]]:
        """(folder, content) of every manifest with this name that can be read: TOML by its suffix, else JSON with comments."""
        read = tomllib.loads if name.endswith(".toml") else json_with_comments
        for folder, text in self.manifests_named(name):
            try:
                table = read(text)
            except (ValueError, RecursionError):
                table = None
            if isinstance(table, dict):
                yield folder, table
            else:
                self.broken.add(joined(folder, name))


# A resolver is asked about one file; it answers for each of the file's imports, in order.
Resolver = Callable[[ParsedFile], Iterator[Outcome]]
Maker = Callable[[Project], Resolver]


@dataclass(frozen=True)
class Family:
    """Languages that import one another, the manifests that say how, and what makes their resolver."""

    languages: tuple[str, ...]
    manifests: tuple[str, ...]
    maker: Maker


@cache
def families() -> dict[str, Family]:
    """Every language that has a resolver, found by looking into this folder for ``FAMILY``."""
    by_language: dict[str, Family] = {}
    for name in sorted(module.name for module in pkgutil.iter_modules(__path__)):
        family: Family | None = getattr(importlib.import_module(f"{__name__}.{name}"), "FAMILY", None)
        for language in family.languages if family else ():
            if language in by_language:
                raise ValueError(f"two resolvers read {language!r}, the second in {name}.py; remove one")
            by_language[language] = family
    return by_language


def joined(folder: str, path: str) -> str:
    """A path inside a folder, without ``.`` and ``..``; '' when it leaves the repository. Never touches the disk."""
    if path.startswith("/"):
        return ""
    whole = posixpath.normpath(posixpath.join(folder, path))
    return "" if whole == ".." or whole.startswith("../") else "" if whole == "." else whole


def import_text(file: ParsedFile, one: Import) -> str:
    """The source of the statement an import stands in."""
    return _bytes_of(file.source.text)[one.start_byte : one.end_byte].decode("utf-8", "replace")


@lru_cache(maxsize=1)  # a file's imports are asked for one after another
def _bytes_of(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def strings_in(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def table_in(table: object, *keys: str) -> dict:
    """The table below these keys, {} where there is none: what users write need not have the expected shape."""
    for key in keys:
        table = table.get(key) if isinstance(table, dict) else None
    return table if isinstance(table, dict) else {}


def nearest(paths: Sequence[str], origin: str) -> str:
    """The path that shares the most leading folders with ``origin``; '' when two share as many."""
    parts = origin.split("/")[:-1]

    def shared(path: str) -> int:
        count = 0
        for mine, theirs in zip(parts, path.split("/")[:-1]):
            if mine != theirs:
                break
            count += 1
        return count

    ranked = sorted(((shared(path), path) for path in paths), reverse=True)
    if len(ranked) > 1 and ranked[0][0] == ranked[1][0]:
        return ""
    return ranked[0][1] if ranked else ""


# What is not closed runs to the end, so that no character is looked at twice.
_JSON_NOISE = re.compile(r'("(?:[^"\\\n]|\\.)*"?)|//[^\n]*|/\*.*?(?:\*/|\Z)', re.S)
_JSON_TRAILING = re.compile(r'("(?:[^"\\\n]|\\.)*"?)|,(?=\s*[}\]])', re.S)


def json_with_comments(text: str) -> object:
    """JSON as TypeScript's and editors' tools read it: with comments, trailing commas and a byte order mark."""
    try:
        return json.loads(text)
    except ValueError:
        kept = _JSON_NOISE.sub(lambda match: match[1] or " ", text.lstrip("\ufeff"))
        return json.loads(_JSON_TRAILING.sub(lambda match: match[1] or "", kept))
