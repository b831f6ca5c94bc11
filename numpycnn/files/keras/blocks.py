"""A Functional model of Keras as a chain of layers and blocks: where branches meet in an Add or a Concatenate.

Two branches that are added are a Residual, the shortcut being the one without layers; any others are Branches.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from numpycnn.common import checks
from numpycnn.files.branching import Node, Step, steps_of
from numpycnn.files.description import MAX_LAYERS
from numpycnn.files.keras.graph import OWN
from numpycnn.files.keras.inbound import as_layer, inputs_of, only_layer
from numpycnn.files.keras.labels import checked_label, default_label, labelled

Config = dict[str, Any]

MERGES = {"Add": "add", "Concatenate": "concatenate"}
"""By Keras's class: that of the layer, and that of the operation, as `x + y` makes it."""
OF_MERGES = {"name", "trainable", "dtype", "axis"}
"""Their arguments."""


@contextmanager
def about(name: Any) -> Iterator[None]:
    """Raise the body's TypeError and ValueError with a layer's name."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise type(error)(f"layer {checks.truncated(str(name))}: {error}") from None


def layers_of(config: Config, entries: Sequence[Config], layer: Callable[[Config], Config]) -> list[Config]:
    """The layers from a Functional model's input to its output. layer: makes the configuration of a single one.

    Raises TypeError or ValueError, with the layer's name, for what is no chain with blocks in it.
    """
    start, end = only_layer(config, "input_layers"), only_layer(config, "output_layers")
    nodes, branches = dict[str, Node[Config]](), 0
    for entry in entries:
        name = checks.text("file", "name of a layer", entry.get("name"))
        with about(name):
            check_new(name, entry, start, nodes)
            nodes[name] = node_of(as_layer(entry), nodes)
        branches += len(nodes[name].inputs)
        if branches > MAX_LAYERS:  # before anything is made of them, or a short file can name one layer very often
            raise ValueError(f"a model may have {MAX_LAYERS} layers; received more, branches among them")
    nodes.pop(start, None)
    steps = steps_of(nodes, start, end)
    unused = nodes.keys() - names_in(steps)
    if unused:
        raise ValueError(f"layer {min(unused)}: is not on the way to the output")
    return read(steps, layer)


def check_new(name: str, entry: Config, start: str, nodes: dict[str, Node[Config]]) -> None:
    """Raise ValueError for a name that a layer before has, and for more than one input."""
    if name in nodes:
        raise ValueError("a layer before has that name")
    if (name == start) != (entry["class_name"] == "InputLayer"):
        raise ValueError(f"expected one InputLayer, {checks.short_repr(start)}; received {entry['class_name']}")


def node_of(entry: Config, nodes: dict[str, Node[Config]]) -> Node[Config]:
    """A layer with what it takes. Raises TypeError or ValueError unless those are layers before it."""
    inputs, kind = inputs_of(entry), entry["class_name"]
    missing = [one for one in inputs if one not in nodes]
    if missing:
        raise ValueError(f"takes {checks.short_repr(missing[0])}, which is no layer before it")
    if not inputs and kind != "InputLayer":
        raise ValueError("takes nothing")
    if len(inputs) > 1 and kind not in MERGES:
        raise ValueError(f"takes {len(inputs)} layers, which of Add and Concatenate alone is read; received {kind}")
    return Node(entry, inputs)


def names_in(steps: Sequence[Step[Config]]) -> set[str]:
    """The names of the layers of steps, and of those in their branches."""
    own = {step.node["name"] for step in steps}
    return own.union(*(names_in(branch) for step in steps for branch in step.branches))


# ---------------------------------------------------------------- configurations


def read(steps: Sequence[Step[Config]], layer: Callable[[Config], Config]) -> list[Config]:
    """The configurations of the layers and blocks of these steps."""
    found: list[Config] = []
    for step in steps:
        name, own = step.node["name"], step.node.get(OWN)
        if step.node["class_name"] in MERGES:
            branches = [read(branch, layer) for branch in step.branches]
            with about(name):
                label = None if own is None else checked_label(own)
                found.append(block(step.node, label, branches or [last(found, label)]))
        else:
            one = layer(step.node)
            found.append(one if own is None else {**one, "config": {**one["config"], "name": own}})
    return found


def last(layers: list[Config], label: Config | None) -> list[Config]:
    """The layers of a block's only branch, which it takes back: as many as its label says, or none."""
    count = 0 if label is None else sum(branch["config"]["layers"] for branch in label["config"]["layers"])
    start = max(len(layers) - count, 0)
    own = layers[start:]
    del layers[start:]
    return own


def block(entry: Config, label: Config | None, branches: list[list[Config]]) -> Config:
    """The block whose branches a layer merges. Raises TypeError or ValueError for what is no block's."""
    config = checks.by_name("file", "config", entry["config"])
    for key, value in config.items():
        if key not in OF_MERGES and value is not None:
            raise ValueError(f"has no {key}, which is {checks.short_repr(value)}")
    merge: Config = {"merge": MERGES[entry["class_name"]]}
    if merge["merge"] == "concatenate":
        merge["axis"] = checks.integer("file", "axis", config.get("axis"), at_least=None)
    if label is None:
        label = default_label(entry["name"], merge["merge"], len(branches))
        if label["class_name"] == "Residual":
            branches = sorted(branches, key=lambda layers: not layers)  # the one without layers comes last
    return labelled(label, merge, branches)
