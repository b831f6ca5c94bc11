"""Losses of numbers that are to be near others: by their error e = y_pred - y_true, their ratio, or their angle.

Each is the mean over a row of K numbers, but for the cosine.
"""

from math import log
from typing import Any

import numpy as np

from numpycnn.backend import epsilon
from numpycnn.common import checks
from numpycnn.common.typing import Array
from numpycnn.losses.base import RowLoss


class MeanSquaredError(RowLoss):
    """L = mean of e**2; its gradient 2*e/K."""

    name = "mean_squared_error"

    def row_values(self, y_true: Array, y_pred: Array) -> Array:
        return ((y_pred - y_true) ** 2).mean(axis=-1)  # (N, ...)

    def row_gradient(self, y_true: Array, y_pred: Array) -> Array:
        return (y_pred - y_true) * (2.0 / y_pred.shape[-1])


class MeanAbsoluteError(RowLoss):
    """L = mean of |e|; its gradient sign(e)/K, and 0 where e is 0."""

    name = "mean_absolute_error"

    def row_values(self, y_true: Array, y_pred: Array) -> Array:
        return magnitude(y_pred - y_true).mean(axis=-1)  # (N, ...)

    def row_gradient(self, y_true: Array, y_pred: Array) -> Array:
        return np.sign(y_pred - y_true) / y_pred.shape[-1]


class MeanAbsolutePercentageError(RowLoss):
    """L = 100 * mean of |e|/|y_true|; its gradient 100*sign(e)/|y_true|/K. |y_true| is kept epsilon above 0."""

    name = "mean_absolute_percentage_error"

    def row_values(self, y_true: Array, y_pred: Array) -> Array:
        return 100 * (magnitude(y_pred - y_true) / at_least_epsilon(np.abs(y_true))).mean(axis=-1)  # (N, ...)

    def row_gradient(self, y_true: Array, y_pred: Array) -> Array:
        return 100 * np.sign(y_pred - y_true) / at_least_epsilon(np.abs(y_true)) / y_pred.shape[-1]


class MeanSquaredLogarithmicError(RowLoss):
    """L = mean of d**2 with d = log(1 + y_pred) - log(1 + y_true); its gradient 2*d/(1 + y_pred)/K.

    Both are kept epsilon above 0; where that clips y_pred, the gradient is 0.
    """

    name = "mean_squared_logarithmic_error"

    def row_values(self, y_true: Array, y_pred: Array) -> Array:
        return (log_ratio(y_true, y_pred) ** 2).mean(axis=-1)  # (N, ...)

    def row_gradient(self, y_true: Array, y_pred: Array) -> Array:
        gradient = 2 * log_ratio(y_true, y_pred) / (1 + at_least_epsilon(y_pred)) / y_pred.shape[-1]
        return np.where(y_pred > epsilon(), gradient, 0)


class Huber(RowLoss):
    """L = mean of e**2/2 where |e| <= delta, and of delta*|e| - delta**2/2 beyond: a parabola that goes on as a line.

    Its gradient is e/K, clipped to [-delta/K, delta/K]. With c = min(|e|, delta) both pieces are c*(|e| - c/2).
    Raises TypeError or ValueError unless delta is a number above 0. Source: Keras's Huber.
    """

    name = "huber"

    def __init__(
        self, delta: float = 1.0, reduction: str | None = "sum_over_batch_size", name: str | None = None
    ) -> None:
        super().__init__(reduction, name)
        self.delta = checks.number(self.name, "delta", delta, above=0.0)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "delta": self.delta}

    def row_values(self, y_true: Array, y_pred: Array) -> Array:
        size = magnitude(y_pred - y_true)
        c = np.where(size.real > self.delta, self.delta, size)
        return (c * (size - c / 2)).mean(axis=-1)  # (N, ...)

    def row_gradient(self, y_true: Array, y_pred: Array) -> Array:
        return np.clip(y_pred - y_true, -self.delta, self.delta) / y_pred.shape[-1]


class LogCosh(RowLoss):
    """L = mean of log(cosh(e)); its gradient tanh(e)/K.

    log(cosh(e)) = |e| + log(1 + exp(-2*|e|)) - log(2); near 0, where that cancels, log(1 + 2*sinh(e/2)**2).
    """

    name = "log_cosh"

    def row_values(self, y_true: Array, y_pred: Array) -> Array:
        size = magnitude(y_pred - y_true)
        small = np.where(size.real < 1, size, 0)
        far = size + np.log1p(np.exp(-2 * size)) - log(2)
        return np.where(size.real < 1, np.log1p(2 * np.sinh(small / 2) ** 2), far).mean(axis=-1)  # (N, ...)

    def row_gradient(self, y_true: Array, y_pred: Array) -> Array:
        return np.tanh(y_pred - y_true) / y_pred.shape[-1]


class CosineSimilarity(RowLoss):
    """L = -sum of u*v along the axis, for u = y_true/|y_true| and v = y_pred/|y_pred|: -1 where both point one way.

    Its gradient is -(u - (sum of u*v)*v)/|y_pred|: what of u is at right angles to v. Lengths are kept epsilon above 0;
    where that clips |y_pred|, L is linear, and the gradient -u/epsilon.
    axis: counted with the batch axis. Raises TypeError or ValueError unless it is an integer.
    Source: Keras's CosineSimilarity.
    """

    name = "cosine_similarity"

    def __init__(self, axis: int = -1, reduction: str | None = "sum_over_batch_size", name: str | None = None) -> None:
        super().__init__(reduction, name)
        self.axis = checks.axis(self.name, "axis", axis)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}

    def row_values(self, y_true: Array, y_pred: Array) -> Array:
        return -(unit(y_true) * unit(y_pred)).sum(axis=-1)  # (N, ...)

    def row_gradient(self, y_true: Array, y_pred: Array) -> Array:
        u, v, size = unit(y_true), unit(y_pred), length(y_pred)
        along = np.where(size > epsilon(), (u * v).sum(axis=-1, keepdims=True) * v, 0)
        return -(u - along) / at_least_epsilon(size)


# ---------------------------------------------------------------- parts


def magnitude(e: Array) -> Array:
    """|e|, by the sign of the real part, so that the complex step can differentiate it."""
    return np.where(e.real < 0, -e, e)


def at_least_epsilon(a: Array) -> Array:
    """max(a, epsilon)."""
    return np.where(a.real <= epsilon(), epsilon(), a)  # NaN stays


def log_ratio(y_true: Array, y_pred: Array) -> Array:
    """log(1 + y_pred) - log(1 + y_true), both kept epsilon above 0."""
    return np.log1p(at_least_epsilon(y_pred)) - np.log1p(at_least_epsilon(y_true))


def length(a: Array) -> Array:
    """The Euclidean norm along the last axis: (..., 1)."""
    return np.sqrt((a**2).sum(axis=-1, keepdims=True))


def unit(a: Array) -> Array:
    """a divided by its length, which is kept epsilon above 0."""
    return a / at_least_epsilon(length(a))
