"""Layers that move values and compute nothing: Flatten."""

from math import prod
from typing import Any, Unpack

from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.layers.base import Layer, LayerOptions
from numpycnn.layers.data_format import check_data_format, from_channels_last, to_channels_last


class Flatten(Layer):
    """All values of an example as a vector: (N, H, W, C) to (N, H*W*C).

    The order is that of (H, W, C) in both data formats: (N, C, H, W) is transposed to (N, H, W, C) first, so that a
    Dense layer's weights have the same order in both. Source: Keras's Flatten, since 2.1.6.

    data_format: by default the backend's setting when the layer is created. Raises TypeError or ValueError for another.
    """

    uses_rng = False

    def __init__(self, data_format: str | None = None, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
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
