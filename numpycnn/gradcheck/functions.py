"""Gradient checks of functions: of any code that takes arrays and returns an array or a number."""

from collections.abc import Callable, Collection, Sequence
from inspect import signature
from typing import Any

import numpy as np

from numpycnn.common import checks
from numpycnn.common.typing import Array
from numpycnn.gradcheck.check import check
from numpycnn.gradcheck.problem import Arrays, Problem, Settings
from numpycnn.gradcheck.report import Report

SAMPLES = 100
"""The default number of entries of an array that are compared; all of a smaller array."""


def gradcheck_function(
    f: Callable[..., Any],
    gradients: Any,
    *inputs: Any,
    dy: Any = None,
    no_gradient: Collection[int | str] = (),
    method: str = "auto",
    samples: int = SAMPLES,
    seed: int = 0,
) -> Report:
    """Check the gradients that are claimed for a function f(*inputs).

    f: takes float64 arrays. If it returns a number, its gradients are checked; if it returns an array y, those of
    sum(y*dy), for the dy that a backward pass receives.
    gradients: the claimed gradients. Either a function, called as gradients(*inputs) if f returns a number, and as
    gradients(dy, *inputs) if it returns an array; or the result of such a function: an array for each input, in a tuple
    or list unless there is only one input. Inputs that take no gradient have None, or are left out.
    dy: by default random if gradients is a function, and ones otherwise.
    no_gradient: the inputs that take no gradient, such as targets: by position, or by the name of f's parameter. They
    are not changed, nor are arrays of integers or bools whose gradient is None, such as labels and indices. For any
    other input None fails, because it was not compared.
    method: "complex", "central", "adjoint" (for linear functions, see `adjoint.py`), or "auto": the complex step where
    central differences confirm it, and these elsewhere.
    samples: the number of entries that are compared of a larger array, besides sums over all entries.
    seed: of all random numbers.

    Raises TypeError or ValueError for arguments that do not fit. What is wrong with f or gradients is in the report.
    """
    owner = "gradcheck_function"
    settings = Settings.checked(owner, method, samples, seed)
    if not inputs:
        raise TypeError(f"{owner}: expected at least one input")
    names = ["input"] if len(inputs) == 1 else [f"input {k}" for k in range(len(inputs))]
    without = {names[k] for k in positions(owner, f, no_gradient, len(inputs))}
    point = {name: as_given(owner, name, x, name in without) for name, x in zip(names, inputs, strict=True)}
    y = output(owner, f(*(x.copy() for x in point.values())))
    if y.ndim or dy is not None:
        point["dy"] = output_gradient(owner, dy, y, drawn=callable(gradients), seed=seed)
    claim = claims(owner, gradients, names, without)
    claimed = claim({name: x.copy() for name, x in point.items()})
    without |= {name for name in names if point[name].dtype.kind in "iub" and claimed.get(name) is None}
    point |= {name: point[name].astype(np.float64) for name in names if name not in without}
    title = getattr(f, "__name__", type(f).__name__)
    wanted = [name for name in names if name not in without]
    return check(Problem(title, weighted(owner, f, names), claim, point, wanted, movable=callable(gradients)), settings)


def positions(owner: str, f: Callable[..., Any], chosen: Collection[int | str], count: int) -> set[int]:
    """The indices of inputs given by position or by the name of f's parameter. Raises ValueError for others."""
    if isinstance(chosen, (int, str)):
        raise TypeError(f"{owner}: no_gradient must be a sequence of positions or names; received {chosen!r}")
    try:
        names = list(signature(f).parameters)[:count]
    except (TypeError, ValueError):  # some functions written in C have no signature
        names = []
    known: dict[int | str, int] = {name: k for k, name in enumerate(names)}
    known |= {k: k for k in range(count)}
    for one in chosen:
        if one not in known:
            raise ValueError(f"{owner}: no_gradient must be among {', '.join(map(str, known))}; received {one!r}")
    return {known[one] for one in chosen}


def as_given(owner: str, name: str, x: Any, fixed: bool) -> Array:
    """An input as an array: in float64, except for integers, bools, and inputs without gradient."""
    if fixed:
        return np.asarray(x)
    a = checks.numbers(owner, name, x)
    return a if a.dtype.kind in "iub" else a.astype(np.float64)


def output(owner: str, y: Any) -> Array:
    """f's result as an array. Raises TypeError unless it is an array or a number."""
    if not isinstance(y, (np.ndarray, np.generic, float, int, complex)):
        raise TypeError(f"{owner}: f must give an array or a number; received {type(y).__name__}")
    return np.asarray(y)


def output_gradient(owner: str, dy: Any, y: Array, *, drawn: bool, seed: int) -> Array:
    """dy in float64: the given one, random, or ones. Raises ValueError unless it has the shape of y."""
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
    """y*dy in the precision of y, so that float32 results are noticed."""
    return y * (dy.astype(y.real.dtype) if y.dtype.kind in "fc" else dy)


def claims(owner: str, gradients: Any, names: Sequence[str], without: Collection[str]) -> Callable[[Arrays], Arrays]:
    """The claimed gradients by name, None where there is none.

    Gradients of fewer inputs are those of the inputs that can take one.
    """

    def claim(point: Arrays) -> Arrays:
        result = gradients
        if callable(gradients):
            result = gradients(*([point["dy"]] if "dy" in point else []), *(point[name] for name in names))
        listed = result if isinstance(result, tuple) or (isinstance(result, list) and len(names) > 1) else [result]
        takers = [name for name in names if name not in without and point[name].dtype.kind == "f"]
        owners = names if len(listed) == len(names) else takers
        if len(listed) != len(owners) and result is not None:
            raise ValueError(f"{owner}: expected gradients of {len(names)} inputs; received {len(listed)}")
        return {name: np.asarray(g) for name, g in zip(owners, listed, strict=False) if g is not None}

    return claim
