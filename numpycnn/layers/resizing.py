"""The layers that change an image's size: ZeroPadding2D, Cropping2D, UpSampling2D.

The mathematics is in `functional/padding.py` and `functional/resampling.py`.
"""

from typing import Any, Unpack

from numpycnn import functional as F
from numpycnn.common import checks
from numpycnn.common.typing import Array, Pair
from numpycnn.functional.padding import Borders
from numpycnn.layers.base import LayerOptions
from numpycnn.layers.images import ImageLayer

Sides = int | tuple[int, int]
"""The pixels on both sides, or on each."""
GivenBorders = int | tuple[Sides, Sides]
"""As Keras takes them: the same on all four sides; of rows and of columns; or of each side."""


def check_borders(owner: str, argument: str, value: Any) -> Borders:
    """((top, bottom), (left, right)), given in any of the forms. Raises TypeError or ValueError for another value."""
    rows, cols = two(owner, argument, value)
    (top, bottom), (left, right) = two(owner, argument, rows), two(owner, argument, cols)
    for pixels in (top, bottom, left, right):
        checks.integer(owner, argument, pixels, at_least=0, at_most=checks.MAX_SIZE)
    return (int(top), int(bottom)), (int(left), int(right))


def two(owner: str, argument: str, value: Any) -> tuple[Any, Any]:
    """A list or tuple of two; anything else stands for both. Raises ValueError for one of another length."""
    if not isinstance(value, (tuple, list)):
        return value, value
    if len(value) != 2:
        raise ValueError(
            f"{owner}: {argument} must be an integer, (rows, columns) or ((top, bottom), (left, right)); "
            f"received {checks.short_repr(value)}"
        )
    return value[0], value[1]


class ZeroPadding2D(ImageLayer):
    """Zeros around the image.

    Shapes: images (N, H, W, C) to (N, top + H + bottom, left + W + right, C), or with data_format "channels_first" with
    C after N. No parameters.

    padding: one integer for all sides, or (rows, columns), or ((top, bottom), (left, right)). data_format: by default
    the backend's setting when the layer is created.

    Raises TypeError or ValueError for an argument of the wrong kind or value. Source: Keras's ZeroPadding2D.
    """

    def __init__(
        self, padding: GivenBorders = (1, 1), data_format: str | None = None, **options: Unpack[LayerOptions]
    ) -> None:
        super().__init__(data_format, **options)
        self.padding = check_borders(self.name, "padding", padding)

    def output_image(self, image: Pair) -> Pair:
        return image[0] + sum(self.padding[0]), image[1] + sum(self.padding[1])

    def apply(self, x: Array) -> tuple[Array, None]:
        return F.zero_pad(x, self.padding), None

    def apply_backward(self, dy: Array, cache: None) -> Array:
        return F.crop(dy, self.padding)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "padding": list(map(list, self.padding))}


class Cropping2D(ImageLayer):
    """The image without its border.

    Shapes: images (N, H, W, C) to (N, H - top - bottom, W - left - right, C), or with data_format "channels_first" with
    C after N. No parameters.

    cropping: one integer for all sides, or (rows, columns), or ((top, bottom), (left, right)). data_format: by default
    the backend's setting when the layer is created.

    Raises TypeError or ValueError for an argument of the wrong kind or value, and at build where nothing is left.
    Source: Keras's Cropping2D.
    """

    def __init__(
        self,
        cropping: GivenBorders = ((0, 0), (0, 0)),
        data_format: str | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(data_format, **options)
        self.cropping = check_borders(self.name, "cropping", cropping)

    def output_image(self, image: Pair) -> Pair:
        rows, cols = image[0] - sum(self.cropping[0]), image[1] - sum(self.cropping[1])
        if rows < 1 or cols < 1:
            raise ValueError(f"{self.name}: cropping {self.cropping} leaves nothing of an image of {image}")
        return rows, cols

    def apply(self, x: Array) -> tuple[Array, None]:
        return F.crop(x, self.cropping), None

    def apply_backward(self, dy: Array, cache: None) -> Array:
        return F.zero_pad(dy, self.cropping)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "cropping": list(map(list, self.cropping))}


UPSAMPLING = {
    "nearest": (F.upsample_nearest, F.upsample_nearest_backward),
    "bilinear": (F.upsample_bilinear, F.upsample_bilinear_backward),
}
"""For each interpolation its forward and backward."""


class UpSampling2D(ImageLayer):
    """The image enlarged, by repeating its pixels or by interpolating between them.

    Shapes: images (N, H, W, C) to (N, H*rows, W*columns, C), or with data_format "channels_first" with C after N. No
    parameters.

    size: by what factors, one integer or (rows, columns). data_format: by default the backend's setting when the layer
    is created. interpolation: "nearest" or "bilinear".

    Raises TypeError or ValueError for an argument of the wrong kind or value. Source: Keras's UpSampling2D.
    """

    def __init__(
        self,
        size: int | tuple[int, int] = (2, 2),
        data_format: str | None = None,
        interpolation: str = "nearest",
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(data_format, **options)
        self.size = checks.pair(self.name, "size", size)
        lower = interpolation.lower() if isinstance(interpolation, str) else interpolation
        self.interpolation = checks.choice(self.name, "interpolation", lower, UPSAMPLING)

    def output_image(self, image: Pair) -> Pair:
        return image[0] * self.size[0], image[1] * self.size[1]

    def apply(self, x: Array) -> tuple[Array, None]:
        upsample, _ = UPSAMPLING[self.interpolation]
        return upsample(x, self.size), None

    def apply_backward(self, dy: Array, cache: None) -> Array:
        _, upsample_backward = UPSAMPLING[self.interpolation]
        return upsample_backward(dy, self.size)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": list(self.size), "interpolation": self.interpolation}
