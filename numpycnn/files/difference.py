"""The differences between a saved training and the model that is to resume it, as sentences."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from numpycnn.common import checks

Facts = dict[str, Any]
"""A model's description, as `description.py` makes it."""


def differences(file: Facts, model: Facts) -> Iterator[str]:
    """The differences, a sentence each. Optimizer settings may differ, because they may change during training."""
    yield from layer_differences("", file["config"]["layers"], model["config"]["layers"])
    yield from setting_differences("the network", only("dtype", file["config"]), only("dtype", model["config"]))
    yield from compile_differences(file["compile_config"], model["compile_config"])
    yield from setting_differences("fit", only("callbacks", file), only("callbacks", model))


def layer_differences(prefix: str, file: list[Facts], model: list[Facts]) -> Iterator[str]:
    """The differences between two lists of layers. prefix: the path of their parent, such as "block/"."""
    for number, (theirs, ours) in enumerate(zip(file, model, strict=False), start=1):
        path = f"{prefix}{ours['config']['name']}"
        if titled(theirs) != titled(ours):
            yield f"layer {prefix}{number} is {titled(theirs)} in the file, but {titled(ours)} in this model"
        yield from layer_differences(f"{path}/", theirs["config"].get("layers", []), ours["config"].get("layers", []))
        yield from setting_differences(f"layer {path}", compared(theirs["config"]), compared(ours["config"]))
    if len(file) != len(model):
        inside = f"layer {prefix.removesuffix('/')}" if prefix else "the network"
        yield f"{inside} has {len(file)} layers in the file, but {len(model)} in this model"


def compared(config: Facts) -> Facts:
    """The settings of a layer that have to agree; those of a chain that training does not ask for are left out."""
    return {key: value for key, value in config.items() if key not in ("layers", "seed", "fast")}


def titled(layer: Facts) -> str:
    """A layer's name and class."""
    return f"{layer['config']['name']} ({layer['class_name']})"


def compile_differences(file: Facts | None, model: Facts | None) -> Iterator[str]:
    """The differences between two compile configurations; None is that of a model that is not compiled."""
    if file is None or model is None:
        if file is not model:
            compiled = "is not compiled" if file is None else "is compiled"
            yield f"the model in the file {compiled}, but this one {'is not' if model is None else 'is'}"
        return
    for part in ("optimizer", "loss"):
        theirs, ours = file[part]["class_name"], model[part]["class_name"]
        if theirs != ours:
            yield f"the {part} is {theirs} in the file, but {ours} in this model"
    yield from setting_differences("the loss", file["loss"]["config"], model["loss"]["config"])
    yield from setting_differences("compile", only("metrics", file), only("metrics", model))


def setting_differences(owner: str, file: Facts, model: Facts) -> Iterator[str]:
    """The settings that differ."""
    for key in model:
        if file.get(key) != model[key]:
            theirs, ours = checks.short_repr(file.get(key)), checks.short_repr(model[key])
            yield f"{owner} has {key} {theirs} in the file, but {ours} in this model"


def json_differences(path: str, one: Any, other: Any) -> Iterator[tuple[str, Any, Any]]:
    """The paths where two JSON values differ, such as "config/name", with the two values; None if missing."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one | other:
            yield from json_differences(f"{path}/{key}".removeprefix("/"), one.get(key), other.get(key))
    elif isinstance(one, list) and isinstance(other, list):
        for index, (a, b) in enumerate(zip_longest(one, other)):
            yield from json_differences(f"{path}/{index}", a, b)
    elif one != other:
        yield path, one, other


def only(key: str, facts: Facts) -> Facts:
    """The facts reduced to one key."""
    return {key: facts[key]}
