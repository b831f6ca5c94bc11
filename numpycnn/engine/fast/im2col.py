"""A convolution with the ReLU, max-pooling and dropout after it, computed as one block by im2col.

Layer by layer, each step writes images as large as the convolution's output to memory, and the next reads them back.
A block computes a few images at a time, a tile, so that intermediate results are still in the processor's cache when
they are needed:

    for each position p of the pooling window
        z = the convolution's outputs at position p of every window
        y = max(y, z), and p is the winner where z was larger

y starts at 0 instead of minus infinity: that is ReLU, which commutes with the maximum, and of equal maxima the first
wins as before. Dropout multiplies the result. In the backward, dz at p is dy where p won.

The outputs at one position of the pooling window are a convolution too, whose strides are the products of both strides.
Its patches are copied and multiplied while they are in the cache. A column of ones in the patch matrix, and the bias as
a row of the kernel matrix, add the bias, and sum its gradient.

Winners and dropout masks equal those of the layers. Sums are taken in another order, so values differ by rounding.
"""

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from numpycnn import functional as F
from numpycnn.common.checks import MAX_SIZE
from numpycnn.common.slices import batches, count_batches
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.engine.fast.pooling import Tap, begin_pool, cropped_like, max_pool, pool_taps
from numpycnn.engine.fast.products import blocked_matmul, blocked_matmul_transposed
from numpycnn.engine.fast.scratch import scratch_scope, take
from numpycnn.functional.window import Window
from numpycnn.layers import Conv2D, Dropout
from numpycnn.layers.data_format import from_channels_last, split_shape, to_channels_last
from numpycnn.layers.stage import Gradients, Stage

TILE_BYTES = 2 << 20
"""The approximate size of a tile's patches and outputs, in bytes: they should stay in the cache."""


class Parts(NamedTuple):
    """The layers of a block."""

    conv: Conv2D
    relu: bool
    pool: Window
    dropout: Dropout | None
    names: tuple[str, ...]
    """The names of the layers."""


class BlockCache(NamedTuple):
    """What a block's backward needs. All images are channels last."""

    padded: Array
    """The input with its padding: (N, H + top + bottom, W + left + right, C)."""
    y: Array
    """The output: (N, PH, PW, F)."""
    winner: Array | None
    """Which position of the pooling window held the maximum, in y's shape; None without pooling."""
    kept: Array | None
    """Which values dropout kept, in y's shape; None if nothing was dropped, or if y > 0 says the same."""

    def of(self, rows: slice) -> "BlockCache":
        """The cache of some of the examples."""
        winner = None if self.winner is None else self.winner[rows]
        kept = None if self.kept is None else self.kept[rows]
        return BlockCache(self.padded[rows], self.y[rows], winner, kept)


class Work(NamedTuple):
    """The arrays of one pass over a micro-batch."""

    patches: Sequence[Array]
    """For each position of the pooling window, the patches under it: (N, rows, cols, KH, KW, C), views."""
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


class ConvBlock(Stage):
    """A convolution fused with the layers after it, computed tile by tile. The layers must be built.

    `begin`, `outputs`, `back` and `gradients` convolve a tile; `winograd.WinogradBlock` overrides them.
    The patch matrix is stored by rows, or by columns where that makes longer contiguous runs to copy. In the second
    case, and without strides and dilation, the patches under neighbouring positions of the pooling window have most
    columns in common, so all are copied from the image once, and from there to the matrix of each position.
    """

    def __init__(self, parts: Parts) -> None:
        conv, pool = self.conv, self.pool = parts.conv, parts.pool
        self.name, self.names = conv.name, parts.names
        self.relu, self.dropout, self.data_format = parts.relu, parts.dropout, conv.data_format
        self.image, self.channels = split_shape(conv.name, conv.input_shape or (), conv.data_format)
        self.filters, self.patch = conv.filters, conv.window.count * self.channels  # patch: KH*KW*C
        self.convolved = conv.window.output_size(self.image)  # (OH, OW)
        self.output = pool.output_size(self.convolved)  # (PH, PW)
        self.taps, self.pads = list(pool_taps(pool, self.convolved)), conv.window.pads(self.image)
        (sh, sw), (ph, pw) = conv.window.strides, pool.strides
        self.window = Window(
            conv.window.size, (min(sh * ph, MAX_SIZE), min(sw * pw, MAX_SIZE)), dilation=conv.window.dilation
        )
        self.reach = conv.window.size[0] + pool.size[0] - 1, conv.window.size[1] + pool.size[1] - 1
        self.by_rows = conv.window.size[1] * self.channels > self.output[1]
        dense = conv.window.strides == conv.window.dilation == (1, 1)
        whole = all(tap.size == self.output for tap in self.taps)
        self.shared = dense and whole and not self.by_rows and len(self.taps) > 1

    @property
    def params(self) -> dict[str, Array]:
        return self.conv.params

    @property
    def uses_rng(self) -> bool:  # type: ignore[override]
        """Whether it has a dropout."""
        return self.dropout is not None

    @property
    def trainable(self) -> bool:  # type: ignore[override]
        """The convolution's."""
        return self.conv.trainable

    # ------------------------------------------------------------ the block

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, BlockCache]:
        self.conv.check_input(x)
        x = to_channels_last(x, self.data_format)  # (N, H, W, C)
        dropout = self.dropout if training else None
        shape = (len(x), *self.output, self.filters)  # (N, PH, PW, F)
        cache = BlockCache(
            padded=self.padded(x),
            y=self.images(shape, x.dtype),
            winner=self.images(shape, np.uint8) if training and len(self.taps) > 1 else None,
            kept=self.images(shape, bool) if dropout is not None and not self.relu else None,
        )
        with scratch_scope():
            tile = self.tile(cache.y)
            work, larger = self.begin(cache.padded, tile), self.images((tile, *shape[1:]), bool)
            for rows in batches(len(x), tile):
                own = cache.of(rows)
                begin_pool(own.y, own.winner, relu=self.relu)
                for tap, z in self.outputs(work, rows):
                    max_pool(tap, z, own.y, own.winner, larger)
                if dropout is not None:
                    self.drop(dropout, rng, own)
        return from_channels_last(cache.y, self.data_format), cache

    def backward(self, dy: Array, cache: BlockCache) -> tuple[Array, Gradients]:
        (top, _), (left, _) = self.pads
        dpadded = self.padded_gradient(cache.padded.shape, dy.dtype)
        gradients = self.back_through(dy, cache, dpadded)
        dx = dpadded[:, top : top + self.image[0], left : left + self.image[1]]
        return from_channels_last(dx, self.data_format), gradients

    def parameter_gradients(self, dy: Array, cache: BlockCache) -> Gradients:
        return self.back_through(dy, cache, None)

    def back_through(self, dy: Array, cache: BlockCache, dpadded: Array | None) -> Gradients:
        """The gradients of kernel and bias; the padded input's is added to dpadded unless that is None."""
        dy = to_channels_last(dy, self.data_format)  # (N, PH, PW, F)
        with scratch_scope():
            tile = self.tile(dy)
            work = self.begin(cache.padded, tile)
            memory, flags = self.images((tile, *dy.shape[1:]), dy.dtype), self.images((tile, *dy.shape[1:]), bool)
            for rows in batches(len(dy), tile):
                own = cache.of(rows)
                dz = self.gated(dy[rows], own, memory, flags)
                for tap, place in self.back(work, rows, None if dpadded is None else dpadded[rows]):
                    if own.winner is None:
                        place[...] = dz[tap.outputs]
                    else:
                        won = np.equal(own.winner[tap.outputs], tap.number, out=cropped_like(flags, place))
                        np.multiply(dz[tap.outputs], won, out=place)
        return self.gradients(work)

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

    def images(self, shape: Shape, dtype: Any) -> Array:
        """Memory for images (N, H, W, C), in the order in which this way of convolving goes through them."""
        return take(shape, dtype)

    def padded_gradient(self, shape: Shape, dtype: Any) -> Array:
        """Memory for the gradient of the padded images, to which `back` adds."""
        dpadded = take(shape, dtype)
        dpadded.fill(0)
        return dpadded

    def tile(self, y: Array) -> int:
        """The number of examples in a tile: as many as fit the cache, but in tiles as even as possible."""
        tiles = count_batches(len(y), max(1, self.examples_in_cache(y.itemsize)))
        return count_batches(len(y), tiles)

    def drop(self, dropout: Dropout, rng: Rng | None, cache: BlockCache) -> None:
        """Dropout on a tile's y, with the mask that the layer itself would draw."""
        drawn = dropout.draw(from_channels_last(cache.y, self.data_format).shape, rng)
        drawn = np.ascontiguousarray(
            to_channels_last(drawn, self.data_format)
        )  # transposing bytes is faster than floats
        y = cache.y
        y *= drawn
        y *= F.dropout_scale(dropout.rate, y.dtype)
        if cache.kept is not None:
            cache.kept[...] = drawn

    def gated(self, dy: Array, cache: BlockCache, memory: Array, flags: Array) -> Array:
        """A tile's dy back through dropout and ReLU: 0 where a value was dropped or not above 0."""
        passing = np.greater(cache.y, 0, out=flags[: len(dy)]) if self.relu else cache.kept
        if passing is None:
            return dy
        passed = np.multiply(dy, passing, out=memory[: len(dy)])
        if self.dropout is not None:
            passed *= F.dropout_scale(self.dropout.rate, dy.dtype)
        return passed

    # ------------------------------------------------------------ the convolution of a tile

    def examples_in_cache(self, itemsize: int) -> int:
        """The number of images whose patches and outputs fit the cache."""
        return TILE_BYTES // (prod(self.output) * (self.patch + self.filters) * itemsize)

    def begin(self, padded: Array, tile: int) -> Any:
        """The arrays for a pass over the padded images (N, H, W, C), in tiles of at most `tile` images."""
        kernel = self.params["kernel"].reshape(self.patch, self.filters)  # (KH*KW*C, F)
        if "bias" in self.params:
            kernel = np.vstack([kernel, self.params["bias"]])  # (KH*KW*C + 1, F)
        count, dtype = tile * prod(self.output), padded.dtype
        shape = (count, self.patch + 1)  # (n*PH*PW, KH*KW*C + 1)
        cols = take(shape, dtype) if self.by_rows else take(shape[::-1], dtype).T  # (n*PH*PW, KH*KW*C + 1)
        cols[:, self.patch] = 1
        return Work(
            [self.seen(padded, tap) for tap in self.taps],
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

    def outputs(self, work: Any, rows: slice) -> Iterator[tuple[Tap, Array]]:
        """Yield the convolution's outputs at each position of the pooling window: (n, rows, cols, F).

        Each array is valid until the next one is requested.
        """
        for tap, cols in self.filled(work, rows):
            z = blocked_matmul(cols, work.kernel, work.outputs[: len(cols)])  # (n*rows*cols, F)
            yield tap, z.reshape(-1, *tap.size, self.filters)  # (n, rows, cols, F)

    def back(self, work: Any, rows: slice, dpadded: Array | None) -> Iterator[tuple[Tap, Array]]:
        """Yield an array for the outputs' gradients at each position of the pooling window: (n, rows, cols, F).

        When the next one is requested, they are added to work.dkernel, and to dpadded, the padded images' gradient.
        """
        for tap, cols in self.filled(work, rows):
            dz = work.outputs[: len(cols)]  # (n*rows*cols, F)
            yield tap, dz.reshape(-1, *tap.size, self.filters)  # (n, rows, cols, F)
            if self.trainable:
                work.dkernel[...] += blocked_matmul_transposed(cols, dz)
            if dpadded is not None:
                self.add_patches(work, dz, tap, self.from_corner(dpadded, tap))

    def filled(self, work: Work, rows: slice) -> Iterator[tuple[Tap, Array]]:
        """im2col: yield the patches under each position of the pooling window as rows: (n*rows*cols, KH*KW*C + 1)."""
        shifts = None if work.shifts is None else self.shifted(work.shifts, work.patches[0][rows])
        for tap, patches in zip(self.taps, work.patches, strict=True):
            seen = patches[rows]
            cols = work.cols[: prod(seen.shape[:3])]
            if shifts is None:
                place: Array = cols[:, : self.patch].reshape(seen.shape)  # (n, rows, cols, KH, KW, C): a view
                np.copyto(place, seen)
            else:
                (u, v), (kh, kw) = tap.corner, self.window.size
                place = cols[:, : self.patch].T.reshape(kh, kw, self.channels, len(cols))  # (KH, KW, C, n*rows*cols)
                np.copyto(place, shifts[u : u + kh, v : v + kw])
            yield tap, cols

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
        """The gradients of kernel and bias, summed over the tiles."""
        kernel = work.dkernel[: self.patch].reshape(*self.window.size, self.channels, self.filters)  # (KH, KW, C, F)
        return {"kernel": kernel} if len(work.dkernel) == self.patch else {"kernel": kernel, "bias": work.dkernel[-1]}
