"""A model without its arrays as JSON values, and back.

    key               value
    config            the network, as `Sequential.get_config` describes it
    input_shape       the shape of one example, without the batch axis
    compile_config    null, or {"optimizer": ..., "loss": ..., "metrics": [names or configurations], "weighted_metrics":
                      the same, "excluded": the arguments of exclude_from_weight_decay}
    position          {"steps": training steps of the model, "iterations": steps of its optimizer, "stopped": whether a
                      callback had ended training}
    history           null, or History's {"epoch": ..., "history": ...}, see `history.py`
    callbacks         the callbacks whose state is in the file, by class name
    notes             the model's `notes`

The values are stored as JSON text in the metadata. Classes are looked up by name in closed tables, here and in
`layers`, `losses`, `optimizers`, `metrics` and `initializers`: a file cannot import code.
"""

import json
from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from numpycnn import activations, constraints, initializers, metrics, regularizers
from numpycnn.common import checks
from numpycnn.common.configuration import FUNCTION, OWN, describe, from_description, unknown_here
from numpycnn.common.typing import Shape
from numpycnn.files.history import history_from_json, history_to_json
from numpycnn.files.own import initializers_of, rules
from numpycnn.files.safetensors import decode_json
from numpycnn.layers import LAYERS
from numpycnn.layers.container import every_layer
from numpycnn.losses import CLASSES as LOSS_CLASSES
from numpycnn.optimizers import CLASSES as OPTIMIZER_CLASSES

if TYPE_CHECKING:
    from numpycnn.engine.network import Network
    from numpycnn.models import Sequential


KEYS = {"config", "input_shape", "compile_config", "position", "history", "callbacks", "notes"}
RULE_CLASSES = {**regularizers.CLASSES, **constraints.CLASSES}
MAX_LAYERS = 1000
MAX_INTEGER = 2**63 - 1

Description = dict[str, Any]
"""JSON values under KEYS."""


# ---------------------------------------------------------------- from a model to text


def describe_model(model: "Sequential", callbacks: Sequence[str] = ()) -> Description:
    """Describe a built Sequential, and name the callbacks whose state is saved with it.

    Raises TypeError or ValueError for what cannot be read back by its name, and for a History of anything but numbers.
    """
    check_names(model)
    for _, layer in model.leaves():
        if layer.params.keys() != layer.param_shapes(layer.shape_in or ()).keys():
            raise ValueError(f"{layer.name}: define param_shapes, by which the arrays in a file are checked")
    optimizer, history = model.optimizer, model.history
    iterations = 0 if optimizer is None else optimizer.iterations
    return {
        "config": model.get_config(),
        "input_shape": list(model.shape_in or ()),
        "compile_config": describe_compiled(model),
        "position": {"steps": model.steps, "iterations": iterations, "stopped": model.stop_training},
        "history": None if history is None else history_to_json(history.epoch, history.history),
        "callbacks": list(callbacks),
        "notes": dict(model.notes),
    }


def check_names(model: "Network") -> None:
    """Raise TypeError or ValueError for a layer, or what is in one, that a file cannot name so that it is read back."""
    for layer in every_layer(model.layers):
        describe(layer, LAYERS)
        activations.serialize(layer.activation)
    for rule in rules(model):
        describe(rule, RULE_CLASSES)
    for initializer in initializers_of(model):
        if isinstance(initializer, initializers.FunctionInitializer):
            initializers.serialize(initializer)
        else:
            describe(initializer, initializers.CLASSES)


def describe_compiled(model: "Sequential") -> dict[str, Any] | None:
    """A model's compile configuration; None if it is not compiled. Raises ValueError for user-defined classes."""
    if model.optimizer is None:
        return None
    return {
        "optimizer": describe(model.optimizer, OPTIMIZER_CLASSES),
        "loss": describe(model.loss, LOSS_CLASSES),
        "metrics": [metrics.serialize(metric) for name, metric in model.metrics.items() if name not in model.weighted],
        "weighted_metrics": [metrics.serialize(model.metrics[name]) for name in model.weighted],
        "excluded": model.optimizer.excluded,
    }


def to_metadata(description: Description) -> dict[str, str]:
    """Each value as JSON text. Raises TypeError for what JSON does not have; NaN is for `from_metadata` to refuse."""
    try:
        return {key: json.dumps(value) for key, value in description.items()}
    except TypeError as error:
        raise TypeError(f"a file holds plain numbers, text, lists and dicts; {error}") from None


# ---------------------------------------------------------------- from text to a model


def from_metadata(metadata: dict[str, str]) -> Description:
    """The inverse of `to_metadata`. Raises ValueError for other keys, and for invalid JSON."""
    checks.keys("file", "metadata", metadata, KEYS)
    return {key: decode_json(text) for key, text in metadata.items()}


def unbuilt_model(description: Description) -> "Sequential":
    """The described model, compiled, but not built. Raises TypeError or ValueError for an invalid description."""
    for name in checks.sequence("file", "callbacks", description["callbacks"]):
        checks.text("file", "callback", name)
    model = unbuilt_network(description["config"])
    model.check_shape(input_shape_of(description))
    compile_model(model, description["compile_config"])
    set_position(model, description["position"])
    if description["history"] is not None:
        model._set_history(*history_from_json(description["history"]))
    model.notes = checks.by_name("file", "notes", description["notes"])
    return model


def input_shape_of(description: Description) -> Shape:
    """The shape of one example. Raises TypeError or ValueError for anything else."""
    return checks.shape("file", "input_shape", description["input_shape"])


def unbuilt_network(config: Any) -> "Sequential":
    """The network of a configuration, without its layers' input shapes, with which it would be built."""
    config = deepcopy(config)
    count = 0
    for count, entry in enumerate(layer_entries(config), start=1):
        if count > MAX_LAYERS:
            break
        if isinstance(entry["config"], dict) and "input_shape" in entry["config"]:
            entry["config"]["input_shape"] = None
    if not 0 < count <= MAX_LAYERS:
        raise ValueError(f"file: a model must have 1 to {MAX_LAYERS} layers; received {count}")
    model: Sequential = LAYERS["Sequential"].from_config(config)  # type: ignore[assignment]
    check_integer("seed", model.seed)
    return model


def layer_entries(config: Any) -> Iterator[dict[str, Any]]:
    """Every layer in a network's configuration, nested ones too. Raises TypeError or ValueError."""
    layers = config.get("layers", []) if isinstance(config, dict) else []
    for entry in checks.sequence("file", "layers", layers):
        checks.keys("file", "layer", entry, {"class_name", "config"})
        yield entry
        yield from layer_entries(entry["config"])


def compile_model(model: "Sequential", config: Any) -> None:
    """Compile the model, unless the configuration is None. Raises TypeError or ValueError for an invalid one."""
    if config is None:
        return
    checks.keys("file", "compile_config", config, {"optimizer", "loss", "metrics", "weighted_metrics", "excluded"})
    for kind in ("metrics", "weighted_metrics"):
        for metric in checks.sequence("file", kind, config[kind]):
            if not isinstance(metric, (str, dict)):
                raise TypeError(f"file: {kind} must be names or configurations; received {checks.short_repr(metric)}")
            check_metric(metric)
    optimizer = from_description("file", "optimizer", config["optimizer"], OPTIMIZER_CLASSES)
    checks.keys("file", "excluded", config["excluded"], set(optimizer.excluded))
    optimizer.exclude_from_weight_decay(**config["excluded"])
    loss = from_description("file", "loss", config["loss"], LOSS_CLASSES)
    model.compile(optimizer, loss, config["metrics"], weighted_metrics=config["weighted_metrics"])


def check_metric(metric: str | dict[str, Any]) -> None:
    """Raise ValueError for a metric that neither the library has nor whoever reads the file gives."""
    name = metric if isinstance(metric, str) else str(metric.get("class_name"))
    if not {name} & {FUNCTION, *metrics.METRICS, *metrics.CLASSES, *OWN.get({})}:
        raise unknown_here("file", "metric", name, metrics.WITHOUT_COMPILE)


def set_position(model: "Sequential", position: Any) -> None:
    """Set how far the model was trained. Raises TypeError or ValueError for anything else."""
    checks.keys("file", "position", position, {"steps", "iterations", "stopped"})
    model.steps = check_integer("steps", position["steps"])
    model.stop_training = checks.flag("file", "stopped", position["stopped"])
    iterations = check_integer("iterations", position["iterations"])
    if model.optimizer is not None:
        model.optimizer.iterations = iterations


def check_integer(name: str, value: Any) -> int:
    """An integer from 0 to MAX_INTEGER. Raises TypeError or ValueError for anything else."""
    return checks.integer("file", name, value, at_least=0, at_most=MAX_INTEGER)
