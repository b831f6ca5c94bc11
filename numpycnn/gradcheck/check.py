"""All claimed gradients of a problem, one after the other."""

from collections.abc import Iterator

import numpy as np

from numpycnn.gradcheck.adjoint import adjoint_row
from numpycnn.gradcheck.comparison import Comparison
from numpycnn.gradcheck.problem import Arrays, Problem, Settings
from numpycnn.gradcheck.report import Report, Row


def check(problem: Problem, settings: Settings) -> Report:
    """Compare every claimed gradient that can be compared; say what is wrong with others, or with the function."""
    claimed, wrong = problem.examined()
    with np.errstate(all="ignore"):  # what overflows is seen in the numbers
        return Report(problem.title, list(rows(problem, claimed, settings)), wrong)


def rows(problem: Problem, claimed: Arrays, settings: Settings) -> Iterator[Row]:
    """The rows of the report."""
    rng = np.random.default_rng(settings.seed)
    for name in (name for name in problem.point if name in claimed):
        if settings.method == "adjoint":
            yield adjoint_row(problem, name, claimed[name], rng)
        else:
            yield from Comparison(problem, name, claimed[name], settings, rng).rows()
