"""Rescaling and standardization, with constants of the shape of an example, and their gradients."""

import numpy as np

from numpycnn.common.typing import Array


def rescale(x: Array, scale: Array, offset: Array) -> Array:
    """y[n, a] = x[n, a]*scale[a] + offset[a]. x: (N, ...); scale, offset: the shape of an example."""
    y = np.zeros_like(x)
    for n in range(len(x)):
        for a in np.ndindex(x.shape[1:]):
            y[n, *a] = x[n, *a] * scale[a] + offset[a]
    return y


def rescale_backward(dy: Array, scale: Array) -> Array:
    """dx[n, a] = dy[n, a]*scale[a]."""
    dx = np.zeros_like(dy)
    for n in range(len(dy)):
        for a in np.ndindex(dy.shape[1:]):
            dx[n, *a] = dy[n, *a] * scale[a]
    return dx


def standardize(x: Array, mean: Array, std: Array) -> Array:
    """y[n, a] = (x[n, a] - mean[a])/std[a]. x: (N, ...); mean, std: the shape of an example."""
    y = np.zeros_like(x)
    for n in range(len(x)):
        for a in np.ndindex(x.shape[1:]):
            y[n, *a] = (x[n, *a] - mean[a]) / std[a]
    return y


def standardize_backward(dy: Array, std: Array) -> Array:
    """dx[n, a] = dy[n, a]/std[a]."""
    dx = np.zeros_like(dy)
    for n in range(len(dy)):
        for a in np.ndindex(dy.shape[1:]):
            dx[n, *a] = dy[n, *a] / std[a]
    return dx
