"""Helpers, as in `keras.utils`."""

from numpycnn.common.module_names import explain_unknown_names
from numpycnn.engine.py_dataset import PyDataset
from numpycnn.utils.np_utils import to_categorical

Sequence = PyDataset  # its older name

__all__ = ["PyDataset", "Sequence", "to_categorical"]

explain_unknown_names(__name__)
