"""The activations whose every value depends on one number: each a formula and its derivative.

`elementwise` and `elementwise_backward` are the loops, over arrays of any shape. t is one number of z; where a formula
has pieces, they are chosen by its real part.
"""

from collections.abc import Callable
from math import pi, sqrt
from typing import Any, NamedTuple

import numpy as np

from numpycnn.common.typing import Array

Number = Any


class Formula(NamedTuple):
    """y = value(t), and dy/dt = derivative(t). Both take the activation's settings too."""

    value: Callable[..., Number]
    derivative: Callable[..., Number]


def elementwise(name: str, z: Array, **settings: Any) -> Array:
    """y = value(z), number by number. z, y: any shape."""
    y = np.zeros_like(z)
    for a in np.ndindex(z.shape):
        y[a] = FORMULAS[name].value(z[a], **settings)
    return y


def elementwise_backward(name: str, dy: Array, z: Array, **settings: Any) -> Array:
    """dz = dy * derivative(z), number by number."""
    dz = np.zeros_like(z)
    for a in np.ndindex(z.shape):
        dz[a] = dy[a] * FORMULAS[name].derivative(z[a], **settings)
    return dz


def logistic(t: Number) -> Number:
    """sigmoid(t)."""
    return 1 / (1 + np.exp(-t))


def size(t: Number) -> Number:
    """|t|."""
    return -t if t.real < 0 else t


def sign(t: Number) -> Number:
    """The derivative of |t|."""
    return -1 if t.real < 0 else 1


# ---------------------------------------------------------------- rectifiers


def relu(t: Number, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Number:
    """Above the threshold t, at most max_value; below it a line of that slope."""
    if t.real <= threshold:
        return negative_slope * (t - threshold)
    return t if max_value is None or t.real < max_value else max_value


def relu_slope(
    t: Number, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> Number:
    """1, or what it is outside."""
    if t.real <= threshold:
        return negative_slope
    return 1 if max_value is None or t.real < max_value else 0


def elu(t: Number, alpha: float = 1.0) -> Number:
    """t, or below zero alpha*(exp(t) - 1)."""
    return t if t.real > 0 else alpha * (np.exp(t) - 1)


def elu_slope(t: Number, alpha: float = 1.0) -> Number:
    """1, or below zero alpha*exp(t)."""
    return 1 if t.real > 0 else alpha * np.exp(t)


ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805  # of SELU


def clipped(t: Number, low: float, high: float) -> Number:
    """t, but at least low and at most high."""
    return low if t.real < low else high if t.real > high else t


def inside(t: Number, low: float, high: float) -> float:
    """1 between low and high, else 0: the derivative of `clipped`."""
    return 1.0 if low < t.real < high else 0.0


# ---------------------------------------------------------------- GELU


def erf(t: Number) -> Number:
    """The error function by its power series, 2/sqrt(pi) * sum of (-1)**n t**(2n + 1)/(n! (2n + 1)); for |t| < 3."""
    term, total = t, t
    for n in range(1, 80):
        term = -term * t * t / n
        total += term / (2 * n + 1)
    return 2 / sqrt(pi) * total


def gelu(t: Number, approximate: bool = False) -> Number:
    """t times the probability that a standard normal number is below t."""
    if approximate:
        return t / 2 * (1 + np.tanh(sqrt(2 / pi) * (t + 0.044715 * t**3)))
    return t / 2 * (1 + erf(t / sqrt(2)))


def gelu_slope(t: Number, approximate: bool = False) -> Number:
    """By the rule for a product."""
    if approximate:
        tanh = np.tanh(sqrt(2 / pi) * (t + 0.044715 * t**3))
        return (1 + tanh) / 2 + t / 2 * (1 - tanh**2) * sqrt(2 / pi) * (1 + 0.134145 * t**2)
    return (1 + erf(t / sqrt(2))) / 2 + t * np.exp(-(t**2) / 2) / sqrt(2 * pi)


def mish_slope(t: Number) -> Number:
    """By the rule for a product, with tanh(softplus(t)) as the second factor."""
    tanh = np.tanh(np.log(1 + np.exp(t)))
    return tanh + t * (1 - tanh**2) * logistic(t)


FORMULAS: dict[str, Formula] = {
    "linear": Formula(lambda t: t, lambda t: 1),
    "relu": Formula(relu, relu_slope),
    "relu6": Formula(lambda t: clipped(t, 0, 6), lambda t: inside(t, 0, 6)),
    "leaky_relu": Formula(
        lambda t, negative_slope=0.2: t if t.real > 0 else negative_slope * t,
        lambda t, negative_slope=0.2: 1 if t.real > 0 else negative_slope,
    ),
    "elu": Formula(elu, elu_slope),
    "selu": Formula(lambda t: SCALE * elu(t, ALPHA), lambda t: SCALE * elu_slope(t, ALPHA)),
    "celu": Formula(
        lambda t, alpha=1.0: t if t.real > 0 else alpha * (np.exp(t / alpha) - 1),
        lambda t, alpha=1.0: 1 if t.real > 0 else np.exp(t / alpha),
    ),
    "exponential": Formula(np.exp, np.exp),
    "gelu": Formula(gelu, gelu_slope),
    "hard_tanh": Formula(lambda t: clipped(t, -1, 1), lambda t: inside(t, -1, 1)),
    "hard_sigmoid": Formula(lambda t: clipped(t / 6 + 0.5, 0, 1), lambda t: inside(t, -3, 3) / 6),
    "hard_silu": Formula(
        lambda t: t * clipped(t / 6 + 0.5, 0, 1),
        lambda t: clipped(t / 6 + 0.5, 0, 1) + t * inside(t, -3, 3) / 6,
    ),
    "hard_shrink": Formula(
        lambda t, threshold=0.5: 0 if abs(t.real) <= threshold else t,
        lambda t, threshold=0.5: 0 if abs(t.real) <= threshold else 1,
    ),
    "soft_shrink": Formula(
        lambda t, threshold=0.5: 0 if abs(t.real) <= threshold else t - sign(t) * threshold,
        lambda t, threshold=0.5: 0 if abs(t.real) <= threshold else 1,
    ),
    "threshold": Formula(
        lambda t, threshold, default_value: t if t.real > threshold else default_value,
        lambda t, threshold, default_value: 1 if t.real > threshold else 0,
    ),
    "sparse_sigmoid": Formula(lambda t: clipped(t / 2 + 0.5, 0, 1), lambda t: inside(t, -1, 1) / 2),
    "sparse_plus": Formula(
        lambda t: t if t.real >= 1 else (max(t.real, -1) + t - t.real + 1) ** 2 / 4,
        lambda t: clipped(t / 2 + 0.5, 0, 1),
    ),
    "sigmoid": Formula(logistic, lambda t: logistic(t) * (1 - logistic(t))),
    "log_sigmoid": Formula(lambda t: np.log(logistic(t)), lambda t: 1 - logistic(t)),
    "silu": Formula(lambda t: t * logistic(t), lambda t: logistic(t) + t * logistic(t) * (1 - logistic(t))),
    "softplus": Formula(lambda t: np.log(1 + np.exp(t)), logistic),
    "mish": Formula(lambda t: t * np.tanh(np.log(1 + np.exp(t))), mish_slope),
    "softsign": Formula(lambda t: t / (1 + size(t)), lambda t: 1 / (1 + size(t)) ** 2),
    "squareplus": Formula(
        lambda t, b=4.0: (t + np.sqrt(t**2 + b)) / 2, lambda t, b=4.0: (1 + t / np.sqrt(t**2 + b)) / 2
    ),
    "tanh": Formula(np.tanh, lambda t: 1 / np.cosh(t) ** 2),
    "tanh_shrink": Formula(lambda t: t - np.tanh(t), lambda t: np.tanh(t) ** 2),
}
