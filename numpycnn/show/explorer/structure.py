"""How a network's layers are put together, for the page: chains, and branches whose outputs a layer merges.

The trace has the layers inside; here the layers that merge are added, whose arrays follow from those.
"""

from collections.abc import Iterator
from typing import Any

from numpycnn.common.typing import Array
from numpycnn.layers import Branches, Layer, Residual
from numpycnn.layers.chain import Chain
from numpycnn.layers.container import ROOT, Container
from numpycnn.layers.stage import Path
from numpycnn.show.trace import LayerTrace, Trace

Structure = Any
"""A layer's number; for a chain a list of structures; {"branches": [structures], "layer": number} where one merges."""
Traces = dict[str, LayerTrace]


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


def all_traces(model: Chain, trace: Trace) -> Traces:
    """The traces of all layers of an understood model, by path, in the order of `in_order`."""
    found: Traces = {}
    first = next(iter(trace.layers.values()))
    trace_forward(model, ROOT, first.input, trace, found)
    if trace.output_gradient is not None:
        trace_backward(model, ROOT, trace.output_gradient, found)
    return found


def children(layer: Container, path: Path) -> list[tuple[Layer, Path]]:
    """The layers inside, with their paths."""
    return [(one, path.inside(one.name, index)) for index, one in enumerate(layer.layers)]


def trace_forward(layer: Layer, path: Path, x: Array, trace: Trace, found: Traces) -> Array:
    """The layer's output for x, as traced; adds the traces of what is inside, and its own."""
    if isinstance(layer, Chain):
        for one, inside in children(layer, path):
            x = trace_forward(one, inside, x, trace, found)
        return x
    name = str(path)
    if isinstance(layer, Branches):
        outputs = [trace_forward(one, inside, x, trace, found) for one, inside in children(layer, path)]
        found[name] = LayerTrace(name, type(layer).__name__, x, layer.merged(outputs), {}, {})
    else:
        found[name] = trace[name]
    return found[name].output


def trace_backward(layer: Layer, path: Path, dy: Array, found: Traces) -> Array:
    """The gradient of the layer's input, as traced; adds the gradients of the layers that merge."""
    if isinstance(layer, Chain):
        for one, inside in reversed(children(layer, path)):
            dy = trace_backward(one, inside, dy, found)
        return dy
    own = found[str(path)]
    if isinstance(layer, Branches):
        parts = zip(children(layer, path), layer.divided(dy), strict=True)
        first, *rest = [trace_backward(one, inside, part, found) for (one, inside), part in parts]
        own.output_gradient, own.input_gradient = dy, sum(rest, start=first)
    return dy if own.input_gradient is None else own.input_gradient
