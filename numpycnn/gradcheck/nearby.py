"""A second check of a claim that failed: kinks may coincide at the point, or the claim may be affected by rounding.

Where several kinks meet in one term of f, right code may return a number outside of the two one-sided derivatives.
relu(x) and -relu(y) have the slopes 0 to 1 and -1 to 0; along x = y their sum has the slope 0 on both sides, and code
for which relu'(0) = 1 in only one of them returns 1. But a gradient is a limit of the gradients at nearby points, or
between such limits. So the arrays are changed by small random amounts, which separates the kinks, and

    kinks meet      if the derivatives there stay away from both one-sided ones, however small the move
    failed          if no kinks meet, or the backward is wrong at a moved point
    passed          if the claim lies between the derivatives at the moved points
    inconclusive    otherwise: the limit that would explain the claim was not found
"""

from typing import NamedTuple

import numpy as np

from numpycnn.common.typing import Array, Rng
from numpycnn.gradcheck.decision import FAILED, INCONCLUSIVE, PASSED, ROUNDING, Outcome, Site
from numpycnn.gradcheck.direction import Direction, Entry, spread
from numpycnn.gradcheck.numeric import EPSILON, Measured
from numpycnn.gradcheck.problem import Arrays, unit_of

DISTANCES = {"complex": (2.0**-27, 2.0**-34), "central": (2.0**-11, 2.0**-18)}
"""Far and close, in units of each array's largest number: far above rounding. Differences need room for their steps."""

MOVES = 12
"""The number of nearby points."""

VANISHES = 1 / 32
"""A smooth change falls to 1/128 from the far points to the close ones; below this ratio it counts as smooth."""

SHAKES = 4
"""The number of points, changed in the last digits, for estimating rounding."""


class Neighbours(NamedTuple):
    """Nearby points."""

    far: list[Site]
    close: list[Site]
    """In the same directions as the far ones; if claims are known at some of them, only those."""
    known: bool
    """Whether the claims at the close points are known."""
    shaken: list[Site]
    """Changed in the last digits, with the claims there, if known."""


def neighbours(site: Site, method: str, rng: Rng) -> Neighbours:
    """Nearby points, at the distances for a method."""
    moves = [random_move(site, rng, one_sign=k % 2 == 0) for k in range(MOVES)]
    far, close = ([moved(site, move, distance) for move in moves] for distance in DISTANCES[method])
    known = with_claims(close)
    shaken = [moved(site, move, 8 * EPSILON) for move in moves[:SHAKES]]
    return Neighbours(far, known or close, bool(known), with_claims(shaken) or shaken)


def with_claims(sites: list[Site]) -> list[Site]:
    """The points where the claims are known, with these claims."""
    claimed = [one.problem.claimed() for one in sites]
    return [one._replace(gradients=g) for one, g in zip(sites, claimed, strict=True) if g is not None]


def random_move(site: Site, rng: Rng, *, one_sign: bool) -> Arrays:
    """Random changes of all arrays, of very different sizes, so that different arrays decide comparisons."""
    moves = {}
    for name in site.problem.wanted:
        a = site.problem.point[name]
        v = spread(rng, a.shape)
        moves[name] = unit_of(a) * 10 ** rng.uniform(-2, 0) * (rng.choice((-1.0, 1.0)) * abs(v) if one_sign else v)
    return moves


def moved(site: Site, move: Arrays, distance: float) -> Site:
    """The point at a distance."""
    point = {name: site.problem.point[name] + distance * v for name, v in move.items()}
    return site.at(point, reach=distance / 16)


def second_look(outcome: Outcome, near: Neighbours) -> Outcome:
    """The outcome after a comparison with nearby points."""
    again = beside_rounding(outcome, near)
    if again.verdict == PASSED or outcome.verdict != FAILED:
        return again
    return where_kinks_meet(outcome, near) or again


def where_kinks_meet(failed: Outcome, near: Neighbours) -> Outcome | None:
    """The outcome if kinks meet; None if they do not."""
    method, direction = failed.measured.method, failed.direction
    if method == "central" and not failed.measured.is_kink:
        return None  # differences cannot distinguish a steep function from a kink
    measured, chained = failed.measured, failed.site.problem.chained
    close = [site.measured_here(direction, method) for site in near.close]
    if not (chained and measured.is_kink) and is_smooth(measured, close, near, direction):
        return None
    slack = noise(close) + 1e-9 * failed.scale + ROUNDING * failed.site.scale(direction)
    if near.known and any(m.miss(site.claimed(direction)) > slack for site, m in zip(near.close, close, strict=True)):
        return None
    allowed = hull([measured, *close], slack)
    extent = allowed.high - allowed.low if chained and near.known else 0.0
    found = allowed.miss(failed.claimed) <= slack + extent
    return failed._replace(verdict=PASSED if found else INCONCLUSIVE, meeting=True, measured=allowed)


def is_smooth(measured: Measured, close: list[Measured], near: Neighbours, direction: Entry | Direction) -> bool:
    """Whether derivatives tend to the measured ones the closer the points are."""
    far = [site.measured_here(direction, measured.method) for site in near.far]
    return largest_gap(close, measured) <= VANISHES * largest_gap(far, measured) + noise(close)


def hull(found: list[Measured], slack: float) -> Measured:
    """What lies between derivatives, term by term."""
    left = np.min([np.minimum(one.left, one.right) for one in found], axis=0)
    right = np.max([np.maximum(one.left, one.right) for one in found], axis=0)
    return found[0]._replace(left=left, right=right, noise=slack)


def largest_gap(found: list[Measured], own: Measured) -> float:
    """The distance of nearby derivatives from both one-sided ones, term by term."""
    return max(float(np.minimum(abs(mean(m) - own.left), abs(mean(m) - own.right)).sum()) for m in found)


def mean(measured: Measured) -> Array:
    """The mean of both sides, of every term."""
    return np.asarray((measured.left + measured.right) / 2)


def noise(found: list[Measured]) -> float:
    """The largest noise."""
    return max(m.noise for m in found)


def beside_rounding(outcome: Outcome, near: Neighbours) -> Outcome:
    """The outcome with the rounding error of the complex step as noise, estimated by changing the last digits.

    A number is 0 up to rounding if such a change alters it, and by less than rounding can alter the function. A claim
    may be so without that: beside a probability that is rounded to 1, one of 1e-27 has nothing that cancels it.
    """
    measured, site, direction = outcome.measured, outcome.site, outcome.direction
    largest = ROUNDING * site.scale(direction)
    if measured.method != "complex" or measured.noise == np.inf or (measured.is_kink and measured.size > largest):
        return outcome
    others = [one.measured_here(direction, "complex").middle for one in near.shaken]
    change = max(abs(other - measured.middle) for other in others)
    claimed = max(abs(one.claimed(direction) - outcome.claimed) for one in near.shaken)
    floor = largest if site.problem.chained else min(64 * max(change, claimed), largest)
    is_flat = measured.size == change == 0.0
    noise = EPSILON * site.scale(direction) if is_flat else measured.noise + 4 * change
    return site.outcome(direction, measured._replace(noise=noise), floor)
