"""The activation functions by name, each with its backward. The mathematics is in `functional.py`.

Every backward is written in terms of the output y, which is all that a layer has to keep.
"""

from collections.abc import Callable
from typing import NamedTuple

from numpycnn import functional as F
from numpycnn.common.module_names import explain_unknown_names
from numpycnn.common.typing import Array

__all__ = ["ACTIVATIONS", "ActivationFunction"]


class ActivationFunction(NamedTuple):
    """A function of the scores z, and its gradient."""

    forward: Callable[[Array], Array]
    """y = f(z)."""
    backward: Callable[[Array, Array], Array]
    """dz from dy and y."""


ACTIVATIONS: dict[str, ActivationFunction] = {
    "linear": ActivationFunction(lambda z: z, lambda dy, y: dy),
    "relu": ActivationFunction(F.relu, F.relu_backward),
    "sigmoid": ActivationFunction(F.sigmoid, F.sigmoid_backward),
    "softmax": ActivationFunction(F.softmax, F.softmax_backward),
    "tanh": ActivationFunction(F.tanh, F.tanh_backward),
}


explain_unknown_names(__name__)
