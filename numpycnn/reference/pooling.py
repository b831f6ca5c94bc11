"""Max-pooling, and its gradient."""

import numpy as np

from numpycnn.common.typing import Array, Pair
from numpycnn.reference.window import Axis, axes, cells


def winners(x: Array, n: int, channel: int, rows: Axis, cols: Axis) -> dict[Pair, Pair]:
    """For each output cell the pixel (r, c) that is the largest under the window; of equal ones the first."""
    best: dict[Pair, Pair] = {}
    for i, j, _, _, r, c in cells(rows, cols):
        if (i, j) not in best or x[n, r, c, channel] > x[n, *best[i, j], channel]:
            best[i, j] = r, c
    return best


def max_pool2d(x: Array, size: Pair, strides: Pair, padding: str = "valid") -> Array:
    """y[n, i, j, c] = the largest pixel of channel c under the window. Padding never wins.

    x: (N, H, W, C). Returns y: (N, OH, OW, C).
    """
    rows, cols = axes(x.shape[1:3], size, strides, padding, (1, 1))
    y = np.zeros((len(x), rows.outputs, cols.outputs, x.shape[3]), x.dtype)
    for n in range(len(x)):
        for channel in range(x.shape[3]):
            for (i, j), (r, c) in winners(x, n, channel, rows, cols).items():
                y[n, i, j, channel] = x[n, r, c, channel]
    return y


def max_pool2d_backward(dy: Array, x: Array, size: Pair, strides: Pair, padding: str = "valid") -> Array:
    """The gradient of max_pool2d's x: y has the derivative 1 with respect to the winner, and 0 to the other pixels.

    dy: (N, OH, OW, C). Returns dx: (N, H, W, C).
    """
    rows, cols = axes(x.shape[1:3], size, strides, padding, (1, 1))
    dx = np.zeros_like(x)
    for n in range(len(x)):
        for channel in range(x.shape[3]):
            for (i, j), (r, c) in winners(x, n, channel, rows, cols).items():
                dx[n, r, c, channel] += dy[n, i, j, channel]
    return dx
