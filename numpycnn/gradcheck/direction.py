"""The directions of derivatives: one entry, or all entries of some arrays at once.

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
        """The unit of step sizes."""
        return unit_of(point[self.name])

    def terms(self, gradients: Arrays) -> Array:
        """The terms whose sum is the derivative."""
        return np.asarray(gradients[self.name][self.where], np.float64)


class Direction(NamedTuple):
    """All entries of some arrays, in units of each array's largest number."""

    where: str
    """Its name."""
    v: Arrays

    def moved(self, point: Arrays, t: complex) -> Arrays:
        """The arrays x + t*v."""
        return {name: point[name] + t * v for name, v in self.v.items()}

    def unit(self, point: Arrays) -> float:
        """The unit of step sizes, which v contains already."""
        return 1.0

    def terms(self, gradients: Arrays) -> Array:
        """The terms whose sum is the derivative."""
        return np.concatenate([(v * gradients[name]).ravel() for name, v in self.v.items()])

    def flat(self) -> Array:
        """All arrays as one vector."""
        return np.concatenate([v.ravel() for v in self.v.values()])

    def among(self, entries: Array) -> "Direction":
        """The direction restricted to some entries, given by their indices in `flat`."""
        chosen = np.zeros(sum(v.size for v in self.v.values()))
        chosen[entries] = 1
        ends = np.cumsum([v.size for v in self.v.values()])
        parts = np.split(chosen, ends[:-1])
        masks = [part.reshape(v.shape) for part, v in zip(parts, self.v.values(), strict=True)]  # in the shapes of v
        return self._replace(v={name: v * mask for (name, v), mask in zip(self.v.items(), masks, strict=True)})


def random_direction(rng: Rng, arrays: Arrays) -> Direction:
    """A random direction without entries near zero, so that every entry counts."""
    return Direction("random", {name: unit_of(a) * spread(rng, a.shape) for name, a in arrays.items()})


def uniform_direction(arrays: Arrays) -> Direction:
    """The same number for all entries, which keeps equal entries equal."""
    unit = max(unit_of(a) for a in arrays.values())
    return Direction("uniform", {name: np.full(a.shape, unit) for name, a in arrays.items()})


def spread(rng: Rng, shape: Shape) -> Array:
    """Random numbers between 0.5 and 1.5, with random signs."""
    return rng.uniform(0.5, 1.5, shape) * rng.choice((-1.0, 1.0), shape)
