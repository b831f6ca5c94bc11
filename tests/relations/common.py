"""What the relations share."""

import numpy as np
from hypothesis import strategies as st

from numpycnn.common.typing import Array, Pair, Rng
from numpycnn.functional.window import Window
from relations.table import Draw

counts = st.integers(1, 3)
seeds = st.integers(0, 2**32 - 1)


def generator(draw: Draw) -> Rng:
    """A generator of numbers that need not be drawn one by one."""
    return np.random.default_rng(draw(seeds))


def near(actual: Array, expected: Array) -> None:
    """Equal to the rounding of float64 numbers that are not much larger than one."""
    np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-13)


def turned(pair: Pair) -> Pair:
    return pair[1], pair[0]


def transposed(sliding: Window) -> Window:
    """The window with rows for columns."""
    return Window(turned(sliding.size), turned(sliding.strides), sliding.padding, turned(sliding.dilation))
