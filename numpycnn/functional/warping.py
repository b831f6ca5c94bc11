"""An image seen through an affine map: translated, rotated, zoomed or resized.

The output's pixel at row i, column j is what the image shows at the source position

    (row, column) = A @ (i, j, 1)

with a matrix A (2, 3) for each example. The map goes from the output to the image, so that every pixel of the output
gets a value, and none gets two. Between pixels the image is interpolated: bilinearly between the four around the
position, or as the nearest one. So y is a weighted sum of pixels,

    y[i, j] = sum over the taps of weight * x[row, column]

and the backward adds weight * dy[i, j] to dx[row, column] for the same taps: the transposed map.

What lies beyond the edge is decided by the fill mode, for a row of the pixels a b c d:

    constant    k k k k | a b c d | k k k k      a given value
    nearest     a a a a | a b c d | d d d d      the nearest pixel
    reflect     d c b a | a b c d | d c b a      the image mirrored at its edge
    wrap        a b c d | a b c d | a b c d      the image again

Source: Jaderberg et al. 2015, section 3.3; the conventions of Keras's affine_transform.
"""

from functools import reduce
from itertools import product
from typing import NamedTuple

import numpy as np

from numpycnn.common.typing import Array, Pair, Shape

FILL_MODES = ("constant", "nearest", "reflect", "wrap")
INTERPOLATIONS = ("nearest", "bilinear")


class Tap(NamedTuple):
    """One of the pixels that each output pixel is made of."""

    pixel: Array
    """Its number in the whole batch, rows of all images counted through: (N, OH, OW)."""
    weight: Array
    """In float64; 0 for what the constant fill value stands in for."""


def warp_taps(matrices: Array, image: Pair, output: Pair, interpolation: str, fill_mode: str) -> list[Tap]:
    """The taps, one to each corner of the square around a position, or the nearest pixel alone.

    matrices: (N, 2, 3). image, output: (H, W) and (OH, OW).
    """
    (h, w), (oh, ow) = image, output
    grid = np.stack([*np.indices((oh, ow)), np.ones((oh, ow))])  # (3, OH, OW)
    positions = np.einsum("nab,bij->anij", matrices, grid)  # (2, N, OH, OW)
    rows, cols = (
        axis_taps(position, size, interpolation, fill_mode) for position, size in zip(positions, image, strict=True)
    )
    first_row = np.arange(len(matrices))[:, None, None] * h  # of each image, rows of all images counted through
    return [Tap((first_row + row) * w + col, of_row * of_col) for (row, of_row), (col, of_col) in product(rows, cols)]


def axis_taps(position: Array, size: int, interpolation: str, fill_mode: str) -> list[tuple[Array, Array]]:
    """Along one axis: the pixels' indices and weights, two for each position, or one if it is the nearest.

    A half is rounded away from 0.
    """
    if interpolation == "nearest":
        parts = [(np.trunc(position + np.copysign(0.5, position)), np.ones_like(position))]
    else:
        below = np.floor(position)
        parts = [(below, 1.0 - (position - below)), (below + 1.0, position - below)]
    return [inside(index.astype(np.intp), weight, size, fill_mode) for index, weight in parts]


def inside(index: Array, weight: Array, size: int, fill_mode: str) -> tuple[Array, Array]:
    """The indices of the pixels that are seen at these, which may lie beyond the edge; and their weights."""
    if fill_mode == "wrap":
        return index % size, weight
    if fill_mode == "reflect":
        both = index % (2 * size)  # in the image and its mirror image, side by side
        return np.minimum(both, 2 * size - 1 - both), weight
    clipped = np.clip(index, 0, size - 1)
    return clipped, weight if fill_mode == "nearest" else np.where(clipped == index, weight, 0.0)


def warp(x: Array, taps: list[Tap], fill_value: float = 0.0) -> Array:
    """y = sum of weight*pixel, plus fill_value for the weight that is missing. x: (N, H, W, C), y: (N, OH, OW, C)."""
    pixels, dtype = x.reshape(-1, x.shape[-1]), x.real.dtype  # (N*H*W, C)
    y = reduce(
        np.add, (tap.weight.astype(dtype)[..., None] * pixels.take(tap.pixel, axis=0) for tap in taps)
    )  # (N, OH, OW, C)
    if fill_value == 0.0:
        return y
    missing = 1.0 - reduce(np.add, (tap.weight for tap in taps))  # (N, OH, OW)
    return y + (fill_value * missing).astype(dtype)[..., None]


def warp_backward(dy: Array, taps: list[Tap], x_shape: Shape) -> Array:
    """The transposed map: each output pixel's gradient is added to its taps, by their weights.

    dy: (N, OH, OW, C). Returns dx, of x_shape: (N, H, W, C).
    """
    n, h, w, c = x_shape
    dx = np.zeros((n * h * w, c), dy.dtype)
    for pixel, weight in taps:
        parts = weight.astype(dy.dtype)[..., None] * dy  # (N, OH, OW, C)
        for channel in range(c):
            dx[:, channel] += np.bincount(pixel.ravel(), parts[..., channel].ravel(), n * h * w).astype(dy.dtype)
    return dx.reshape(x_shape)  # (N, H, W, C)


# ---------------------------------------------------------------- matrices


def translation(rows: Array, cols: Array) -> Array:
    """The matrices (N, 2, 3) that move images down and to the right by so many pixels, (N,) of each."""
    still = np.broadcast_to(np.eye(2), (len(rows), 2, 2))
    return with_offset(still, -np.stack([rows, cols], axis=1))


def rotation(angle: Array, image: Pair) -> Array:
    """The matrices (N, 2, 3) that turn images counterclockwise about their center by angles in radians, (N,)."""
    cos, sin = np.cos(angle), np.sin(angle)
    return about_center(np.stack([cos, sin, -sin, cos], axis=1).reshape(-1, 2, 2), image)  # (N, 2, 2)


def zoom(rows: Array, cols: Array, image: Pair) -> Array:
    """The matrices (N, 2, 3) that show so many times as many rows and columns, (N,), about the image's center."""
    return about_center(np.stack([rows, cols], axis=1)[:, :, None] * np.eye(2), image)


def resizing(image: Pair, output: Pair) -> Array:
    """The matrix (1, 2, 3) that brings a whole image to another size: the pixels' edges meet, not their centers.

    A pixel's center is at its index plus a half, so that row = (i + 1/2) * H/OH - 1/2.
    """
    ratio = np.array(image) / np.array(output)
    return with_offset(np.diag(ratio)[None], (ratio / 2 - 0.5)[None])


def about_center(linear: Array, image: Pair) -> Array:
    """The matrices (N, 2, 3) of linear maps (N, 2, 2) that leave the image's center where it is."""
    center = (np.array(image) - 1) / 2
    return with_offset(linear, center - linear @ center)


def with_offset(linear: Array, offset: Array) -> Array:
    """Matrices (N, 2, 3) from linear maps (N, 2, 2) and what is added, (N, 2)."""
    return np.concatenate([linear, offset[:, :, None]], axis=2)
