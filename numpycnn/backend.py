"""Settings for the whole library, as in `keras.backend`: the layout of images, the dtype of floats, a small number.

They are read when a layer is made (the layout), when a model is built (the dtype), and whenever a loss is computed (the
small number). A layer that is made and a model that is built keep their own.
"""

from typing import Any

import numpy as np

from numpycnn.common import checks
from numpycnn.common.module_names import explain_unknown_names

__all__ = ["epsilon", "floatx", "image_data_format", "set_epsilon", "set_floatx", "set_image_data_format"]

DATA_FORMATS = ("channels_last", "channels_first")
FLOAT_TYPES = ("float32", "float64")

_settings: dict[str, Any] = {"image_data_format": "channels_last", "floatx": "float32", "epsilon": 1e-7}


def image_data_format() -> str:
    """The layout of images: "channels_last" is (N, H, W, C), the default; "channels_first" is (N, C, H, W)."""
    return str(_settings["image_data_format"])


def set_image_data_format(data_format: str) -> None:
    """Set the layout that layers made from now on take. Raises ValueError or TypeError for an unknown one."""
    _settings["image_data_format"] = checks.choice("set_image_data_format", "data_format", data_format, DATA_FORMATS)


def floatx() -> str:
    """The dtype of the parameters and data of models: "float32", the default, or "float64"."""
    return str(_settings["floatx"])


def set_floatx(value: str) -> None:
    """Set the dtype that models built from now on take. Raises ValueError or TypeError for an unknown one."""
    _settings["floatx"] = checks.choice("set_floatx", "value", value, FLOAT_TYPES)


def float_type(owner: str, argument: str, value: Any) -> np.dtype:
    """float32 or float64, given by name or as NumPy's own. Raises ValueError or TypeError for anything else."""
    name = np.dtype(value).name if isinstance(value, (type, np.dtype)) else value
    return np.dtype(checks.choice(owner, argument, name, FLOAT_TYPES))


def epsilon() -> float:
    """The small number, 1e-7, that keeps the logarithm in cross-entropy away from zero."""
    return float(_settings["epsilon"])


def set_epsilon(value: float) -> None:
    """Set it: a number above 0 and below 0.5. Raises ValueError or TypeError for anything else."""
    _settings["epsilon"] = checks.number("set_epsilon", "value", value, above=0.0, below=0.5)


explain_unknown_names(__name__)
