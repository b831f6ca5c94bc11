"""Penalties of weights, and their gradients."""

from typing import Any

import numpy as np

from numpycnn.common.typing import Array


def l1(x: Array, factor: float) -> Any:
    """factor * sum over a of |x[a]|."""
    total: Any = 0.0
    for a in np.ndindex(x.shape):
        total += x[a] if x[a].real > 0 else -x[a]
    return factor * total


def l1_backward(x: Array, factor: float) -> Array:
    """dx[a] = factor where x[a] > 0, -factor where x[a] < 0, else 0."""
    dx = np.zeros_like(x)
    for a in np.ndindex(x.shape):
        dx[a] = factor if x[a] > 0 else -factor if x[a] < 0 else 0.0
    return dx


def l2(x: Array, factor: float) -> Any:
    """factor * sum over a of x[a]^2."""
    total: Any = 0.0
    for a in np.ndindex(x.shape):
        total += x[a] ** 2
    return factor * total


def l2_backward(x: Array, factor: float) -> Array:
    """dx[a] = 2*factor*x[a]."""
    dx = np.zeros_like(x)
    for a in np.ndindex(x.shape):
        dx[a] = 2 * factor * x[a]
    return dx


def orthogonality(w: Array, factor: float) -> Any:
    """factor * the mean over pairs i < j of |cos(w[i], w[j])|. w: (R, C), with at least two rows."""
    total: Any = 0.0
    pairs = 0
    for i in range(len(w)):
        for j in range(i):
            cosine = dot(w[i], w[j]) / (dot(w[i], w[i]) ** 0.5 * dot(w[j], w[j]) ** 0.5)
            total += cosine if cosine.real > 0 else -cosine
            pairs += 1
    return factor * total / pairs


def orthogonality_backward(w: Array, factor: float) -> Array:
    """dw[i, c] = factor/pairs * the sum over j != i of sign(cos) * (w[j, c]/(|w_i||w_j|) - cos * w[i, c]/|w_i|^2)."""
    dw, rows = np.zeros_like(w), len(w)
    for i in range(rows):
        for j in range(rows):
            norms = dot(w[i], w[i]) ** 0.5, dot(w[j], w[j]) ** 0.5
            cosine = dot(w[i], w[j]) / (norms[0] * norms[1])
            for c in range(w.shape[1]) if i != j else ():
                d = w[j, c] / (norms[0] * norms[1]) - cosine * w[i, c] / norms[0] ** 2
                dw[i, c] += factor / (rows * (rows - 1) / 2) * (d if cosine > 0 else -d)
    return dw


def dot(a: Array, b: Array) -> Any:
    """The sum over c of a[c]*b[c]."""
    total: Any = 0.0
    for c in range(len(a)):
        total += a[c] * b[c]
    return total
