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

from numpycnn.common.typing import Array, Pair

FILL_MODES = ("constant", "nearest", "reflect", "wrap")
INTERPOLATIONS = ("nearest", "bilinear")


class View(NamedTuple):
    """How images are seen."""

    matrices: Array
    """A for each example: (N, 2, 3)."""
    image: Pair
    """(H, W), the size of what is seen."""
    output: Pair
    """(OH, OW), the size of what is shown."""
    interpolation: str
    fill_mode: str

    @property
    def is_separable(self) -> bool:
        """Whether rows depend on i alone and columns on j alone, as where nothing is rotated."""
        return not (self.matrices[:, 0, 1].any() or self.matrices[:, 1, 0].any())

    def taps(self, axis: int, position: Array) -> "list[Taps]":
        """The taps at source positions along one axis."""
        return axis_taps(position, self.image[axis], self.interpolation, self.fill_mode)


class Taps(NamedTuple):
    """The index of a pixel for each position, and its weight: 0 for what the constant fill value stands in for."""

    pixel: Array
    weight: Array


def warp(x: Array, view: View, fill_value: float = 0.0) -> Array:
    """y = sum of weight*pixel, plus fill_value for the weight that is missing. x: (N, H, W, C), y: (N, OH, OW, C)."""
    y = warp_by_axes(x, view) if view.is_separable else warp_by_pixels(x, view)
    if fill_value == 0.0:
        return y
    missing = 1.0 - reduce(np.add, (taps.weight for taps in pixel_taps(view)))  # (N, OH, OW)
    return y + (fill_value * missing).astype(y.real.dtype)[..., None]


def warp_by_pixels(x: Array, view: View) -> Array:
    """Each output pixel's taps gathered one by one: for any map."""
    pixels, dtype = x.reshape(-1, x.shape[-1]), x.real.dtype  # (N*H*W, C)
    parts = (taps.weight.astype(dtype)[..., None] * pixels.take(taps.pixel, axis=0) for taps in pixel_taps(view))
    return reduce(np.add, parts)  # (N, OH, OW, C)


def warp_by_axes(x: Array, view: View) -> Array:
    """Whole rows gathered and weighted, then whole columns: for separable maps, many times faster."""
    scale, offset = view.matrices[:, (0, 1), (0, 1), None], view.matrices[:, :, 2:]  # (N, 2, 1)
    rows, cols = (  # (N, OH) and (N, OW)
        view.taps(axis, scale[:, axis] * np.arange(size) + offset[:, axis]) for axis, size in enumerate(view.output)
    )
    y = interpolated(x, rows)  # (N, OH, W, C)
    y = interpolated(np.ascontiguousarray(y.swapaxes(1, 2)), cols)  # (N, W, OH, C) -> (N, OW, OH, C)
    return np.ascontiguousarray(y.swapaxes(1, 2))  # (N, OH, OW, C)


def interpolated(x: Array, parts: list[Taps]) -> Array:
    """The sum of weighted slices along the axis after the batch's: x (N, H, ...), taps (N, OH) -> (N, OH, ...)."""
    example, trailing, dtype = np.arange(len(x))[:, None], (None,) * (x.ndim - 2), x.real.dtype
    return reduce(np.add, (weight.astype(dtype)[..., *trailing] * x[example, index] for index, weight in parts))


def warp_backward(dy: Array, view: View) -> Array:
    """The transposed map: each output pixel's gradient is added to its taps, by their weights.

    dy: (N, OH, OW, C). Returns dx: (N, H, W, C).
    """
    n, c, (h, w) = len(dy), dy.shape[-1], view.image
    dx = np.zeros((n * h * w, c), dy.dtype)
    for index, weight in pixel_taps(view):
        parts = weight.astype(dy.dtype)[..., None] * dy  # (N, OH, OW, C)
        for channel in range(c):
            dx[:, channel] += np.bincount(index.ravel(), parts[..., channel].ravel(), n * h * w).astype(dy.dtype)
    return dx.reshape(n, h, w, c)


def pixel_taps(view: View) -> list[Taps]:
    """The pixels that each output pixel is made of: one at each corner of the square around it, or the nearest alone.

    Each is (N, OH, OW), indices into the flattened pixels of all images.
    """
    h, w = view.image
    grid = np.stack([*np.indices(view.output), np.ones(view.output)])  # (3, OH, OW)
    positions = np.einsum("nab,bij->anij", view.matrices, grid)  # (2, N, OH, OW)
    rows, cols = view.taps(0, positions[0]), view.taps(1, positions[1])
    first = np.arange(len(view.matrices))[:, None, None] * h  # of each image, the number of its first row
    return [Taps((first + row) * w + col, of_row * of_col) for (row, of_row), (col, of_col) in product(rows, cols)]


def axis_taps(position: Array, size: int, interpolation: str, fill_mode: str) -> list[Taps]:
    """Along one axis: the pixels' indices and weights, two for each position, or one if it is the nearest.

    A half is rounded away from 0.
    """
    if interpolation == "nearest":
        parts = [(np.trunc(position + np.copysign(0.5, position)), np.ones_like(position))]
    else:
        below = np.floor(position)
        parts = [(below, 1.0 - (position - below)), (below + 1.0, position - below)]
    return [inside(index.astype(np.intp), weight, size, fill_mode) for index, weight in parts]


def inside(index: Array, weight: Array, size: int, fill_mode: str) -> Taps:
    """The indices of the pixels that are seen at these, which may lie beyond the edge; and their weights."""
    if fill_mode == "wrap":
        return Taps(index % size, weight)
    if fill_mode == "reflect":
        both = index % (2 * size)  # in the image and its mirror image, side by side
        return Taps(np.minimum(both, 2 * size - 1 - both), weight)
    clipped = np.clip(index, 0, size - 1)
    return Taps(clipped, weight if fill_mode == "nearest" else np.where(clipped == index, weight, 0.0))


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
    """The matrices (N, 2, 3) that scale the visible height and width by (N,) about the center: above 1 zooms out."""
    return about_center(np.stack([rows, cols], axis=1)[:, :, None] * np.eye(2), image)


def resizing(image: Pair, output: Pair) -> Array:
    """The matrix (1, 2, 3) that brings a whole image to another size: half-pixel centers, not aligned corners.

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
