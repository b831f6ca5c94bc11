"""Softmax, its logarithm, and sparsemax: what turns scores z into probabilities y along an axis."""

import numpy as np

from numpycnn.common.typing import Array


def softmax(z: Array, axis: int = -1) -> Array:
    """y[k] = exp(z[k]) / sum of exp(z), along the axis. The maximum is subtracted first, against overflow."""
    e = np.exp(minus_largest(z, axis))
    return e / e.sum(axis=axis, keepdims=True)


def softmax_backward(dy: Array, z: Array, y: Array, axis: int = -1) -> Array:
    """dz[k] = y[k] * (dy[k] - sum of dy*y along the axis).

    The derivative of y[j] with respect to z[k] is y[j]*([j = k] - y[k]): raising one logit lowers all the other
    probabilities. So dz[k] = sum over j of dy[j]*y[j]*([j = k] - y[k]), which is the line above.

    As the y sum to 1, a constant added to dy changes nothing. So dy at the largest y is subtracted from all of dy
    first: where that y is nearly 1, the sum would be nearly that dy, and their difference would lose all precision.
    """
    largest = y.real.argmax(axis=axis, keepdims=True)
    dy = dy - np.take_along_axis(dy, largest, axis=axis)
    return y * (dy - (dy * y).sum(axis=axis, keepdims=True))


def softmax_and_log(z: Array, axis: int = -1) -> tuple[Array, Array]:
    """(y, log(y)) with y = softmax(z), along the axis; the logarithm does not underflow.

    log(y) = d - log(sum of exp(d)) with d = z - max(z). A y above 1/2, of which there is at most one, is that of the
    largest z, where d is 0 and exp(d) is 1. There log(sum of exp(d)) is log1p of the sum of the others, which may be
    tiny.
    """
    d = minus_largest(z, axis)
    e = np.exp(d)
    total = e.sum(axis=axis, keepdims=True)
    y = e / total
    large = y.real > 0.5
    others = np.where(large, 0, e).sum(axis=axis, keepdims=True)
    return y, np.where(large, -np.log1p(others), d - np.log(total))


def log_softmax(z: Array, axis: int = -1) -> Array:
    """log(softmax(z)) along the axis: the second of `softmax_and_log`."""
    return softmax_and_log(z, axis)[1]


def log_softmax_backward(dy: Array, z: Array, y: Array, axis: int = -1) -> Array:
    """dz[k] = dy[k] - p[k]*(sum of dy), with p = softmax(z) = exp(y).

    Written as dy[k]*(1 - p[k]) - p[k]*(sum of the other dy), it keeps its precision where p[k] is nearly 1.
    """
    p = np.exp(y)
    return dy * sum_of_others(p, axis) - p * (dy.sum(axis=axis, keepdims=True) - dy)


def sparsemax(z: Array, axis: int = -1) -> Array:
    """y[k] = max(z[k] - tau, 0) along the axis, with tau such that the y sum to 1; the low scores get exactly 0.

    The support, where y > 0, holds the largest scores: as many, K, as satisfy 1 + K*z[K] > z[1] + ... + z[K] in
    descending order. Then tau = (z[1] + ... + z[K] - 1)/K. Source: Martins and Astudillo 2016.
    """
    d = minus_largest(z, axis)
    descending = np.take_along_axis(d, np.argsort(-d.real, axis=axis, kind="stable"), axis=axis)
    sums = descending.cumsum(axis=axis)
    ranks = np.moveaxis(np.arange(1, z.shape[axis] + 1).reshape(-1, *[1] * (z.ndim - 1)), 0, axis)  # (..., K, ...)
    size = (1 + ranks * descending.real > sums.real).sum(axis=axis, keepdims=True)
    tau = (np.take_along_axis(sums, size - 1, axis=axis) - 1) / size.astype(z.real.dtype)
    return np.where(d.real <= tau.real, 0, d - tau)


def sparsemax_backward(dy: Array, z: Array, y: Array, axis: int = -1) -> Array:
    """dz[k] = dy[k] - mean of dy over the support where y > 0, and 0 elsewhere.

    On the support of K scores the derivative of tau with respect to z[k] is 1/K, and so that of y[j] is [j = k] - 1/K.
    """
    support = y.real > 0
    size = support.sum(axis=axis, keepdims=True).astype(y.real.dtype)
    mean = np.where(support, dy, 0).sum(axis=axis, keepdims=True) / size
    return np.where(support, dy - mean, 0)


# ---------------------------------------------------------------- parts


def minus_largest(z: Array, axis: int = -1) -> Array:
    """z - max(z) along the axis, which is 0 at the maximum also where that is infinite.

    A difference below the dtype's range is minus infinity, and exp of it 0, as it should be.
    """
    if z.dtype.kind == "c":  # the first of those with the largest real part
        top = np.take_along_axis(z, z.real.argmax(axis=axis, keepdims=True), axis=axis)
    else:
        top = z.max(axis=axis, keepdims=True)
    with np.errstate(over="ignore", invalid="ignore"):
        d = z - top
    d[z == top] = 0
    return d


def sum_of_others(a: Array, axis: int = -1) -> Array:
    """For each entry along the axis the sum of all the others.

    That is sum(a) - a; but where none is negative, for an entry above half the sum, of which there is at most one and
    which may be nearly the whole, the others themselves are summed. So of probabilities p it gives 1 - p with all
    digits, where p is nearly 1 too.
    """
    total = a.sum(axis=axis, keepdims=True)
    large = (a.real > total.real / 2) & (a.real.min(axis=axis, keepdims=True) >= 0)
    return np.where(large, np.where(large, 0, a).sum(axis=axis, keepdims=True), total - a)
