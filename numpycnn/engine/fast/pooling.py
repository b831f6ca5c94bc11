"""The positions of a pooling window over a convolution's output, and max-pooling by one position after the other."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from numpycnn.common.typing import Array, Pair
from numpycnn.functional.window import Window

NO_POOL = Window((1, 1))


class Tap(NamedTuple):
    """One position of the pooling window, and what it sees."""

    number: int
    """u*PW + v, by which a winner is known."""
    outputs: tuple[slice, slice, slice]
    """The outputs whose window has this position inside the image; all of them, unless the pool is padded."""
    size: Pair
    """How many rows and columns of outputs that is."""
    corner: Pair
    """Where on the convolution's output it sees the first of them; the others follow in the pool's strides."""


def pool_taps(pool: Window, convolved: Pair) -> Iterator[Tap]:
    """The positions of a pool's window over images of that size, in row order; those always outside are left out."""
    output, pads = pool.output_size(convolved), pool.pads(convolved)
    for number in range(pool.count):
        spans = []
        for axis, place in enumerate(divmod(number, pool.size[1])):
            step, before = pool.strides[axis], pads[axis][0]
            start = max(0, -((place - before) // step))  # the first output whose window has this place inside
            stop = min(output[axis], (convolved[axis] - 1 - place + before) // step + 1)
            spans.append((start, stop, start * step + place - before))
        (top, bottom, row), (left, right, col) = spans
        if bottom > top and right > left:
            outputs = slice(None), slice(top, bottom), slice(left, right)
            yield Tap(number, outputs, (bottom - top, right - left), (row, col))


def max_pool(outputs: Iterable[tuple[Tap, Array]], y: Array, winner: Array | None, larger: Array) -> None:
    """Raise y to the largest of all outputs that a position sees, and note in winner which position held it.

    y holds the least to begin with: 0 for a ReLU before the pool, which commutes with the maximum, or minus infinity.
    """
    for tap, z in outputs:
        best = y[tap.outputs]
        if winner is not None and tap.number:
            mark_winner(winner[tap.outputs], np.greater(z, best, out=corner(larger, z)), tap.number)
        np.maximum(best, z, out=best)


def mark_winner(winner: Array, larger: Array, number: int) -> None:
    """Set winner to `number` where the value is larger. Numbers rise, so a maximum does it, far faster than a mask."""
    marks = larger.view(np.uint8)
    marks *= np.uint8(number)
    np.maximum(winner, marks, out=winner)


def corner(memory: Array, like: Array) -> Array:
    """The part of an array that has the shape of another one."""
    return memory[tuple(slice(size) for size in like.shape)]
