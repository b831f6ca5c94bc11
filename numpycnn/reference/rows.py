"""The activations of a row along the last axis besides softmax, and PReLU, with their gradients."""

import numpy as np

from numpycnn.common.typing import Array


def log_softmax(z: Array) -> Array:
    """y[k] = z[k] - log(sum over j of exp(z[j])). z, y: (..., K)."""
    y = np.zeros_like(z)
    for row in np.ndindex(z.shape[:-1]):
        total = sum(np.exp(z[*row, j]) for j in range(z.shape[-1]))
        for k in range(z.shape[-1]):
            y[*row, k] = z[*row, k] - np.log(total)
    return y


def log_softmax_backward(dy: Array, z: Array) -> Array:
    """dz[k] = sum over j of dy[j]*([j = k] - softmax(z)[k])."""
    dz, y = np.zeros_like(z), log_softmax(z)
    for row in np.ndindex(z.shape[:-1]):
        for k in range(z.shape[-1]):
            for j in range(z.shape[-1]):
                dz[*row, k] += dy[*row, j] * ((j == k) - np.exp(y[*row, k]))
    return dz


def sparsemax(z: Array) -> Array:
    """y[k] = max(z[k] - tau, 0), where tau makes them sum to 1. z, y: (..., K).

    As long as some number of those that are left is not above tau, it leaves, and tau is computed again.
    """
    y = np.zeros_like(z)
    for row in np.ndindex(z.shape[:-1]):
        left, before = list(range(z.shape[-1])), 0
        tau = z.dtype.type(0)
        while len(left) != before:
            tau, before = (sum(z[*row, k] for k in left) - 1) / len(left), len(left)
            left = [k for k in left if z[*row, k].real > tau.real]
        for k in left:
            y[*row, k] = z[*row, k] - tau
    return y


def sparsemax_backward(dy: Array, z: Array) -> Array:
    """dz[k] = sum over j of dy[j]*([j = k] - 1/K), for j and k among the K numbers with y > 0."""
    dz, y = np.zeros_like(z), sparsemax(z)
    for row in np.ndindex(z.shape[:-1]):
        above = [k for k in range(z.shape[-1]) if y[*row, k] > 0]
        for k in above:
            for j in above:
                dz[*row, k] += dy[*row, j] * ((j == k) - 1 / len(above))
    return dz


def glu(z: Array) -> Array:
    """y[k] = z[k] * sigmoid(z[K + k]). z: (..., 2*K), y: (..., K)."""
    half = z.shape[-1] // 2
    y = np.zeros((*z.shape[:-1], half), z.dtype)
    for *row, k in np.ndindex(y.shape):
        y[*row, k] = z[*row, k] / (1 + np.exp(-z[*row, half + k]))
    return y


def glu_backward(dy: Array, z: Array) -> Array:
    """dz[k] = dy[k]*s and dz[K + k] = dy[k]*z[k]*s*(1 - s), with s = sigmoid(z[K + k])."""
    half, dz = z.shape[-1] // 2, np.zeros_like(z)
    for *row, k in np.ndindex(dy.shape):
        s = 1 / (1 + np.exp(-z[*row, half + k]))
        dz[*row, k] = dy[*row, k] * s
        dz[*row, half + k] = dy[*row, k] * z[*row, k] * s * (1 - s)
    return dz


def prelu(x: Array, alpha: Array) -> Array:
    """y = x where x > 0, else alpha*x. alpha: of the shape of one example, with 1 for shared axes."""
    y = np.zeros_like(x)
    for n, *place in np.ndindex(x.shape):
        own = tuple(0 if size == 1 else at for at, size in zip(place, alpha.shape, strict=True))
        y[n, *place] = x[n, *place] if x[n, *place] > 0 else alpha[own] * x[n, *place]
    return y


def prelu_backward(dy: Array, x: Array, alpha: Array) -> tuple[Array, Array]:
    """(dx, dalpha): where x > 0, dx = dy; elsewhere dx = alpha*dy, and dalpha gets dy*x."""
    dx, dalpha = np.zeros_like(x), np.zeros_like(alpha)
    for n, *place in np.ndindex(x.shape):
        own = tuple(0 if size == 1 else at for at, size in zip(place, alpha.shape, strict=True))
        if x[n, *place] > 0:
            dx[n, *place] = dy[n, *place]
        else:
            dx[n, *place] = alpha[own] * dy[n, *place]
            dalpha[own] += dy[n, *place] * x[n, *place]
    return dx, dalpha
