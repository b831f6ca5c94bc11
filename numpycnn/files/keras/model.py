"""A whole model between its configuration in Keras's files and `Sequential`, whatever the file's layout.

What Keras has no place for, History and the seed among it, stands beside its own as JSON under "numpycnn", which Keras
does not look at; so a model that is saved and loaded here loses nothing.
"""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from numpycnn.common import checks
from numpycnn.common.randomness import draw_seed
from numpycnn.common.typing import Array
from numpycnn.files.description import Description, describe_model, input_shape_of, unbuilt_model
from numpycnn.files.errors import ModelFileError
from numpycnn.files.keras import incoming, outgoing
from numpycnn.files.keras.graph import OWN
from numpycnn.files.safetensors import decode_json

if TYPE_CHECKING:
    from numpycnn.callbacks import Callback
    from numpycnn.models import Sequential

Config = dict[str, Any]

MAX_CONFIG = 2**23
"""Bytes of a configuration: parsed JSON takes 20 times its length in memory."""


# ---------------------------------------------------------------- writing


def config_of(path: Any, model: "Sequential", callbacks: Sequence["Callback"]) -> Config:
    """The configuration that is written.

    Raises ModelFileError for what Keras does not have, and for what could not be read back: see `files/model.py`.
    """
    try:
        describe_model(model)  # raises for what is of the user's own
        if callbacks:
            names = ", ".join(type(one).__name__ for one in callbacks)
            raise ValueError(f"the state of callbacks ({names}) is kept in .safetensors files alone")
        config = outgoing.network(model)
        unbuilt_model(description_of(config, config.get("compile_config"), additions(model), 3))  # raises
    except (TypeError, ValueError) as error:
        raise ModelFileError(f"{path}: {model.name} cannot be saved; {error}") from None
    return config


def additions(model: "Sequential") -> Config:
    """What Keras has no place for."""
    description = describe_model(model)
    compiled = description["compile_config"]
    return {
        "seed": model.seed,
        "fast": model.fast,
        "position": description["position"],
        "history": description["history"],
        "notes": description["notes"],
        "excluded": None if compiled is None else compiled["excluded"],
    }


# ---------------------------------------------------------------- reading


def json_of(name: str, text: str) -> Any:
    """A value from JSON. Raises ValueError for invalid JSON, and for a text that is too long."""
    if len(text) > MAX_CONFIG:
        raise ValueError(f"{name} may have {MAX_CONFIG} bytes; received {len(text)}")
    try:
        return decode_json(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{name} is no JSON; {error}") from None


def description_of(config: Any, compile_config: Any, own: Any, version: int) -> Description:
    """The model as `description.py` has it. Raises TypeError or ValueError for an invalid configuration.

    own: what stands under "numpycnn", or None. version: of Keras.
    """
    network, shape = incoming.network(config, version)
    if not shape:
        raise ValueError("expected the shape of an example, in batch_shape or build_input_shape; there is none")
    compiled = incoming.compiled(compile_config)
    position: Any = {"steps": 0, "iterations": 0, "stopped": False}
    if own is None:
        own = {"seed": draw_seed(), "fast": True, "position": position, "history": None, "notes": {}, "excluded": None}
    checks.keys("file", OWN, own, {"seed", "fast", "position", "history", "notes", "excluded"})
    if compiled is not None and own["excluded"] is not None:
        compiled["excluded"] = own["excluded"]
    return {
        "config": {**network, "seed": own["seed"], "fast": own["fast"]},
        "input_shape": shape,
        "compile_config": compiled,
        "position": own["position"],
        "history": own["history"],
        "notes": own["notes"],
        "callbacks": [],
    }


def hollow_model(description: Description) -> "Sequential":
    """The described model, with arrays that have shapes and take no memory: the real ones are yet to be read."""
    model = unbuilt_model(description)
    shape = input_shape_of(description)
    zero = np.zeros((), model.dtype)
    params, state = (
        {name: np.broadcast_to(zero, one) for name, one in shapes.items()}
        for shapes in (model.param_shapes(shape), model.state_shapes(shape))
    )
    model.finish_build(shape, params, state)
    return model


def fill(model: "Sequential", arrays: dict[str, Array]) -> None:
    """Give a hollow model its arrays."""
    params = {name: writable(arrays[name]) for name in model.params}
    state = {name: writable(arrays[name]) for name in model.state}
    model.finish_build(model.shape_in or (), params, state)


def writable(array: Array) -> Array:
    """The array in C order and native bytes, as training needs it."""
    return np.require(array, array.dtype.newbyteorder("="), ["C", "W", "O"])


def set_steps(model: "Sequential", own: Any) -> None:
    """A model that another program trained has made as many steps as its optimizer."""
    if own is None and model.optimizer is not None:
        model.steps = model.optimizer.iterations
