"""The layers without a window: Dense, Dropout, Flatten and Activation. The mathematics is in `functional/`."""

from math import prod
from typing import Any, NamedTuple

import numpy as np

from numpycnn import functional as F
from numpycnn.common import checks
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.initializers import Initializer
from numpycnn.layers.base import Layer
from numpycnn.layers.data_format import check_data_format, from_channels_last, to_channels_last
from numpycnn.layers.kernel import KernelLayer, check_activation


class DenseCache(NamedTuple):
    """What the backward of Dense needs."""

    x: Array
    """The input: (N, ..., D)."""
    z: Array
    """The pre-activation: (N, ..., units); y instead, if the activation's backward needs only y."""
    y: Array
    """The output: (N, ..., units)."""


class Dense(KernelLayer):
    """Fully connected: y = activation(x @ kernel + bias).

    Shapes: (N, ..., D) to (N, ..., units), along the last axis.
    Parameters: "kernel", (D, units), and "bias", (units,).

    units: the number of outputs. activation: a name, or None. use_bias, kernel_initializer, bias_initializer: as for
    Conv2D.

    Raises TypeError or ValueError for an argument of the wrong kind or value. Source: Keras's Dense.
    """

    def __init__(
        self,
        units: int,
        activation: str | None = None,
        use_bias: bool = True,
        kernel_initializer: str | Initializer = "glorot_uniform",
        bias_initializer: str | Initializer = "zeros",
        *,
        name: str | None = None,
        input_shape: Shape | None = None,
    ) -> None:
        super().__init__(activation, use_bias, kernel_initializer, bias_initializer, name, input_shape)
        self.units = checks.size(self.name, "units", units)

    def output_shape_for(self, input_shape: Shape) -> Shape:
        if not input_shape:
            raise ValueError(f"{self.name}: expected at least one axis besides the batch's; received {input_shape}")
        return (*input_shape[:-1], self.units)

    def kernel_shape(self, input_shape: Shape) -> Shape:
        return input_shape[-1], self.units

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, DenseCache]:
        self.check_input(x)
        z = F.dense(x, self.params["kernel"], self.params.get("bias"))  # (N, ..., U)
        y = self.activation_function.forward(z)
        return y, DenseCache(x, self.activation_function.kept(z, y), y)

    def gradients_from(self, dz: Array, cache: DenseCache) -> tuple[Array, Array]:
        return F.dense_backward(dz, cache.x)

    def input_gradient_from(self, dz: Array, cache: DenseCache) -> Array:
        return F.dense_backward_input(dz, self.params["kernel"])

    def inside(self, x: Array, cache: DenseCache) -> dict[str, Array]:
        """The pre-activation: (N, ..., units)."""
        return {"pre_activation": self.without_activation().forward(x)[0]}

    def inside_gradients(self, dy: Array, cache: DenseCache) -> dict[str, Array]:
        """dL/d pre-activation."""
        return {"pre_activation": self.pre_activation_gradient(dy, cache)}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


class Dropout(Layer):
    """In training each value is set to 0 with probability `rate`, and otherwise scaled: y = x/(1 - rate).

    In inference y = x. The backward multiplies by the mask of the forward. Shapes: any, unchanged.
    The mask is drawn from the generator passed to `forward`, which a model derives from its seed, the step, the
    micro-batch and the layer's index.

    Raises TypeError or ValueError unless rate is a number from 0 to 1. Source: Srivastava et al. 2014; Keras's Dropout.
    """

    def __init__(self, rate: float, *, name: str | None = None, input_shape: Shape | None = None) -> None:
        super().__init__(name=name, input_shape=input_shape)
        self.rate = checks.number(self.name, "rate", rate, at_least=0.0, at_most=1.0)

    def output_shape_for(self, input_shape: Shape) -> Shape:
        return input_shape

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, Array | None]:
        """The cache is the mask, or None if nothing was dropped."""
        self.check_input(x)
        if not training or self.rate == 0.0:
            return x, None
        scale = F.dropout_scale(self.rate, x.real.dtype)  # .real: a mask is real for complex x too
        mask = self.draw(x.shape, rng) * scale
        return x * mask, mask

    def draw(self, shape: Shape, rng: Rng | None) -> Array:
        """A random mask of the values to keep, of that shape. Raises ValueError if rng is None."""
        if rng is None:
            raise ValueError(f"{self.name}: training=True needs rng, a numpy.random.Generator, to draw the mask from")
        return F.dropout_kept(shape, self.rate, rng)

    def backward(self, dy: Array, cache: Array | None) -> tuple[Array, dict[str, Array]]:
        return dy if cache is None else dy * cache, {}

    def inside(self, x: Array, cache: Array | None) -> dict[str, Array]:
        """The factor of each value: 0 or 1/(1 - rate); in inference 1."""
        return {"mask": np.ones_like(x) if cache is None else cache}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate}


class Flatten(Layer):
    """All values of an example as a vector: (N, H, W, C) to (N, H*W*C).

    The order is that of (H, W, C) in both data formats: (N, C, H, W) is transposed to (N, H, W, C) first, so that a
    Dense layer's weights have the same order in both. Source: Keras's Flatten, since 2.1.6.

    data_format: by default the backend's setting when the layer is created. Raises TypeError or ValueError for another.
    """

    uses_rng = False

    def __init__(
        self, data_format: str | None = None, *, name: str | None = None, input_shape: Shape | None = None
    ) -> None:
        super().__init__(name=name, input_shape=input_shape)
        self.data_format = check_data_format(self.name, data_format)

    def output_shape_for(self, input_shape: Shape) -> Shape:
        return (prod(input_shape),)

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, Shape]:
        """The cache is the input's shape, channels last."""
        self.check_input(x)
        x = to_channels_last(x, self.data_format)  # (N, ..., C)
        return x.reshape(len(x), prod(x.shape[1:])), x.shape  # (N, ...*C)

    def backward(self, dy: Array, cache: Shape) -> tuple[Array, dict[str, Array]]:
        return from_channels_last(dy.reshape(cache), self.data_format), {}  # (N, ..., C) or (N, C, ...)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}


class Activation(Layer):
    """An activation as a layer of its own: y = f(x), for f one of linear, relu, sigmoid, softmax (last axis), tanh.

    Shapes: any, unchanged. Raises TypeError or ValueError for an unknown name.
    """

    uses_rng = False

    def __init__(self, activation: str, *, name: str | None = None, input_shape: Shape | None = None) -> None:
        super().__init__(name=name, input_shape=input_shape)
        self.activation = check_activation(self.name, activation)

    def output_shape_for(self, input_shape: Shape) -> Shape:
        if self.activation == "softmax" and not input_shape:
            raise ValueError(f"{self.name}: softmax needs an axis besides the batch's; received {input_shape}")
        return input_shape

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, tuple[Array, Array]]:
        """The cache is z, the input (y instead, if the backward needs only y), and y, the output."""
        self.check_input(x)
        y = self.activation_function.forward(x)
        return y, (self.activation_function.kept(x, y), y)

    def backward(self, dy: Array, cache: tuple[Array, Array]) -> tuple[Array, dict[str, Array]]:
        z, y = cache
        return self.activation_function.backward(dy, z, y), {}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": self.activation}
