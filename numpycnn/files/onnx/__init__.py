"""The format .onnx, opset 18, in both directions: the functions that `formats.py` lists.

A file holds a network as it computes in inference: no optimizer, loss, metrics or callbacks, and of the layers that do
something in training alone nothing is left. `predict`'s argument is the input "input", with any number of examples, and
its result the output "output"; both are as here, channels last or first.

Writing: `layer_nodes.py` and `activation_nodes.py` say what each layer becomes, `functions.py` what ONNX lacks,
`graph.py` is the graph that grows, and `writing.py` makes a file of it. Reading: `parsing.py` is a file as checked,
plain values, `data.py` finds what depends on the input, `node_layers.py` and the modules beside it say what each
operator becomes, `patterns.py` which activations several are, `constants.py` is what is computed on the way,
`stack.py` the layers that grow, and `reading.py` makes a model of them; `branching.py`, in `files/`, finds
branches. `package.py` finds the package that decodes and encodes: the extra `onnx`.
"""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from numpycnn.files.description import describe_model
from numpycnn.files.model import Saved
from numpycnn.files.onnx.reading import load
from numpycnn.files.onnx.writing import content, write

if TYPE_CHECKING:
    from numpycnn.callbacks import Callback
    from numpycnn.models import Sequential

__all__ = ["check", "read", "save"]


def save(path: str | os.PathLike[str], model: "Sequential", callbacks: Sequence["Callback"]) -> None:
    """Write a built model, without callbacks. Raises ModelFileError for layers of the user's own; OSError."""
    write(path, model)


def check(path: str | os.PathLike[str], model: "Sequential", callbacks: Sequence["Callback"]) -> None:
    """Raise what `save` would raise, and write nothing."""
    content(path, model)


def read(path: str | os.PathLike[str], compiled: bool) -> Saved:
    """The model in a file, not compiled. Raises ModelFileError for what is not read; OSError."""
    model = load(path)
    return Saved(model, describe_model(model, []), [])
