"""The import graph: parsed files and manifests -> which file depends on which, how central each is, and an order to read them in.

Imports are resolved by the language's module in ``resolvers/``; what a file uses without importing it (a path written out in an
expression, another file of the same package) makes no edge. Centrality is PageRank (Brin and Page 1998) over "imports" edges, so a file
is central when central files import it.

Cost: one pass over all imports, near-constant work each (names are looked up in dictionaries); ranking is 100 sparse products at most.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from elite_code_dataset.records import ParsedFile
from elite_code_dataset.resolvers import Outcome, Project, Resolver, families

DAMPING = 0.85  # Brin and Page 1998
RANK_ROUNDS = 100
RANK_TOLERANCE = 1e-10  # L1 distance between two rounds

# File names (the last part of a path) whose text ``graph_of`` wants to see, besides those that ``is_manifest`` tells by a pattern.
MANIFESTS = frozenset(name for family in families().values() for name in family.manifests)


@dataclass(frozen=True)
class Graph:
    """``edges``: path -> the files it imports, sorted, for every file given (never itself). ``external``: path -> names outside.

    ``counts``: language -> how many imports were ``resolved``, ``external``, ``ambiguous`` or ``missing``; under the name ``manifest``
    the number that were ``broken``. ``centrality``: PageRank, summing to 1. ``order``: all paths, a file's dependencies before it; in
    a cycle the file with the fewest dependencies still to come goes first, then the smaller path.
    """

    edges: dict[str, tuple[str, ...]]
    external: dict[str, tuple[str, ...]]
    counts: dict[str, dict[str, int]]
    centrality: dict[str, float]
    order: tuple[str, ...]

    @property
    def unresolved(self) -> int:
        """Imports that name this repository and got no edge, because no file or several fit."""
        return sum(counts.get("ambiguous", 0) + counts.get("missing", 0) for counts in self.counts.values())


def is_manifest(path: str) -> bool:
    """Whether ``graph_of`` can use the text of this path: a name in ``MANIFESTS``, or a variant of ``tsconfig.json``/``requirements.txt``."""
    name = path.rpartition("/")[2]
    variant = (name.startswith("tsconfig") and name.endswith(".json")) or (name.startswith("requirements") and name.endswith(".txt"))
    return name in MANIFESTS or variant


def graph_of(files: Sequence[ParsedFile], manifests: Mapping[str, str]) -> Graph:
    """The graph of one commit. ``manifests`` maps paths to texts; one that cannot be read is counted and passed over."""
    project = Project(files, manifests)
    edges: dict[str, tuple[str, ...]] = {}
    external: dict[str, tuple[str, ...]] = {}
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    resolvers: dict[tuple[str, ...], Resolver] = {}
    for path, file in project.files.items():
        language = file.source.language
        family = families().get(language)
        if family and family.languages not in resolvers:
            resolvers[family.languages] = family.maker(project)
        outcomes = list(resolvers[family.languages](file)) if family else []
        edges[path] = tuple(sorted({target for outcome in outcomes for target in outcome.paths} - {path}))
        external[path] = tuple(sorted({outcome.external for outcome in outcomes if outcome.external}))
        counts[language].update(_name_of(outcome) for outcome in outcomes)
    counts["manifest"]["broken"] = len(project.broken)
    plain = {language: dict(sorted(counted.items())) for language, counted in sorted(counts.items()) if counted}
    return Graph(edges, external, plain, centrality_of(edges), order_of(edges))


def _name_of(outcome: Outcome) -> str:
    return outcome.reason or ("external" if outcome.external else "resolved")


def centrality_of(edges: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """PageRank by power iteration. What a file without imports holds is spread evenly over all files."""
    paths = sorted(edges)
    if not paths:
        return {}
    index = {path: number for number, path in enumerate(paths)}
    sources = np.array([index[path] for path in paths for _ in edges[path]], dtype=np.int64)
    targets = np.array([index[target] for path in paths for target in edges[path]], dtype=np.int64)
    degree = np.bincount(sources, minlength=len(paths)).astype(float)
    rank = np.full(len(paths), 1.0 / len(paths))
    for _ in range(RANK_ROUNDS):
        given = rank[sources] / degree[sources]
        loose = rank[degree == 0].sum()
        new = DAMPING * (np.bincount(targets, given, len(paths)) + loose / len(paths)) + (1 - DAMPING) / len(paths)
        moved = np.abs(new - rank).sum()
        rank = new
        if moved < RANK_TOLERANCE:
            break
    return dict(zip(paths, rank.tolist()))


def order_of(edges: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Every path once, dependencies first. Where all that remain wait in cycles, the one that waits for the fewest goes next."""
    waiting = {path: len(edges[path]) for path in edges}
    needed_by: dict[str, list[str]] = defaultdict(list)
    for path, targets in edges.items():
        for target in targets:
            needed_by[target].append(path)
    heap = [(count, path) for path, count in waiting.items()]
    heapq.heapify(heap)
    order: list[str] = []
    while heap:
        count, path = heapq.heappop(heap)
        if waiting.get(path) != count:  # gone already, or an entry from before its count went down
            continue
        del waiting[path]
        order.append(path)
        for dependent in needed_by[path]:
            if dependent in waiting:
                waiting[dependent] -= 1
                heapq.heappush(heap, (waiting[dependent], dependent))
    return tuple(order)
