"""Convolution, and its gradients."""

import numpy as np

from numpycnn.common.typing import Array, Pair
from numpycnn.reference.window import axes, cells


def conv2d(
    x: Array,
    kernel: Array,
    bias: Array | None,
    strides: Pair = (1, 1),
    padding: str = "valid",
    dilation: Pair = (1, 1),
) -> Array:
    """y[n, i, j, f] = bias[f] + sum over taps (u, v), channels c of  pixel of x under the tap [c] * kernel[u, v, c, f].

    A tap that lies on padding sees 0. x: (N, H, W, C); kernel: (KH, KW, C, F); bias: (F,) or None.
    Returns y: (N, OH, OW, F).
    """
    rows, cols = axes(x.shape[1:3], kernel.shape[:2], strides, padding, dilation)
    channels, filters = kernel.shape[2:]
    y = np.zeros((len(x), rows.outputs, cols.outputs, filters), x.dtype)
    for n in range(len(x)):
        for f in range(filters):
            for i, j, u, v, r, c in cells(rows, cols):
                for channel in range(channels):
                    y[n, i, j, f] += x[n, r, c, channel] * kernel[u, v, channel, f]
            if bias is not None:
                for i in range(rows.outputs):
                    for j in range(cols.outputs):
                        y[n, i, j, f] += bias[f]
    return y


def conv2d_backward(
    dy: Array,
    x: Array,
    kernel: Array,
    strides: Pair = (1, 1),
    padding: str = "valid",
    dilation: Pair = (1, 1),
) -> tuple[Array, Array, Array]:
    """The gradients of conv2d's x, kernel and bias.

    Each product x*kernel in y has the derivative kernel with respect to x, and x with respect to the kernel; the bias
    is added with the derivative 1. dy: (N, OH, OW, F). Returns dx, dkernel, dbias in the shapes of x, kernel and (F,).
    """
    rows, cols = axes(x.shape[1:3], kernel.shape[:2], strides, padding, dilation)
    channels, filters = kernel.shape[2:]
    dx, dkernel, dbias = np.zeros_like(x), np.zeros_like(kernel), np.zeros(filters, x.dtype)
    for n in range(len(x)):
        for f in range(filters):
            for i, j, u, v, r, c in cells(rows, cols):
                for channel in range(channels):
                    dx[n, r, c, channel] += dy[n, i, j, f] * kernel[u, v, channel, f]
                    dkernel[u, v, channel, f] += dy[n, i, j, f] * x[n, r, c, channel]
            for i in range(rows.outputs):
                for j in range(cols.outputs):
                    dbias[f] += dy[n, i, j, f]
    return dx, dkernel, dbias
