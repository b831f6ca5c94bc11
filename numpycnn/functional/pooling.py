"""Max-pooling: the largest value under each window; the gradient goes to where that value stood."""

import numpy as np

from numpycnn.common.typing import Array, Shape
from numpycnn.functional.convolution import add_taps, check_images, pad
from numpycnn.functional.window import Window


def max_pool2d(x: Array, window: Window) -> tuple[Array, Array]:
    """The largest value under the window, for each channel by itself.

        y[n, i, j, c] = max over u, v of  xp[n, i*SH + u*DH, j*SW + v*DW, c]

    Padding is minus infinity, so it never wins over a finite pixel. Of equal maxima the first in row order wins.

    x: (N, H, W, C). Returns y: (N, OH, OW, C), and winner of the same shape: which tap, u*KW + v, held the maximum.
    """
    check_images("max_pool2d", x)
    output, bottom = window.output_size(x.shape[1:3]), lowest(x.dtype)
    padded = pad(x, window, bottom)
    y = np.full((len(x), *output, x.shape[3]), bottom, x.dtype)
    winner = np.zeros(y.shape, np.min_scalar_type(window.count))
    for k, tap in enumerate(window.taps(output)):
        seen = padded[tap]  # (N, OH, OW, C)
        np.copyto(winner, k, where=seen > y)  # strictly greater: a tie stays with the earlier tap
        y = np.maximum(y, seen)
    return y, winner


def lowest(dtype: np.dtype) -> float:
    """The lowest value of a dtype: minus infinity where there is one."""
    if dtype.kind == "b":
        return False
    return np.iinfo(dtype).min if np.issubdtype(dtype, np.integer) else -np.inf


def max_pool2d_backward(dy: Array, winner: Array, x_shape: Shape, window: Window) -> Array:
    """The gradient of max_pool2d's input: each window's gradient goes to its winner, the rest get nothing.

    The maximum is its winner's value, so it moves one for one with it. A pixel that wins several overlapping windows
    gets the sum.

    dy, winner: (N, OH, OW, C). Returns dx: x_shape = (N, H, W, C).
    """
    parts = (np.where(winner == k, dy, 0) for k in range(window.count))
    return add_taps(parts, x_shape, window, dy.dtype)
