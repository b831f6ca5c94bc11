"""Activations as layers of their own. The mathematics is in `functional/activations.py`."""

from typing import Any, Unpack

from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.layers.base import Layer, LayerOptions
from numpycnn.layers.kernel import check_activation


class Activation(Layer):
    """An activation as a layer of its own: y = f(x), for f one of linear, relu, sigmoid, softmax (last axis), tanh.

    Shapes: any, unchanged. Raises TypeError or ValueError for an unknown name.
    """

    uses_rng = False

    def __init__(self, activation: str, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
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
