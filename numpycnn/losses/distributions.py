"""Losses that compare distributions: Kullback and Leibler's divergence, and the likelihood of counts."""

import numpy as np

from numpycnn.backend import epsilon
from numpycnn.common.typing import Array
from numpycnn.losses.base import RowLoss


class KLDivergence(RowLoss):
    """L = sum of y*log(y/p) over the classes, for probabilities y and p; its gradient -y/p.

    Both are clipped to [epsilon, 1]; where that clips p, the gradient is 0. Source: Keras's KLDivergence.
    """

    name = "kl_divergence"

    def row_values(self, y_true: Array, y_pred: Array) -> Array:
        y, p = clip(y_true), clip(y_pred)
        return (y * np.log(y / p)).sum(axis=-1)  # (N, ...)

    def row_gradient(self, y_true: Array, y_pred: Array) -> Array:
        p = clip(y_pred)
        return np.where(p == y_pred, -clip(y_true) / p, 0)


class Poisson(RowLoss):
    """L = mean of p - y*log(p + epsilon), for counts y and their expected values p.

    Its gradient is (1 - y/(p + epsilon))/K. It is the negative logarithm of the Poisson distribution, but for a
    constant, and not a number for p below 0.
    Source: Keras's Poisson.
    """

    name = "poisson"

    def row_values(self, y_true: Array, y_pred: Array) -> Array:
        with np.errstate(invalid="ignore", divide="ignore"):
            return (y_pred - y_true * np.log(y_pred + epsilon())).mean(axis=-1)  # (N, ...)

    def row_gradient(self, y_true: Array, y_pred: Array) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            return (1 - y_true / (y_pred + epsilon())) / y_pred.shape[-1]


def clip(p: Array) -> Array:
    """p clipped to [epsilon, 1], by its real part."""
    return np.where(p.real < epsilon(), epsilon(), np.where(p.real > 1, 1, p))
