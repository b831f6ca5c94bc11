"""Convolution by im2col, for one tile of images and one position of the pool at a time.

Those outputs of a convolution that one position of the pooling window sees are a convolution too, with strides as large
as both together. Its patches are copied, multiplied and used up while they are in the cache. A column of ones in the
matrix of patches, and a row in that of the kernel, add the bias, and sum up its gradient.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from numpycnn.common.checks import MOST
from numpycnn.common.typing import Array, Pair
from numpycnn.engine.fast.pooling import Tap
from numpycnn.engine.fast.products import times, transposed_times
from numpycnn.engine.fast.scratch import take
from numpycnn.functional.window import Window
from numpycnn.layers import Conv2D

TILE = 2 << 20
"""About how many bytes of patches and scores are worked on at a time: they should stay in the cache."""


class Work(NamedTuple):
    """What one pass over a micro-batch works with."""

    patches: Sequence[Array]
    """For each position of the pool, what the convolutions under it read: (N, rows, cols, KH, KW, C), a view."""
    shifts: Array | None
    """Memory for what all positions read together: (KH + PH - 1, KW + PW - 1, C, n*PH*PW); see `Im2col.shared`."""
    kernel: Array
    """The kernel as a matrix, with the bias as its last row: (KH*KW*C + 1, F), or without that row."""
    dkernel: Array
    """Its gradient so far."""
    cols: Array
    """Memory for patches as rows, after each a one: (n*PH*PW, KH*KW*C + 1)."""
    scores: Array
    """Memory for scores, or their gradients: (n*PH*PW, F)."""
    pixels: Array
    """Memory for what a tap of the kernel adds to the input's gradient: (n*PH*PW, C)."""


class Im2col:
    """The convolution `conv` of images, at the outputs that the positions `taps` of the pool see.

    The matrix of patches lies in memory row after row, or column after column where that makes longer runs to copy. In
    the second case, and without strides and dilation, the patches under neighbouring positions of the pool have most
    columns in common, so all are copied from the image once, and from there to the matrix of each position.
    """

    def __init__(self, conv: Conv2D, image: Pair, channels: int, pool: Window, taps: Sequence[Tap]) -> None:
        self.pads, self.taps = conv.window.pads(image), taps
        self.output = pool.output_size(conv.window.output_size(image))
        self.strides = sh, sw = conv.window.strides
        strides = min(sh * pool.strides[0], MOST), min(sw * pool.strides[1], MOST)  # no image is larger
        self.window = Window(conv.window.size, strides, dilation=conv.window.dilation)
        self.channels, self.filters = channels, conv.filters
        self.patch = self.window.count * channels  # KH*KW*C
        self.by_rows = conv.window.size[1] * channels > self.output[1]
        self.reach = conv.window.size[0] + pool.size[0] - 1, conv.window.size[1] + pool.size[1] - 1
        simple = conv.window.strides == conv.window.dilation == (1, 1)
        self.shared = simple and not self.by_rows and all(tap.size == self.output for tap in taps) and len(taps) > 1

    def tile(self, itemsize: int) -> int:
        """How many images to work on at a time."""
        return max(1, TILE // (prod(self.output) * (self.patch + self.filters) * itemsize))

    def begin(self, padded: Array, params: Mapping[str, Array], tile: int) -> Work:
        """Get ready for a pass over the padded images (N, H, W, C), in tiles of at most `tile`."""
        kernel = params["kernel"].reshape(self.patch, self.filters)
        if "bias" in params:
            kernel = np.vstack([kernel, params["bias"]])
        count, dtype = tile * prod(self.output), padded.dtype
        cols = take((count, self.patch + 1), dtype) if self.by_rows else take((self.patch + 1, count), dtype).T
        cols[:, self.patch] = 1
        return Work(
            [self.seen(padded, tap, self.window.size) for tap in self.taps],
            take((*self.reach, self.channels, count), dtype) if self.shared else None,
            kernel,
            np.zeros_like(kernel),
            cols[:, : len(kernel)],
            take((count, self.filters), dtype),
            take((count, self.channels), dtype),
        )

    def seen(self, padded: Array, tap: Tap, size: Pair) -> Array:
        """The patches of that size under a position of the pool, as a view: (N, rows, cols, *size, C)."""
        (sh, sw), (dh, dw) = self.window.strides, self.window.dilation
        (s_n, s_h, s_w, s_c), (n, _, _, c) = padded.strides, padded.shape
        strides = (s_n, s_h * sh, s_w * sw, s_h * dh, s_w * dw, s_c)
        return as_strided(self.corner(padded, tap), (n, *tap.size, *size, c), strides, writeable=False)

    def corner(self, padded: Array, tap: Tap) -> Array:
        """The part of the padded images that begins where the first convolution under that position does."""
        return padded[:, tap.corner[0] * self.strides[0] :, tap.corner[1] * self.strides[1] :]

    def scores(self, work: Work, rows: slice) -> Iterator[tuple[Tap, Array]]:
        """For each position of the pool the convolution's outputs that it sees: (n, rows, cols, F).

        Each is there until the next is asked for.
        """
        for tap, cols in self.filled(work, rows):
            z = times(cols, work.kernel, work.scores[: len(cols)])  # (n*rows*cols, F)
            yield tap, z.reshape(-1, *tap.size, self.filters)

    def back(self, work: Work, rows: slice, dpadded: Array | None) -> Iterator[tuple[Tap, Array]]:
        """For each position of the pool the place to write the gradients of those outputs to: (n, rows, cols, F).

        When the next is asked for, they are added to work.dkernel, and to dpadded, the padded images' own.
        """
        for tap, cols in self.filled(work, rows):
            dz = work.scores[: len(cols)]  # (n*rows*cols, F)
            yield tap, dz.reshape(-1, *tap.size, self.filters)
            work.dkernel[...] += transposed_times(cols, dz)
            if dpadded is not None:
                self.add_patches(work, dz, tap, self.corner(dpadded, tap))

    def filled(self, work: Work, rows: slice) -> Iterator[tuple[Tap, Array]]:
        """im2col: for each position of the pool the patches under it, as rows: (n*rows*cols, KH*KW*C + 1)."""
        shifts = None if work.shifts is None else self.shifted(work.shifts, work.patches[0][rows])
        for tap, patches in zip(self.taps, work.patches, strict=True):
            seen = patches[rows]
            cols = work.cols[: prod(seen.shape[:3])]
            if shifts is None:
                place: Array = cols[:, : self.patch].reshape(seen.shape)  # a view: it only splits axes
                np.copyto(place, seen)
            else:
                (u, v), (kh, kw) = tap.corner, self.window.size
                place = cols[:, : self.patch].T.reshape(kh, kw, self.channels, len(cols))
                np.copyto(place, shifts[u : u + kh, v : v + kw])
            yield tap, cols

    def shifted(self, shifts: Array, seen: Array) -> Array:
        """What all positions of the pool read, one shift of the image after the other: (*reach, C, n*PH*PW).

        seen: the patches under the first position.
        """
        n, oh, ow, _, _, c = seen.shape
        own = shifts[..., : n * oh * ow]
        wide = as_strided(seen, (n, oh, ow, *self.reach, c), writeable=False)
        np.copyto(own.reshape(*self.reach, c, n, oh, ow).transpose(3, 4, 5, 0, 1, 2), wide)
        return own

    def add_patches(self, work: Work, dz: Array, tap: Tap, corner: Array) -> None:
        """col2im: what each tap of the kernel gives is added where it read from."""
        weights = work.kernel[: self.patch].reshape(self.window.count, self.channels, self.filters)
        for pixels, own in zip(self.window.taps(tap.size), weights, strict=True):
            seen = corner[pixels]  # (n, rows, cols, C)
            seen += np.matmul(dz, own.T, out=work.pixels[: len(dz)]).reshape(seen.shape)

    def gradients(self, work: Work) -> dict[str, Array]:
        """The gradients of kernel and bias that have been added up."""
        kernel = work.dkernel[: self.patch].reshape(*self.window.size, self.channels, self.filters)
        if len(work.dkernel) == self.patch:
            return {"kernel": kernel}
        return {"kernel": kernel, "bias": work.dkernel[self.patch]}
