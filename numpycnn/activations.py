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
    """dz = backward(dy, z, y)."""
    needs_z: bool
    """Whether backward reads z; if not, a layer need not cache z, and may pass y instead."""

    def kept(self, z: Array, y: Array) -> Array:
        """What a layer caches as z for the backward: z, or y if the backward does not read z."""
        return z if self.needs_z else y


ACTIVATIONS: dict[str, ActivationFunction] = {
    "linear": ActivationFunction(lambda z: z, lambda dy, z, y: dy, needs_z=False),
    "relu": ActivationFunction(F.relu, F.relu_backward, needs_z=False),
    "sigmoid": ActivationFunction(F.sigmoid, F.sigmoid_backward, needs_z=True),
    "softmax": ActivationFunction(F.softmax, F.softmax_backward, needs_z=False),
    "tanh": ActivationFunction(F.tanh, F.tanh_backward, needs_z=True),
}


explain_unknown_names(__name__)
