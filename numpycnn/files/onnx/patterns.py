"""Activations that exporters write as several nodes, because opset 18 has no operator for them."""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np

from numpycnn.activations import ActivationFunction, gelu, hard_silu, mish, silu, softsign, tanh_shrink
from numpycnn.files.onnx.constants import Constants
from numpycnn.files.onnx.data import Step

MAX_NODES = 12
"""Of a pattern: a larger part of a graph is none."""
DIGITS = 6
"""Of the numbers in a pattern, which are float32."""


class Found(NamedTuple):
    """An activation, and by what it is multiplied."""

    activation: ActivationFunction
    times: float = 1.0


def activation_of(step: Step, constants: Constants) -> Found | None:
    """The activation that a step with branches is, if any."""
    if step.node.operator not in ("Div", "Mul", "Sub") or len([*islice(nodes_of([step]), MAX_NODES + 1)]) > MAX_NODES:
        return None
    return PATTERNS.get(expression([step], constants, "x"))


def nodes_of(steps: list[Step]) -> Iterator[Step]:
    """All steps, with those of their branches."""
    for step in steps:
        yield step
        for branch in step.branches:
            yield from nodes_of(branch)


def expression(steps: list[Step], constants: Constants, text: str) -> str:
    """What the steps compute of `text`, as text: arguments of sums and products in alphabetical order.

    A quotient by a number is a product. "nan" stands for a constant that is more than one number.
    """
    for node, branches in steps:
        operator, inside, arguments = node.operator, iter(branches), list[str]()
        for name in node.inputs:
            if name in constants.known:
                number = number_of(name, constants)
                if operator == "Div" and number and arguments:
                    operator, number = "Mul", 1 / number
                arguments.append(f"{number:.{DIGITS}g}")
            else:
                arguments.append(expression(next(inside), constants, text) if branches else text)
        settings = [f"{key}={value:.{DIGITS}g}" for key, value in node.attributes.items() if isinstance(value, float)]
        ordered = sorted(arguments) if operator in ("Add", "Mul") else arguments
        text = f"{' '.join([operator, *settings])}({', '.join(ordered)})"
    return text


def number_of(name: str, constants: Constants) -> float:
    """A constant that is one number, or nan."""
    value = constants[name]
    return float(value.reshape(())) if value.size == 1 and value.dtype.kind == "f" else np.nan  # a number


ERF = "Add(1, Erf(Mul(0.707107, x)))"
TANH = "Add(1, Tanh(Mul(0.797885, Add(Mul(0.044715, {cube}), x))))"
GATES = {
    ERF: gelu,
    TANH.format(cube="Pow(x, 3)"): gelu.with_settings(approximate=True),
    TANH.format(cube="Mul(Mul(x, x), x)"): gelu.with_settings(approximate=True),
}
"""Twice what gelu multiplies x by, and twice its approximation."""
PATTERNS = {
    "Div(x, Add(1, Abs(x)))": Found(softsign),
    "Mul(HardSigmoid alpha=0.166667 beta=0.5(x), x)": Found(hard_silu),
    "Mul(Sigmoid(x), x)": Found(silu),
    "Mul(Tanh(Softplus(x)), x)": Found(mish),
    "Sub(x, Tanh(x))": Found(tanh_shrink),
} | {
    pattern: Found(activation, times)
    for gate, activation in GATES.items()
    for pattern, times in (
        (f"Mul({gate}, x)", 2.0),
        (f"Mul({gate}, Mul(0.5, x))", 1.0),
        (f"Mul(Mul(0.5, {gate}), x)", 1.0),
    )
}
"""By what they compute, as `expression` writes it."""
