"""Models in files, as in `keras.saving`; the formats are described in `files/`."""

from numpycnn.common.module_names import explain_unknown_names
from numpycnn.files import ModelFileError
from numpycnn.models import load_model, save_model

__all__ = ["ModelFileError", "load_model", "save_model"]

explain_unknown_names(__name__)
