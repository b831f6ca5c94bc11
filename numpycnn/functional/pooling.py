"""Pooling: one value for all pixels under a window, the largest or the mean, for each channel by itself."""

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
        wins = seen > y  # strictly greater: a tie stays with the earlier tap
        winner = np.maximum(winner, wins * winner.dtype.type(k))  # a later tap has a larger number
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
    parts = ((winner == k) * dy for k in range(window.count))
    return add_taps(parts, x_shape, window, dy.dtype)


def average_pool2d(x: Array, window: Window) -> Array:
    """The mean of the pixels under the window, for each channel by itself.

        y[n, i, j, c] = 1/count[i, j] * sum over u, v of  xp[n, i*SH + u*DH, j*SW + v*DW, c]

    where count[i, j] is how many pixels the window sees there: cells of padding are not among them.

    x: (N, H, W, C). Returns y: (N, OH, OW, C).
    """
    check_images("average_pool2d", x)
    return sum_under(x, window) / pixels_under(x.shape, window, x.real.dtype)


def sum_under(x: Array, window: Window) -> Array:
    """The sum of the pixels under the window: (N, H, W, C) -> (N, OH, OW, C)."""
    output, padded = window.output_size(x.shape[1:3]), pad(x, window)
    total = np.zeros((len(x), *output, x.shape[3]), x.dtype)
    for tap in window.taps(output):
        total += padded[tap]  # (N, OH, OW, C)
    return total


def pixels_under(x_shape: Shape, window: Window, dtype: np.dtype) -> Array:
    """How many pixels the window sees at each output cell, padding left out: (1, OH, OW, 1)."""
    return sum_under(np.ones((1, *x_shape[1:3], 1), dtype), window)


def average_pool2d_backward(dy: Array, x_shape: Shape, window: Window) -> Array:
    """The gradient of average_pool2d's input.

    Each pixel under a window has the weight 1/count in its mean, so it gets that part of the window's gradient; a pixel
    under several windows gets the sum.

    dy: (N, OH, OW, C). Returns dx: x_shape = (N, H, W, C).
    """
    part = dy / pixels_under(x_shape, window, dy.real.dtype)  # (N, OH, OW, C)
    return add_taps((part for _ in range(window.count)), x_shape, window, dy.dtype)


def global_average_pool2d(x: Array) -> Array:
    """The mean of all pixels, for each channel by itself: (N, H, W, C) -> (N, 1, 1, C)."""
    check_images("global_average_pool2d", x)
    return x.mean(axis=(1, 2), keepdims=True)


def global_average_pool2d_backward(dy: Array, x_shape: Shape) -> Array:
    """The gradient of global_average_pool2d's input: each of the H*W pixels has the weight 1/(H*W) in the mean.

    dy: (N, 1, 1, C). Returns dx: x_shape = (N, H, W, C).
    """
    _, h, w, _ = x_shape
    return np.broadcast_to(dy / (h * w), x_shape)


def global_max_pool2d(x: Array) -> tuple[Array, Array]:
    """The largest of all pixels, for each channel by itself; of equal ones the first in row order.

    x: (N, H, W, C). Returns y: (N, 1, 1, C), and winner of the same shape: which pixel, row*W + column, was it.
    """
    check_images("global_max_pool2d", x)
    n, h, w, c = x.shape
    pixels = x.reshape(n, h * w, 1, c)  # (N, H*W, 1, C)
    winner = pixels.real.argmax(axis=1, keepdims=True)  # (N, 1, 1, C)
    return np.take_along_axis(pixels, winner, axis=1), winner


def global_max_pool2d_backward(dy: Array, winner: Array, x_shape: Shape) -> Array:
    """The gradient of global_max_pool2d's input: the winner moves the maximum one for one, the rest do not move it.

    dy, winner: (N, 1, 1, C). Returns dx: x_shape = (N, H, W, C).
    """
    n, h, w, c = x_shape
    dpixels = np.zeros((n, h * w, 1, c), dy.dtype)
    np.put_along_axis(dpixels, winner, dy, axis=1)
    return dpixels.reshape(x_shape)  # (N, H, W, C)
