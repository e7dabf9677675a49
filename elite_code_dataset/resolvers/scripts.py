"""Ruby and shell: files required by path, beside the one that asks or on the usual load path.

``require "a/b"`` looks below folders called ``lib`` (and in a gem's ``spec`` or ``test``); a shell path keeps what stands after its last
variable or substitution (``$(dirname "$0")/lib.sh``), looked for beside the file, then from the root, then as the only path that ends so.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from elite_code_dataset.records import Import, ParsedFile
from elite_code_dataset.resolvers import AMBIGUOUS, MISSING, Family, Outcome, Project, Resolver, found, joined, nearest, outside, unresolved

LOAD_PATH = ("lib", "spec", "test", "app")
_VARIABLE = re.compile(r"\$\([^)]*\)|\$\{[^}]*\}|\$\w+|`[^`]*`")


class _Index:
    def __init__(self, project: Project) -> None:
        self.files = project.files
        self.named: dict[str, list[str]] = defaultdict(list)
        for file in project.of("ruby", "bash"):
            self.named[file.source.path.rpartition("/")[2]].append(file.source.path)

    def answer(self, file: ParsedFile, one: Import) -> Outcome:
        if file.source.language == "bash":
            return self._sourced(file.source.path, one.module)
        return self._required(file.source.path, one)

    def _required(self, origin: str, one: Import) -> Outcome:
        ending = one.module if one.module.endswith(".rb") else one.module + ".rb"
        beside = joined(origin.rpartition("/")[0], ending)
        if one.kind in ("require_relative", "load") or one.module.startswith("."):
            return found([beside]) if beside in self.files else unresolved(MISSING)
        starts = tuple(f"{folder}/{ending}" for folder in LOAD_PATH)
        ends = [
            path for path in self.named.get(ending.rpartition("/")[2], ()) if any(path == end or path.endswith("/" + end) for end in starts)
        ]
        return self._only(ends, origin) if ends else outside(one.module.partition("/")[0])

    def _sourced(self, origin: str, module: str) -> Outcome:
        ending = _VARIABLE.split(module)[-1].lstrip("/")
        if not ending.strip("./") or module.startswith(("/", "~")):
            return outside(module)
        for path in (joined(origin.rpartition("/")[0], ending), joined("", ending)):
            if path in self.files:
                return found([path])
        tail = re.sub(r"^(?:\.{1,2}/)+", "", ending)
        ends = [path for path in self.named.get(tail.rpartition("/")[2], ()) if path == tail or path.endswith("/" + tail)]
        return self._only(ends, origin) if ends else unresolved(MISSING)

    def _only(self, paths: list[str], origin: str) -> Outcome:
        best = paths[0] if len(paths) == 1 else nearest(paths, origin)
        return found([best]) if best else unresolved(AMBIGUOUS)


def _resolver(project: Project) -> Resolver:
    index = _Index(project)

    def answers(file: ParsedFile) -> Iterator[Outcome]:
        for one in file.imports:
            yield index.answer(file, one)

    return answers


FAMILY = Family(("ruby", "bash"), (), _resolver)
