"""The adjoint identity: the check for linear functions, with neither steps nor kinks.

The backward of a linear function J is its transpose, so for any u and g

    <J u, g> = <u, J' g>

where <a, b> is the sum of a*b. One u at random checks every entry at once. That J is linear is checked too, by
J(a*u + b*v) = a*J u + b*J v. A function of several arrays, such as a convolution of images and kernel, is checked in
each by itself while the others stay.
"""

import numpy as np

from numpycnn.common.typing import Array, Rng
from numpycnn.gradcheck.decision import FAILED, PASSED
from numpycnn.gradcheck.problem import Problem
from numpycnn.gradcheck.report import Row

BOUND = 1e-14
"""The largest difference that passes, in units of the terms that are summed."""

A, B = 0.75, -1.625
"""Neither adds up to 1 with the other, so that a constant beside a linear function shows."""


def adjoint_row(problem: Problem, name: str, claimed: Array, rng: Rng) -> Row:
    """The row for one array: the identity, or linearity where that is further off."""
    u, v = rng.standard_normal(claimed.shape), rng.standard_normal(claimed.shape)
    ju, jv, both = (problem.value(name, array) for array in (u, v, A * u + B * v))
    linear, back = A * ju + B * jv, u * claimed
    size = float(max(np.linalg.norm(back), np.linalg.norm(ju)))
    found = [
        (apart(both, linear, max(largest(both), largest(linear))), "linearity", linear.sum(), both.sum()),
        (apart(back.sum(), ju.sum(), size), "identity", back.sum(), ju.sum()),
    ]
    error, where, ours, theirs = max(found, key=lambda one: np.nan_to_num(one[0], nan=np.inf))
    verdict = PASSED if error <= BOUND else FAILED
    return Row(name, claimed.shape, 1, "adjoint", error, BOUND, where, float(ours), float(theirs), verdict=verdict)


def apart(a: Array, b: Array, size: float) -> float:
    """The largest difference, in units of `size`."""
    return largest(a - b) / (size or 1.0)


def largest(a: Array) -> float:
    """The largest number, without its sign."""
    return float(np.abs(a).max(initial=0.0))
