"""Saving and loading models.

`dispatch.py` has the functions for files of any format, `formats.py` the table of formats by suffix; `architecture.py`
is layers alone, as JSON text, and `resume.py` goes on with a training. The library's own format is `native.py`: there
`model.py` writes and reads a whole model, `weights.py` weights alone. `keras/` has Keras's formats, `onnx/` the format
.onnx, and `state_dict.py` weights as PyTorch has them; `branching.py` makes a chain with blocks of a graph. Below them,
`container.py` is this library's file, whose header is in `safetensors.py`;
`description.py`, `history.py` and `arrays.py` say what it holds of a model; `difference.py` compares two descriptions;
and `atomic.py` writes a file whole or not at all.
"""

from numpycnn.files.architecture import model_from_json, to_json
from numpycnn.files.atomic import prepare
from numpycnn.files.dispatch import check, load, load_weights, save, save_weights
from numpycnn.files.errors import ModelFileError
from numpycnn.files.formats import function_for, path_to_read, path_to_write
from numpycnn.files.own import own_of
from numpycnn.files.resume import restore

__all__ = [
    "ModelFileError",
    "check",
    "function_for",
    "load",
    "load_weights",
    "model_from_json",
    "own_of",
    "path_to_read",
    "path_to_write",
    "prepare",
    "restore",
    "save",
    "save_weights",
    "to_json",
]
