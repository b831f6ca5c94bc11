"""Keras's configuration, of any version, as this library's.

Both are nested {"class_name": ..., "config": ...}, and the arguments are mostly the same. Here the rest is done: names
of Keras 1 and 2 (`common/old_names.py`), what is said beside the arguments (the module, the dtype, the shape that a
layer was built for), and options that this library does not have, which must be off. Classes are looked up in closed
tables, and whatever is not in them is refused by name.
"""

from collections.abc import Iterator, Mapping
from inspect import signature
from typing import Any, NamedTuple

from numpycnn import constraints, initializers, losses, metrics, optimizers, regularizers
from numpycnn.common import checks
from numpycnn.common.configuration import FUNCTION, OWN
from numpycnn.common.old_names import ARGUMENTS
from numpycnn.common.older import VALUES
from numpycnn.common.unknown import hint
from numpycnn.files.keras.blocks import about, layers_of
from numpycnn.layers import LAYERS, BatchNormalization
from numpycnn.optimizers.schedules import SCHEDULES

Config = dict[str, Any]

MODELS = ("Sequential", "Functional", "Model")
OLDER_CLASSES = {
    "AtrousConvolution2D": "Conv2D",
    "Convolution2D": "Conv2D",
    "Deconvolution2D": "Conv2DTranspose",
    "L1L2Regularizer": "L1L2",
    "SeparableConvolution2D": "SeparableConv2D",
    "WeightRegularizer": "L1L2",
}
PARTS: dict[str, type[Any]] = {
    **initializers.CLASSES,
    **regularizers.CLASSES,
    **constraints.CLASSES,
    **SCHEDULES,
}
"""The classes of what stands inside of a layer's or an optimizer's configuration."""
WITHOUT_EFFECT = {
    *("dtype", "seed", "synchronized", "renorm_clipping", "renorm_momentum", "input_dtype", "is_legacy_optimizer"),
    *("jit_compile", "autocast", "force_generator", "fused"),
}
"""Arguments of Keras's that say how it computes, or belong to an option that is off."""
OLDER_ARGUMENTS = {"m": "max_value", "initial_decay": "decay"}
FLOATS = ("float32", "float64")


class Read(NamedTuple):
    """A network's configuration, and the shape of an example."""

    config: Config
    shape: list[int]


# ---------------------------------------------------------------- networks


def network(config: Any, version: int) -> Read:
    """A Sequential's, or that of a Functional model that is a chain with blocks in it.

    Raises TypeError or ValueError for another.

    version: that of Keras, 1, 2 or 3.
    """
    if isinstance(config, dict) and config.get("class_name") not in MODELS:
        raise ValueError(f"expected a Sequential model; received {checks.short_repr(config.get('class_name'))}")
    whole = described("model", config)
    own: Any = whole["config"]
    own = checks.by_name(
        "model", "config", {"layers": own} if isinstance(own, list) else own
    )  # Keras 2.2.2's is a list
    entries = [described("layers", entry) for entry in checks.sequence("file", "layers", own.get("layers"))]
    layers = [entry for entry in entries if entry["class_name"] != "InputLayer"]
    dtypes = dict.fromkeys(dtype_of(entry) for entry in layers if dtype_of(entry))
    if len(dtypes) > 1 or not set(dtypes) <= set(FLOATS):
        raise ValueError(f"expected layers of one dtype, float32 or float64; received {', '.join(map(str, dtypes))}")
    found = {
        "name": name_of(own, "sequential"),
        "seed": None,
        "fast": True,
        "dtype": next(iter(dtypes), None),
        "layers": layers_in(whole, entries, version),
    }
    inputs = [entry for entry in entries if entry["class_name"] == "InputLayer"]
    return Read(found, input_shape([own, *[entry["config"] for entry in (*inputs, *entries[:1])], config]))


def layers_in(whole: Config, entries: list[Config], version: int) -> list[Config]:
    """The configurations of a model's layers, but of its inputs."""
    if whole["class_name"] == "Sequential":
        return [layer(entry, version) for entry in entries if entry["class_name"] != "InputLayer"]
    for entry in entries:
        with about(entry.get("name")):
            check_module(entry)
    return layers_of(whole["config"], entries, lambda entry: layer(entry, version))


def layer(entry: Config, version: int) -> Config:
    """A layer's configuration as this library's. Raises TypeError or ValueError, with the layer's name."""
    name = name_of(entry["config"], entry["class_name"])
    try:
        if entry["class_name"] in MODELS:
            return {"class_name": "Sequential", "config": network(entry, version).config}
        check_module(entry)
        cls = class_named("layers", entry["class_name"], LAYERS)
        arguments = todays_arguments(cls, without_shapes(entry["config"]))
        if cls is BatchNormalization and isinstance(arguments.get("axis"), list):  # of one, in tf.keras
            (arguments["axis"],) = checks.sequence("file", "axis", arguments["axis"], length=1)
        if version < 3 and "hard_sigmoid" in arguments.values():
            raise ValueError("hard_sigmoid was another function before Keras 3")
        return {"class_name": cls.__name__, "config": arguments}
    except (TypeError, ValueError) as error:
        raise type(error)(f"layer {name}: {error}") from None


def without_shapes(config: Config) -> Config:
    """A layer's arguments without those that say what the model was built for. Raises TypeError for no dict."""
    checks.by_name("layer", "config", config)
    shapes = {"batch_input_shape", "batch_shape", "input_shape", "build_input_shape"}
    others = {key: value for key, value in config.items() if key not in shapes}
    if "input_dim" in config and config.keys() & {"units", "output_dim"}:
        del others["input_dim"]
    return others


def input_shape(configs: list[Any]) -> list[int]:
    """The shape of an example, from the first of these that has it. Raises ValueError if none has."""
    for config in configs:
        for key in ("batch_input_shape", "batch_shape", "build_input_shape"):
            if isinstance(config, dict) and isinstance(plain(config.get(key)), list):
                return plain(config[key])[1:]
        if isinstance(config, dict) and isinstance(config.get("build_config"), dict):
            return input_shape([{"batch_shape": config["build_config"].get("input_shape")}])
        if isinstance(config, dict) and isinstance(config.get("input_dim"), int):
            return [config["input_dim"]]
    return []


# ---------------------------------------------------------------- compile


def compiled(config: Any) -> Config | None:
    """What `compile` was given, as `description.py` has it; None if it was not called."""
    if not isinstance(config, dict) or not (config.get("optimizer") or config.get("optimizer_config")):
        return None
    try:
        return compile_arguments(config)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{error}; load_model(..., compile=False) leaves out what compile was given") from None


def compile_arguments(config: Config) -> Config:
    """The arguments of `compile`. Raises TypeError or ValueError for what the library does not have."""
    return {
        "optimizer": optimizer(config.get("optimizer") or config["optimizer_config"]),
        "loss": loss(config.get("loss")),
        "metrics": [metric(one) for one in each(config.get("metrics"))],
        "weighted_metrics": [metric(one) for one in each(config.get("weighted_metrics"))],
        "excluded": {"var_list": [], "var_names": []},
    }


def optimizer(value: Any) -> Config:
    """An optimizer's configuration."""
    entry = {"class_name": value, "config": {}} if isinstance(value, str) else described("optimizer", value)
    name = str(entry["class_name"]).removeprefix("Custom>")  # as tf.keras calls its own
    cls = class_named("optimizers", name, {**optimizers.CLASSES, **optimizers.OPTIMIZERS})
    arguments = todays_arguments(cls, entry["config"])
    decay = arguments.pop("decay", None)
    if decay:
        rate = {"initial_learning_rate": arguments.get("learning_rate", 0.01), "decay": decay}
        arguments["learning_rate"] = {"class_name": "TimeDecay", "config": rate}
    return {"class_name": cls.__name__, "config": arguments}


def loss(value: Any) -> Config:
    """A loss by its name or configuration, as {"class_name", "config"}. Raises ValueError for several."""
    values = list(each(value))
    if len(values) != 1:
        raise ValueError(f"expected one loss; received {checks.short_repr(value)}")
    found = values[0]
    if isinstance(found, str):
        return {"class_name": type(losses.get(found)).__name__, "config": {}}
    entry = described("loss", found)
    if entry["class_name"] == "function":
        return loss(entry["config"])
    cls = class_named("losses", entry["class_name"], losses.CLASSES)
    settings = checks.by_name("loss", "config", entry["config"])
    arguments = todays_arguments(cls, {key: value for key, value in settings.items() if key != "fn"})
    if arguments.get("reduction") == "auto":  # of Keras 2
        del arguments["reduction"]
    return {"class_name": cls.__name__, "config": arguments}


def metric(value: Any) -> str | Config:
    """A metric's name or configuration."""
    if isinstance(value, str):
        return value
    entry = described("metrics", value)
    if entry["class_name"] == FUNCTION and isinstance(entry["config"], str):
        name = entry["config"]
        known = name in metrics.METRICS and hasattr(metrics, name)  # as a function
        return name if known and name not in OWN.get({}) else {"class_name": FUNCTION, "config": name}
    checks.by_name("metrics", "config", entry["config"])
    if entry["class_name"] == "MeanMetricWrapper" and isinstance(entry["config"].get("fn"), (str, dict)):
        return "accuracy" if entry["config"].get("name") == "accuracy" else metric(entry["config"]["fn"])
    cls = class_named("metrics", entry["class_name"], {**metrics.CLASSES, **OWN.get({})})
    return {"class_name": cls.__name__, "config": todays_arguments(cls, entry["config"])}


def each(values: Any) -> Iterator[Any]:
    """The single things in nested lists, and in a dict by the outputs' names; None is nothing."""
    if isinstance(values, dict) and "class_name" not in values:
        values = list(values.values())
    if isinstance(values, list):
        for value in values:
            yield from each(value)
    elif values is not None:
        yield values


# ---------------------------------------------------------------- objects and arguments


def described(owner: str, value: Any) -> Config:
    """A dict that has a class_name and a config. Raises TypeError or ValueError for anything else."""
    if not isinstance(value, dict) or not isinstance(value.get("class_name"), str) or "config" not in value:
        raise ValueError(f"{owner}: expected a class_name and a config; received {checks.short_repr(value)}")
    return value


def check_module(entry: Config) -> None:
    """Raise ValueError for a class that is not Keras's own, even if its name is."""
    module = entry.get("module") or "keras"
    if not isinstance(module, str) or module.partition(".")[0] not in ("keras", "tf_keras", "builtins"):
        raise ValueError(
            f"{checks.short_repr(entry['class_name'])} is a class of one's own, of {checks.short_repr(module)}"
        )


def class_named(kind: str, name: str, table: Mapping[str, type[Any]]) -> type[Any]:
    """The class of that name. Raises ValueError if the library does not have it."""
    own = OWN.get({}).get(name)
    if isinstance(own, type) and own not in table.values():
        raise ValueError(f"{name} is a class of the program's own; save to .safetensors, which has it by its name")
    name = OLDER_CLASSES.get(name, name)
    if name not in table:
        reason = hint(kind, name, list(table))
        raise ValueError(f"{checks.short_repr(name)} is not among the library's {kind}" + f"; {reason}" * bool(reason))
    return table[name]


def todays_arguments(cls: type[Any], config: Any) -> Config:
    """The arguments by today's names. Raises ValueError for an option that is on and that the class does not have."""
    checks.by_name(cls.__name__, "config", config)
    taken, found = signature(cls).parameters, {}
    for key, value in config.items():
        today = todays_name(key, taken, config)
        if today:
            translate = VALUES.get(key) if today != key else None
            found[today] = translate(value, config) if translate else plain(value)
        elif value not in (None, False) and key not in WITHOUT_EFFECT and not is_off(key, value):
            raise ValueError(f"{cls.__name__} has no {key}, which is {checks.short_repr(value)}")
    return found


def todays_name(key: str, taken: Mapping[str, Any], config: Config) -> str | None:
    """Today's name of an argument; None if there is none."""
    if key in taken:
        return key
    candidates = [OLDER_ARGUMENTS.get(key, ""), *ARGUMENTS.get(key, "").split()]
    return next((one for one in candidates if one in taken and one not in config), None)


def is_off(key: str, value: Any) -> bool:
    """Whether an option of older Keras is at its default."""
    return (key, value) in (("mode", 0), ("decay", 0), ("axis", -1), ("name", "L1L2Regularizer"))


def plain(value: Any) -> Any:
    """A value inside of a configuration: objects are reduced to class_name and config, at any depth."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    if "class_name" not in value and value.get("name") in OLDER_CLASSES | PARTS.keys():  # of Keras 1
        value = {"class_name": value["name"], "config": {key: one for key, one in value.items() if key != "name"}}
    if value.get("class_name") == "__tuple__":
        return [plain(one) for one in checks.sequence("file", "items", value.get("items"))]
    if value.get("class_name") == "__numpy__":
        return plain(described("array", value)["config"].get("value"))
    entry = described("file", value)
    if entry["class_name"] == FUNCTION:  # of the program's own
        return {"class_name": FUNCTION, "config": entry["config"]}
    check_module(entry)
    cls = class_named("", entry["class_name"], PARTS)
    return {"class_name": cls.__name__, "config": todays_arguments(cls, entry["config"])}


def name_of(config: Any, default: str) -> str:
    """The name in a configuration."""
    name = config.get("name") if isinstance(config, dict) else None
    return name if isinstance(name, str) else default


def dtype_of(entry: Config) -> Any:
    """The dtype of a layer: in Keras 3 the name of its policy."""
    dtype = entry["config"].get("dtype") if isinstance(entry["config"], dict) else None
    config = dtype.get("config") if isinstance(dtype, dict) else None
    return config.get("name") if isinstance(config, dict) else dtype if isinstance(dtype, str) else None
