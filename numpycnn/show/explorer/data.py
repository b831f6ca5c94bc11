"""The data of a page as JSON values: the trace of one example, and the network."""

from collections.abc import Iterable, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from numpycnn import backend
from numpycnn.activations import ActivationFunction, is_own
from numpycnn.common.typing import Array
from numpycnn.layers import LAYERS, Branches, Dropout, GaussianDropout, GaussianNoise, Layer
from numpycnn.losses import CLASSES, Loss
from numpycnn.regularizers import L1, L1L2, L2
from numpycnn.show.explorer.code import sources
from numpycnn.show.explorer.structure import in_order, is_understood, structure
from numpycnn.show.explorer.tensors import MAX_EXACT_KERNEL, Tensors
from numpycnn.show.explorer.updates import add_updates
from numpycnn.show.trace import LayerTrace, Trace

if TYPE_CHECKING:
    from numpycnn.models import Sequential

PENALTIES = (L1, L2, L1L2)
"""The penalties of outputs that the page's scripts compute, besides the library's layers, activations and losses."""
NOISES = (Dropout, GaussianDropout, GaussianNoise)
"""The layers whose random numbers are in the page, for its training mode."""


def page_data(model: "Sequential", x: Array, y: Array | None, example: int, tensors: Tensors) -> dict[str, Any]:
    """The data of a page as JSON values; its arrays are added to `tensors`. Raises as `trace` does.

    x: (n, *input_shape); y: the targets or None; example: the index of the traced one.
    """
    one = slice(example, example + 1)
    trace = model.trace(x[one], None if y is None else y[one])
    traces = traces_of(model, trace)
    add_parameters(tensors, trace)
    add_example(tensors, model, trace, x[one])
    return {
        "optimizer": add_step(tensors, model, trace),
        "model": {"name": model.name, "dtype": model.dtype.name, "input_shape": list(model.shape_in or ())},
        "layers": [layer_facts(layer, traces[str(path)]) for path, layer in shown(model)],
        "structure": structure(model, count()) if is_understood(model) else None,
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


def shown(model: "Sequential") -> Iterable[tuple[Any, Layer]]:
    """The layers that the page shows, with their paths: those that merge branches too, where it understands them."""
    return in_order(model) if is_understood(model) else model.leaves()


def traces_of(model: "Sequential", trace: Trace) -> Mapping[str, LayerTrace]:
    """Their traces, by path."""
    return {str(path): trace[str(path)] for path, _ in shown(model)}


def is_known(layer: Layer) -> bool:
    """Whether the page can compute the layer: one of the library's. Of other layers it shows only input and output."""
    own = is_own(layer.activation) or type(layer) not in LAYERS.values()
    return not own and (layer.activity_regularizer is None or type(layer.activity_regularizer) in PENALTIES)


def layer_facts(layer: Layer, trace: LayerTrace) -> dict[str, Any]:
    """One layer's path, class, settings, shapes and parameters; "known" is whether the page can compute it."""
    penalty = {"l1": 0.0, "l2": 0.0, **layer.activity_regularizer.get_config()} if layer.activity_regularizer else None
    return {
        "name": trace.name,
        "kind": trace.kind,
        "known": is_known(layer),
        "config": layer_settings(layer),
        "activation": repr(layer.activation),
        "function": layer.activation.name,
        "settings": activation_settings(layer.activation),
        "penalty": penalty if is_known(layer) else None,
        "input_shape": list(trace.input.shape[1:]),
        "output_shape": list(trace.output.shape[1:]),
        "parameters": list(trace.parameters),
    }


def layer_settings(layer: Layer) -> dict[str, Any]:
    """A layer's settings that are JSON values; of one that merges, how, and the axis among those of an example."""
    if isinstance(layer, Branches):
        axis = layer.axis_of(layer.shape_out or ()) if layer.merge == "concatenate" else None
        return {"merge": layer.merge, "axis": axis}
    return {key: value for key, value in layer.get_config().items() if isinstance(value, str | int | float | list)}


def activation_settings(activation: ActivationFunction) -> dict[str, Any]:
    """All settings of one of the library's activations, those with default values too."""
    if is_own(activation):
        return {}
    _, *parameters = activation.__signature__.parameters
    return {name: activation.setting(name) for name in parameters}


def loss_facts(loss: Loss) -> dict[str, Any]:
    """The loss's name and settings; of a loss that it does not know, the page only shows the name."""
    config, means = loss.get_config(), ("sum_over_batch_size", "mean")
    settings = config.get("axis", -1) != -1 or "ignore_class" in config or loss.reduction not in means
    own = type(loss) not in CLASSES.values() or settings
    name = loss.name if own else type(loss).name
    numbers = {key: value for key, value in config.items() if isinstance(value, float)}
    return {"name": name, "from_logits": bool(getattr(loss, "from_logits", False)), "own": own, "settings": numbers}


def add_parameters(tensors: Tensors, trace: Trace) -> None:
    """Every parameter, as "layer/parameters/name"."""
    for layer in trace.layers.values():
        for key, value in layer.parameters.items():
            tensors.add_kernel(f"{layer.name}/parameters/{key}", value)


def add_example(tensors: Tensors, model: "Sequential", trace: Trace, x: Array) -> None:
    """The trace of the one example x, (1, *input_shape), and what the next step of training draws."""
    known = {str(path) for path, layer in model.leaves() if is_known(layer)}
    add_trace(tensors, trace, traces_of(model, trace), known)
    add_noise(tensors, model, model.trace(x, training=True))


def add_trace(tensors: Tensors, trace: Trace, traces: Mapping[str, LayerTrace], known: set[str]) -> None:
    """Outputs and intermediate values, then gradients; each without the batch axis, as "layer/what"."""
    first = next(iter(trace.layers.values()))
    tensors.add("input", first.input[0])
    for layer in traces.values():
        add_forward(tensors, layer, layer.inside if layer.name in known else {})
    if trace.targets is not None and trace.losses is not None:
        tensors.add("losses", trace.losses)
        tensors.add("targets", trace.targets[0])
        for layer in reversed(list(traces.values())):
            add_backward(tensors, layer, layer.inside_gradients if layer.name in known else {})


def add_forward(tensors: Tensors, layer: LayerTrace, inside: dict[str, Array]) -> None:
    """A layer's input, output and intermediate values, without the patches, which are copies of pixels."""
    tensors.add(f"{layer.name}/input", layer.input[0])
    for key, value in inside.items():
        if key != "patches":
            own = value[0] if value.ndim > 1 else value  # what a whole batch shares, as its mean, is (C,)
            tensors.add(f"{layer.name}/{key}", own.astype(np.uint32) if own.dtype == np.int64 else own)
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


def add_noise(tensors: Tensors, model: "Sequential", trace: Trace) -> None:
    """Which units each dropout keeps in the next step of training, and the normal numbers of others: "layer/kept"."""
    for path, layer in model.leaves():
        if isinstance(layer, NOISES) and is_known(layer):
            (drawn,) = trace[str(path)].inside.values()
            tensors.add(f"{path}/kept", (drawn[0] != 0).astype(np.uint8) if isinstance(layer, Dropout) else drawn[0])
