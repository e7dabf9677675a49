"""PHP: ``use`` names looked up among the classes, functions and constants that files declare in their namespaces; includes by path."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from elite_code_dataset.records import Import, ParsedFile
from elite_code_dataset.resolvers import AMBIGUOUS, MISSING, Family, Outcome, Project, Resolver, found, joined, nearest, outside, unresolved


class _Index:
    def __init__(self, project: Project) -> None:
        self.files = project.files
        self.declared: dict[str, list[str]] = defaultdict(list)  # full name -> files
        self.namespaces: set[str] = set()
        for file in project.of("php"):
            space = next((one.module.strip("\\") for one in file.imports if one.kind == "package"), "")
            self.namespaces.add(space)
            outer = {number for number, unit in enumerate(file.units) if unit.kind == "module"} | {-1}
            for name in sorted({unit.name for unit in file.units if unit.parent in outer and unit.kind != "module"}):
                self.declared[f"{space}\\{name}".lstrip("\\")].append(file.source.path)

    def answer(self, origin: str, one: Import) -> Outcome:
        if not one.kind.startswith("use"):
            path = joined(origin.rpartition("/")[0], one.module)
            path = path if path in self.files else joined("", one.module)
            return found([path]) if path in self.files else unresolved(MISSING)
        name = one.module.strip("\\")
        paths = self.declared.get(name, [])
        if paths:
            best = paths[0] if len(paths) == 1 else nearest(paths, origin)
            return found([best]) if best else unresolved(AMBIGUOUS)
        space = name.rpartition("\\")[0]
        return unresolved(MISSING) if space and space in self.namespaces else outside(space or name)


def _resolver(project: Project) -> Resolver:
    index = _Index(project)

    def answers(file: ParsedFile) -> Iterator[Outcome]:
        for one in file.imports:
            if one.kind != "package":
                yield index.answer(file.source.path, one)

    return answers


FAMILY = Family(("php",), (), _resolver)
