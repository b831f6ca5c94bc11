"""Models in files.

`state.py` says what a file holds, `container.py` how it is laid out, and `atomic.py` how it is written safely.
"""

from numpycnn.files.atomic import prepare
from numpycnn.files.container import ModelFileError
from numpycnn.files.state import content, load, load_weights, restore, save, save_weights

__all__ = [
    "ModelFileError",
    "content",
    "load",
    "load_weights",
    "prepare",
    "restore",
    "save",
    "save_weights",
]
