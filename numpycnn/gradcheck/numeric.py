"""Derivatives by numbers alone: of the sum of g(t) at t = 0, where g gives an array for a number t.

The complex step moves t by an imaginary number so small that nothing is rounded away beside it:

    g(ih) = g(0) + ih g'(0) + ...        so  g'(0) = imag(g(ih))/h,  to the last digit

It needs a g that carries complex numbers as they come. Central differences need real numbers only, but have to find a
step that is neither too long, where g bends, nor too short, where rounding shows.

At a kink, such as that of max(t, 0), the derivatives from the left and from the right differ. NumPy orders complex
numbers by their real parts and then by their imaginary ones, so there, and nowhere else, g(ih) and g(-ih) are not
conjugates: the sign of the step has decided a comparison. Source: Squire and Trapp 1998; the extrapolation is
Richardson's.
"""

import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from numpycnn.common.typing import Array

Line = Callable[[complex], Array]
"""A function of one number. It gives an array of terms; what is differentiated is their sum."""

IMAGINARY_STEP = 1e-30
STEPS = (1e-3, 1e-4, 1e-5, 1e-6)
"""Steps of central differences, in units of the numbers that are moved."""

KINK_STEPS = (1e-7, 1e-9)
"""Steps that tell a kink, where both sides have a derivative, from a function that has none."""

EPSILON = float(np.finfo(np.float64).eps)


class Derivative(NamedTuple):
    """The derivatives from the left and from the right: equal where there is no kink, NaN where there is none."""

    left: float
    right: float
    low: float
    high: float
    """At a kink all between these may be claimed: the sums of every term's lower and higher derivative."""
    noise: float
    """How much of it may be rounding: an absolute error that is not worth mentioning."""

    @property
    def is_kink(self) -> bool:
        """Whether the two sides of a term differ."""
        return self.high > self.low

    @property
    def middle(self) -> float:
        """The number to compare with; at a kink the mean of both."""
        return (self.left + self.right) / 2

    def miss(self, claimed: float) -> float:
        """How far a claimed derivative is from this one, or at a kink from all that may be claimed."""
        return float(np.maximum(np.maximum(self.low - claimed, claimed - self.high), 0.0))  # NaN stays NaN

    def widened(self, number: float) -> "Derivative":
        """The same where that number too may be claimed."""
        return self._replace(low=min(self.low, number), high=max(self.high, number))

    def agrees(self, other: "Derivative") -> bool:
        """Whether two ways of measuring gave the same, as far as differences can tell."""
        largest = max(abs(side) for side in (self.left, self.right, other.left, other.right))
        close = 1e-6 * largest + self.noise + other.noise
        return abs(self.left - other.left) <= close and abs(self.right - other.right) <= close


def sides(left: Array, right: Array, noise: float) -> Derivative:
    """The derivative of a sum, from those of its terms from the left and from the right."""
    low, high = float(np.minimum(left, right).sum()), float(np.maximum(left, right).sum())
    return Derivative(float(left.sum()), float(right.sum()), low, high, noise)


def complex_step(line: Line, rounding: float) -> Derivative:
    """The derivative by the complex step. Raises what the line raises, or where it casts to real numbers.

    rounding: how far rounding may move the line's own sum.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", np.exceptions.ComplexWarning)
        up, down = line(1j * IMAGINARY_STEP), line(-1j * IMAGINARY_STEP)
    return sides(-down.imag / IMAGINARY_STEP, up.imag / IMAGINARY_STEP, rounding)


def central_difference(line: Line, unit: float, rounding: float) -> Derivative:
    """The derivative by differences, with the longest step that serves.

    unit: the size of what is moved. rounding: as for the complex step.

    For a smooth g the gap between the right and the left difference halves with the step, and what their mean is off
    falls to a quarter. A kink in g within the step breaks the first rule, one in g' the second. Of two steps
    Richardson's (4*mean(h/2) - mean(h))/3 is off by h**4.
    """
    base = line(0.0)
    for h in (step * unit for step in STEPS):
        tries = [sums(one_sided(line, base, step)) for step in (h, h / 2, h / 4)]
        (wide, middle, narrow), gaps = ((left + right) / 2 for left, right in tries), [r - left for left, r in tries]
        noise = 16 * rounding / h
        if max(abs(gaps[0] - 2 * gaps[1]), abs(wide - 5 * middle + 4 * narrow)) <= 1e-10 * abs(middle) + noise:
            value = (4 * middle - wide) / 3
            return Derivative(value, value, value, value, noise)
    for h in (step * unit for step in KINK_STEPS):
        far, near = one_sided(line, base, h), one_sided(line, base, h / 2)
        noise = 1e-5 * float(np.abs(near).sum()) + 4 * rounding / h
        if abs(np.subtract(sums(far), sums(near))).sum() <= noise:
            return sides(*near, noise)
    return Derivative(np.nan, np.nan, np.nan, np.nan, 0.0)


def one_sided(line: Line, base: Array, h: float) -> tuple[Array, Array]:
    """The terms' differences to the left and to the right, over h."""
    return (base - line(-h)) / h, (line(h) - base) / h


def sums(terms: tuple[Array, Array]) -> tuple[float, float]:
    """The sums over terms: of their differences, which rounds less than the difference of their sums."""
    return float(terms[0].sum()), float(terms[1].sum())
