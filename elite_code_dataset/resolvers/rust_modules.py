"""Rust's module tree: crates and ``mod`` declarations -> which module every file is, and what each module defines and brings in.

In: a project. Out: ``Tree``. One pass over the imports and units of every Rust file, and one step for each ``mod`` declaration of each crate.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from elite_code_dataset.records import Import, ParsedFile
from elite_code_dataset.resolvers import Project, import_text, joined
from elite_code_dataset.resolvers.cargo import Crate, crates_of

_ALIASES = re.compile(r"\b(\w+)\s+as\s+(\w+)")
_SELF_ALIASES = re.compile(r"\b(\w+)\s*::\s*\{(?:[^{}]|\{[^{}]*\})*?\bself\s+as\s+(\w+)")
_DECLARED = re.compile(r"\bmod\s+(?:r#)?(\w+)\s*;\s*$")
MAX_DEPTH = 64  # modules inside modules, names in a path; deeper is a declaration that leads back to itself

Names = tuple[str, ...]
Key = tuple[int, Names]  # crate number, module path


@dataclass
class Scope:
    """What one module (a file's own or an inline one) defines and brings in; the second of a pair says whether others may see it."""

    defined: set[str] = field(default_factory=set)
    named: dict[str, list[tuple[Names, bool]]] = field(default_factory=lambda: defaultdict(list))  # visible name -> paths
    globs: list[tuple[Names, bool]] = field(default_factory=list)


@dataclass
class FileScopes:
    """A file's scopes by inline module (from the outside in), and the inline module each of its imports stands in."""

    scopes: dict[Names, Scope]
    places: list[Names]


def segments_of(path: str) -> Names:
    """``r#a::b<T>`` -> ("a", "b"); a leading ``::`` stays as an empty first segment."""
    return tuple(part.removeprefix("r#") for part in path.partition("<")[0].split("::", MAX_DEPTH)[:MAX_DEPTH])


def scopes_of(file: ParsedFile) -> FileScopes:
    chains: list[Names] = []
    scopes: dict[Names, Scope] = {(): Scope()}
    spans: list[tuple[int, int, Names]] = []
    for unit in file.units:
        above = chains[unit.parent] if unit.parent >= 0 else ()
        is_module = unit.kind == "module" and len(above) < MAX_DEPTH
        chains.append((*above, unit.name) if is_module else above)
        if is_module:
            spans.append((unit.start_byte, unit.end_byte, chains[-1]))
            scopes.setdefault(chains[-1], Scope())
        if unit.kind != "impl" and (unit.parent < 0 or file.units[unit.parent].kind == "module"):
            scopes[above].defined.add(unit.name.removeprefix("r#"))
    places = _places(file.imports, spans)
    for one, place in zip(file.imports, places):
        if one.kind in ("use", "export", "crate"):
            _bring_in(scopes[place], file, one, len(place))
    return FileScopes(scopes, places)


def _places(imports: Sequence[Import], spans: list[tuple[int, int, Names]]) -> list[Names]:
    """The innermost module around each import; both come in the order they start in."""
    places: list[Names] = []
    around: list[tuple[int, Names]] = []
    following = iter([*spans, (sys.maxsize, 0, ())])
    start, end, chain = next(following)
    for one in imports:
        while start <= one.start_byte:
            around.append((end, chain))
            start, end, chain = next(following)
        while around and around[-1][0] <= one.start_byte:
            around.pop()
        places.append(around[-1][1] if around else ())
    return places


def _bring_in(scope: Scope, file: ParsedFile, one: Import, depth: int) -> None:
    path, public = segments_of(one.module), one.kind == "export"
    if one.kind == "crate":
        path, public = ("", *path), import_text(file, one).startswith("pub")
    elif path[0] in ("self", "super"):  # written from the file's module, kept from the inline module it stands in
        path = ("super",) * depth + path
    if one.names == ("*",):
        scope.globs.append((path, public))
        return
    text = import_text(file, one)
    aliases = dict(_ALIASES.findall(text) + _SELF_ALIASES.findall(text)) if " as " in text else {}
    scope.named[aliases.get(path[-1], path[-1])].append((path, public))


class Tree:
    """Every module of every crate: which files it is (several under different ``cfg``), and the inline module inside each."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.files = {file.source.path: scopes_of(file) for file in project.of("rust")}
        self.crates: list[Crate] = list(crates_of(project, self.files))
        self.libraries = {crate.package: number for number, crate in enumerate(self.crates) if crate.is_library}
        self.modules: dict[Key, list[tuple[str, Names]]] = defaultdict(list)
        self.keys: dict[str, list[Key]] = defaultdict(list)  # file -> the modules it is
        self.declared: dict[tuple[str, int], list[str]] = defaultdict(list)  # file, import number -> files
        self.strays: set[str] = set()  # files that no declaration reaches
        for number in range(len(self.crates)):
            self._grow(number)
        self._adopt_strays()

    def scopes(self, key: Key) -> list[Scope]:
        return [self.files[path].scopes[inline] for path, inline in self.modules.get(key, ())]

    def own_files(self, key: Key) -> set[str]:
        return {path for path, _ in self.modules.get(key, ())}

    def _grow(self, number: int) -> None:
        root = self.crates[number].root
        stack = [(root, (), root.rpartition("/")[0])]
        seen: set[tuple[str, Names]] = set()
        while stack:
            path, module, folder = stack.pop()
            if (path, module) in seen or len(module) > MAX_DEPTH:
                continue
            seen.add((path, module))
            self._place(path, (number, module))
            stack.extend(reversed(list(self._children(path, module, folder))))

    def _place(self, path: str, key: Key) -> None:
        self.keys[path].append(key)
        for inline in self.files[path].scopes:
            self.modules[(key[0], key[1] + inline)].append((path, inline))

    def _children(self, path: str, module: Names, folder: str) -> Iterator[tuple[str, Names, str]]:
        """(file, module path, folder of its own children) of each file that a file's ``mod`` declarations name."""
        for index, one in enumerate(self.project.files[path].imports):
            inner = joined(folder, "/".join(one.names)) if one.names else folder
            if one.kind == "mod":
                name = one.module.removeprefix("r#")
                file = next((file for end in (".rs", "/mod.rs") if (file := joined(inner, name + end)) in self.files), "")
                below = joined(inner, name)
            elif one.kind == "mod_path":
                declared = _DECLARED.search(import_text(self.project.files[path], one))
                # Outside inline modules the attribute counts from the folder of the file it stands in.
                file = joined(inner if one.names else path.rpartition("/")[0], one.module)
                name, below = declared[1] if declared else file, file.rpartition("/")[0]
            else:
                continue
            if file in self.files:
                if file not in self.declared[path, index]:
                    self.declared[path, index].append(file)
                yield file, (*module, *one.names, name), below

    def _adopt_strays(self) -> None:
        """Give files that no declaration reaches the module their folder says, under the crate whose root is nearest above."""
        ends = ("lib.rs", "main.rs")
        roots = [(crate.root.rpartition("/")[0], number) for number, crate in enumerate(self.crates) if crate.root.endswith(ends)]
        roots.sort(key=lambda item: (-len(item[0]), item[1]))
        for path in self.files:
            if path in self.keys:
                continue
            self.strays.add(path)
            for folder, number in roots:
                if not folder or path.startswith(folder + "/"):
                    parts = path[len(folder) + 1 if folder else 0 : -3].split("/")
                    self._place(path, (number, tuple(parts[:-1] if parts[-1] == "mod" else parts)))
                    break
