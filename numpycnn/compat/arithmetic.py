"""What Keras 2's backend had of arithmetic, by NumPy: for metrics, activations and callbacks that programs write.

It computes values, not gradients: a loss of one's own has a gradient of its own; an activation's is the complex step's.
"""

from typing import Any

import numpy as np
from numpy import (
    abs,  # noqa: A004
    all,  # noqa: A004
    any,  # noqa: A004
    argmax,
    argmin,
    clip,
    concatenate,
    cos,
    dot,
    equal,
    exp,
    expand_dims,
    greater,
    greater_equal,
    less,
    less_equal,
    log,
    max,  # noqa: A004
    maximum,
    mean,
    min,  # noqa: A004
    minimum,
    not_equal,
    ones_like,
    prod,
    reshape,
    round,  # noqa: A004
    shape,
    sign,
    sin,
    sqrt,
    square,
    squeeze,
    stack,
    std,
    sum,  # noqa: A004
    tanh,
    transpose,
    var,
    where,
    zeros_like,
)
from numpy import array as eval  # noqa: A004
from numpy import power as pow  # noqa: A004
from numpy import ravel as flatten
from numpy import shape as int_shape
from numpy import size as count_params
from numpy import where as switch

from numpycnn import activations, backend
from numpycnn.activations import hard_sigmoid, sigmoid, softmax, softplus, softsign
from numpycnn.common.typing import Array, Shape

__all__ = [
    "abs",
    "all",
    "any",
    "argmax",
    "argmin",
    "cast",
    "cast_to_floatx",
    "clip",
    "concatenate",
    "constant",
    "cos",
    "count_params",
    "dot",
    "elu",
    "equal",
    "eval",
    "exp",
    "expand_dims",
    "flatten",
    "greater",
    "greater_equal",
    "hard_sigmoid",
    "int_shape",
    "less",
    "less_equal",
    "log",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "not_equal",
    "ones",
    "ones_like",
    "pow",
    "prod",
    "relu",
    "reshape",
    "round",
    "shape",
    "sigmoid",
    "sign",
    "sin",
    "softmax",
    "softplus",
    "softsign",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "sum",
    "switch",
    "tanh",
    "transpose",
    "var",
    "variable",
    "where",
    "zeros",
    "zeros_like",
]


def cast(x: Any, dtype: str) -> Array:
    """x as an array of that dtype, by its name."""
    return np.asarray(x).astype(dtype)


def cast_to_floatx(x: Any) -> Array:
    """x in the backend's floatx."""
    return cast(x, backend.floatx())


def constant(value: Any, dtype: str | None = None, shape: Shape | None = None) -> Array:
    """An array of a value, by default in the backend's floatx."""
    array = cast(value, dtype or backend.floatx())
    return array if shape is None else np.broadcast_to(array, shape)


def variable(value: Any, dtype: str | None = None) -> Array:
    """A copy of a value, by default in the backend's floatx."""
    return np.array(value, dtype or backend.floatx())


def ones(shape: Shape, dtype: str | None = None) -> Array:
    """Ones, by default in the backend's floatx."""
    return np.ones(shape, dtype or backend.floatx())


def zeros(shape: Shape, dtype: str | None = None) -> Array:
    """Zeros, by default in the backend's floatx."""
    return np.zeros(shape, dtype or backend.floatx())


def elu(x: Any, alpha: float = 1.0) -> Array:
    """x where x > 0, else alpha*(exp(x) - 1)."""
    return activations.elu(x, alpha=alpha)


def relu(x: Any, alpha: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Array:
    """x where x > threshold, else alpha*(x - threshold); then at most max_value, unless that is None."""
    return activations.relu(x, negative_slope=alpha, max_value=max_value, threshold=threshold)
