"""Helpers, as in `keras.utils`."""

from numpycnn.common.module_names import explain_unknown_names
from numpycnn.utils.np_utils import to_categorical

__all__ = ["to_categorical"]

explain_unknown_names(__name__)
