"""Numerical derivatives: of the sum of g(t) at t = 0, where g returns an array of terms for a number t.

The complex step adds an imaginary number to t, so small that it causes no rounding error:

    g(ih) = g(0) + ih g'(0) + ...        so  g'(0) = imag(g(ih))/h,  to the last digit

It needs a g that propagates complex numbers: np.abs, for one, does not, and contributes 0. So real differences have to
confirm it. Their step must be neither too long, because g is not linear, nor too short, because of rounding; steps are
tried until the error is small, and the error is estimated from the disagreement of three steps.

At a kink, such as that of max(t, 0), the derivatives from the left and from the right differ. NumPy orders complex
numbers by their real parts and then by their imaginary ones, so there g(ih) and g(-ih) are not conjugates: the sign of
the step has decided a comparison. Source: Squire and Trapp 1998; the extrapolation is Richardson's.
"""

import warnings
from collections.abc import Callable
from itertools import pairwise
from math import log2
from typing import NamedTuple

import numpy as np

from numpycnn.common.typing import Array

Line = Callable[[complex], Array]
"""A function of one number that returns an array of terms, whose sum is differentiated."""

IMAGINARY_STEP = 1e-180
"""So small that its square is exactly 0.

Otherwise that decides, where all else cancels, which side of a kink is taken: (ih)(1 + ih) = -h**2 + ih has a negative
real part, though t(1 + t) is positive for t > 0.
"""

STEPS = tuple(2.0**-k for k in (8, 12, 16, 20, 24, 28, 32, 36, 4, 1))
"""Step sizes of differences in the order in which they are tried, in units of the numbers that are changed.

The long ones come last: with them a steep function may look flat.
"""

SHARP = 1e-9
"""The relative error at which no further step is tried."""

KINK_STEP = 2.0**-20
"""The step, likewise, by which one-sided differences confirm a kink that the complex step has seen."""

AT_KINKS = 1e-4
"""The relative error that they may have."""

RESOLVED = 1e-2
"""The relative error at which a derivative by differences can confirm the complex step, or contradict it."""

JUMP = 1e-7
"""With a larger jump, relative to the change of the function along the line, there is no derivative."""

SHORTER = 16
"""The divisor of the step by which noise is estimated again."""

SAFETY = 4
"""How many times their noise, an estimate, two measurements may be apart."""

EPSILON = float(np.finfo(np.float64).eps)


class Measured(NamedTuple):
    """A measured derivative of a sum of terms, from the left and from the right."""

    left: Array
    """Of every term."""
    right: Array
    """Of every term. It equals `left` where there is no kink."""
    noise: float
    """The error bound of the sum; inf if nothing could be measured."""
    method: str
    """The method: "complex" or "central"."""
    why: str = ""
    """Why the complex step was not used."""
    step: float = 0.0
    """The step of differences."""

    @property
    def low(self) -> float:
        """The smallest right claim: the sum of every term's smaller derivative."""
        return float(np.minimum(self.left, self.right).sum())

    @property
    def high(self) -> float:
        """The largest right claim."""
        return float(np.maximum(self.left, self.right).sum())

    @property
    def middle(self) -> float:
        """The derivative, at a kink the mean of both sides."""
        return float(self.left.sum() + self.right.sum()) / 2

    @property
    def is_kink(self) -> bool:
        """Whether the two sides of a term differ."""
        return self.noise < np.inf and self.high > self.low

    @property
    def size(self) -> float:
        """The magnitude of the terms, to which the rounding error of their sum is proportional."""
        return float(np.linalg.norm(np.maximum(np.abs(self.left), np.abs(self.right))))

    def resolved(self, error: float) -> bool:
        """Whether the noise is at most `error`, relative to the terms."""
        return self.noise <= error * self.size

    def miss(self, claimed: float) -> float:
        """The distance of a claimed derivative from this one, or at a kink from the interval between both sides."""
        return max(self.low - claimed, claimed - self.high, 0.0)

    def agrees(self, other: "Measured", unseen: float = 0.0) -> bool:
        """Whether both sides of two measurements are equal up to noise, and to what one of them cannot see."""
        apart = max(abs(self.left - other.left).sum(), abs(self.right - other.right).sum())
        slack = 1e-6 if self.is_kink and other.is_kink else 64 * EPSILON  # one-sided differences have more noise
        return bool(apart <= SAFETY * (self.noise + other.noise) + slack * self.size + unseen)


def measure(line: Line, base: Array, unit: float, method: str, rounding: float = 0.0) -> Measured:
    """The derivative along a line. With "auto" it is the complex step's where differences confirm it.

    base: line(0). unit: the size of the numbers that are moved. rounding: how far the complex step and differences may
    be apart because intermediate results are larger than f.
    """
    if method == "complex":
        return complex_step(line)
    if method == "central":
        return by_differences(line, base, unit)
    try:
        exact = complex_step(line)
    except Exception as error:  # user code may raise anything for complex numbers
        why = f"the function does not take complex numbers ({type(error).__name__}: {error})"
        return by_differences(line, base, unit)._replace(why=why)
    if exact.is_kink and has_sides(exact, line, base, unit * KINK_STEP):
        return exact
    real = by_differences(line, base, unit)
    hidden = unseen(exact, real, base)
    if not exact.agrees(real, hidden) and real.noise < np.inf:
        real = doubted(real, line, base)
    return confirmed(exact, real, rounding, hidden)


def doubted(real: Measured, line: Line, base: Array) -> Measured:
    """Differences, with a second estimate of their noise by a step that has so many times the rounding error.

    The first one may be small by chance: of several steps the one with the least was taken.
    """
    again = at_step(line, base, real.step / SHORTER)
    apart = max(abs(again.left - real.left).sum(), abs(again.right - real.right).sum())
    return real._replace(noise=max(real.noise, SAFETY * (again.noise + apart) / SHORTER))


def unseen(exact: Measured, real: Measured, base: Array) -> float:
    """The part of a derivative that no difference shows, as of a sigmoid that is 1 to the last digit."""
    size = np.maximum(abs(exact.left), abs(exact.right))
    still = (real.left == 0) & (real.right == 0) & (size * real.step <= 2 * EPSILON * abs(base))
    return float(size[still].sum())


def has_sides(exact: Measured, line: Line, base: Array, h: float) -> bool:
    """Whether the differences to the right and to the left confirm a kink."""
    right, left = (line(h) - base) / h, (base - line(-h)) / h
    apart = abs(right - exact.right).sum() + abs(left - exact.left).sum()
    return bool(apart + 4 * EPSILON / h * abs(base).sum() <= AT_KINKS * exact.size)


def by_differences(line: Line, base: Array, unit: float) -> Measured:
    """The derivative by differences; nothing is known of it where the function jumps."""
    found = differences(line, base, unit)
    return found._replace(noise=np.inf) if jumps(line, base, unit, found.size) else found


def confirmed(exact: Measured, real: Measured, rounding: float, unseen: float) -> Measured:
    """The complex step's derivative if differences confirm it, else theirs; with their noise if they cannot tell."""
    if exact.agrees(real, unseen) or abs(exact.middle - real.middle) <= rounding:
        return exact if real.resolved(RESOLVED) else exact._replace(noise=real.noise)
    if real.is_kink and real.miss(exact.middle) <= real.noise:
        return real  # rounding, or `.real`, hides the kink from the complex step
    return real._replace(
        why="the function does not carry complex numbers through: somewhere the complex step gives "
        f"{exact.middle:.6g}, and differences give {real.middle:.6g}"
    )


def complex_step(line: Line) -> Measured:
    """The derivative by the complex step. Raises what the line raises, or where it casts to real numbers."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", np.exceptions.ComplexWarning)
        right, left = (line(1j * step).imag / step for step in (IMAGINARY_STEP, -IMAGINARY_STEP))
    return Measured(left, right, 0.0 if np.isfinite(left + right).all() else np.inf, "complex")


def jumps(line: Line, base: Array, unit: float, size: float) -> bool:
    """Whether the function jumps at the point: by more than rounding, and as far with a shorter step.

    Where it is flat and 0, as relu(t)**2 is, its curvature alone is more than JUMP allows; but that falls with h**2.
    """
    h, rounding = min(STEPS) * unit, 1e3 * EPSILON * float(np.abs(base).sum())
    near = bend(line, base, h)
    return near > JUMP * unit * size + rounding and near > bend(line, base, 4 * h) / 8


def bend(line: Line, base: Array, h: float) -> float:
    """How far the function is from a straight line between -h and h: of a jump, its size, however short the step."""
    return float(abs(line(h) + line(-h) - 2 * base).sum())


def differences(line: Line, base: Array, unit: float) -> Measured:
    """The derivative by differences, with the step that has the least noise.

    A resolved result is replaced only by one that agrees: a contradiction may be due to rounding, by which x + h equals
    x, and every difference is 0. If both are resolved and contradict each other, nothing is known.
    """
    power_of_two = 2.0 ** round(log2(unit))  # x + h is exact then
    best = Measured(np.zeros(base.shape), np.zeros(base.shape), np.inf, "central")
    for h in STEPS:
        found = at_step(line, base, h * power_of_two)
        if best.resolved(RESOLVED) and not found.agrees(best):
            if found.resolved(RESOLVED):
                return best._replace(noise=np.inf)
            continue
        if found.noise < best.noise:
            best = found
        if best.resolved(SHARP) or (found.size == 0 and found.noise < np.inf):
            break
    hidden = best.size == 0 and best.noise * unit > RESOLVED  # beside so large a constant nothing would show
    return best._replace(noise=np.inf) if hidden else best


def at_step(line: Line, base: Array, h: float) -> Measured:
    """The derivatives of every term by the steps h, h/2 and h/4.

    Beside a kink the mean of both sides is no derivative. With D = right - left, D(h) - 10 D(h/2) + 16 D(h/4) is 0 for
    a smooth function but for h**5, and 7 times the kink for one with a kink at 0: it counts as noise of the mean.
    """
    moved = [(line(step) - base, base - line(-step), step) for step in (h, h / 2, h / 4)]
    right, left = [r / step for r, _, step in moved], [d / step for _, d, step in moved]
    changed = np.any([*right, *left], axis=0)
    rounding = 2 * EPSILON / h * np.abs(base) * (changed | ~changed.any())
    mean, mean_error = extrapolated([(r + d) / 2 for r, d in zip(right, left, strict=True)], 4)
    (right_end, right_error), (left_end, left_error) = extrapolated(right, 2), extrapolated(left, 2)
    gap = [r - d for r, d in zip(right, left, strict=True)]
    mean_error = mean_error + abs(gap[0] - 10 * gap[1] + 16 * gap[2])
    ends, ends_error = (right_end + left_end) / 2, right_error + left_error
    kink = abs(right_end - left_end) > 4 * (ends_error + rounding)
    smooth = np.where(mean_error <= ends_error, mean, ends)
    noise = float((np.where(kink, ends_error, np.minimum(mean_error, ends_error)) + rounding).sum())
    left_side, right_side = np.where(kink, left_end, smooth), np.where(kink, right_end, smooth)
    return Measured(left_side, right_side, noise if noise < np.inf else np.inf, "central", step=h)


def extrapolated(values: list[Array], factor: int) -> tuple[Array, Array]:
    """The limit of values whose error falls by `factor` when the step is halved, and an estimate of its error."""
    far, near = ((factor * b - a) / (factor - 1) for a, b in pairwise(values))
    return near, abs(near - far)
