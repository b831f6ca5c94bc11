"""What a model's file holds: its configuration, weights, the optimizer's memory, History and its place in training.

    fact            content
    kind            "model", or "weights" for a file that has the arrays "weights/..." and no other fact
    name, seed, layers, input_shape, dtype, fast      the network, its layers as `get_config` describes them
    compiled        null, or {"optimizer": ..., "loss": ..., "metrics": [names]}
    iterations      how many steps the optimizer made          steps     how many batches the model learnt from
    stopped         whether a callback had ended training      history   null, or the names of its figures
    callbacks       the callbacks whose state was kept with the model, by class name

    array                               content
    weights/LAYER/PARAMETER             a parameter
    optimizer/SLOT/LAYER/PARAMETER      what the optimizer remembers of it
    epoch                               the epochs of History, from 0, int64
    history/FIGURE                      a figure of each epoch, float64
    callbacks/INDEX/KEY                 what a callback remembers

Classes are looked up by name in closed tables, here and in `layers`, `losses`, `optimizers`, `metrics` and
`initializers`: a file cannot name code. Everything is checked, and the shapes of all arrays follow from the facts,
before any array is read.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from numpycnn.backend import FLOAT_TYPES
from numpycnn.common import checks
from numpycnn.common.configuration import describe, from_description
from numpycnn.common.typing import Array, Shape
from numpycnn.files.container import (
    Content,
    Declared,
    ModelFileError,
    Reader,
    reading,
    shortened,
    stored,
    write,
)
from numpycnn.layers import LAYERS, Layer
from numpycnn.losses import LOSSES, Loss
from numpycnn.metrics import METRICS, Metric
from numpycnn.optimizers import OPTIMIZERS, Optimizer

FACTS = {
    *("kind", "name", "seed", "layers", "input_shape", "dtype", "fast"),
    *("compiled", "iterations", "steps", "stopped", "history", "callbacks"),
}
LOSS_CLASSES = {cls.__name__: cls for cls in LOSSES.values()}
OPTIMIZER_CLASSES = {cls.__name__: cls for cls in OPTIMIZERS.values()}
MOST_LAYERS = 1000
LARGEST = 2**63 - 1


class Compiled(NamedTuple):
    """How a model is trained."""

    optimizer: Optimizer
    loss: Loss
    metrics: dict[str, Metric]


class Saved(NamedTuple):
    """A model as its file holds it. Its layers are built and have their weights."""

    facts: dict[str, Any]
    layers: list[Layer]
    compiled: Compiled | None
    epoch: list[int]
    history: dict[str, list[float]]
    callbacks: list[dict[str, Array]]


# ---------------------------------------------------------------- writing


def save_weights(path: str | os.PathLike[str], params: Mapping[str, Array]) -> None:
    """Write the weights alone, by name. Raises OSError."""
    write(path, Content({"kind": "weights"}, prefixed("weights", params)))


def save(path: str | os.PathLike[str], model: Any, callbacks: Sequence[Any] = ()) -> None:
    """Write a built Sequential whole, and what these callbacks remember. Raises as `content` does, and OSError."""
    write(path, content(path, model, callbacks))


def content(path: str | os.PathLike[str], model: Any, callbacks: Sequence[Any]) -> Content:
    """What `save` writes.

    Raises ModelFileError for what `load` would not take: layers, losses, metrics or initializers of the user's own.
    """
    try:
        facts, arrays = facts_of(model, callbacks), arrays_of(model, callbacks)
        declared = {name: Declared(array.dtype, array.shape) for name, array in arrays.items()}
        check_arrays(facts, blueprint(facts), declared)
    except (TypeError, ValueError) as error:
        raise ModelFileError(f"{path}: {model.name} cannot be saved; {error}") from None
    return Content(facts, arrays)


def facts_of(model: Any, callbacks: Sequence[Any]) -> dict[str, Any]:
    """All that is no array, as JSON values."""
    optimizer, history = model.optimizer, model.history
    return {
        "kind": "model",
        **model.get_config(),
        "layers": [describe(layer, LAYERS) for layer in model.layers],
        "input_shape": list(model.input_shape),
        "dtype": model.dtype.name,
        "fast": model.fast,
        "compiled": None if optimizer is None else compiled_config(Compiled(optimizer, model.loss, model.metrics)),
        "iterations": 0 if optimizer is None else optimizer.iterations,
        "steps": model.steps,
        "stopped": model.stop_training,
        "history": None if history is None else list(history.history),
        "callbacks": [type(callback).__name__ for callback in callbacks],
    }


def arrays_of(model: Any, callbacks: Sequence[Any]) -> dict[str, Array]:
    """All arrays, by the names in the file. Raises TypeError or ValueError for what is no array of such numbers."""
    arrays = prefixed("weights", model.weights)
    if model.optimizer is not None:
        for slot in model.optimizer.slots():
            arrays |= prefixed(f"optimizer/{slot}", model.optimizer.state.get(slot, {}))
    if model.history is not None:
        arrays["epoch"] = np.array(model.history.epoch, np.int64)
        for name, values in model.history.history.items():
            arrays[f"history/{name}"] = checks.numbers("History", name, values).astype(np.float64)
    for index, callback in enumerate(callbacks):
        arrays |= prefixed(f"callbacks/{index}", callback.get_state())
    return stored(arrays)


def prefixed(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The arrays, with a prefix before their names."""
    return {f"{prefix}/{name}": array for name, array in arrays.items()}


def compiled_config(compiled: Compiled) -> dict[str, Any]:
    """How a model is trained, as JSON values."""
    for name, metric in compiled.metrics.items():
        if METRICS.get(name) is not metric:
            raise ValueError(f"metric {name}: is not the library's own, which alone a file can name")
    return {
        "optimizer": describe(compiled.optimizer, OPTIMIZER_CLASSES),
        "loss": describe(compiled.loss, LOSS_CLASSES),
        "metrics": list(compiled.metrics),
    }


# ---------------------------------------------------------------- reading


def load_weights(path: str | os.PathLike[str], params: Mapping[str, Array]) -> dict[str, Array]:
    """The weights in a file of a model or of weights. Raises ModelFileError unless they are those of `params`."""
    wanted = {f"weights/{name}": Declared(p.dtype.newbyteorder("<"), p.shape) for name, p in params.items()}
    with reading(path) as file:
        check_same_arrays(wanted, {name: file.declared[name] for name in file.declared if name.startswith("weights/")})
        arrays = file.arrays()
        return {name: arrays[f"weights/{name}"] for name in params}


def load(path: str | os.PathLike[str]) -> Saved:
    """The model in a file. Raises ModelFileError for a file that is damaged, or not such as `save` writes."""
    with reading(path) as file:
        return model_in(file)


def model_in(file: Reader) -> Saved:
    """The model in an open file. Raises TypeError or ValueError as `load` does ModelFileError."""
    plan = blueprint(file.facts)
    check_arrays(file.facts, plan, file.declared)
    arrays = file.arrays()
    owned = by_owner(arrays)
    for layer, shape in plan.layers:
        own = owned.get(f"weights/{layer.name}", {})
        state = {key: own.pop(key) for key in layer.state_shapes(shape)}
        layer.finish_build(shape, own, state)
    if plan.compiled is not None:
        optimizer = plan.compiled.optimizer
        optimizer.iterations = file.facts["iterations"]
        optimizer.state = {s: owned[f"optimizer/{s}"] for s in optimizer.slots() if f"optimizer/{s}" in owned}
    epoch = [checks.integer("file", "epoch", number, at_least=0) for number in arrays.get("epoch", ())]
    history = {name: arrays[f"history/{name}"].tolist() for name in file.facts["history"] or ()}
    callbacks = [owned.get(f"callbacks/{index}", {}) for index in range(len(file.facts["callbacks"]))]
    return Saved(file.facts, [layer for layer, _ in plan.layers], plan.compiled, epoch, history, callbacks)


def restore(path: str | os.PathLike[str], model: Any, history: Any, callbacks: Sequence[Any]) -> None:
    """Give a model, a History and callbacks what the file holds of them.

    Raises ModelFileError for a file that `load` does not take, or that holds another model or other callbacks; the
    model and the History then stay as they are.
    """
    saved = load(path)
    try:
        for fact, value in identity(facts_of(model, callbacks)).items():
            if identity(saved.facts)[fact] != value:
                raise ValueError(f"expected {fact} {value}; received {identity(saved.facts)[fact]}")
        for callback, state in zip(callbacks, saved.callbacks, strict=True):
            callback.set_state(state)
    except (ValueError, TypeError, KeyError) as error:
        raise ModelFileError(f"{path}: is of another training; {shortened(str(error))}") from None
    for layer, other in zip(model.layers, saved.layers, strict=True):
        layer.set_weights(other.get_weights())
    if saved.compiled is not None:
        vars(model.optimizer).update(saved.compiled.optimizer.get_config())
        model.optimizer.iterations = saved.compiled.optimizer.iterations
        model.optimizer.state = saved.compiled.optimizer.state
    model.seed, model.steps, model.stop_training = (saved.facts[fact] for fact in ("seed", "steps", "stopped"))
    history.epoch, history.history = saved.epoch, saved.history


def identity(facts: dict[str, Any]) -> dict[str, Any]:
    """The facts that two runs of one training share; an optimizer's settings may change in the course of it."""
    compiled = facts["compiled"] or {"optimizer": {"class_name": None}}  # it comes first, before the loss is asked for
    network = {fact: facts[fact] for fact in ("layers", "input_shape", "dtype", "callbacks")}
    return {**network, **compiled, "optimizer": compiled["optimizer"]["class_name"]}


def owner_and_key(name: str) -> tuple[str, str]:
    """("optimizer/velocity", "dense/kernel") for "optimizer/velocity/dense/kernel"."""
    kind, _, rest = name.partition("/")
    owner, _, key = rest.partition("/")
    return f"{kind}/{owner}", key


def by_owner(arrays: Mapping[str, Array]) -> dict[str, dict[str, Array]]:
    """The arrays of each layer, slot and callback, by key: {"weights/dense": {"kernel": ...}, ...}."""
    owned: dict[str, dict[str, Array]] = {}
    for name, array in arrays.items():
        owner, key = owner_and_key(name)
        owned.setdefault(owner, {})[key] = array
    return owned


class Blueprint(NamedTuple):
    """A model as the facts describe it, without any array: each layer with its input's shape."""

    layers: list[tuple[Layer, Shape]]
    compiled: Compiled | None


def blueprint(facts: Any) -> Blueprint:
    """The model that the facts describe. Raises TypeError or ValueError for facts that `save` would not write."""
    checks.keys("file", "facts", facts, FACTS)
    checks.choice("file", "kind", facts["kind"], ("model",))
    checks.name("file", facts["name"])
    checks.flag("file", "fast", facts["fast"])
    checks.flag("file", "stopped", facts["stopped"])
    checks.choice("file", "dtype", facts["dtype"], FLOAT_TYPES)
    for count in ("seed", "iterations", "steps"):
        if checks.integer("file", count, facts[count], at_least=0) > LARGEST:
            raise ValueError(f"file: {count} must be at most {LARGEST}; received {facts[count]}")
    for name in checks.sequence("file", "history", [] if facts["history"] is None else facts["history"]):
        checks.text("file", "figure", name)
    for name in checks.sequence("file", "callbacks", facts["callbacks"]):
        checks.text("file", "callback", name)
    return Blueprint(layers_with_shapes(facts), compiled_from_config(facts["compiled"]))


def layers_with_shapes(facts: dict[str, Any]) -> list[tuple[Layer, Shape]]:
    """The layers, not built, each with its input's shape. Raises TypeError or ValueError where they do not fit."""
    shape = checks.shape("file", "input_shape", facts["input_shape"])
    entries = checks.sequence("file", "layers", facts["layers"])
    if not 0 < len(entries) <= MOST_LAYERS:
        raise ValueError(f"file: layers must be 1 to {MOST_LAYERS}; received {len(entries)}")
    layers: list[tuple[Layer, Shape]] = []
    for entry in entries:
        layer = from_description("file", "layer", entry, LAYERS)
        if entry["config"] != layer.get_config():
            raise ValueError(f"{layer.name}: expected the config {layer.get_config()}; received {entry['config']}")
        layer.rename([other.name for other, _ in layers])  # raises where the name is taken
        layers.append((layer, shape))
        shape = layer.check_shape(shape)
    return layers


def compiled_from_config(config: Any) -> Compiled | None:
    """How a model is trained; None for None."""
    if config is None:
        return None
    checks.keys("file", "compiled", config, {"optimizer", "loss", "metrics"})
    names = checks.sequence("file", "metrics", config["metrics"])
    metrics = {name: checks.lookup("file", "metric", name, METRICS) for name in names}
    optimizer = from_description("file", "optimizer", config["optimizer"], OPTIMIZER_CLASSES)
    compiled = Compiled(optimizer, from_description("file", "loss", config["loss"], LOSS_CLASSES), metrics)
    if compiled_config(compiled) != config:
        raise ValueError(f"file: expected compiled {compiled_config(compiled)}; received {config}")
    return compiled


def check_arrays(facts: dict[str, Any], plan: Blueprint, declared: Mapping[str, Declared]) -> None:
    """Raise ValueError unless the arrays are those of the model, with its shapes and dtype."""
    dtype = np.dtype(facts["dtype"]).newbyteorder("<")
    params = {
        f"{layer.name}/{key}": Declared(dtype, size)
        for layer, shape in plan.layers
        for key, size in {**layer.param_shapes(shape), **layer.state_shapes(shape)}.items()
    }
    wanted = {f"weights/{name}": param for name, param in params.items()}
    if facts["history"] is not None:
        lists = {"epoch": "<i8", **{f"history/{name}": "<f8" for name in facts["history"]}}
        lengths = {name: declared[name].shape[:1] if name in declared else () for name in lists}
        wanted |= {name: Declared(np.dtype(dtype), lengths[name] or (0,)) for name, dtype in lists.items()}
    slots = () if plan.compiled is None else plan.compiled.optimizer.slots()
    memories = {f"optimizer/{slot}/{name}": param for slot in slots for name, param in params.items()}
    keepers = {f"callbacks/{index}" for index in range(len(facts["callbacks"]))}
    for name, found in declared.items():
        if name in memories:  # none of them is there before the first step
            wanted[name] = memories[name]
        elif owner_and_key(name)[0] in keepers and owner_and_key(name)[1]:  # theirs to check
            wanted[name] = found
    check_same_arrays(wanted, declared)


def check_same_arrays(wanted: Mapping[str, Declared], declared: Mapping[str, Declared]) -> None:
    """Raise ValueError unless both have the same names, and the arrays the same shapes and dtypes."""
    for name in wanted:
        if name not in declared:
            raise ValueError(f"expected the array {name}, which is missing")
    for name, found in declared.items():
        if name not in wanted:
            raise ValueError(f"holds the array {name}, which does not belong to the model")
        if found != wanted[name]:
            of = [f"{array.dtype.name} of shape {array.shape}" for array in (wanted[name], found)]
            raise ValueError(f"expected {name} as {of[0]}; received {of[1]}")
