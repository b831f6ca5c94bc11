"""Convolution of few channels: im2col along one axis, for many images side by side.

With few channels im2col copies runs of a few numbers, KH*KW times each pixel, and its transpose adds them so. Here the
n images of a tile lie innermost, so that all runs are as long as n rows of the image, and only the KW columns under
the kernel are copied:

    T[h, v, c] = the pixels of row h and channel c that tap v of the kernel's columns sees        (H, KW, C, OW*n)

The patches under one row of outputs are KH consecutive rows of T, that is KH*KW*C rows of OW*n numbers, one after the
other: a matrix that BLAS takes as it lies. The next row of outputs has one that begins SH rows of T further on:

            v, c   OW*n numbers
    h = 0   [ KW*C rows ]  |                        kernel.T (F, KH*KW*C) @ patches (KH*KW*C, OW*n)
    h = 1   [ KW*C rows ]  | patches of row 0  |        = z (F, OW*n), one row of outputs
    h = 2   [ KW*C rows ]  |                   | patches of row 1, with KH = 3 and SH = 1
    h = 3   [ KW*C rows ]                      |

The input's gradient is the same once more. Row h of T is in the patches of the KH output rows up to h, so dT[h] is a
product of the kernel, its rows in reverse, and KH consecutive rows of dz, again as they lie; where SH is above 1, each
remainder of h by SH has its own rows of the kernel. Then the KW columns are added up.

Columns of the image are stored by their remainder by the step from one window of the pool to the next, so that the
outputs at each position of the pool are one run too. What lies around the image, for the padding of both windows, is
zero. Images are computed in bands of rows, so that T and z stay in the cache.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from numpycnn.common.arithmetic import ceil_div
from numpycnn.common.slices import even_slices
from numpycnn.common.typing import Array, Pair
from numpycnn.engine.fast.block import Part, Parts
from numpycnn.engine.fast.im2col import ConvBlock
from numpycnn.engine.fast.pooling import Tap
from numpycnn.engine.fast.scratch import take
from numpycnn.layers.stage import Gradients

BAND_BYTES = 4 << 20
"""The approximate size of a band's columns and outputs, in bytes. Smaller ones fit the cache, but overlap more."""

RUN = 2048
"""The length of a row of outputs, of all images of a tile, beyond which longer rows gain nothing."""


class Work(NamedTuple):
    """The arrays of one pass over a micro-batch."""

    padded: Array
    """The padded images: see `OneAxisBlock.padded`."""
    kernel: Array
    """The kernel as a matrix: (KH*KW*C, F)."""
    mirrored: list[Array]
    """For each remainder of a row by the stride, the kernel's rows of that remainder, last to first: (KW*C, rows*F)."""
    dkernel: Array
    """The gradient of the kernel matrix so far."""
    dbias: Array
    """The gradient of the bias so far."""


class OneAxisBlock(ConvBlock):
    """A block that convolves by im2col along one axis."""

    way = "im2col along one axis"
    order = (1, 3, 2, 0)  # (H, C, W, N)

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        window, pool = self.conv.window, self.pool.window
        (kh, kw), (sh, sw), (ph, pw), (step_h, step_w) = window.size, window.strides, pool.size, pool.strides
        self.apart = not self.overlaps  # then each column of the pool's positions is computed by itself
        rows, cols = (self.output[0] - 1) * step_h + ph, (self.output[1] - 1) * step_w + pw  # outputs under the pool
        self.passes_across, self.columns = (pw, self.output[1]) if self.apart else (1, cols)  # B, cols
        self.step = sw * (step_w if self.apart else 1)  # columns of the image from one output of a pass to the next
        self.taps_across = kw * self.channels  # KW*C
        (pool_top, _), (pool_left, _) = pool.pads(self.convolved)
        (top, _), (left, _) = self.pads
        self.corner = top + pool_top * sh, left + pool_left * sw  # of the image, in the padded one
        self.rows_in = (rows - 1) * sh + kh
        offsets = [[v * window.dilation[1] + b * sw for v in range(kw)] for b in range(self.passes_across)]
        self.remainders = sorted({offset % self.step for row in offsets for offset in row})
        self.sources = [[(self.remainders.index(q % self.step), q // self.step) for q in row] for row in offsets]
        self.width = max(first for row in self.sources for _, first in row) + self.columns
        self.margin = ceil_div(kh, sh) - 1  # rows of zeros around dz

    # ------------------------------------------------------------ the images, and parts of them

    def padded(self, x: Array) -> Array:
        """The images with zeros around them, columns by their remainder: (rows, C, remainders, cols, N)."""
        padded = take((self.rows_in, self.channels, len(self.remainders), self.width, len(x)), x.dtype)
        padded.fill(0)
        for seen, place in self.by_remainder(x, padded):
            place[...] = seen
        return padded

    def unpadded(self, dpadded: Array) -> Array:
        dx = self.images((dpadded.shape[-1], *self.image, self.channels), dpadded.dtype)
        dx.fill(0)  # pixels under no window
        for seen, place in self.by_remainder(dx, dpadded):
            seen[...] = place
        return dx

    def by_remainder(self, images: Array, padded: Array) -> Iterator[tuple[Array, Array]]:
        """Views of the columns of each remainder, in images (N, H, W, C), and in padded ones: (H, C, cols, N) each."""
        (top, left), (h, w), across = self.corner, self.image, images.transpose(1, 3, 2, 0)  # (H, C, W, N)
        for index, remainder in enumerate(self.remainders):
            begin = (remainder - left) % self.step  # the first column of the image with that remainder
            first = (begin + left) // self.step
            place = padded[top : top + h, :, index, first : first + len(range(begin, w, self.step))]  # (H, C, cols, N)
            yield across[: len(place), :, begin :: self.step][:, :, : place.shape[2]], place

    def examples_in_cache(self, itemsize: int) -> int:
        """The number of images that make rows of outputs as long as they need to be."""
        return ceil_div(RUN, self.columns)

    def parts(self, rows: slice) -> Iterator[Part]:
        """Bands of rows, so that T and z stay in the cache."""
        numbers = self.pool.window.strides[0] * (self.conv.window.strides[0] * self.taps_across + self.filters)
        size = self.output[0] * self.passes_across * self.columns * numbers * (rows.stop - rows.start)
        for band in even_slices(self.output[0], ceil_div(size * self.params["kernel"].itemsize, BAND_BYTES)):
            yield rows, band

    def of_band(self, tap: Tap, band: slice) -> Tap:
        """A position of the pool with the windows of a band alone."""
        examples, rows, cols = tap.outputs
        start = max(rows.start, band.start)
        stop = max(start, min(rows.stop, band.stop))
        outputs = examples, slice(start - band.start, stop - band.start), cols
        return tap._replace(outputs=outputs, size=(stop - start, tap.size[1]))

    def count_rows(self, band: slice) -> int:
        """The rows of outputs under the windows of a band."""
        return (band.stop - band.start - 1) * self.pool.window.strides[0] + self.pool.window.size[0]

    # ------------------------------------------------------------ the convolution of a part

    def begin(self, padded: Array, tile: int) -> Work:
        kernel, (kh, _), sh = self.params["kernel"], self.conv.window.size, self.conv.window.strides[0]
        by_row = kernel.reshape(kh, self.taps_across, self.filters)  # (KH, KW*C, F)
        mirrored = [by_row[remainder::sh][::-1].swapaxes(0, 1) for remainder in range(sh)]  # (KW*C, rows, F) each
        return Work(
            padded,
            kernel.reshape(-1, self.filters),  # (KH*KW*C, F)
            [own.reshape(self.taps_across, -1) for own in mirrored],  # (KW*C, rows*F) each
            np.zeros((kernel.size // self.filters, self.filters), kernel.dtype),
            np.zeros(self.filters, kernel.dtype),
        )

    def outputs(self, work: Work, part: Part) -> Iterator[tuple[Tap, Array]]:
        rows, band = part
        patches = self.patches(self.spread(work.padded[..., rows], band), band)
        z = take((*patches.shape[:2], self.filters, patches.shape[3]), patches.dtype)  # (B, rows, F, cols*n)
        np.matmul(work.kernel.T, patches, out=z)
        if "bias" in self.params:
            z += self.params["bias"][:, None]
        yield from self.seen_by_pool(z, band)

    def back(self, work: Work, part: Part, dpadded: Array | None) -> Iterator[tuple[Tap, Array]]:
        rows, band = part
        columns = self.spread(work.padded[..., rows], band)
        patches = self.patches(columns, band)
        margin, count = self.margin, patches.shape[1]
        shape = patches.shape[0], margin + count + margin, self.filters, patches.shape[3]  # (B, all rows, F, cols*n)
        wide = take(shape, patches.dtype)
        wide.fill(0)
        dz = wide[:, margin : margin + count]  # (B, rows, F, cols*n)
        yield from self.seen_by_pool(dz, band)
        if self.trainable:
            work.dkernel[...] += np.matmul(patches, dz.swapaxes(2, 3)).sum(axis=(0, 1))
            work.dbias[...] += np.matmul(dz, np.ones(dz.shape[3], dz.dtype)).sum(axis=(0, 1))
        if dpadded is not None:
            self.add_columns(self.columns_gradient(work, wide, columns), dpadded[..., rows], band)

    def seen_by_pool(self, z: Array, band: slice) -> Iterator[tuple[Tap, Array]]:
        """The positions of the pool, with a view of their outputs, (n, rows, cols, F), in z, (B, rows, F, cols*n)."""
        step_h, step_w = self.pool.window.strides
        images = z.reshape(*z.shape[:3], self.columns, -1)  # (B, rows, F, cols, n)
        for whole in self.taps:
            tap, (u, v) = self.of_band(whole, band), divmod(whole.number, self.pool.window.size[1])
            _, rows, cols = tap.outputs
            seen = images[v if self.apart else 0, u + step_h * rows.start :: step_h][: tap.size[0]]
            begin, step = (cols.start, 1) if self.apart else (v + step_w * cols.start, step_w)
            yield tap, seen[:, :, begin::step][:, :, : tap.size[1]].transpose(3, 0, 2, 1)  # (n, rows, cols, F)

    def spread(self, padded: Array, band: slice) -> Array:
        """T of a band, for each column of the pool's positions: (B, rows, KW, C, cols, n)."""
        first, count = self.rows_under(band)
        across = padded[first : first + count]
        kw = self.conv.window.size[1]
        shape = self.passes_across, count, kw, self.channels, self.columns, padded.shape[-1]
        columns = take(shape, padded.dtype)  # (B, rows, KW, C, cols, n)
        for b, v, seen in self.by_column(across):
            columns[b, :, v] = seen
        return columns

    def rows_under(self, band: slice) -> Pair:
        """The first row of the padded images that a band sees, and how many it sees."""
        sh = self.conv.window.strides[0]
        return band.start * self.pool.window.strides[0] * sh, (self.count_rows(band) - 1) * sh + self.conv.window.size[
            0
        ]

    def by_column(self, padded: Array) -> Iterator[tuple[int, int, Array]]:
        """The columns of padded images that tap v of the kernel sees in pass b: b, v, (rows, C, cols, n)."""
        for b, sources in enumerate(self.sources):
            for v, (index, first) in enumerate(sources):
                yield b, v, padded[:, :, index, first : first + self.columns]

    def patches(self, columns: Array, band: slice) -> Array:
        """The patches under each row of outputs, in T: (B, rows, KH*KW*C, cols*n), a view."""
        sh, kh = self.conv.window.strides[0], self.conv.window.size[0]
        b, row, _, run, _, item = columns.strides
        shape = len(columns), self.count_rows(band), kh * self.taps_across, self.columns * columns.shape[-1]
        return np.ndarray(shape, columns.dtype, columns, 0, (b, sh * row, run, item))

    def columns_gradient(self, work: Work, wide: Array, columns: Array) -> Array:
        """The gradient of T, (B, rows, KW, C, cols, n), written over it. wide: dz between rows of zeros."""
        flat = columns.reshape(*columns.shape[:2], self.taps_across, wide.shape[3])  # (B, rows, KW*C, cols*n)
        b, row, f, item = wide.strides
        for remainder, kernel in enumerate(work.mirrored):
            place = flat[:, remainder :: self.conv.window.strides[0]]
            taps = kernel.shape[1] // self.filters
            shape = len(wide), place.shape[1], kernel.shape[1], wide.shape[3]  # (B, rows, taps*F, cols*n)
            seen = np.ndarray(shape, wide.dtype, wide, (self.margin + 1 - taps) * row, (b, row, f, item))
            np.matmul(kernel, seen, out=place)
        return columns

    def add_columns(self, dcolumns: Array, dpadded: Array, band: slice) -> None:
        """The transpose of `spread`: add to dpadded."""
        first, count = self.rows_under(band)
        for b, v, seen in self.by_column(dpadded[first : first + count]):
            seen += dcolumns[b, :, v]

    def gradients(self, work: Work) -> Gradients:
        kernel = work.dkernel.reshape(self.params["kernel"].shape)  # (KH, KW, C, F)
        return {"kernel": kernel, "bias": work.dbias} if "bias" in self.params else {"kernel": kernel}
