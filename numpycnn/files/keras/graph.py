"""A model's layers as Keras has them: by names that are unique, and in its order.

Keras's Sequential has no blocks. A chain that has any is a Functional model there, a graph in which the layers of all
branches stand beside each other, with Add or Concatenate where they meet:

    Residual([Conv2D], name="block")        conv2d takes x, and block, an Add, takes conv2d and x

Keras keeps the layers of such a model by their depth, the most steps that are left to the output, and those of one
depth in the order in which a search from the output meets them: with blocks alone, the order of their branches. So
they are numbered in its files, and so it takes the optimizer's arrays. Source: map_graph in Keras's ops/function.py.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from numpycnn.layers import Branches, Layer, Residual
from numpycnn.layers.chain import Chain
from numpycnn.layers.container import Container

OWN = "numpycnn"
"""The key, or the attribute, under which what Keras has no place for stands."""
INPUT = "input_layer"
"""Keras's name for the layer that the input is."""

Path = tuple[str, ...]


class Node(NamedTuple):
    """A layer of a chain or of its blocks' branches; of a block itself, which comes last, what merges them."""

    name: str
    """Keras's, which no other has."""
    path: str
    """The layer's in the chain, such as "block/main/conv2d"."""
    layer: Layer
    inputs: list[str]
    """The names of the nodes that it takes, INPUT for what the chain takes."""


class Found(NamedTuple):
    """A node before it has a name. inputs: the places of others in the list, -1 for what the chain takes."""

    path: Path
    layer: Layer
    inputs: list[int]


def has_blocks(chain: Container) -> bool:
    """Whether branches stand in the chain, and not only in chains inside of it."""
    return any(isinstance(layer, Branches) for layer in chain.layers)


def class_name(layer: Layer) -> str:
    """The layer's class in Keras, for a block that of what merges its branches.

    Raises ValueError for a container of the program's own, for which Keras has none.
    """
    if isinstance(layer, Chain):
        return "Functional" if has_blocks(layer) else "Sequential"
    if isinstance(layer, Branches) and type(layer) in (Branches, Residual):
        return "Concatenate" if layer.merge == "concatenate" else "Add"
    if isinstance(layer, Container):
        raise ValueError(f"{layer.name}: Keras has no {type(layer).__name__}; save to .safetensors, which keeps it")
    return type(layer).__name__


def nodes_of(chain: Container) -> list[Node]:
    """The chain's layers in Keras's order."""
    found: list[Found] = []
    add_chain(found, chain, (), -1)
    names = [*names_of([one.path for one in found], {INPUT} if has_blocks(chain) else set()), INPUT]
    nodes = [
        Node(name, "/".join(path), layer, [names[place] for place in inputs])
        for name, (path, layer, inputs) in zip(names, found, strict=False)
    ]
    return [nodes[place] for place in keras_order([one.inputs for one in found])]


def add_chain(found: list[Found], chain: Container, path: Path, x: int) -> int:
    """Append the nodes of a chain that takes the node at x; returns the place of the one that gives its output."""
    for layer in chain.layers:
        own, inputs = (*path, layer.name), [x]
        if isinstance(layer, Branches):
            inputs = [add_chain(found, branch, (*own, branch.name), x) for branch in layer.layers]  # type: ignore[arg-type]
        found.append(Found(own, layer, inputs))
        x = len(found) - 1
    return x


def names_of(paths: Sequence[Path], taken: set[str]) -> list[str]:
    """A name for each path, not among `taken`: the layer's own; in a block, where others have that too, its path."""
    counts = Counter(path[-1] for path in paths)
    own = [path[-1] not in taken and (len(path) == 1 or counts[path[-1]] == 1) for path in paths]
    taken = taken | {path[-1] for path, free in zip(paths, own, strict=True) if free}
    names: list[str] = []
    for path, free in zip(paths, own, strict=True):
        name, count = path[-1] if free else "_".join(path), 0
        while not free and name in taken:
            count += 1
            name = f"{'_'.join(path)}_{count}"
        taken.add(name)
        names.append(name)
    return names


def keras_order(inputs: Sequence[Sequence[int]]) -> list[int]:
    """The places of nodes in Keras's order; inputs: the places of those that each takes, all before its own."""
    depths = [0] * len(inputs)
    for place in reversed(range(len(inputs))):
        for taken in inputs[place]:
            if taken >= 0:
                depths[taken] = max(depths[taken], depths[place] + 1)
    return sorted(range(len(inputs)), key=lambda place: -depths[place])
