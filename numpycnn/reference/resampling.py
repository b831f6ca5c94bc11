"""Padding, cropping and upsampling, and their gradients."""

from collections.abc import Iterator
from math import floor

import numpy as np

from numpycnn.common.typing import Array, Pair


def zero_pad(x: Array, borders: tuple[Pair, Pair]) -> Array:
    """y[n, top + r, left + c] = x[n, r, c], and 0 elsewhere. borders: ((top, bottom), (left, right))."""
    (top, bottom), (left, right) = borders
    n, h, w, channels = x.shape
    y = np.zeros((n, top + h + bottom, left + w + right, channels), x.dtype)
    for r in range(h):
        for c in range(w):
            y[:, top + r, left + c] = x[:, r, c]
    return y


def crop(x: Array, borders: tuple[Pair, Pair]) -> Array:
    """y[n, i, j] = x[n, top + i, left + j]. borders: ((top, bottom), (left, right))."""
    (top, bottom), (left, right) = borders
    n, h, w, channels = x.shape
    y = np.zeros((n, h - top - bottom, w - left - right, channels), x.dtype)
    for i in range(y.shape[1]):
        for j in range(y.shape[2]):
            y[:, i, j] = x[:, top + i, left + j]
    return y


def repeated(output: int, factor: int, size: int) -> Iterator[tuple[int, float]]:
    """(pixel, weight): the one pixel that an output repeats."""
    yield output // factor, 1.0


def interpolated(output: int, factor: int, size: int) -> Iterator[tuple[int, float]]:
    """(pixel, weight): the two pixels between whose centres an output's lies; at the border one of them twice."""
    position = (output + 0.5) / factor - 0.5
    before = floor(position)
    after_weight = position - before
    yield max(before, 0), 1.0 - after_weight
    yield min(before + 1, size - 1), after_weight


SOURCES = {"nearest": repeated, "bilinear": interpolated}


def upsample(x: Array, factors: Pair, interpolation: str) -> Array:
    """y[n, i, j] = the sum of weight * pixel over the pixels that row i and column j come from.

    x: (N, H, W, C). Returns y: (N, H*factors[0], W*factors[1], C).
    """
    n, h, w, channels = x.shape
    sources = SOURCES[interpolation]
    y = np.zeros((n, h * factors[0], w * factors[1], channels), x.dtype)
    for i in range(y.shape[1]):
        for j in range(y.shape[2]):
            for r, of_row in sources(i, factors[0], h):
                for c, of_col in sources(j, factors[1], w):
                    y[:, i, j] += of_row * of_col * x[:, r, c]
    return y


def upsample_backward(dy: Array, x: Array, factors: Pair, interpolation: str) -> Array:
    """The gradient of upsample's x: y has the derivative weight with respect to each pixel that it comes from."""
    _, h, w, _ = x.shape
    sources = SOURCES[interpolation]
    dx = np.zeros_like(x)
    for i in range(dy.shape[1]):
        for j in range(dy.shape[2]):
            for r, of_row in sources(i, factors[0], h):
                for c, of_col in sources(j, factors[1], w):
                    dx[:, r, c] += of_row * of_col * dy[:, i, j]
    return dx
