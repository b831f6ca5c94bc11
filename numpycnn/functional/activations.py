"""Activations y = f(z), each with its backward."""

import numpy as np

from numpycnn.common.typing import Array


def relu(z: Array) -> Array:
    """y = max(z, 0)."""
    return np.maximum(z, 0)


def relu_backward(dy: Array, y: Array) -> Array:
    """dz = dy where y > 0, else 0. At the kink, z = 0, the gradient is 0, as in Keras."""
    return np.where(y > 0, dy, 0)


def sigmoid(z: Array) -> Array:
    """y = 1/(1 + exp(-z)), written so that exp never overflows: its argument is never positive."""
    negative = z.real < 0  # .real, so that the complex step can differentiate this
    e = np.exp(np.where(negative, z, -z))  # exp(-|z|)
    return np.where(negative, e, 1) / (1 + e)


def sigmoid_backward(dy: Array, y: Array) -> Array:
    """dz = dy * y * (1 - y)."""
    return dy * y * (1 - y)


def tanh(z: Array) -> Array:
    """y = (exp(z) - exp(-z))/(exp(z) + exp(-z))."""
    return np.tanh(z)


def tanh_backward(dy: Array, y: Array) -> Array:
    """dz = dy * (1 - y*y)."""
    return dy * (1 - y * y)


def softmax(z: Array) -> Array:
    """y[k] = exp(z[k]) / sum of exp(z), over the last axis. The maximum is subtracted first, against overflow."""
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_backward(dy: Array, y: Array) -> Array:
    """dz[k] = y[k] * (dy[k] - sum of dy*y over the last axis).

    The derivative of y[j] with respect to z[k] is y[j]*([j = k] - y[k]): raising one score lowers all the other
    probabilities. So dz[k] = sum over j of dy[j]*y[j]*([j = k] - y[k]), which is the line above.
    """
    return y * (dy - (dy * y).sum(axis=-1, keepdims=True))


def log_softmax(z: Array) -> Array:
    """log(softmax(z)) without the underflow: z - max(z) - log(sum of exp(z - max(z))), over the last axis."""
    z = z - z.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
