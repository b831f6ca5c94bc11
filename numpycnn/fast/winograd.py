"""Convolution by a kernel of 3 by 3 with 16 multiplications where there were 36: Winograd's F(2x2, 3x3).

Four neighbouring outputs, 2 by 2, depend on 4 by 4 pixels. Written as polynomials, rows and columns apart, their values
at four points each are products of one value of the pixels and one of the kernel:

    Y = A.T [ (G g G.T) * (B.T d B) ] A          d: 4 by 4 pixels, g: the kernel, Y: 2 by 2 outputs, * entry by entry

           1  0 -1  0            1    0    0
    B.T =  0  1  1  0      G =  1/2  1/2  1/2      A.T =  1  1  1  0
           0 -1  1  0           1/2 -1/2  1/2             0  1 -1 -1
           0  1  0 -1            0    0    1

Summing over channels, entry (a, b) is a matrix product of its own: 16 products of (4-by-4 patches, C) and (C, F), with
four ninths of im2col's multiplications. B and A hold only 0, 1 and -1, so the rest is adding. Every step is linear, and
the backward is the same steps transposed in reverse order. Outputs and gradients are im2col's to about 1e-6 of the
largest in float32, and 1e-15 in float64: of two scores nearer than that, the other may win a pool. Source: Lavin and
Gray 2016.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import NamedTuple

import numpy as np

from numpycnn.fast.pooling import Tap
from numpycnn.fast.scratch import take
from numpycnn.layers import Conv2D
from numpycnn.typing import Array, Pair, Shape
from numpycnn.window import Window

TILE = 4 << 20
"""About how many bytes of transformed pixels and products are worked on at a time."""

WORTH = 12
"""The channels, in and out, from which on saved multiplications outweigh the adding: half of their harmonic mean."""

KERNEL_TRANSFORM = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])  # G


class Work(NamedTuple):
    """What one pass over a micro-batch works with; memory is as for im2col, of one axis, and is cut as it is needed."""

    padded: Array
    """The padded images: (N, H, W, C)."""
    kernel: Array
    """The transformed kernel, G g G.T: (16, C, F)."""
    bias: Array | None
    """The bias: (F,)."""
    dkernel: Array
    """The gradient of the transformed kernel so far."""
    dbias: Array
    """That of the bias."""
    pixels: Array
    """Memory for pixels transformed along rows: (4, n, TH, W, C)."""
    patches: Array
    """Memory for pixels transformed along both axes: (4, 4, n, TH, TW, C)."""
    products: Array
    """Memory for their products with the kernel: (4, 4, n, TH, TW, F)."""
    halves: Array
    """Memory for products of which one axis is transformed, (2, 4, n, TH, TW, F), and for sums on their way back."""
    scores: Array
    """Memory for the outputs: (n, 2*TH, 2*TW, F)."""


def pays(conv: Conv2D, channels: int) -> bool:
    """Whether the kernel has the form, and channels enough."""
    window, filters = conv.window, conv.filters
    form = window.size == (3, 3) and window.strides == window.dilation == (1, 1)
    return form and channels * filters >= WORTH * (channels + filters)


class Winograd:
    """The convolution `conv` of images, at the outputs that the positions `taps` of the pool see."""

    def __init__(self, conv: Conv2D, image: Pair, channels: int, pool: Window, taps: Sequence[Tap]) -> None:
        self.channels, self.filters, self.taps, self.steps = channels, conv.filters, taps, pool.strides
        (top, bottom), (left, right) = conv.window.pads(image)
        oh, ow = conv.window.output_size(image)
        self.blocks = -(-oh // 2), -(-ow // 2)  # (TH, TW)
        self.pads = (top, bottom + oh % 2), (left, right + ow % 2)

    def tile(self, itemsize: int) -> int:
        """How many images to work on at a time."""
        return max(1, TILE // (16 * prod(self.blocks) * (self.channels + self.filters) * itemsize))

    def begin(self, padded: Array, params: Mapping[str, Array], tile: int) -> Work:
        """Get ready for a pass over the padded images (N, H, W, C), in tiles of at most `tile`."""
        (th, tw), c, f, w, dtype = self.blocks, self.channels, self.filters, padded.shape[2], padded.dtype
        g = KERNEL_TRANSFORM.astype(dtype)
        by_rows = (g @ params["kernel"].reshape(3, -1)).reshape(4, 3, -1)  # G g
        kernel = (g @ by_rows).reshape(16, c, f)  # G g G.T
        return Work(
            padded,
            kernel,
            params.get("bias"),
            np.zeros_like(kernel),
            np.zeros(f, dtype),
            take((4 * tile * th * w * c,), dtype),
            take((16 * tile * th * tw * c,), dtype),
            take((16 * tile * th * tw * f,), dtype),
            take((tile * th * max(8 * tw * f, 4 * w * c),), dtype),
            take((4 * tile * th * tw * f,), dtype),
        )

    def scores(self, work: Work, rows: slice) -> Iterator[tuple[Tap, Array]]:
        """For each position of the pool the convolution's outputs that it sees: (n, rows, cols, F)."""
        n, (th, tw), f = len(work.padded[rows]), self.blocks, self.filters
        patches = self.transformed(work, rows)  # (16, n*TH*TW, C)
        products = np.matmul(patches, work.kernel, out=shaped(work.products, (16, patches.shape[1], f)))
        halves, z = shaped(work.halves, (2, 4, n, th, tw, f)), shaped(work.scores, (n, th, 2, tw, 2, f))
        four_to_two(products.reshape(4, 4, n, th, tw, f), halves)
        four_to_two(halves.swapaxes(0, 1), z.transpose(4, 2, 0, 1, 3, 5))
        if work.bias is not None:
            z += work.bias
        for tap in self.taps:
            yield tap, self.seen(z.reshape(n, 2 * th, 2 * tw, f), tap)

    def back(self, work: Work, rows: slice, dpadded: Array | None) -> Iterator[tuple[Tap, Array]]:
        """For each position of the pool the place to write the gradients of those outputs to: (n, rows, cols, F).

        After the last they are added to work.dkernel, and to dpadded, the padded images' own.
        """
        n, (th, tw), f = len(work.padded[rows]), self.blocks, self.filters
        dz = shaped(work.scores, (n, 2 * th, 2 * tw, f))
        dz.fill(0)  # where no position of the pool sees
        for tap in self.taps:
            yield tap, self.seen(dz, tap)
        if work.bias is not None:
            work.dbias[...] += dz.sum(axis=(0, 1, 2))
        dhalves, dproducts = shaped(work.halves, (4, n, th, tw, 2, f)), shaped(work.products, (4, 4, n, th, tw, f))
        two_to_four(dz.reshape(n, th, 2, tw, 2, f).transpose(2, 0, 1, 3, 4, 5), dhalves)
        two_to_four(dhalves.transpose(4, 0, 1, 2, 3, 5), dproducts.swapaxes(0, 1))
        flat = dproducts.reshape(16, n * th * tw, f)
        patches = self.transformed(work, rows)  # (16, n*TH*TW, C)
        work.dkernel[...] += np.matmul(patches.swapaxes(1, 2), flat)
        if dpadded is not None:
            dpatches = np.matmul(flat, work.kernel.swapaxes(1, 2), out=patches)
            self.add_patches(work, dpatches.reshape(4, 4, n, th, tw, self.channels), dpadded)

    def seen(self, z: Array, tap: Tap) -> Array:
        """Those of all outputs that a position of the pool sees."""
        (top, left), (rows, cols), (sh, sw) = tap.corner, tap.size, self.steps
        return z[:, top : top + (rows - 1) * sh + 1 : sh, left : left + (cols - 1) * sw + 1 : sw]

    def transformed(self, work: Work, rows: slice) -> Array:
        """B.T d B for every 4 by 4 patch of a tile: (16, n*TH*TW, C)."""
        padded, (th, tw) = work.padded[rows], self.blocks
        n, _, w, c = padded.shape
        along_rows, patches = shaped(work.pixels, (4, n, th, w, c)), shaped(work.patches, (4, 4, n, th, tw, c))
        spread(neighbours(padded, 1, th), along_rows)
        spread(neighbours(along_rows, 3, tw), patches.swapaxes(0, 1))
        return patches.reshape(16, n * th * tw, c)

    def add_patches(self, work: Work, dpatches: Array, dpadded: Array) -> None:
        """The transpose of `transformed`: adds to dpadded. dpatches: (4, 4, n, TH, TW, C)."""
        (n, _, w, c), (th, tw) = dpadded.shape, self.blocks
        along_rows = shaped(work.pixels, (4, n, th, w, c))
        along_rows.fill(0)
        collect(dpatches.swapaxes(0, 1), neighbours(along_rows, 3, tw), work.halves)
        collect(along_rows, neighbours(dpadded, 1, th), work.halves)

    def gradients(self, work: Work) -> dict[str, Array]:
        """The gradients of kernel and bias that have been added up: dg = G.T dU G."""
        g = KERNEL_TRANSFORM.astype(work.dkernel.dtype)
        by_rows = (g.T @ work.dkernel.reshape(4, 4, -1)).reshape(4, -1)  # dU G
        kernel = (g.T @ by_rows).reshape(3, 3, self.channels, self.filters)
        return {"kernel": kernel} if work.bias is None else {"kernel": kernel, "bias": work.dbias}


def neighbours(images: Array, axis: int, blocks: int) -> list[Array]:
    """For each of a patch's four rows (or columns) that row of every patch; patches begin at every second."""
    before = (slice(None),) * axis
    return [images[(*before, slice(k, k + 2 * blocks - 1, 2))] for k in range(4)]


def shaped(memory: Array, shape: Shape) -> Array:
    """The beginning of a piece of memory, in that shape."""
    return memory[: prod(shape)].reshape(shape)


# ---------------------------------------------------------------- the transforms along one axis, and their transposes


def spread(d: Sequence[Array], out: Array) -> None:
    """B.T d along one axis: out[a] from four neighbours d."""
    np.subtract(d[0], d[2], out=out[0])
    np.add(d[1], d[2], out=out[1])
    np.subtract(d[2], d[1], out=out[2])
    np.subtract(d[1], d[3], out=out[3])


def collect(dv: Array, dd: Sequence[Array], memory: Array) -> None:
    """B dv along one axis: the transpose of `spread`, added to the four neighbours dd, which may overlap."""
    part = shaped(memory, dv[0].shape)
    dd[0][...] += dv[0]
    np.subtract(dv[1], dv[2], out=part)
    part += dv[3]
    dd[1][...] += part
    np.add(dv[1], dv[2], out=part)
    part -= dv[0]
    dd[2][...] += part
    dd[3][...] -= dv[3]


def four_to_two(m: Array, out: Array) -> None:
    """A.T m along one axis."""
    np.add(m[0], m[1], out=out[0])
    out[0] += m[2]
    np.subtract(m[1], m[2], out=out[1])
    out[1] -= m[3]


def two_to_four(dy: Array, out: Array) -> None:
    """A dy along one axis: the transpose of `four_to_two`."""
    out[0] = dy[0]
    np.add(dy[0], dy[1], out=out[1])
    np.subtract(dy[0], dy[1], out=out[2])
    np.negative(dy[1], out=out[3])
