"""Keras 1's image_dim_ordering: "th" is channels_first, "tf" channels_last; what else Keras 2's backend had."""

from typing import Any

import numpy as np

from numpycnn import backend
from numpycnn.common import checks
from numpycnn.common.older import DATA_FORMATS, warn


def image_dim_ordering() -> str:
    """The default image data format by its older name."""
    warn("image_dim_ordering", "write image_data_format, which gives 'channels_first' or 'channels_last'")
    return next(old for old, today in DATA_FORMATS.items() if today == backend.image_data_format())


def set_image_dim_ordering(dim_ordering: str) -> None:
    """Set the default image data format by its older name. Raises ValueError or TypeError for any other."""
    warn("set_image_dim_ordering", "write set_image_data_format('channels_first') or ('channels_last')")
    data_format = checks.lookup("set_image_dim_ordering", "dim_ordering", dim_ordering, DATA_FORMATS)
    backend.set_image_data_format(data_format)


def learning_phase() -> int:
    """0, inference: whether a layer trains is said to each call of it, and to the model's methods by themselves."""
    warn("learning_phase", "leave it out; fit trains, and predict does not")
    return 0


def set_learning_phase(value: int | bool) -> None:
    """Without effect, as `learning_phase` says."""
    warn("set_learning_phase", "leave it out; fit trains, and predict does not")


def get_value(x: Any) -> Any:
    """The value of an optimizer's learning rate, or of an array: `get_value(optimizer.learning_rate)`."""
    return np.array(x)[()]


def set_value(x: Any, value: Any) -> None:
    """Set an optimizer's learning rate, or the entries of an array: `set_value(optimizer.learning_rate, 0.01)`.

    Raises TypeError for anything else, ValueError for a value of another shape, and both as the optimizer does.
    """
    if hasattr(x, "assign"):
        x.assign(value)
        return
    if not isinstance(x, np.ndarray):
        raise TypeError(f"set_value: x must be a learning rate or an array; received {checks.short_repr(x)}")
    array = checks.numbers("set_value", "value", value)
    if array.shape != x.shape:
        raise ValueError(f"set_value: value must be of shape {x.shape}; received {array.shape}")
    x[...] = array
