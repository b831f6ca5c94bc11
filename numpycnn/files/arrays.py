"""The arrays in a model's file, by name, and which of them belong to a model.

    weights/NAME                a parameter or an array of the state, by its name in `model.arrays`: "conv2d/kernel"
    optimizer/SLOT/NAME         a slot of the optimizer for the parameter of that name
    callbacks/INDEX/KEY         the state of a callback

Names are made from the model, and not taken apart, so layers may hold layers to any depth.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from numpycnn.common.typing import Array, Shape
from numpycnn.files.safetensors import ArraySpec
from numpycnn.layers.stage import of_prefix, with_prefix

if TYPE_CHECKING:
    from numpycnn.callbacks import Callback
    from numpycnn.models import Sequential


Arrays = dict[str, Array]


class Progress(NamedTuple):
    """What an optimizer has done: its slots, its steps, and the learning rate, or None for that which it has."""

    state: dict[str, Arrays]
    iterations: int
    learning_rate: float | None = None

    def give(self, optimizer: Any) -> None:
        """Let an optimizer of the same kind go on from there."""
        optimizer.state, optimizer.iterations = self.state, self.iterations
        if self.learning_rate is not None:
            optimizer.learning_rate = self.learning_rate


class Weights(NamedTuple):
    """What a file has for a model that is there: arrays by names as in `model.arrays`, and the optimizer's progress."""

    arrays: Arrays
    progress: Progress | None = None


Specs = dict[str, ArraySpec]
CALLBACK_ARRAY = re.compile(r"callbacks/(0|[1-9][0-9]{0,8})/(.+)", re.DOTALL)


def arrays_of(model: "Sequential", callbacks: Sequence["Callback"]) -> Arrays:
    """All arrays of a model and its callbacks, by their names in the file."""
    arrays = with_prefix("weights", model.arrays)
    if model.optimizer is not None:
        for slot in model.optimizer.all_slots():
            arrays |= with_prefix(f"optimizer/{slot}", model.optimizer.state.get(slot, {}))
    for index, callback in enumerate(callbacks):
        arrays |= with_prefix(f"callbacks/{index}", callback.get_state())
    return {name: np.asarray(array) for name, array in arrays.items()}


def build(model: "Sequential", input_shape: Shape, arrays: Arrays) -> None:
    """Give a model its weights and its optimizer's slots."""
    weights = of_prefix("weights", arrays)
    params = {name: weights[name] for name in model.param_shapes(input_shape)}
    state = {name: weights[name] for name in model.state_shapes(input_shape)}
    model.finish_build(input_shape, params, state)
    if model.optimizer is not None:
        slots = {slot: of_prefix(f"optimizer/{slot}", arrays) for slot in model.optimizer.all_slots()}
        model.optimizer.state = {slot: own for slot, own in slots.items() if own}


def callback_states(callbacks: int, arrays: Arrays) -> list[Arrays]:
    """The state of each of the callbacks, whose number is given, by key."""
    states: list[Arrays] = [{} for _ in range(callbacks)]
    for name, array in arrays.items():
        if found := CALLBACK_ARRAY.fullmatch(name):
            states[int(found[1])][found[2]] = array
    return states


def check_arrays(model: "Sequential", input_shape: Shape, callbacks: int, specs: Specs) -> None:
    """Raise ValueError unless the arrays are those of an unbuilt model, in its dtype, and of `callbacks` callbacks."""
    dtype = model.dtype.newbyteorder("<")
    params = {name: ArraySpec(dtype, shape) for name, shape in model.param_shapes(input_shape).items()}
    state = {name: ArraySpec(dtype, shape) for name, shape in model.state_shapes(input_shape).items()}
    slots = () if model.optimizer is None else model.optimizer.all_slots()
    optional = {f"optimizer/{slot}/{name}": spec for slot in slots for name, spec in params.items()}
    optional |= {name: spec for name, spec in specs.items() if is_of_callback(name, callbacks)}
    there = {name: spec for name, spec in optional.items() if name in specs}  # no slots before the first step
    check_same_arrays(with_prefix("weights", {**params, **state}) | there, specs)


def is_of_callback(name: str, count: int) -> bool:
    """Whether the name is that of an array of one of `count` callbacks, which validates it itself."""
    match = CALLBACK_ARRAY.fullmatch(name)
    return match is not None and int(match[1]) < count


def check_same_arrays(expected: Specs, found: Specs) -> None:
    """Raise ValueError unless both have the same names, shapes and dtypes."""
    for name in expected:
        if name not in found:
            raise ValueError(f"expected the array {name}, which is missing")
    for name, spec in found.items():
        if name not in expected:
            raise ValueError(f"holds the array {name}, which does not belong to the model")
        if spec != expected[name]:
            raise ValueError(f"expected {name} as {expected[name]}; received {spec}")


def spec_of(array: Array) -> ArraySpec:
    """The ArraySpec of an array in a file, which is little-endian."""
    return ArraySpec(array.dtype.newbyteorder("<"), array.shape)
