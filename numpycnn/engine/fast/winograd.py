"""Convolution by Winograd's algorithm, F(m by m, r by r): a block of m by m outputs from (m + r - 1)^2 multiplications.

With t = m + r - 1, a block of outputs depends on t by t pixels. Both axes are transformed as `cook_toom.py` tells:

    Y = A.T [ (G g G.T) * (B.T d B) ] A        d: t by t pixels, g: the kernel, Y: m by m outputs, * entry by entry

Summed over channels, the entry of each pair of points is one matrix product of (blocks, C) and (C, F): t*t products in
all, with t*t / (m*r)^2 of im2col's multiplications: 1/4 for F(4x4, 3x3), 4/9 for F(2x2, 3x3).

The transforms are products by matrices of 6 by 6 or less, which are quick where the other factor has long rows. So n
images lie side by side, but for their channels innermost: (H, W, n, C), and a pixel of all n is one run of n*C numbers.
Blocks are computed a strip at a time, some rows of blocks over the whole width, so that all of it stays in the cache:

    x      (H, W, n, C)                 the padded images            +--+--+--+  a strip of one row of blocks: each
    V1     (rows, q, TW, n, C)          B.T along the columns        |  |  |  |  writes m by m outputs, and reads
    V      (q, p, TH, TW, n, C)         B.T along the rows           +--+--+--+  t by t pixels, of which r - 1 rows
    M      (q, p, TH, TW, n, F)         products with U, + bias      |  |  |  |  and columns are the next one's too
    Z1     (q, m, TH, TW, n, F)         A.T along the rows           +--+--+--+
    z      (TH, m, TW, m, n, F)         A.T along the columns: the outputs, in the order of images

where p is a point of the rows, q one of the columns, and TH by TW the strip's blocks. Along one axis each step is one
product for every pixel of the other axis, with rows of n*C numbers; along the other axis rows are TW times as long.

Every step is linear, and the backward is the transposed steps in reverse order: dz to dM by A, dU = V.T dM, and for the
images dV = dM U.T, then B along the rows and along the columns, where blocks overlap and are added up.

Rounding, in units of the largest output or gradient, in float32: F(2x2, 3x3) is within 7e-7 of the exact result, as
im2col is, and blocks of 4 by 4 within 5e-6, mostly 1e-6; in float64 within 3e-15 and 6e-15. Of two outputs that are
closer than that, either may win a pool, and a sign may turn at ReLU's zero; gradients then go elsewhere, as they do
after any change of that size in the data: with near ties those of a deep network may differ by a hundredth. On whole
numbers F(2x2, 3x3) is exact. `backend.set_convolution_precision("highest")` refuses this way. Numbers that are not
finite spread over their block. Source: Lavin and Gray 2016.
"""

from collections.abc import Iterator
from functools import cached_property
from math import lcm, prod
from typing import Any

import numpy as np

from numpycnn.common.arithmetic import ceil_div
from numpycnn.common.slices import batches
from numpycnn.common.typing import Array, Pair, Shape
from numpycnn.engine.fast.block import Part, Parts
from numpycnn.engine.fast.cook_toom import POINT_ONE, transforms
from numpycnn.engine.fast.im2col import ConvBlock
from numpycnn.engine.fast.pooling import Tap, seen_by
from numpycnn.engine.fast.products import blocked_matmul, blocked_matmul_transposed
from numpycnn.engine.fast.scratch import take
from numpycnn.layers.stage import Gradients

STRIP_BYTES = 3 << 19
"""The approximate size of a strip's transformed pixels and products, in bytes: they should stay in the cache."""

KERNELS = 4
"""A strip is at least so many times as large as the transformed kernel."""

LONG_ROW = 1024
"""Numbers: the small products of the transforms are slow where rows have fewer."""

KERNEL_ROW = 8192
"""Numbers of the kernel that are transformed at a time, so that they stay in the cache."""


class Work:
    """The arrays of one pass over a micro-batch: kernels when they are first needed, and memory by name."""

    def __init__(self, kernel: Array, padded: Array, m: Pair) -> None:
        self.images = padded.transpose(1, 2, 0, 3)  # (H, W, N, C)
        self.original, self.dtype = kernel, padded.dtype
        self.rows, self.cols = (transforms(*sizes, self.dtype) for sizes in zip(m, kernel.shape[:2], strict=True))
        self.memory: dict[str, Array] = {}
        self.dkernel: Array | None = None
        """The gradient of the transformed kernel so far: (q*p, C, F)."""
        self.dbias: Array | None = None
        """The gradient of the bias so far: (F,)."""

    def array(self, name: str, *shape: int) -> Array:
        """Memory that goes by this name, in that shape; what it holds stays where the shape begins alike."""
        size, memory = prod(shape) * self.dtype.itemsize, self.memory.get(name)
        if memory is None or memory.size < size:
            memory = self.memory[name] = take((size,), np.uint8)
        return np.ndarray(shape, self.dtype, memory)

    @cached_property
    def kernel(self) -> Array:
        """G g G.T: (q*p, C, F)."""
        return self.transformed(self.original)

    @cached_property
    def kernel_transposed(self) -> Array:
        """The same for the way back, (q*p, F, C), contiguous: products are faster so."""
        return self.transformed(np.ascontiguousarray(self.original.swapaxes(2, 3)))

    def transformed(self, kernel: Array) -> Array:
        """A kernel at all pairs of points: (KH, KW, C, F) -> (q*p, C, F)."""
        (kh, kw, c, f), p, q = kernel.shape, len(self.rows.kernel), len(self.cols.kernel)
        weights = kernel.reshape(kh, kw, c * f).swapaxes(0, 1)  # (KW, KH, C*F)
        transformed = take((q, p, c * f), self.dtype)
        for some in batches(c * f, KERNEL_ROW):
            own = weights[..., some]
            by_rows = self.array("half", p, kw, own.shape[2])
            np.matmul(self.rows.kernel, own, out=by_rows.swapaxes(0, 1))  # (KW, p, some)
            np.matmul(self.cols.kernel, by_rows, out=transformed[..., some].swapaxes(0, 1))  # (p, q, some)
        return transformed.reshape(q * p, c, f)  # (q*p, C, F)


class WinogradBlock(ConvBlock):
    """A block that convolves by Winograd's algorithm, with blocks of m[0] by m[1] outputs."""

    order = (1, 2, 0, 3)

    def __init__(self, parts: Parts, m: Pair = (4, 4)) -> None:
        super().__init__(parts)
        self.m, size, (top, _), (left, _) = m, self.conv.window.size, *self.pads
        self.way = f"Winograd F({m[0]}x{m[1]}, {size[0]}x{size[1]})"
        self.points = m[0] + size[0] - 1, m[1] + size[1] - 1
        self.blocks = ceil_div(self.convolved[0], m[0]), ceil_div(self.convolved[1], m[1])
        height, width = (b * k + r - 1 for b, k, r in zip(self.blocks, m, size, strict=True))
        self.pads = (top, height - self.image[0] - top), (left, width - self.image[1] - left)
        self.bias_at = POINT_ONE * self.points[0] + POINT_ONE  # the product that goes to all outputs
        window, (above, _) = self.pool.window, self.pool.window.pads(self.convolved)[0]
        self.strip_unit = lcm(m[0], window.strides[0]) // m[0]  # so many rows of blocks are whole windows
        self.cuttable = not self.overlaps and above == 0
        seen = sum(prod(tap.size) for tap in self.taps)
        self.all_seen = not self.overlaps and seen == prod(self.blocks) * prod(m)

    # ------------------------------------------------------------ tiles, parts and strips

    def row_bytes(self, itemsize: int) -> int:
        """The size of what one row of an image's blocks is transformed to, and of its products."""
        return prod(self.points) * self.blocks[1] * (self.channels + self.filters) * itemsize

    def strip_bytes(self, itemsize: int) -> int:
        """The size of a strip: its products read and write a transformed kernel, which must not be most of the work."""
        return max(STRIP_BYTES, KERNELS * prod(self.points) * self.channels * self.filters * itemsize)

    def examples_in_cache(self, itemsize: int) -> int:
        fit = self.strip_bytes(itemsize) // (self.strip_unit * self.row_bytes(itemsize))
        return max(fit, LONG_ROW // min(self.channels, self.filters))

    def strip_rows(self, n: int) -> int:
        """The rows of blocks in a strip of n images."""
        unit = self.strip_unit if self.cuttable else 1
        itemsize = self.params["kernel"].itemsize
        fit = self.strip_bytes(itemsize) // (unit * n * self.row_bytes(itemsize))
        strips = ceil_div(self.blocks[0], unit * max(1, fit))
        return unit * ceil_div(self.blocks[0], unit * strips)

    def parts(self, rows: slice) -> Iterator[Part]:
        """A strip each, if no window of the pool is in two of them; otherwise all of them at once."""
        if not self.cuttable:
            yield (rows,)
            return
        height = self.strip_rows(len(range(rows.stop)[rows]))
        windows = height * self.m[0] // self.pool.window.strides[0]
        for strip in range(ceil_div(self.blocks[0], height)):
            yield rows, slice(strip * windows, (strip + 1) * windows)

    def strips(self, part: Part, n: int) -> list[slice]:
        """The strips of a part of n images, as rows of blocks."""
        height = self.strip_rows(n)
        first, stop = 0, self.blocks[0]
        if len(part) > 1:
            first = part[1].start * self.pool.window.strides[0] // self.m[0]
            stop = min(stop, first + height)
        return [slice(start, min(start + height, stop)) for start in range(first, stop, height)]

    def seen_in_part(self, part: Part, outputs: Array, first: int) -> Iterator[tuple[Tap, Array]]:
        """The positions of the pooling window, with a view of the part's outputs that each sees: (n, rows, cols, F).

        outputs: (rows, cols, n, F), from row `first` of the convolution's on.
        """
        begin, end = (part[1].start, part[1].stop) if len(part) > 1 else (0, self.output[0])
        for tap in self.taps:
            windows, step = tap.outputs[1], self.pool.window.strides[0]
            start, stop = max(windows.start, begin), min(windows.stop, end)
            if stop > start:
                own = slice(None), slice(start - begin, stop - begin), tap.outputs[2]
                corner = tap.corner[0] + (start - windows.start) * step - first, tap.corner[1]
                seen = Tap(tap.number, own, (stop - start, tap.size[1]), corner)
                yield seen, seen_by(outputs.transpose(2, 0, 1, 3), seen, self.pool)  # (n, rows, cols, F)

    # ------------------------------------------------------------ memory

    def padded(self, x: Array) -> Array:
        (n, h, w, c), (top, bottom), (left, right) = x.shape, *self.pads
        if top == bottom == left == right == 0 and x.transpose(1, 2, 0, 3).flags.c_contiguous:
            return x
        padded = self.images((n, top + h + bottom, left + w + right, c), x.dtype)
        padded[:, :top] = padded[:, top + h :] = 0
        padded[:, top : top + h, :left] = padded[:, top : top + h, left + w :] = 0
        padded[:, top : top + h, left : left + w] = x
        return padded

    def padded_gradient(self, shape: Shape, dtype: Any) -> Array:
        return self.images(shape, dtype)  # all of it is written

    def begin(self, padded: Array, tile: int) -> Work:
        return Work(self.params["kernel"], padded, self.m)

    # ------------------------------------------------------------ forward

    def outputs(self, work: Work, part: Part) -> Iterator[tuple[Tap, Array]]:
        n, (mh, mw), (_, tw), f = work.images[:, :, part[0]].shape[2], self.m, self.blocks, self.filters
        strips = self.strips(part, n)
        first, stop = strips[0].start * mh, strips[-1].stop * mh
        z = work.array("outputs", stop - first, mw * tw, n, f)
        for strip in strips:
            own = z[strip.start * mh - first : strip.stop * mh - first]
            self.convolve(work, part, strip, own)
        yield from self.seen_in_part(part, z, first)

    def convolve(self, work: Work, part: Part, strip: slice, z: Array) -> None:
        """The outputs of a strip, written to z: (TH*m, TW*m, n, F)."""
        pixels = self.transformed(work, part, strip)  # (q*p, TH*TW*n, C)
        (mh, mw), (p, q), th, tw = self.m, self.points, strip.stop - strip.start, self.blocks[1]
        products = work.array("products", q * p, pixels.shape[1], self.filters)
        blocked_matmul(pixels, work.kernel, products)
        if "bias" in self.params:
            products[self.bias_at] += self.params["bias"]
        half = work.array("half", q, mh, products[0].size)
        np.matmul(work.rows.output, products.reshape(q, p, -1), out=half)  # (q, p, TH*TW*n*F) to (q, m, ...)
        by_block = half.reshape(q, mh, th, tw, -1).transpose(1, 2, 3, 0, 4)  # (m, TH, TW, q, n*F)
        place = z.reshape(th, mh, tw, mw, -1).transpose(1, 0, 2, 3, 4)  # (m, TH, TW, m, n*F)
        np.matmul(work.cols.output, by_block, out=place)

    def transformed(self, work: Work, part: Part, strip: slice) -> Array:
        """B.T d B for the blocks of a strip: (q*p, TH*TW*n, C). A tile's strips must come one after another."""
        images, (mh, mw), (p, q), tw = work.images[:, :, part[0]], self.m, self.points, self.blocks[1]
        _, _, n, c = images.shape
        s_h, s_w, s_n, _ = images.strides  # the last one may be anything where there is one channel
        item = work.dtype.itemsize
        th, overlap = strip.stop - strip.start, p - mh
        along = work.array("along", self.strip_rows(n) * mh + overlap, q, tw, n * c)
        done = overlap if strip.start else 0
        along[:done] = along[len(along) - done :]  # of the strip before
        first, fresh = strip.start * mh + done, along[done : th * mh + overlap]
        shape, strides = (len(fresh), tw, q, n * c), (s_h, mw * s_w, s_w, item)
        seen = np.ndarray(shape, work.dtype, work.images, first * s_h + part[0].start * s_n, strides)
        np.matmul(work.cols.input, seen, out=fresh.swapaxes(1, 2))  # (rows, TW, q, n*C)
        row, point, _, _ = along.strides
        seen = np.ndarray((th, q, p, tw * n * c), work.dtype, along, 0, (mh * row, point, row, item))
        pixels = work.array("pixels", q, p, th, tw * n * c)
        np.matmul(work.rows.input, seen, out=pixels.transpose(2, 0, 1, 3))  # (TH, q, p, TW*n*C)
        return pixels.reshape(q * p, th * tw * n, c)  # (q*p, TH*TW*n, C)

    # ------------------------------------------------------------ backward

    def back(self, work: Work, part: Part, dpadded: Array | None) -> Iterator[tuple[Tap, Array]]:
        n, (mh, mw), (_, tw), f = work.images[:, :, part[0]].shape[2], self.m, self.blocks, self.filters
        strips = self.strips(part, n)
        first, stop = strips[0].start * mh, strips[-1].stop * mh
        dz = work.array("outputs", stop - first, mw * tw, n, f)
        if not self.all_seen:
            dz.fill(0)
        yield from self.seen_in_part(part, dz, first)
        for strip in strips:
            own = dz[strip.start * mh - first : strip.stop * mh - first]
            dproducts = self.back_to_products(work, own)  # (q*p, TH*TW*n, F)
            if self.trainable:
                self.add_gradients(work, dproducts, part, strip)
            if dpadded is not None:
                dimages = dpadded[part[0]].transpose(1, 2, 0, 3)  # (H, W, n, C)
                self.back_to_images(work, dproducts, strip, dimages)

    def back_to_products(self, work: Work, dz: Array) -> Array:
        """A dz A.T for the blocks of a strip, from dz (TH*m, TW*m, n, F): (q*p, TH*TW*n, F)."""
        (mh, mw), (p, q), tw = self.m, self.points, self.blocks[1]
        th, n, f = len(dz) // mh, *dz.shape[2:]
        by_block = dz.reshape(th, mh, tw, mw, n * f).transpose(1, 0, 2, 3, 4)  # (m, TH, TW, m, n*F)
        half = work.array("half", q, mh, th, tw, n * f)
        np.matmul(work.cols.output.T, by_block, out=half.transpose(1, 2, 3, 0, 4))  # (m, TH, TW, q, n*F)
        dproducts = work.array("products", q, p, th * tw * n * f)
        np.matmul(work.rows.output.T, half.reshape(q, mh, -1), out=dproducts)  # (q, m, TH*TW*n*F) to (q, p, ...)
        return dproducts.reshape(q * p, -1, f)  # (q*p, TH*TW*n, F)

    def add_gradients(self, work: Work, dproducts: Array, part: Part, strip: slice) -> None:
        """Add a strip's gradients of the transformed kernel and of the bias. dproducts: (q*p, TH*TW*n, F)."""
        pixels, dbias = self.transformed(work, part, strip), dproducts[self.bias_at].sum(axis=0)
        shape = len(pixels), self.channels, self.filters
        if work.dkernel is None or work.dbias is None:
            work.dkernel = blocked_matmul_transposed(pixels, dproducts, work.array("dkernel", *shape))  # (q*p, C, F)
            work.dbias = dbias
        else:
            work.dkernel += blocked_matmul_transposed(pixels, dproducts, work.array("term", *shape))
            work.dbias += dbias

    def back_to_images(self, work: Work, dproducts: Array, strip: slice, dimages: Array) -> None:
        """Back through the products and the rows' transform, and from there to dimages (H, W, n, C).

        Rows in which blocks overlap are added up; those that the next strip has too are carried to it.
        """
        (mh, _), (p, q), tw, run = self.m, self.points, self.blocks[1], prod(dimages.shape[2:])
        dpixels = work.array("pixels", q * p, dproducts.shape[1], self.channels)
        blocked_matmul(dproducts, work.kernel_transposed, dpixels)
        along = work.array("products", q, p, strip.stop - strip.start, tw, run)
        np.matmul(work.rows.input.T, dpixels.reshape(q, p, -1), out=along.reshape(q, p, -1))  # (q, rows, TH*TW*n*C)
        first, after, carried = along[:, : p - mh], along[:, mh:], work.array("carried", q, p - mh, tw, run)
        if strip.start:
            first[:, :, 0] += carried
        first[:, :, 1:] += after[:, :, :-1]
        carried[...] = after[:, :, -1]
        self.back_along_columns(work, along[:, :mh], dimages[strip.start * mh : strip.stop * mh])
        if strip.stop == self.blocks[0]:
            self.back_along_columns(work, carried[:, :, None], dimages[strip.stop * mh :])

    def back_along_columns(self, work: Work, along: Array, dimages: Array) -> None:
        """Back through the columns' transform: rows (q, rows of a block, TH, TW, n*C) to dimages (TH*rows, W, n, C)."""
        mw, q, (_, rows, th, tw, run) = self.m[1], self.points[1], along.shape
        by_block, back = along.transpose(2, 1, 3, 0, 4), work.cols.input.T  # (TH, rows, TW, q, n*C)
        own = dimages[:, : tw * mw].reshape(th, rows, tw, mw, run)  # (TH, rows, TW, m, n*C)
        np.matmul(back[:mw], by_block, out=own)
        overlap = work.array("overlap", th, rows, tw, q - mw, run)
        np.matmul(back[mw:], by_block, out=overlap)
        own[:, :, 1:, : q - mw] += overlap[:, :, :-1]
        dimages[:, tw * mw :].reshape(th, rows, q - mw, run)[...] = overlap[:, :, -1]  # (TH, rows, overlap, n*C)

    def gradients(self, work: Work) -> Gradients:
        """The gradients of kernel and bias, summed over the strips: dg = G.T dU G."""
        if work.dkernel is None or work.dbias is None:
            return {}
        (kh, kw), (p, q), c, f = self.conv.window.size, self.points, self.channels, self.filters
        by_points = work.dkernel.reshape(q, p, c * f).swapaxes(0, 1)  # (p, q, C*F)
        by_rows = work.array("half", p, kw, c * f)
        np.matmul(work.cols.kernel.T, by_points, out=by_rows)
        kernel = work.rows.kernel.T @ by_rows.reshape(p, -1)  # (KH, KW*C*F)
        gradients = {"kernel": kernel.reshape(kh, kw, c, f), "bias": work.dbias}  # (KH, KW, C, F)
        return {name: gradients[name] for name in self.params}
