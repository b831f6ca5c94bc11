"""A model's file: its description in the metadata (see `description.py`), and its arrays by name.

    array                               content
    weights/LAYER/PARAMETER             a parameter
    optimizer/SLOT/LAYER/PARAMETER      a slot of the optimizer for it
    callbacks/INDEX/KEY                 the state of a callback

A file of weights alone has no description. Nor has one that another library wrote; there "weights/" may be left out.
"""

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from numpycnn.common.typing import Array
from numpycnn.files.container import Content, Reader, header_of, reading, stored, write
from numpycnn.files.description import (
    Blueprint,
    Compiled,
    Description,
    blueprint,
    describe_model,
    from_metadata,
    to_metadata,
)
from numpycnn.files.difference import differences
from numpycnn.files.errors import ModelFileError, explained
from numpycnn.files.formats import format_of
from numpycnn.files.history import History
from numpycnn.files.safetensors import ArraySpec
from numpycnn.layers import Layer

Arrays = dict[str, Array]
Specs = dict[str, ArraySpec]
CALLBACK_ARRAY = re.compile(r"callbacks/(0|[1-9][0-9]{0,8})/(.+)", re.DOTALL)


class Saved(NamedTuple):
    """A model as its file holds it. Its layers are built and have their weights."""

    description: Description
    layers: list[Layer]
    compiled: Compiled | None
    history: History | None
    callbacks: list[Arrays]


# ---------------------------------------------------------------- writing


def save_weights(path: str | os.PathLike[str], weights: Mapping[str, Array]) -> None:
    """Write the weights alone, by name. Raises ModelFileError for another suffix or dtype, and OSError."""
    format_of(path, reading=False)
    write(path, Content({}, prefixed("weights", weights)))


def save(path: str | os.PathLike[str], model: Any, callbacks: Sequence[Any] = ()) -> None:
    """Write a built Sequential whole, and the state of these callbacks. Raises as `content` does, and OSError."""
    write(path, content(path, model, callbacks))


def content(path: str | os.PathLike[str], model: Any, callbacks: Sequence[Any]) -> Content:
    """What `save` writes.

    Raises ModelFileError for another suffix, and for what `load` would not take: layers, losses, metrics or
    initializers of the user's own.
    """
    format_of(path, reading=False)
    try:
        found = Content(to_metadata(describe_model(model, callbacks)), arrays_of(model, callbacks))
        header_of(found)
        description = from_metadata(found.metadata)
        check_arrays(description, blueprint(description), {name: spec_of(a) for name, a in found.arrays.items()})
    except (TypeError, ValueError) as error:
        raise ModelFileError(f"{path}: {model.name} cannot be saved; {error}") from None
    return found


def arrays_of(model: Any, callbacks: Sequence[Any]) -> Arrays:
    """All arrays, by the names in the file."""
    arrays = prefixed("weights", model.params)
    if model.optimizer is not None:
        for slot in model.optimizer.slots():
            arrays |= prefixed(f"optimizer/{slot}", model.optimizer.state.get(slot, {}))
    for index, callback in enumerate(callbacks):
        arrays |= prefixed(f"callbacks/{index}", callback.get_state())
    return stored(arrays)


def prefixed(prefix: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values, with a prefix before their names."""
    return {f"{prefix}/{name}": value for name, value in values.items()}


def without_prefix(prefix: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values whose names have the prefix, under the rest of their names."""
    return {name.removeprefix(prefix): value for name, value in values.items() if name.startswith(prefix)}


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
    return without_prefix(prefix, file.arrays(expected))


def weights_prefix(file: Reader, names: Mapping[str, Any]) -> str:
    """What stands before the names of the weights in a file; another library may have left it out."""
    left_out = not any(name.startswith("weights/") and name not in names for name in file.specs)
    return "" if left_out and not file.own else "weights/"


def load(path: str | os.PathLike[str]) -> Saved:
    """The model in a file. Raises ModelFileError for a file that is damaged, or not such as `save` writes."""
    format_of(path, reading=True)
    with reading(path) as file:
        return saved_in(file)


def saved_in(file: Reader) -> Saved:
    """The model in an open file. Raises TypeError or ValueError as `load` does ModelFileError."""
    if not file.own or "config" not in file.metadata:
        raise ValueError(
            "expected a file that Sequential.save wrote, with the model's layers; this one holds arrays alone: "
            "build the same model, and call its load_weights"
        )
    description = from_metadata(file.metadata)
    plan = blueprint(description)
    check_arrays(description, plan, file.specs)
    arrays = file.arrays(file.specs)
    for layer, shape in plan.layers:
        layer.finish_build(shape, {key: arrays[f"weights/{layer.name}/{key}"] for key in layer.param_shapes(shape)})
    if plan.compiled is not None:
        optimizer = plan.compiled.optimizer
        optimizer.iterations = description["position"]["iterations"]
        state = {slot: without_prefix(f"optimizer/{slot}/", arrays) for slot in optimizer.slots()}
        optimizer.state = {slot: own for slot, own in state.items() if own}
    layers = [layer for layer, _ in plan.layers]
    return Saved(description, layers, plan.compiled, plan.history, callback_states(description, arrays))


def callback_states(description: Description, arrays: Arrays) -> list[Arrays]:
    """The state of each callback, by key."""
    states: list[Arrays] = [{} for _ in description["callbacks"]]
    for name, array in arrays.items():
        if found := CALLBACK_ARRAY.fullmatch(name):
            states[int(found[1])][found[2]] = array
    return states


def restore(path: str | os.PathLike[str], model: Any, history: Any, callbacks: Sequence[Any]) -> None:
    """Give a model, a History and callbacks what the file holds of them.

    Raises ModelFileError for a file that `load` does not take, or that holds another model or other callbacks; the
    model and the History then stay as they are.
    """
    saved = load(path)
    with explained(path):
        for difference in differences(saved.description, describe_model(model, callbacks)):
            raise ValueError(f"holds another training: {difference}")
        set_states(callbacks, saved.callbacks)
    for layer, other in zip(model.layers, saved.layers, strict=True):
        layer.set_weights(other.get_weights())
    if saved.compiled is not None:
        vars(model.optimizer).update(saved.compiled.optimizer.get_config())
        model.optimizer.iterations = saved.compiled.optimizer.iterations
        model.optimizer.state = saved.compiled.optimizer.state
    position = saved.description["position"]
    model.seed, model.steps = saved.description["config"]["seed"], position["steps"]
    model.stop_training = position["stopped"]
    if saved.history is not None:
        history.epoch, history.history = saved.history


def set_states(callbacks: Sequence[Any], states: Sequence[Arrays]) -> None:
    """Give each callback its state. Raises ValueError or TypeError for a state that it does not take."""
    for callback, state in zip(callbacks, states, strict=True):
        try:
            callback.set_state(state)
        except KeyError as error:
            raise ValueError(
                f"{type(callback).__name__}: expected a state with {error}; received {', '.join(state)}"
            ) from None


# ---------------------------------------------------------------- which arrays belong to a model


def check_arrays(description: Description, plan: Blueprint, specs: Specs) -> None:
    """Raise ValueError unless the arrays are those of the model, with its shapes and dtype."""
    weights = weight_specs(plan, np.dtype(description["config"]["dtype"]))
    slots = () if plan.compiled is None else plan.compiled.optimizer.slots()
    expected = prefixed("weights", weights)
    for name, spec in optional_arrays(weights, slots, len(description["callbacks"]), specs).items():
        if name in specs:
            expected[name] = spec
    check_same_arrays(expected, specs)


def weight_specs(plan: Blueprint, dtype: np.dtype) -> Specs:
    """The model's weights, by name."""
    return {
        f"{layer.name}/{key}": ArraySpec(dtype, size)
        for layer, shape in plan.layers
        for key, size in layer.param_shapes(shape).items()
    }


def optional_arrays(params: Specs, slots: Sequence[str], callbacks: int, found: Specs) -> Specs:
    """The optimizer's slots, none of which is there before the first step, and whatever belongs to a callback."""
    arrays: Specs = {}
    for slot in slots:
        arrays |= prefixed(f"optimizer/{slot}", params)
    for name, spec in found.items():
        if (match := CALLBACK_ARRAY.fullmatch(name)) and int(match[1]) < callbacks:
            arrays[name] = spec
    return arrays


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
