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
    first: where that y is nearly 1, the sum would be nearly that dy, and their difference would have no digits.
    """
    largest = y.real.argmax(axis=axis, keepdims=True)
    dy = dy - np.take_along_axis(dy, largest, axis=axis)
    return y * (dy - (dy * y).sum(axis=axis, keepdims=True))


def log_softmax(z: Array, axis: int = -1) -> Array:
    """log(softmax(z)) = d - log(sum of exp(d)) with d = z - max(z), along the axis; it does not underflow.

    One of the terms exp(d) is 1, and the others may be tiny: the logarithm is log1p of their sum.
    """
    d = minus_largest(z, axis)
    return d - np.log1p(without_largest(np.exp(d), axis).sum(axis=axis, keepdims=True))


def log_softmax_backward(dy: Array, z: Array, y: Array, axis: int = -1) -> Array:
    """dz[k] = dy[k] - p[k]*(sum of dy), with p = softmax(z) = exp(y).

    Written as dy[k]*(1 - p[k]) - p[k]*(sum of the other dy), it keeps its digits where p[k] is nearly 1.
    """
    p = np.exp(y)
    return dy * sum_of_others(p, axis) - p * (dy.sum(axis=axis, keepdims=True) - dy)


def sparsemax(z: Array, axis: int = -1) -> Array:
    """y[k] = max(z[k] - tau, 0) along the axis, with tau such that the y sum to 1; the low scores get exactly 0.

    The support, where y > 0, holds the largest scores: as many, K, as satisfy 1 + K*z[K] > z[1] + ... + z[K] in
    falling order. Then tau = (z[1] + ... + z[K] - 1)/K. Source: Martins and Astudillo 2016.
    """
    d = minus_largest(z, axis)
    falling = np.take_along_axis(d, np.argsort(-d.real, axis=axis, kind="stable"), axis=axis)
    sums = falling.cumsum(axis=axis)
    ranks = np.moveaxis(np.arange(1, z.shape[axis] + 1).reshape(-1, *[1] * (z.ndim - 1)), 0, axis)  # (..., K, ...)
    size = (1 + ranks * falling.real > sums.real).sum(axis=axis, keepdims=True)
    tau = (np.take_along_axis(sums, size - 1, axis=axis) - 1) / size.astype(z.real.dtype)
    return np.where(d.real > tau.real, d - tau, 0)


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
    if z.dtype.kind == "c":  # the first of equals, as in `without_largest`
        top = np.take_along_axis(z, z.real.argmax(axis=axis, keepdims=True), axis=axis)
    else:
        top = z.max(axis=axis, keepdims=True)
    with np.errstate(over="ignore"):
        return np.subtract(z, top, out=np.zeros_like(z), where=z != top)


def without_largest(a: Array, axis: int = -1) -> Array:
    """a with 0 in the place of its largest entry along the axis, the first of equals."""
    rest = a.copy()
    np.put_along_axis(rest, a.real.argmax(axis=axis, keepdims=True), 0, axis=axis)
    return rest


def sum_of_others(a: Array, axis: int = -1) -> Array:
    """For each entry along the axis the sum of all the others, for entries that are not negative.

    That is sum(a) - a; but for the largest entry, which may be nearly the whole sum, the others themselves are summed.
    So of probabilities p it gives 1 - p with all digits, where p is nearly 1 too.
    """
    others = a.sum(axis=axis, keepdims=True) - a
    largest = a.real.argmax(axis=axis, keepdims=True)
    np.put_along_axis(others, largest, without_largest(a, axis).sum(axis=axis, keepdims=True), axis=axis)
    return others
