"""Blobs in the order they are needed: ids -> bytes, each read once while it is still near.

In: ``Objects``. Out: content by id for one batch of ids after another. Costs one read of each blob and memory for the batch,
and for blobs of earlier batches up to ``_KEPT`` bytes: a file's next version usually asks for the one before.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from elite_code_dataset.git_objects import Objects

_KEPT = 48_000_000  # bytes of earlier batches
_BATCH = 16_000_000  # bytes of one batch
Item = TypeVar("Item")


class Blobs:
    """A window of blobs that moves along a list of needs. No blob above ``limit`` bytes is read."""

    def __init__(self, objects: Objects, limit: int) -> None:
        self._objects = objects
        self._limit = limit
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self.sizes: dict[str, int] = {}  # of every blob asked about that is there

    def measure(self, oids: Iterable[str]) -> None:
        """Learn the sizes of these blobs."""
        self.sizes = {oid: size for oid, (kind, size) in self._objects.sizes(oid for oid in oids if oid).items() if kind == "blob"}

    def get(self, oid: str) -> bytes | None:
        """A blob of the current batch, or None if it is missing, broken or too large."""
        return self._kept.get(oid)

    def along(self, items: Sequence[Item], needs: Callable[[Item], Iterable[str]]) -> Iterator[Item]:
        """Yield the items in order, each when the blobs it needs can be had with ``get``. ``measure`` them first."""
        at = 0
        while at < len(items):
            end, batch, size = at, {}, 0
            while end < len(items) and (size < _BATCH or end == at):
                for oid in needs(items[end]):
                    if oid in self._kept:
                        self._kept.move_to_end(oid)
                    if oid not in batch and oid not in self._kept and self.sizes.get(oid, self._limit + 1) <= self._limit:
                        batch[oid] = None
                        size += self.sizes[oid]
                end += 1
            self._make_room(items[at:end], needs)
            for oid, kind, data in self._objects.read(batch, self._limit):
                if kind == "blob":
                    self._kept[oid] = data
                    self._bytes += len(data)
            yield from items[at:end]
            at = end

    def _make_room(self, items: Sequence[Item], needs: Callable[[Item], Iterable[str]]) -> None:
        if self._bytes <= _KEPT:
            return
        needed = {oid for item in items for oid in needs(item)}
        for oid in [oid for oid in self._kept if oid not in needed]:
            if self._bytes <= _KEPT:
                break
            self._bytes -= len(self._kept.pop(oid))
