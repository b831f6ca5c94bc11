"""A dense layer, and its gradients."""

import numpy as np

from numpycnn.common.typing import Array


def dense(x: Array, kernel: Array, bias: Array | None) -> Array:
    """y[..., u] = bias[u] + sum over d of x[..., d] * kernel[d, u].

    x: (..., D); kernel: (D, U); bias: (U,) or None. Returns y: (..., U).
    """
    features, units = kernel.shape
    y = np.zeros((*x.shape[:-1], units), x.dtype)
    for row in np.ndindex(x.shape[:-1]):
        for u in range(units):
            for d in range(features):
                y[*row, u] += x[*row, d] * kernel[d, u]
            if bias is not None:
                y[*row, u] += bias[u]
    return y


def dense_backward(dy: Array, x: Array, kernel: Array) -> tuple[Array, Array, Array]:
    """The gradients of dense's x, kernel and bias, as for conv2d. dy: (..., U). Returns dx, dkernel, dbias."""
    features, units = kernel.shape
    dx, dkernel, dbias = np.zeros_like(x), np.zeros_like(kernel), np.zeros(units, x.dtype)
    for row in np.ndindex(x.shape[:-1]):
        for u in range(units):
            for d in range(features):
                dx[*row, d] += dy[*row, u] * kernel[d, u]
                dkernel[d, u] += dy[*row, u] * x[*row, d]
            dbias[u] += dy[*row, u]
    return dx, dkernel, dbias
