"""The positions of a pooling window over a convolution's output, and pooling position by position."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from numpycnn.common.arithmetic import ceil_div
from numpycnn.common.typing import Array, Pair
from numpycnn.functional.pooling import pixels_under
from numpycnn.functional.window import Window


class Pool(NamedTuple):
    """What a block pools."""

    window: Window
    average: bool = False
    """Whether it is the mean under the window; if not, the maximum."""

    @property
    def chooses(self) -> bool:
        """Whether one of several positions wins."""
        return not self.average and self.window.count > 1

    @property
    def overlaps(self) -> bool:
        """Whether windows overlap, so that a pixel is under several of them."""
        return any(size > stride for size, stride in zip(self.window.size, self.window.strides, strict=True))

    def counts(self, convolved: Pair, dtype: np.dtype) -> Array:
        """How many pixels of images of that size are under each window: (1, PH, PW, 1)."""
        return pixels_under((1, *convolved, 1), self.window, dtype)


NO_POOL = Pool(Window((1, 1)))


class Tap(NamedTuple):
    """One position of the pooling window, and the pixels that it sees."""

    number: int
    """u*PW + v: the value in `winner`."""
    outputs: tuple[slice, slice, slice]
    """The windows that have this position inside the image; all of them, unless the pool is padded."""
    size: Pair
    """The rows and columns of these windows."""
    corner: Pair
    """The pixel of the convolution's output that it sees in the first window; the others follow by the strides."""


def pool_taps(pool: Window, convolved: Pair) -> Iterator[Tap]:
    """The positions of a pooling window over images of that size, row by row, without those always on padding."""
    output, pads = pool.output_size(convolved), pool.pads(convolved)
    for number in range(pool.count):
        spans = []
        for axis, tap in enumerate(divmod(number, pool.size[1])):
            step, before = pool.strides[axis], pads[axis][0]
            start = max(0, ceil_div(before - tap, step))  # the first window that has this tap inside the image
            stop = min(output[axis], (convolved[axis] - 1 - tap + before) // step + 1)
            spans.append((start, stop, start * step + tap - before))
        (top, bottom, row), (left, right, col) = spans
        if bottom > top and right > left:
            outputs = slice(None), slice(top, bottom), slice(left, right)
            yield Tap(number, outputs, (bottom - top, right - left), (row, col))


def begin_pool(pool: Pool, tap: Tap, z: Array, y: Array, winner: Array | None, *, relu: bool) -> None:
    """Set y to the first position's z, or with a ReLU to at least 0, and winner to that position."""
    if winner is not None:
        winner.fill(tap.number)
    best = y[tap.outputs]
    if relu or best.shape != y.shape:
        y.fill(0 if relu or pool.average else -np.inf)  # also windows that do not see this position
    if relu:
        np.maximum(z, best, out=best)
    else:
        best[...] = z


def max_pool(tap: Tap, z: Array, y: Array, winner: Array | None, larger: Array) -> None:
    """Raise y to the maximum of y and a position's z, and set winner to that position where z was larger.

    larger: memory for booleans.
    """
    best = y[tap.outputs]
    if winner is not None:
        mark_winner(winner[tap.outputs], np.greater(z, best, out=cropped_like(larger, z)), tap.number)
    np.maximum(best, z, out=best)


def mark_winner(winner: Array, larger: Array, number: int) -> None:
    """Set winner to `number` where `larger`. Numbers increase, so np.maximum does it, much faster than a mask."""
    marks = larger.view(np.uint8)
    marks *= np.uint8(number)
    np.maximum(winner, marks, out=winner)


def cropped_like(memory: Array, like: Array) -> Array:
    """The beginning of an array along each axis, in the shape of another one."""
    return memory[tuple(slice(size) for size in like.shape)]


def seen_by(images: Array, tap: Tap, pool: Pool) -> Array:
    """The outputs, of a convolution's (N, OH, OW, F), that a position of the pool sees: (N, rows, cols, F)."""
    (top, left), (rows, cols), (sh, sw) = tap.corner, tap.size, pool.window.strides
    return images[:, top::sh, left::sw][:, :rows, :cols]
