"""One claimed gradient held against numbers.

Every entry of a small array is compared, and a sample of a large one. A sample can miss a fault, so the sum of a large
gradient along directions that touch every entry is compared as well: for numbers v, the derivative of f(x + t*v) at
t = 0 is the sum of v*gradient.

At a kink the gradient may be anything between the derivatives from the left and from the right. But where several kinks
meet, as in a network whose image is black in many places, right code may give a number outside of these two: relu(x)
and -relu(y) have the slopes 0 to 1 and -1 to 0, and along x = y their sum has none but 0. There the same entry is
compared a little aside, where nothing is equal by chance. So is the direction.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from math import inf, isfinite
from typing import NamedTuple

import numpy as np

from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.gradcheck.numeric import EPSILON, Derivative, Line, central_difference, complex_step
from numpycnn.gradcheck.problem import Problem, Settings, unit_of
from numpycnn.gradcheck.report import Row

BOUNDS = {"complex": 1e-10, "central": 1e-8}
"""The largest norm-wise error that passes."""

ASIDE, NEAR = 1e-3, 1e-7
"""Distances from kinks, in units of an array's largest number: well clear of them, and just where they come apart."""

LOOKS = 12
"""How many points near a kink are looked at before its two sides are taken for all there is."""

TRIES = 3
"""Directions along which the complex step is tried, until one has no kink too near for differences."""


class Trial(NamedTuple):
    """One number that follows from the claimed gradient, and the line along which it is the derivative."""

    where: tuple[int, ...] | str
    """An entry's index, or what the direction is called."""
    claimed: float
    line: Line
    line_in: Callable[[Problem], Line]
    """The same line at another point."""
    again: "Callable[[Comparison], Trial]"
    """The same trial in another comparison."""
    size: float = 0.0
    """How large the terms are of which `claimed` is the sum."""
    aside: bool = False
    """Whether this was taken a little aside."""


class Comparison:
    """The claimed gradient of one array, and the method that it is compared by."""

    def __init__(self, problem: Problem, name: str, claimed: Array, settings: Settings, rng: Rng) -> None:
        self.problem, self.name, self.claimed, self.settings, self.rng = problem, name, claimed, settings, rng
        self.x = problem.point[name]
        self.unit = unit_of(self.x)
        self.method, self.why = settings.method, ""

    def rows(self) -> Iterator[Row]:
        """One row for entries, and where they do not tell all, one for directions."""
        if self.x.size == 0:
            return
        if self.method == "auto":
            self.choose()
        row = self.compared([self.entry(index) for index in self.sample()])
        yield row
        if row.checked < self.x.size or (row.kinks and self.problem.movable):
            yield self.compared([self.random_direction(row.kinks > 0), self.toward("uniform", np.ones(self.x.shape))])

    # ------------------------------------------------------------ what is compared

    def sample(self) -> list[tuple[int, ...]]:
        """The indices of all entries, or of some at random."""
        size, wanted = self.x.size, self.settings.samples
        if self.x.ndim == 0:
            return [()]
        flat = np.arange(size) if size <= wanted else np.sort(self.rng.choice(size, wanted, replace=False))
        return [tuple(int(i) for i in index) for index in np.transpose(np.unravel_index(flat, self.x.shape))]

    def entry(self, index: tuple[int, ...]) -> Trial:
        """One entry by itself."""
        line_in = partial(entry_line, self.name, index)
        return Trial(
            index, float(self.claimed[index]), line_in(self.problem), line_in, lambda other: other.entry(index)
        )

    def toward(self, label: str, v: Array) -> Trial:
        """A direction that touches every entry."""
        unit = v / np.linalg.norm(v)
        terms, line_in = unit * self.claimed, partial(direction_line, self.name, unit)
        size = float(np.linalg.norm(terms))
        return Trial(
            label, float(terms.sum()), line_in(self.problem), line_in, lambda other: other.toward(label, v), size
        )

    def random_direction(self, kinks: bool) -> Trial:
        """A direction at random: at the point itself, or where there are kinks, if possible, a little aside."""
        trial = self.toward("random", spread(self.rng, self.x.shape))
        if kinks or self.derivative(trial.line).is_kink:
            return self.taken_aside(trial) or trial
        return trial

    def taken_aside(self, trial: Trial) -> Trial | None:
        """The same a little aside; None where that cannot be."""
        if self.aside is None:
            return None
        there = trial.again(self.aside)
        return there._replace(aside=True, where="aside" if isinstance(trial.where, str) else trial.where)

    # ------------------------------------------------------------ by which method

    @cached_property
    def rounding(self) -> float:
        """How far rounding moves f's sum: seen by changing the last digits of the array, which rounds all else anew."""
        v = self.unit * EPSILON * spread(self.rng, self.x.shape)
        line = direction_line(self.name, v, self.problem)
        base = line(0.0)
        moved = max(float(np.linalg.norm(line(t) - base)) for t in (-2.0, -1.0, 1.0, 2.0))
        return 8 * (moved + EPSILON * max(self.problem.size, float(np.linalg.norm(base))))

    @property
    def bound(self) -> float:
        """The largest error that passes."""
        return BOUNDS[self.method]

    def choose(self) -> None:
        """Take the complex step where it agrees with differences along a direction, and differences elsewhere."""
        for _ in range(TRIES):
            line = self.toward("", spread(self.rng, self.x.shape)).line
            theirs = central_difference(line, self.unit, self.rounding)
            if isfinite(theirs.middle):
                break
        try:
            ours = complex_step(line, self.rounding)
        except Exception as error:  # whatever code that is not ours does about complex numbers
            self.distrust(f"the function does not take complex numbers ({type(error).__name__}: {error})")
            return
        self.method = "complex"
        if not ours.agrees(theirs):
            self.distrust_numbers(ours, theirs)

    def distrust_numbers(self, ours: Derivative, theirs: Derivative) -> None:
        """Take differences because the two methods differ."""
        self.distrust(
            "the function does not carry complex numbers through: "
            f"somewhere the complex step gives {ours.middle:.6g}, and differences give {theirs.middle:.6g}"
        )

    def distrust(self, why: str) -> None:
        """Take differences."""
        self.method, self.why = "central", f"central differences, because {why}"

    def derivative(self, line: Line) -> Derivative:
        """The derivative along a line."""
        return (
            complex_step(line, self.rounding)
            if self.method == "complex"
            else central_difference(line, self.unit, self.rounding)
        )

    # ------------------------------------------------------------ comparing

    def compared(self, trials: list[Trial]) -> Row:
        """The row for these trials. What fails is looked at again, the worst first, until one fails for good."""
        method = self.method
        derivatives = [self.derivative(trial.line) for trial in trials]
        while (k := self.failure(trials, derivatives)) is not None:
            again = self.second_look(trials[k], derivatives[k])
            if self.method != method:
                return self.compared(trials)
            if again is None:
                break
            trials[k], derivatives[k] = again
        return self.row(trials, derivatives)

    def second_look(self, trial: Trial, own: Derivative) -> tuple[Trial, Derivative] | None:
        """Another way to see a failure; None where it is confirmed.

        Differences see kinks that rounding hides from the complex step, as where two maxima are equal but for their
        last digit. If they see no kink, but another derivative, the complex step is not to be trusted.
        """
        if trial.aside:
            return None
        if self.settings.method == "auto" and self.method == "complex" and not own.is_kink:
            theirs = central_difference(trial.line, self.unit, self.rounding)
            if theirs.is_kink and not own.agrees(theirs):
                return trial, theirs
            if isfinite(theirs.middle) and not own.agrees(theirs):
                self.distrust_numbers(own, theirs)
                return None
        many = own.is_kink and self.problem.chained
        if many or ((own.is_kink or self.problem.movable) and self.several_kinks(trial, own)):
            return self.beside(trial, own)
        return None

    def several_kinks(self, trial: Trial, own: Derivative) -> bool:
        """Whether close by, where kinks come apart, there are other derivatives than those of the two sides."""
        slack = own.noise + 0.01 * own.miss(trial.claimed)
        for _ in range(LOOKS):
            found = self.derivative(trial.line_in(self.problem.aside(self.rng, NEAR))).middle
            if not min(abs(found - own.left), abs(found - own.right)) <= slack:
                return True
        return False

    def beside(self, trial: Trial, own: Derivative) -> tuple[Trial, Derivative]:
        """The same trial a little aside; where that cannot be, any claim passes."""
        there = self.taken_aside(trial)
        if there is not None:
            found = self.derivative(there.line)
            if isfinite(found.middle) and not found.is_kink:
                return there, found
        return trial._replace(aside=True), own.widened(trial.claimed)

    @cached_property
    def aside(self) -> "Comparison | None":
        """The comparison at a point nearby, where nothing is equal by chance; None where the claim is not known."""
        problem = self.problem.aside(self.rng, ASIDE)
        claimed = problem.claimed_if_finite(self.name) if problem.movable else None
        return None if claimed is None else Comparison(problem, self.name, claimed, self.settings, self.rng)

    def errors(self, trials: Sequence[Trial], derivatives: Sequence[Derivative]) -> Array:
        """The norm-wise errors: differences in units of the largest number.

        What may be rounding counts for no more than the bound: so a gradient that is zero but for it passes. A
        direction with a kink is no evidence, and has no error.
        """
        pairs = list(zip(trials, derivatives, strict=True))
        scale = max(max(abs(d.middle), trial.size) for trial, d in pairs)
        errors = []
        for trial, d in pairs:
            miss = 0.0 if isinstance(trial.where, str) and d.is_kink else d.miss(trial.claimed)
            error = miss / scale if scale else (inf if miss else 0.0)
            errors.append(min(error, self.bound) if miss <= d.noise else error)
        return np.array(errors)

    def failure(self, trials: Sequence[Trial], derivatives: Sequence[Derivative]) -> int | None:
        """The number of the worst of those that fail, if any does."""
        errors = np.nan_to_num(self.errors(trials, derivatives), nan=inf)
        return None if errors.max() <= self.bound else int(errors.argmax())

    def row(self, trials: Sequence[Trial], derivatives: Sequence[Derivative]) -> Row:
        """What the table says of them."""
        errors = self.errors(trials, derivatives)
        k = int(np.nan_to_num(errors, nan=inf).argmax())
        return Row(
            name=self.name,
            shape=self.x.shape,
            checked=len(trials),
            method=self.method,
            error=float(errors[k]),
            bound=self.bound,
            where=trials[k].where,
            claimed=trials[k].claimed,
            numeric=derivatives[k].middle,
            kinks=sum(d.is_kink or trial.aside for trial, d in zip(trials, derivatives, strict=True)),
            notes=tuple(self.notes(trials, derivatives)) if isinstance(trials[k].where, tuple) else (),
        )

    def notes(self, trials: Sequence[Trial], derivatives: Sequence[Derivative]) -> Iterator[str]:
        """What there is to say of entries besides numbers."""
        if self.why:
            yield self.why
        pairs = list(zip(trials, derivatives, strict=True))
        kinks = [(trial, d) for trial, d in pairs if d.is_kink]
        beside = sum(trial.aside for trial in trials)
        if kinks:
            trial, d = kinks[0]
            sides = f"{d.left:.6g} from the left, {d.right:.6g} from the right, claimed {trial.claimed:.6g}"
            yield f"{len(kinks)} of {len(trials)} entries are at kinks, such as {trial.where}: {sides}"
        if beside:
            yield f"{beside} entries are where several kinks meet, and were compared a little aside"
        if all(max(abs(trial.claimed), abs(d.middle)) <= d.noise for trial, d in pairs):
            yield "nothing is larger than rounding, which proves little"


def spread(rng: Rng, shape: Shape) -> Array:
    """Random numbers none of which is near zero, so that no entry is overlooked."""
    return rng.uniform(0.5, 1.5, shape) * rng.choice((-1.0, 1.0), shape)


def entry_line(name: str, index: tuple[int, ...], problem: Problem) -> Line:
    """f's terms with t added to one entry of one array."""

    def line(t: complex) -> Array:
        moved = problem.point[name].astype(np.result_type(np.float64, type(t)))
        moved[index] += t
        return problem.value(name, moved)

    return line


def direction_line(name: str, v: Array, problem: Problem) -> Line:
    """f's terms with t*v added to one array."""
    return lambda t: problem.value(name, problem.point[name] + t * v)
