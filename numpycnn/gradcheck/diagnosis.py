"""What is wrong with a gradient, in words: the usual mistakes, each recognised by the pattern that it leaves.

Every entry is measured again, together with its shares: the derivative of each term of the forward's output, whose sum
it is. A pattern explains a gradient if it explains every entry. `patterns.py` has the patterns. What none explains may
be right for another input rotated, exchanged or left out (`changes.py`): a few derivatives along lines tell.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from numpycnn.common.typing import Array
from numpycnn.gradcheck.changes import changed
from numpycnn.gradcheck.patterns import NEAR, PATTERNS, REST, Evidence, explanation, of_shape
from numpycnn.gradcheck.problem import REAL, Arrays, Problem, given, unit_of
from numpycnn.gradcheck.report import Report

MAX_ENTRIES, MAX_SHARES = 1_000, 1_000_000
"""The largest array, and how many shares, that are measured."""

LINES = 3
"""Along so many lines at random two gradients are compared."""

STEP = 2.0**-17
"""The differences' step, in units of the array: they are exact to some 1e-9."""

KINK = 1e-3
"""The difference of both sides' derivatives, relative to the largest, from which an entry is at a kink."""

UNSTEADY = ("different numbers", "in place")
"""What problems are about where nothing more can be measured."""

FINE, COARSE = 1 + 2.0**-40, 1 + 2.0**-16
"""Factors that float64 sees, and float32 sees the second alone."""


def diagnosed(problem: Problem, report: Report, values: Mapping[str, Any]) -> Report:
    """The report with what is wrong in words. values: the inputs, whose numbers may explain a factor."""
    if not report.failed or any(flaw in text for text in report.problems for flaw in UNSTEADY):
        return report
    with np.errstate(all="ignore"):
        return report._replace(diagnoses=list(diagnoses(problem, report, values)))


def diagnoses(problem: Problem, report: Report, values: Mapping[str, Any]) -> Iterator[str]:
    """A line for each gradient that is wrong."""
    real = given(problem.claim(problem.point))
    claimed = {name: a for name, a in real.items() if a.dtype.kind in REAL}
    wrong = {row.name for row in report.rows if row.verdict == "failed"}
    size = problem.terms().size
    for name in problem.wanted:
        x = problem.point[name]
        if name not in claimed or 0 in (x.size, size) or x.size > MAX_ENTRIES or x.size * size > MAX_SHARES:
            continue
        one = evidence(problem, name, claimed[name], values)
        text = None
        if claimed[name].shape != x.shape:
            text = of_another(one, problem) or of_shape(one)
        elif name in wrong or "all arrays" in wrong:
            patterns = of_another(one, problem) or explanation(one, PATTERNS)
            text = patterns or of_changed(one, problem) or explanation(one, REST)
        if text:
            yield f"{name}: {text}"


def of_another(one: Evidence, problem: Problem) -> str | None:
    """Whether the gradient is that of another input."""
    for name in problem.wanted:
        if name != one.name and problem.point[name].shape == one.claimed.shape:
            other = evidence(problem, name, one.claimed, {})
            if other.near(other.claimed, other.numeric):
                return f"this is the gradient of {name}: they are returned in another order"
    return None


def of_changed(one: Evidence, problem: Problem) -> str | None:
    """Whether the gradient is right for other values of the other inputs."""
    if not one.far:
        return None
    others = {name: problem.point[name] for name in problem.wanted if name != one.name}
    lines = np.random.default_rng(0).uniform(-1, 1, (LINES, *one.x.shape))
    found = (text for text, other in changed(others) if all(is_along(one, problem.at(other), line) for line in lines))
    return next(found, None)


def is_along(one: Evidence, problem: Problem, line: Array) -> bool:
    """Whether the claim is the derivative at a point along a line."""
    h = STEP * unit_of(one.x)
    try:
        up, down = (problem.value(one.name, one.x + step * line).sum() for step in (h, -h))
    except Exception:  # user code may raise at points that the user did not choose
        return False
    return bool(abs((up - down) / (2 * h) - (line * one.claimed).sum()) <= NEAR * one.scale)


def evidence(problem: Problem, name: str, claimed: Array, values: Mapping[str, Any]) -> Evidence:
    """What is known of one gradient: measured entry by entry."""
    x, base = problem.point[name], problem.terms()
    h = STEP * unit_of(x)
    shares = np.empty((*x.shape, *base.shape))
    left, right = np.empty(x.shape), np.empty(x.shape)
    for index in np.ndindex(x.shape):
        up, down = (problem.value(name, moved(x, index, step)) for step in (h, -h))
        shares[index] = (up - down) / (2 * h)
        left[index], right[index] = (base - down).sum() / h, (up - base).sum() / h
    numeric = shares.reshape((*x.shape, -1)).sum(axis=-1)  # x's shape
    kinks = abs(right - left) > KINK * (abs(numeric).max() or 1.0)
    dy = problem.point.get("dy")
    return Evidence(name, claimed, numeric, np.minimum(left, right), np.maximum(left, right), kinks, x, dy, shares,
                    named_numbers(values), behaviour=behaviour(problem, name, claimed))  # fmt: skip


def moved(x: Array, index: tuple[int, ...], step: float) -> Array:
    """An array with one entry changed."""
    a = x.copy()
    a[index] += step
    return a


def behaviour(problem: Problem, name: str, claimed: Array) -> dict[str, bool]:
    """How the claim answers to changes: of dy, and of all arrays in digits that float32 does not have."""
    try:
        return answers(problem, name, claimed) if problem.movable else {}
    except Exception:  # user code may raise at points that the user did not choose
        return {}


def answers(problem: Problem, name: str, claimed: Array) -> dict[str, bool]:
    """The same, where the claim can be asked for again."""
    point = problem.point
    inputs = {key: point[key] for key in problem.wanted}
    found = {"float32 forward": blind(lambda moved: problem.at(moved).terms(), inputs)}

    def claim(moved: Arrays) -> Array:
        return problem.claim({**point, **moved})[name]

    found["float32"] = blind(claim, inputs)
    if "dy" in point:
        found["float32"] |= blind(claim, {"dy": point["dy"]})
        doubled = claim({"dy": 2 * point["dy"]})
        found["without dy"] = np.array_equal(doubled, claimed)
        found["dy squared"] = doubled.shape == claimed.shape and np.allclose(doubled, 4 * claimed)
    return found


def blind(function: Callable[[Arrays], Array], arrays: Arrays) -> bool:
    """Whether a function sees a change of these arrays in the digits of float32, and none in those after them."""
    fine, coarse, same = ({key: a * nudge for key, a in arrays.items()} for nudge in (FINE, COARSE, 1))
    return np.array_equal(function(fine), function(same)) and not np.array_equal(function(coarse), function(same))


def named_numbers(values: Mapping[str, Any]) -> dict[str, float]:
    """The numbers among the inputs and in their dicts, which a factor may be."""
    found: dict[str, float] = {}
    for name, value in values.items():
        inside = value if isinstance(value, dict) else {}
        flat = {name: value} | {f"{name}[{key!r}]": one for key, one in inside.items()}
        found |= {key: float(one) for key, one in flat.items() if isinstance(one, (int, float)) and one is not True}
    return found
