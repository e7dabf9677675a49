"""``Cargo.toml`` -> the crates of a repository: their root files, editions, and the names by which they know one another.

In: every manifest and the set of Rust files. Out: ``Crate`` records, libraries first within a package, in folder order. One pass over manifests.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace

from elite_code_dataset.resolvers import Project, joined, table_in

STANDARD = frozenset(("std", "core", "alloc", "proc_macro", "test"))
DEPENDENCIES = ("dependencies", "dev-dependencies", "build-dependencies")
# A package without the key is of the first edition; a lone file without a manifest is most likely written today.
OLDEST_EDITION, LONE_EDITION = 2015, 2021


@dataclass(frozen=True)
class Crate:
    """One target. ``package`` is its manifest's folder; ``names`` maps a crate's name to the package of this repository that it is, or
    to None for one from elsewhere."""

    root: str
    package: str
    is_library: bool
    edition: int
    names: dict[str, str | None] = field(hash=False)

    def knows(self, name: str) -> bool:
        return name in self.names or name in STANDARD

    def crate_named(self, name: str) -> str | None:
        return self.names.get(name)


@dataclass(frozen=True)
class _Package:
    folder: str
    table: dict
    workspace: dict
    workspace_folder: str

    @property
    def library_name(self) -> str:
        name = table_in(self.table, "lib").get("name") or table_in(self.table, "package").get("name")
        return _identifier(name)


def crates_of(project: Project, files: Collection[str]) -> Iterator[Crate]:
    """Every crate of the repository whose root is one of ``files``."""
    packages = {package.folder: package for package in _packages(project)}
    for folder in sorted(packages):
        yield from _targets(packages[folder], packages, project, files)
    for path in sorted(files):
        if path.rpartition("/")[2] in ("lib.rs", "main.rs") and not any(_holds(folder, path) for folder in packages):
            yield Crate(path, path, path.endswith("lib.rs"), LONE_EDITION, {})


def _holds(folder: str, path: str) -> bool:
    return not folder or path.startswith(folder + "/")


def _packages(project: Project) -> Iterator[_Package]:
    tables = dict(project.tables("Cargo.toml"))
    workspaces = {folder: table_in(table, "workspace") for folder, table in tables.items() if isinstance(table.get("workspace"), dict)}
    for folder, table in tables.items():
        if isinstance(table.get("package"), dict):
            above = [one for one in workspaces if one == folder or _holds(one, folder)]
            nearest = max(above, key=len, default=None)
            workspace = {} if nearest is None else {**workspaces[nearest], "patch": tables[nearest].get("patch")}
            yield _Package(folder, table, workspace, nearest or "")


def _targets(package: _Package, packages: dict[str, _Package], project: Project, files: Collection[str]) -> Iterator[Crate]:
    names = _names(package, packages)
    base = Crate("", package.folder, False, _edition(package), names)
    library = joined(package.folder, _text(table_in(package.table, "lib").get("path")) or "src/lib.rs")
    roots = [root for root in _roots(package, project) if root in files and root != library]
    if library in files:
        yield replace(base, root=library, is_library=True)
    for root in dict.fromkeys(roots):
        yield replace(base, root=root)


def _roots(package: _Package, project: Project) -> Iterator[str]:
    """Candidate root files of binaries, tests, examples, benches and the build script: those named, and those cargo finds by place."""
    folder, table = package.folder, package.table
    about = table_in(table, "package")
    yield joined(folder, "src/main.rs")
    for kind, place in (("bin", "src/bin"), ("test", "tests"), ("example", "examples"), ("bench", "benches")):
        for target in table.get(kind) if isinstance(table.get(kind), list) else ():
            if isinstance(target, dict) and _text(target.get("path")):
                yield joined(folder, target["path"])
            elif isinstance(target, dict) and _text(target.get("name")):
                yield joined(folder, f"{place}/{target['name']}.rs")
                yield joined(folder, f"{place}/{target['name']}/main.rs")
        plural = {"bin": "autobins", "test": "autotests", "example": "autoexamples", "bench": "autobenches"}[kind]
        if about.get(plural) is not False:
            inside = joined(folder, place)
            yield from (f"{inside}/{name}" for name in project.folders.get(inside, ()) if name.endswith(".rs"))
            yield from (f"{inside}/{name}/main.rs" for name in sorted(project.inner.get(inside, ())))
    yield joined(folder, _text(about.get("build")) or "build.rs")


def _names(package: _Package, packages: dict[str, _Package]) -> dict[str, str | None]:
    """What this package calls the crates it may use, its own library among them."""
    names: dict[str, str | None] = {}
    tables = [package.table, *(value for value in table_in(package.table, "target").values() if isinstance(value, dict))]
    for table in tables:
        for section in DEPENDENCIES:
            for key, wanted in table_in(table, section).items():
                target = _dependency(package, key, wanted, packages)
                name = _identifier(key)
                if target is not None and not _is_renamed(package, key, wanted):
                    name = packages[target].library_name or name
                names[name] = target
    if package.library_name:
        names[package.library_name] = package.folder
    return names


def _dependency(package: _Package, key: str, wanted: object, packages: dict[str, _Package]) -> str | None:
    """The folder of the package of this repository that a dependency means, or None."""
    folder = package.folder
    inherited = isinstance(wanted, dict) and wanted.get("workspace") is True
    if inherited:
        wanted, folder = table_in(package.workspace, "dependencies").get(key), package.workspace_folder
    if isinstance(wanted, dict) and _text(wanted.get("path")):
        target = joined(folder, wanted["path"])
        return target if target in packages else None
    name = _text(wanted.get("package")) if isinstance(wanted, dict) else ""
    for source in table_in(package.workspace, "patch").values():
        patched = table_in(source, name or key)
        if _text(patched.get("path")):
            target = joined(package.workspace_folder, patched["path"])
            return target if target in packages else None
    return None


def _is_renamed(package: _Package, key: str, wanted: object) -> bool:
    if isinstance(wanted, dict) and wanted.get("workspace") is True:
        wanted = table_in(package.workspace, "dependencies").get(key)
    return isinstance(wanted, dict) and bool(_text(wanted.get("package")))


def _edition(package: _Package) -> int:
    edition = table_in(package.table, "package").get("edition")
    if isinstance(edition, dict):
        edition = table_in(package.workspace, "package").get("edition")
    return int(edition) if isinstance(edition, str) and re.fullmatch(r"\d{4}", edition) else OLDEST_EDITION


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _identifier(name: object) -> str:
    return _text(name).replace("-", "_")
