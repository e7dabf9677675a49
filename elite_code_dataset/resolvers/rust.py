"""Rust: ``mod`` declarations and ``use`` paths, walked through the module tree to the file that defines what they name.

A path is walked as the compiler walks it: modules, items, named and glob re-exports, then crates of this repository by the name the
manifest gives them. What macros define is not in the syntax tree: such a name leads to the one file that spells a definition of it among
the module's own and those it re-exports, else to the module's file. Files that no ``mod`` reaches have the module their folder says.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from elite_code_dataset.records import Import, ParsedFile
from elite_code_dataset.resolvers import MISSING, Family, Outcome, Project, Resolver, found, joined, outside, unresolved
from elite_code_dataset.resolvers.rust_modules import Key, Names, Tree, segments_of

_SPELLED = re.compile(r"\b(?:struct|enum|fn|trait|type|const|static|union|mod|macro_rules!)\s+(?:r#)?(\w+)")
External = str
MAX_STEPS = 500  # names looked up for one import: ordinary code needs a few dozen
MAX_CHAIN = 48  # re-exports of re-exports; each takes four calls inside one another


class _Walker:
    """Where paths lead. Answers are kept; one that was cut short, because it came back to itself, is not."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.tree = Tree(project)
        self.items: dict[tuple, set[str] | External | None] = {}
        self.globbed: dict[tuple, set[Key]] = {}
        self.active: set[tuple] = set()
        self.cuts = 0
        self.steps = 0
        self.spelled: dict[str, set[str]] = {}
        self.macros: dict[tuple[int, str], set[str]] = defaultdict(set)
        for path, keys in self.tree.keys.items():
            for name in (unit.name for unit in project.files[path].units if unit.kind == "macro"):
                for number, _ in keys:
                    self.macros[number, name].add(path)

    def answer(self, file: ParsedFile, index: int, one: Import) -> Outcome:
        path = file.source.path
        if one.kind in ("mod", "mod_path"):
            targets = self.tree.declared.get((path, index))
            return found(targets) if targets else unresolved(MISSING)
        if one.kind == "include":
            target = joined(path.rpartition("/")[0], one.module)
            return found([target]) if target in self.project.files else unresolved(MISSING)
        self.steps = 0
        segments = segments_of(one.module)
        if one.kind == "crate":
            segments = ("", *segments)
        keys = self.tree.keys.get(path, [])
        # `self` and `super` were written from the file's module, all else from the inline module around it.
        inline = () if segments[0] in ("self", "super") else self.tree.files[path].places[index]
        answers = [self._exact((number, module + inline), segments) for number, module in keys]
        files = {target for answer in answers if isinstance(answer, set) for target in answer}
        names = sorted(answer for answer in answers if isinstance(answer, str))
        if not files and not names:
            files = {target for number, module in keys for target in self._likely((number, module + inline), segments, 0)}
        if files:
            return found(files)
        if not keys and segments[0] not in ("crate", "self", "super"):
            names = [segments[0]]
        return outside(names[0]) if names else unresolved(MISSING)

    # --- what a path names for certain ---

    def _exact(self, key: Key, segments: Names) -> set[str] | External | None:
        head = segments[0]
        if head in ("crate", "$crate"):
            return self._below((key[0], ()), segments[1:], False)
        if head in ("self", "super"):
            return self._below(key, segments, False)
        if head == "":
            return self._in_crate(key[0], segments[1:]) if len(segments) > 1 else None
        local = self._below(self._start(key), segments, False)
        if local or self.tree.crates[key[0]].knows(head):
            return local or self._in_crate(key[0], segments)
        # Not a crate that the manifest names: a crate all the same, unless the module has something of this name.
        return None if head[:1].isupper() or self._modules(self._start(key), (head,), set()) else head

    def _start(self, key: Key) -> Key:
        """Where a path without a keyword starts: in its module, or at the crate's root in the first edition."""
        return (key[0], ()) if self.tree.crates[key[0]].edition == 2015 else key

    def _in_crate(self, number: int, segments: Names) -> set[str] | External | None:
        """A path that starts with a crate's name."""
        package = self.tree.crates[number].crate_named(segments[0])
        if package in self.tree.libraries:
            return self._below((self.tree.libraries[package], ()), segments[1:], True)
        return segments[0]

    def _below(self, key: Key, segments: Names, public: bool) -> set[str] | External | None:
        """Follow modules as far as they go, then the item; its variants and associated names are in the same file."""
        for index, segment in enumerate(segments):
            if segment == "super":
                key = (key[0], key[1][:-1])
            elif (key[0], (*key[1], segment)) in self.tree.modules:
                key = (key[0], (*key[1], segment))
            elif segment != "self":
                return self._item(key, segments[index:], public)
        return self.tree.own_files(key) or None

    def _item(self, key: Key, segments: Names, public: bool) -> set[str] | External | None:
        question = (key, segments, public)
        if question in self.items:
            return self.items[question]
        self.steps += 1
        if (key, segments[0]) in self.active or len(self.active) > MAX_CHAIN or self.steps > MAX_STEPS:
            self.cuts += 1
            return None
        cuts = self.cuts
        self.active.add((key, segments[0]))
        answer = self._defined(key, segments[0]) or self._named(key, segments, public) or self._through_globs(key, segments, public)
        if not answer and not key[1]:  # `#[macro_export]` puts a macro at its crate's root, wherever it stands
            answer = self.macros.get((key[0], segments[0]))
        self.active.discard((key, segments[0]))
        if self.cuts == cuts:
            self.items[question] = answer
        return answer

    def _defined(self, key: Key, name: str) -> set[str]:
        return {path for path, inline in self.tree.modules.get(key, ()) if name in self.tree.files[path].scopes[inline].defined}

    def _named(self, key: Key, segments: Names, public: bool) -> set[str] | External | None:
        """Through the ``use`` declarations that bring the name into the module."""
        files: set[str] = set()
        outer: External | None = None
        for source in self._sources(key, segments[0], public):
            # `use name;` can only mean a crate, since it would otherwise bring in itself.
            path = ("", *source) if source == segments[:1] else source
            answer = self._exact(key, path + segments[1:])
            if isinstance(answer, set):
                files |= answer
            else:
                outer = outer or answer
        return files or outer

    def _sources(self, key: Key, name: str, public: bool) -> list[Names]:
        return [path for scope in self.tree.scopes(key) for path, seen in scope.named.get(name, ()) if seen or not public]

    def _through_globs(self, key: Key, segments: Names, public: bool) -> set[str] | None:
        """Only globs over modules are looked through: an enum's variants are not listed, so its glob could bring in any name."""
        files: set[str] = set()
        for inner in self._glob_modules(key, public):
            # What a module brings in privately is seen from the modules inside it alone.
            outer_view = inner[0] != key[0] or key[1][: len(inner[1])] != inner[1]
            answer = self._below(inner, segments, outer_view)
            if isinstance(answer, set):
                files |= answer
        return files or None

    # --- modules ---

    def _glob_modules(self, key: Key, public: bool) -> list[Key]:
        if (key, public) not in self.globbed:
            paths = [path for scope in self.tree.scopes(key) for path, seen in scope.globs if seen or not public]
            self.globbed[key, public] = {inner for path in paths for inner in self._modules(key, path, set())} - {key}
        return sorted(self.globbed[key, public])

    def _modules(self, key: Key, segments: Names, seen: set[tuple[Key, Names]]) -> set[Key]:
        """The modules of this repository that a path names, without looking through globs."""
        if (key, segments) in seen or len(seen) > 2 * MAX_CHAIN:
            return set()
        seen.add((key, segments))
        head = segments[0]
        if head in ("crate", "$crate"):
            return self._modules_below((key[0], ()), segments[1:], seen)
        if head in ("self", "super"):
            return self._modules_below(key, segments, seen)
        local = self._modules_below(self._start(key), segments, seen) if head else set()
        names = segments if head else segments[1:]
        package = self.tree.crates[key[0]].crate_named(names[0]) if names and not local else None
        return self._modules_below((self.tree.libraries[package], ()), names[1:], seen) if package in self.tree.libraries else local

    def _modules_below(self, key: Key, segments: Names, seen: set[tuple[Key, Names]]) -> set[Key]:
        for index, segment in enumerate(segments):
            if segment == "super":
                key = (key[0], key[1][:-1])
            elif (key[0], (*key[1], segment)) in self.tree.modules:
                key = (key[0], (*key[1], segment))
            elif segment != "self":
                sources = [source for source in self._sources(key, segment, False) if source != (segment,)]
                return {inner for source in sources for inner in self._modules(key, source + segments[index + 1 :], seen)}
        return {key} if key in self.tree.modules else set()

    # --- what a path names most likely ---

    def _likely(self, key: Key, segments: Names, depth: int) -> set[str]:
        """Where no definition is seen: the module that the path enters last, or the file there that spells a definition of the name."""
        for cut in range(len(segments) - 1, 0, -1):
            modules = sorted(self._modules(key, segments[:cut], set()))
            if modules:
                return {file for module in modules for file in self._spelling(module, segments[cut:], depth)}
        return set()

    def _spelling(self, module: Key, segments: Names, depth: int) -> set[str]:
        own = self.tree.own_files(module)
        sources = self._sources(module, segments[0], True)
        if sources and depth < 8:
            return {file for source in sources for file in self._likely(module, source + segments[1:], depth + 1)} or own
        for files in (own, {file for inner in self._glob_modules(module, True) for file in self.tree.own_files(inner)}):
            spelling = {file for file in files if segments[0] in self._names_spelled(file)}
            if len(spelling) == 1:
                return spelling
        return own

    def _names_spelled(self, path: str) -> set[str]:
        if path not in self.spelled:
            self.spelled[path] = set(_SPELLED.findall(self.project.files[path].source.text))
        return self.spelled[path]


def _resolver(project: Project) -> Resolver:
    walker = _Walker(project)

    def answers(file: ParsedFile) -> Iterator[Outcome]:
        for index, one in enumerate(file.imports):
            yield walker.answer(file, index, one)

    return answers


FAMILY = Family(("rust",), ("Cargo.toml",), _resolver)
