"""Where a window lands on an image, along each axis."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from numpycnn.common.typing import Pair


@dataclass(frozen=True)
class Axis:
    """One axis of an image, `size` pixels long, and of the window of `kernel` taps that slides along it."""

    size: int
    kernel: int
    stride: int
    dilation: int
    padding: str

    @property
    def extent(self) -> int:
        """How many pixels the window spans, the gaps between its taps included."""
        return self.kernel + (self.kernel - 1) * (self.dilation - 1)

    @property
    def outputs(self) -> int:
        """How many positions the window takes: with "same" padding ceil(size/stride), with "valid" those inside."""
        if self.padding == "same":
            return ceil(self.size / self.stride)
        return ceil((self.size - self.extent + 1) / self.stride)

    @property
    def before(self) -> int:
        """The padding before the first pixel: half of what is needed; an odd one out goes to the end."""
        if self.padding == "valid":
            return 0
        return max((self.outputs - 1) * self.stride + self.extent - self.size, 0) // 2

    def pixel(self, output: int, tap: int) -> int | None:
        """The pixel that a tap sees at an output cell; None is outside the image."""
        index = output * self.stride + tap * self.dilation - self.before
        return index if 0 <= index < self.size else None


def axes(image: Pair, size: Pair, strides: Pair, padding: str, dilation: Pair) -> tuple[Axis, Axis]:
    """The rows and the columns of a window that slides over an image, each given as (rows, columns)."""
    rows, cols = (Axis(image[k], size[k], strides[k], dilation[k], padding) for k in (0, 1))
    return rows, cols


def cells(rows: Axis, cols: Axis) -> Iterator[tuple[int, int, int, int, int, int]]:
    """(i, j, u, v, r, c) for each output cell (i, j) and each tap (u, v) that sees a pixel (r, c) there, in order."""
    for i in range(rows.outputs):
        for j in range(cols.outputs):
            for u in range(rows.kernel):
                for v in range(cols.kernel):
                    r, c = rows.pixel(i, u), cols.pixel(j, v)
                    if r is not None and c is not None:
                        yield i, j, u, v, r, c
