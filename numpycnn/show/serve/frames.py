"""What training looked like, step by step, in no more than some bytes."""


class Frames:
    """Frames by the step that they show. Beyond `most` bytes every second one is dropped, again and again.

    So those that stay are evenly spaced from the first to the newest; these two always stay.
    """

    def __init__(self, most: int) -> None:
        self.most, self.stride, self.bytes = most, 1, 0
        self._count = 0
        self._kept: dict[int, tuple[int, list[float | None], bytes]] = {}  # by step: number, figures, data

    def add(self, step: int, figures: list[float | None], data: bytes) -> None:
        """Keep one more: data, with the figures of the batch that led to it."""
        self._keep_spaced()
        self._kept[step] = self._count, figures, data
        self._count += 1
        self.bytes += len(data)
        while self.bytes > self.most and len(self._kept) > 2:
            self.stride *= 2
            self._keep_spaced(newest=step)

    def _keep_spaced(self, newest: int | None = None) -> None:
        """Drop what is not at a multiple of the stride; but not the newest, where it is given."""
        self._kept = {step: kept for step, kept in self._kept.items() if kept[0] % self.stride == 0 or step == newest}
        self.bytes = sum(len(data) for _, _, data in self._kept.values())

    def data(self, step: int) -> bytes | None:
        """The frame of a step, or None where it was dropped or has never been."""
        kept = self._kept.get(step)
        return None if kept is None else kept[2]

    def rows(self) -> list[list[float | None]]:
        """[step, *figures] of every frame that is kept."""
        return [[step, *figures] for step, (_, figures, _) in self._kept.items()]
