"""Batch normalization of a batch that may be cut into micro-batches.

Each channel c is brought to mean 0 and variance 1 over the whole batch, then scaled and shifted by learned parameters:

    xhat = (x - mean[c]) * inverse_std[c]        inverse_std = 1/sqrt(variance + epsilon)
    y    = xhat * gamma[c] + beta[c]

x is (..., C), channels last: a batch of vectors (N, C) or of images (N, H, W, C). The statistics and the parameters are
(C,). M is how many values of a channel the batch holds: N, or N*H*W.

A micro-batch contributes sums, so that the batch may be cut anywhere. Forward: `moments` of each micro-batch, then
`merge_moments`. Backward: `batch_norm_backward_sums` of each micro-batch, which are then added up. What is given back
has the dtype of x; the sums are accumulated in float64. Source: Ioffe and Szegedy 2015.
"""

from collections.abc import Iterable
from functools import reduce
from typing import NamedTuple

import numpy as np

from numpycnn.common.typing import Array


class Moments(NamedTuple):
    """What is known of some values of each channel: enough for their mean and variance, m2/size."""

    size: int
    """How many values of each channel there are."""
    mean: Array
    """Their mean: (C,)."""
    m2: Array
    """The sum of their squared deviations from that mean: (C,)."""


def moments(x: Array) -> Moments:
    """The moments of one micro-batch, in two passes: the sum of squares less the squared mean would cancel.

    x: (..., C), at least one value of each channel.
    """
    size = x.size // x.shape[-1]
    mean = channel_sums(x) / size
    deviations = x - mean  # (..., C)
    return Moments(size, mean, channel_sums(deviations * deviations))


def merge_moments(parts: Iterable[Moments]) -> Moments:
    """The moments of the whole batch from those of its micro-batches, merged in their order.

    With delta the difference of the two means, of a first part a and a second part b (Chan, Golub and LeVeque 1983):

        size = size_a + size_b
        mean = mean_a + delta * size_b/size
        m2   = m2_a + m2_b + delta**2 * size_a*size_b/size
    """
    return reduce(merge_two, parts)


def merge_two(a: Moments, b: Moments) -> Moments:
    """The moments of two parts together; see `merge_moments`."""
    size, delta = a.size + b.size, b.mean - a.mean
    mean = a.mean + delta * (b.size / size)
    return Moments(size, mean, a.m2 + b.m2 + delta * delta * (a.size * b.size / size))


def inverse_std(variance: Array, epsilon: float) -> Array:
    """1/sqrt(variance + epsilon), by which deviations from the mean are multiplied: (C,)."""
    return 1.0 / np.sqrt(variance + epsilon)


def batch_norm(
    x: Array, mean: Array, variance: Array, gamma: Array | None, beta: Array | None, epsilon: float
) -> tuple[Array, Array]:
    """xhat = (x - mean)*inverse_std and y = xhat*gamma + beta.

    In training mean and variance are the batch's own, in inference the moving averages. Without gamma (scale=False)
    or beta (center=False), None is given, and nothing is multiplied or added.

    x: (..., C); mean, variance, gamma, beta: (C,). Returns y and, for the backward, xhat: (..., C).
    """
    xhat = (x - mean) * inverse_std(variance, epsilon)
    y = xhat if gamma is None else xhat * gamma
    return y if beta is None else y + beta, xhat


def batch_norm_backward_sums(dy: Array, xhat: Array) -> tuple[Array, Array]:
    """The sums over one micro-batch of dy and of dy*xhat, each (C,).

    They are the gradients of beta and of gamma, for y = xhat*gamma + beta; added up over the micro-batches, those of
    the whole batch, which `batch_norm_backward_input` needs.
    """
    return channel_sums(dy), channel_sums(dy * xhat)


def batch_norm_backward_input(
    dy: Array,
    xhat: Array,
    gamma: Array | None,
    inverse_std: Array,
    count: int,
    sum_dy: Array,
    sum_dy_xhat: Array,
) -> Array:
    """The gradient of x in training, where mean and variance depend on x too.

        dx = gamma * inverse_std * (dy - sum_dy/M - xhat * sum_dy_xhat/M)

    Derivation, for one channel. By the definitions of mean and variance,

        d mean/d x[n]        = 1/M
        d variance/d x[n]    = 2*(x[n] - mean)/M                         (the term by way of the mean sums to 0)
        d inverse_std/d x[n] = -inverse_std**3/2 * d variance/d x[n] = -inverse_std**2 * xhat[n]/M

    so that, with xhat[m] = (x[m] - mean)*inverse_std,

        d xhat[m]/d x[n] = inverse_std * ([m = n] - 1/M - xhat[m]*xhat[n]/M)

    and dx[n] = sum over m of dy[m]*gamma*(d xhat[m]/d x[n]) is the line above.

    dy, xhat: (..., C), of one micro-batch; the rest of the whole batch: count is M, sum_dy and sum_dy_xhat are (C,).
    """
    centered = dy - sum_dy / count - xhat * (sum_dy_xhat / count)  # (..., C)
    return batch_norm_backward_input_inference(centered, gamma, inverse_std)


def batch_norm_backward_input_inference(dy: Array, gamma: Array | None, inverse_std: Array) -> Array:
    """The gradient of x in inference, where mean and variance are constants: dx = dy * gamma * inverse_std.

    dy: (..., C). Returns dx: (..., C).
    """
    return dy * (inverse_std if gamma is None else gamma * inverse_std)


def channel_sums(a: Array) -> Array:
    """The sum over every axis but the channels', accumulated in float64: (..., C) -> (C,)."""
    sums = a.sum(axis=tuple(range(a.ndim - 1)), dtype=np.result_type(a.dtype, np.float64))
    return sums.astype(a.dtype)
