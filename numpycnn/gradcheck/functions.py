"""Gradient checks of functions: of any code that takes arrays and gives an array or a number."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from numpycnn.common import checks
from numpycnn.common.typing import Array
from numpycnn.gradcheck.check import check
from numpycnn.gradcheck.problem import Arrays, Problem, Settings
from numpycnn.gradcheck.report import Report

SAMPLES = 100
"""How many entries of an array are compared by default; of smaller arrays, all are."""


def gradcheck_function(
    f: Callable[..., Any],
    gradients: Any,
    *inputs: Any,
    dy: Any = None,
    method: str = "auto",
    samples: int = SAMPLES,
    seed: int = 0,
) -> Report:
    """Check the gradients that are claimed for a function f(*inputs).

    f: takes float64 arrays. Where it gives a number, its own gradients are checked. Where it gives an array y, those of
    sum(y*dy) are, for the dy that a backward pass is handed.
    gradients: what is claimed. Either a function, called as gradients(*inputs) where f gives a number, and as
    gradients(dy, *inputs) where f gives an array; or what such a function gives: an array for each input, in a tuple or
    list unless there is one input only, with None for an input that is not to be checked.
    dy: by default drawn at random for a function of gradients, and ones for arrays.
    method: "complex", "central", "adjoint" (for linear functions, see `adjoint.py`), or "auto": the complex step where
    it agrees with central differences, and these elsewhere.
    samples: of a larger array, that many entries are compared, and sums over all of them.
    seed: fixes all that is drawn.

    Raises TypeError or ValueError for arguments that do not fit. What is wrong with f or gradients is in the report.
    """
    owner = "gradcheck_function"
    settings = Settings.checked(owner, method, samples, seed)
    if not inputs:
        raise TypeError(f"{owner}: expected at least one input")
    names = ["input"] if len(inputs) == 1 else [f"input {k}" for k in range(len(inputs))]
    point = {name: checks.numbers(owner, name, x).astype(np.float64) for name, x in zip(names, inputs, strict=True)}
    y = output(owner, f(*(x.copy() for x in point.values())))
    if y.ndim or dy is not None:
        point["dy"] = output_gradient(owner, dy, y, drawn=callable(gradients), seed=seed)
    title = getattr(f, "__name__", type(f).__name__)
    terms, claim = weighted(owner, f, names), claims(owner, gradients, names)
    return check(Problem(title, terms, claim, point, movable=callable(gradients)), settings)


def output(owner: str, y: Any) -> Array:
    """What f gave, as an array. Raises TypeError unless it is an array or a number."""
    if not isinstance(y, (np.ndarray, np.generic, float, int, complex)):
        raise TypeError(f"{owner}: f must give an array or a number; received {type(y).__name__}")
    return np.asarray(y)


def output_gradient(owner: str, dy: Any, y: Array, *, drawn: bool, seed: int) -> Array:
    """dy in float64: as it is given, drawn, or ones. Raises ValueError for another shape than y's."""
    if dy is None:
        return np.random.default_rng((seed, 1)).standard_normal(y.shape) if drawn else np.ones(y.shape)
    dy = checks.numbers(owner, "dy", dy).astype(np.float64)
    if dy.shape != y.shape or not y.ndim:
        kind = f"the shape of what f gives, {y.shape}" if y.ndim else "no value, for f gives a number"
        raise ValueError(f"{owner}: dy must have {kind}; received {dy.shape}")
    return dy


def weighted(owner: str, f: Callable[..., Any], names: Sequence[str]) -> Callable[[Arrays], Array]:
    """The terms whose sum is differentiated: y*dy, or a number by itself."""

    def terms(point: Arrays) -> Array:
        y = output(owner, f(*(point[name] for name in names)))
        return times(y, point["dy"]) if "dy" in point else y

    return terms


def times(y: Array, dy: Array) -> Array:
    """y*dy in the precision of y, so that a float32 does not hide."""
    return y * (dy.astype(y.real.dtype) if y.dtype.kind in "fc" else dy)


def claims(owner: str, gradients: Any, names: Sequence[str]) -> Callable[[Arrays], Arrays]:
    """The claimed gradients by name."""

    def claim(point: Arrays) -> Arrays:
        given = gradients
        if callable(gradients):
            given = gradients(*([point["dy"]] if "dy" in point else []), *(point[name] for name in names))
        listed = given if isinstance(given, tuple) or (isinstance(given, list) and len(names) > 1) else [given]
        if len(listed) != len(names):
            raise ValueError(f"{owner}: expected gradients of {len(names)} inputs; received {len(listed)}")
        return {name: np.asarray(g) for name, g in zip(names, listed, strict=True) if g is not None}

    return claim
