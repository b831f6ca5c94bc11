"""Layer and group normalization: batch normalization's formula, with statistics of each example alone.

Some axes of x are taken together: their M values, for each place on the others, are brought to mean 0 and variance 1,
then scaled and shifted by learned parameters.

    xhat = (x - mean) * inverse_std        inverse_std = 1/sqrt(variance + epsilon)
    y    = xhat * gamma + beta

For layer normalization of vectors (N, D) the axes are (1,): M is D, and each vector has its own mean. For group
normalization the channels of images are cut into G groups, (N, H, W, G, C/G), and the axes are (1, 2, 4): each group
of each image has its own mean over M = H*W*C/G values.

Statistics are float64, also for float32, and the mean is subtracted in two parts, as in `batch_norm`: a mean of 10,000
beside a variance of 1 keeps its digits. Sources: Ba, Kiros and Hinton 2016; Wu and He 2018.
"""

from functools import reduce
from math import prod
from string import ascii_letters
from typing import NamedTuple

import numpy as np

from numpycnn.common.typing import Array, Shape
from numpycnn.functional.normalization import inverse_std, like_example


class Normalized(NamedTuple):
    """The result of `normalize`, and what its backward needs."""

    xhat: Array
    """The deviations from the mean times inverse_std, in x's shape and dtype."""
    mean: Array
    """In float64, like the next one in x's shape with 1 for each of the axes."""
    inverse_std: Array


def normalize(x: Array, axes: Shape, epsilon: float) -> Normalized:
    """xhat = (x - mean) * inverse_std, with the mean and the variance over the axes."""
    mean = means(axes, x)
    center = mean.astype(x.dtype)
    rest, deviations = mean - center, x - like_rows(center, x)
    factor = inverse_std(means(axes, deviations, deviations) - rest * rest, epsilon)
    deviations -= like_rows(rest, x)
    deviations *= like_rows(factor, x)
    return Normalized(deviations, mean, factor)


def normalize_backward(dxhat: Array, normalized: Normalized, axes: Shape) -> Array:
    """The gradient of x.

        dx = inverse_std * (dxhat - mean(dxhat) - xhat * mean(dxhat * xhat))

    with means over the axes. It is `batch_norm_backward_input`, which has the derivation, for the M values that are
    normalized together here, in place of a channel's values over the batch.
    """
    xhat = normalized.xhat
    dx = dxhat - like_rows(means(axes, dxhat), dxhat)
    dx -= xhat * like_rows(means(axes, dxhat, xhat), dxhat)
    dx *= like_rows(normalized.inverse_std, dxhat)
    return dx


def rms_scale(x: Array, normalized: Normalized) -> Array:
    """x * inverse_std: divided as `normalize` does, but not centered. Keras's rms_scaling."""
    return x * like_rows(normalized.inverse_std, x)


def rms_scale_backward(ds: Array, x: Array, normalized: Normalized, axes: Shape) -> Array:
    """The gradient of x, for s = x * inverse_std.

        dx = inverse_std * (ds - xhat * mean(ds * s))

    Derivation. As for batch normalization, d inverse_std/d x[n] = -inverse_std**2 * xhat[n]/M, so that

        d s[m]/d x[n] = inverse_std * [m = n] - x[m] * inverse_std**2 * xhat[n]/M
                      = inverse_std * ([m = n] - s[m]*xhat[n]/M)
    """
    dx = ds - normalized.xhat * like_rows(means(axes, ds, rms_scale(x, normalized)), ds)
    dx *= like_rows(normalized.inverse_std, ds)
    return dx


def scale_shift(xhat: Array, gamma: Array | None, beta: Array | None) -> Array:
    """y = xhat * gamma + beta; without gamma or beta, None is given, and nothing is multiplied or added.

    xhat: (N, ...); gamma and beta: the shape of an example, with 1 for the axes along which they are the same.
    """
    y = xhat if gamma is None else xhat * like_example(gamma, xhat)
    return y if beta is None else y + like_example(beta, xhat)


def scale_shift_backward(dy: Array, xhat: Array, shape: Shape) -> tuple[Array, Array]:
    """The gradients of beta and gamma: the sums of dy and of dy*xhat, in float64.

    Each is over the batch and over the axes that have length 1 in `shape`, the shape in which gamma and beta met xhat.
    """
    axes = tuple(axis for axis, size in enumerate((1, *shape)) if size == 1)
    return sums(axes, dy)[0], sums(axes, dy, xhat)[0]  # in `shape`


# ---------------------------------------------------------------- rows
# As in `functional/normalization.py`, NumPy's inner loop should run along many numbers: so sums go over the first axis
# first, and values meet x repeated along the others.


def means(axes: Shape, *factors: Array) -> Array:
    """The means over the axes of the factors' product, in float64, with 1 for each of the axes."""
    return sums(axes, *factors) / prod(factors[0].shape[axis] for axis in axes)


def sums(axes: Shape, *factors: Array) -> Array:
    """The sums over the axes of the factors' product, in float64, with 1 for each of the axes.

    Over one axis alone each product is rounded to the factors' dtype before it is added, which is quicker for vectors.
    """
    first, *others = axes
    if not others:
        return reduce(np.multiply, factors).sum(axis=first, keepdims=True, dtype=wide(*factors))
    every = ascii_letters[: factors[0].ndim]
    subscripts = f"{','.join([every] * len(factors))}->{every.replace(every[first], '')}"
    partial = np.einsum(subscripts, *factors, dtype=wide(*factors))
    return np.expand_dims(partial, first).sum(axis=tuple(others), keepdims=True)


def wide(*arrays: Array) -> np.dtype:
    """float64, or the complex numbers of that precision."""
    return np.result_type(*arrays, np.float64)


def like_rows(values: Array, x: Array) -> Array:
    """Values with 1 for each of the axes, in the dtype of x, and repeated along all but the first one of an example."""
    values = values.astype(x.dtype)
    if x.ndim == 2 or values.shape[1] > 1:
        return values
    return np.ascontiguousarray(np.broadcast_to(values, (*values.shape[:2], *x.shape[2:])))
