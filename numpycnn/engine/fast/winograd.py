"""Convolution by a 3 by 3 kernel with 16 multiplications instead of 36: Winograd's F(2x2, 3x3).

A 2 by 2 block of outputs depends on 4 by 4 pixels. With rows and columns written as polynomials, whose values at four
points are products of the pixels' and the kernel's values there:

    Y = A.T [ (G g G.T) * (B.T d B) ] A          d: 4 by 4 pixels, g: the kernel, Y: 2 by 2 outputs, * entry by entry

           1  0 -1  0            1    0    0
    B.T =  0  1  1  0      G =  1/2  1/2  1/2      A.T =  1  1  1  0
           0 -1  1  0           1/2 -1/2  1/2             0  1 -1 -1
           0  1  0 -1            0    0    1

Summed over channels, entry (a, b) is one matrix product: 16 products of (4-by-4 patches, C) and (C, F), with four
ninths of im2col's multiplications. B and A hold only 0, 1 and -1, so the transforms are additions, of arrays that are
contiguous where possible, because NumPy copies operands with short contiguous runs before it adds them. Every step is
linear, and the backward is the transposed steps in reverse order. Outputs and gradients equal im2col's to about 1e-6 of
the largest in float32, and 1e-15 in float64: of two outputs that are closer than that, either may win a pool.
Source: Lavin and Gray 2016.
"""

from collections.abc import Iterator
from math import prod
from typing import NamedTuple

import numpy as np

from numpycnn.common.typing import Array, Shape
from numpycnn.engine.fast.block import Part, Parts
from numpycnn.engine.fast.im2col import ConvBlock
from numpycnn.engine.fast.pooling import Tap, seen_by
from numpycnn.engine.fast.products import blocked_matmul, blocked_matmul_transposed
from numpycnn.engine.fast.scratch import take
from numpycnn.layers import Conv2D
from numpycnn.layers.data_format import split_shape

TILE_BYTES = 4 << 20
"""The approximate size of a tile's transformed pixels and products, in bytes."""

MIN_CHANNELS = 12
"""From this half harmonic mean of the channels in and out on, saved multiplications outweigh the additions."""

IN_ALL = 5
"""The product that all four outputs contain with the factor 1, row 1 and column 1: the bias is added there."""

KERNEL_TRANSFORM = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])  # G


class Work(NamedTuple):
    """The arrays of one pass over a micro-batch; scratch memory has one axis, and is reshaped where it is used."""

    padded: Array
    """The padded images: (N, H, W, C)."""
    kernel: Array
    """The transformed kernel, G g G.T: (16, C, F)."""
    kernel_transposed: Array
    """The same as (16, F, C), contiguous, because products are faster so."""
    bias: Array | None
    """The bias: (F,)."""
    dkernel: Array
    """The gradient of the transformed kernel so far."""
    dbias: Array
    """The gradient of the bias so far."""
    pixels: Array
    """Memory for pixels transformed along one axis: (4, n, 2, TH + 1, TW, C), even rows before odd ones."""
    patches: Array
    """Memory for pixels transformed along both axes: (4, 4, n, TH, TW, C)."""
    products: Array
    """Memory for their products with the kernel: (4, 4, n, TH, TW, F)."""
    halves: Array
    """Memory for products with one axis transformed: (2, 4, n, TH, TW, F)."""
    outputs: Array
    """Memory for the outputs: see `WinogradBlock.outputs_in`."""


def is_faster(conv: Conv2D) -> bool:
    """Whether the algorithm applies to the kernel, and there are enough channels for it to be faster."""
    _, channels = split_shape(conv.name, conv.shape_in or (), conv.data_format)
    window, filters = conv.window, conv.filters
    form = window.size == (3, 3) and window.strides == window.dilation == (1, 1)
    return form and channels * filters >= MIN_CHANNELS * (channels + filters)


class WinogradBlock(ConvBlock):
    """A block that convolves by Winograd's algorithm."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        (top, bottom), (left, right) = self.pads
        oh, ow = self.convolved
        self.pads = (top, bottom + oh % 2), (left, right + ow % 2)
        self.blocks = (oh + 1) // 2, (ow + 1) // 2  # (TH, TW)
        (sh, sw) = self.pool.window.strides
        self.even_strides = sh % 2 == sw % 2 == 0

    def examples_in_cache(self, itemsize: int) -> int:
        return TILE_BYTES // (16 * prod(self.blocks) * (self.channels + self.filters) * itemsize)

    def begin(self, padded: Array, tile: int) -> Work:
        (th, tw), c, f, dtype = self.blocks, self.channels, self.filters, padded.dtype
        g = KERNEL_TRANSFORM.astype(dtype)
        by_rows = (g @ self.params["kernel"].reshape(3, -1)).reshape(4, 3, -1)  # G g: (4, 3, C*F)
        kernel = (g @ by_rows).reshape(16, c, f)  # G g G.T: (16, C, F)
        return Work(
            padded,
            kernel,
            np.ascontiguousarray(kernel.swapaxes(1, 2)),  # (16, F, C)
            self.params.get("bias"),
            np.zeros_like(kernel),
            np.zeros(f, dtype),
            take((8 * tile * (th + 1) * tw * c,), dtype),
            take((16 * tile * th * tw * c,), dtype),
            take((16 * tile * th * tw * f,), dtype),
            take((8 * tile * th * tw * f,), dtype),
            take((4 * tile * th * tw * f,), dtype),
        )

    def outputs(self, work: Work, part: Part) -> Iterator[tuple[Tap, Array]]:
        n, (th, tw), f = len(work.padded[part]), self.blocks, self.filters
        patches = self.transformed(work, part)  # (16, n*TH*TW, C)
        products = blocked_matmul(patches, work.kernel, shaped(work.products, (16, patches.shape[1], f)))
        if work.bias is not None:
            products[IN_ALL] += work.bias
        halves, z = shaped(work.halves, (2, 4, n, th, tw, f)), self.outputs_in(work, n)
        output_transform(products.reshape(4, 4, n, th, tw, f), halves)  # (4, 4, n, TH, TW, F) to (2, 4, ...)
        output_transform(halves.swapaxes(0, 1), z.swapaxes(0, 1))  # (4, 2, n, TH, TW, F) to (2, 2, n, TH, TW, F)
        for tap in self.taps:
            yield tap, self.seen_by(z, tap)

    def back(self, work: Work, part: Part, dpadded: Array | None) -> Iterator[tuple[Tap, Array]]:
        n, (th, tw), f = len(work.padded[part]), self.blocks, self.filters
        dz = self.outputs_in(work, n)
        dz.fill(0)  # outputs that no position of the pool sees
        for tap in self.taps:
            yield tap, self.seen_by(dz, tap)
        dhalves, dproducts = shaped(work.halves, (2, 4, n, th, tw, f)), shaped(work.products, (4, 4, n, th, tw, f))
        by_columns = dz.swapaxes(0, 1)  # (2, 2, n, TH, TW, F)
        output_transform_transposed(by_columns, dhalves.swapaxes(0, 1))  # to (4, 2, n, TH, TW, F)
        output_transform_transposed(dhalves, dproducts)
        flat = dproducts.reshape(16, n * th * tw, f)  # (16, n*TH*TW, F)
        if self.trainable:
            self.add_gradients(work, flat, part)
        if dpadded is not None:
            place = shaped(work.patches, (16, n * th * tw, self.channels))
            dpatches = blocked_matmul(flat, work.kernel_transposed, place)  # (16, n*TH*TW, C)
            dpatches = dpatches.reshape(4, 4, n, th, tw, self.channels)  # (4, 4, n, TH, TW, C)
            self.collect_patches(work, dpatches, dpadded[part])

    def add_gradients(self, work: Work, dproducts: Array, part: Part) -> None:
        """Add a tile's gradients of the transformed kernel and of the bias. dproducts: (16, n*TH*TW, F)."""
        if work.bias is not None:
            work.dbias[...] += dproducts[IN_ALL].sum(axis=0)
        work.dkernel[...] += blocked_matmul_transposed(self.transformed(work, part), dproducts)

    def outputs_in(self, work: Work, n: int) -> Array:
        """Memory for a tile's outputs in blocks of 2 by 2: (2, 2, n, TH, TW, F).

        They are stored in this order if the pool's strides are even, because then a position of the pool always sees
        the same output of a block; otherwise in the order of images, (n, TH, 2, TW, 2, F).
        """
        (th, tw), f = self.blocks, self.filters
        if self.even_strides:
            return shaped(work.outputs, (2, 2, n, th, tw, f))
        in_images = shaped(work.outputs, (n, th, 2, tw, 2, f))
        return in_images.transpose(2, 4, 0, 1, 3, 5)  # (2, 2, n, TH, TW, F)

    def seen_by(self, z: Array, tap: Tap) -> Array:
        """The outputs, of z (2, 2, n, TH, TW, F), that a position of the pool sees: (n, rows, cols, F)."""
        (top, left), (rows, cols), (sh, sw) = tap.corner, tap.size, self.pool.window.strides
        if self.even_strides:
            same_in_block = z[top % 2, left % 2]  # (n, TH, TW, F)
            return same_in_block[:, top // 2 :: sh // 2, left // 2 :: sw // 2][:, :rows, :cols]
        images = z.transpose(2, 3, 0, 4, 1, 5)  # (n, TH, 2, TW, 2, F)
        n, th, _, tw, _, f = images.shape
        return seen_by(images.reshape(n, 2 * th, 2 * tw, f), tap, self.pool)  # (n, rows, cols, F)

    def transformed(self, work: Work, part: Part) -> Array:
        """B.T d B for every 4 by 4 patch of a tile: (16, n*TH*TW, C)."""
        padded, (th, tw), c = work.padded[part], self.blocks, self.channels
        n = len(padded)
        along_cols, patches = self.along_cols(work, n), shaped(work.patches, (4, 4, n, th, tw, c))
        pairs = in_pairs(padded).transpose(4, 3, 0, 2, 1, 5)  # (2, TW + 1, n, 2, TH + 1, C)
        input_transform(pairs, along_cols.transpose(0, 4, 1, 2, 3, 5))  # (4, TW, n, 2, TH + 1, C)
        row_pairs = along_cols.transpose(2, 3, 0, 1, 4, 5)  # (2, TH + 1, 4, n, TW, C)
        input_transform(row_pairs, patches.transpose(0, 3, 1, 2, 4, 5))  # (4, TH, 4, n, TW, C)
        return patches.reshape(16, n * th * tw, c)  # (16, n*TH*TW, C)

    def collect_patches(self, work: Work, dpatches: Array, dpadded: Array) -> None:
        """The transpose of `transformed`: writes to dpadded. dpatches: (4, 4, n, TH, TW, C)."""
        along_cols = self.along_cols(work, len(dpadded))
        row_pairs = along_cols.transpose(2, 3, 0, 1, 4, 5)  # (2, TH + 1, 4, n, TW, C)
        input_transform_transposed(dpatches.transpose(0, 3, 1, 2, 4, 5), row_pairs)  # from (4, TH, 4, n, TW, C)
        pairs = in_pairs(dpadded).transpose(4, 3, 0, 2, 1, 5)  # (2, TW + 1, n, 2, TH + 1, C)
        input_transform_transposed(along_cols.transpose(0, 4, 1, 2, 3, 5), pairs)  # from (4, TW, n, 2, TH + 1, C)

    def along_cols(self, work: Work, n: int) -> Array:
        """Memory for a tile's pixels, transformed along the columns: see `Work.pixels`."""
        th, tw = self.blocks
        return shaped(work.pixels, (4, n, 2, th + 1, tw, self.channels))

    def gradients(self, work: Work) -> dict[str, Array]:
        """The gradients of kernel and bias, summed over the tiles: dg = G.T dU G."""
        g = KERNEL_TRANSFORM.astype(work.dkernel.dtype)
        by_rows = (g.T @ work.dkernel.reshape(4, 4, -1)).reshape(4, -1)  # dU G: (4, 3*C*F)
        kernel = (g.T @ by_rows).reshape(3, 3, self.channels, self.filters)  # (3, 3, C, F)
        return {"kernel": kernel} if work.bias is None else {"kernel": kernel, "bias": work.dbias}


def in_pairs(images: Array) -> Array:
    """A view of images, (n, 2*TH + 2, 2*TW + 2, C), with rows and columns in pairs: (n, TH + 1, 2, TW + 1, 2, C)."""
    n, h, w, c = images.shape
    return images.reshape(n, h // 2, 2, w // 2, 2, c)  # (n, TH + 1, 2, TW + 1, 2, C)


def shaped(memory: Array, shape: Shape) -> Array:
    """The beginning of one-dimensional memory, in that shape."""
    return memory[: prod(shape)].reshape(shape)  # shape


# ---------------------------------------------------------------- the transforms along one axis, and their transposes


def input_transform(d: Array, out: Array) -> None:
    """B.T d along one axis. d: (2, T + 1, ...), even pixels and odd ones; out: (4, T, ...).

    The four pixels of a patch are an even and an odd one, and the next even and odd ones.
    """
    first, after = d[:, :-1], d[:, 1:]
    np.subtract(first, after, out=out[0::3])
    np.add(first[1], after[0], out=out[1])
    np.subtract(after[0], first[1], out=out[2])


def input_transform_transposed(dv: Array, dd: Array) -> None:
    """B dv along one axis: the transpose of `input_transform`. Writes dd."""
    first, after = dd[:, :-1], dd[:, 1:]
    np.add(dv[1], dv[2], out=after[0])
    np.subtract(dv[1], dv[2], out=first[1])
    dd[0, 0] = dd[1, -1] = 0  # the lines below do not write these two
    after -= dv[0::3]
    first += dv[0::3]


def output_transform(m: Array, out: Array) -> None:
    """A.T m along one axis."""
    np.add(m[0], m[1], out=out[0])
    out[0] += m[2]
    np.subtract(m[1], m[2], out=out[1])
    out[1] -= m[3]


def output_transform_transposed(dy: Array, out: Array) -> None:
    """A dy along one axis: the transpose of `output_transform`."""
    out[0] = dy[0]
    np.add(dy[0], dy[1], out=out[1])
    np.subtract(dy[0], dy[1], out=out[2])
    np.negative(dy[1], out=out[3])
