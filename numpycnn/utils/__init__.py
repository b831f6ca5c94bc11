"""Helpers, as in `keras.utils`."""

from numpycnn.utils.np_utils import to_categorical

__all__ = ["to_categorical"]
