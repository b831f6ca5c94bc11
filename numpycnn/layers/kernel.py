"""What convolutional and dense layers share: a kernel, perhaps a bias, and an activation after them."""

from typing import Any

import numpy as np

from numpycnn import initializers
from numpycnn.activations import ACTIVATIONS
from numpycnn.common import checks
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.initializers import Initializer
from numpycnn.layers.base import Layer


def check_activation(owner: str, value: str | None) -> str:
    """The activation's name; None stands for "linear". Raises for an unknown one."""
    return checks.choice(owner, "activation", "linear" if value is None else value, ACTIVATIONS, kind="activations")


class KernelLayer(Layer):
    """Base of the layers that compute activation(linear map of x by the kernel + bias)."""

    def __init__(
        self,
        activation: str | None,
        use_bias: bool,
        kernel_initializer: str | Initializer,
        bias_initializer: str | Initializer,
        name: str | None,
        input_shape: Shape | None,
    ) -> None:
        super().__init__(name=name, input_shape=input_shape)
        self.activation = check_activation(self.name, activation)
        self.use_bias = checks.flag(self.name, "use_bias", use_bias)
        self.kernel_initializer = initializers.get_initializer(self.name, "kernel_initializer", kernel_initializer)
        self.bias_initializer = initializers.get_initializer(self.name, "bias_initializer", bias_initializer)

    def kernel_shape(self, input_shape: Shape) -> Shape:
        """The kernel's shape, (..., in, out), for that input shape."""
        raise NotImplementedError(f"{type(self).__name__} does not define kernel_shape")

    def param_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        shape = self.kernel_shape(input_shape)
        return {"kernel": shape, "bias": shape[-1:]} if self.use_bias else {"kernel": shape}

    def make_params(self, input_shape: Shape, rng: Rng, dtype: Any) -> dict[str, Array]:
        initializers = {"kernel": self.kernel_initializer, "bias": self.bias_initializer}
        return {
            key: self.initial_values(key, initializers[key], shape, rng, dtype)
            for key, shape in self.param_shapes(input_shape).items()
        }

    def initial_values(self, key: str, initializer: Initializer, shape: Shape, rng: Rng, dtype: Any) -> Array:
        """The initializer's values in an array of the layer's own. Raises ValueError for values of another shape."""
        checks.few_enough(self.name, key, shape)
        values = np.array(initializer(shape, rng, dtype), dtype, order="C")
        if values.shape != shape:
            raise ValueError(f"{self.name}: {key} must be initialized to the shape {shape}; received {values.shape}")
        return values

    def gradients(self, dkernel: Array, dbias: Array) -> dict[str, Array]:
        """The gradients under the parameters' names; dbias is left out where there is no bias."""
        return {"kernel": dkernel, "bias": dbias} if self.use_bias else {"kernel": dkernel}

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "activation": self.activation,
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
        }
