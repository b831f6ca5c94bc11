"""Helpers, as in `keras.utils`."""

from numpycnn.common.module_names import explain_unknown_names
from numpycnn.utils.np_utils import normalize, to_categorical
from numpycnn.utils.random_seed import set_random_seed

__all__ = ["normalize", "set_random_seed", "to_categorical"]

explain_unknown_names(__name__)
