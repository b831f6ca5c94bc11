"""The layers that pool, under a window or over the whole image. The mathematics is in `functional/pooling.py`."""

from typing import Any, NamedTuple, Unpack

from numpycnn import functional as F
from numpycnn.common import checks
from numpycnn.common.typing import Array, Pair, Shape
from numpycnn.functional.window import Window
from numpycnn.layers.base import LayerOptions
from numpycnn.layers.data_format import split_shape
from numpycnn.layers.images import ImageLayer
from numpycnn.layers.window import Windowed, check_padding, output_shape

PoolSize = int | tuple[int, int]


class PoolCache(NamedTuple):
    """What the backward of a maximum needs."""

    winner: Array
    """Which pixel under each window held the maximum, numbered row by row; in the shape of the output."""
    x_shape: Shape
    """The input's shape, channels last: (N, H, W, C)."""


class Pooling2D(ImageLayer, Windowed):
    """Base class of the layers that pool under a window.

    Shapes: images (N, H, W, C) to (N, OH, OW, C), or with data_format "channels_first" (N, C, H, W) to (N, C, OH, OW);
    OH and OW as for Conv2D. No parameters.

    pool_size: one integer, or (rows, columns). strides: likewise, also smaller or larger than the pool; None is
    pool_size. padding: "valid" or "same". data_format: by default the backend's setting when the layer is created.

    Raises TypeError or ValueError for an argument of the wrong kind or value, and at build for a pool larger than its
    input.
    """

    def __init__(
        self,
        pool_size: PoolSize = (2, 2),
        strides: PoolSize | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(data_format, **options)
        size = checks.pair(self.name, "pool_size", pool_size)
        self.window = Window(
            size=size,
            strides=size if strides is None else checks.pair(self.name, "strides", strides),
            padding=check_padding(self.name, padding),
        )

    @property
    def pool_size(self) -> Pair:
        """(rows, columns) of the pool."""
        return self.window.size

    def output_shape_for(self, input_shape: Shape) -> Shape:
        return output_shape(self.name, self.window, self.data_format, input_shape)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "pool_size": list(self.window.size),
            "strides": list(self.window.strides),
            "padding": self.window.padding,
        }


class MaxPooling2D(Pooling2D):
    """Max-pooling: y = the largest value in the window, channel by channel; of equal ones the first wins.

    Padding is minus infinity, so it never wins. Shapes, arguments and errors are those of `Pooling2D`. Source: Keras's
    MaxPooling2D.
    """

    def apply(self, x: Array) -> tuple[Array, PoolCache]:
        y, winner = F.max_pool2d(x, self.window)  # (N, OH, OW, C)
        return y, PoolCache(winner, x.shape)

    def apply_backward(self, dy: Array, cache: PoolCache) -> Array:
        return F.max_pool2d_backward(dy, cache.winner, cache.x_shape, self.window)

    def inside(self, x: Array, cache: PoolCache) -> dict[str, Array]:
        """The tap of each window that held the maximum, numbered row by row: (N, OH, OW, C)."""
        return {"winner": cache.winner}


class AveragePooling2D(Pooling2D):
    """Average pooling: y = the mean of the pixels in the window, channel by channel; padding does not count.

    Shapes, arguments and errors are those of `Pooling2D`. Source: Keras's AveragePooling2D.
    """

    def apply(self, x: Array) -> tuple[Array, Shape]:
        """The cache is the input's shape."""
        return F.average_pool2d(x, self.window), x.shape

    def apply_backward(self, dy: Array, cache: Shape) -> Array:
        return F.average_pool2d_backward(dy, cache, self.window)


class GlobalPooling2D(ImageLayer):
    """Base class of the layers that pool over the whole image.

    Shapes: images (N, H, W, C) to (N, C), or with keepdims to (N, 1, 1, C); with data_format "channels_first"
    (N, C, H, W) to (N, C) or (N, C, 1, 1). No parameters.

    data_format: by default the backend's setting when the layer is created. keepdims: whether rows and columns stay,
    as axes of length one. Raises TypeError or ValueError for an argument of the wrong kind or value.
    """

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **options: Unpack[LayerOptions]) -> None:
        super().__init__(data_format, **options)
        self.keepdims = checks.flag(self.name, "keepdims", keepdims)

    def output_image(self, image: Pair) -> Pair:
        return 1, 1

    def output_shape_for(self, input_shape: Shape) -> Shape:
        _, channels = split_shape(self.name, input_shape, self.data_format)
        return super().output_shape_for(input_shape) if self.keepdims else (channels,)

    def pooled(self, y: Array) -> Array:
        """The output, for y, (N, 1, 1, C)."""
        return y if self.keepdims else y[:, 0, 0]  # (N, C)

    def gradient_of_pooled(self, dy: Array) -> Array:
        """The gradient of `pooled`: (N, 1, 1, C)."""
        return dy if self.keepdims else dy[:, None, None]  # (N, 1, 1, C)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "keepdims": self.keepdims}


class GlobalAveragePooling2D(GlobalPooling2D):
    """Global average pooling: y = the mean of all pixels, channel by channel.

    Shapes, arguments and errors are those of `GlobalPooling2D`. Sources: Lin, Chen and Yan 2013; Keras's
    GlobalAveragePooling2D.
    """

    def apply(self, x: Array) -> tuple[Array, Shape]:
        """The cache is the input's shape."""
        return self.pooled(F.global_average_pool2d(x)), x.shape

    def apply_backward(self, dy: Array, cache: Shape) -> Array:
        return F.global_average_pool2d_backward(self.gradient_of_pooled(dy), cache)


class GlobalMaxPooling2D(GlobalPooling2D):
    """Global max-pooling: y = the largest of all pixels, channel by channel; of equal ones the first in row order wins.

    Shapes, arguments and errors are those of `GlobalPooling2D`. Source: Keras's GlobalMaxPooling2D.
    """

    def apply(self, x: Array) -> tuple[Array, PoolCache]:
        y, winner = F.global_max_pool2d(x)  # (N, 1, 1, C)
        return self.pooled(y), PoolCache(winner, x.shape)

    def apply_backward(self, dy: Array, cache: PoolCache) -> Array:
        return F.global_max_pool2d_backward(self.gradient_of_pooled(dy), cache.winner, cache.x_shape)

    def inside(self, x: Array, cache: PoolCache) -> dict[str, Array]:
        """The pixel that held the maximum, r*W + c: (N, 1, 1, C)."""
        return {"winner": cache.winner}
