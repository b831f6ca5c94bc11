"""Helpers, as in `keras.utils`."""

from numpycnn.backend import clear_session
from numpycnn.common.configuration import get_custom_objects
from numpycnn.common.module_names import explain_unknown_names
from numpycnn.engine.py_dataset import PyDataset
from numpycnn.show.learning_rates import find_learning_rate
from numpycnn.utils.files import get_file
from numpycnn.utils.image_utils import array_to_img, img_to_array, load_img, save_img
from numpycnn.utils.np_utils import normalize, to_categorical
from numpycnn.utils.plot_model import plot_model
from numpycnn.utils.progbar import Progbar
from numpycnn.utils.random_seed import set_random_seed

Sequence = PyDataset  # its older name

__all__ = [
    "Progbar",
    "PyDataset",
    "Sequence",
    "array_to_img",
    "clear_session",
    "find_learning_rate",
    "get_custom_objects",
    "get_file",
    "img_to_array",
    "load_img",
    "normalize",
    "plot_model",
    "save_img",
    "set_random_seed",
    "to_categorical",
]

explain_unknown_names(__name__)
