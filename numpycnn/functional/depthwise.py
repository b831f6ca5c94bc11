"""Depthwise convolution: each channel is convolved by itself, with filters of its own.

It is a grouped convolution with as many groups as channels. Its products are too small for BLAS, so it is computed tap
by tap: the shifted image times the tap's weights.
"""

import numpy as np

from numpycnn.common.typing import Array, Shape
from numpycnn.functional.convolution import add_taps, check_images, pad
from numpycnn.functional.window import Window


def depthwise_conv2d(x: Array, kernel: Array, bias: Array | None, window: Window) -> Array:
    """M filters for each channel, which see that channel alone.

        y[n, i, j, f] = sum over u, v of  xp[n, i*SH + u*DH, j*SW + v*DW, c] * kernel[u, v, c, m]  +  bias[f]

    where filter f = c*M + m is number m of channel c.

    x: (N, H, W, C); kernel: (KH, KW, C, M); bias: (C*M,) or None. Returns y: (N, OH, OW, C*M).
    """
    check_images("depthwise_conv2d", x)
    output, padded = window.output_size(x.shape[1:3]), pad(x, window)
    y = np.zeros((len(x), *output, *kernel.shape[2:]), np.result_type(x, kernel))  # (N, OH, OW, C, M)
    for tap, weights in zip(window.taps(output), by_tap(kernel), strict=True):
        y += padded[tap][..., None] * weights  # (N, OH, OW, C, 1) * (C, M)
    y = y.reshape(*y.shape[:3], y.shape[3] * y.shape[4])  # (N, OH, OW, C*M)
    return y if bias is None else y + bias


def by_tap(kernel: Array) -> Array:
    """The weights of each tap, row by row: (KH, KW, C, M) -> (KH*KW, C, M)."""
    return kernel.reshape(-1, *kernel.shape[2:])  # (KH*KW, C, M)


def by_channel(dy: Array, kernel: Array) -> Array:
    """The gradients of each channel's filters: (N, OH, OW, C*M) -> (N, OH, OW, C, M)."""
    return dy.reshape(*dy.shape[:3], *kernel.shape[2:])  # (N, OH, OW, C, M)


def depthwise_conv2d_backward(dy: Array, x: Array, kernel: Array, window: Window) -> tuple[Array, Array]:
    """The gradients of depthwise_conv2d's kernel and bias.

    A weight multiplies what its tap sees of its channel, so its gradient is the inner product of that and dy.

        dkernel[u, v, c, m] = sum over n, i, j of  xp[n, i*SH + u*DH, j*SW + v*DW, c] * dy[n, i, j, c*M + m]
        dbias = sum of dy over n, i, j

    dy: (N, OH, OW, C*M); x: (N, H, W, C). Returns dkernel: (KH, KW, C, M), dbias: (C*M,).
    """
    of_filters, padded = by_channel(dy, kernel), pad(x, window)
    dweights = [np.einsum("nijc,nijcm->cm", padded[tap], of_filters) for tap in window.taps(dy.shape[1:3])]
    return np.stack(dweights).reshape(kernel.shape), dy.sum(axis=(0, 1, 2))  # (KH, KW, C, M), (C*M,)


def depthwise_conv2d_backward_input(dy: Array, kernel: Array, x_shape: Shape, window: Window) -> Array:
    """The gradient of depthwise_conv2d's input: each tap sends back dy times its weights, to where it read.

    dy: (N, OH, OW, C*M). Returns dx: x_shape = (N, H, W, C).
    """
    of_filters = by_channel(dy, kernel)
    seen = ((of_filters * weights).sum(axis=-1) for weights in by_tap(kernel))  # (N, OH, OW, C) each
    return add_taps(seen, x_shape, window, dy.dtype)
