"""The problem that is checked, and its errors besides wrong numbers."""

from collections.abc import Callable, Collection
from typing import NamedTuple

import numpy as np

from numpycnn.common import checks
from numpycnn.common.typing import Array

METHODS = ("auto", "complex", "central", "adjoint")

REAL = "biuf"
"""The kinds of dtypes that are real numbers."""

Arrays = dict[str, Array]


class Problem(NamedTuple):
    """A function of arrays by name, its claimed gradients, and a point."""

    title: str
    f: Callable[[Arrays], Array]
    """Returns an array of terms; the gradients are those of their sum."""
    claim: Callable[[Arrays], Arrays]
    """Returns the claimed gradients by the names of the arrays."""
    point: Arrays
    """The arrays; those with gradients in float64."""
    wanted: Collection[str]
    """The names whose gradients are compared, and must not be missing. The other arrays are never changed."""
    movable: bool = True
    """Whether `claim` returns the gradients at any point, and not only at this one."""
    chained: bool = False
    """Whether f is a composition of many operations, so that several kinks may coincide."""
    size: float = 0.0
    """The magnitude of f's intermediate values, if known: it determines the rounding error of a small result."""

    def terms(self) -> Array:
        """f's terms at the point."""
        return np.asarray(self.f(self.point))

    def at(self, moved: Arrays) -> "Problem":
        """The problem at another point: with some arrays replaced."""
        return self._replace(point=self.point | moved)

    def value(self, name: str, moved: Array) -> Array:
        """f's terms with one array replaced."""
        return self.at({name: moved}).terms()

    def claimed(self) -> Arrays | None:
        """The claimed gradients at the point; None if they are not known there, or anything is not finite."""
        if not self.movable:
            return None
        try:
            terms, claimed = self.terms(), self.claim(self.point)
            gradients = {name: np.asarray(claimed[name], np.float64) for name in self.wanted}
        except Exception:  # user code may raise at this point, which the user did not choose
            return None
        return gradients if all(np.isfinite(a).all() for a in (terms, *gradients.values())) else None

    def examined(self) -> tuple[Arrays, list[str]]:
        """The claimed gradients that can be compared, and the errors of the others and of the function."""
        terms, wrong = twice("the function", lambda point: {"output": self.f(point)}, self.point)
        claimed, of_claim = twice("the claimed gradient", lambda point: given(self.claim(point)), self.point)
        wrong += of_claim + flaws("the function's output", terms["output"])
        wrong += [f"there is no gradient of {name}" for name in self.wanted if name not in claimed]
        wrong += [] if self.wanted else ["nothing was compared, for no gradient is wanted"]
        fitting: Arrays = {}
        for name, gradient in claimed.items():
            shape = self.point[name].shape if name in self.point else None
            if gradient.shape != shape:
                expected = f"be of one of {', '.join(self.point)}" if shape is None else f"have the shape {shape}"
                wrong.append(f"the gradient of {name} must {expected}; received the shape {gradient.shape}")
            elif name in self.wanted:
                wrong += flaws(f"the gradient of {name}", gradient)
                fitting |= {name: gradient} if gradient.dtype.kind in REAL else {}
        return fitting, wrong


def given(claimed: Arrays) -> Arrays:
    """The gradients that are not None."""
    return {name: gradient for name, gradient in claimed.items() if gradient is not None}


def twice(what: str, function: Callable[[Arrays], Arrays], point: Arrays) -> tuple[Arrays, list[str]]:
    """A function's results, and its errors: changed arguments, or different results in a second call."""
    wrong, results = [], []
    for _ in range(2):
        own = {name: a.copy() for name, a in point.items()}
        results.append({name: np.array(a) for name, a in function(own).items()})
        wrong += [
            f"{what} changes {name} in place: it must work on a copy"
            for name in own
            if not same(own[name], point[name])
        ]
    if any(not same(a, results[1][name]) for name, a in results[0].items()):
        wrong.append(
            f"{what} gives different numbers for the same arrays: random numbers, or what a call leaves behind"
        )
    return results[0], list(dict.fromkeys(wrong))


def same(a: Array, b: Array) -> bool:
    """Whether two arrays are equal, with NaN equal to NaN."""
    return np.array_equal(a, b, equal_nan=a.dtype.kind == b.dtype.kind == "f")


def flaws(what: str, a: Array) -> list[str]:
    """The errors of an array that should be real, finite and float64."""
    if a.dtype.kind not in REAL:
        return [f"{what} must be real numbers; received dtype {a.dtype}"]
    wrong = [] if np.isfinite(a).all() else [f"{what} is not finite"]
    return [*wrong, f"{what} is {a.dtype} for float64 inputs"] if a.dtype in (np.float16, np.float32) else wrong


def unit_of(a: Array) -> float:
    """The largest magnitude in an array, the unit of step sizes."""
    return float(np.abs(a).max(initial=0.0)) or 1.0


class Settings(NamedTuple):
    """The settings of a check; see `gradcheck_function`."""

    method: str
    samples: int
    seed: int

    @classmethod
    def checked(cls, owner: str, method: str, samples: int, seed: int) -> "Settings":
        """The validated settings. Raises TypeError or ValueError for invalid ones."""
        return cls(
            checks.choice(owner, "method", method, METHODS),
            checks.integer(owner, "samples", samples),
            checks.integer(owner, "seed", seed, at_least=0),
        )
