"""Weights as Keras's variables, for programs that ask them for their name or value."""

from collections.abc import Collection
from typing import Any, Self

import numpy as np

from numpycnn.common import checks
from numpycnn.common.typing import Array


class Variable(np.ndarray):
    """A weight: the layer's own array under its name, with Keras's ways to read it and to set it.

    What is computed from it is a plain array.
    """

    path: str
    """Its name in the model, such as "conv2d/kernel"."""
    trainable: bool
    """Whether training changes it by a gradient."""

    @property
    def name(self) -> str:
        """Its name in the layer, such as "kernel"."""
        return self.path.rpartition("/")[2]

    @property
    def value(self) -> Array:
        """The layer's own array."""
        return self.view(np.ndarray)

    def numpy(self) -> Array:
        """A copy as a plain array."""
        return np.array(self)

    def assign(self, value: Any) -> Self:
        """Copy a value into the layer's array. Raises TypeError or ValueError unless it has its shape."""
        array = checks.numbers(self.path, "value", value)
        if array.shape != self.shape:
            raise ValueError(f"{self.path}: value must have the shape {self.shape}; received {array.shape}")
        self[...] = array
        return self

    def __array_finalize__(self, source: Any) -> None:
        """Called for views too: they keep the name."""
        self.path, self.trainable = getattr(source, "path", ""), getattr(source, "trainable", False)

    def __array_wrap__(self, array: Array, context: Any = None, return_scalar: bool = False) -> Any:
        """Results of NumPy's functions are plain."""
        return array[()] if return_scalar else array


def as_variables(arrays: dict[str, Array], trained: Collection[str]) -> list[Any]:
    """The arrays, which are shared and not copied, as variables. trained: the names of those that training changes."""
    found = []
    for path, array in arrays.items():
        variable = array.view(Variable)
        variable.path, variable.trainable = path, path in trained
        found.append(variable)
    return found
