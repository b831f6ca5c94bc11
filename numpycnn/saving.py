"""Models in files, as in `keras.saving`; the formats are described in `files/`."""

from numpycnn.files import ModelFileError
from numpycnn.models import load_model

__all__ = ["ModelFileError", "load_model"]
