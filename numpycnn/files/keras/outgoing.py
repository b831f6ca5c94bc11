"""Configurations as Keras 3 has them: what `keras.saving.load_model` makes an equal model of."""

from typing import TYPE_CHECKING, Any

from numpycnn import metrics
from numpycnn.common.configuration import FUNCTION
from numpycnn.files.keras.graph import INPUT, OWN, Node, class_name, has_blocks, nodes_of
from numpycnn.files.keras.labels import label_of
from numpycnn.layers import Branches, Layer, SpatialDropout2D
from numpycnn.layers.chain import Chain

if TYPE_CHECKING:
    from numpycnn.models import Sequential

Config = dict[str, Any]

VERSION = "3.15.1"
"""The version of Keras whose files are written."""
MODULES = {"initializer": "initializers", "regularizer": "regularizers", "constraint": "constraints"}
"""Keras's module for arguments whose names end so."""


def network(model: "Sequential") -> Config:
    """The whole configuration of a built model. Raises ValueError for what Keras does not have."""
    entry = chain(model, str(model.dtype))
    if model.optimizer is not None:
        entry["compile_config"] = compiled(model)
    return entry


def chain(model: Any, dtype: str) -> Config:
    """A model, or a chain inside of one: a Sequential, or where it has blocks a Functional."""
    shape = [None, *model.shape_in]
    first = described("keras.layers", "InputLayer", {"batch_shape": shape, "dtype": dtype, "name": INPUT})
    if has_blocks(model):
        return functional(model, first, dtype)
    layers = [first, *(layer(one, dtype) for one in model.layers)]
    config = {"name": model.name, "trainable": True, "dtype": dtype, "layers": layers, "build_input_shape": shape}
    return described("keras", "Sequential", config)


def functional(model: Chain, first: Config, dtype: str) -> Config:
    """A chain with blocks, after the entry of its input."""
    nodes = nodes_of(model)
    tensors = {INPUT: tensor(INPUT, first["config"]["batch_shape"], dtype)}
    entries = [{**first, "name": INPUT, "inbound_nodes": []}]
    for node in nodes:
        inputs: list[Any] = [tensors[name] for name in node.inputs]
        call: Config = {"args": [inputs] if isinstance(node.layer, Branches) else inputs, "kwargs": {}}
        entries.append({**entry_of(node, dtype), "name": node.name, "inbound_nodes": [call]})
        tensors[node.name] = tensor(node.name, [None, *(node.layer.shape_out or ())], dtype)
    call_number = int(class_name(nodes[-1].layer) == "Functional")  # here, but not in a tensor, 0 is its own making
    ends = {"input_layers": [INPUT, 0, 0], "output_layers": [nodes[-1].name, call_number, 0]}
    return described("keras.src.models.functional", "Functional", {"name": model.name, "layers": entries, **ends})


def tensor(name: str, shape: list[int | None], dtype: str) -> Config:
    """What the only call of a layer gives."""
    config = {"shape": shape, "dtype": dtype, "keras_history": [name, 0, 0]}
    return {"class_name": "__keras_tensor__", "config": config}


def entry_of(node: Node, dtype: str) -> Config:
    """A layer of a Functional model, or what merges a block's branches, under its name there.

    Its own name, where that is another, stands beside Keras's, and of a block its label.
    """
    one = node.layer
    if not isinstance(one, Branches):
        entry = layer(one, dtype)
        entry["config"]["name"] = node.name
        return entry if node.name == one.name else {**entry, OWN: one.name}
    config = {"name": node.name, "trainable": True, "dtype": dtype}
    if one.merge == "concatenate":
        config["axis"] = one.axis
    return {**described("keras.layers", class_name(one), config), OWN: label_of(one)}


def layer(one: Layer, dtype: str) -> Config:
    """A layer. Raises ValueError for one that Keras does not have."""
    name = class_name(one)
    if isinstance(one, Chain):
        return chain(one, dtype)
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
