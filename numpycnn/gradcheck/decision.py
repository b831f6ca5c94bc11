"""The rule by which one claimed derivative is right, wrong, or cannot be decided.

A derivative is measured along one line, with an estimate of its noise (`numeric.py`). Then

    failed         if the claim misses it by more than noise + bound * size
    passed         otherwise, if the noise is small beside the derivative
    inconclusive   otherwise: the claim lies within a noise that would hide a wrong one too

`size` is that of the terms whose sum the derivative is: each entry is measured by its own, never by that of the array.
At a kink the claim misses nothing between the derivatives from the left and from the right: the sum of such intervals,
one for every term of f.

Zero is decided otherwise, for nothing is small beside it. A claim of exactly 0 passes where f does not change at all;
one that is zero but for rounding passes where the complex step is zero but for rounding, too.
"""

from math import inf
from typing import NamedTuple

import numpy as np

from numpycnn.common.typing import Array
from numpycnn.gradcheck.direction import Direction, Entry
from numpycnn.gradcheck.numeric import EPSILON, RESOLVED, Line, Measured, measure
from numpycnn.gradcheck.problem import Arrays, Problem

PASSED, INCONCLUSIVE, FAILED = SEVERITY = ("passed", "inconclusive", "failed")

BOUNDS = {"complex": 1e-10, "central": 3e-8}
"""The largest relative noise beside which a claim passes: that of the complex step is not estimated, but assumed."""

SLACK = {"complex": 1e-10, "central": 1e-12}
"""How far a claim may be off beyond the noise, relative to the derivative."""

ROUNDING = 64 * EPSILON
"""What rounding may leave of a zero, in units of the numbers that cancel."""

SMALLER = 8
"""By how much the arrays are divided where differences are too coarse."""

COARSE = 1e-10
"""The most that rounding leaves of differences, relative to f over the step. Where f jumps there is more."""


def verdict(claimed: float, measured: Measured, size: float = 0.0, floor: float = 0.0) -> str:
    """The verdict on one claimed derivative.

    size: that of the terms whose sum is claimed. floor: how much rounding leaves of a zero.
    """
    size = max(size, measured.size)
    if measured.noise == inf:
        return INCONCLUSIVE
    if not measured.miss(claimed) <= measured.noise + SLACK[measured.method] * size:
        return FAILED
    known = RESOLVED if measured.method == "complex" else BOUNDS["central"]
    zero = max(size, abs(claimed), abs(measured.middle)) <= floor
    return PASSED if zero or measured.noise <= known * size else INCONCLUSIVE


class Site(NamedTuple):
    """A point, the function's terms there, and the gradients that are claimed there."""

    problem: Problem
    base: Array
    gradients: Arrays
    method: str
    reach: float = 1.0
    """How far the steps of differences may reach, in units of the arrays' numbers."""

    def at(self, moved: Arrays, reach: float) -> "Site":
        """Another point, with the claims of this one."""
        problem = self.problem.at(moved)
        return self._replace(problem=problem, base=problem.terms(), reach=reach)

    def trusting(self, measured: Measured) -> "Site":
        """The point, by the complex step alone where differences have confirmed it along a direction through all."""
        return self._replace(method="complex") if measured.method == "complex" and measured.noise < inf else self

    def measured(self, direction: Entry | Direction, method: str = "") -> Measured:
        """The derivative along a direction.

        Where differences are too coarse to confirm the complex step, as where a softmax is saturated, it is enough if
        they confirm it for the same entry at a point with smaller numbers; in a model, along directions.
        """
        found = self.measured_here(direction, method or self.method)
        if found.method != "complex" or found.size == 0.0 or not 0.0 < found.noise <= COARSE * self.scale(direction):
            return found
        if self.problem.chained:
            return found._replace(noise=0.0)
        smaller = self.at({name: self.problem.point[name] / SMALLER for name in self.problem.wanted}, self.reach)
        there = smaller.measured_here(direction, self.method)
        return found._replace(noise=0.0) if there.method == "complex" and there.noise == 0.0 else found

    def measured_here(self, direction: Entry | Direction, method: str) -> Measured:
        """The derivative along a direction, from this point alone."""
        return measure(self.line(direction), self.base, self.unit(direction), method)

    def line(self, direction: Entry | Direction) -> Line:
        """The function along a direction."""
        return lambda t: self.problem.at(direction.moved(self.problem.point, t)).terms()

    def unit(self, direction: Entry | Direction) -> float:
        """The size of numbers that the steps of differences are in proportion to."""
        return self.reach * direction.unit(self.problem.point)

    def judged(self, direction: Entry | Direction) -> "Outcome":
        """The verdict on the derivative along a direction."""
        return self.outcome(direction, self.measured(direction))

    def scale(self, direction: Entry | Direction) -> float:
        """How large a derivative is that changes the function as much as it is large."""
        size = max(float(np.abs(self.base).sum()), self.problem.size)
        return size / self.unit(direction)

    def claimed(self, direction: Entry | Direction) -> float:
        """The claimed derivative along a direction."""
        return float(direction.terms(self.gradients).sum())

    def outcome(self, direction: Entry | Direction, measured: Measured, floor: float = 0.0) -> "Outcome":
        """The verdict on a derivative that was measured."""
        terms = direction.terms(self.gradients)
        claimed, size = float(terms.sum()), float(np.linalg.norm(terms))
        return Outcome(self, direction, claimed, measured, size, verdict(claimed, measured, size, floor))


class Outcome(NamedTuple):
    """One claimed derivative beside the measured one, and the verdict."""

    site: Site
    direction: Entry | Direction
    claimed: float
    measured: Measured
    size: float
    """How large the terms are of which `claimed` is the sum."""
    verdict: str
    meeting: bool = False
    """Whether several kinks meet here."""

    @property
    def is_zero(self) -> bool:
        """Whether neither number is larger than noise."""
        return max(abs(self.claimed), abs(self.measured.middle)) <= self.measured.noise

    @property
    def miss(self) -> float:
        """How far the claim is from what may be claimed."""
        return self.measured.miss(self.claimed)

    @property
    def scale(self) -> float:
        """What the miss is relative to."""
        return max(self.size, self.measured.size)

    @property
    def relative(self) -> float:
        """The miss relative to the derivative itself, and to the claim where that is 0."""
        return self.miss / (max(abs(self.measured.middle), self.measured.size) or self.size or 1.0)

    @property
    def badness(self) -> tuple[int, bool, float]:
        """What the worst outcome has most of: the verdict, then whether no kink leaves room, then the miss."""
        return SEVERITY.index(self.verdict), not self.measured.is_kink, self.miss
