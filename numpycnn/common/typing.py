"""Names for the types that signatures use throughout the library."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, ForwardRef

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
"""A NumPy array of any dtype."""

Pair = tuple[int, int]
"""Two integers: (rows, columns)."""

Shape = tuple[int, ...]
"""The shape of one example, without the batch axis, unless the text says otherwise."""

Map = Callable[[Callable[..., Any], Iterable[Any]], Iterator[Any]]
"""Like the built-in map: calls a function on every piece of work, and gives the results in order."""

if TYPE_CHECKING:
    Rng = np.random.Generator
else:
    Rng = ForwardRef("np.random.Generator")  # naming it would import numpy.random, a quarter of the library's start
"""A source of random numbers: always passed in, never global."""
