"""Go: an import path below a module of this repository (``go.mod``, ``replace`` included) leads to the files of the package's folder.

A package is its folder's files, tests and files that the build leaves out aside: each import of it is an edge to all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from elite_code_dataset.records import Import, ParsedFile
from elite_code_dataset.resolvers import MISSING, Family, Outcome, Project, Resolver, found, joined, outside, unresolved

_MODULE = re.compile(r"^module[ \t]+\"?([^\s\"]+)", re.M)
_REPLACE = re.compile(r"^[ \t]*(?:replace[ \t]+)?\"?([^\s\"=(]+)\"?(?:[ \t]+v\S+)?[ \t]+=>[ \t]+\"?(\.{1,2}/[^\s\"]*|\.{1,2})", re.M)
_LEFT_OUT = re.compile(r"^//(?:go:build|\s*\+build)\s+ignore\s*$", re.M)


class _Index:
    def __init__(self, project: Project) -> None:
        self.packages: dict[str, list[str]] = {}  # folder -> files
        for file in project.of("go"):
            if not _is_aside(file):
                self.packages.setdefault(file.source.path.rpartition("/")[0], []).append(file.source.path)
        self.modules: dict[str, str] = {}  # module path -> folder
        self.replaced: dict[str, dict[str, str]] = {}  # folder of a go.mod -> module path -> folder
        for folder, text in project.manifests_named("go.mod"):
            named = _MODULE.search(text)
            if named is None:
                project.broken.add(joined(folder, "go.mod"))
                continue
            self.modules.setdefault(named[1], folder)
            self.replaced[folder] = {old: joined(folder, new) for old, new in _REPLACE.findall(text)}

    def answer(self, path: str, one: Import) -> Outcome:
        if one.module in ("C", "unsafe"):
            return outside(one.module)
        replaced, name = self.replaced.get(self._module_of(path), {}), one.module
        while name:  # the longest module path that the import starts with
            base = replaced.get(name, self.modules.get(name))
            if base is not None:
                files = self.packages.get(joined(base, one.module[len(name) + 1 :] or "."))
                return found(files) if files else unresolved(MISSING)
            name = name.rpartition("/")[0]
        return outside(one.module)

    def _module_of(self, path: str) -> str:
        """The folder of the nearest ``go.mod`` above a file."""
        folder = path.rpartition("/")[0]
        while folder and folder not in self.replaced:
            folder = folder.rpartition("/")[0]
        return folder


def _is_aside(file: ParsedFile) -> bool:
    """Whether no import can mean this file: a test, or left out of every build."""
    named = next((one.module for one in file.imports if one.kind == "package"), "")
    return file.source.path.endswith("_test.go") or named == "documentation" or bool(_LEFT_OUT.search(file.source.text, 0, 4096))


def _resolver(project: Project) -> Resolver:
    index = _Index(project)

    def answers(file: ParsedFile) -> Iterator[Outcome]:
        for one in file.imports:
            if one.kind != "package":
                yield index.answer(file.source.path, one)

    return answers


FAMILY = Family(("go",), ("go.mod",), _resolver)
