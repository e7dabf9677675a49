"""Rust: crates from ``Cargo.toml``, a module tree from ``mod`` declarations, ``use`` paths walked through it to the defining file.

A path is walked as the compiler walks it: modules, items, named and glob re-exports, then crates of this repository by the name the
manifest gives them. What macros define is unseen; a path into a module of this repository that ends there leads to the module's file.
Files that no ``mod`` reaches (declared inside a macro) get the place in the tree that their folder says.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from elite_code_dataset.records import Import, ParsedFile
from elite_code_dataset.resolvers import MISSING, Family, Outcome, Project, Resolver, found, import_text, joined, outside, unresolved
from elite_code_dataset.resolvers.cargo import Crate, crates_of

_ALIASES = re.compile(r"\b(\w+)\s+as\s+(\w+)")
_DECLARED = re.compile(r"\bmod\s+(?:r#)?(\w+)\s*;\s*$")
MAX_DEPTH = 64  # modules inside modules; deeper is a declaration that leads back to itself

Key = tuple[int, tuple[str, ...]]  # crate number, module path
Inline = tuple[str, ...]  # inline modules inside a file, from the outside in
External = str


@dataclass
class _Scope:
    """What one module (a file's own or an inline one) defines and brings in."""

    defined: set[str] = field(default_factory=set)
    named: dict[str, list[tuple[str, ...]]] = field(default_factory=lambda: defaultdict(list))  # visible name -> paths
    globs: list[tuple[str, ...]] = field(default_factory=list)


@dataclass
class _File:
    """A file's scopes by inline module, and the inline module each of its imports stands in."""

    scopes: dict[Inline, _Scope]
    places: list[Inline]


def _read(file: ParsedFile) -> _File:
    chains: list[Inline] = []
    scopes: dict[Inline, _Scope] = {(): _Scope()}
    spans: list[tuple[int, int, Inline]] = []
    for unit in file.units:
        above = chains[unit.parent] if unit.parent >= 0 else ()
        chains.append((*above, unit.name) if unit.kind == "module" else above)
        if unit.kind == "module":
            spans.append((unit.start_byte, unit.end_byte, chains[-1]))
            scopes.setdefault(chains[-1], _Scope())
        if unit.kind != "impl" and (unit.parent < 0 or file.units[unit.parent].kind == "module"):
            scopes[above].defined.add(unit.name.removeprefix("r#"))
    places = []
    for one in file.imports:
        place = max((chain for start, end, chain in spans if start <= one.start_byte < end), key=len, default=())
        places.append(place)
        if one.kind in ("use", "export"):
            _bring_in(scopes[place], file, one, len(place))
    return _File(scopes, places)


def _bring_in(scope: _Scope, file: ParsedFile, one: Import, depth: int) -> None:
    path = _segments(one.module)
    if path[0] in ("self", "super"):  # written from the file's module, kept from the inline module it stands in
        path = ("super",) * depth + path
    if one.names == ("*",):
        scope.globs.append(path)
        return
    text = import_text(file, one)
    aliases = dict(_ALIASES.findall(text)) if " as " in text else {}
    name = path[-1] if path else ""
    scope.named[aliases.get(name, name)].append(path)


def _segments(path: str) -> tuple[str, ...]:
    """``r#a::b<T>`` -> ("a", "b"); a leading ``::`` stays as an empty first segment."""
    return tuple(part.removeprefix("r#") for part in path.partition("<")[0].split("::"))


class _Tree:
    """Every module of every crate: where it is, what it holds, and where a path from it leads."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.files = {file.source.path: _read(file) for file in project.of("rust")}
        self.crates: list[Crate] = list(crates_of(project, self.files))
        self.modules: dict[Key, list[tuple[str, Inline]]] = defaultdict(list)
        self.keys: dict[str, list[Key]] = defaultdict(list)  # file -> the modules it is
        self.declared: dict[tuple[str, int], list[str]] = defaultdict(list)  # file, import number -> files
        self.libraries = {crate.package: number for number, crate in enumerate(self.crates) if crate.is_library}
        for number in range(len(self.crates)):
            self._grow(number)
        self._adopt_strays()

    # --- building ---

    def _grow(self, number: int) -> None:
        root = self.crates[number].root
        stack = [(root, (), root.rpartition("/")[0])]
        seen: set[tuple[str, tuple[str, ...]]] = set()
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

    def _children(self, path: str, module: tuple[str, ...], folder: str) -> Iterator[tuple[str, tuple[str, ...], str]]:
        """(file, module path, folder of its own children) of each file that a file's ``mod`` declarations name."""
        for index, one in enumerate(self.project.files[path].imports):
            if one.kind == "mod":
                name = one.module.removeprefix("r#")
                inner = joined(folder, "/".join(one.names)) if one.names else folder
                for file in (joined(inner, f"{name}.rs"), joined(inner, f"{name}/mod.rs")):
                    if file in self.files:
                        self.declared[path, index].append(file)
                        yield file, (*module, *one.names, name), joined(inner, name)
                        break
            elif one.kind == "mod_path":
                declared = _DECLARED.search(import_text(self.project.files[path], one))
                # Outside inline modules the attribute counts from the folder of the file it stands in.
                base = joined(folder, "/".join(one.names)) if one.names else path.rpartition("/")[0]
                file = joined(base, one.module)
                if file in self.files:
                    self.declared[path, index].append(file)
                    yield file, (*module, *one.names, declared[1] if declared else file[:-3]), file.rpartition("/")[0]

    def _adopt_strays(self) -> None:
        """Give files that no declaration reaches the module their folder says, under the crate whose root is nearest above."""
        roots = [
            (crate.root.rpartition("/")[0], number)
            for number, crate in enumerate(self.crates)
            if crate.root.endswith(("lib.rs", "main.rs"))
        ]
        roots.sort(key=lambda item: (-len(item[0]), item[1]))
        for path in self.files:
            if path in self.keys:
                continue
            for folder, number in roots:
                if not folder or path.startswith(folder + "/"):
                    parts = path[len(folder) + 1 if folder else 0 : -3].split("/")
                    self._place(path, (number, tuple(parts[:-1] if parts[-1] == "mod" else parts)))
                    break

    # --- walking ---

    def answer(self, file: ParsedFile, index: int, one: Import) -> Outcome:
        path = file.source.path
        if one.kind in ("mod", "mod_path"):
            targets = self.declared.get((path, index))
            return found(targets) if targets else unresolved(MISSING)
        if one.kind == "include":
            target = joined(path.rpartition("/")[0], one.module)
            return found([target]) if target in self.project.files else unresolved(MISSING)
        place = self.files[path].places[index]
        segments = _segments(one.module)
        answers = [self._from(key, place, segments, one.kind == "crate") for key in self.keys.get(path, ())]
        files = {target for answer in answers if isinstance(answer, set) for target in answer}
        if files:
            return found(files)
        names = sorted(answer for answer in answers if isinstance(answer, str) and answer)
        if names:
            return outside(names[0])
        if not answers and segments[0] not in ("crate", "self", "super"):
            return outside(segments[0])
        return unresolved(MISSING)

    def _from(self, key: Key, place: Inline, segments: tuple[str, ...], is_crate: bool) -> set[str] | External:
        """Files or the external crate that a path leads to from a module; '' where it leads nowhere."""
        if is_crate:
            return self._in_crate(key[0], segments, set(), strict=False) or ""
        inner = key if segments[0] in ("self", "super") else (key[0], key[1] + place)
        return self._resolved(inner, segments, set(), strict=False) or ""

    def _resolved(self, key: Key, segments: tuple[str, ...], seen: set, strict: bool) -> set[str] | External | None:
        head, rest = segments[0], segments[1:]
        crate = self.crates[key[0]]
        if head in ("crate", "$crate"):
            return self._walk((key[0], ()), rest, seen, strict)
        if head in ("self", "super"):
            return self._walk(key, segments, seen, strict)
        if head == "":
            return self._in_crate(key[0], rest, seen, strict) if rest else None
        start = (key[0], ()) if crate.edition == 2015 else key
        local = self._walk(start, segments, seen, strict=True)
        if local:
            return local
        if crate.knows(head):
            return self._in_crate(key[0], segments, seen, strict)
        return None if strict or head[:1].isupper() else head

    def _in_crate(self, number: int, segments: tuple[str, ...], seen: set, strict: bool) -> set[str] | External | None:
        """A path that starts with a crate's name. What a crate from elsewhere holds is unknown, so ``strict`` finds nothing there."""
        package = self.crates[number].crate_named(segments[0])
        if package is None or package not in self.libraries:
            return None if strict else segments[0]
        return self._walk((self.libraries[package], ()), segments[1:], seen, strict)

    def _walk(self, key: Key, segments: tuple[str, ...], seen: set, strict: bool) -> set[str] | External | None:
        """Follow modules as far as they go, then the item. Not ``strict``: a last name that is not found leads to its module's file."""
        for index, segment in enumerate(segments):
            if segment == "self":
                continue
            if segment == "super":
                key = (key[0], key[1][:-1])
            elif (key[0], (*key[1], segment)) in self.modules:
                key = (key[0], (*key[1], segment))
            else:
                item = self._item(key, segments[index:], seen)
                # A module that is not there cannot be passed through; an item's variants and associated names can.
                return item if item or strict else self._own_files(key)
        return self._own_files(key)

    def _own_files(self, key: Key) -> set[str] | None:
        return {path for path, _ in self.modules[key]} if key in self.modules else None

    def _item(self, key: Key, segments: tuple[str, ...], seen: set) -> set[str] | External | None:
        """Where a name of a module is defined: here, or where a ``use`` of that module brings it from."""
        name, rest = segments[0], segments[1:]
        if (key, name) in seen:
            return None
        seen.add((key, name))
        files: set[str] = set()
        scopes = [(path, self.files[path].scopes[inline]) for path, inline in self.modules.get(key, ())]
        for path, scope in scopes:
            if name in scope.defined:
                files.add(path)
        if files:
            return files
        outer: External | None = None
        for _, scope in scopes:
            for source in scope.named.get(name, ()):
                answer = (
                    self._resolved(key, source + rest, seen, strict=False)
                    if source != (name,)
                    else self._named_crate(key, source + rest, seen)
                )
                if isinstance(answer, set):
                    files |= answer
                else:
                    outer = outer or answer
        return files or outer or self._through_globs(key, scopes, segments, seen) or self._macro(key, name)

    def _named_crate(self, key: Key, segments: tuple[str, ...], seen: set) -> set[str] | External | None:
        """``use name;`` can only mean a crate, since it would otherwise bring in itself."""
        return self._in_crate(key[0], segments, seen, strict=False) if self.crates[key[0]].knows(segments[0]) else None

    def _through_globs(self, key: Key, scopes: list, segments: tuple[str, ...], seen: set) -> set[str] | External | None:
        files: set[str] = set()
        for _, scope in scopes:
            for source in scope.globs:
                answer = self._resolved(key, source + segments, seen, strict=True)
                if isinstance(answer, set):
                    files |= answer
        return files or None

    def _macro(self, key: Key, name: str) -> set[str] | None:
        """``#[macro_export]`` puts a macro at its crate's root, wherever it stands."""
        if key[1]:
            return None
        return self._macros().get((key[0], name))

    def _macros(self) -> dict[tuple[int, str], set[str]]:
        if not hasattr(self, "_macro_files"):
            self._macro_files: dict[tuple[int, str], set[str]] = defaultdict(set)
            for path, keys in self.keys.items():
                for unit in self.project.files[path].units:
                    if unit.kind == "macro":
                        for number, _ in keys:
                            self._macro_files[number, unit.name].add(path)
        return self._macro_files


def _resolver(project: Project) -> Resolver:
    tree = _Tree(project)

    def answers(file: ParsedFile) -> Iterator[Outcome]:
        for index, one in enumerate(file.imports):
            yield tree.answer(file, index, one)

    return answers


FAMILY = Family(("rust",), ("Cargo.toml",), _resolver)
