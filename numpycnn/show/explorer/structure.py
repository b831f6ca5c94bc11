"""How a network's layers are put together, for the page: chains, and branches whose outputs a layer merges."""

from collections.abc import Iterator
from typing import Any

from numpycnn.layers import Branches, Layer, Residual
from numpycnn.layers.chain import Chain
from numpycnn.layers.container import ROOT, Container
from numpycnn.layers.stage import Path

Structure = Any
"""A layer's number; for a chain a list of structures; {"branches": [structures], "layer": number} where one merges."""


def is_understood(layer: Layer) -> bool:
    """Whether every container in it is one of the library's: a chain, or one whose branches are merged."""
    if not isinstance(layer, Container):
        return True
    return (isinstance(layer, Chain) or type(layer) in (Branches, Residual)) and all(map(is_understood, layer.layers))


def in_order(container: Container, path: Path = ROOT) -> Iterator[tuple[Path, Layer]]:
    """Every layer with its path as `leaves` has them, and after its branches each layer that merges them."""
    for index, layer in enumerate(container.layers):
        inside = path.inside(layer.name, index)
        if isinstance(layer, Container):
            yield from in_order(layer, inside)
        if not isinstance(layer, Chain):
            yield inside, layer


def structure(layer: Layer, numbers: Iterator[int]) -> Structure:
    """The structure of an understood layer, its layers numbered in the order of `in_order`."""
    if isinstance(layer, Chain):
        return [structure(one, numbers) for one in layer.layers]
    if isinstance(layer, Branches):
        branches = [structure(one, numbers) for one in layer.layers]
        return {"branches": branches, "layer": next(numbers)}
    return next(numbers)
