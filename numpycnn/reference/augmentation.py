"""Images cropped, flipped, erased in part, or with another contrast, and the gradients. Images are (N, H, W, C)."""

import numpy as np

from numpycnn.common.typing import Array, Pair, Shape


def crop_windows(x: Array, top: Array, left: Array, size: Pair) -> Array:
    """y[n, i, j] = x[n, top[n] + i, left[n] + j]."""
    y = np.zeros((len(x), *size, x.shape[-1]), x.dtype)
    for n, i, j in np.ndindex(len(x), *size):
        y[n, i, j] = x[n, top[n] + i, left[n] + j]
    return y


def crop_windows_backward(dy: Array, top: Array, left: Array, x_shape: Shape) -> Array:
    """dx[n, top[n] + i, left[n] + j] = dy[n, i, j], and 0 elsewhere."""
    dx = np.zeros(x_shape, dy.dtype)
    for n, i, j in np.ndindex(dy.shape[:3]):
        dx[n, top[n] + i, left[n] + j] = dy[n, i, j]
    return dx


def flip(x: Array, flipped: Array, rows: bool, cols: bool) -> Array:
    """Images whose `flipped` is True, from the last row to the first, or column, or both. The gradient flips dy."""
    y, (_, h, w, _) = x.copy(), x.shape
    for n, i, j in np.ndindex(x.shape[:3]):
        if flipped[n]:
            y[n, i, j] = x[n, h - 1 - i if rows else i, w - 1 - j if cols else j]
    return y


def contrast(x: Array, factor: Array, low: float, high: float) -> Array:
    """y = mean + factor[n]*(x - mean), but at least low and at most high; mean: of channel c of image n."""
    y = np.zeros_like(x)
    for n, c in np.ndindex(len(x), x.shape[-1]):
        mean = x[n, ..., c].sum() / x[n, ..., c].size
        for i, j in np.ndindex(x.shape[1:3]):
            value = mean + factor[n] * (x[n, i, j, c] - mean)
            y[n, i, j, c] = low if value.real < low else high if value.real > high else value
    return y


def contrast_backward(dy: Array, x: Array, factor: Array, low: float, high: float) -> Array:
    """dx[a] += dy[b]*(factor*[a = b] + (1 - factor)/(H*W)), for each pixel b that was not clipped."""
    dx, (_, h, w, _) = np.zeros_like(x), x.shape
    for n, c in np.ndindex(len(x), x.shape[-1]):
        mean = x[n, ..., c].sum() / (h * w)
        for b in np.ndindex(h, w):
            if low <= mean + factor[n] * (x[n, *b, c] - mean) <= high:
                for a in np.ndindex(h, w):
                    dx[n, *a, c] += dy[n, *b, c] * (factor[n] * (a == b) + (1 - factor[n]) / (h * w))
    return dx


def erase(x: Array, top: Array, left: Array, height: Array, width: Array, fill: Array) -> Array:
    """fill where the index of the row is from top[n] to below top[n] + height[n], and that of the column likewise."""
    y = x.copy()
    for n, i, j in np.ndindex(x.shape[:3]):
        if top[n] <= i < top[n] + height[n] and left[n] <= j < left[n] + width[n]:
            y[n, i, j] = fill[n, i, j]
    return y
