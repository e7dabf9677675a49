"""JavaScript and TypeScript: relative files, ``tsconfig`` paths, and packages of the same repository by their ``package.json``.

Suffixes and ``index`` files are tried as bundlers and compilers try them, TypeScript before JavaScript for an importer in TypeScript and
the other way round. A package's entry that a build makes (``dist/index.js``) is looked for where sources are kept (``src/index.ts``).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from elite_code_dataset.records import Import, ParsedFile
from elite_code_dataset.resolvers import (
    MISSING,
    Family,
    Outcome,
    Project,
    Resolver,
    found,
    json_with_comments,
    outside,
    strings_in,
    table_in,
    unresolved,
)

LANGUAGES = ("javascript", "typescript", "tsx")
TYPED = (".ts", ".tsx", ".mts", ".cts")
PLAIN = (".js", ".jsx", ".mjs", ".cjs")
OTHER = (".vue", ".svelte", ".json", ".d.ts", ".d.mts", ".d.cts")
WRITTEN_AS = {".js": (".ts", ".tsx", ".d.ts"), ".jsx": (".tsx", ".d.ts"), ".mjs": (".mts", ".d.mts"), ".cjs": (".cts", ".d.cts")}
MAX_EXTENDS = 16  # configurations that extend one another
MAX_PATTERNS = 500  # of names in one configuration
MAX_ENTRIES = 50  # files that one entry of ``exports`` can mean
ENTRY_KEYS = ("source", "types", "typings", "module", "main", "browser")
_BUILT = re.compile(r"^(?:dist|build|out|output|lib|es|esm|cjs|umd|types)/(?:(?:es|esm|cjs|umd|src|types)/)?")
_SUFFIX = re.compile(r"(?:\.d)?\.[cm]?[jt]sx?$")


@dataclass(frozen=True)
class _Config:
    """What one ``tsconfig`` says of names: (pattern, targets from the repository's root) and the base folder, or None."""

    paths: tuple[tuple[str, tuple[str, ...]], ...]
    base: str | None


NOTHING = _Config((), None)


def _within(folder: str, path: str) -> str | None:
    """A path inside a folder; '' is the repository's root, None outside it."""
    whole = posixpath.normpath(posixpath.join(folder, path))
    if path.startswith("/") or whole == ".." or whole.startswith("../"):
        return None
    return "" if whole == "." else whole


def _entries(value: object) -> Iterator[str]:
    """The files an ``exports`` value can mean, in order: conditions inside conditions, lists of alternatives."""
    return islice(_strings(value), MAX_ENTRIES)


def _strings(value: object, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth < 8:
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            yield from _strings(item, depth + 1)


def _match(pattern: str, name: str) -> str | None:
    """What ``*`` stands for when the pattern fits ('' where there is none), else None."""
    before, star, after = pattern.partition("*")
    if not star:
        return "" if name == pattern else None
    fits = name.startswith(before) and name.endswith(after) and len(name) >= len(before) + len(after)
    return name[len(before) : len(name) - len(after)] if fits else None


class _Index:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.files = project.files
        self.tables = dict(project.tables("package.json"))
        self.packages: dict[str, str] = {}
        for folder, table in self.tables.items():
            if isinstance(table.get("name"), str):
                self.packages.setdefault(table["name"], folder)
        self.configs = self._configs()
        self.nearest: dict[str, list[_Config]] = {}

    # --- files ---

    def file_at(self, place: str | None, typed: bool, folders: bool = True) -> str:
        """The file a path without certain suffix means, '' for none."""
        if place is None:
            return ""
        stem, suffix = posixpath.splitext(place)
        written = [stem + other for other in WRITTEN_AS.get(suffix, ())]
        order = (*TYPED, *PLAIN, *OTHER) if typed else (*PLAIN, *TYPED, *OTHER)
        exact = [*written, place] if typed else [place, *written]
        for path in [*exact, *(place + end for end in order)] if place else ():
            if path in self.files:
                return path
        if not folders:
            return ""
        table = self.tables.get(place, {}) if place else {}
        inside = [_within(place, value) for key in ENTRY_KEYS if isinstance(value := table.get(key), str)]
        tries = (self.file_at(path, typed, folders=False) for path in [*inside, f"{place}/index" if place else "index"])
        return next((path for path in tries if path), "")

    # --- names ---

    def answer(self, origin: str, one: Import) -> Outcome:
        name = one.module.rpartition("!")[2].partition("?")[0]
        typed = origin.endswith(TYPED)
        folder = origin.rpartition("/")[0]
        if name.startswith((".", "/")):
            path = self.file_at(_within(folder, name), typed)
            return found([path]) if path else unresolved(MISSING)
        for config in self._configs_for(folder):
            path = self._by_config(config, name, typed)
            if path:
                return found([path])
        if name.startswith("#") or name.startswith(("@/", "~/")):
            path = self._by_package_alias(folder, name, typed)
            return found([path]) if path else unresolved(MISSING)
        return outside(name) if "://" in name else self._package(name, typed)

    def _package(self, name: str, typed: bool) -> Outcome:
        parts = name.removeprefix("node:").split("/")
        package = "/".join(parts[: 2 if name.startswith("@") else 1])
        if name.startswith("node:") or package not in self.packages:
            return outside(package)
        path = self._inside_package(self.packages[package], "/".join(parts[package.count("/") + 1 :]), typed)
        return found([path]) if path else unresolved(MISSING)

    def _inside_package(self, folder: str, inner: str, typed: bool) -> str:
        """The source file of a package's entry (``inner`` is '') or of a path inside it."""
        table = self.tables[folder]
        targets = list(self._exported(table.get("exports"), f"./{inner}" if inner else "."))
        if not inner:
            targets += [value for key in ENTRY_KEYS if isinstance(value := table.get(key), str)]
        targets += [inner, f"src/{inner}"] if inner else ["index", "src/index", "lib/index", "src/main"]
        for target in targets:
            for variant in dict.fromkeys((target, *_sources(target))):
                path = self.file_at(_within(folder, variant), typed, folders=bool(inner))
                if path:
                    return path
        return ""

    def _exported(self, exports: object, inner: str) -> Iterator[str]:
        if isinstance(exports, dict) and any(key.startswith(".") for key in exports):
            for key in sorted(exports, key=lambda key: (key != inner, -len(key))):
                star = _match(key, inner)
                if star is not None:
                    yield from (target.replace("*", star) for target in _entries(exports[key]))
                    return
        elif inner == ".":
            yield from _entries(exports)

    def _by_package_alias(self, folder: str, name: str, typed: bool) -> str:
        """``#name`` by the nearest manifest's ``imports``; ``@/x`` and ``~/x``, which no package can be called, from its ``src`` or itself."""
        while folder and folder not in self.tables:
            folder = folder.rpartition("/")[0]
        if not name.startswith("#"):
            tries = (self.file_at(_within(folder, base + name[2:]), typed) for base in ("src/", "", "app/"))
            return next((path for path in tries if path), "")
        for key, value in table_in(self.tables.get(folder), "imports").items():
            star = _match(key, name)
            for target in _entries(value) if star is not None else ():
                for variant in (target, *_sources(target)):
                    path = self.file_at(_within(folder, variant.replace("*", star or "")), typed)
                    if path:
                        return path
        return ""

    # --- tsconfig ---

    def _by_config(self, config: _Config, name: str, typed: bool) -> str:
        for pattern, targets in config.paths:
            star = _match(pattern, name)
            if star is not None:
                tries = (self.file_at(_within("", target.replace("*", star)), typed) for target in targets)
                path = next((path for path in tries if path), "")
                if path:
                    return path
        return self.file_at(_within(config.base, name), typed) if config.base is not None else ""

    def _configs_for(self, folder: str) -> list[_Config]:
        """The configurations of the nearest folder above that says anything of names."""
        if folder not in self.nearest:
            own = self.configs.get(folder, [])
            self.nearest[folder] = own if own or not folder else self._configs_for(folder.rpartition("/")[0])
        return self.nearest[folder]

    def _configs(self) -> dict[str, list[_Config]]:
        tables: dict[str, dict] = {}
        for path in sorted(self.project.manifests):
            name = path.rpartition("/")[2]
            if name == "jsconfig.json" or (name.startswith("tsconfig") and name.endswith(".json")):
                try:
                    table = json_with_comments(self.project.manifests[path])
                except (ValueError, RecursionError):
                    table = None
                if isinstance(table, dict):
                    tables[path] = table
                else:
                    self.project.broken.add(path)
        configs: dict[str, list[_Config]] = {}
        done: dict[str, _Config] = {}
        for path in sorted(tables, key=lambda path: (not path.endswith("tsconfig.json"), path)):
            config = _config(path, tables, done)
            if config.paths or config.base is not None:
                configs.setdefault(path.rpartition("/")[0], []).append(config)
        return configs


def _config(path: str, tables: dict[str, dict], done: dict[str, _Config], depth: int = 0) -> _Config:
    """One configuration with what it extends: its own ``paths`` replace inherited ones whole, as the compiler has it."""
    if path in done or depth > MAX_EXTENDS:
        return done.get(path, NOTHING)
    done[path] = NOTHING  # what extends itself inherits nothing
    table, folder = tables[path], path.rpartition("/")[0]
    paths, base = (), None
    extends = table.get("extends")
    for wanted in [extends] if isinstance(extends, str) else strings_in(extends):
        target = _within(folder, wanted) if wanted.startswith(".") else None
        for other in (target, f"{target}.json", f"{target}/tsconfig.json"):
            if other in tables:
                inherited = _config(other, tables, done, depth + 1)
                paths, base = inherited.paths or paths, base if inherited.base is None else inherited.base
    options = table_in(table, "compilerOptions")
    if isinstance(options.get("baseUrl"), str):
        base = _within(folder, options["baseUrl"])
    if isinstance(options.get("paths"), dict):
        start = base if isinstance(options.get("baseUrl"), str) or base is not None else folder
        found_paths = {key: [_within(start or "", target) for target in strings_in(value)] for key, value in options["paths"].items()}
        ranked = sorted(found_paths.items(), key=lambda item: -len(item[0].partition("*")[0]))
        paths = tuple((key, tuple(target for target in targets if target is not None)) for key, targets in ranked[:MAX_PATTERNS])
    done[path] = _Config(paths, base)
    return done[path]


def _sources(target: str) -> list[str]:
    """Where the source of a built file may be: ``./dist/esm/a.js`` -> ``src/a``, ``a``."""
    path = _SUFFIX.sub("", target.removeprefix("./"))
    inner = _BUILT.sub("", path)
    return [f"src/{inner}", inner, path]


def _resolver(project: Project) -> Resolver:
    index = _Index(project)

    def answers(file: ParsedFile) -> Iterator[Outcome]:
        for one in file.imports:
            yield index.answer(file.source.path, one)

    return answers


FAMILY = Family(LANGUAGES, ("package.json", "tsconfig.json", "jsconfig.json"), _resolver)
