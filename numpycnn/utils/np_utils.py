"""Helpers for targets, as in `keras.utils.np_utils`."""

from typing import Any

import numpy as np

from numpycnn.common import checks
from numpycnn.common.explained import explains_arguments
from numpycnn.common.typing import Array


@explains_arguments
def to_categorical(y: Any, num_classes: int | None = None) -> Array:
    """One-hot encode integer labels: 2 of 4 classes becomes [0, 0, 1, 0].

    y: (...) or (..., 1), whole numbers from 0 to num_classes - 1; num_classes: by default the largest label + 1.
    Returns float64 (..., num_classes), as Keras does.
    Raises ValueError for no labels, fractions and labels out of range, TypeError for anything but numbers.
    """
    labels = checks.numbers("to_categorical", "y", y)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if labels.size == 0:
        raise ValueError(f"to_categorical: expected at least one label in y; received the shape {labels.shape}")
    if num_classes is None:
        checks.labels("to_categorical", labels, classes=float("inf"))
        num_classes = int(labels.max()) + 1
    num_classes = checks.size("to_categorical", "num_classes", num_classes)
    checks.labels("to_categorical", labels, classes=num_classes)
    checks.array_size("to_categorical", "one-hot y", (*labels.shape, num_classes))
    return (labels[..., None] == np.arange(num_classes)).astype(np.float64)
