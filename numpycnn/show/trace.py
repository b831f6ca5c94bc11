"""Every number between a model's input and its loss, and back: what `Sequential.trace` returns.

The layers are called one by one, as `layers/` reads, in the model's own dtype and without the fast path. Nothing is
learnt, and nothing of the model changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from numpycnn.common.typing import Array
from numpycnn.engine.training import Place, objective
from numpycnn.layers import Layer
from numpycnn.layers.base import Cache
from numpycnn.losses import Loss


@dataclass
class LayerTrace:
    """What went into a layer, what it kept and what came out; with targets, the gradients of the loss as well."""

    name: str
    kind: str
    """The layer's class."""
    input: Array
    """(N, *input_shape)."""
    output: Array
    """(N, *output_shape)."""
    inside: dict[str, Array]
    """What the layer computed on the way, by name: see its `inside`."""
    parameters: dict[str, Array]
    """Copies of the parameters, by name."""
    output_gradient: Array | None = None
    """dL/d output; the shape of the output."""
    input_gradient: Array | None = None
    """dL/d input; the shape of the input."""
    inside_gradients: dict[str, Array] = field(default_factory=dict)
    """dL/d what is inside, by the same names: see the layer's `inside_gradients`."""
    parameter_gradients: dict[str, Array] = field(default_factory=dict)
    """dL/d parameters, by name and in their shapes."""


@dataclass
class Trace:
    """A batch on its way through a model: `trace["conv2d"].output`. Gradients are of the mean loss of the batch."""

    layers: dict[str, LayerTrace]
    """By name, in their order."""
    output: Array
    """The model's: (N, *output_shape)."""
    losses: Array | None = None
    """Each example's loss, (N,)."""
    loss: float | None = None
    """Their mean."""
    targets: Array | None = None
    """The targets as the loss takes them, in the shape of the output: labels are one-hot."""

    @property
    def last(self) -> LayerTrace:
        """The last layer's."""
        return list(self.layers.values())[-1]

    def __getitem__(self, name: str) -> LayerTrace:
        return self.layers[name]


def trace_forward(layers: Sequence[Layer], x: Array, place: Place, *, training: bool) -> tuple[Trace, list[Cache]]:
    """x, (N, *input_shape), through all layers: everything on the way, and the caches."""
    traces: dict[str, LayerTrace] = {}
    caches = []
    for index, layer in enumerate(layers):
        y, cache = layer.forward(x, training=training, rng=place.rng(0, index))
        parameters = {key: param.copy() for key, param in layer.params.items()}
        traces[layer.name] = LayerTrace(layer.name, type(layer).__name__, x, y, layer.inside(x, cache), parameters)
        caches.append(cache)
        x = y
    return Trace(traces, x), caches


def trace_backward(trace: Trace, caches: Sequence[Cache], layers: Sequence[Layer], y: Array, loss: Loss) -> None:
    """The loss for the targets y and all its gradients, back through the layers, put into the trace.

    Where training moves the last softmax into the loss (`training.objective`), the gradient p - y is that of the
    scores before it; the last output's own gradient is that of the loss of probabilities.
    """
    output = trace.output
    goal = objective(layers, loss, output.dtype, fast=False)
    merged, scores = goal.activation == "softmax", output
    if merged:
        last = layers[-1].without_activation()
        scores, cache = last.forward(trace.last.input)
        layers, caches = [*layers[:-1], last], [*caches[:-1], cache]
    trace.targets = goal.loss.targets(y, scores.shape[1:]).astype(output.dtype)
    trace.losses = goal.loss.value(trace.targets, scores)
    trace.loss = float(trace.losses.mean())
    dy = goal.loss.gradient(trace.targets, scores) / len(scores)
    for layer, cache, found in zip(reversed(layers), reversed(caches), reversed(trace.layers.values()), strict=True):
        found.output_gradient, found.inside_gradients = dy, layer.inside_gradients(dy, cache)
        dy, found.parameter_gradients = layer.backward(dy, cache)
        found.input_gradient = dy
    if merged:
        trace.last.output_gradient = loss.gradient(trace.targets, output) / len(output)
