"""A model's file: its description in the metadata (see `description.py`), and its arrays by name.

    array                       content
    weights/NAME                a parameter or an array of the state, by its name in `model.weights`: "conv2d/kernel"
    optimizer/SLOT/NAME         a slot of the optimizer for the parameter of that name
    callbacks/INDEX/KEY         the state of a callback

A file of weights alone has no description. Nor has one that another library wrote; there "weights/" may be left out.
"""

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from numpycnn.callbacks import Callback, History
from numpycnn.common import checks
from numpycnn.common.typing import Array, Shape
from numpycnn.files.container import Content, Reader, header_of, reading, write
from numpycnn.files.description import (
    Description,
    describe_model,
    from_metadata,
    input_shape_of,
    to_metadata,
    unbuilt_model,
)
from numpycnn.files.difference import differences, json_differences
from numpycnn.files.errors import ModelFileError, explained
from numpycnn.files.formats import format_of
from numpycnn.files.safetensors import ArraySpec
from numpycnn.layers.stage import of_prefix, with_prefix
from numpycnn.models import Sequential

Arrays = dict[str, Array]
Specs = dict[str, ArraySpec]
CALLBACK_ARRAY = re.compile(r"callbacks/(0|[1-9][0-9]{0,8})/(.+)", re.DOTALL)


# ---------------------------------------------------------------- writing


def save_weights(path: str | os.PathLike[str], weights: Mapping[str, Array]) -> None:
    """Write the weights alone, by name. Raises ModelFileError for another suffix or dtype, and OSError."""
    format_of(path, reading=False)
    write(path, Content({}, with_prefix("weights", dict(weights))))


def save(path: str | os.PathLike[str], model: Sequential, callbacks: Sequence[Callback] = ()) -> None:
    """Write a built model whole, and the state of these callbacks. Raises as `content` does, and OSError."""
    write(path, content(path, model, callbacks))


def content(path: str | os.PathLike[str], model: Sequential, callbacks: Sequence[Callback]) -> Content:
    """What `save` writes.

    Raises ModelFileError for another suffix, and for what `load` would not take: layers, losses, metrics or
    initializers of the user's own.
    """
    format_of(path, reading=False)
    try:
        found = Content(to_metadata(describe_model(model, names_of(callbacks))), arrays_of(model, callbacks))
        header_of(found)
        description = from_metadata(found.metadata)
        check_arrays(unbuilt_model(description), description, {name: spec_of(a) for name, a in found.arrays.items()})
    except (TypeError, ValueError) as error:
        raise ModelFileError(f"{path}: {model.name} cannot be saved; {error}") from None
    return found


def names_of(callbacks: Sequence[Callback]) -> list[str]:
    """The callbacks by class name."""
    return [type(callback).__name__ for callback in callbacks]


def arrays_of(model: Sequential, callbacks: Sequence[Callback]) -> Arrays:
    """All arrays, by the names in the file."""
    arrays = with_prefix("weights", model.weights)
    if model.optimizer is not None:
        for slot in model.optimizer.slots():
            arrays |= with_prefix(f"optimizer/{slot}", model.optimizer.state.get(slot, {}))
    for index, callback in enumerate(callbacks):
        arrays |= with_prefix(f"callbacks/{index}", callback.get_state())
    return {name: np.asarray(array) for name, array in arrays.items()}


# ---------------------------------------------------------------- reading


def load_weights(path: str | os.PathLike[str], weights: Mapping[str, Array]) -> Arrays:
    """The weights in a file of a model or of weights, this library's or another's.

    Raises ModelFileError unless the file has the names, shapes and dtypes of `weights`.
    """
    format_of(path, reading=True)
    with reading(path) as file:
        return weights_in(file, weights)


def weights_in(file: Reader, weights: Mapping[str, Array]) -> Arrays:
    """The weights in an open file. Raises ValueError as `load_weights` does ModelFileError."""
    prefix = weights_prefix(file, weights)
    expected = {f"{prefix}{name}": spec_of(array) for name, array in weights.items()}
    check_same_arrays(expected, {name: spec for name, spec in file.specs.items() if name.startswith(prefix)})
    return {name.removeprefix(prefix): array for name, array in file.arrays(expected).items()}


def weights_prefix(file: Reader, names: Mapping[str, Any]) -> str:
    """What stands before the names of the weights in a file; another library may have left it out."""
    left_out = not any(name.startswith("weights/") and name not in names for name in file.specs)
    return "" if left_out and not file.own else "weights/"


def load(path: str | os.PathLike[str]) -> Sequential:
    """The model in a file. Raises ModelFileError for a file that is damaged, or not such as `save` writes."""
    return read(path).model


class Saved(NamedTuple):
    """What a model's file holds: the model, how the file describes it, and the state of each callback."""

    model: Sequential
    description: Description
    states: list[Arrays]


def read(path: str | os.PathLike[str]) -> Saved:
    """The content of a model's file. Raises as `load` does."""
    format_of(path, reading=True)
    with reading(path) as file:
        return saved_in(file)


def saved_in(file: Reader) -> Saved:
    """The content of an open file. Raises TypeError or ValueError as `load` does ModelFileError."""
    if not file.own or "config" not in file.metadata:
        raise ValueError(
            "expected a file that Sequential.save wrote, with the model's layers; this one holds arrays alone: "
            "build the same model, and call its load_weights"
        )
    description = from_metadata(file.metadata)
    model = unbuilt_model(description)
    check_arrays(model, description, file.specs)
    arrays = file.arrays(file.specs)
    build(model, input_shape_of(description), arrays)
    check_same_description(description, describe_model(model, description["callbacks"]))
    return Saved(model, description, callback_states(description, arrays))


def build(model: Sequential, input_shape: Shape, arrays: Arrays) -> None:
    """Give a model its weights and its optimizer's slots."""
    weights = of_prefix("weights", arrays)
    params = {name: weights[name] for name in model.param_shapes(input_shape)}
    state = {name: weights[name] for name in model.state_shapes(input_shape)}
    model.finish_build(input_shape, params, state)
    if model.optimizer is not None:
        slots = {slot: of_prefix(f"optimizer/{slot}", arrays) for slot in model.optimizer.slots()}
        model.optimizer.state = {slot: own for slot, own in slots.items() if own}


def callback_states(description: Description, arrays: Arrays) -> list[Arrays]:
    """The state of each callback, by key."""
    states: list[Arrays] = [{} for _ in description["callbacks"]]
    for name, array in arrays.items():
        if found := CALLBACK_ARRAY.fullmatch(name):
            states[int(found[1])][found[2]] = array
    return states


def check_same_description(description: Description, loaded: Description) -> None:
    """Raise ValueError unless the model that was made of a description has that very description."""
    for path, expected, received in json_differences("", loaded, description):
        raise ValueError(f"file: expected {path} {checks.shown(expected)}; received {checks.shown(received)}")


# ---------------------------------------------------------------- going on with a training


def restore(path: str | os.PathLike[str], model: Sequential, history: History, callbacks: Sequence[Callback]) -> None:
    """Give a model, a History and callbacks what the file holds of them.

    Raises ModelFileError for a file that `load` does not take, or that holds another model or other callbacks; the
    model and the History then stay as they are.
    """
    saved, description, states = read(path)
    with explained(path):
        for difference in differences(description, describe_model(model, names_of(callbacks))):
            raise ValueError(f"holds another training: {difference}")
        set_states(callbacks, states)
    weights = model.weights
    for name, array in saved.weights.items():
        weights[name][...] = array
    if model.optimizer is not None and saved.optimizer is not None:
        vars(model.optimizer).update(saved.optimizer.get_config())
        model.optimizer.iterations, model.optimizer.state = saved.optimizer.iterations, saved.optimizer.state
    model.seed, model.steps, model.stop_training = saved.seed, saved.steps, saved.stop_training
    if saved.history is not None:
        history.epoch, history.history = saved.history.epoch, saved.history.history


def set_states(callbacks: Sequence[Callback], states: Sequence[Arrays]) -> None:
    """Give each callback its state. Raises ValueError or TypeError for a state that it does not take."""
    for callback, state in zip(callbacks, states, strict=True):
        try:
            callback.set_state(state)
        except KeyError as error:
            raise ValueError(
                f"{type(callback).__name__}: expected a state with {error}; received {', '.join(state)}"
            ) from None


# ---------------------------------------------------------------- which arrays belong to a model


def check_arrays(model: Sequential, description: Description, specs: Specs) -> None:
    """Raise ValueError unless the arrays are those of the model, with its shapes and dtype."""
    input_shape, dtype = input_shape_of(description), model.dtype.newbyteorder("<")
    params = {name: ArraySpec(dtype, shape) for name, shape in model.param_shapes(input_shape).items()}
    state = {name: ArraySpec(dtype, shape) for name, shape in model.state_shapes(input_shape).items()}
    slots = () if model.optimizer is None else model.optimizer.slots()
    optional = {f"optimizer/{slot}/{name}": spec for slot in slots for name, spec in params.items()}
    optional |= {name: spec for name, spec in specs.items() if is_of_callback(name, len(description["callbacks"]))}
    there = {name: spec for name, spec in optional.items() if name in specs}  # no slots before the first step
    check_same_arrays(with_prefix("weights", {**params, **state}) | there, specs)


def is_of_callback(name: str, count: int) -> bool:
    """Whether an array of that name belongs to one of so many callbacks; it checks its state itself."""
    match = CALLBACK_ARRAY.fullmatch(name)
    return match is not None and int(match[1]) < count


def check_same_arrays(expected: Specs, found: Specs) -> None:
    """Raise ValueError unless both have the same names, and the arrays the same shapes and dtypes."""
    for name in expected:
        if name not in found:
            raise ValueError(f"expected the array {name}, which is missing")
    for name, spec in found.items():
        if name not in expected:
            raise ValueError(f"holds the array {name}, which does not belong to the model")
        if spec != expected[name]:
            raise ValueError(f"expected {name} as {expected[name]}; received {spec}")


def spec_of(array: Array) -> ArraySpec:
    """An array's dtype and shape, as a file declares them."""
    return ArraySpec(array.dtype.newbyteorder("<"), array.shape)
