"""A convolution with the ReLU, max-pooling and dropout after it, computed as one block by im2col.

Layer by layer, each step writes images as large as the convolution's output to memory, and the next reads them back.
A block works through a few images at a time, a tile, so that what is computed is still in the processor's cache when
it is needed:

    for each position p of the pooling window
        z = the outputs of the convolution that p sees
        y = max(y, z), and p is the winner where z was larger

y starts at 0 instead of minus infinity: that is ReLU, which commutes with the maximum, and of equal maxima the first
wins as before. Dropout multiplies what is left. The backward goes the same way: dz at p is dy where p won.

Those outputs that one position of the pooling window sees are a convolution too, with strides as large as both
together. Its patches are copied, multiplied and used up while they are in the cache. A column of ones in the matrix of
patches, and a row in that of the kernel, add the bias, and sum up its gradient.

Pool winners and dropout masks are the layers' own. Sums are added up in another order, so values differ by rounding.
"""

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from numpycnn import functional as F
from numpycnn.common.checks import MOST
from numpycnn.common.slices import batches, count_batches
from numpycnn.common.typing import Array, Rng
from numpycnn.engine.fast.pooling import Tap, corner, max_pool, pool_taps
from numpycnn.engine.fast.products import times, transposed_times
from numpycnn.engine.fast.scratch import reused, take
from numpycnn.functional.window import Window
from numpycnn.layers import Conv2D, Dropout
from numpycnn.layers.data_format import from_channels_last, split_shape, to_channels_last
from numpycnn.layers.stage import Gradients, Stage

TILE_BYTES = 2 << 20
"""About how many bytes of patches and outputs are worked on at a time: they should stay in the cache."""


class Parts(NamedTuple):
    """What a block is made of."""

    conv: Conv2D
    relu: bool
    pool: Window
    dropout: Dropout | None
    names: tuple[str, ...]
    """Those of its layers."""


class BlockCache(NamedTuple):
    """What a block's backward needs. All images are channels last."""

    padded: Array
    """The input with its padding: (N, H + top + bottom, W + left + right, C)."""
    y: Array
    """The output: (N, PH, PW, F)."""
    winner: Array | None
    """Which position of the pooling window held the maximum, as y; None without pooling."""
    kept: Array | None
    """Which values dropout kept, as y; None where nothing was dropped, or y > 0 tells."""

    def of(self, rows: slice) -> "BlockCache":
        """The same for some of the examples."""
        winner = None if self.winner is None else self.winner[rows]
        kept = None if self.kept is None else self.kept[rows]
        return BlockCache(self.padded[rows], self.y[rows], winner, kept)


class Work(NamedTuple):
    """What one pass over a micro-batch works with."""

    patches: Sequence[Array]
    """For each position of the pool, what the convolutions under it read: (N, rows, cols, KH, KW, C), a view."""
    shifts: Array | None
    """Memory for what all positions read together: (KH + PH - 1, KW + PW - 1, C, n*PH*PW); see `ConvBlock.shared`."""
    kernel: Array
    """The kernel as a matrix, with the bias as its last row: (KH*KW*C + 1, F), or without that row."""
    dkernel: Array
    """Its gradient so far."""
    cols: Array
    """Memory for patches as rows, after each a one: (n*PH*PW, KH*KW*C + 1)."""
    outputs: Array
    """Memory for the convolution's outputs, or their gradients: (n*PH*PW, F)."""
    pixels: Array
    """Memory for what a tap of the kernel adds to the input's gradient: (n*PH*PW, C)."""


class ConvBlock(Stage):
    """A convolution and what follows it, tile by tile. The layers are built.

    `begin`, `outputs`, `back` and `gradients` convolve a tile; `winograd.WinogradBlock` has others in their place.
    The matrix of patches lies in memory row after row, or column after column where that makes longer runs to copy. In
    the second case, and without strides and dilation, the patches under neighbouring positions of the pool have most
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
        self.window = Window(conv.window.size, (min(sh * ph, MOST), min(sw * pw, MOST)), dilation=conv.window.dilation)
        self.reach = conv.window.size[0] + pool.size[0] - 1, conv.window.size[1] + pool.size[1] - 1
        self.by_rows = conv.window.size[1] * self.channels > self.output[1]
        dense = conv.window.strides == conv.window.dilation == (1, 1)
        whole = all(tap.size == self.output for tap in self.taps)
        self.shared = dense and whole and not self.by_rows and len(self.taps) > 1

    @property
    def params(self) -> dict[str, Array]:
        return self.conv.params

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
            y=take(shape, x.dtype),
            winner=take(shape, np.uint8) if training and len(self.taps) > 1 else None,
            kept=take(shape, bool) if dropout is not None and not self.relu else None,
        )
        cache.y.fill(0 if self.relu else -np.inf)
        if cache.winner is not None:
            cache.winner.fill(0)
        with reused():
            tile = self.tile(cache.y)
            work, larger = self.begin(cache.padded, tile), take((tile, *shape[1:]), bool)
            for rows in batches(len(x), tile):
                own = cache.of(rows)
                max_pool(self.outputs(work, rows), own.y, own.winner, larger)
                if dropout is not None:
                    self.drop(dropout, rng, own)
        return from_channels_last(cache.y, self.data_format), cache

    def backward(self, dy: Array, cache: BlockCache) -> tuple[Array, Gradients]:
        (top, _), (left, _) = self.pads
        dpadded = take(cache.padded.shape, dy.dtype)
        dpadded.fill(0)
        gradients = self.back_through(dy, cache, dpadded)
        dx = dpadded[:, top : top + self.image[0], left : left + self.image[1]]
        return from_channels_last(dx, self.data_format), gradients

    def parameter_gradients(self, dy: Array, cache: BlockCache) -> Gradients:
        return self.back_through(dy, cache, None)

    def back_through(self, dy: Array, cache: BlockCache, dpadded: Array | None) -> Gradients:
        """The gradients of kernel and bias; that of the padded input is added to dpadded, where there is one."""
        dy = to_channels_last(dy, self.data_format)  # (N, PH, PW, F)
        with reused():
            tile = self.tile(dy)
            work = self.begin(cache.padded, tile)
            memory, flags = take((tile, *dy.shape[1:]), dy.dtype), take((tile, *dy.shape[1:]), bool)
            for rows in batches(len(dy), tile):
                own = cache.of(rows)
                dz = self.gated(dy[rows], own, memory, flags)
                for tap, place in self.back(work, rows, None if dpadded is None else dpadded[rows]):
                    if own.winner is None:
                        place[...] = dz[tap.outputs]
                    else:
                        won = np.equal(own.winner[tap.outputs], tap.number, out=corner(flags, place))
                        np.multiply(dz[tap.outputs], won, out=place)
        return self.gradients(work)

    def padded(self, x: Array) -> Array:
        """The images with the convolution's padding around them, in one piece of memory, channels last there too."""
        n, h, w, c = x.shape
        (top, bottom), (left, right) = self.pads
        if top == bottom == left == right == 0 and x.flags.c_contiguous:
            return x
        padded = take((n, h + top + bottom, w + left + right, c), x.dtype)
        padded.fill(0)
        padded[:, top : top + h, left : left + w] = x
        return padded

    def tile(self, y: Array) -> int:
        """How many examples of y make a tile: as many as fit the cache, but in tiles as even as can be."""
        tiles = count_batches(len(y), max(1, self.examples_in_cache(y.itemsize)))
        return count_batches(len(y), tiles)

    def drop(self, dropout: Dropout, rng: Rng | None, cache: BlockCache) -> None:
        """Dropout on a tile's y, with the mask that the layer itself would draw."""
        drawn = dropout.draw(from_channels_last(cache.y, self.data_format).shape, rng)
        drawn = np.ascontiguousarray(to_channels_last(drawn, self.data_format))  # turning bytes is quicker than floats
        y = cache.y
        y *= drawn
        y *= F.dropout_scale(dropout.rate, y.dtype)
        if cache.kept is not None:
            cache.kept[...] = drawn

    def gated(self, dy: Array, cache: BlockCache, memory: Array, flags: Array) -> Array:
        """A tile's dy back through dropout and ReLU: nothing passes where a value was dropped or not above zero."""
        passing = np.greater(cache.y, 0, out=flags[: len(dy)]) if self.relu else cache.kept
        if passing is None:
            return dy
        passed = np.multiply(dy, passing, out=memory[: len(dy)])
        if self.dropout is not None:
            passed *= F.dropout_scale(self.dropout.rate, dy.dtype)
        return passed

    # ------------------------------------------------------------ the convolution of a tile

    def examples_in_cache(self, itemsize: int) -> int:
        """How many images to work on at a time."""
        return TILE_BYTES // (prod(self.output) * (self.patch + self.filters) * itemsize)

    def begin(self, padded: Array, tile: int) -> Any:
        """Get ready for a pass over the padded images (N, H, W, C), in tiles of at most `tile`."""
        kernel = self.params["kernel"].reshape(self.patch, self.filters)  # (KH*KW*C, F)
        if "bias" in self.params:
            kernel = np.vstack([kernel, self.params["bias"]])  # (KH*KW*C + 1, F)
        count, dtype = tile * prod(self.output), padded.dtype
        cols = take((count, self.patch + 1), dtype) if self.by_rows else take((self.patch + 1, count), dtype).T
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
        """The patches under a position of the pool, as a view: (N, rows, cols, KH, KW, C)."""
        (sh, sw), (dh, dw) = self.window.strides, self.window.dilation
        (s_n, s_h, s_w, s_c), (n, _, _, c) = padded.strides, padded.shape
        strides = (s_n, s_h * sh, s_w * sw, s_h * dh, s_w * dw, s_c)
        return as_strided(self.from_corner(padded, tap), (n, *tap.size, *self.window.size, c), strides, writeable=False)

    def from_corner(self, padded: Array, tap: Tap) -> Array:
        """The part of the padded images that begins where the first convolution under that position does."""
        sh, sw = self.conv.window.strides
        return padded[:, tap.corner[0] * sh :, tap.corner[1] * sw :]

    def outputs(self, work: Any, rows: slice) -> Iterator[tuple[Tap, Array]]:
        """For each position of the pool the convolution's outputs that it sees: (n, rows, cols, F).

        Each is there until the next is asked for.
        """
        for tap, cols in self.filled(work, rows):
            z = times(cols, work.kernel, work.outputs[: len(cols)])  # (n*rows*cols, F)
            yield tap, z.reshape(-1, *tap.size, self.filters)  # (n, rows, cols, F)

    def back(self, work: Any, rows: slice, dpadded: Array | None) -> Iterator[tuple[Tap, Array]]:
        """For each position of the pool the place to write the gradients of those outputs to: (n, rows, cols, F).

        When the next is asked for, they are added to work.dkernel, and to dpadded, the padded images' own.
        """
        for tap, cols in self.filled(work, rows):
            dz = work.outputs[: len(cols)]  # (n*rows*cols, F)
            yield tap, dz.reshape(-1, *tap.size, self.filters)  # (n, rows, cols, F)
            if self.trainable:
                work.dkernel[...] += transposed_times(cols, dz)
            if dpadded is not None:
                self.add_patches(work, dz, tap, self.from_corner(dpadded, tap))

    def filled(self, work: Work, rows: slice) -> Iterator[tuple[Tap, Array]]:
        """im2col: for each position of the pool the patches under it, as rows: (n*rows*cols, KH*KW*C + 1)."""
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
        """What all positions of the pool read, one shift of the image after the other: (*reach, C, n*PH*PW).

        seen: the patches under the first position.
        """
        n, oh, ow, _, _, c = seen.shape
        own = shifts[..., : n * oh * ow]
        wide = as_strided(seen, (n, oh, ow, *self.reach, c), writeable=False)
        by_shift = wide.transpose(3, 4, 5, 0, 1, 2)  # (*reach, C, n, PH, PW)
        np.copyto(own.reshape(by_shift.shape), by_shift)
        return own

    def add_patches(self, work: Work, dz: Array, tap: Tap, pixels: Array) -> None:
        """col2im: what each tap of the kernel gives is added where it read from."""
        weights = work.kernel[: self.patch].reshape(self.window.count, self.channels, self.filters)  # (KH*KW, C, F)
        for where, own in zip(self.window.taps(tap.size), weights, strict=True):
            seen = pixels[where]  # (n, rows, cols, C)
            seen += np.matmul(dz, own.T, out=work.pixels[: len(dz)]).reshape(seen.shape)

    def gradients(self, work: Any) -> Gradients:
        """The gradients of kernel and bias that have been added up."""
        kernel = work.dkernel[: self.patch].reshape(*self.window.size, self.channels, self.filters)  # (KH, KW, C, F)
        return {"kernel": kernel} if len(work.dkernel) == self.patch else {"kernel": kernel, "bias": work.dkernel[-1]}
