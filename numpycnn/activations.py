"""The activation functions by name, each with its backward. The mathematics is in `functional/activations.py`."""

from collections.abc import Callable
from typing import NamedTuple

from numpycnn import functional as F
from numpycnn.common.module_names import explain_unknown_names
from numpycnn.common.typing import Array

__all__ = ["ACTIVATIONS", "ActivationFunction"]


class ActivationFunction(NamedTuple):
    """A function of the pre-activation z, and its gradient."""

    forward: Callable[[Array], Array]
    """y = f(z)."""
    backward: Callable[[Array, Array, Array], Array]
    """dz from dy, z and y."""
    needs_z: bool
    """Whether backward reads z. Where it reads y alone, a layer need not keep z: it may give y in its place."""

    def kept(self, z: Array, y: Array) -> Array:
        """What a layer keeps beside y for the backward to take as z: z, or where it is not read y once more."""
        return z if self.needs_z else y


ACTIVATIONS: dict[str, ActivationFunction] = {
    "linear": ActivationFunction(lambda z: z, lambda dy, z, y: dy, needs_z=False),
    "relu": ActivationFunction(F.relu, F.relu_backward, needs_z=False),
    "sigmoid": ActivationFunction(F.sigmoid, F.sigmoid_backward, needs_z=True),
    "softmax": ActivationFunction(F.softmax, F.softmax_backward, needs_z=False),
    "tanh": ActivationFunction(F.tanh, F.tanh_backward, needs_z=True),
}


explain_unknown_names(__name__)
