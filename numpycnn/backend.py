"""Global settings, as in `keras.backend`: the image data format, the default float dtype, and epsilon.

And how exactly the fast path convolves, which Keras leaves to what is below it. The data format is read when a layer
is created, the dtype when a model is built, epsilon whenever a loss is computed, and the precision of convolutions
whenever a method of a model begins. Existing layers and models keep their data format and dtype.
"""

import os
from typing import Any

import numpy as np

from numpycnn.common import checks
from numpycnn.common.module_names import explain_unknown_names

__all__ = [
    "backend",
    "clear_session",
    "convolution_precision",
    "epsilon",
    "floatx",
    "image_data_format",
    "set_convolution_precision",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
]

DATA_FORMATS = ("channels_last", "channels_first")
FLOAT_TYPES = ("float32", "float64")
PRECISIONS = ("high", "highest")

_settings: dict[str, Any] = {
    "image_data_format": "channels_last",
    "floatx": "float32",
    "epsilon": 1e-7,
    "convolution_precision": None,
}


def image_data_format() -> str:
    """The default image data format: "channels_last", (N, H, W, C), or "channels_first", (N, C, H, W)."""
    return str(_settings["image_data_format"])


def set_image_data_format(data_format: str) -> None:
    """Set the data format of layers created from now on. Raises ValueError or TypeError for an unknown one."""
    _settings["image_data_format"] = checks.choice("set_image_data_format", "data_format", data_format, DATA_FORMATS)


def floatx() -> str:
    """The default dtype of models: "float32" or "float64"."""
    return str(_settings["floatx"])


def set_floatx(value: str) -> None:
    """Set the dtype of models built from now on. Raises ValueError or TypeError for an unknown one."""
    _settings["floatx"] = checks.choice("set_floatx", "value", value, FLOAT_TYPES)


def float_type(owner: str, argument: str, value: Any) -> np.dtype:
    """float32 or float64, given by name, type or dtype. Raises ValueError or TypeError for anything else."""
    name = np.dtype(value).name if isinstance(value, (type, np.dtype)) else value
    return np.dtype(checks.choice(owner, argument, name, FLOAT_TYPES))


def backend() -> str:
    """What computes: "numpy"."""
    return "numpy"


def clear_session() -> None:
    """Nothing: there is no global state of models, and each names its layers by itself."""


def epsilon() -> float:
    """The constant, by default 1e-7, that keeps probabilities in cross-entropy away from 0 and 1."""
    return float(_settings["epsilon"])


def set_epsilon(value: float) -> None:
    """Set epsilon to a number above 0 and below 0.5. Raises ValueError or TypeError for anything else."""
    _settings["epsilon"] = checks.number("set_epsilon", "value", value, above=0.0, below=0.5)


def convolution_precision() -> str:
    """What `set_convolution_precision` or the environment variable NUMPYCNN_CONVOLUTION_PRECISION says, or "high".

    Raises ValueError if the variable holds anything but "high" or "highest".
    """
    value = _settings["convolution_precision"]
    if value is None:
        variable = "NUMPYCNN_CONVOLUTION_PRECISION"
        value = checks.choice("convolution_precision", variable, os.environ.get(variable, "high"), PRECISIONS)
    return str(value)


def set_convolution_precision(value: str) -> None:
    """Set how exactly models convolve from their next method on, unless they are made with fast=False.

    "high" allows all ways, Winograd's algorithm too, whose rounding is up to seven times that of im2col: in float32
    5e-6 of the largest number (`engine/fast/winograd.py`). "highest" allows im2col alone, and plain products. The names
    are those of `torch.set_float32_matmul_precision`. Raises ValueError or TypeError for anything else.
    """
    _settings["convolution_precision"] = checks.choice("set_convolution_precision", "value", value, PRECISIONS)


explain_unknown_names(__name__)
