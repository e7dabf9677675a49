"""Python: dotted names looked up from the folders that can be on ``sys.path``, names followed to the file that defines them.

``from package import name`` leads, as at run time, to what ``package/__init__.py`` defines or imports under that name, then to a submodule,
then to what its star imports bring. Folders on the path are guessed: the one above a file's topmost package, those above it, those that a
manifest or custom names (``src``), and any other where exactly one package fits. A name of the standard library is taken for it.
"""

from __future__ import annotations

import configparser
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from elite_code_dataset.records import Import, ParsedFile
from elite_code_dataset.resolvers import (
    AMBIGUOUS,
    MISSING,
    Family,
    Outcome,
    Project,
    Resolver,
    found,
    import_text,
    joined,
    outside,
    strings_in,
    table_in,
    unresolved,
)

_ALIASES = re.compile(r"\b(\w+)\s+as\s+(\w+)")
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
SUFFIXES = (".py", ".pyi")
MAX_CHAIN = 100  # imports that pass on what they import
MAX_STEPS = 300  # files asked for one name, star imports included
USUAL_ROOTS = ("", "src", "lib", "python", "Lib")


@dataclass
class _Module:
    """What a file defines at its top level, the names it imports as (module, name), and the modules it imports all of."""

    defined: set[str] = field(default_factory=set)
    named: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    stars: list[str] = field(default_factory=list)


def _read(file: ParsedFile) -> _Module:
    module = _Module({unit.name for unit in file.units if unit.parent < 0})
    for one in file.imports:
        if one.kind != "from":
            continue
        if one.names == ("*",):
            module.stars.append(one.module)
            continue
        text = import_text(file, one)
        aliases = dict(_ALIASES.findall(text)) if " as " in text else {}
        for name in one.names:
            module.named[aliases.get(name, name)].append((one.module, name))
    return module


class _Index:
    """Where modules are. A place is a folder (a package, with or without ``__init__``) or a file."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.files = {file.source.path: file for file in project.of("python")}
        self.folders = {folder for path in self.files for folder in _folders_of(path)}
        self.modules: dict[str, _Module] = {}
        self.required = _required(project)
        self.declared = [root for root in dict.fromkeys([*_declared_roots(project), *USUAL_ROOTS]) if root in self.folders or not root]
        self.packages: dict[str, set[str]] = defaultdict(set)  # name of a topmost package -> folders it stands in
        for path in self.files:
            root = self.root_of(path)
            inner = path[len(root) + 1 if root else 0 :]
            if "/" in inner:
                self.packages[inner.partition("/")[0]].add(root)
        self.absolute = lru_cache(maxsize=None)(self._absolute)

    def module(self, path: str) -> _Module:
        if path not in self.modules:
            self.modules[path] = _read(self.files[path])
        return self.modules[path]

    def is_package(self, folder: str) -> bool:
        return any(f"{folder}/__init__{suffix}" in self.files for suffix in SUFFIXES)

    def root_of(self, path: str) -> str:
        """The folder above the topmost package that a file is in."""
        folder = path.rpartition("/")[0]
        while folder and self.is_package(folder):
            folder = folder.rpartition("/")[0]
        return folder

    def file_of(self, place: str, stub: bool) -> str:
        """The file of a module or package named by its path without a suffix; '' for a folder without ``__init__`` or for nothing."""
        for base in (f"{place}/__init__" if place else "__init__", place):
            for suffix in reversed(SUFFIXES) if stub else SUFFIXES:
                if base + suffix in self.files:
                    return base + suffix
        return ""

    # --- places ---

    def _absolute(self, name: str, origin_root: str) -> str | Outcome:
        """The place (a path without a suffix) of an absolute module name, seen from files below ``origin_root``."""
        parts = name.split(".")
        inner = "/".join(parts)
        above = [origin_root]
        while above[-1]:
            above.append(above[-1].rpartition("/")[0])
        own = {root for root in self.packages.get(parts[0], ()) if root == origin_root}
        if parts[0] in sys.stdlib_module_names and not own:
            return outside(name)
        for root in [*above, *self.declared]:
            if self._holds(joined(root, inner)):
                return joined(root, inner)
        for root in [*above, *self.declared]:  # the package is there and this part of it is not: built, or gone
            if self.is_package(joined(root, parts[0])):
                return unresolved(MISSING)
        if parts[0].lower().replace("-", "_") in self.required:
            return outside(name)
        others = sorted({joined(root, inner) for root in self.packages.get(parts[0], ()) if self._holds(joined(root, inner))})
        return others[0] if len(others) == 1 else unresolved(AMBIGUOUS) if others else outside(name)

    def _holds(self, place: str) -> bool:
        return bool(place) and (bool(self.file_of(place, False)) or place in self.folders)

    def place(self, module: str, path: str) -> str | Outcome:
        """The place of a module as one file names it."""
        name = module.lstrip(".")
        level = len(module) - len(name)
        if not level:
            return self.absolute(name, self.root_of(path))
        folder = path.rpartition("/")[0]
        for _ in range(level - 1):
            if not folder:
                return unresolved(MISSING)
            folder = folder.rpartition("/")[0]
        place = "/".join(part for part in (folder, name.replace(".", "/")) if part)
        return place if self.file_of(place, False) or place in self.folders else unresolved(MISSING)

    # --- names ---

    def definers(self, place: str, name: str, stub: bool, seen: set[tuple[str, str]], strict: bool = False, depth: int = 0) -> set[str]:
        """The files that define a name of the module or package at ``place``; its own file where nothing tells, unless ``strict``."""
        file = self.file_of(place, stub)
        inner = self.file_of(f"{place}/{name}" if place else name, stub) if place in self.folders or not place else ""
        if not file:
            return {inner} - {""}
        if (file, name) in seen or depth > MAX_CHAIN or len(seen) > MAX_STEPS:
            return set()
        seen.add((file, name))
        module = self.module(file)
        if name in module.defined:
            return {file}
        for source, original in module.named.get(name, ()):
            target = self.place(source, file)
            if isinstance(target, str):
                files = self.definers(target, original, stub, seen, depth=depth + 1)
                if files:
                    return files
            elif target.external:
                return {file}
        if inner:
            return {inner}
        for source in module.stars:
            target = self.place(source, file)
            files = self.definers(target, name, stub, seen, True, depth + 1) if isinstance(target, str) else set()
            if files:
                return files
        return set() if strict else {file}

    def answer(self, path: str, one: Import) -> Outcome:
        place = self.place(one.module, path)
        if isinstance(place, Outcome):
            return outside(one.module.partition(".")[0]) if place.external else place
        stub = path.endswith(".pyi")
        files: set[str] = set()
        for name in one.names if one.names != ("*",) else ():
            files |= self.definers(place, name, stub, set())
        if not one.names or one.names == ("*",):
            files = {self.file_of(place, stub)} - {""}
        if files:
            return found(files)
        # A folder without __init__ is often one of data or of scripts that shares an outside package's name.
        return unresolved(MISSING) if one.module.startswith(".") else outside(one.module.partition(".")[0])


def _folders_of(path: str) -> Iterator[str]:
    while path := path.rpartition("/")[0]:
        yield path


def _declared_roots(project: Project) -> Iterator[str]:
    """Folders that manifests say packages are found in."""
    for folder, table in project.tables("pyproject.toml"):
        tool = table_in(table, "tool")
        setuptools = table_in(tool, "setuptools")
        wheres = strings_in(table_in(setuptools, "packages", "find").get("where"))
        wheres += [where for where in table_in(setuptools, "package-dir").values() if isinstance(where, str)]
        packages = table_in(tool, "poetry").get("packages")
        wheres += (
            [item["from"] for item in packages if isinstance(item, dict) and isinstance(item.get("from"), str)]
            if isinstance(packages, list)
            else []
        )
        wheres += strings_in(table_in(tool, "pytest", "ini_options").get("pythonpath"))
        yield from (joined(folder, where) for where in [*wheres, "src", "."])
    for folder, section in _setup_cfg(project, "options.packages.find"):
        yield joined(folder, section.get("where", "."))
    for folder, section in _setup_cfg(project, "options"):
        for line in section.get("package_dir", "").splitlines():
            yield joined(folder, line.partition("=")[2].strip() or ".")
    for folder, _ in project.manifests_named("setup.py"):
        yield from (folder, joined(folder, "src"))


def _setup_cfg(project: Project, section: str) -> Iterator[tuple[str, configparser.SectionProxy]]:
    for folder, text in project.manifests_named("setup.cfg"):
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            parser.read_string(text)
        except configparser.Error:
            project.broken.add(joined(folder, "setup.cfg"))
            continue
        if parser.has_section(section):
            yield folder, parser[section]


def _required(project: Project) -> set[str]:
    """Names of distributions that manifests require, as module names are written."""
    lines: list[str] = []
    for _, table in project.tables("pyproject.toml"):
        about = table_in(table, "project")
        lines += strings_in(about.get("dependencies"))
        lines += [line for value in table_in(about, "optional-dependencies").values() for line in strings_in(value)]
        lines += list(table_in(table, "tool", "poetry", "dependencies"))
    for _, section in _setup_cfg(project, "options"):
        lines += section.get("install_requires", "").splitlines()
    for path, text in project.manifests.items():
        name = path.rpartition("/")[2]
        if name.startswith("requirements") and name.endswith(".txt"):
            lines += text.splitlines()
    names = (_REQUIREMENT.match(line) for line in lines)
    return {match[1].lower().replace("-", "_") for match in names if match}


def _resolver(project: Project) -> Resolver:
    index = _Index(project)

    def answers(file: ParsedFile) -> Iterator[Outcome]:
        for one in file.imports:
            yield index.answer(file.source.path, one)

    return answers


FAMILY = Family(("python",), ("pyproject.toml", "setup.cfg", "setup.py", "requirements.txt"), _resolver)
