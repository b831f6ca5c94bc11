"""Snapshots of training, step by step, within a memory limit."""


class Frames:
    """Frames by their step. Beyond `max_bytes`, every second frame is dropped, repeatedly.

    So the remaining ones are evenly spaced from the first to the newest; these two are always kept.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes, self.stride, self.bytes = max_bytes, 1, 0
        self._count = 0
        self._kept: dict[int, tuple[int, list[float | None], bytes]] = {}  # by step: number, figures, data

    def add(self, step: int, figures: list[float | None], data: bytes) -> None:
        """Add a frame: data, with the figures of the step's batch."""
        self._keep_spaced()
        self._kept[step] = self._count, figures, data
        self._count += 1
        self.bytes += len(data)
        while self.bytes > self.max_bytes and len(self._kept) > 2:
            self.stride *= 2
            self._keep_spaced(newest=step)

    def _keep_spaced(self, newest: int | None = None) -> None:
        """Drop frames that are not at a multiple of the stride, except for the newest."""
        self._kept = {step: kept for step, kept in self._kept.items() if kept[0] % self.stride == 0 or step == newest}
        self.bytes = sum(len(data) for _, _, data in self._kept.values())

    def data(self, step: int) -> bytes | None:
        """The frame of a step; None if it was dropped, or never existed."""
        kept = self._kept.get(step)
        return None if kept is None else kept[2]

    def rows(self) -> list[list[float | None]]:
        """[step, *figures] of every frame."""
        return [[step, *figures] for step, (_, figures, _) in self._kept.items()]
