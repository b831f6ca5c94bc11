"""Piecewise polynomial activations y = f(z): ReLU and its relatives, each with its backward.

At a kink, where the slopes on both sides differ, the derivative is Keras's: mostly the slope on the left, and at an
upper bound 0; that of soft_shrink at -1/2, and of hard_silu at 3, is the one on the right.
Pieces are chosen by the real part of z, so that the complex step can differentiate all of them; and so that NaN, which
is in no interval, stays NaN.
"""

import numpy as np

from numpycnn.common.typing import Array


def linear(z: Array) -> Array:
    """y = z."""
    return z


def linear_backward(dy: Array, z: Array, y: Array) -> Array:
    """dz = dy."""
    return dy


def relu(z: Array) -> Array:
    """y = max(z, 0)."""
    y = np.zeros_like(z)  # NumPy compares two arrays in less than half the time of an array and a number
    return np.maximum(z, y, out=y)


def relu_backward(dy: Array, z: Array, y: Array) -> Array:
    """dz = dy where y > 0, else 0. At the kink, z = 0, the gradient is 0, as in Keras."""
    return dy * (y.real > 0)


def rectifier(z: Array, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Array:
    """y = z where z > threshold, else negative_slope*(z - threshold); then at most max_value. As Keras's relu."""
    y = relu(z) if threshold == 0.0 else np.where(z.real <= threshold, 0, z)
    if negative_slope:
        y = y + negative_slope * np.minimum(z - threshold, 0)
    return y if max_value is None else np.where(y.real >= max_value, max_value, y)


def rectifier_backward(
    dy: Array,
    z: Array,
    y: Array,
    negative_slope: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
) -> Array:
    """dz = dy where y > 0, else negative_slope*dy; and 0 where y has reached max_value.

    As no argument is negative, y > 0 where z > threshold, and nowhere else.
    """
    dz = relu_backward(dy, z, y)
    if negative_slope:
        dz = dz + negative_slope * dy * ~(y.real > 0)
    return dz if max_value is None else dz * (y.real < max_value)


def leaky_relu(z: Array, negative_slope: float = 0.2) -> Array:
    """y = z where z > 0, else negative_slope*z."""
    return rectifier(z, negative_slope)


def leaky_relu_backward(dy: Array, z: Array, y: Array, negative_slope: float = 0.2) -> Array:
    """dz = dy where y > 0, else negative_slope*dy."""
    return rectifier_backward(dy, z, y, negative_slope)


def relu6(z: Array) -> Array:
    """y = min(max(z, 0), 6)."""
    return rectifier(z, max_value=6.0)


def relu6_backward(dy: Array, z: Array, y: Array) -> Array:
    """dz = dy where 0 < y < 6, else 0."""
    return rectifier_backward(dy, z, y, max_value=6.0)


def prelu(z: Array, alpha: Array) -> Array:
    """y = z where z > 0, else alpha*z, for a learned alpha whose shape is broadcast against z's."""
    return np.where(z.real > 0, z, alpha * z)


def prelu_backward(dy: Array, z: Array, alpha: Array) -> tuple[Array, Array]:
    """(dz, dalpha): dz = dy where z > 0, else alpha*dy; dalpha, of alpha's shape, sums dy*z where z <= 0.

    An alpha that several numbers share has a derivative by each of them: they are summed, over the axes along which
    alpha is broadcast.
    """
    above = z.real > 0
    terms = dy * z * ~above
    lead = terms.ndim - alpha.ndim
    shared = tuple(range(lead)) + tuple(lead + k for k, size in enumerate(alpha.shape) if size == 1)
    return dy * above + alpha * dy * ~above, terms.sum(axis=shared).reshape(alpha.shape)  # alpha's


# ---------------------------------------------------------------- bounded on both sides


def within(z: Array, low: float, high: float) -> Array:
    """Whether low < z < high."""
    return (z.real > low) & (z.real < high)


def bounded(z: Array, low: float, high: float) -> Array:
    """min(max(z, low), high)."""
    return np.where(z.real < low, low, np.where(z.real > high, high, z))


def hard_tanh(z: Array) -> Array:
    """y = min(max(z, -1), 1)."""
    return bounded(z, -1, 1)


def hard_tanh_backward(dy: Array, z: Array, y: Array) -> Array:
    """dz = dy where -1 < y < 1, else 0."""
    return dy * within(y, -1, 1)


def hard_sigmoid(z: Array) -> Array:
    """y = min(max((z + 3)/6, 0), 1)."""
    return bounded(z + 3, 0, 6) / 6


def hard_sigmoid_backward(dy: Array, z: Array, y: Array) -> Array:
    """dz = dy/6 where -3 < z < 3, else 0."""
    return dy / 6 * within(z, -3, 3)


def hard_silu(z: Array) -> Array:
    """y = z * hard_sigmoid(z)."""
    return z * hard_sigmoid(z)


def hard_silu_backward(dy: Array, z: Array, y: Array) -> Array:
    """dz = dy * (hard_sigmoid(z) + z * its derivative), by the product rule."""
    return dy * hard_sigmoid(z) + np.where(within(z, -3, 3), z, 0) * (dy / 6)


def sparse_sigmoid(z: Array) -> Array:
    """y = min(max((z + 1)/2, 0), 1)."""
    return bounded(z + 1, 0, 2) / 2


def sparse_sigmoid_backward(dy: Array, z: Array, y: Array) -> Array:
    """dz = dy/2 where -1 < z < 1, else 0."""
    return np.where(within(z, -1, 1), dy / 2, 0)


def sparse_plus(z: Array) -> Array:
    """y = 0 up to z = -1, (z + 1)**2/4 up to 1, and z from there on: the integral of sparse_sigmoid."""
    return np.where(z.real < 1, sparse_sigmoid(z) ** 2, z)


def sparse_plus_backward(dy: Array, z: Array, y: Array) -> Array:
    """dz = dy * sparse_sigmoid(z)."""
    return dy * sparse_sigmoid(z)


# ---------------------------------------------------------------- zero around zero


def hard_shrink(z: Array, threshold: float = 0.5) -> Array:
    """y = z where |z| > threshold, else 0."""
    return np.where(np.abs(z.real) <= threshold, 0, z)


def hard_shrink_backward(dy: Array, z: Array, y: Array, threshold: float = 0.5) -> Array:
    """dz = dy where |z| > threshold, else 0."""
    return np.where(np.abs(z.real) > threshold, dy, 0)


def soft_shrink(z: Array, threshold: float = 0.5) -> Array:
    """y = z moved towards zero by threshold, and no further."""
    return z - bounded(z, -threshold, threshold)


def soft_shrink_backward(dy: Array, z: Array, y: Array, threshold: float = 0.5) -> Array:
    """dz = dy where |z| > threshold, else 0."""
    return hard_shrink_backward(dy, z, y, threshold)


def threshold(z: Array, threshold: float, default_value: float) -> Array:
    """y = z where z > threshold, else default_value."""
    return np.where(z.real <= threshold, default_value, z)


def threshold_backward(dy: Array, z: Array, y: Array, threshold: float, default_value: float) -> Array:
    """dz = dy where z > threshold, else 0."""
    return np.where(z.real > threshold, dy, 0)
