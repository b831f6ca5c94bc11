"""What a layer of a Functional model takes, as "inbound_nodes" has it: an entry for each call of the layer.

    [{"args": [tensor], "kwargs": {}}]                  Keras 3; of what merges, [[tensor, tensor]] or [tensor, tensor]
    [[["conv2d", 0, 0, {}], ["dense", 0, 0, {}]]]       Keras 1 and 2
    [["conv2d", 0, 0, {"y": ["dense", 0, 0]}]]          tf.keras 2, of an operation such as x + y

where a tensor's configuration has "keras_history": ["conv2d", 0, 0], a layer's name, its call and its output.
"""

from collections.abc import Collection, Iterator
from typing import Any

from numpycnn.common import checks

Config = dict[str, Any]

WITHOUT_EFFECT = ("training",)
"""Options that `fit` and `predict` of Keras 3 set themselves: it writes one that a layer has by default, too."""


OPERATION = "TFOpLambda"
"""The class of tf.keras 2 for an operation."""
ADDITIONS = ("__operators__.add", "math.add")
"""The functions of operations that are Add."""


def as_layer(entry: Config) -> Config:
    """A layer's entry; of tf.keras 2's additions that of Add. Raises TypeError or ValueError for other operations."""
    if entry["class_name"] != OPERATION:
        return entry
    function = checks.by_name("file", "config", entry.get("config")).get("function")
    if function not in ADDITIONS:
        raise ValueError(f"the operation {checks.short_repr(function)} is not read; of those, x + y is")
    call = checks.sequence("file", "inbound_nodes", entry.get("inbound_nodes"), length=1)[0]
    options = call[3] if isinstance(call, list) and len(call) == 4 and isinstance(call[3], dict) else {}
    both = [call[:3], options.get("y")] if options else [call]
    return {**entry, "class_name": "Add", "config": {}, "inbound_nodes": [both]}


def inputs_of(entry: Config) -> list[str]:
    """The names of the layers that an entry's layer takes.

    Raises TypeError or ValueError for a layer that is called several times, or with more than outputs of layers.
    """
    calls = checks.sequence("file", "inbound_nodes", entry.get("inbound_nodes"))
    if len(calls) > 1:
        raise ValueError(f"is shared: it is called {len(calls)} times")
    for call in calls:
        if isinstance(call, dict):
            check_options(call.get("kwargs", {}), WITHOUT_EFFECT)
            return list(histories(call.get("args")))
        return [before(one) for one in checks.sequence("file", "inbound_nodes", call)]
    return []


def histories(value: Any) -> Iterator[str]:
    """The layers in the arguments of Keras 3's call."""
    if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
        yield before(checks.by_name("tensor", "config", value.get("config")).get("keras_history"))
    elif isinstance(value, dict) and value.get("class_name") == "__tuple__":
        yield from histories(value.get("items"))
    elif isinstance(value, list):
        for one in value:
            yield from histories(one)
    else:
        raise ValueError(f"takes {checks.short_repr(value)}, which is no layer's output")


def before(history: Any) -> str:
    """The layer in [name, call, output], after which Keras 2 has options. Raises ValueError for anything else."""
    found = history if isinstance(history, list) else []
    if not 3 <= len(found) <= 4 or not isinstance(found[0], str) or found[2] != 0:
        raise ValueError(f"expected a layer's name, its call and its output, 0; received {checks.short_repr(history)}")
    check_options(found[3] if len(found) == 4 else {})
    return found[0]


def check_options(options: Any, without_effect: Collection[str] = ()) -> None:
    """Raise ValueError for an option with which a layer is called, such as training=True in Keras 2."""
    for key, value in checks.by_name("file", "arguments of a call", options).items():
        if value is not None and key not in without_effect:
            raise ValueError(f"is called with {key}={checks.short_repr(value)}, which has no place in a Sequential")


def only_layer(config: Config, key: str) -> str:
    """The layer in "input_layers" or "output_layers". Raises ValueError for several, or none."""
    value = config.get(key)
    one = value[0] if isinstance(value, list) and len(value) == 1 else value
    try:
        return before(one)
    except ValueError:
        raise ValueError(f"{key}: expected one layer; received {checks.short_repr(value)}") from None
