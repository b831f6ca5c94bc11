"""Convolution by a kernel of 1 by 1: a plain product of the pixels, as they lie in memory, and the kernel.

    z = x @ kernel + bias        x: (n*OH*OW, C), kernel: (C, F)        dkernel = x.T @ dz        dx = dz @ kernel.T

Nothing is copied, but for strides: then the pixels that are seen are gathered first, and the others' gradient is zero.
The sums are those of im2col, and so is their rounding.
"""

from collections.abc import Iterator
from math import prod
from typing import Any, NamedTuple

import numpy as np

from numpycnn.common.typing import Array, Shape
from numpycnn.engine.fast.block import Part, Parts
from numpycnn.engine.fast.im2col import ConvBlock
from numpycnn.engine.fast.pooling import Tap, seen_by
from numpycnn.engine.fast.products import blocked_matmul, blocked_matmul_transposed
from numpycnn.engine.fast.scratch import take
from numpycnn.layers.stage import Gradients

TILE_BYTES = 1 << 20
"""The approximate size of a tile's pixels and outputs, in bytes: they should stay in the cache."""


class Work(NamedTuple):
    """The arrays of one pass over a micro-batch."""

    pixels: Array
    """The pixels that are seen: (N, OH, OW, C)."""
    outputs: Array
    """Memory for the convolution's outputs, or their gradients: (n, OH, OW, F)."""
    kernel_transposed: Array
    """(F, C), contiguous, because products are faster so."""
    dkernel: Array
    """The gradient of the kernel so far: (C, F)."""
    dbias: Array
    """The gradient of the bias so far: (F,)."""


class PointwiseBlock(ConvBlock):
    """A block whose convolution looks at one pixel at a time."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.way = "product"
        self.all_seen = not self.overlaps and sum(prod(tap.size) for tap in self.taps) == prod(self.convolved)

    def examples_in_cache(self, itemsize: int) -> int:
        return TILE_BYTES // (prod(self.convolved) * (self.channels + self.filters) * itemsize)

    # ------------------------------------------------------------ the pixels that are seen

    def padded(self, x: Array) -> Array:
        sh, sw = self.conv.window.strides
        seen = x[:, ::sh, ::sw]  # (N, OH, OW, C)
        if seen.flags.c_contiguous:
            return seen
        pixels = take(seen.shape, seen.dtype)
        pixels[...] = seen
        return pixels

    def padded_gradient(self, shape: Shape, dtype: Any) -> Array:
        return take(shape, dtype)  # all of it is written

    def unpadded(self, dpadded: Array) -> Array:
        sh, sw = self.conv.window.strides
        if (sh, sw) == (1, 1):
            return dpadded
        dx = take((len(dpadded), *self.image, self.channels), dpadded.dtype)
        dx.fill(0)
        dx[:, ::sh, ::sw] = dpadded
        return dx

    # ------------------------------------------------------------ the products

    def begin(self, padded: Array, tile: int) -> Work:
        kernel = self.params["kernel"].reshape(self.channels, self.filters)  # (C, F)
        outputs = take((tile, *self.convolved, self.filters), padded.dtype)
        return Work(padded, outputs, kernel.T.copy(), np.zeros_like(kernel), np.zeros(self.filters, padded.dtype))

    def outputs(self, work: Work, part: Part) -> Iterator[tuple[Tap, Array]]:
        pixels, z = self.rows(work, part)
        blocked_matmul(pixels, self.params["kernel"].reshape(self.channels, self.filters), z)
        if "bias" in self.params:
            z += self.params["bias"]
        yield from self.seen_by_pool(z)

    def back(self, work: Work, part: Part, dpadded: Array | None) -> Iterator[tuple[Tap, Array]]:
        pixels, dz = self.rows(work, part)
        if not self.all_seen:
            dz.fill(0)
        yield from self.seen_by_pool(dz)
        if self.trainable:
            work.dkernel[...] += blocked_matmul_transposed(pixels, dz)
            work.dbias[...] += dz.sum(axis=0)
        if dpadded is not None:
            blocked_matmul(dz, work.kernel_transposed, dpadded[part].reshape(-1, self.channels))  # (n*OH*OW, C)

    def rows(self, work: Work, part: Part) -> tuple[Array, Array]:
        """A part's pixels, (n*OH*OW, C), and memory for its outputs, (n*OH*OW, F)."""
        pixels = work.pixels[part]
        z = work.outputs[: len(pixels)].reshape(-1, self.filters)  # (n*OH*OW, F)
        return pixels.reshape(-1, self.channels), z  # (n*OH*OW, C)

    def seen_by_pool(self, z: Array) -> Iterator[tuple[Tap, Array]]:
        """The outputs that each position of the pooling window sees: (n, rows, cols, F). z: (n*OH*OW, F)."""
        images = z.reshape(-1, *self.convolved, self.filters)  # (n, OH, OW, F)
        for tap in self.taps:
            yield tap, seen_by(images, tap, self.pool)

    def gradients(self, work: Work) -> Gradients:
        kernel = work.dkernel.reshape(1, 1, self.channels, self.filters)  # (1, 1, C, F)
        gradients = {"kernel": kernel, "bias": work.dbias}
        return {name: gradients[name] for name in self.params}
