"""Images cropped, flipped, erased in part, or with another contrast; each by parameters of its own, (N,) of each.

Images are (N, H, W, C). What moves pixels has a backward that moves their gradient back.
"""

import numpy as np

from numpycnn.common.typing import Array, Pair, Shape


def windows(top: Array, left: Array, size: Pair) -> tuple[Array, Array, Array]:
    """Indices into (N, H, W, C) of a window of each image: (N, 1, 1), (N, OH, 1) and (N, 1, OW)."""
    example = np.arange(len(top))[:, None, None]
    return example, top[:, None, None] + np.arange(size[0])[:, None], left[:, None, None] + np.arange(size[1])


def crop_windows(x: Array, top: Array, left: Array, size: Pair) -> Array:
    """y[n, i, j] = x[n, top[n] + i, left[n] + j]: (N, *size, C)."""
    return x[windows(top, left, size)]


def crop_windows_backward(dy: Array, top: Array, left: Array, x_shape: Shape) -> Array:
    """dx is dy inside of the windows, and 0 elsewhere: (N, H, W, C)."""
    dx = np.zeros(x_shape, dy.dtype)
    dx[windows(top, left, (dy.shape[1], dy.shape[2]))] = dy
    return dx


def flip(x: Array, flipped: Array, axes: Shape) -> Array:
    """The images for which `flipped` is True, mirrored along the axes. It is its own inverse, and its own backward."""
    return np.where(flipped[:, None, None, None], np.flip(x, axes), x)


def contrast(x: Array, factor: Array, low: float, high: float) -> tuple[Array, Array]:
    """y = mean + factor*(x - mean), clipped to the range from low to high, with each channel's mean of each image.

    Returns y, and which values were inside of the range, for the backward.
    """
    mean = x.mean(axis=(1, 2), keepdims=True)
    y = mean + factor[:, None, None, None] * (x - mean)
    within = (y.real >= low) & (y.real <= high)
    return np.where(within, y, np.clip(y.real, low, high)), within


def contrast_backward(dy: Array, factor: Array, within: Array) -> Array:
    """The gradient of x: a clipped value has none, and every value of a channel is in its mean, a part 1/(H*W).

    dx = factor*du + (1 - factor)*mean(du)        du = dy within the range, else 0
    """
    du = dy * within
    own = factor[:, None, None, None]
    return own * du + (1.0 - own) * du.mean(axis=(1, 2), keepdims=True)


def rectangles(top: Array, left: Array, height: Array, width: Array, image: Pair) -> Array:
    """The pixels whose index is from top to below top + height, and likewise along the row: (N, H, W, 1) booleans."""
    (row, col), (top, left, height, width) = np.indices(image), (a[:, None, None] for a in (top, left, height, width))
    rows, cols = (row >= top) & (row < top + height), (col >= left) & (col < left + width)
    return (rows & cols)[..., None]


def erase(x: Array, erased: Array, fill: Array) -> Array:
    """y = fill where erased, else x. The backward is dy where not erased, else 0."""
    return np.where(erased, fill, x)
