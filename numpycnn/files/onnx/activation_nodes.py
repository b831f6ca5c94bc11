"""Each activation as nodes of a graph."""

from collections.abc import Callable
from typing import Any

import numpy as np

from numpycnn.activations import ActivationFunction, is_own
from numpycnn.files.onnx.graph import Graph, Tensor

Writer = Callable[[Graph, ActivationFunction, Tensor], Tensor]


def write_activation(graph: Graph, activation: ActivationFunction, x: Tensor) -> Tensor:
    """y = activation(x). Raises ValueError for an activation of the user's own."""
    if is_own(activation):
        raise ValueError(
            f"{graph.scope[:-1]}: the activation {activation.name} is not the library's, and no ONNX is known for it"
        )
    return WRITERS[activation.name](graph, activation, x)


def operator(name: str, **names: str) -> Writer:
    """One node of that operator. names: its attributes, each with the setting that it is."""

    def write(graph: Graph, activation: ActivationFunction, x: Tensor) -> Tensor:
        attributes = {attribute: activation.setting(setting) for attribute, setting in names.items()}
        return x._replace(name=graph.node(name, x.name, **attributes))

    return write


def fixed(name: str, **attributes: Any) -> Writer:
    """One node of that operator, with these attributes."""
    return lambda graph, activation, x: x._replace(name=graph.node(name, x.name, **attributes))


def function(*settings: str) -> Writer:
    """A call of the function of that name, with these settings as attributes."""

    def write(graph: Graph, activation: ActivationFunction, x: Tensor) -> Tensor:
        attributes = {setting: activation.setting(setting) for setting in settings}
        return x._replace(name=graph.call(activation.name, x.name, **attributes))

    return write


def clip(low: float | None, high: float | None) -> Writer:
    """min(max(x, low), high); None for no bound."""

    def write(graph: Graph, activation: ActivationFunction, x: Tensor) -> Tensor:
        bounds = {"low": low, "high": high}
        names = ["" if value is None else graph.constant(name, value) for name, value in bounds.items()]
        return x._replace(name=graph.node("Clip", x.name, *names))

    return write


def along_axis(name: str) -> Writer:
    """An operator along the activation's axis."""

    def write(graph: Graph, activation: ActivationFunction, x: Tensor) -> Tensor:
        x = graph.plain(x) if x.flat else x
        return x._replace(name=graph.node(name, x.name, axis=x.axis(activation.setting("axis"))))

    return write


def function_along_axis(graph: Graph, activation: ActivationFunction, x: Tensor) -> Tensor:
    """A function along the axis, which glu halves."""
    x = graph.plain(x) if x.flat else x
    name = graph.call(activation.name, x.name, axis=x.axis(activation.setting("axis")))
    return x._replace(name=name, shape=activation.shape_after(activation.name, (1, *x.shape))[1:])


def relu(graph: Graph, activation: ActivationFunction, x: Tensor) -> Tensor:
    """The plain rectifier, or the operator for the one setting that is given."""
    slope, most, threshold = (activation.setting(name) for name in ("negative_slope", "max_value", "threshold"))
    if not slope and not threshold:
        return (fixed("Relu") if most is None else clip(0.0, most))(graph, activation, x)
    if slope and threshold:
        write = function("negative_slope", "threshold")
    else:
        write = fixed("LeakyRelu", alpha=slope) if slope else fixed("ThresholdedRelu", alpha=threshold)
    y = write(graph, activation, x)
    return y if most is None else clip(None, most)(graph, activation, y)


def silu(graph: Graph, activation: ActivationFunction, x: Tensor) -> Tensor:
    """x * sigmoid(x)."""
    return x._replace(name=graph.node("Mul", x.name, graph.node("Sigmoid", x.name)))


def tanh_shrink(graph: Graph, activation: ActivationFunction, x: Tensor) -> Tensor:
    """x - tanh(x)."""
    return x._replace(name=graph.node("Sub", x.name, graph.node("Tanh", x.name)))


def gelu(graph: Graph, activation: ActivationFunction, x: Tensor) -> Tensor:
    """x/2 * (1 + erf(x/sqrt(2))), or its approximation by tanh(sqrt(2/pi)*(x + 0.044715*x**3))."""
    if activation.setting("approximate"):
        cube = graph.node("Pow", x.name, graph.constant("three", 3.0))
        small = graph.node("Mul", cube, graph.constant("share", 0.044715))
        inside = graph.node("Mul", graph.node("Add", x.name, small), graph.constant("slope", np.sqrt(2 / np.pi)))
        gate = graph.node("Tanh", inside)
    else:
        gate = graph.node("Erf", graph.node("Div", x.name, graph.constant("root", np.sqrt(2.0))))
    product = graph.node("Mul", x.name, graph.node("Add", gate, graph.constant("one", 1.0)))
    return x._replace(name=graph.node("Mul", product, graph.constant("half", 0.5)))


def celu(graph: Graph, activation: ActivationFunction, x: Tensor) -> Tensor:
    """ONNX's operator is for float32 alone."""
    write = operator("Celu", alpha="alpha") if graph.dtype == np.float32 else function("alpha")
    return write(graph, activation, x)


WRITERS: dict[str, Writer] = {
    "celu": celu,
    "elu": operator("Elu", alpha="alpha"),
    "exponential": operator("Exp"),
    "gelu": gelu,
    "glu": function_along_axis,
    "hard_shrink": operator("Shrink", lambd="threshold"),
    "hard_sigmoid": fixed("HardSigmoid", alpha=1 / 6, beta=0.5),
    "hard_silu": operator("HardSwish"),
    "hard_tanh": clip(-1.0, 1.0),
    "leaky_relu": operator("LeakyRelu", alpha="negative_slope"),
    "linear": lambda graph, activation, x: x,
    "log_sigmoid": function(),
    "log_softmax": along_axis("LogSoftmax"),
    "mish": operator("Mish"),
    "relu": relu,
    "relu6": clip(0.0, 6.0),
    "selu": operator("Selu"),
    "sigmoid": operator("Sigmoid"),
    "silu": silu,
    "soft_shrink": operator("Shrink", lambd="threshold", bias="threshold"),
    "softmax": along_axis("Softmax"),
    "softplus": operator("Softplus"),
    "softsign": operator("Softsign"),
    "sparse_plus": function(),
    "sparse_sigmoid": fixed("HardSigmoid", alpha=0.5, beta=0.5),
    "sparsemax": function_along_axis,
    "squareplus": function("b"),
    "tanh": operator("Tanh"),
    "tanh_shrink": tanh_shrink,
    "threshold": function("threshold", "default_value"),
}
"""By the activation's name."""
