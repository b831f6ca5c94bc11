"""A model's file: its description in the metadata (`description.py`), and its arrays by name (`arrays.py`)."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from numpycnn.common import checks
from numpycnn.files.arrays import Arrays, arrays_of, build, callback_states, check_arrays, spec_of
from numpycnn.files.container import Content, Reader, header_of, reading, write
from numpycnn.files.description import (
    Description,
    describe_model,
    from_metadata,
    input_shape_of,
    to_metadata,
    unbuilt_model,
)
from numpycnn.files.difference import json_differences
from numpycnn.files.errors import ModelFileError

if TYPE_CHECKING:
    from numpycnn.callbacks import Callback
    from numpycnn.models import Sequential


class Saved(NamedTuple):
    """The content of a model's file: the model, its description in the file, and the state of each callback."""

    model: "Sequential"
    description: Description
    states: list[Arrays]


def save(path: str | os.PathLike[str], model: "Sequential", callbacks: Sequence["Callback"]) -> None:
    """Write a built model and the state of these callbacks. Raises as `content` does, and OSError."""
    write(path, content(path, model, callbacks))


def check(path: str | os.PathLike[str], model: "Sequential", callbacks: Sequence["Callback"]) -> None:
    """Raise what `save` would raise, and write nothing."""
    content(path, model, callbacks)


def content(path: str | os.PathLike[str], model: "Sequential", callbacks: Sequence["Callback"]) -> Content:
    """The content that `save` writes.

    Raises ModelFileError for what `read` would not take, such as a lambda as activation.
    """
    try:
        found = Content(to_metadata(describe_model(model, names_of(callbacks))), arrays_of(model, callbacks))
        header_of(found)
        description = from_metadata(found.metadata)
        specs = {name: spec_of(array) for name, array in found.arrays.items()}
        check_arrays(unbuilt_model(description), input_shape_of(description), len(callbacks), specs)
    except (TypeError, ValueError) as error:
        raise ModelFileError(f"{path}: {model.name} cannot be saved; {error}") from None
    return found


def names_of(callbacks: Sequence["Callback"]) -> list[str]:
    """The class names of the callbacks."""
    return [type(callback).__name__ for callback in callbacks]


def read(path: str | os.PathLike[str], compiled: bool) -> Saved:
    """The content of a model's file. Raises ModelFileError for a file that is damaged, or not a saved model."""
    with reading(path) as file:
        return saved_in(file, compiled)


def saved_in(file: Reader, compiled: bool = True) -> Saved:
    """The content of an open file, without what compile was given unless `compiled`.

    Raises TypeError or ValueError as `load` does ModelFileError.
    """
    if not file.own or "config" not in file.metadata:
        raise ValueError(
            "expected a file that Sequential.save wrote, with the model's layers; this one holds arrays alone: "
            "build the same model, and call its load_weights"
        )
    description = from_metadata(file.metadata)
    specs = file.specs
    if not compiled:  # what is left out may be the program's own
        description |= {"compile_config": None, "position": without_iterations(description["position"])}
        specs = {name: spec for name, spec in specs.items() if not name.startswith("optimizer/")}
    model = unbuilt_model(description)
    input_shape, callbacks = input_shape_of(description), len(description["callbacks"])
    check_arrays(model, input_shape, callbacks, specs)
    arrays = file.arrays(specs)
    build(model, input_shape, arrays)
    check_same_description(description, describe_model(model, description["callbacks"]))
    return Saved(model, description, callback_states(callbacks, arrays))


def without_iterations(position: Any) -> Any:
    """A position in training, without the steps of the optimizer."""
    return {**position, "iterations": 0} if isinstance(position, dict) and "iterations" in position else position


def check_same_description(description: Description, loaded: Description) -> None:
    """Raise ValueError unless the model built from a description has the same description."""
    for path, expected, received in json_differences("", loaded, description):
        raise ValueError(f"file: expected {path} {checks.short_repr(expected)}; received {checks.short_repr(received)}")
