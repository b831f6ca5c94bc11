"""Activations y = f(z), each with its backward.

A backward takes dy and both z, the pre-activation, and y, the output, and computes from the one that keeps its digits:
tanh(15) is so near 1 that 1 - y*y has three digits left, while z has them all.
"""

import numpy as np

from numpycnn.common.typing import Array


def relu(z: Array) -> Array:
    """y = max(z, 0)."""
    return np.maximum(z, 0)


def relu_backward(dy: Array, z: Array, y: Array) -> Array:
    """dz = dy where y > 0, else 0. At the kink, z = 0, the gradient is 0, as in Keras."""
    return np.where(y.real > 0, dy, 0)


def sigmoid(z: Array) -> Array:
    """y = 1/(1 + exp(-z)), written so that exp never overflows: its argument is never positive."""
    e = exp_minus_abs(z)
    return np.where(z.real < 0, e, 1) / (1 + e)


def sigmoid_backward(dy: Array, z: Array, y: Array) -> Array:
    """dz = dy * e/(1 + e)**2 with e = exp(-|z|).

    The derivative is y*(1 - y). For positive z, y = 1/(1 + e) and 1 - y = e/(1 + e), and for negative z the other way
    round. Computed so, 1 - y keeps its digits where y is nearly 1.
    """
    e = exp_minus_abs(z)
    return dy * (e / (1 + e) ** 2)


def tanh(z: Array) -> Array:
    """y = (exp(z) - exp(-z))/(exp(z) + exp(-z))."""
    return np.tanh(z)


def tanh_backward(dy: Array, z: Array, y: Array) -> Array:
    """dz = dy * 4*e/(1 + e)**2 with e = exp(-2*|z|).

    The derivative is 1 - y*y = 1/cosh(z)**2 = 4/(exp(z) + exp(-z))**2; multiplied above and below by exp(-2*|z|), it
    neither overflows nor cancels.
    """
    e = exp_minus_abs(z) ** 2
    return dy * (4 * e / (1 + e) ** 2)


def exp_minus_abs(z: Array) -> Array:
    """exp(-|z|); the sign is taken from the real part, so that the complex step can differentiate this."""
    return np.exp(np.where(z.real < 0, z, -z))


def softmax(z: Array) -> Array:
    """y[k] = exp(z[k]) / sum of exp(z), over the last axis. The maximum is subtracted first, against overflow."""
    e = np.exp(minus_largest(z))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_backward(dy: Array, z: Array, y: Array) -> Array:
    """dz[k] = y[k] * (dy[k] - sum of dy*y over the last axis).

    The derivative of y[j] with respect to z[k] is y[j]*([j = k] - y[k]): raising one logit lowers all the other
    probabilities. So dz[k] = sum over j of dy[j]*y[j]*([j = k] - y[k]), which is the line above.

    As the y sum to 1, a constant added to dy changes nothing. So dy at the largest y is subtracted from all of dy
    first: where that y is nearly 1, the sum would be nearly that dy, and their difference would have no digits.
    """
    largest = y.real.argmax(axis=-1, keepdims=True)
    dy = dy - np.take_along_axis(dy, largest, axis=-1)
    return y * (dy - (dy * y).sum(axis=-1, keepdims=True))


def log_softmax(z: Array) -> Array:
    """log(softmax(z)) = d - log(sum of exp(d)) with d = z - max(z), over the last axis; it does not underflow.

    One of the terms exp(d) is 1, and the others may be tiny: the logarithm is log1p of their sum.
    """
    d = minus_largest(z)
    return d - np.log1p(without_largest(np.exp(d)).sum(axis=-1, keepdims=True))


def minus_largest(z: Array) -> Array:
    """z - max(z) over the last axis, which is 0 at the maximum also where that is infinite.

    A difference below the dtype's range is minus infinity, and exp of it 0, as it should be.
    """
    top = z.max(axis=-1, keepdims=True)
    with np.errstate(over="ignore"):
        return np.subtract(z, top, out=np.zeros_like(z), where=z != top)


def without_largest(a: Array) -> Array:
    """a with 0 in the place of its largest entry along the last axis, the first of equals."""
    rest = a.copy()
    np.put_along_axis(rest, a.real.argmax(axis=-1, keepdims=True), 0, axis=-1)
    return rest


def sum_of_others(a: Array) -> Array:
    """For each entry along the last axis the sum of all the others, for entries that are not negative.

    That is sum(a) - a; but for the largest entry, which may be nearly the whole sum, the others themselves are summed.
    So of probabilities p it gives 1 - p with all digits, where p is nearly 1 too.
    """
    others = a.sum(axis=-1, keepdims=True) - a
    largest = a.real.argmax(axis=-1, keepdims=True)
    np.put_along_axis(others, largest, without_largest(a).sum(axis=-1, keepdims=True), axis=-1)
    return others
