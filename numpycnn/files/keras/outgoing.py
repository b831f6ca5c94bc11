"""Configurations as Keras 3 has them: what `keras.saving.load_model` makes an equal model of."""

from typing import TYPE_CHECKING, Any

from numpycnn import metrics
from numpycnn.common.configuration import FUNCTION
from numpycnn.files.keras.variables import class_name
from numpycnn.layers import Layer, SpatialDropout2D
from numpycnn.layers.container import Container

if TYPE_CHECKING:
    from numpycnn.models import Sequential

Config = dict[str, Any]

VERSION = "3.15.1"
"""The version of Keras whose files are written."""
MODULES = {"initializer": "initializers", "regularizer": "regularizers", "constraint": "constraints"}
"""Keras's module for arguments whose names end so."""


def network(model: "Sequential") -> Config:
    """The whole configuration of a built model. Raises ValueError for what Keras does not have."""
    entry = sequential(model, str(model.dtype))
    if model.optimizer is not None:
        entry["compile_config"] = compiled(model)
    return entry


def sequential(model: Any, dtype: str) -> Config:
    """A model, or a chain inside of one."""
    shape = [None, *model.shape_in]
    first = {"batch_shape": shape, "dtype": dtype, "name": "input_layer"}
    layers = [described("keras.layers", "InputLayer", first), *(layer(one, dtype) for one in model.layers)]
    config = {"name": model.name, "trainable": True, "dtype": dtype, "layers": layers, "build_input_shape": shape}
    return described("keras", "Sequential", config)


def layer(one: Layer, dtype: str) -> Config:
    """A layer. Raises ValueError for one that Keras does not have."""
    name = class_name(one)
    if isinstance(one, Container):
        return sequential(one, dtype)
    config = {key: argument(key, value) for key, value in one.get_config().items() if key != "input_shape"}
    if isinstance(one, SpatialDropout2D):
        del config["trainable"]  # which alone of all it does not take
    return described("keras.layers", name, {**config, "dtype": dtype})


def argument(key: str, value: Any) -> Any:
    """An argument; one that is an object gets Keras's module. Raises ValueError for activations with settings."""
    if not isinstance(value, dict):
        return value
    if value["class_name"] == FUNCTION:
        return {"module": "builtins", **value, "registered_name": FUNCTION}
    kind = key.rpartition("_")[2]
    if kind not in MODULES:
        raise ValueError(f"{key}: Keras has no {value['class_name']} with settings; use a layer, such as LeakyReLU")
    return described(f"keras.{MODULES[kind]}", value["class_name"], value["config"])


def compiled(model: "Sequential") -> Config:
    """What `compile` was given. Raises ValueError for what Keras does not have."""
    optimizer, loss = model.optimizer, model.loss
    settings = optimizer.get_config() if optimizer is not None else {}
    settings["learning_rate"] = rate(settings["learning_rate"])
    kinds: dict[bool, list[Any]] = {True: [], False: []}
    for name, metric in model.metrics.items():
        found = metrics.serialize(metric)
        kinds[name in model.weighted].append(found if isinstance(found, str) else described("keras.metrics", **found))
    return {
        "optimizer": described("keras.optimizers", type(optimizer).__name__, settings),
        "loss": described("keras.losses", type(loss).__name__, loss.get_config() if loss is not None else {}),
        "loss_weights": None,
        "metrics": kinds[False] or None,
        "weighted_metrics": kinds[True] or None,
        "run_eagerly": False,
        "steps_per_execution": 1,
        "jit_compile": "auto",
    }


def rate(value: Any) -> Any:
    """A learning rate: a number, or a schedule. Raises ValueError for PyTorch's schedule."""
    if not isinstance(value, dict):
        return value
    name, config = value["class_name"], value["config"]
    if name == "OneCycle":
        raise ValueError("learning_rate: Keras has no OneCycle; save to .safetensors, which keeps it")
    if name == "TimeDecay":  # Keras 2's decay
        name = "InverseTimeDecay"
        config = {
            "initial_learning_rate": config["initial_learning_rate"],
            "decay_steps": 1,
            "decay_rate": config["decay"],
        }
    return described("keras.optimizers.schedules", name, config)


def described(module: str, class_name: str, config: Config) -> Config:
    """An object as Keras 3 describes it."""
    return {"module": module, "class_name": class_name, "config": config, "registered_name": None}
