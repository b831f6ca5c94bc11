"""Hinge losses, of scores whose sign or order decides: 0 from a margin of 1 on, where no more is asked.

At the margin itself the gradient is 0.
"""

from typing import Any

import numpy as np

from numpycnn.common.typing import Array, Shape
from numpycnn.losses.base import RowLoss


class Hinge(RowLoss):
    """L = mean of max(1 - y*p, 0) over a row of K scores p, for labels y of -1 and 1.

    Its gradient is -y/K below the margin. Labels that are all 0 or 1 are taken for -1 and 1. Source: Keras's Hinge.
    """

    name = "hinge"

    def targets(self, y_true: Any, output_shape: Shape) -> Array:
        y_true = super().targets(y_true, output_shape)
        return 2.0 * y_true - 1.0 if ((y_true == 0) | (y_true == 1)).all() else y_true

    def row_values(self, y_true: Array, y_pred: Array) -> Array:
        return missing(y_true, y_pred).mean(axis=-1)  # (N, ...)

    def row_gradient(self, y_true: Array, y_pred: Array) -> Array:
        return np.where(missing(y_true, y_pred) > 0, -y_true, 0) / y_pred.shape[-1]


class SquaredHinge(Hinge):
    """L = mean of max(1 - y*p, 0)**2; its gradient -2*y*max(1 - y*p, 0)/K. Otherwise as Hinge."""

    name = "squared_hinge"

    def row_values(self, y_true: Array, y_pred: Array) -> Array:
        return (missing(y_true, y_pred) ** 2).mean(axis=-1)  # (N, ...)

    def row_gradient(self, y_true: Array, y_pred: Array) -> Array:
        return -2 * y_true * missing(y_true, y_pred) / y_pred.shape[-1]


class CategoricalHinge(RowLoss):
    """L = max(n - s + 1, 0), with s = sum of y*p the score of the true class, for one-hot y, and n the largest other.

    n is the maximum of (1 - y)*p, so at least 0. Where L is positive, its gradient is -y, and 1 at that maximum.
    Source: Keras's CategoricalHinge.
    """

    name = "categorical_hinge"

    def row_values(self, y_true: Array, y_pred: Array) -> Array:
        others = (1 - y_true) * y_pred
        largest = np.take_along_axis(others, others.real.argmax(axis=-1, keepdims=True), axis=-1)[..., 0]  # (N, ...)
        return above_zero(largest - (y_true * y_pred).sum(axis=-1) + 1)

    def row_gradient(self, y_true: Array, y_pred: Array) -> Array:
        others = 1 - y_true
        largest = np.arange(y_pred.shape[-1]) == (others * y_pred).argmax(axis=-1)[..., None]  # (N, ..., K)
        positive = self.row_values(y_true, y_pred)[..., None] > 0  # (N, ..., 1)
        return np.where(positive, largest * others - y_true, 0)


def missing(y_true: Array, y_pred: Array) -> Array:
    """max(1 - y*p, 0): by how much a score misses the margin."""
    return above_zero(1 - y_true * y_pred)


def above_zero(a: Array) -> Array:
    """max(a, 0)."""
    return np.where(a.real <= 0, 0, a)  # NaN stays
