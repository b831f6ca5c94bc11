"""Axes as arguments of layers: counted with the batch axis, from the front or from the end, and never the batch's."""

from collections.abc import Sequence

import numpy as np

from numpycnn.common import checks
from numpycnn.common.typing import Array, Shape


def check_axis(owner: str, value: int) -> int:
    """An axis, other than the batch's. Raises TypeError or ValueError for anything else."""
    axis = checks.axis(owner, "axis", value)
    if axis == 0:
        raise ValueError(f"{owner}: axis must not be the batch's; received {value}")
    return axis


def positive_axis(owner: str, axis: int, input_shape: Shape, what: str = "the input") -> int:
    """The axis counted from the batch's, 0, of an example of that shape.

    Raises ValueError where `what` has no such axis besides the batch's.
    """
    axes = len(input_shape) + 1
    if not -axes < axis < axes:
        raise ValueError(f"{owner}: {what} has no axis {axis} besides the batch's; received {input_shape}")
    return axis % axes


def sorted_axes(owner: str, axes: Sequence[int], input_shape: Shape) -> Shape:
    """The axes counted from the batch's, 0, in order. Raises ValueError for one that is missing or repeated."""
    positive = sorted(positive_axis(owner, axis, input_shape) for axis in axes)
    if len(set(positive)) < len(positive):
        raise ValueError(f"{owner}: axis must not name an axis twice; received {list(axes)}")
    return tuple(positive)


def to_last(x: Array, axis: int) -> Array:
    """A view with that axis as the last one. NumPy's own function takes a while to find that there is nothing to do."""
    return x if axis in (-1, x.ndim - 1) else np.moveaxis(x, axis, -1)


def from_last(x: Array, axis: int) -> Array:
    """The inverse of `to_last`."""
    return x if axis in (-1, x.ndim - 1) else np.moveaxis(x, -1, axis)
