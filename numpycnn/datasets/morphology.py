"""Images filtered with square windows: means, maxima and minima. Beyond its edges, an image continues as they are.

Source: Serra, "Image analysis and mathematical morphology", 1982.
"""

import numpy as np

from numpycnn.common.typing import Array


def extended(image: Array, before: int, after: int) -> Array:
    """An image, (H, ...), with so many more rows."""
    return np.pad(image, [(before, after)] + [(0, 0)] * (image.ndim - 1), "edge")


def mean_along(image: Array, size: int, axis: int) -> Array:
    """The mean of the window of `size` pixels around each, along an axis."""
    rows = extended(np.moveaxis(image, axis, 0), size // 2 + 1, size - 1 - size // 2)
    sums = rows.cumsum(axis=0)
    return np.moveaxis((sums[size:] - sums[:-size]) / size, 0, axis)


def maximum_along(image: Array, size: int, axis: int) -> Array:
    """The maximum of the window of `size` pixels around each, along an axis."""
    rows = extended(np.moveaxis(image, axis, 0), size // 2, size - 1 - size // 2)
    width = 1
    while width < size:  # the maximum of two overlapping windows is that of a wider one
        step = min(width, size - width)
        rows = np.maximum(rows[:-step], rows[step:])
        width += step
    return np.moveaxis(rows, 0, axis)


def blurred(image: Array, size: int) -> Array:
    """The mean of the window around each pixel: (H, W, ...)."""
    return mean_along(mean_along(image, size, 0), size, 1)


def dilated(image: Array, size: int) -> Array:
    """The maximum of the window around each pixel: what is bright grows by size - 1. image: (H, W)."""
    return maximum_along(maximum_along(image, size, 0), size, 1)


def eroded(image: Array, size: int) -> Array:
    """The minimum of the window around each pixel: what is bright shrinks by size - 1. image: (H, W)."""
    return -dilated(-image, size)


def closed(image: Array, size: int) -> Array:
    """An image, (H, W), without what is darker than its surroundings and narrower than an odd `size`."""
    wide = np.pad(image, size, "edge")  # so that what is bright at an edge stays so
    return eroded(dilated(wide, size), size)[size:-size, size:-size]  # (H, W)
