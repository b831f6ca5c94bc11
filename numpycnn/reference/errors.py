"""Losses besides categorical cross-entropy: of a row along the last axis, and their gradients. EPSILON is Keras's 1e-7.

Most are the mean of one formula over the numbers of a row; Kullback and Leibler's divergence is a sum.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from numpycnn.common.typing import Array

Number = Any
EPSILON = 1e-7


class ErrorFormula(NamedTuple):
    """The loss of one number p with its target y, and its derivative with respect to p."""

    value: Callable[..., Number]
    derivative: Callable[..., Number]


def mean_error(name: str, y: Array, p: Array, **settings: Any) -> Array:
    """L = sum over k of value(y[k], p[k]), divided by K unless it is a sum. y, p: (..., K), L: (...)."""
    loss = np.zeros(p.shape[:-1], p.dtype)
    for *row, k in np.ndindex(p.shape):
        loss[*row] += ERRORS[name].value(y[*row, k], p[*row, k], **settings) / count(name, p)
    return loss


def mean_error_backward(name: str, y: Array, p: Array, **settings: Any) -> Array:
    """dp[k] = derivative(y[k], p[k]), divided by K unless the loss is a sum."""
    dp = np.zeros_like(p)
    for *row, k in np.ndindex(p.shape):
        dp[*row, k] = ERRORS[name].derivative(y[*row, k], p[*row, k], **settings) / count(name, p)
    return dp


def count(name: str, p: Array) -> int:
    """K for a mean, 1 for a sum."""
    return 1 if name == "kl_divergence" else p.shape[-1]


def at_least(t: Number, least: float) -> Number:
    """max(t, least)."""
    return least if t.real < least else t


def sign(t: Number) -> int:
    """-1, 0 or 1."""
    return int(t.real > 0) - int(t.real < 0)


def huber(y: Number, p: Number, delta: float = 1.0) -> Number:
    """A parabola, and beyond delta its tangent."""
    e = p - y
    return e * e / 2 if abs(e.real) <= delta else delta * sign(e) * e - delta**2 / 2


def huber_slope(y: Number, p: Number, delta: float = 1.0) -> Number:
    """e, or delta with its sign."""
    return p - y if abs(p.real - y) <= delta else delta * sign(p - y)


def log_ratio(y: Number, p: Number) -> Number:
    """log((1 + p)/(1 + y))."""
    return np.log((1 + at_least(p, EPSILON)) / (1 + at_least(y, EPSILON)))


ERRORS: dict[str, ErrorFormula] = {
    "mean_squared_error": ErrorFormula(lambda y, p: (p - y) ** 2, lambda y, p: 2 * (p - y)),
    "mean_absolute_error": ErrorFormula(lambda y, p: sign(p - y) * (p - y), lambda y, p: sign(p - y)),
    "mean_absolute_percentage_error": ErrorFormula(
        lambda y, p: 100 * sign(p - y) * (p - y) / at_least(abs(y), EPSILON),
        lambda y, p: 100 * sign(p - y) / at_least(abs(y), EPSILON),
    ),
    "mean_squared_logarithmic_error": ErrorFormula(
        lambda y, p: log_ratio(y, p) ** 2,
        lambda y, p: 2 * log_ratio(y, p) / (1 + p) if p.real > EPSILON else 0,
    ),
    "huber": ErrorFormula(huber, huber_slope),
    "log_cosh": ErrorFormula(lambda y, p: np.log(np.cosh(p - y)), lambda y, p: np.sinh(p - y) / np.cosh(p - y)),
    "hinge": ErrorFormula(lambda y, p: at_least(1 - y * p, 0), lambda y, p: -y if (y * p).real < 1 else 0),
    "squared_hinge": ErrorFormula(
        lambda y, p: at_least(1 - y * p, 0) ** 2, lambda y, p: -2 * y * (1 - y * p) if (y * p).real < 1 else 0
    ),
    "poisson": ErrorFormula(lambda y, p: p - y * np.log(p + EPSILON), lambda y, p: 1 - y / (p + EPSILON)),
    "kl_divergence": ErrorFormula(
        lambda y, p: at_least(y, EPSILON) * np.log(at_least(y, EPSILON) / at_least(p, EPSILON)),
        lambda y, p: -at_least(y, EPSILON) / p if p.real > EPSILON else 0,
    ),
    "binary_crossentropy": ErrorFormula(
        lambda y, p: -y * np.log(p) - (1 - y) * np.log(1 - p), lambda y, p: -y / p + (1 - y) / (1 - p)
    ),
}


def categorical_hinge(y: Array, p: Array) -> Array:
    """L = max(largest of (1 - y)*p - sum of y*p + 1, 0). y, p: (..., K), L: (...)."""
    loss = np.zeros(p.shape[:-1], p.dtype)
    for row in np.ndindex(loss.shape):
        others = [(1 - y[*row, k]) * p[*row, k] for k in range(p.shape[-1])]
        true = sum(y[*row, k] * p[*row, k] for k in range(p.shape[-1]))
        loss[row] = at_least(max(others, key=lambda t: t.real) - true + 1, 0)
    return loss


def categorical_hinge_backward(y: Array, p: Array) -> Array:
    """dp[k] = (1 - y[k])*[k is the largest] - y[k], where the loss is not 0."""
    dp, loss = np.zeros_like(p), categorical_hinge(y, p)
    for row in np.ndindex(loss.shape):
        others = [(1 - y[*row, k]) * p[*row, k] for k in range(p.shape[-1])]
        for k in range(p.shape[-1]):
            if loss[row] > 0:
                dp[*row, k] = (1 - y[*row, k]) * (k == others.index(max(others))) - y[*row, k]
    return dp


def cosine_similarity(y: Array, p: Array) -> Array:
    """L = -sum of y*p, divided by the lengths of y and p, which are at least EPSILON. y, p: (..., K), L: (...)."""
    loss = np.zeros(p.shape[:-1], p.dtype)
    for row in np.ndindex(loss.shape):
        product = sum(y[*row, k] * p[*row, k] for k in range(p.shape[-1]))
        sizes = [at_least(np.sqrt(sum(a[*row, k] ** 2 for k in range(p.shape[-1]))), EPSILON) for a in (y, p)]
        loss[row] = -product / sizes[0] / sizes[1]
    return loss


def cosine_similarity_backward(y: Array, p: Array) -> Array:
    """dp[k] = -y[k]/(|y|*|p|) + (sum of y*p)*p[k]/(|y|*|p|**3), by the rule for a quotient."""
    dp = np.zeros_like(p)
    for row in np.ndindex(p.shape[:-1]):
        product = sum(y[*row, k] * p[*row, k] for k in range(p.shape[-1]))
        a, b = (np.sqrt(sum(v[*row, k] ** 2 for k in range(p.shape[-1]))) for v in (y, p))
        for k in range(p.shape[-1]):
            dp[*row, k] = -y[*row, k] / (a * b) + product * p[*row, k] / (a * b**3)
    return dp
