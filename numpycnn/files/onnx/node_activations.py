"""ONNX's activations as layers."""

import numpy as np

from numpycnn import activations, layers
from numpycnn.common import checks
from numpycnn.files.onnx.stack import Operation, Reader, Stack


def activation(name: str, **settings: tuple[str, float]) -> Reader:
    """An activation. settings: for each of its settings the attribute, and what that is by default."""

    def read(operation: Operation, stack: Stack) -> None:
        operation.skip_data()
        given = {setting: operation.number(*attribute) for setting, attribute in settings.items()}
        stack.activate(activations.get(name).with_settings(**given))

    return read


def along_axis(name: str) -> Reader:
    """An activation along an axis; before opset 13 all axes from that one on were one."""

    def read(operation: Operation, stack: Stack) -> None:
        operation.skip_data()
        axes = len(stack.example) + 1
        axis = operation.integer("axis", -1 if operation.opset >= 13 else 1)
        if operation.opset < 13 and axis % axes != axes - 1:
            raise ValueError(f"before opset 13 is read along the last axis alone; received axis {axis} of {axes}")
        stack.activate(activations.get(name).with_settings(axis=stack.axis(axis)))

    return read


def clip(operation: Operation, stack: Stack) -> None:
    """ReLU with a largest value, and numbers moved so that the smallest is 0."""
    operation.skip_data()
    low, high = operation.array(1), operation.array(2)
    least = operation.number("min") if low is None else float(low.reshape(()))
    most = operation.number("max") if high is None else float(high.reshape(()))
    if least is not None and most is not None and most < least:
        stack.rescale(0.0, most)  # the largest value comes last
    elif least == -1.0 and most == 1.0:
        stack.activate(activations.hard_tanh)
    elif least is not None:
        bounded(stack, least, None if most is None else most - least)
    elif most is not None:
        stack.rescale(-1.0, most)
        stack.activate(activations.relu)
        stack.rescale(-1.0, most)


def bounded(stack: Stack, least: float, width: float | None) -> None:
    """At least `least`, and at most `width` more."""
    if least:
        stack.rescale(1.0, -least)
    stack.activate(activations.relu.with_settings(max_value=width))
    if least:
        stack.rescale(1.0, least)


def hard_sigmoid(operation: Operation, stack: Stack) -> None:
    """min(max(alpha*x + beta, 0), 1): two of them have names."""
    operation.skip_data()
    alpha, beta = operation.number("alpha", 0.2), operation.number("beta", 0.5)
    if beta == 0.5 and np.float32(alpha) == np.float32(1 / 6):
        stack.activate(activations.hard_sigmoid)
    elif beta == 0.5 == alpha:
        stack.activate(activations.sparse_sigmoid)
    else:
        stack.rescale(alpha, beta)
        stack.activate(activations.relu.with_settings(max_value=1.0))


def selu(operation: Operation, stack: Stack) -> None:
    """Selu; with other numbers a scaled Elu."""
    operation.skip_data()
    alpha, gamma = operation.number("alpha"), operation.number("gamma")
    if alpha is None and gamma is None:
        stack.activate(activations.selu)
    else:
        default_alpha, default_gamma = 1.67326319217681884765625, 1.05070102214813232421875
        stack.activate(activations.elu.with_settings(alpha=default_alpha if alpha is None else alpha))
        stack.rescale(default_gamma if gamma is None else gamma, 0.0)


def shrink(operation: Operation, stack: Stack) -> None:
    """Shrink; its bias is zero, or the threshold."""
    operation.skip_data()
    threshold, bias = operation.number("lambd", 0.5), operation.number("bias", 0.0)
    if bias not in (0.0, threshold):
        raise ValueError(f"is read with a bias of 0 or of lambd, {threshold}; received {bias}")
    named = activations.soft_shrink if bias else activations.hard_shrink
    stack.activate(named.with_settings(threshold=threshold))


def gelu(operation: Operation, stack: Stack) -> None:
    """Gelu."""
    operation.skip_data()
    approximate = checks.choice("file", "approximate", operation.text("approximate", "none"), ("none", "tanh"))
    stack.activate(activations.gelu.with_settings(approximate=approximate == "tanh"))


def thresholded_relu(operation: Operation, stack: Stack) -> None:
    """ThresholdedRelu."""
    operation.skip_data()
    stack.activate(activations.relu.with_settings(threshold=operation.number("alpha", 1.0)))


def swish(operation: Operation, stack: Stack) -> None:
    """Swish of x; alpha*x has no name."""
    if operation.number("alpha", 1.0) != 1.0:
        raise ValueError("is read with alpha=1 alone")
    operation.skip_data()
    stack.activate(activations.silu)


def prelu(operation: Operation, stack: Stack) -> None:
    """PReLU, with one slope along each axis of length 1."""
    operation.skip_data()
    stack.unflattened()
    slope = stack.beside(operation.required(1))
    slope = slope.reshape((1,) * (len(stack.shape) - slope.ndim) + slope.shape)  # an axis for each of an example's
    if any(size not in (1, whole) for size, whole in zip(slope.shape, stack.shape, strict=True)):
        raise ValueError(f"its slope of the shape {slope.shape} does not repeat to {stack.shape}")
    shared = [axis for axis, size in enumerate(slope.shape, start=1) if size == 1]
    stack.add(layers.PReLU(shared_axes=shared or None), alpha=slope)


def own_activation(operation: Operation, stack: Stack) -> None:
    """One of this library's functions that is an activation, whose settings are attributes."""
    operation.skip_data()
    named = activations.ACTIVATIONS[operation.operator.partition(".")[2]]
    given = {name: operation.number(name) for name in [*operation.node.attributes] if name != "axis"}
    if "axis" in operation.node.attributes:
        given["axis"] = stack.axis(operation.integer("axis"))
    stack.activate(named.with_settings(**given))


READERS: dict[str, Reader] = {
    "Celu": activation("celu", alpha=("alpha", 1.0)),
    "Clip": clip,
    "Elu": activation("elu", alpha=("alpha", 1.0)),
    "Exp": activation("exponential"),
    "Gelu": gelu,
    "HardSigmoid": hard_sigmoid,
    "HardSwish": activation("hard_silu"),
    "LeakyRelu": activation("leaky_relu", negative_slope=("alpha", 0.01)),
    "LogSoftmax": along_axis("log_softmax"),
    "Mish": activation("mish"),
    "PRelu": prelu,
    "Relu": activation("relu"),
    "Selu": selu,
    "Shrink": shrink,
    "Sigmoid": activation("sigmoid"),
    "Softmax": along_axis("softmax"),
    "Softplus": activation("softplus"),
    "Softsign": activation("softsign"),
    "Swish": swish,
    "Tanh": activation("tanh"),
    "ThresholdedRelu": thresholded_relu,
} | {
    f"numpycnn.{name}": own_activation
    for name in ("celu", "glu", "log_sigmoid", "relu", "sparse_plus", "sparsemax", "squareplus", "threshold")
}
"""By operator."""
