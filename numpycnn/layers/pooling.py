"""The layers that pool: MaxPooling2D. The mathematics is in `functional/pooling.py`."""

from typing import Any, NamedTuple, Unpack

from numpycnn import functional as F
from numpycnn.common import checks
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.functional.window import Window
from numpycnn.layers.base import Layer, LayerOptions
from numpycnn.layers.data_format import check_data_format, from_channels_last, to_channels_last
from numpycnn.layers.window import check_padding, output_shape


class PoolCache(NamedTuple):
    """What the backward of MaxPooling2D needs."""

    winner: Array
    """The tap of each window that held the maximum, numbered row by row: (N, OH, OW, C)."""
    x_shape: Shape
    """The input's shape, channels last: (N, H, W, C)."""


class MaxPooling2D(Layer):
    """Max-pooling: y = the largest value in the window, channel by channel; of equal ones the first wins.

    Shapes: images (N, H, W, C) to (N, OH, OW, C), or with data_format "channels_first" (N, C, H, W) to (N, C, OH, OW);
    OH and OW as for Conv2D. No parameters.

    pool_size: one integer, or (rows, columns). strides: likewise, also smaller or larger than the pool; None
    is pool_size. padding: "valid", or "same", which pads with minus infinity. data_format: by default the backend's
    setting when the layer is created.

    Raises TypeError or ValueError for an argument of the wrong kind or value, and at build for a pool larger than its
    input. Source: Keras's MaxPooling2D.
    """

    uses_rng = False

    def __init__(
        self,
        pool_size: int | tuple[int, int] = (2, 2),
        strides: int | tuple[int, int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**options)
        self.data_format = check_data_format(self.name, data_format)
        size = checks.pair(self.name, "pool_size", pool_size)
        self.window = Window(
            size=size,
            strides=size if strides is None else checks.pair(self.name, "strides", strides),
            padding=check_padding(self.name, padding),
        )

    def output_shape_for(self, input_shape: Shape) -> Shape:
        return output_shape(self.name, self.window, self.data_format, input_shape)

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, PoolCache]:
        self.check_input(x)
        x = to_channels_last(x, self.data_format)  # (N, H, W, C)
        y, winner = F.max_pool2d(x, self.window)  # (N, OH, OW, C)
        return from_channels_last(y, self.data_format), PoolCache(winner, x.shape)

    def backward(self, dy: Array, cache: PoolCache) -> tuple[Array, dict[str, Array]]:
        dy = to_channels_last(dy, self.data_format)  # (N, OH, OW, C)
        dx = F.max_pool2d_backward(dy, cache.winner, cache.x_shape, self.window)  # (N, H, W, C)
        return from_channels_last(dx, self.data_format), {}

    def inside(self, x: Array, cache: PoolCache) -> dict[str, Array]:
        """The tap of each window that held the maximum, numbered row by row: (N, OH, OW, C)."""
        return {"winner": cache.winner}

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "pool_size": list(self.window.size),
            "strides": list(self.window.strides),
            "padding": self.window.padding,
            "data_format": self.data_format,
        }
