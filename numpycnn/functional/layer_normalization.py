"""Layer and group normalization: batch normalization's formula, with statistics of each example alone.

Some axes of x are taken together: their M values, for each place on the others, are brought to mean 0 and variance 1,
then scaled and shifted by learned parameters.

    xhat = (x - mean) * inverse_std        inverse_std = 1/sqrt(variance + epsilon)
    y    = xhat * gamma + beta

For layer normalization of vectors (N, D) the axes are (1,): M is D, and each vector has its own mean. For group
normalization the channels of images are cut into G groups, (N, H, W, G, C/G), and the axes are (1, 2, 4): each group
of each image has its own mean over M = H*W*C/G values.

Statistics are float64, also for float32, as are the values that they are subtracted from and multiplied by: a mean of
10,000 beside a variance of 1 keeps its digits. Sources: Ba, Kiros and Hinton 2016; Wu and He 2018.
"""

from typing import NamedTuple

import numpy as np

from numpycnn.common.typing import Array, Shape
from numpycnn.functional.normalization import inverse_std


class Normalized(NamedTuple):
    """The result of `normalize`, and what its backward needs."""

    xhat: Array
    """The deviations from the mean times inverse_std, in x's shape and dtype."""
    mean: Array
    """In float64, like the next one in x's shape with 1 for each of the axes."""
    inverse_std: Array


def normalize(x: Array, axes: Shape, epsilon: float) -> Normalized:
    """xhat = (x - mean) * inverse_std, with the mean and the variance over the axes."""
    wide = x.astype(np.result_type(x, np.float64), copy=False)
    mean = wide.mean(axis=axes, keepdims=True)
    deviations = wide - mean
    factor = inverse_std((deviations * deviations).mean(axis=axes, keepdims=True), epsilon)
    return Normalized((deviations * factor).astype(x.dtype), mean, factor)


def normalize_backward(dxhat: Array, normalized: Normalized, axes: Shape) -> Array:
    """The gradient of x.

        dx = inverse_std * (dxhat - mean(dxhat) - xhat * mean(dxhat * xhat))

    with means over the axes. It is `batch_norm_backward_input`, which has the derivation, for the M values that are
    normalized together here, in place of a channel's values over the batch.
    """
    xhat = normalized.xhat
    mean_dxhat, mean_product = (a.mean(axis=axes, keepdims=True, dtype=np.float64) for a in (dxhat, dxhat * xhat))
    return (normalized.inverse_std * (dxhat - mean_dxhat - xhat * mean_product)).astype(dxhat.dtype)


def rms_scale(x: Array, normalized: Normalized) -> Array:
    """x * inverse_std: divided as `normalize` does, but not centered. Keras's rms_scaling."""
    return (x * normalized.inverse_std).astype(x.dtype)


def rms_scale_backward(ds: Array, x: Array, normalized: Normalized, axes: Shape) -> Array:
    """The gradient of x, for s = x * inverse_std.

        dx = inverse_std * (ds - xhat * mean(ds * s))

    Derivation. As for batch normalization, d inverse_std/d x[n] = -inverse_std**2 * xhat[n]/M, so that

        d s[m]/d x[n] = inverse_std * [m = n] - x[m] * inverse_std**2 * xhat[n]/M
                      = inverse_std * ([m = n] - s[m]*xhat[n]/M)
    """
    factor = normalized.inverse_std
    mean_product = (ds * (x * factor)).mean(axis=axes, keepdims=True)
    return (factor * (ds - normalized.xhat * mean_product)).astype(ds.dtype)


def scale_shift(xhat: Array, gamma: Array | None, beta: Array | None) -> Array:
    """y = xhat * gamma + beta; without gamma or beta, None is given, and nothing is multiplied or added.

    xhat: (N, ...); gamma and beta: the shape of an example, with 1 for the axes along which they are the same.
    """
    y = xhat if gamma is None else xhat * gamma
    return y if beta is None else y + beta


def scale_shift_backward(dy: Array, xhat: Array, shape: Shape) -> tuple[Array, Array]:
    """The gradients of beta and gamma: the sums of dy and of dy*xhat, in float64.

    Each is over the batch and over the axes that have length 1 in `shape`, the shape in which gamma and beta met xhat.
    """
    axes = tuple(axis for axis, size in enumerate((1, *shape)) if size == 1)
    sum_dy, sum_product = (a.sum(axis=axes, keepdims=True, dtype=np.float64)[0] for a in (dy, dy * xhat))
    return sum_dy, sum_product  # in `shape`
