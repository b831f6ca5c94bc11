"""What `Sequential`, its callbacks and the commands ask of a file, whatever its format; `formats.py` has the table."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from numpycnn.common.configuration import custom_objects
from numpycnn.files.arrays import Weights
from numpycnn.files.formats import function_for
from numpycnn.files.model import Saved
from numpycnn.files.own import own_of

if TYPE_CHECKING:
    from numpycnn.callbacks import Callback
    from numpycnn.engine.network import Network
    from numpycnn.models import Sequential

PathLike = str | os.PathLike[str]


def save(path: PathLike, model: "Sequential", callbacks: Sequence["Callback"] = ()) -> None:
    """Write a built model and the state of these callbacks. Raises as `check` does, and OSError."""
    with custom_objects(own_of(model)):  # what is written is read, before it is
        function_for(path, "save")(path, model, callbacks)


def check(path: PathLike, model: "Sequential", callbacks: Sequence["Callback"] = ()) -> None:
    """Raise ModelFileError for another suffix, and for what the format cannot keep, such as one's own layers."""
    with custom_objects(own_of(model)):
        function_for(path, "check")(path, model, callbacks)


def read(path: PathLike, compiled: bool = True) -> Saved:
    """The content of a model's file. Raises as `load` does."""
    return function_for(path, "read")(path, compiled)


def load(path: PathLike, compiled: bool = True) -> "Sequential":
    """The model in a file, with what `compile` set or without.

    Raises ModelFileError for a file that is damaged, or not a whole model, and for what the library does not have.
    """
    return read(path, compiled).model


def save_weights(path: PathLike, model: "Network") -> None:
    """Write the weights of a built model alone. Raises ModelFileError for another suffix or dtype, and OSError."""
    function_for(path, "save_weights")(path, model)


def load_weights(path: PathLike, model: "Network", *, by_name: bool = False, skip_mismatch: bool = False) -> Weights:
    """The weights in a file of a model or of weights, by the names of `model.arrays`, and its optimizer's progress.

    by_name: those alone whose names the file has; skip_mismatch: those alone whose shapes are the file's.
    Otherwise raises ModelFileError unless the file has the shapes of the model's weights.
    """
    return function_for(path, "load_weights")(path, model, by_name, skip_mismatch)
