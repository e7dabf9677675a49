"""Java and its neighbours on the same machine: package clauses say what is where, whatever folder a file is in.

A type leads to the file that declares it, a nested type or static member to its outermost type's file, ``a.b.*`` to the package's files
(its tests only from a test). Where several files declare one name, the one nearest in the tree is meant; equally near ones are ambiguous.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from elite_code_dataset.records import Import, ParsedFile
from elite_code_dataset.resolvers import AMBIGUOUS, MISSING, Family, Outcome, Project, Resolver, found, nearest, outside, unresolved

LANGUAGES = ("java", "kotlin", "scala")


class _Index:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.members: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))  # package -> name -> files
        self.files: dict[str, list[str]] = defaultdict(list)  # package -> files
        for file in project.of(*LANGUAGES):
            path, package = file.source.path, _package(file)
            stem = path.rpartition("/")[2].partition(".")[0]
            names = {unit.name for unit in file.units if unit.parent < 0} | {stem}
            self.files[package].append(path)
            for name in sorted(names):
                self.members[package][name].append(path)

    def answer(self, file: ParsedFile, one: Import) -> Outcome:
        parts = one.module.split(".")
        if one.names == ("*",) and one.module in self.files:
            wanted = file.source.role == "test"
            files = [path for path in self.files[one.module] if wanted or self.project.files[path].source.role != "test"]
            return found(files) if files else unresolved(MISSING)
        for cut in range(len(parts) - 1, 0, -1):
            package, name = ".".join(parts[:cut]), parts[cut]
            if package in self.members:
                return self._declared(self.members[package].get(name, []), file.source.path)
        kept = [part for part in parts if not part[:1].isupper()]
        return outside(".".join(kept if len(kept) < len(parts) or one.names == ("*",) else parts[:-1]))

    def _declared(self, paths: list[str], origin: str) -> Outcome:
        if not paths:
            return unresolved(MISSING)
        best = paths[0] if len(paths) == 1 else nearest(paths, origin)
        return found([best]) if best else unresolved(AMBIGUOUS)


def _package(file: ParsedFile) -> str:
    return next((one.module for one in file.imports if one.kind == "package"), "")


def _resolver(project: Project) -> Resolver:
    index = _Index(project)

    def answers(file: ParsedFile) -> Iterator[Outcome]:
        for one in file.imports:
            if one.kind != "package":
                yield index.answer(file, one)

    return answers


FAMILY = Family(LANGUAGES, (), _resolver)
