"""What is checked, and what can be wrong with it besides numbers."""

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
    """A function of arrays by name, and what is claimed to be its gradients, at a point."""

    title: str
    f: Callable[[Arrays], Array]
    """Gives an array of terms; the gradients are of their sum."""
    claim: Callable[[Arrays], Arrays]
    """Gives the claimed gradients under the names of the arrays."""
    point: Arrays
    """The arrays: in float64 where a gradient is wanted."""
    wanted: Collection[str]
    """Names whose gradients are compared, and must not be missing. The other arrays are never moved."""
    movable: bool = True
    """Whether `claim` knows the gradients elsewhere too, and not at this point alone."""
    chained: bool = False
    """Whether f is many operations in a row, so that several kinks may meet in what looks like one."""
    size: float = 0.0
    """How large numbers get on the way to f, where that is known: of a small result, rounding may be more than that."""

    def terms(self) -> Array:
        """f's terms at the point."""
        return np.asarray(self.f(self.point))

    def at(self, moved: Arrays) -> "Problem":
        """The same at another point: with other arrays in the place of some."""
        return self._replace(point=self.point | moved)

    def value(self, name: str, moved: Array) -> Array:
        """f's terms with another array in the place of one."""
        return self.at({name: moved}).terms()

    def claimed(self) -> Arrays | None:
        """The claimed gradients; None where they are not known, or not all finite, or the function is not."""
        if not self.movable:
            return None
        try:
            terms, claimed = self.terms(), self.claim(self.point)
            gradients = {name: np.asarray(claimed[name], np.float64) for name in self.wanted}
        except Exception:  # code that is not ours may refuse this point, which nobody asked it about
            return None
        return gradients if all(np.isfinite(a).all() for a in (terms, *gradients.values())) else None

    def examined(self) -> tuple[Arrays, list[str]]:
        """The claimed gradients that can be compared, and what is wrong with others, or with the function."""
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
    """What a function gives, and what is wrong: it changes its arguments, or asked again gives something else."""
    wrong, results = [], []
    for _ in range(2):
        own = {name: a.copy() for name, a in point.items()}
        results.append({name: np.array(a) for name, a in function(own).items()})
        wrong += [f"{what} changes {name} in place" for name in own if not same(own[name], point[name])]
    if any(not same(a, results[1][name]) for name, a in results[0].items()):
        wrong.append(f"{what} gives different numbers for the same arrays")
    return results[0], list(dict.fromkeys(wrong))


def same(a: Array, b: Array) -> bool:
    """Whether two arrays are equal, NaN being equal to NaN."""
    return np.array_equal(a, b, equal_nan=a.dtype.kind == b.dtype.kind == "f")


def flaws(what: str, a: Array) -> list[str]:
    """What is wrong with numbers that should be finite and in float64."""
    if a.dtype.kind not in REAL:
        return [f"{what} must be real numbers; received dtype {a.dtype}"]
    wrong = [] if np.isfinite(a).all() else [f"{what} is not finite"]
    return [*wrong, f"{what} is {a.dtype} for float64 inputs"] if a.dtype in (np.float16, np.float32) else wrong


def unit_of(a: Array) -> float:
    """The size of an array's numbers, by which steps are measured."""
    return float(np.abs(a).max(initial=0.0)) or 1.0


class Settings(NamedTuple):
    """How a problem is checked; `gradcheck_function` says what each means."""

    method: str
    samples: int
    seed: int

    @classmethod
    def checked(cls, owner: str, method: str, samples: int, seed: int) -> "Settings":
        """The settings. Raises TypeError or ValueError for those that are none."""
        return cls(
            checks.choice(owner, "method", method, METHODS),
            checks.integer(owner, "samples", samples),
            checks.integer(owner, "seed", seed, at_least=0),
        )
