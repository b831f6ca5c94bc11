"""What moves values and computes nothing, Reshape and Permute, and the gradients, which move them back."""

import numpy as np

from numpycnn.common.typing import Array, Shape


def reshape(x: Array, shape: Shape) -> Array:
    """y[n, b] = x[n, a], where b is as far along in the rows of y as a is in those of x.

    x: (N, ...). Returns y: (N, *shape).
    """
    y = np.zeros((len(x), *shape), x.dtype)
    for n in range(len(x)):
        for a, b in zip(np.ndindex(x.shape[1:]), np.ndindex(*shape), strict=True):
            y[n, *b] = x[n, *a]
    return y


def reshape_backward(dy: Array, x: Array) -> Array:
    """dx[n, a] = dy[n, b], for the same pairs."""
    dx = np.zeros_like(x)
    for n in range(len(x)):
        for a, b in zip(np.ndindex(x.shape[1:]), np.ndindex(dy.shape[1:]), strict=True):
            dx[n, *a] = dy[n, *b]
    return dx


def moved(a: Shape, dims: Shape) -> Shape:
    """The place in the output of a value that is at a in the input: its axis k is the input's axis dims[k - 1]."""
    return tuple(a[axis - 1] for axis in dims)


def permute(x: Array, dims: Shape) -> Array:
    """y[n, b] = x[n, a], where b has the coordinates of a in the order of dims, which counts them from 1."""
    y = np.zeros((len(x), *moved(x.shape[1:], dims)), x.dtype)
    for n in range(len(x)):
        for a in np.ndindex(x.shape[1:]):
            y[n, *moved(a, dims)] = x[n, *a]
    return y


def permute_backward(dy: Array, x: Array, dims: Shape) -> Array:
    """dx[n, a] = dy[n, b], for the same pairs."""
    dx = np.zeros_like(x)
    for n in range(len(x)):
        for a in np.ndindex(x.shape[1:]):
            dx[n, *a] = dy[n, *moved(a, dims)]
    return dx
