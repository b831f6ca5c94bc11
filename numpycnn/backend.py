"""Global settings, as in `keras.backend`: the image data format, the default float dtype, and epsilon.

The data format is read when a layer is created, the dtype when a model is built, and epsilon whenever a loss is
computed. Existing layers and models keep their data format and dtype.
"""

from typing import Any

import numpy as np

from numpycnn.common import checks
from numpycnn.common.module_names import explain_unknown_names

__all__ = [
    "backend",
    "clear_session",
    "epsilon",
    "floatx",
    "image_data_format",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
]

DATA_FORMATS = ("channels_last", "channels_first")
FLOAT_TYPES = ("float32", "float64")

_settings: dict[str, Any] = {"image_data_format": "channels_last", "floatx": "float32", "epsilon": 1e-7}


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


explain_unknown_names(__name__)
