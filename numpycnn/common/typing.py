"""Type aliases used throughout the library."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, ForwardRef

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
"""A NumPy array of any dtype."""

Pair = tuple[int, int]
"""Two integers: (rows, columns)."""

Shape = tuple[int, ...]
"""The shape of one example, without the batch axis, unless stated otherwise."""

BatchShape = tuple[int | None, ...]
"""The shape of a batch as Keras writes it: None for the batch axis, then the shape of one example."""

Map = Callable[[Callable[..., Any], Iterable[Any]], Iterator[Any]]
"""Like the built-in map: calls a function with every item, and yields the results in order."""

if TYPE_CHECKING:
    Rng = np.random.Generator
else:
    Rng = ForwardRef("np.random.Generator")  # importing numpy.random takes a quarter of the import time
"""A random generator: always passed in, never global."""
