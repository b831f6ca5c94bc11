"""Max-pooling and average pooling, under a window and over the whole image, and their gradients."""

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


def average_pool2d(x: Array, size: Pair, strides: Pair, padding: str = "valid") -> Array:
    """y[n, i, j, c] = the mean of the pixels of channel c under the window. Padding is no pixel.

    x: (N, H, W, C). Returns y: (N, OH, OW, C).
    """
    rows, cols = axes(x.shape[1:3], size, strides, padding, (1, 1))
    y = np.zeros((len(x), rows.outputs, cols.outputs, x.shape[3]), x.dtype)
    count = pixels_under(rows, cols)
    for n in range(len(x)):
        for channel in range(x.shape[3]):
            for i, j, _, _, r, c in cells(rows, cols):
                y[n, i, j, channel] += x[n, r, c, channel]
            for i, j in count:
                y[n, i, j, channel] /= count[i, j]
    return y


def pixels_under(rows: Axis, cols: Axis) -> dict[Pair, int]:
    """For each output cell how many pixels the window sees there."""
    count: dict[Pair, int] = {}
    for i, j, *_ in cells(rows, cols):
        count[i, j] = count.get((i, j), 0) + 1
    return count


def average_pool2d_backward(dy: Array, x: Array, size: Pair, strides: Pair, padding: str = "valid") -> Array:
    """The gradient of average_pool2d's x: y has the derivative 1/count with respect to each pixel under the window.

    dy: (N, OH, OW, C). Returns dx: (N, H, W, C).
    """
    rows, cols = axes(x.shape[1:3], size, strides, padding, (1, 1))
    dx, count = np.zeros_like(x), pixels_under(rows, cols)
    for n in range(len(x)):
        for channel in range(x.shape[3]):
            for i, j, _, _, r, c in cells(rows, cols):
                dx[n, r, c, channel] += dy[n, i, j, channel] / count[i, j]
    return dx


def global_average_pool2d(x: Array) -> Array:
    """The average pool of a window as large as the image: (N, H, W, C) -> (N, 1, 1, C)."""
    return average_pool2d(x, x.shape[1:3], (1, 1))


def global_average_pool2d_backward(dy: Array, x: Array) -> Array:
    """The gradient of global_average_pool2d's x: (N, 1, 1, C) -> (N, H, W, C)."""
    return average_pool2d_backward(dy, x, x.shape[1:3], (1, 1))


def global_max_pool2d(x: Array) -> Array:
    """The max-pool of a window as large as the image: (N, H, W, C) -> (N, 1, 1, C)."""
    return max_pool2d(x, x.shape[1:3], (1, 1))


def global_max_pool2d_backward(dy: Array, x: Array) -> Array:
    """The gradient of global_max_pool2d's x: (N, 1, 1, C) -> (N, H, W, C)."""
    return max_pool2d_backward(dy, x, x.shape[1:3], (1, 1))
