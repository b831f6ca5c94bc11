"""Batch normalization of a batch that may be cut into micro-batches.

Each channel c is brought to mean 0 and variance 1 over the whole batch, then scaled and shifted by learned parameters:

    xhat = (x - mean[c]) * inverse_std[c]        inverse_std = 1/sqrt(variance + epsilon)
    y    = xhat * gamma[c] + beta[c]

x is (..., C), channels last: a batch of vectors (N, C) or of images (N, H, W, C). The statistics and the parameters are
(C,). M is how many values of a channel the batch holds: N, or N*H*W.

A micro-batch contributes sums, so that the batch may be cut anywhere. Forward: `moments` of each micro-batch, then
`merge_moments`. Backward: `batch_norm_backward_sums` of each micro-batch, which are then added up. Statistics and sums
over the batch are float64, also for a float32 batch: a mean of 10,000 beside a variance of 1 keeps its precision.
Elementwise arrays, such as y and dx, have the dtype of x. Source: Ioffe and Szegedy 2015.
"""

from collections.abc import Iterable
from functools import reduce
from typing import NamedTuple

import numpy as np

from numpycnn.common.typing import Array


class Moments(NamedTuple):
    """What is known of some values of each channel: enough for their mean and variance, m2/size. In float64."""

    size: int
    """How many values of each channel there are."""
    mean: Array
    """Their mean: (C,)."""
    m2: Array
    """The sum of their squared deviations from that mean: (C,)."""


def moments(x: Array) -> Moments:
    """The moments of one micro-batch, in two passes: the sum of squares less the squared mean would cancel.

    The deviations are from `center`, the mean rounded to the dtype of x; what that changes is taken off again:

        sum((x - center)**2) = sum((x - mean)**2) + size*(mean - center)**2

    x: (..., C), at least one value of each channel.
    """
    size = x.size // x.shape[-1]
    mean = channel_sums(x) / size
    center = mean.astype(x.dtype)
    deviations = x - like_example(center, x)  # (..., C)
    return Moments(size, mean, channel_sums(deviations, deviations) - size * (mean - center) ** 2)


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
    or beta (center=False), None is given, and nothing is multiplied or added. The mean is subtracted in two parts,
    `center`, rounded to the dtype of x, and the rest: rounded alone it would shift every xhat.

    x: (..., C); mean, variance, gamma, beta: (C,). Returns y and, for the backward, xhat: (..., C).
    """
    center = mean.astype(x.dtype)
    rest = (mean - center).astype(x.dtype)
    factor = inverse_std(variance, epsilon).astype(x.dtype)
    xhat = (x - like_example(center, x) - like_example(rest, x)) * like_example(factor, x)
    y = xhat if gamma is None else xhat * like_example(gamma, x)
    return y if beta is None else y + like_example(beta, x), xhat


def batch_norm_backward_sums(dy: Array, xhat: Array) -> tuple[Array, Array]:
    """The sums over one micro-batch of dy and of dy*xhat, in float64: each (C,).

    They are the gradients of beta and of gamma, for y = xhat*gamma + beta; added up over the micro-batches, those of
    the whole batch, which `batch_norm_backward_input` needs.
    """
    return channel_sums(dy), channel_sums(dy, xhat)


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
    mean_dy, mean_dy_xhat = (like_example((sums / count).astype(dy.dtype), dy) for sums in (sum_dy, sum_dy_xhat))
    centered = dy - mean_dy - xhat * mean_dy_xhat  # (..., C)
    return batch_norm_backward_input_inference(centered, gamma, inverse_std)


def batch_norm_backward_input_inference(dy: Array, gamma: Array | None, inverse_std: Array) -> Array:
    """The gradient of x in inference, where mean and variance are constants: dx = dy * gamma * inverse_std.

    dy: (..., C). Returns dx: (..., C).
    """
    factor = (inverse_std if gamma is None else gamma * inverse_std).astype(dy.dtype)
    return dy * like_example(factor, dy)


# ---------------------------------------------------------------- rows of H*W*C numbers
# NumPy's inner loop runs along the last axes that can be taken as one. Over C numbers, often 8 or so, it takes several
# times as long as over the H*W*C of an example; so sums go over the examples first, and a value of each channel is
# repeated for every position before it meets a batch.


def channel_sums(*factors: Array) -> Array:
    """The sums of the factors' product over every axis but the channels', in float64: (N, ..., C) -> (C,)."""
    subscripts = ",".join(["n..."] * len(factors)) + "->..."
    over_examples = np.einsum(subscripts, *factors, dtype=np.result_type(*factors, np.float64))  # (..., C)
    return over_examples.reshape(-1, over_examples.shape[-1]).sum(axis=0)  # (H*W, C) -> (C,)


def like_example(values: Array, x: Array) -> Array:
    """A value of each channel at every position of an example, in the layout of x: (C,) -> (1, ..., C)."""
    repeated = np.empty_like(x[:1], dtype=values.dtype)  # (1, ..., C)
    repeated[...] = values
    return repeated
