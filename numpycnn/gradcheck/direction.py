"""The directions in which arrays are moved: one entry by itself, or all entries of some arrays at once.

For any direction v the derivative of f(x + t*v) at t = 0 is the sum of v*gradient.
"""

from typing import NamedTuple

import numpy as np

from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.gradcheck.problem import Arrays, unit_of


class Entry(NamedTuple):
    """One entry of one array."""

    name: str
    where: tuple[int, ...]

    def moved(self, point: Arrays, t: complex) -> Arrays:
        """The array with t added to the entry."""
        a = point[self.name].astype(np.result_type(np.float64, type(t)))
        a[self.where] += t
        return {self.name: a}

    def unit(self, point: Arrays) -> float:
        """The size of numbers that steps are in proportion to."""
        return unit_of(point[self.name])

    def terms(self, gradients: Arrays) -> Array:
        """The terms whose sum is the derivative."""
        return np.asarray(gradients[self.name][self.where], np.float64)


class Direction(NamedTuple):
    """All entries of some arrays, in units of each array's largest number."""

    where: str
    """What it is called."""
    v: Arrays

    def moved(self, point: Arrays, t: complex) -> Arrays:
        """The arrays x + t*v."""
        return {name: point[name] + t * v for name, v in self.v.items()}

    def unit(self, point: Arrays) -> float:
        """The size of numbers that steps are in proportion to: it is in v already."""
        return 1.0

    def terms(self, gradients: Arrays) -> Array:
        """The terms whose sum is the derivative."""
        return np.concatenate([(v * gradients[name]).ravel() for name, v in self.v.items()])

    def flat(self) -> Array:
        """All numbers, the arrays laid end to end."""
        return np.concatenate([v.ravel() for v in self.v.values()])

    def among(self, entries: Array) -> "Direction":
        """The same for some entries alone, by their numbers when all arrays are laid end to end."""
        chosen = np.zeros(sum(v.size for v in self.v.values()))
        chosen[entries] = 1
        ends = np.cumsum([v.size for v in self.v.values()])
        parts = np.split(chosen, ends[:-1])
        return self._replace(
            v={name: v * part.reshape(v.shape) for (name, v), part in zip(self.v.items(), parts, strict=True)}
        )


def random_direction(rng: Rng, arrays: Arrays) -> Direction:
    """Random numbers none of which is near zero, so that no entry is overlooked."""
    return Direction("random", {name: unit_of(a) * spread(rng, a.shape) for name, a in arrays.items()})


def uniform_direction(arrays: Arrays) -> Direction:
    """The same number for all entries: what is equal stays equal."""
    unit = max(unit_of(a) for a in arrays.values())
    return Direction("uniform", {name: np.full(a.shape, unit) for name, a in arrays.items()})


def spread(rng: Rng, shape: Shape) -> Array:
    """Random numbers between 0.5 and 1.5, with random signs."""
    return rng.uniform(0.5, 1.5, shape) * rng.choice((-1.0, 1.0), shape)
