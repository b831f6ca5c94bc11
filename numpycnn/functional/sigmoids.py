"""Sigmoid, tanh, softplus and what is made of them: smooth activations y = f(z), each with its backward.

A backward takes dy and both z, the pre-activation, and y, the output, and computes from the one that keeps its digits:
tanh(15) is so near 1 that 1 - y*y has three digits left, while z has them all. Exponentials have arguments that are not
positive, so that none overflows.
"""

import numpy as np

from numpycnn.common.typing import Array


def magnitude(z: Array) -> Array:
    """|z|; the sign is taken from the real part, so that the complex step can differentiate this."""
    return np.where(z.real < 0, -z, z) if np.iscomplexobj(z) else np.abs(z)


def negative_part(z: Array) -> Array:
    """min(z, 0), by the real part."""
    return np.where(z.real < 0, z, 0) if np.iscomplexobj(z) else np.minimum(z, 0)


def exp_minus_abs(z: Array) -> Array:
    """exp(-|z|)."""
    return np.exp(-magnitude(z))


def sigmoid(z: Array) -> Array:
    """y = 1/(1 + exp(-z)) = exp(min(z, 0))/(1 + exp(-|z|)): no argument of exp is positive, so that none overflows."""
    return np.exp(negative_part(z)) / (1 + exp_minus_abs(z))


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


def tanh_shrink(z: Array) -> Array:
    """y = z - tanh(z).

    Near zero the difference would cancel. There tanh(z) = z/(1 + c), with Lambert's continued fraction
    c = z**2/(3 + z**2/(5 + z**2/(7 + ...))), and y = z*c/(1 + c).
    """
    near = np.abs(z.real) < 1
    square = np.where(near, z, 0) ** 2
    c = np.zeros_like(z)
    for odd in range(19, 1, -2):
        c = square / (odd + c)
    return np.where(near, z * c / (1 + c), z - np.tanh(z))


def tanh_shrink_backward(dy: Array, z: Array, y: Array) -> Array:
    """dz = dy * tanh(z)**2."""
    return dy * np.tanh(z) ** 2


# ---------------------------------------------------------------- logarithms


def softplus(z: Array) -> Array:
    """y = log(1 + exp(z)) = max(z, 0) + log(1 + exp(-|z|))."""
    return np.maximum(z, 0) + np.log1p(exp_minus_abs(z))


def softplus_backward(dy: Array, z: Array, y: Array) -> Array:
    """dz = dy * sigmoid(z)."""
    return dy * sigmoid(z)


def log_sigmoid(z: Array) -> Array:
    """y = log(sigmoid(z)) = -softplus(-z)."""
    return -softplus(-z)


def log_sigmoid_backward(dy: Array, z: Array, y: Array) -> Array:
    """dz = dy * (1 - sigmoid(z)) = dy * sigmoid(-z)."""
    return dy * sigmoid(-z)


# ---------------------------------------------------------------- z times a gate


def silu(z: Array) -> Array:
    """y = z * sigmoid(z)."""
    return z * sigmoid(z)


def silu_backward(dy: Array, z: Array, y: Array) -> Array:
    """dz = dy * s*(1 + z*(1 - s)) with s = sigmoid(z) and 1 - s = sigmoid(-z), by the product rule."""
    return dy * (sigmoid(z) * (1 + z * sigmoid(-z)))


def mish(z: Array) -> Array:
    """y = z * tanh(softplus(z))."""
    return z * mish_gate(z)[0]


def mish_backward(dy: Array, z: Array, y: Array) -> Array:
    """dz = dy * (t + z * (1 - t**2) * sigmoid(z)) with t = tanh(softplus(z)); the factor after z is t's derivative."""
    t, one_minus_t = mish_gate(z)
    return dy * (t + z * (one_minus_t * (1 + t)) * sigmoid(z))


def mish_gate(z: Array) -> tuple[Array, Array]:
    """t = tanh(log(1 + w)) = ((1 + w)**2 - 1)/((1 + w)**2 + 1) with w = exp(z), and 1 - t.

    With e = exp(-|z|), that is e for w or for 1/w, nothing overflows or cancels.
    """
    e = exp_minus_abs(z)
    negative = z.real < 0
    above = np.where(negative, e * (e + 2), 1 + 2 * e)  # of the fraction
    rest = np.where(negative, 2, 2 * e**2)
    return above / (above + rest), rest / (above + rest)


def glu(z: Array, axis: int = -1) -> Array:
    """y = a * sigmoid(b), where a and b are the halves of z along the axis: y is half as long as z there."""
    a, b = np.split(z, 2, axis)
    return a * sigmoid(b)


def glu_backward(dy: Array, z: Array, y: Array, axis: int = -1) -> Array:
    """da = dy * sigmoid(b), and db = dy * a * the derivative of sigmoid(b), side by side along the axis."""
    a, b = np.split(z, 2, axis)
    gate = sigmoid(b)
    return np.concatenate([dy * gate, sigmoid_backward(dy * a, b, gate)], axis)


# ---------------------------------------------------------------- algebraic


def softsign(z: Array) -> Array:
    """y = z/(1 + |z|)."""
    return z / (1 + magnitude(z))


def softsign_backward(dy: Array, z: Array, y: Array) -> Array:
    """dz = dy/(1 + |z|)**2."""
    return dy * (1 / (1 + magnitude(z))) ** 2


def squareplus(z: Array, b: float = 4.0) -> Array:
    """y = (z + r)/2 with r = sqrt(z**2 + b); of negative z b/(2*(r - z)), the same without cancellation."""
    size = magnitude(z)
    above = hypotenuse(size, b) + size
    return np.where(z.real < 0, b / 2 / above, above / 2)


def squareplus_backward(dy: Array, z: Array, y: Array, b: float = 4.0) -> Array:
    """dz = dy * (1 + z/r)/2 = dy * y/r."""
    return dy * (y / hypotenuse(magnitude(z), b))


def hypotenuse(size: Array, b: float) -> Array:
    """sqrt(size**2 + b), without the overflow of a square."""
    largest = np.minimum(np.maximum(size.real, b**0.5), np.finfo(size.real.dtype).max)  # which is finite
    return largest * np.sqrt((size / largest) ** 2 + (b**0.5 / largest) ** 2)
