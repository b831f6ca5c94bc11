"""Convolution and pooling as nested loops: slow, obvious, and written without a look at the library.

Every output is computed from the definition, one number at a time. A pixel outside the image is zero padding for a
convolution, and is passed over in pooling.
"""

from dataclasses import dataclass

import numpy as np

from numpycnn.common.typing import Array


@dataclass(frozen=True)
class Geometry:
    """The facts of a window along one axis, and TensorFlow's rules for them."""

    size: int
    kernel: int
    stride: int
    dilation: int
    padding: str

    @property
    def extent(self) -> int:
        return self.kernel + (self.kernel - 1) * (self.dilation - 1)

    @property
    def outputs(self) -> int:
        if self.padding == "same":
            return int(np.ceil(self.size / self.stride))
        return int(np.ceil((self.size - self.extent + 1) / self.stride))

    @property
    def before(self) -> int:
        if self.padding == "valid":
            return 0
        return max((self.outputs - 1) * self.stride + self.extent - self.size, 0) // 2

    def pixel(self, output: int, tap: int) -> int | None:
        """The pixel that a tap sees at an output cell; None is outside the image."""
        index = output * self.stride + tap * self.dilation - self.before
        return index if 0 <= index < self.size else None


def cells(rows: Geometry, cols: Geometry):  # type: ignore[no-untyped-def]
    """(i, j, u, v, r, c) for each output cell and tap that sees a pixel (r, c), taps in row order."""
    for i in range(rows.outputs):
        for j in range(cols.outputs):
            for u in range(rows.kernel):
                for v in range(cols.kernel):
                    r, c = rows.pixel(i, u), cols.pixel(j, v)
                    if r is not None and c is not None:
                        yield i, j, u, v, r, c


def conv2d(x: Array, kernel: Array, bias: Array, rows: Geometry, cols: Geometry) -> Array:
    y = np.zeros((len(x), rows.outputs, cols.outputs, kernel.shape[3]), x.dtype)
    for n in range(len(x)):
        for f in range(kernel.shape[3]):
            y[n, :, :, f] = bias[f]
            for i, j, u, v, r, c in cells(rows, cols):
                for channel in range(x.shape[3]):
                    y[n, i, j, f] += x[n, r, c, channel] * kernel[u, v, channel, f]
    return y


def conv2d_backward(dy: Array, x: Array, kernel: Array, rows: Geometry, cols: Geometry) -> tuple[Array, Array, Array]:
    dx, dkernel, dbias = np.zeros_like(x), np.zeros_like(kernel), np.zeros(kernel.shape[3], x.dtype)
    for n in range(len(x)):
        for f in range(kernel.shape[3]):
            dbias[f] += sum(dy[n, i, j, f] for i in range(rows.outputs) for j in range(cols.outputs))
            for i, j, u, v, r, c in cells(rows, cols):
                for channel in range(x.shape[3]):
                    dx[n, r, c, channel] += dy[n, i, j, f] * kernel[u, v, channel, f]
                    dkernel[u, v, channel, f] += dy[n, i, j, f] * x[n, r, c, channel]
    return dx, dkernel, dbias


def max_pool2d(x: Array, dy: Array, rows: Geometry, cols: Geometry) -> tuple[Array, Array]:
    """The output and, for the gradient dy of the output, the gradient of the input."""
    y, dx = np.zeros((len(x), rows.outputs, cols.outputs, x.shape[3]), x.dtype), np.zeros_like(x)
    for n in range(len(x)):
        for channel in range(x.shape[3]):
            best: dict[tuple[int, int], tuple[int, int]] = {}
            for i, j, _, _, r, c in cells(rows, cols):
                if (i, j) not in best or x[n, r, c, channel] > x[n, *best[i, j], channel]:
                    best[i, j] = r, c
            for (i, j), (r, c) in best.items():
                y[n, i, j, channel] = x[n, r, c, channel]
                dx[n, r, c, channel] += dy[n, i, j, channel]
    return y, dx
