"""The gradient check of a problem: all claimed gradients."""

from collections.abc import Iterator

import numpy as np

from numpycnn.gradcheck.adjoint import adjoint_row
from numpycnn.gradcheck.comparison import Comparison
from numpycnn.gradcheck.problem import Arrays, Problem, Settings
from numpycnn.gradcheck.report import Report, Row


def examine(problem: Problem, settings: Settings) -> Report:
    """Compare every claimed gradient that can be compared; report problems with the others and the function."""
    claimed, wrong = problem.examined()
    with np.errstate(all="ignore"):  # what overflows is seen in the numbers
        return Report(problem.title, list(rows(problem, claimed, settings)), wrong)


def rows(problem: Problem, claimed: Arrays, settings: Settings) -> Iterator[Row]:
    """The rows of the report."""
    rng = np.random.default_rng(settings.seed)
    ordered = {name: claimed[name] for name in problem.wanted if name in claimed}
    if settings.method == "adjoint":
        return (adjoint_row(problem, name, gradient, rng) for name, gradient in ordered.items())
    return Comparison(problem, ordered, settings, rng).rows()
