"""A claimed gradient held against numbers: which derivatives are measured, and what follows from them.

1. Entries, each by itself: all of a small array, a sample of a large one.
2. Where these do not tell all (a sample can miss a fault; at kinks each entry may be possible and their combination
   not), directions that touch every entry. A direction along which f is smooth allows one sum only.
3. A direction that crosses a kink allows an interval, in which faults hide. It is split until its parts are smooth,
   and a backward that can be called at other points is called a little along the direction: even where kinks stay, as
   between entries that remain equal, the derivative along a line is the sum of v*gradient at almost every point of it,
   whichever side the backward has chosen. Source: Bolte and Pauwels 2020, "Conservative set valued fields".

The verdict on each derivative is that of `decision.py`; a failure is looked at again, see `nearby.py`. A row fails if
one of its derivatives does, and is inconclusive if one is and none fails.
"""

from collections.abc import Iterator
from typing import cast

import numpy as np

from numpycnn.common.typing import Array, Rng
from numpycnn.gradcheck.decision import FAILED, INCONCLUSIVE, PASSED, Outcome, Site
from numpycnn.gradcheck.direction import Direction, Entry, random_direction, uniform_direction
from numpycnn.gradcheck.entries import measured_entries
from numpycnn.gradcheck.nearby import Neighbours, neighbours, second_look
from numpycnn.gradcheck.problem import Arrays, Problem, Settings
from numpycnn.gradcheck.report import Row
from numpycnn.gradcheck.rows import row

MORE = {True: 2, False: 8}
"""How many more random directions where there are kinks: whether the claims can be asked for elsewhere, too."""

BESIDE = (2.0**-10, 2.0**-12, 2.0**-7)
"""How far along a direction the claims are compared beside a kink: the first distance that decides it."""

PARTS = {True: 12, False: 60}
"""Into how many parts a direction is split at most, likewise."""

TOGETHER = "all arrays"


class Comparison:
    """The claimed gradients at a point, compared one array at a time and then together."""

    def __init__(self, problem: Problem, gradients: Arrays, settings: Settings, rng: Rng) -> None:
        self.site = Site(problem, problem.terms(), gradients, settings.method)
        self.settings, self.rng = settings, rng
        self.own: dict[str, Neighbours] = {}

    def rows(self) -> Iterator[Row]:
        """For each array a row of entries, and one of directions if these do not tell all, then one for all arrays."""
        kinks = failed = False
        for name in self.site.gradients:
            for one in self.rows_of(name):
                kinks, failed = kinks or one.kinks > 0, failed or one.verdict == FAILED
                yield one
        if kinks and not failed and len(self.site.gradients) > 1:
            arrays = {name: self.site.problem.point[name] for name in self.site.gradients}
            yield row(TOGETHER, (), self.directions(arrays, True, False))

    def rows_of(self, name: str) -> Iterator[Row]:
        """The rows of one array."""
        x, entries = self.site.problem.point[name], self.entries(name)
        kinks, sampled = any(one.measured.is_kink for one in entries), len(entries) < x.size
        directions = self.directions({name: x}, kinks, sampled) if sampled or kinks else []
        yield row(name, x.shape, self.evidence(entries, directions))
        if directions:
            yield row(name, x.shape, directions)

    def evidence(self, entries: list[Outcome], directions: list[Outcome]) -> list[Outcome]:
        """The entries that count: in a model, whose kinks meet by the hundred, not one that cannot be measured itself.

        The directions, which touch it too, have then decided.
        """
        known = [one for one in entries if one.verdict != INCONCLUSIVE]
        decided = bool(directions) and all(one.verdict == PASSED for one in directions)
        return known if self.site.problem.chained and known and decided else entries

    def entries(self, name: str) -> list[Outcome]:
        """The outcomes of single entries."""
        chosen = [Entry(name, index) for index in self.sample(name)]
        measured = measured_entries(self.site, chosen, self.rng)
        return self.settled([self.site.outcome(*pair) for pair in zip(chosen, measured, strict=True)])

    def sample(self, name: str) -> list[tuple[int, ...]]:
        """The indices of all entries, or of some at random."""
        x, wanted = self.site.problem.point[name], self.settings.samples
        flat = np.arange(x.size) if x.size <= wanted else np.sort(self.rng.choice(x.size, wanted, replace=False))
        return [tuple(int(i) for i in np.unravel_index(k, x.shape)) for k in flat]

    def directions(self, arrays: Arrays, kinks: bool, sampled: bool) -> list[Outcome]:
        """The outcomes along directions that touch every entry."""
        problem = self.site.problem
        more = MORE[problem.movable] if kinks and not problem.chained else 0
        first = self.site.judged(random_direction(self.rng, arrays))
        site = self.site.trusting(first.measured)
        others = [uniform_direction(arrays), *(random_direction(self.rng, arrays) for _ in range(more))]
        found = [first, *(site.judged(direction) for direction in others)]
        crossing = [one for one in found[:2] if one.measured.is_kink]
        if problem.chained:  # where many kinks meet, an interval is no evidence
            found = [one for one in found if not one.measured.is_kink]
        found = self.settled(found)
        if not crossing or any(one.verdict == FAILED for one in found):
            return decided(found)
        beside = self.settled([outcome for one in crossing for outcome in self.beside(site, direction_of(one))])
        if problem.chained:
            return decided(found + beside) or undecided(crossing)
        return self.with_parts(found, crossing, beside, sampled)

    def with_parts(
        self, found: list[Outcome], crossing: list[Outcome], beside: list[Outcome], sampled: bool
    ) -> list[Outcome]:
        """The outcomes along directions, and along parts of one that crosses kinks."""
        whole, *_ = found
        splits = sampled or not self.site.problem.movable
        parts, jumps = self.parts(direction_of(whole)) if splits else ([], None)
        random = [one for one in found if one.direction.where == whole.direction.where]
        known = beside or not crossing[1:] or separate(jumps, random)
        return decided(found + self.settled(parts) + beside) + ([] if known else undecided([whole]))

    def parts(self, whole: Direction) -> tuple[list[Outcome], Array | None]:
        """The parts of a direction: those that cross a kink are split in two at random, down to single entries.

        And by how much the derivative jumps at each entry; None where not all parts could be measured.
        """
        v, found = whole.flat(), list[Outcome]()
        groups, jumps = [self.rng.permutation(v.size)], np.zeros(v.size)
        while groups and len(found) < PARTS[self.site.problem.movable]:
            group = groups.pop(0)
            outcome = self.site.judged(whole.among(group))
            found.append(outcome)
            if outcome.measured.is_kink and len(group) > 1:
                groups += np.array_split(group, 2)
            elif outcome.measured.is_kink:
                jumps[group] = jump(outcome) / abs(v[group])
        return found, None if groups else jumps

    def beside(self, site: Site, direction: Direction) -> Iterator[Outcome]:
        """The outcomes a little along a direction, on both sides, where that can be asked for."""
        for sign in (1, -1):
            for s in BESIDE:
                outcome = at_distance(site, direction, sign * s)
                if outcome and outcome.verdict != INCONCLUSIVE and not outcome.measured.is_kink:
                    break
            if outcome:
                yield outcome

    def settled(self, outcomes: list[Outcome]) -> list[Outcome]:
        """The outcomes after a second look at those that did not pass, the worst first, until one fails for good."""
        for k in sorted(range(len(outcomes)), key=lambda k: outcomes[k].badness, reverse=True):
            if outcomes[k].verdict != PASSED:
                outcomes[k] = self.looked_at_again(outcomes[k])
            if outcomes[k].verdict == FAILED:
                break
        return outcomes

    def looked_at_again(self, outcome: Outcome) -> Outcome:
        """The outcome after a second look: by the method that was asked for, and then nearby."""
        if outcome.site.method != self.settings.method:
            outcome = outcome.site._replace(method=self.settings.method).judged(outcome.direction)
        return outcome if outcome.verdict == PASSED else second_look(outcome, self.near(outcome))

    def near(self, outcome: Outcome) -> Neighbours:
        """Points close to where an outcome is from."""
        site, method = outcome.site, outcome.measured.method
        if site.problem is not self.site.problem:
            return neighbours(site, method, self.rng)
        if method not in self.own:
            self.own[method] = neighbours(site, method, self.rng)
        return self.own[method]


def at_distance(site: Site, direction: Direction, t: float) -> Outcome | None:
    """The outcome at the distance t along a direction; None where the claims are not known."""
    there = site.at(direction.moved(site.problem.point, t), reach=abs(t) / 4)
    gradients = there.problem.claimed()
    if gradients is None:
        return None
    return there._replace(gradients=gradients).judged(direction._replace(where="beside"))


def direction_of(outcome: Outcome) -> Direction:
    """The direction that an outcome along one is from."""
    return cast(Direction, outcome.direction)


def decided(outcomes: list[Outcome]) -> list[Outcome]:
    """The outcomes along directions without those that are inconclusive, where others are evidence enough.

    A direction that cannot be measured is no evidence; nor is the interval of one that crosses kinks.
    """
    known = [one for one in outcomes if one.verdict != INCONCLUSIVE]
    return known if any(not one.measured.is_kink for one in known) else outcomes


def undecided(outcomes: list[Outcome]) -> list[Outcome]:
    """The outcomes as inconclusive ones."""
    return [one._replace(verdict=INCONCLUSIVE) for one in outcomes]


def separate(jumps: Array | None, found: list[Outcome]) -> bool:
    """Whether each kink belongs to one entry: along any direction the jumps of the entries add up."""
    if jumps is None:
        return False
    sums = [float(jumps @ abs(direction_of(one).flat())) for one in found]
    pairs = zip(sums, found, strict=True)
    return all(abs(total - jump(one)) <= 1e-6 * one.scale + one.measured.noise for total, one in pairs)


def jump(outcome: Outcome) -> float:
    """By how much the derivative from the right is larger than that from the left."""
    return float((outcome.measured.right - outcome.measured.left).sum())
