"""Grouped and depthwise convolution, and their gradients."""

import numpy as np

from numpycnn.common.typing import Array, Pair
from numpycnn.reference.window import axes, cells


def grouped_conv2d(
    x: Array,
    kernel: Array,
    bias: Array | None,
    strides: Pair = (1, 1),
    padding: str = "valid",
    dilation: Pair = (1, 1),
) -> Array:
    """y[n, i, j, f] = bias[f] + sum over taps (u, v), channels k of the group of f of  pixel[k] * kernel[u, v, k, f].

    Channels are counted from the group's first. x: (N, H, W, C); kernel: (KH, KW, C/G, F); bias: (F,) or None.
    Returns y: (N, OH, OW, F).
    """
    rows, cols = axes(x.shape[1:3], kernel.shape[:2], strides, padding, dilation)
    width, filters = kernel.shape[2:]
    y = np.zeros((len(x), rows.outputs, cols.outputs, filters), x.dtype)
    for f in range(filters):
        first = first_channel(f, filters, x.shape[3], width)
        for n in range(len(x)):
            for i, j, u, v, r, c in cells(rows, cols):
                for k in range(width):
                    y[n, i, j, f] += x[n, r, c, first + k] * kernel[u, v, k, f]
        if bias is not None:
            y[..., f] += bias[f]
    return y


def first_channel(f: int, filters: int, channels: int, width: int) -> int:
    """The first channel that filter f sees: groups of `width` channels share the filters equally, in order."""
    groups = channels // width
    return f // (filters // groups) * width


def grouped_conv2d_backward(
    dy: Array,
    x: Array,
    kernel: Array,
    strides: Pair = (1, 1),
    padding: str = "valid",
    dilation: Pair = (1, 1),
) -> tuple[Array, Array, Array]:
    """The gradients of grouped_conv2d's x, kernel and bias, in their shapes: each product has two factors.

    dy: (N, OH, OW, F).
    """
    rows, cols = axes(x.shape[1:3], kernel.shape[:2], strides, padding, dilation)
    width, filters = kernel.shape[2:]
    dx, dkernel, dbias = np.zeros_like(x), np.zeros_like(kernel), np.zeros(filters, x.dtype)
    for f in range(filters):
        first = first_channel(f, filters, x.shape[3], width)
        for n in range(len(x)):
            for i, j, u, v, r, c in cells(rows, cols):
                for k in range(width):
                    dx[n, r, c, first + k] += dy[n, i, j, f] * kernel[u, v, k, f]
                    dkernel[u, v, k, f] += dy[n, i, j, f] * x[n, r, c, first + k]
            for i in range(rows.outputs):
                for j in range(cols.outputs):
                    dbias[f] += dy[n, i, j, f]
    return dx, dkernel, dbias


def depthwise_conv2d(
    x: Array,
    kernel: Array,
    bias: Array | None,
    strides: Pair = (1, 1),
    padding: str = "valid",
    dilation: Pair = (1, 1),
) -> Array:
    """y[n, i, j, k*M + m] = bias[k*M + m] + sum over taps (u, v) of  pixel[k] * kernel[u, v, k, m].

    x: (N, H, W, C); kernel: (KH, KW, C, M); bias: (C*M,) or None. Returns y: (N, OH, OW, C*M).
    """
    rows, cols = axes(x.shape[1:3], kernel.shape[:2], strides, padding, dilation)
    channels, multiplier = kernel.shape[2:]
    y = np.zeros((len(x), rows.outputs, cols.outputs, channels * multiplier), x.dtype)
    for n in range(len(x)):
        for i, j, u, v, r, c in cells(rows, cols):
            for k in range(channels):
                for m in range(multiplier):
                    y[n, i, j, k * multiplier + m] += x[n, r, c, k] * kernel[u, v, k, m]
    return y if bias is None else y + bias


def depthwise_conv2d_backward(
    dy: Array,
    x: Array,
    kernel: Array,
    strides: Pair = (1, 1),
    padding: str = "valid",
    dilation: Pair = (1, 1),
) -> tuple[Array, Array, Array]:
    """The gradients of depthwise_conv2d's x, kernel and bias, in their shapes. dy: (N, OH, OW, C*M)."""
    rows, cols = axes(x.shape[1:3], kernel.shape[:2], strides, padding, dilation)
    channels, multiplier = kernel.shape[2:]
    dx, dkernel, dbias = np.zeros_like(x), np.zeros_like(kernel), np.zeros(dy.shape[3], x.dtype)
    for n in range(len(x)):
        for i, j, u, v, r, c in cells(rows, cols):
            for k in range(channels):
                for m in range(multiplier):
                    dx[n, r, c, k] += dy[n, i, j, k * multiplier + m] * kernel[u, v, k, m]
                    dkernel[u, v, k, m] += dy[n, i, j, k * multiplier + m] * x[n, r, c, k]
        for i in range(rows.outputs):
            for j in range(cols.outputs):
                dbias += dy[n, i, j]
    return dx, dkernel, dbias
