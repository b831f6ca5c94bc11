"""The rule by which a claimed derivative passes, fails, or is inconclusive.

A derivative is measured along one line, with an estimate of its noise (`numeric.py`). Then

    failed         if the claim misses it by more than noise + bound * size, and in a second look by what rounding adds
    passed         otherwise, if the noise is small beside the derivative
    inconclusive   otherwise: the claim lies within a noise that would hide a wrong one too

`size` is the magnitude of the terms whose sum is the derivative: of each entry by itself, never of the whole array.
At a kink any claim between the derivatives from the left and from the right is right: the sum of such intervals, one
for every term of f.

Zero needs another rule, because nothing is small relative to it. A claim of exactly 0 passes where f does not change at
all; a claim of 0 up to rounding passes where the complex step is 0 up to rounding, too.
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
"""The largest relative noise with which a claim passes; that of the complex step is assumed, not estimated."""

SLACK = 1e-10
"""How far a claim may be off beyond the noise, which is itself an estimate, relative to the derivative."""

ROUNDING = 64 * EPSILON
"""The rounding error of a zero, relative to the numbers that cancel."""

SMALLER = 8
"""The divisor of the arrays where differences are too coarse."""

COARSE = 1e-10
"""The largest rounding error of differences, relative to f over the step. Where f jumps it is larger."""


def verdict(claimed: float, measured: Measured, size: float = 0.0, floor: float = 0.0) -> str:
    """The verdict on one claimed derivative.

    size: the magnitude of the terms whose sum is claimed. floor: the rounding error of a zero, and so of anything.
    """
    size = max(size, measured.size)
    if measured.noise == inf:
        return INCONCLUSIVE
    if max(size, abs(claimed), abs(measured.middle)) <= floor:
        return PASSED
    if not measured.miss(claimed) <= measured.noise + SLACK * size + floor:
        return FAILED
    known = RESOLVED if measured.method == "complex" else BOUNDS["central"]
    return PASSED if measured.noise <= known * size else INCONCLUSIVE


class Site(NamedTuple):
    """A point, the function's terms there, and the gradients that are claimed there."""

    problem: Problem
    base: Array
    gradients: Arrays
    method: str
    reach: float = 1.0
    """The scale of the differences' steps, in units of the arrays' magnitudes."""

    def at(self, moved: Arrays, reach: float) -> "Site":
        """Another point, with the claims of this one."""
        problem = self.problem.at(moved)
        return self._replace(problem=problem, base=problem.terms(), reach=reach)

    def trusting(self, measured: Measured) -> "Site":
        """The point, by the complex step alone where differences have confirmed it along a direction.

        In a model that crosses too many kinks to be measured, the entries that were confirmed have to do.
        """
        confirmed = measured.method == "complex" and (measured.noise < inf or self.problem.chained)
        return self._replace(method="complex") if confirmed else self

    def measured(self, direction: Entry | Direction, method: str = "") -> Measured:
        """The derivative along a direction.

        If differences are too coarse to confirm the complex step, as in a saturated softmax, it suffices that they
        confirm it for the same entry at a point with smaller numbers; or in a model, along directions.
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
        """The derivative along a direction, measured at this point only."""
        rounding = COARSE * self.scale(direction) if self.problem.chained else 0.0
        return measure(self.line(direction), self.base, self.unit(direction), method, rounding)

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
        """The magnitude of a derivative whose relative change of the function is 1."""
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
    """The magnitude of the terms whose sum is `claimed`."""
    verdict: str
    meeting: bool = False
    """Whether several kinks meet here."""

    @property
    def is_zero(self) -> bool:
        """Whether neither number is larger than noise."""
        return max(abs(self.claimed), abs(self.measured.middle)) <= self.measured.noise

    @property
    def miss(self) -> float:
        """The distance of the claim from the interval of right claims."""
        return self.measured.miss(self.claimed)

    @property
    def scale(self) -> float:
        """The magnitude that the miss is compared with."""
        return max(self.size, self.measured.size)

    @property
    def relative(self) -> float:
        """The miss relative to the derivative, or to the claim if that is 0."""
        return self.miss / (max(abs(self.measured.middle), self.measured.size) or self.size or 1.0)

    @property
    def badness(self) -> tuple[int, bool, float]:
        """The sort key of the worst outcome: the verdict, then whether there is no kink, then the miss."""
        return SEVERITY.index(self.verdict), not self.measured.is_kink, self.miss
