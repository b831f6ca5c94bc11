"""Models in files.

`formats.py` maps a path to a format, `safetensors.py` is the format's header, `container.py` the whole file with its
digest, `atomic.py` how it is written safely. `model.py` says what a model's file holds, with the help of
`description.py` and `history.py`; `difference.py` compares two models.
"""

from numpycnn.files.atomic import prepare
from numpycnn.files.errors import ModelFileError
from numpycnn.files.formats import format_of
from numpycnn.files.model import content, load, load_weights, restore, save, save_weights

__all__ = [
    "ModelFileError",
    "content",
    "format_of",
    "load",
    "load_weights",
    "prepare",
    "restore",
    "save",
    "save_weights",
]
