"""Helpers, as in `keras.utils`."""

from numpycnn.backend import clear_session
from numpycnn.common.module_names import explain_unknown_names
from numpycnn.engine.py_dataset import PyDataset
from numpycnn.utils.files import get_file
from numpycnn.utils.np_utils import normalize, to_categorical
from numpycnn.utils.plot_model import plot_model
from numpycnn.utils.random_seed import set_random_seed

Sequence = PyDataset  # its older name

__all__ = [
    "PyDataset",
    "Sequence",
    "clear_session",
    "get_file",
    "normalize",
    "plot_model",
    "set_random_seed",
    "to_categorical",
]

explain_unknown_names(__name__)
