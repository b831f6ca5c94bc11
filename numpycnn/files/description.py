"""A model without its arrays, as JSON values, and back.

    key               value
    config            the network, as `Sequential.get_config` describes it
    input_shape       the shape of one example, without the batch axis
    compile_config    null, or {"optimizer": ..., "loss": ..., "metrics": [names]}
    position          {"steps": batches the model was trained on, "iterations": steps the optimizer made, "stopped":
                      whether a callback had ended training}
    history           null, or History's {"epoch": ..., "history": ...}, see `history.py`
    callbacks         the callbacks whose state was kept with the model, by class name

A file has each as JSON text in its metadata. Classes are looked up by name in closed tables, here and in `layers`,
`losses`, `optimizers`, `metrics` and `initializers`: a file cannot name code. Everything is checked, and the shapes of
all arrays follow from it, before any array is read.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from numpycnn.backend import FLOAT_TYPES
from numpycnn.common import checks
from numpycnn.common.configuration import describe, from_description
from numpycnn.common.typing import Shape
from numpycnn.files.history import History, history_from_json, history_to_json
from numpycnn.files.safetensors import decode_json
from numpycnn.layers import LAYERS, Layer
from numpycnn.losses import LOSSES, Loss
from numpycnn.metrics import METRICS, Metric
from numpycnn.optimizers import OPTIMIZERS, Optimizer

KEYS = ("config", "input_shape", "compile_config", "position", "history", "callbacks")
LOSS_CLASSES = {cls.__name__: cls for cls in LOSSES.values()}
OPTIMIZER_CLASSES = {cls.__name__: cls for cls in OPTIMIZERS.values()}
MAX_LAYERS = 1000
MAX_INTEGER = 2**63 - 1

Description = dict[str, Any]
"""JSON values under KEYS."""


class Compiled(NamedTuple):
    """How a model is trained."""

    optimizer: Optimizer
    loss: Loss
    metrics: dict[str, Metric]


class Blueprint(NamedTuple):
    """The model that a description describes, without any array: each layer, not built, with its input's shape."""

    layers: list[tuple[Layer, Shape]]
    compiled: Compiled | None
    history: History | None


# ---------------------------------------------------------------- from a model to text


def describe_model(model: Any, callbacks: Sequence[Any]) -> Description:
    """A built Sequential, and the callbacks whose state is kept. Raises TypeError or ValueError as `save` says."""
    optimizer, history = model.optimizer, model.history
    layers = [describe(layer, LAYERS) for layer in model.layers]
    return {
        "config": {**model.get_config(), "layers": layers, "dtype": model.dtype.name, "fast": model.fast},
        "input_shape": list(model.input_shape),
        "compile_config": None
        if optimizer is None
        else describe_compiled(Compiled(optimizer, model.loss, model.metrics)),
        "position": {
            "steps": model.steps,
            "iterations": 0 if optimizer is None else optimizer.iterations,
            "stopped": model.stop_training,
        },
        "history": None if history is None else history_to_json(history.epoch, history.history),
        "callbacks": [type(callback).__name__ for callback in callbacks],
    }


def describe_compiled(compiled: Compiled) -> dict[str, Any]:
    """How a model is trained, as JSON values. Raises ValueError for what is not the library's own."""
    for name, metric in compiled.metrics.items():
        if METRICS.get(name) is not metric:
            raise ValueError(f"metric {name}: is not the library's own, which alone a file can name")
    return {
        "optimizer": describe(compiled.optimizer, OPTIMIZER_CLASSES),
        "loss": describe(compiled.loss, LOSS_CLASSES),
        "metrics": list(compiled.metrics),
    }


def to_metadata(description: Description) -> dict[str, str]:
    """Each value as JSON text. Raises TypeError or ValueError for what JSON does not have."""
    try:
        return {key: json.dumps(value, allow_nan=False) for key, value in description.items()}
    except TypeError as error:
        raise TypeError(f"a file holds plain numbers, text, lists and dicts; {error}") from None


# ---------------------------------------------------------------- from text to a model


def from_metadata(metadata: dict[str, str]) -> Description:
    """The inverse of `to_metadata`. Raises ValueError for other keys, and for what is no JSON."""
    checks.keys("file", "metadata", metadata, set(KEYS))
    return {key: decode_json(metadata[key]) for key in KEYS}


def blueprint(description: Description) -> Blueprint:
    """The model described. Raises TypeError or ValueError for what `describe_model` would not give."""
    config = description["config"]
    checks.keys("file", "config", config, {"name", "seed", "layers", "dtype", "fast"})
    checks.name("file", config["name"])
    checks.flag("file", "fast", config["fast"])
    checks.choice("file", "dtype", config["dtype"], FLOAT_TYPES)
    check_count("seed", config["seed"])
    check_position(description["position"])
    for name in checks.sequence("file", "callbacks", description["callbacks"]):
        checks.text("file", "callback", name)
    layers = layers_with_shapes(config["layers"], checks.shape("file", "input_shape", description["input_shape"]))
    history = None if description["history"] is None else history_from_json(description["history"])
    return Blueprint(layers, compiled_from(description["compile_config"]), history)


def check_position(position: Any) -> None:
    """Raise TypeError or ValueError unless this is a position in training."""
    checks.keys("file", "position", position, {"steps", "iterations", "stopped"})
    check_count("steps", position["steps"])
    check_count("iterations", position["iterations"])
    checks.flag("file", "stopped", position["stopped"])


def check_count(name: str, value: Any) -> None:
    """Raise TypeError or ValueError unless the value is an integer from 0 to what 64 bits hold."""
    checks.integer("file", name, value, at_least=0, at_most=MAX_INTEGER)


def layers_with_shapes(entries: Any, shape: Shape) -> list[tuple[Layer, Shape]]:
    """The layers, not built, each with its input's shape. Raises TypeError or ValueError where they do not fit."""
    if not 0 < len(checks.sequence("file", "layers", entries)) <= MAX_LAYERS:
        raise ValueError(f"file: layers must be 1 to {MAX_LAYERS}; received {len(entries)}")
    layers: list[tuple[Layer, Shape]] = []
    for entry in entries:
        layer = from_description("file", "layer", entry, LAYERS)
        if entry["config"] != layer.get_config():
            raise ValueError(f"{layer.name}: expected the config {layer.get_config()}; received {entry['config']}")
        layer.rename([other.name for other, _ in layers])  # raises where the name is taken
        layers.append((layer, shape))
        shape = layer.check_shape(shape)
    return layers


def compiled_from(config: Any) -> Compiled | None:
    """How a model is trained; None for None. Raises TypeError or ValueError for others than `describe_compiled`'s."""
    if config is None:
        return None
    checks.keys("file", "compile_config", config, {"optimizer", "loss", "metrics"})
    names = checks.sequence("file", "metrics", config["metrics"])
    metrics = {name: checks.lookup("file", "metric", name, METRICS) for name in names}
    optimizer = from_description("file", "optimizer", config["optimizer"], OPTIMIZER_CLASSES)
    compiled = Compiled(optimizer, from_description("file", "loss", config["loss"], LOSS_CLASSES), metrics)
    if describe_compiled(compiled) != config:
        raise ValueError(f"file: expected compile_config {describe_compiled(compiled)}; received {config}")
    return compiled
