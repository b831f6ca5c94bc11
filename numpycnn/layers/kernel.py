"""The common base of convolutional and dense layers: a kernel, an optional bias, and an activation."""

from collections.abc import Mapping
from typing import Any, Unpack, cast

import numpy as np

from numpycnn import initializers
from numpycnn.common import checks
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.initializers import Initializer, InitializerLike
from numpycnn.layers.activation import ActivationLayer, ActivationLike, activation_config, check_activation
from numpycnn.layers.base import Layer, LayerOptions
from numpycnn.layers.table import LAYERS


def initial_arrays(
    owner: str, shapes: Mapping[str, Shape], chosen: Mapping[str, Initializer], rng: Rng, dtype: Any
) -> dict[str, Array]:
    """New arrays by name, filled by their initializers. Raises ValueError for values of another shape."""
    arrays = {}
    for key, shape in shapes.items():
        checks.array_size(owner, key, shape)
        try:
            arrays[key] = np.array(chosen[key](shape, rng, dtype), dtype, order="C")
        except (TypeError, ValueError) as error:
            raise type(error)(f"{owner}: {key}: {error}") from error.__cause__
        if arrays[key].shape != shape:
            raise ValueError(f"{owner}: {key} must be initialized to the shape {shape}; received {arrays[key].shape}")
    return arrays


class KernelLayer(Layer):
    """Base class of layers that compute activation(linear map of x by kernels + bias)."""

    uses_rng = False

    def __new__(cls, *args: Any, activation: Any = None, **options: Any) -> Any:
        """A layer; with a layer as its activation that has weights of its own, a Sequential of both."""
        if not isinstance(activation, Layer) or isinstance(activation, ActivationLayer):
            return super().__new__(cls)
        linear, sequential = cls(*args, **options), cast("Any", LAYERS["Sequential"])
        return sequential([linear, activation], name=None if linear.auto_named else linear.name)

    def __init__(
        self,
        activation: ActivationLike,
        use_bias: bool,
        bias_initializer: InitializerLike,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**options)
        self.activation = check_activation(self.name, activation)
        self.use_bias = checks.flag(self.name, "use_bias", use_bias)
        self.bias_initializer = initializers.get_initializer(self.name, "bias_initializer", bias_initializer)

    def all_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """The shapes of the kernels, and then of "bias", also where there is none, for that input shape."""
        raise NotImplementedError(f"{type(self).__name__} does not define all_shapes")

    def kernel_initializers(self) -> dict[str, Initializer]:
        """The initializer of each kernel."""
        raise NotImplementedError(f"{type(self).__name__} does not define kernel_initializers")

    def param_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        return {key: shape for key, shape in self.all_shapes(input_shape).items() if self.use_bias or key != "bias"}

    def make_params(self, input_shape: Shape, rng: Rng, dtype: Any) -> dict[str, Array]:
        chosen = {**self.kernel_initializers(), "bias": self.bias_initializer}
        return initial_arrays(self.name, self.param_shapes(input_shape), chosen, rng, dtype)

    # ------------------------------------------------------------ backward: of the activation, then of the linear map

    def pre_activation_gradient(self, dy: Array, cache: Any) -> Array:
        """dz, in the shape of dy: the backward of the activation."""
        return self.activation.backward(dy, cache.z, cache.y)

    def gradients_from(self, dz: Array, cache: Any) -> tuple[Array, ...]:
        """The gradients of the kernels, and last that of the bias, also where there is none."""
        raise NotImplementedError(f"{type(self).__name__} does not define gradients_from")

    def input_gradient_from(self, dz: Array, cache: Any) -> Array:
        """The gradient of the input."""
        raise NotImplementedError(f"{type(self).__name__} does not define input_gradient_from")

    def backward(self, dy: Array, cache: Any) -> tuple[Array, dict[str, Array]]:
        dz = self.pre_activation_gradient(dy, cache)
        return self.input_gradient_from(dz, cache), self.named(*self.gradients_from(dz, cache))

    def parameter_gradients(self, dy: Array, cache: Any) -> dict[str, Array]:
        return self.named(*self.gradients_from(self.pre_activation_gradient(dy, cache), cache))

    def input_gradient(self, dy: Array, cache: Any) -> Array:
        return self.input_gradient_from(self.pre_activation_gradient(dy, cache), cache)

    def named(self, *gradients: Array) -> dict[str, Array]:
        """The gradients by the parameters' names; without the last if there is no bias."""
        return dict(zip(self.params, gradients, strict=False))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "activation": activation_config(self.activation),
            "use_bias": self.use_bias,
            "bias_initializer": initializers.initializer_config(self.bias_initializer),
        }
