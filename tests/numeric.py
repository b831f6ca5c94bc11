"""Derivatives by numbers alone: what the hand-derived backward passes are held to.

The complex step has no subtraction and so no rounding to speak of: f(x + ih) = f(x) + ih f'(x) + ..., so that the
imaginary part over h is the derivative to the last digit (Squire and Trapp 1998).
"""

from collections.abc import Callable

import numpy as np

from numpycnn.common.typing import Array

STEP = 1e-30


def complex_step(f: Callable[[Array], complex], x: Array) -> Array:
    """The gradient of a real function of a float64 array, one entry at a time."""
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        moved = x.astype(np.complex128)
        moved[index] += 1j * STEP
        gradient[index] = f(moved).imag / STEP
    return gradient


def central_difference(f: Callable[[Array], float], x: Array, step: float = 1e-5) -> Array:
    """The same by two evaluations each; its error is of the order of step squared, and of rounding over step."""
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += step
        down[index] -= step
        gradient[index] = (f(up) - f(down)) / (2 * step)
    return gradient


def error(claimed: Array, true: Array) -> float:
    """The norm-wise error: the largest difference, in units of the largest entry."""
    assert claimed.shape == true.shape
    scale = np.abs(true).max(initial=0.0)
    return float(np.abs(claimed - true).max(initial=0.0) / (scale or 1.0))


def same_bits(actual: Array, expected: Array) -> None:
    """The same dtype, shape and numbers, bit for bit, but that minus zero is zero."""
    np.testing.assert_array_equal(actual, expected, strict=True)
