"""The data of a page as JSON values: the trace of one example, and the network."""

from typing import TYPE_CHECKING, Any

import numpy as np

from numpycnn import backend
from numpycnn.activations import linear, relu, sigmoid, softmax, tanh
from numpycnn.common.typing import Array
from numpycnn.layers import Activation, Conv2D, Dense, Dropout, Flatten, Layer, MaxPooling2D
from numpycnn.layers.chain import Chain
from numpycnn.layers.container import Container
from numpycnn.losses import CategoricalCrossentropy, Loss, MeanSquaredError, SparseCategoricalCrossentropy
from numpycnn.show.explorer.code import sources
from numpycnn.show.explorer.tensors import MAX_EXACT_KERNEL, Tensors
from numpycnn.show.explorer.updates import add_updates
from numpycnn.show.trace import LayerTrace, Trace

if TYPE_CHECKING:
    from numpycnn.models import Sequential

COMPUTED = (Activation, Conv2D, Dense, Dropout, Flatten, MaxPooling2D)
ACTIVATIONS = (linear, relu, sigmoid, softmax, tanh)
LOSSES = (CategoricalCrossentropy, MeanSquaredError, SparseCategoricalCrossentropy)
"""The layers, activations and losses that the page's own scripts compute (`assets/layers.js`, `assets/loss.js`)."""


def page_data(model: "Sequential", x: Array, y: Array | None, example: int, tensors: Tensors) -> dict[str, Any]:
    """The data of a page as JSON values; its arrays are added to `tensors`. Raises as `trace` does.

    x: (n, *input_shape); y: the targets or None; example: the index of the traced one.
    """
    one = slice(example, example + 1)
    trace = model.trace(x[one], None if y is None else y[one])
    add_parameters(tensors, trace)
    add_example(tensors, model, trace, x[one])
    return {
        "optimizer": add_step(tensors, model, trace),
        "model": {"name": model.name, "dtype": model.dtype.name, "input_shape": list(model.shape_in or ())},
        "layers": [layer_facts(layer, trace[str(path)]) for path, layer in model.leaves()],
        "chain": is_chain(model),
        "loss": None if model.loss is None else loss_facts(model.loss),
        "epsilon": backend.epsilon(),
        "example": example,
        "sources": sources(),
    }


def add_step(tensors: Tensors, model: "Sequential", trace: Trace) -> dict[str, Any] | None:
    """The optimizer's next step, if there are an optimizer and targets."""
    if trace.targets is None or model.optimizer is None:
        return None
    return add_updates(tensors, model.optimizer, trace, model.trained_params)


def is_chain(layer: Layer) -> bool:
    """Whether each layer's input is the output of the one before, as the page's scripts compute: without branches."""
    return not isinstance(layer, Container) or (isinstance(layer, Chain) and all(map(is_chain, layer.layers)))


def is_known(layer: Layer) -> bool:
    """Whether the page can compute the layer; of other layers it shows only input and output."""
    other = (isinstance(layer, Conv2D) and layer.groups > 1) or layer.activity_regularizer is not None
    return type(layer) in COMPUTED and layer.activation in ACTIVATIONS and not other


def layer_facts(layer: Layer, trace: LayerTrace) -> dict[str, Any]:
    """One layer's path, class, settings, shapes and parameters; "known" is whether the page can compute it."""
    config = {key: value for key, value in layer.get_config().items() if isinstance(value, str | int | float | list)}
    return {
        "name": trace.name,
        "kind": trace.kind,
        "known": is_known(layer),
        "config": config,
        "activation": layer.activation.name,
        "input_shape": list(trace.input.shape[1:]),
        "output_shape": list(trace.output.shape[1:]),
        "parameters": list(trace.parameters),
    }


def loss_facts(loss: Loss) -> dict[str, Any]:
    """The loss's name and settings; of a loss that it does not know, the page only shows the name."""
    config, means = loss.get_config(), ("sum_over_batch_size", "mean")
    settings = config.get("axis", -1) != -1 or "ignore_class" in config or loss.reduction not in means
    own = type(loss) not in LOSSES or settings
    name = loss.name if own else type(loss).name
    return {"name": name, "from_logits": bool(getattr(loss, "from_logits", False)), "own": own}


def add_parameters(tensors: Tensors, trace: Trace) -> None:
    """Every parameter, as "layer/parameters/name"."""
    for layer in trace.layers.values():
        for key, value in layer.parameters.items():
            tensors.add_kernel(f"{layer.name}/parameters/{key}", value)


def add_example(tensors: Tensors, model: "Sequential", trace: Trace, x: Array) -> None:
    """The trace of the one example x, (1, *input_shape), and the masks of the next step of training."""
    known = {str(path) for path, layer in model.leaves() if is_known(layer)}
    add_trace(tensors, trace, known)
    add_masks(tensors, model.trace(x, training=True), known)


def add_trace(tensors: Tensors, trace: Trace, known: set[str]) -> None:
    """Outputs and intermediate values, then gradients; each without the batch axis, as "layer/what"."""
    first = next(iter(trace.layers.values()))
    tensors.add("input", first.input[0])
    for layer in trace.layers.values():
        add_forward(tensors, layer, layer.inside if layer.name in known else {})
    if trace.targets is not None and trace.losses is not None:
        tensors.add("losses", trace.losses)
        tensors.add("targets", trace.targets[0])
        for layer in reversed(trace.layers.values()):
            add_backward(tensors, layer, layer.inside_gradients if layer.name in known else {})


def add_forward(tensors: Tensors, layer: LayerTrace, inside: dict[str, Array]) -> None:
    """A layer's input, output and intermediate values, without the patches, which are copies of pixels."""
    tensors.add(f"{layer.name}/input", layer.input[0])
    for key, value in inside.items():
        if key != "patches":
            tensors.add(f"{layer.name}/{key}", value[0])
    z = inside.get("pre_activation")
    if z is not None and z.shape == layer.output.shape:
        tensors.add_output(f"{layer.name}/output", layer.output[0], z[0], f"{layer.name}/pre_activation")
    else:
        tensors.add(f"{layer.name}/output", layer.output[0])


def add_backward(tensors: Tensors, layer: LayerTrace, inside: dict[str, Array]) -> None:
    """A layer's gradients; the page computes that of a large kernel itself, from its factors."""
    for key in ("output_gradient", "input_gradient"):
        tensors.add(f"{layer.name}/{key}", getattr(layer, key)[0])
    for key, value in inside.items():
        tensors.add(f"{layer.name}/{key}_gradient", value[0])
    outer = layer.kind == "Dense" and layer.input.ndim == 2 and "pre_activation" in inside
    for key, value in layer.parameter_gradients.items():
        rounded = "scale" in tensors.table.get(f"{layer.name}/parameters/{key}", {})
        if not rounded and not (outer and value.size > MAX_EXACT_KERNEL):
            tensors.add(f"{layer.name}/parameter_gradients/{key}", value)


def add_masks(tensors: Tensors, trace: Trace, known: set[str]) -> None:
    """Which units each dropout keeps in the next step of training, as "layer/kept"."""
    for layer in trace.layers.values():
        if layer.kind == "Dropout" and layer.name in known:
            tensors.add(f"{layer.name}/kept", (layer.inside["mask"][0] != 0).astype(np.uint8))
