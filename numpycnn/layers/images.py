"""The common base of the layers that compute new images from images, without parameters."""

from typing import Any, Unpack

from numpycnn.common.typing import Array, Pair, Rng, Shape
from numpycnn.layers.base import Layer, LayerOptions
from numpycnn.layers.data_format import check_data_format, from_channels_last, join_shape, split_shape, to_channels_last


class ImageLayer(Layer):
    """Base class of these layers: a subclass writes `output_image`, `apply` and `apply_backward`, for channels last.

    data_format: by default the backend's setting when the layer is created.
    """

    uses_rng = False

    def __init__(self, data_format: str | None, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.data_format = check_data_format(self.name, data_format)

    def output_image(self, image: Pair) -> Pair:
        """The (rows, columns) of an output, for those of an input. Raises ValueError if it does not fit."""
        raise NotImplementedError(f"{type(self).__name__} does not define output_image")

    def apply(self, x: Array) -> tuple[Array, Any]:
        """(y, cache): the images that go out, for x, (N, H, W, C)."""
        raise NotImplementedError(f"{type(self).__name__} does not define apply")

    def apply_backward(self, dy: Array, cache: Any) -> Array:
        """dx: (N, H, W, C)."""
        raise NotImplementedError(f"{type(self).__name__} does not define apply_backward")

    def output_shape_for(self, input_shape: Shape) -> Shape:
        image, channels = split_shape(self.name, input_shape, self.data_format)
        return join_shape(self.output_image(image), channels, self.data_format)

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, Any]:
        self.check_input(x)
        y, cache = self.apply(to_channels_last(x, self.data_format))
        return from_channels_last(y, self.data_format), cache

    def backward(self, dy: Array, cache: Any) -> tuple[Array, dict[str, Array]]:
        dx = self.apply_backward(to_channels_last(dy, self.data_format), cache)  # (N, H, W, C)
        return from_channels_last(dx, self.data_format), {}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}
