"""Gradient checks of code that is not the library's: functions and objects in any of the usual styles."""

from collections.abc import Callable, Collection, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np

from numpycnn.common import checks
from numpycnn.common.typing import Array
from numpycnn.gradcheck.code import Code, Values, by_name, code_of
from numpycnn.gradcheck.diagnosis import diagnosed
from numpycnn.gradcheck.examine import examine
from numpycnn.gradcheck.objects import code_of_object, methods_of
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
    **constants: Any,
) -> Report:
    """Check the gradients that are claimed for a function f(*inputs, **constants).

    f: takes float64 arrays. If it returns a number, its gradients are checked; if it returns an array y, those of
    sum(y*dy), for the dy that a backward pass receives. Where it returns a pair, that is (y, cache).
    gradients: the claimed gradients. Either a function, called as gradients(dy, cache) if there is a cache, and as
    gradients(dy, *inputs) otherwise, without dy if f returns a number; or the result of such a function; or None, where
    f returns a loss and its gradients. A result is an array for each input, in a tuple or list unless there is only
    one, or in a dict by name. Inputs that take no gradient have None, or are left out. Other styles, such as
    PyTorch's f(ctx, ...) and the methods of an object, are in `code.py`.
    inputs: their names in the report are those of f's parameters. Dicts, strings, None, and integers and labels without
    a gradient are passed unchanged.
    dy: by default random if gradients is a function, and ones otherwise.
    no_gradient: the inputs that take no gradient, such as targets: by position, or by name. They are not changed. For
    any other input of floats None fails, because it was not compared.
    method: "complex", "central", "adjoint" (for linear functions, see `adjoint.py`), or "auto": the complex step where
    central differences confirm it, and these elsewhere.
    samples: the number of entries that are compared of a larger array, besides sums over all entries.
    seed: of all random numbers.
    constants: arguments by name, which are not checked; f gets them, and a backward that has a parameter of that name.

    Raises TypeError or ValueError for arguments that do not fit. What is wrong with f or gradients is in the report.
    """
    owner = "gradcheck_function"
    settings = Settings.checked(owner, method, samples, seed)
    methods = methods_of(f, gradients)
    if methods is None:
        code = code_of(owner, f, gradients, inputs, constants)
    else:
        code = code_of_object(owner, methods, inputs, constants)
    return checked(owner, code, no_gradient, dy, settings)


def checked(owner: str, code: Code, no_gradient: Collection[int | str], dy: Any, settings: Settings) -> Report:
    """The report on code in one form, with what is wrong in words."""
    inputs = Inputs.of(owner, code, positions(owner, no_gradient, list(code.values)))
    y = output(owner, code.call(inputs.values(copied(inputs.arrays)))[0])
    point = dict(inputs.arrays)
    if y.ndim or dy is not None:
        point["dy"] = output_gradient(owner, dy, y, drawn=code.movable, seed=settings.seed)
    claimed = claims(owner, code, inputs)(copied(point))
    inputs = inputs.differentiated(claimed)
    point |= {name: point[name].astype(np.float64) for name in inputs.wanted}
    problem = Problem(
        code.title, weighted(owner, code, inputs), claims(owner, code, inputs), point, inputs.wanted, code.movable
    )
    report = examine(problem, settings)._replace(notes=[*inputs.notes(), *code.notes])
    return diagnosed(problem, report, code.values)


def copied(arrays: Arrays) -> Arrays:
    """Copies, which code may change: that it does is seen, and told, later."""
    return {name: a.copy() for name, a in arrays.items()}


class Inputs(NamedTuple):
    """The inputs of code: which of them are arrays that may take a gradient, and which are passed as they are."""

    given: dict[str, Any]
    """All, as they were given."""
    arrays: Arrays
    """Those that are arrays or numbers."""
    wanted: list[str]
    """Those whose gradients are compared."""

    @classmethod
    def of(cls, owner: str, code: Code, without: Collection[str]) -> "Inputs":
        """The inputs of code, with the names of those that take no gradient."""
        found = {
            name: as_given(owner, name, x, name in without)
            for name, x in code.values.items()
            if is_array(name, x, without)
        }
        if not found:
            received = ", ".join(map(checks.short_repr, code.values.values()))
            raise TypeError(f"{owner}: expected at least one input that is an array or a number; received {received}")
        chosen = [name for name in found if name not in without]
        others = [name for name in chosen if not is_setting(code.values[name])]
        return cls(code.values, found, others or chosen)  # integers may be all that there is to differentiate by

    @property
    def takers(self) -> list[str]:
        """Those that can take a gradient, labels and indices left out."""
        return [name for name in self.wanted if self.arrays[name].dtype.kind == "f"]

    def differentiated(self, claimed: Arrays) -> "Inputs":
        """The inputs, without those of integers for which no gradient is claimed."""
        return self._replace(wanted=[name for name in self.wanted if name in self.takers or name in claimed])

    def values(self, point: Arrays) -> Values:
        """What the code is called with: the point's arrays, and the rest as it was given."""
        return {name: self.value(name, point) for name in self.given}

    def value(self, name: str, point: Arrays) -> Any:
        """What one input is at a point."""
        if name in self.wanted or isinstance(self.given[name], np.ndarray):
            return point.get(name, self.arrays[name])
        return deepcopy(self.given[name])

    def notes(self) -> list[str]:
        """Which inputs take no gradient."""
        without = [name for name in self.given if name not in self.wanted]
        return [f"no gradient is compared of {', '.join(without)}, which stay as they are"] if without else []


def is_setting(x: Any) -> bool:
    """Whether an input is an integer, or a tuple of integers, such as strides."""
    return isinstance(x, int) or (isinstance(x, tuple) and all(isinstance(one, int) for one in x))


def is_array(name: str, x: Any, without: Collection[str]) -> bool:
    """Whether an input is an array or number that is checked or at least watched: no dict, text, None or object."""
    if name in without:
        return isinstance(x, np.ndarray)
    return not (x is None or isinstance(x, (bool, str, bytes, dict)) or callable(x))


def positions(owner: str, chosen: Collection[int | str], names: Sequence[str]) -> set[str]:
    """The names of inputs given by position or by name. Raises TypeError or ValueError for others."""
    if isinstance(chosen, (int, str)):
        raise TypeError(f"{owner}: no_gradient must be a sequence of positions or names; received {chosen!r}")
    known: dict[int | str, str] = {name: name for name in names} | dict(enumerate(names))
    for one in chosen:
        if one not in known:
            raise ValueError(f"{owner}: no_gradient must be among {', '.join(map(str, known))}; received {one!r}")
    return {known[one] for one in chosen}


def as_given(owner: str, name: str, x: Any, fixed: bool) -> Array:
    """An input as an array: in float64, except for integers and bools, and those without a gradient."""
    if fixed:
        return np.asarray(x)
    a = checks.numbers(owner, name, x)
    return a if a.dtype.kind in "iub" else a.astype(np.float64)


def output(owner: str, y: Any) -> Array:
    """A forward's output as an array. Raises TypeError unless it is an array or a number."""
    if not isinstance(y, (np.ndarray, np.generic, float, int, complex)):
        raise TypeError(
            f"{owner}: f must give an array or a number, or a pair of one and a cache; received {type(y).__name__}"
        )
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


def weighted(owner: str, code: Code, inputs: Inputs) -> Callable[[Arrays], Array]:
    """The terms whose sum is differentiated: y*dy, or a number by itself."""

    def terms(point: Arrays) -> Array:
        y = output(owner, code.call(inputs.values(point))[0])
        return times(y, point["dy"]) if "dy" in point else y

    return terms


def times(y: Array, dy: Array) -> Array:
    """y*dy in the precision of y, so that float32 results are noticed."""
    return y * (dy.astype(y.real.dtype) if y.dtype.kind in "fc" else dy)


def claims(owner: str, code: Code, inputs: Inputs) -> Callable[[Arrays], Arrays]:
    """The claimed gradients by name, None where there is none."""

    def claim(point: Arrays) -> Arrays:
        _, pullback = code.call(inputs.values(point))
        return by_name(owner, list(code.values), inputs.takers, pullback(point.get("dy")))

    return claim
