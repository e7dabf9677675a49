"""The import graph as a picture that stays readable: directories in place of files, most important files by name.

In: edges between paths. Out: ``Picture``: at most ``GROUPS`` groups of files in an order where imports go down, the imports between them, and
the files that most others import. Costs a sort of the edges; a thousand files take milliseconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

GROUPS = 24  # rows of the picture; more cannot be told apart on a phone
TOP_FILES = 15
REST = "(others)"


@dataclass(frozen=True)
class Group:
    """A directory (or the files right inside it), how many files it stands for, and the imports among these."""

    name: str
    files: int
    inner: int


@dataclass(frozen=True)
class Arc:
    """``count`` imports from group ``importer`` to group ``imported``, by their place in the order. It goes up where groups import each other."""

    importer: int
    imported: int
    count: int

    @property
    def up(self) -> bool:
        return self.imported < self.importer


@dataclass(frozen=True)
class Picture:
    """``top``: (path, number of files that import it), most first."""

    groups: tuple[Group, ...]
    arcs: tuple[Arc, ...]
    top: tuple[tuple[str, int], ...]
    files: int
    edges: int


def picture(edges: Iterable[Sequence[str]], paths: Iterable[str] = (), groups: int = GROUPS) -> Picture:
    """The picture of these (importer, imported) pairs. ``paths`` adds files that import nothing; groups that only import within themselves, or not
    at all, have no row."""
    pairs = sorted({(str(a), str(b)) for a, b in edges if a != b})
    files = sorted({path for pair in pairs for path in pair} | set(paths))
    group_of = grouped(files, groups)
    between: Counter = Counter((group_of[a], group_of[b]) for a, b in pairs)
    order = downward(sorted({name for a, b in between if a != b for name in (a, b)}), between)
    place = {name: i for i, name in enumerate(order)}
    sizes = Counter(group_of.values())
    imported = Counter(b for _, b in pairs)
    return Picture(
        tuple(Group(name, sizes[name], between[(name, name)]) for name in order),
        tuple(
            sorted((Arc(place[a], place[b], n) for (a, b), n in between.items() if a != b), key=lambda arc: (arc.importer, arc.imported))
        ),
        tuple(sorted(imported.items(), key=lambda item: (-item[1], item[0]))[:TOP_FILES]),
        len(files),
        len(pairs),
    )


def grouped(files: Sequence[str], limit: int) -> dict[str, str]:
    """Path -> name of its group. The largest directory is opened again and again while the groups are at most ``limit``."""
    members: dict[str, list[str]] = {"": list(files)}
    closed: set[str] = set()
    while True:
        open_ones = [name for name in members if name not in closed and len(members[name]) > 1]
        if not open_ones:
            break
        name = min(open_ones, key=lambda one: (-len(members[one]), one))
        parts = fitting(opened(name, members[name]), name, limit - len(members) + 1)
        if len(parts) < 2 and name in parts:
            closed.add(name)
            continue
        del members[name]
        members |= parts
        closed |= {one for one in parts if one.endswith(("/*", REST)) or one == "*"}
    return {path: name or "*" for name, inside in members.items() for path in inside}


def fitting(parts: dict[str, list[str]], name: str, room: int) -> dict[str, list[str]]:
    """The parts if there is room for all; else the largest ones, and the rest as one. The directory itself where that would show little: fewer than
    two parts, or the rest holds most of its files (the root is opened all the same)."""
    if len(parts) <= room:
        return parts
    ranked = sorted(parts, key=lambda one: (-len(parts[one]), one))
    rest = sorted(path for one in ranked[room - 1 :] for path in parts[one])
    files = sum(map(len, parts.values()))
    if room < 3 or (name and len(rest) > files / 2):
        return {name: sorted(path for inside in parts.values() for path in inside)}
    return {one: parts[one] for one in ranked[: room - 1]} | {f"{name}/{REST}" if name else REST: rest}


def opened(name: str, files: Sequence[str]) -> dict[str, list[str]]:
    """A directory's files by the next part of their path; those right inside it stay together under ``name/*``."""
    prefix = f"{name}/" if name else ""
    parts: dict[str, list[str]] = {}
    for path in files:
        head, _, rest = path[len(prefix) :].partition("/")
        parts.setdefault(f"{prefix}{head}" if rest else f"{prefix}*", []).append(path)
    return parts


def downward(names: Sequence[str], between: Mapping[tuple[str, str], int]) -> list[str]:
    """An order with few imports going up: take what nobody imports to the front, what imports nobody to the end, else the greatest surplus
    (Eades, Lin, Smyth 1993)."""
    left = dict.fromkeys(names)
    front: list[str] = []
    back: list[str] = []
    while left:
        out = {name: sum(n for (a, b), n in between.items() if a == name and b != name and b in left) for name in left}
        into = {name: sum(n for (a, b), n in between.items() if b == name and a != name and a in left) for name in left}
        sink = next((name for name in reversed(left) if not out[name]), None)
        if sink is not None:
            back.append(sink)
            del left[sink]
            continue
        best = max(left, key=lambda name: (not into[name], out[name] - into[name]))
        front.append(best)
        del left[best]
    return front + back[::-1]
