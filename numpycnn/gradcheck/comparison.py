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

import numpy as np

from numpycnn.common.typing import Rng
from numpycnn.gradcheck.decision import FAILED, INCONCLUSIVE, PASSED, SEVERITY, Outcome, Site
from numpycnn.gradcheck.direction import Direction, Entry, random_direction, uniform_direction
from numpycnn.gradcheck.nearby import Neighbours, neighbours, second_look
from numpycnn.gradcheck.problem import Arrays, Problem, Settings
from numpycnn.gradcheck.report import Row
from numpycnn.gradcheck.rows import row

MORE = {True: 2, False: 8}
"""How many more random directions where there are kinks: whether the claims can be asked for elsewhere, too."""

BESIDE = (2.0**-10, 2.0**-12, 2.0**-7)
"""How far along a direction the claims are compared beside a kink: the first distance that decides it."""

PARTS = {True: 16, False: 200}
"""Into how many parts a direction is split at most, likewise."""

TOGETHER = "all arrays"


class Comparison:
    """The claimed gradients at a point, compared one array at a time and then together."""

    def __init__(self, problem: Problem, gradients: Arrays, settings: Settings, rng: Rng) -> None:
        self.site = Site(problem, problem.terms(), gradients, settings.method)
        self.settings, self.rng = settings, rng
        self.own: dict[str, Neighbours] = {}

    def rows(self) -> Iterator[Row]:
        """One row for each array's entries, one for its directions where entries do not tell all, one for all arrays."""
        any_kinks = False
        for name, gradient in self.site.gradients.items():
            entries = self.settled([self.site.judged(Entry(name, index)) for index in self.sample(name)])
            yield row(name, gradient.shape, entries)
            kinks, sampled = any(one.measured.is_kink for one in entries), len(entries) < gradient.size
            if sampled or kinks:
                yield row(name, gradient.shape, self.directions({name: self.site.problem.point[name]}, kinks, sampled))
            any_kinks |= kinks
        if any_kinks and len(self.site.gradients) > 1:
            arrays = {name: self.site.problem.point[name] for name in self.site.gradients}
            yield row(TOGETHER, (), self.directions(arrays, True, False))

    def sample(self, name: str) -> list[tuple[int, ...]]:
        """The indices of all entries, or of some at random."""
        x, wanted = self.site.problem.point[name], self.settings.samples
        flat = np.arange(x.size) if x.size <= wanted else np.sort(self.rng.choice(x.size, wanted, replace=False))
        return [tuple(int(i) for i in np.unravel_index(k, x.shape)) for k in flat]

    def directions(self, arrays: Arrays, kinks: bool, sampled: bool) -> list[Outcome]:
        """The outcomes along directions that touch every entry."""
        movable = self.site.problem.movable
        pair = [random_direction(self.rng, arrays), uniform_direction(arrays)]
        found = [self.site.judged(direction) for direction in pair]
        crossing = [one for one in found if one.measured.is_kink]
        if self.site.problem.chained:  # where many kinks meet, an interval is no evidence
            beside = [outcome for one in crossing for outcome in self.beside(one.direction)]
            return self.settled([one for one in found if not one.measured.is_kink] + beside)
        if kinks:
            found += [self.site.judged(random_direction(self.rng, arrays)) for _ in range(MORE[movable])]
        found = self.settled(found)
        if any(one.verdict == FAILED for one in found):
            return found
        parts, complete = self.parts(found[0]) if crossing and (sampled or not movable) else ([], True)
        beside = [outcome for one in crossing for outcome in self.beside(one.direction)]
        if crossing and not beside and not complete and found[1] in crossing:
            parts.append(found[0]._replace(verdict=INCONCLUSIVE))
        return found + self.settled(parts + beside)

    def parts(self, whole: Outcome) -> tuple[list[Outcome], bool]:
        """The parts of a direction: those that cross a kink are split in two at random, down to single entries.

        And whether they tell all: every part is smooth or an entry by itself, and each kink belongs to one entry, for
        the jumps of the entries add up to that of the whole.
        """
        sizes = {name: v.size for name, v in whole.direction.v.items()}
        groups, found, jumps = [self.rng.permutation(sum(sizes.values()))], [], 0.0
        while groups and len(found) < PARTS[self.site.problem.movable]:
            group = groups.pop(0)
            outcome = self.site.judged(whole.direction.among(group))
            found.append(outcome)
            if outcome.measured.is_kink and len(group) > 1:
                groups += np.array_split(group, 2)
            elif outcome.measured.is_kink:
                jumps += jump(outcome)
        noise = 1e-6 * whole.measured.size + sum(one.measured.noise for one in found)
        return found, not groups and abs(jumps - jump(whole)) <= noise

    def beside(self, direction: Direction) -> Iterator[Outcome]:
        """The outcomes a little along a direction, on both sides, where that can be asked for."""
        for sign in (1, -1):
            for s in BESIDE:
                outcome = self.at(direction, sign * s)
                if outcome and outcome.verdict != INCONCLUSIVE and not outcome.measured.is_kink:
                    break
            if outcome:
                yield outcome

    def at(self, direction: Direction, t: float) -> Outcome | None:
        """The outcome at the distance t along a direction; None where the claims are not known."""
        there = self.site.at(direction.moved(self.site.problem.point, t), reach=abs(t) / 4)
        gradients = there.problem.claimed()
        return gradients and there._replace(gradients=gradients).judged(direction._replace(where="beside"))

    def settled(self, outcomes: list[Outcome]) -> list[Outcome]:
        """The outcomes after a second look at those that did not pass, the worst first, until one fails for good."""
        for k in sorted(range(len(outcomes)), key=lambda k: outcomes[k].badness, reverse=True):
            if outcomes[k].verdict != PASSED:
                outcomes[k] = second_look(outcomes[k], self.near(outcomes[k]))
            if outcomes[k].verdict == FAILED:
                break
        return outcomes

    def near(self, outcome: Outcome) -> Neighbours:
        """Points close to where an outcome is from."""
        site, method = outcome.site, outcome.measured.method
        if site is not self.site:
            return neighbours(site, method, self.rng)
        if method not in self.own:
            self.own[method] = neighbours(site, method, self.rng)
        return self.own[method]


def jump(outcome: Outcome) -> float:
    """By how much the derivative from the right is larger than that from the left."""
    return float((outcome.measured.right - outcome.measured.left).sum())
