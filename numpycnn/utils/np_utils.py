"""Helpers for targets and data, as in `keras.utils.np_utils`."""

from typing import Any

import numpy as np

from numpycnn.common import checks
from numpycnn.common.explained import explains_arguments
from numpycnn.common.typing import Array
from numpycnn.losses import Loss, SparseCategoricalCrossentropy


@explains_arguments
def to_categorical(x: Any, num_classes: int | None = None, dtype: Any = None) -> Array:
    """One-hot encode integer labels: 2 of 4 classes becomes [0, 0, 1, 0].

    x: (...) or (..., 1), whole numbers from 0 to num_classes - 1, also as strings such as "7"; num_classes: by default
    the largest label + 1. dtype: of the result, an argument of Keras 2's; None is float64, as in Keras 3. Returns
    (..., num_classes).
    Raises ValueError for no labels, fractions and labels out of range, TypeError for anything but numbers.
    """
    labels = checks.numbers("to_categorical", "x", parsed(x))
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if labels.size == 0:
        raise ValueError(f"to_categorical: expected at least one label in x; received the shape {labels.shape}")
    if num_classes is None:
        checks.labels("to_categorical", labels, classes=float("inf"))
        num_classes = int(labels.max()) + 1
    num_classes = checks.size("to_categorical", "num_classes", num_classes)
    checks.labels("to_categorical", labels, classes=num_classes)
    checks.array_size("to_categorical", "one-hot x", (*labels.shape, num_classes))
    return (labels[..., None] == np.arange(num_classes)).astype(numeric_type(dtype))


def numeric_type(dtype: Any) -> np.dtype:
    """to_categorical's dtype. Raises TypeError for anything but a type of numbers or booleans."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        found = np.dtype(object)
    if found.kind not in "biuf":
        raise TypeError(f"to_categorical: dtype must be a type of numbers; received {checks.short_repr(dtype)}")
    return found


def as_targets(loss: Loss | None, labels: Array, classes: int) -> Array:
    """Labels, (n,), as a loss of classes takes them: as they are, or one-hot. Raises as `to_categorical`."""
    return labels if isinstance(loss, SparseCategoricalCrossentropy) else to_categorical(labels, classes)


def parsed(x: Any) -> Any:
    """Integers for an array of strings, or of objects, as other libraries' data sets have labels; else x itself."""
    try:
        array = np.asarray(x)
        return array.astype(np.int64) if array.dtype.kind in "UO" else array
    except (TypeError, ValueError, OverflowError):
        return x


@explains_arguments
def normalize(x: Any, axis: int = -1, order: float = 2) -> Array:
    """x divided by its norms along an axis: ||v|| = (sum of |v[k]|**order)**(1/order); zeros stay zeros.

    x: (...), at least one axis; float32 stays float32, integers become float64. Returns the shape of x.
    Along the axis 0, Keras divides by norms of other rows; here it is as along any other.
    Raises TypeError or ValueError for anything but numbers, an axis that x has not, and an order that is not positive.
    """
    x = checks.numbers("normalize", "x", x)
    axis, order = checks.axis("normalize", "axis", axis), checks.number("normalize", "order", order, above=0.0)
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"normalize: expected an axis of x, which has {x.ndim}; received axis {axis}")
    return divided(divided(x, np.inf, axis), order, axis)  # first by the largest, whose powers are small


def divided(x: Array, order: float, axis: int) -> Array:
    """x divided by its norms, where they are not zero."""
    norms = np.linalg.norm(x, order, axis, keepdims=True) if x.size else np.ones(1)
    return x / np.where(norms == 0, 1, norms)
