"""A block part by part, and convolution by im2col: patches as rows of a matrix, multiplied by the kernel.

The outputs at one position of the pooling window are a convolution too, whose strides are the products of both strides.
Its patches are copied and multiplied while they are in the cache. Where the windows of the pool overlap, all outputs
are computed at once, and each position sees some of them. A column of ones in the patch matrix, and the bias as a row
of the kernel matrix, add the bias, and sum its gradient.
"""

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from numpycnn.common.checks import MAX_SIZE
from numpycnn.common.slices import batches, count_batches
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.engine.fast.block import Block, BlockCache, Part, Parts
from numpycnn.engine.fast.pooling import NO_POOL, Tap, pool_taps, seen_by
from numpycnn.engine.fast.products import blocked_matmul, blocked_matmul_transposed
from numpycnn.engine.fast.scratch import scratch_scope, take
from numpycnn.functional.window import Window
from numpycnn.layers.data_format import from_channels_last, to_channels_last
from numpycnn.layers.stage import Gradients

TILE_BYTES = 2 << 20
"""The approximate size of a tile's patches and outputs, in bytes: they should stay in the cache."""


class Work(NamedTuple):
    """The arrays of one pass over a micro-batch."""

    patches: Sequence[Array]
    """The patches of each pass: (N, rows, cols, KH, KW, C), views."""
    shifts: Array | None
    """Memory for the patches under all positions together: (KH + PH - 1, KW + PW - 1, C, n*PH*PW)."""
    kernel: Array
    """The kernel as a matrix, with the bias as its last row: (KH*KW*C + 1, F), or without that row."""
    dkernel: Array
    """The gradient of the kernel matrix so far."""
    cols: Array
    """Memory for patches as rows, followed by a one each: (n*PH*PW, KH*KW*C + 1)."""
    outputs: Array
    """Memory for the convolution's outputs, or their gradients: (n*PH*PW, F)."""
    pixels: Array
    """Memory for a kernel tap's contribution to the input's gradient: (n*PH*PW, C)."""


class ConvBlock(Block):
    """A block, computed part by part.

    `examples_in_cache`, `begin`, `outputs`, `back` and `gradients` convolve a part; a subclass overrides them to
    convolve in another way, and may store images with their axes in another `order`.
    The patch matrix is stored by rows, or by columns where that makes longer contiguous runs to copy. In the second
    case, and without strides and dilation, the patches under neighbouring positions of the pooling window have most
    columns in common, so all are copied from the image once, and from there to the matrix of each position.
    """

    way = "im2col"

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        window, pool = self.conv.window, NO_POOL.window if self.overlaps else self.pool.window
        self.patch = window.count * self.channels  # KH*KW*C
        self.passes = list(pool_taps(pool, self.convolved))  # the positions that are computed one by one
        (sh, sw), (ph, pw) = window.strides, pool.strides
        self.window = Window(window.size, (min(sh * ph, MAX_SIZE), min(sw * pw, MAX_SIZE)), dilation=window.dilation)
        self.computed = pool.output_size(self.convolved)  # (rows, columns) of a pass
        self.reach = window.size[0] + pool.size[0] - 1, window.size[1] + pool.size[1] - 1
        self.by_rows = window.size[1] * self.channels > self.computed[1]
        dense = window.strides == window.dilation == (1, 1)
        whole = all(tap.size == self.computed for tap in self.passes)
        self.shared = dense and whole and not self.by_rows and len(self.passes) > 1

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, BlockCache]:
        self.conv.check_input(x)
        dropout = self.dropout if training else None
        padded = self.padded(to_channels_last(x, self.data_format))
        cache = self.begin_cache(padded, len(x), dropout, training=training)
        with scratch_scope():
            tile = self.tile(cache.y)
            work, flags = self.begin(cache.padded, tile), self.images((tile, *cache.y.shape[1:]), bool)
            for rows in batches(len(x), tile):
                for part in self.parts(rows):
                    own = cache.of(part)
                    for index, (tap, z) in enumerate(self.outputs(work, part)):
                        self.pool_outputs(z, own, tap, index, flags)
                    self.finish(own, part)
                if dropout is not None:
                    self.drop(dropout, rng, cache.of((rows,)))
        return from_channels_last(self.handed_on(cache.y, to_block=self.before_block), self.data_format), cache

    def backward(self, dy: Array, cache: BlockCache) -> tuple[Array, Gradients]:
        dpadded = self.padded_gradient(cache.padded.shape, dy.dtype)
        gradients = self.back_through(dy, cache, dpadded)
        dx = self.handed_on(self.unpadded(dpadded), to_block=self.after_block)
        return from_channels_last(dx, self.data_format), gradients

    def parameter_gradients(self, dy: Array, cache: BlockCache) -> Gradients:
        return self.back_through(dy, cache, None)

    def back_through(self, dy: Array, cache: BlockCache, dpadded: Array | None) -> Gradients:
        """The gradients of kernel and bias; the padded input's is added to dpadded unless that is None."""
        dy = to_channels_last(dy, self.data_format)  # (N, PH, PW, F)
        with scratch_scope():
            tile = self.tile(dy)
            shape = (tile, *dy.shape[1:])  # (n, PH, PW, F)
            work, memory, flags = self.begin(cache.padded, tile), self.images(shape, dy.dtype), self.images(shape, bool)
            for rows in batches(len(dy), tile):
                for part in self.parts(rows):
                    own = cache.of(part)
                    dpooled = self.gated(dy[part], own, memory, flags)
                    if self.pool.average:
                        dpooled = dpooled / self.counts_in(part, dy.dtype)
                    for index, (tap, place) in enumerate(self.back(work, part, dpadded)):
                        self.hand_back(dpooled[tap.outputs], own, tap, index, place, flags)
            return self.gradients(work)

    # ------------------------------------------------------------ the images, and parts of them

    def padded(self, x: Array) -> Array:
        """The images with the convolution's padding around them, as a C-contiguous array (N, H, W, C)."""
        n, h, w, c = x.shape
        (top, bottom), (left, right) = self.pads
        if top == bottom == left == right == 0 and x.flags.c_contiguous:
            return x
        padded = take((n, h + top + bottom, w + left + right, c), x.dtype)
        padded.fill(0)
        padded[:, top : top + h, left : left + w] = x
        return padded

    def padded_gradient(self, shape: Shape, dtype: Any) -> Array:
        """Memory for the gradient of the padded images, to which `back` adds."""
        dpadded = take(shape, dtype)
        dpadded.fill(0)
        return dpadded

    def unpadded(self, dpadded: Array) -> Array:
        """The gradient of the images, (N, H, W, C), in that of the padded ones."""
        (top, _), (left, _) = self.pads
        return dpadded[:, top : top + self.image[0], left : left + self.image[1]]

    def tile(self, y: Array) -> int:
        """The number of examples in a tile: as many as fit the cache, but in tiles as even as possible."""
        tiles = count_batches(len(y), max(1, self.examples_in_cache(y.itemsize)))
        return count_batches(len(y), tiles)

    def parts(self, rows: slice) -> Iterator[Part]:
        """The parts in which a tile of images is computed."""
        yield (rows,)

    # ------------------------------------------------------------ the convolution of a part

    def examples_in_cache(self, itemsize: int) -> int:
        """The number of images whose patches and outputs fit the cache."""
        return TILE_BYTES // (prod(self.computed) * (self.patch + self.filters) * itemsize)

    def begin(self, padded: Array, tile: int) -> Any:
        """The arrays for a pass over the padded images, in tiles of at most `tile` images."""
        kernel = self.params["kernel"].reshape(self.patch, self.filters)  # (KH*KW*C, F)
        if "bias" in self.params:
            kernel = np.vstack([kernel, self.params["bias"]])  # (KH*KW*C + 1, F)
        count, dtype = tile * prod(self.computed), padded.dtype
        shape = (count, self.patch + 1)  # (n*PH*PW, KH*KW*C + 1)
        cols = take(shape, dtype) if self.by_rows else take(shape[::-1], dtype).T  # (n*PH*PW, KH*KW*C + 1)
        cols[:, self.patch] = 1
        return Work(
            [self.seen(padded, tap) for tap in self.passes],
            take((*self.reach, self.channels, count), dtype) if self.shared else None,
            kernel,
            np.zeros_like(kernel),
            cols[:, : len(kernel)],
            take((count, self.filters), dtype),
            take((count, self.channels), dtype),
        )

    def seen(self, padded: Array, tap: Tap) -> Array:
        """The patches under a position of the pooling window, as a view: (N, rows, cols, KH, KW, C)."""
        (sh, sw), (dh, dw) = self.window.strides, self.window.dilation
        (s_n, s_h, s_w, s_c), (n, _, _, c) = padded.strides, padded.shape
        strides = (s_n, s_h * sh, s_w * sw, s_h * dh, s_w * dw, s_c)
        return as_strided(self.from_corner(padded, tap), (n, *tap.size, *self.window.size, c), strides, writeable=False)

    def from_corner(self, padded: Array, tap: Tap) -> Array:
        """The padded images from the first patch under that position on."""
        sh, sw = self.conv.window.strides
        return padded[:, tap.corner[0] * sh :, tap.corner[1] * sw :]

    def outputs(self, work: Any, part: Part) -> Iterator[tuple[Tap, Array]]:
        """Yield the convolution's outputs at each position of the pooling window: (n, rows, cols, F).

        Each array is valid until the next one is requested.
        """
        for one, cols in self.filled(work, part):
            z = blocked_matmul(cols, work.kernel, work.outputs[: len(cols)])  # (n*rows*cols, F)
            yield from self.seen_in(one, z)

    def back(self, work: Any, part: Part, dpadded: Array | None) -> Iterator[tuple[Tap, Array]]:
        """Yield an array for the outputs' gradients at each position of the pooling window: (n, rows, cols, F).

        Gradients are written to it, or added if windows overlap, before the next one is requested. From there they get
        into the gradients of kernel and bias, and into dpadded, the padded images' gradient.
        """
        for one, cols in self.filled(work, part):
            dz = work.outputs[: len(cols)]  # (n*rows*cols, F)
            if self.overlaps:
                dz.fill(0)
            yield from self.seen_in(one, dz)
            if self.trainable:
                work.dkernel[...] += blocked_matmul_transposed(cols, dz)
            if dpadded is not None:
                self.add_patches(work, dz, one, self.from_corner(dpadded[part], one))

    def seen_in(self, one: Tap, z: Array) -> Iterator[tuple[Tap, Array]]:
        """The positions of the pooling window whose outputs a pass computes, with a view of them: (n, rows, cols, F).

        z: (n*rows*cols, F).
        """
        images = z.reshape(-1, *one.size, self.filters)  # (n, rows, cols, F)
        if not self.overlaps:
            yield one, images
            return
        for tap in self.taps:
            yield tap, seen_by(images, tap, self.pool)

    def filled(self, work: Work, part: Part) -> Iterator[tuple[Tap, Array]]:
        """im2col: yield the patches of each pass as rows: (n*rows*cols, KH*KW*C + 1)."""
        shifts = None if work.shifts is None else self.shifted(work.shifts, work.patches[0][part])
        for one, patches in zip(self.passes, work.patches, strict=True):
            seen = patches[part]
            cols = work.cols[: prod(seen.shape[:3])]
            if shifts is None:
                place: Array = cols[:, : self.patch].reshape(seen.shape)  # (n, rows, cols, KH, KW, C): a view
                np.copyto(place, seen)
            else:
                (u, v), (kh, kw) = one.corner, self.window.size
                place = cols[:, : self.patch].T.reshape(kh, kw, self.channels, len(cols))  # (KH, KW, C, n*rows*cols)
                np.copyto(place, shifts[u : u + kh, v : v + kw])
            yield one, cols

    def shifted(self, shifts: Array, seen: Array) -> Array:
        """The pixels under all positions of the pooling window, one shift of the image each: (*reach, C, n*PH*PW).

        seen: the patches under the first position.
        """
        n, oh, ow, _, _, c = seen.shape
        own = shifts[..., : n * oh * ow]  # (*reach, C, n*PH*PW)
        wide = as_strided(seen, (n, oh, ow, *self.reach, c), writeable=False)
        by_shift = wide.transpose(3, 4, 5, 0, 1, 2)  # (*reach, C, n, PH, PW)
        np.copyto(own.reshape(by_shift.shape), by_shift)  # (*reach, C, n, PH, PW): a view
        return own

    def add_patches(self, work: Work, dz: Array, tap: Tap, pixels: Array) -> None:
        """col2im: add each kernel tap's gradient to the pixels that the tap read."""
        weights = work.kernel[: self.patch].reshape(self.window.count, self.channels, self.filters)  # (KH*KW, C, F)
        for where, own in zip(self.window.taps(tap.size), weights, strict=True):
            seen = pixels[where]  # (n, rows, cols, C)
            dseen = np.matmul(dz, own.T, out=work.pixels[: len(dz)])  # (n*rows*cols, C)
            seen += dseen.reshape(seen.shape)  # (n, rows, cols, C)

    def gradients(self, work: Any) -> Gradients:
        """The gradients of kernel and bias, summed over the parts."""
        kernel = work.dkernel[: self.patch].reshape(*self.window.size, self.channels, self.filters)  # (KH, KW, C, F)
        return {"kernel": kernel} if len(work.dkernel) == self.patch else {"kernel": kernel, "bias": work.dkernel[-1]}
