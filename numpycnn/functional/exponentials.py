"""Exponential and the exponential linear units, each with its backward: linear above zero, and saturating below."""

import numpy as np

from numpycnn.common.typing import Array

SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946
"""With these, SELU keeps mean 0 and variance 1 from layer to layer (Klambauer et al. 2017)."""


def exponential(z: Array) -> Array:
    """y = exp(z); beyond the dtype's range it is infinite."""
    with np.errstate(over="ignore"):
        return np.exp(z)


def exponential_backward(dy: Array, z: Array, y: Array) -> Array:
    """dz = dy * y."""
    return dy * y


def elu(z: Array, alpha: float = 1.0) -> Array:
    """y = z where z > 0, else alpha*(exp(z) - 1)."""
    return np.where(z.real > 0, z, alpha * np.expm1(np.minimum(z, 0)))


def elu_backward(dy: Array, z: Array, y: Array, alpha: float = 1.0) -> Array:
    """dz = dy where z > 0, else dy*alpha*exp(z)."""
    return np.where(z.real > 0, dy, dy * (alpha * np.exp(np.minimum(z, 0))))


def selu(z: Array) -> Array:
    """y = SELU_SCALE * elu(z, SELU_ALPHA)."""
    return SELU_SCALE * elu(z, SELU_ALPHA)


def selu_backward(dy: Array, z: Array, y: Array) -> Array:
    """dz = SELU_SCALE * that of elu."""
    return SELU_SCALE * elu_backward(dy, z, y, SELU_ALPHA)


def celu(z: Array, alpha: float = 1.0) -> Array:
    """y = z where z > 0, else alpha*(exp(z/alpha) - 1): the slope at zero is 1 for any alpha."""
    return np.where(z.real > 0, z, alpha * np.expm1(np.minimum(z, 0) / alpha))


def celu_backward(dy: Array, z: Array, y: Array, alpha: float = 1.0) -> Array:
    """dz = dy where z > 0, else dy*exp(z/alpha)."""
    return np.where(z.real > 0, dy, dy * np.exp(np.minimum(z, 0) / alpha))
