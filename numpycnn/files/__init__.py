"""Saving and loading models.

`model.py` writes and reads a whole model, `weights.py` weights alone, `architecture.py` layers alone, as JSON text, and
`resume.py` goes on with a training. Below
them, `formats.py` maps a path to a format; `container.py` is this library's file, whose header is in `safetensors.py`;
`description.py`, `history.py` and `arrays.py` say what it holds of a model; `difference.py` compares two descriptions;
and `atomic.py` writes a file whole or not at all.
"""

from numpycnn.files.architecture import model_from_json, to_json
from numpycnn.files.atomic import prepare
from numpycnn.files.errors import ModelFileError
from numpycnn.files.formats import format_of, path_to_read, path_to_write
from numpycnn.files.model import content, load, save
from numpycnn.files.resume import restore
from numpycnn.files.weights import load_weights, save_weights

__all__ = [
    "ModelFileError",
    "content",
    "format_of",
    "load",
    "load_weights",
    "model_from_json",
    "path_to_read",
    "path_to_write",
    "prepare",
    "restore",
    "save",
    "save_weights",
    "to_json",
]
