"""Snapshots of training, step by step, within a memory limit."""

from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Kept(NamedTuple, Generic[T]):
    """A snapshot: how many were added before it, what it is, and its bytes."""

    number: int
    item: T
    size: int


class Snapshots(Generic[T]):
    """Snapshots by their step. Beyond `max_bytes`, every second one is dropped, repeatedly.

    So the remaining ones are evenly spaced from the first to the newest; these two are always kept.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes, self.stride, self.bytes = max_bytes, 1, 0
        self._count = 0
        self._kept: dict[int, Kept[T]] = {}

    def add(self, step: int, item: T, size: int) -> None:
        """Add a snapshot that takes `size` bytes."""
        self._keep_spaced()
        self._kept[step] = Kept(self._count, item, size)
        self._count += 1
        self.bytes += size
        while self.bytes > self.max_bytes and len(self._kept) > 2:
            self.stride *= 2
            self._keep_spaced(newest=step)

    def _keep_spaced(self, newest: int | None = None) -> None:
        """Drop those that are not at a multiple of the stride, except for the newest."""
        spaced = {step: kept for step, kept in self._kept.items() if kept.number % self.stride == 0 or step == newest}
        self._kept = spaced
        self.bytes = sum(kept.size for kept in self._kept.values())

    def get(self, step: int) -> T | None:
        """The snapshot of a step; None if it was dropped, or never existed."""
        kept = self._kept.get(step)
        return None if kept is None else kept.item

    def by_step(self) -> dict[int, T]:
        """All of them, by step."""
        return {step: kept.item for step, kept in self._kept.items()}
