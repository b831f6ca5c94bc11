"""All intermediate values of a forward and backward pass: what `Sequential.trace` returns.

The network is that of training, layer by layer, in the model's dtype and without the fast path; each layer records its
inputs, outputs and gradients. The model does not change.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from numpycnn.activations import linear
from numpycnn.common import checks
from numpycnn.common.typing import Array, Rng
from numpycnn.engine.split import undivided
from numpycnn.engine.training import Position, make_objective, micro_batches, min_examples
from numpycnn.layers import Layer
from numpycnn.layers.chain import Chain
from numpycnn.layers.container import ROOT, Container
from numpycnn.layers.penalties import penalized, weight_penalties, weight_penalty_gradients
from numpycnn.layers.stage import Cache, Gradients, Path, Stage, Wrapper
from numpycnn.losses import Loss


@dataclass(repr=False)
class LayerTrace:
    """A layer's input, intermediate values and output; with targets, also the gradients of the loss."""

    name: str
    """The path: "block/conv2d" for a layer in a nested chain."""
    kind: str
    """The layer's class."""
    input: Array
    """(N, *input_shape)."""
    output: Array
    """(N, *output_shape)."""
    inside: dict[str, Array]
    """Intermediate values by name: see the layer's `inside`."""
    parameters: dict[str, Array]
    """Copies of the parameters and of the state, by name; those of layers inside are in their own traces."""
    output_gradient: Array | None = None
    """dL/d output, in its shape."""
    input_gradient: Array | None = None
    """dL/d input, in its shape."""
    inside_gradients: dict[str, Array] = field(default_factory=dict)
    """dL/d intermediate values, by the same names: see the layer's `inside_gradients`."""
    parameter_gradients: dict[str, Array] = field(default_factory=dict)
    """dL/d parameters, by name and in their shapes, without the penalties of the weights themselves."""
    penalty_gradients: dict[str, Array] = field(default_factory=dict)
    """The gradients of those, by the same names, which training adds; of the trained parameters with a regularizer."""

    def arrays(self) -> dict[str, Array]:
        """All arrays by what they are, in the order in which they are computed."""
        return {
            "input": self.input,
            **self.inside,
            "output": self.output,
            **({} if self.output_gradient is None else {"output gradient": self.output_gradient}),
            **{f"{name} gradient": a for name, a in self.inside_gradients.items()},
            **({} if self.input_gradient is None else {"input gradient": self.input_gradient}),
            **self.parameters,
            **{f"{name} gradient": a for name, a in self.parameter_gradients.items()},
        }

    def __repr__(self) -> str:
        return f"<LayerTrace {self.name}: {self.input.shape} to {self.output.shape}>"

    def _repr_html_(self) -> str:
        """Each array's shape, least and largest number, and a small picture of it, for a notebook."""
        from numpycnn.common import html  # deferred: only notebooks need it

        rows = [html.array_row(name, a) for name, a in self.arrays().items()]
        return html.table(html.ARRAYS, rows, f"{self.name} ({self.kind})", raw=[html.PICTURE])


@dataclass(repr=False)
class Trace:
    """The trace of a batch, `trace["conv2d"].output`. Gradients are those of its mean loss and penalties of outputs."""

    layers: dict[str, LayerTrace]
    """By path, in order."""
    blocks: dict[str, LayerTrace]
    """Those of the layers that consist of others, by path: `trace["residual"].output`, `trace["residual/shortcut"]`."""
    output: Array
    """The model's: (N, *output_shape)."""
    losses: Array | None = None
    """Each example's loss, (N,)."""
    loss: float | None = None
    """Their mean, and the penalties of the layers' regularizers: what training minimizes."""
    targets: Array | None = None
    """The targets as the loss takes them, in the shape of the output: labels are one-hot."""
    output_gradient: Array | None = None
    """dL/d output, in its shape; without the penalty of the last layer's output, if it has one."""

    @property
    def last(self) -> LayerTrace:
        """The last layer's."""
        return list(self.layers.values())[-1]

    def __getitem__(self, name: str) -> LayerTrace:
        both = {**self.blocks, **self.layers}
        if name not in both:
            raise KeyError(f"no layer {checks.short_repr(name)} in the trace; there are {', '.join(both)}")
        return both[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def __repr__(self) -> str:
        loss = "" if self.loss is None else f", loss {self.loss:.4g}"
        return f"<Trace: {len(self.layers)} layers{loss}>"

    def _repr_html_(self) -> str:
        """The layers' outputs and gradients, for a notebook; `trace["name"]` has all arrays of a layer."""
        from numpycnn.common import html  # deferred: only notebooks need it

        rows = [html.array_row(f"{name} ({own.kind})", own.output) for name, own in self.layers.items()]
        gradients = [
            html.array_row(f"{name} output gradient", own.output_gradient)
            for name, own in reversed(self.layers.items())
            if own.output_gradient is not None
        ]
        return html.table(html.ARRAYS, [*rows, *gradients], repr(self)[1:-1], raw=[html.PICTURE])


class Found(NamedTuple):
    """The traces of a pass, by path: of layers, and of those that consist of others."""

    layers: dict[str, LayerTrace]
    blocks: dict[str, LayerTrace]


class TracedStage(Wrapper):
    """A layer that records its trace. It is called with the whole batch."""

    def __init__(self, layer: Layer, stage: Stage, path: str, found: dict[str, LayerTrace]) -> None:
        super().__init__(stage)
        self.trainable = True  # a trace has the gradients of frozen layers too
        self.layer, self.path, self.found = layer, path, found

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, Cache]:
        y, cache = self.stage.forward(x, training=training, rng=rng)
        arrays = {key: array.copy() for key, array in self.layer.arrays.items() if "/" not in key}
        inside = self.stage.inside(x, cache)
        self.found[self.path] = LayerTrace(self.path, type(self.layer).__name__, x, y, inside, arrays)
        return y, cache

    def backward(self, dy: Array, cache: Cache) -> tuple[Array, Gradients]:
        own = self.found[self.path]
        own.output_gradient, own.inside_gradients = dy, self.stage.inside_gradients(dy, cache)
        own.input_gradient, gradients = self.stage.backward(dy, cache)
        own.parameter_gradients = {key: gradient for key, gradient in gradients.items() if "/" not in key}
        return own.input_gradient, gradients


def traced(model: Chain, position: Position, count: int) -> tuple[Chain, Found]:
    """The model with every layer traced, for a batch of `count` examples, and the traces, filled by each pass."""
    cuts, found = micro_batches(count, min_examples(model)), Found({}, {})

    def watch(layer: Any, path: Path) -> TracedStage:
        return TracedStage(layer, undivided(layer, position, path, cuts), str(path), found.layers)

    layers_traced = model.mapped(lambda stage, _: penalized(stage)).mapped(watch)
    return with_traced_blocks(layers_traced, ROOT, found.blocks), found


def with_traced_blocks(container: Any, path: Path, found: dict[str, LayerTrace]) -> Any:
    """The container with every container in it traced as well."""
    stages = []
    for index, stage in container.stages:
        if isinstance(stage, Container):
            inner = path.inside(stage.name, index)
            stage = TracedStage(stage, with_traced_blocks(stage, inner, found), str(inner), found)
        stages.append((index, stage))
    return container.with_layers(container.layers, stages)


def trace_forward(model: Chain, x: Array, position: Position, *, training: bool) -> Trace:
    """Trace the forward of x, (N, *input_shape)."""
    network, found = traced(model, position, len(x))
    y, _ = network.forward(x, training=training, rng=position.rng(0))
    return Trace(*found, y)


def trace_step(model: Chain, loss: Loss, x: Array, y: Array, position: Position, *, training: bool) -> Trace:
    """Trace forward and backward, with the loss for the targets y.

    If training moves the last softmax into the loss (`training.make_objective`), the gradient of the logits is p - y,
    and the gradient of the last output is that of the loss of probabilities.
    """
    objective = make_objective(model, loss, x.dtype, fast=False)
    merged = objective.activation != linear
    trace = trace_forward(model, x, position, training=training)
    network, found = traced(model.without_activation() if merged else model, position, len(x))
    z, caches = network.forward(x, training=training, rng=position.rng(0))
    trace.targets = objective.targets(y, z)
    trace.losses, divisor = objective.loss.value(trace.targets, z), objective.divisor(y, None)
    trace.loss = float(trace.losses.sum() / divisor + network.penalty(caches) + weight_penalties(model.layers))
    trace.output_gradient = loss.gradient(trace.targets, trace.output) / divisor
    network.backward(objective.loss.gradient(trace.targets, z) / divisor, caches)
    for name, gradients in {**found.layers, **found.blocks}.items():
        own = trace[name]
        own.output_gradient, own.input_gradient = gradients.output_gradient, gradients.input_gradient
        own.inside_gradients, own.parameter_gradients = gradients.inside_gradients, gradients.parameter_gradients
    for name, gradient in weight_penalty_gradients(model.layers).items():
        path, _, key = name.rpartition("/")
        trace[path].penalty_gradients[key] = gradient
    if merged:
        trace.last.output_gradient = trace.output_gradient
    return trace


def outputs(model: Chain, x: Array) -> Sequence[LayerTrace]:
    """The traces of all layers for x, in inference mode."""
    return list(trace_forward(model, np.ascontiguousarray(x), Position(0, 0), training=False).layers.values())
