"""Softmax and cross-entropy, along the last axis, and their gradients."""

import numpy as np

from numpycnn.common.typing import Array


def softmax(z: Array) -> Array:
    """y[k] = exp(z[k]) / sum over j of exp(z[j]), for each row along the last axis. z, y: (..., K)."""
    y = np.zeros_like(z)
    for row in np.ndindex(z.shape[:-1]):
        total = sum(np.exp(z[*row, j]) for j in range(z.shape[-1]))
        for k in range(z.shape[-1]):
            y[*row, k] = np.exp(z[*row, k]) / total
    return y


def softmax_backward(dy: Array, z: Array) -> Array:
    """dz[k] = sum over j of dy[j] * y[j]*([j = k] - y[k]), by the rule for a quotient. dy, z, dz: (..., K)."""
    y, dz = softmax(z), np.zeros_like(z)
    for row in np.ndindex(z.shape[:-1]):
        for k in range(z.shape[-1]):
            for j in range(z.shape[-1]):
                dz[*row, k] += dy[*row, j] * y[*row, j] * ((j == k) - y[*row, k])
    return dz


def cross_entropy(y: Array, p: Array) -> Array:
    """L = -sum over k of y[k]*log(p[k]), for targets y and probabilities p: (..., K) -> (...).

    A class whose target is 0 adds nothing.
    """
    loss = np.zeros(p.shape[:-1], p.dtype)
    for row in np.ndindex(p.shape[:-1]):
        for k in range(p.shape[-1]):
            if y[*row, k] != 0:
                loss[row] -= y[*row, k] * np.log(p[*row, k])
    return loss


def cross_entropy_backward(y: Array, p: Array) -> Array:
    """dp[k] = -y[k]/p[k]. With p = softmax(z), softmax_backward(dp, z) = p - y. y, p, dp: (..., K)."""
    dp = np.zeros_like(p)
    for row in np.ndindex(p.shape[:-1]):
        for k in range(p.shape[-1]):
            if y[*row, k] != 0:
                dp[*row, k] = -y[*row, k] / p[*row, k]
    return dp
