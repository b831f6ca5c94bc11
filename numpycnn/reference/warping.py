"""Images seen through an affine map, and the gradient."""

from collections.abc import Iterator
from math import ceil, floor

import numpy as np

from numpycnn.common.typing import Array, Pair


def warp(x: Array, matrices: Array, size: Pair, interpolation: str, fill_mode: str, fill_value: float) -> Array:
    """y[n, i, j] is what image n shows at the position A @ (i, j, 1), with A = matrices[n].

    x: (N, H, W, C), y: (N, *size, C); matrices: (N, 2, 3).
    """
    n, h, w, c = x.shape
    y = np.zeros((n, *size, c), x.dtype)
    for a, i, j in np.ndindex(n, *size):
        for row, col, weight in taps(matrices[a] @ (i, j, 1), (h, w), interpolation, fill_mode):
            for k in range(c):
                y[a, i, j, k] += weight * (fill_value if row is None or col is None else x[a, row, col, k])
    return y


def warp_backward(dy: Array, matrices: Array, image: Pair, interpolation: str, fill_mode: str) -> Array:
    """The gradient of x: weight*dy goes to the pixel that was taken with that weight. image: (H, W)."""
    n, oh, ow, c = dy.shape
    dx = np.zeros((n, *image, c), dy.dtype)
    for a, i, j in np.ndindex(n, oh, ow):
        for row, col, weight in taps(matrices[a] @ (i, j, 1), image, interpolation, fill_mode):
            if row is not None and col is not None:
                dx[a, row, col] += weight * dy[a, i, j]
    return dx


def taps(
    position: Array, image: Pair, interpolation: str, fill_mode: str
) -> Iterator[tuple[int | None, int | None, float]]:
    """(row, column, weight) of the pixels around a position; None where there is no pixel."""
    for row, of_row in along(position[0], image[0], interpolation, fill_mode):
        for col, of_col in along(position[1], image[1], interpolation, fill_mode):
            yield row, col, of_row * of_col


def along(position: float, size: int, interpolation: str, fill_mode: str) -> Iterator[tuple[int | None, float]]:
    """(index, weight) along one axis: the nearest pixel, or the one below and the one above."""
    if interpolation == "nearest":
        rounded = floor(position + 0.5) if position >= 0 else ceil(position - 0.5)
        yield beyond(rounded, size, fill_mode), 1.0
        return
    below = floor(position)
    yield beyond(below, size, fill_mode), 1 - (position - below)
    yield beyond(below + 1, size, fill_mode), position - below


def beyond(index: int, size: int, fill_mode: str) -> int | None:
    """The pixel that is seen at an index, one step back over the edge after the other; None if it is filled in."""
    while not 0 <= index < size:
        if fill_mode == "constant":
            return None
        if fill_mode == "nearest":
            index = 0 if index < 0 else size - 1
        elif fill_mode == "wrap":
            index += size if index < 0 else -size
        else:
            index = -1 - index if index < 0 else 2 * size - 1 - index
    return index
