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

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from numpycnn.common.typing import Array, Pair

RINGS: Mapping[str, Any] = {"constant": "constant", "nearest": "edge", "reflect": "symmetric", "wrap": "wrap"}
"""The fill modes, and what `numpy.pad` calls a ring of pixels around an image that continues it so."""

FILL_MODES = tuple(RINGS)
INTERPOLATIONS = ("nearest", "bilinear")


class Places(NamedTuple):
    """Positions along an axis of an image that has a ring of one more pixel around it."""

    first: Array
    """The index of the pixel at or before each position."""
    part: Array | None
    """The weight of the pixel after it, from 0 to 1; the first one has the rest. None where it has all."""


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

    def places(self, axis: int) -> Places:
        """The source positions along an axis: (N, OH, OW); of a separable map, (N, OH, 1) or (N, 1, OW)."""
        by_row, by_col, offset = (self.matrices[:, axis, k, None, None] for k in range(3))  # (N, 1, 1) each
        i, j = np.arange(self.output[0])[:, None], np.arange(self.output[1])
        if self.is_separable:
            position: Array = by_col * j + offset if axis else by_row * i + offset
        else:
            position = (by_row * i + offset) + by_col * j
        return places(position, self.image[axis], self.interpolation, self.fill_mode)


def places(position: Array, size: int, interpolation: str, fill_mode: str) -> Places:
    """Where positions along an axis of so many pixels are. With "nearest", a half is rounded away from 0."""
    if interpolation == "nearest":
        nearest = np.trunc(position + np.copysign(0.5, position))
        return Places(folded(nearest, size, fill_mode).astype(np.intp) + 1, None)
    within = folded(position, size, fill_mode)
    below = np.minimum(np.floor(within), size - 1)
    return Places(below.astype(np.intp) + 1, within - below)


def folded(position: Array, size: int, fill_mode: str) -> Array:
    """The position from -1 to size, that is within the ring, at which the same is seen."""
    if fill_mode == "wrap":
        return position % size
    if fill_mode == "reflect":
        both = position % (2 * size)  # in the image and its mirror image, side by side
        return np.minimum(both, 2 * size - 1 - both)
    return np.clip(position, 0, size - 1) if fill_mode == "nearest" else np.clip(position, -1, size)


def warp(x: Array, view: View, fill_value: float = 0.0) -> Array:
    """y = sum of weight*pixel; beyond the edge, with "constant", pixels are fill_value.

    x: (N, H, W, C), y: (N, OH, OW, C).
    """
    ringed = with_ring(x, view, fill_value)  # (N, H + 2, W + 2, C)
    return warp_by_axes(ringed, view) if view.is_separable else warp_by_pixels(ringed, view)


def warp_by_pixels(ringed: Array, view: View) -> Array:
    """Each output pixel's four, gathered one by one: for any map."""
    width, pixels = ringed.shape[2], ringed.reshape(-1, ringed.shape[3])  # (N*(H + 2)*(W + 2), C)
    first, down, right = flat_places(view)

    def of_row(below: int) -> Array:
        return interpolated(lambda after: pixels.take(first + (below * width + after), axis=0), right)

    return interpolated(of_row, down)  # (N, OH, OW, C)


def warp_by_axes(ringed: Array, view: View) -> Array:
    """Whole rows gathered and weighted, then whole columns: for separable maps, many times faster."""
    example = np.arange(len(ringed))[:, None]
    (row, down), (col, right) = view.places(0), view.places(1)  # (N, OH, 1) and (N, 1, OW)
    y = interpolated(lambda below: ringed[example, row[:, :, 0] + below], down)  # (N, OH, W + 2, C)
    turned, across = np.ascontiguousarray(y.swapaxes(1, 2)), None if right is None else right.swapaxes(1, 2)
    y = interpolated(lambda after: turned[example, col[:, 0] + after], across)  # (N, OW, OH, C)
    return np.ascontiguousarray(y.swapaxes(1, 2))  # (N, OH, OW, C)


def interpolated(pixels: Callable[[int], Array], part: Array | None) -> Array:
    """Between pixels(0) and pixels(1), (..., C), by the part (...) of the second: (..., C)."""
    first = pixels(0)
    return first if part is None else first + part.astype(first.real.dtype)[..., None] * (pixels(1) - first)


def with_ring(x: Array, view: View, fill_value: float) -> Array:
    """Images with one more pixel around them: (N, H, W, C) -> (N, H + 2, W + 2, C)."""
    options = {"constant_values": fill_value} if view.fill_mode == "constant" else {}
    ringed: Array = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), RINGS[view.fill_mode], **options)
    return ringed


def flat_places(view: View) -> tuple[Array, Array | None, Array | None]:
    """The index of the first pixel among those of all images with their rings; the parts of the row below and right."""
    (row, down), (col, right), (h, w) = view.places(0), view.places(1), view.image
    image = np.arange(len(view.matrices))[:, None, None] * (h + 2)  # of each, the number of its first row
    return (image + row) * (w + 2) + col, down, right


def warp_backward(dy: Array, view: View) -> Array:
    """The transposed map: each output pixel's gradient is added to its taps, by their weights.

    dy: (N, OH, OW, C). Returns dx: (N, H, W, C).
    """
    n, c, (h, w) = len(dy), dy.shape[-1], view.image
    dringed = np.zeros((n * (h + 2) * (w + 2), c), dy.dtype)
    first, down, right = flat_places(view)
    for (below, of_row), (after, of_col) in product(weights(down), weights(right)):
        index = (first + (below * (w + 2) + after)).ravel()
        parts = (of_row * of_col)[..., None].astype(dy.dtype) * dy  # (N, OH, OW, C)
        for channel in range(c):
            dringed[:, channel] += np.bincount(index, parts[..., channel].ravel(), len(dringed)).astype(dy.dtype)
    return without_ring(dringed.reshape(n, h + 2, w + 2, c), view.fill_mode)


def weights(part: Array | None) -> Iterator[tuple[int, Array]]:
    """The steps along an axis from the first pixel, and the weight of the pixel there."""
    yield 0, np.ones((1, 1, 1)) if part is None else 1.0 - part
    if part is not None:
        yield 1, part


def without_ring(dringed: Array, fill_mode: str) -> Array:
    """The gradient of images in that of images with their rings: each pixel of a ring was one of the image."""
    for axis in (1, 2):
        lines = dringed.swapaxes(0, axis)
        inner, (before, after) = lines[1:-1], (-1, 0) if fill_mode == "wrap" else (0, -1)
        if fill_mode != "constant":
            inner[before] += lines[0]
            inner[after] += lines[-1]
        dringed = inner.swapaxes(0, axis)
    return np.ascontiguousarray(dringed)


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
