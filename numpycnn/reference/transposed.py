"""Transposed convolution, and its gradients."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from numpycnn.common.typing import Array, Pair


@dataclass(frozen=True)
class TransposedAxis:
    """One axis of an image, `size` pixels long, each of which puts a kernel of `kernel` taps down on the output."""

    size: int
    kernel: int
    stride: int
    dilation: int
    padding: str
    output_padding: int | None

    @property
    def reach(self) -> int:
        """How many cells lie under any kernel, from the first one's first tap to the last one's last."""
        return (self.size - 1) * self.stride + self.extent

    @property
    def extent(self) -> int:
        """How many cells a kernel spans."""
        return self.kernel + (self.kernel - 1) * (self.dilation - 1)

    @property
    def outputs(self) -> int:
        """With "valid" padding all that kernels reach, with "same" size*stride; or by output_padding."""
        if self.output_padding is not None:
            least = self.extent if self.padding == "valid" else self.extent % 2
            return (self.size - 1) * self.stride + least + self.output_padding
        if self.padding == "same":
            return self.size * self.stride
        return max(self.reach, self.size * self.stride)

    @property
    def cut(self) -> int:
        """The cells cut off before the first output: half of what is reached beyond the outputs, rounded down."""
        return max(self.reach - self.outputs, 0) // 2

    def cell(self, pixel: int, tap: int) -> int | None:
        """The output cell that a pixel's tap is put down on; None is cut off."""
        index = pixel * self.stride + tap * self.dilation - self.cut
        return index if 0 <= index < self.outputs else None


def transposed_axes(
    image: Pair, size: Pair, strides: Pair, padding: str, dilation: Pair, output_padding: Pair | None
) -> tuple[TransposedAxis, TransposedAxis]:
    """The rows and the columns."""
    extra = (None, None) if output_padding is None else output_padding
    rows, cols = (TransposedAxis(image[k], size[k], strides[k], dilation[k], padding, extra[k]) for k in (0, 1))
    return rows, cols


def landings(rows: TransposedAxis, cols: TransposedAxis) -> Iterator[tuple[int, int, int, int, int, int]]:
    """(r, c, u, v, i, j) for each pixel (r, c) and each tap (u, v) that it puts down on an output cell (i, j)."""
    for r in range(rows.size):
        for c in range(cols.size):
            for u in range(rows.kernel):
                for v in range(cols.kernel):
                    i, j = rows.cell(r, u), cols.cell(c, v)
                    if i is not None and j is not None:
                        yield r, c, u, v, i, j


def conv2d_transpose(
    x: Array,
    kernel: Array,
    bias: Array | None,
    strides: Pair = (1, 1),
    padding: str = "valid",
    dilation: Pair = (1, 1),
    output_padding: Pair | None = None,
) -> Array:
    """y[n, i, j, f] = bias[f] + sum over pixels (r, c), taps (u, v) that land there of  pixel[k] * kernel[u, v, f, k].

    x: (N, H, W, C); kernel: (KH, KW, F, C); bias: (F,) or None. Returns y: (N, OH, OW, F).
    """
    rows, cols = transposed_axes(x.shape[1:3], kernel.shape[:2], strides, padding, dilation, output_padding)
    filters, channels = kernel.shape[2:]
    y = np.zeros((len(x), rows.outputs, cols.outputs, filters), x.dtype)
    for n in range(len(x)):
        for r, c, u, v, i, j in landings(rows, cols):
            for f in range(filters):
                for k in range(channels):
                    y[n, i, j, f] += x[n, r, c, k] * kernel[u, v, f, k]
    return y if bias is None else y + bias


def conv2d_transpose_backward(
    dy: Array,
    x: Array,
    kernel: Array,
    strides: Pair = (1, 1),
    padding: str = "valid",
    dilation: Pair = (1, 1),
    output_padding: Pair | None = None,
) -> tuple[Array, Array, Array]:
    """The gradients of conv2d_transpose's x, kernel and bias, in their shapes. dy: (N, OH, OW, F)."""
    rows, cols = transposed_axes(x.shape[1:3], kernel.shape[:2], strides, padding, dilation, output_padding)
    filters, channels = kernel.shape[2:]
    dx, dkernel, dbias = np.zeros_like(x), np.zeros_like(kernel), np.zeros(filters, x.dtype)
    for n in range(len(x)):
        for r, c, u, v, i, j in landings(rows, cols):
            for f in range(filters):
                for k in range(channels):
                    dx[n, r, c, k] += dy[n, i, j, f] * kernel[u, v, f, k]
                    dkernel[u, v, f, k] += dy[n, i, j, f] * x[n, r, c, k]
        for i in range(rows.outputs):
            for j in range(cols.outputs):
                dbias += dy[n, i, j]
    return dx, dkernel, dbias
