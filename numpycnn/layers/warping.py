"""The layers of data augmentation that move pixels: translation, rotation, zoom and crop, in training alone.

The mathematics is in `functional/warping.py`.
"""

from math import pi
from typing import Any, NamedTuple, Unpack

import numpy as np

from numpycnn import functional as F
from numpycnn.common import checks
from numpycnn.common.typing import Array, Pair, Rng, Shape
from numpycnn.functional.warping import FILL_MODES, INTERPOLATIONS, View
from numpycnn.layers.augmentation import Augmentation, Factor, bounds
from numpycnn.layers.base import Arrays, LayerOptions
from numpycnn.layers.data_format import from_channels_last, join_shape, split_shape, to_channels_last


class WarpLayer(Augmentation):
    """Base class of layers that see images through an affine map. A subclass draws "matrix", (N, 2, 3)."""

    def __init__(
        self,
        fill_mode: str,
        interpolation: str,
        seed: int | None,
        fill_value: float,
        data_format: str | None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(seed, data_format, **options)
        self.fill_mode = checks.choice(self.name, "fill_mode", fill_mode, FILL_MODES)
        self.interpolation = checks.choice(self.name, "interpolation", interpolation, INTERPOLATIONS)
        self.fill_value = checks.number(self.name, "fill_value", fill_value)

    def transform(self, x: Array, drawn: Arrays) -> tuple[Array, View]:
        image = x.shape[1], x.shape[2]
        view = View(drawn["matrix"], image, image, self.interpolation, self.fill_mode)
        return F.warp(x, view, self.fill_value if self.fill_mode == "constant" else 0.0), view

    def transform_backward(self, dy: Array, kept: View) -> Array:
        return F.warp_backward(dy, kept)

    def get_config(self) -> dict[str, Any]:
        own = {key: getattr(self, key) for key in ("fill_mode", "interpolation", "fill_value")}
        return {**super().get_config(), **own}


class RandomTranslation(WarpLayer):
    """In training each image is moved by a random part of its height and of its width; in inference y = x.

    Shapes: images, unchanged.

    height_factor, width_factor: (lower, upper), the bounds of the part, positive for down and for right, each from -1
    to 1; one number f for (-|f|, |f|). fill_mode: what is seen beyond the edge, "constant", "nearest", "reflect" or
    "wrap" (see `functional/warping.py`); fill_value: for "constant". interpolation: "bilinear" or "nearest".
    seed: see `RandomLayer`. data_format: by default the backend's setting when the layer is created.

    Raises TypeError or ValueError for an argument of the wrong kind or value, and at build for what are no images.
    Source: Keras's RandomTranslation.
    """

    def __init__(
        self,
        height_factor: Factor,
        width_factor: Factor,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **options)
        self.height_factor = bounds(self.name, "height_factor", height_factor, at_least=-1.0)
        self.width_factor = bounds(self.name, "width_factor", width_factor, at_least=-1.0)

    def draw(self, shape: Shape, rng: Rng) -> Arrays:
        n, h, w, _ = shape
        rows, cols = rng.uniform(*self.height_factor, n) * h, rng.uniform(*self.width_factor, n) * w
        return {"matrix": F.translation(rows, cols)}

    def get_config(self) -> dict[str, Any]:
        own = {"height_factor": list(self.height_factor), "width_factor": list(self.width_factor)}
        return {**super().get_config(), **own}


class RandomRotation(WarpLayer):
    """In training each image is turned about its center by a random part of a full turn; in inference y = x.

    Shapes: images, unchanged.

    factor: (lower, upper), the bounds of the part, positive for counterclockwise, each from -1 to 1; one number f for
    (-|f|, |f|). The other arguments and errors: as for RandomTranslation. Source: Keras's RandomRotation.
    """

    def __init__(
        self,
        factor: Factor,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **options)
        self.factor = bounds(self.name, "factor", factor, at_least=-1.0)

    def draw(self, shape: Shape, rng: Rng) -> Arrays:
        n, h, w, _ = shape
        return {"matrix": F.rotation(2 * pi * rng.uniform(*self.factor, n), (h, w))}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": list(self.factor)}


class RandomZoom(WarpLayer):
    """In training each image is zoomed about its center by random factors; in inference y = x.

    Shapes: images, unchanged.

    height_factor, width_factor: (lower, upper), bounds of f where 1 + f times as many rows or columns are shown: so a
    positive f zooms out, a negative one in. Each from -1 to 1; one number f is (-|f|, |f|). width_factor=None
    zooms both by the same. The other arguments and errors: as for RandomTranslation. Source: Keras's RandomZoom.
    """

    def __init__(
        self,
        height_factor: Factor,
        width_factor: Factor | None = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **options)
        self.height_factor = bounds(self.name, "height_factor", height_factor, at_least=-1.0)
        self.width_factor = (
            None if width_factor is None else bounds(self.name, "width_factor", width_factor, at_least=-1.0)
        )

    def draw(self, shape: Shape, rng: Rng) -> Arrays:
        n, h, w, _ = shape
        rows = 1.0 + rng.uniform(*self.height_factor, n)
        cols = rows if self.width_factor is None else 1.0 + rng.uniform(*self.width_factor, n)
        return {"matrix": F.zoom(rows, cols, (h, w))}

    def get_config(self) -> dict[str, Any]:
        width_factor = None if self.width_factor is None else list(self.width_factor)
        return {**super().get_config(), "height_factor": list(self.height_factor), "width_factor": width_factor}


class CropCache(NamedTuple):
    """What the backward of RandomCrop needs."""

    top: Array
    """The window's first row: (N,)."""
    left: Array
    x_shape: Shape
    """The input's shape, channels last."""
    resized: View | None
    """How the window was resized, if it was."""


class RandomCrop(Augmentation):
    """In training a random window of each image; in inference, the largest window in the middle, resized.

    Shapes: images (N, H, W, C) to (N, height, width, C). The window in the middle has the sides' ratio of the output,
    rounded to whole pixels, and is resized bilinearly. It is also taken in training, unless the image is larger than
    the output both ways. Keras means the same, but gives all examples of a batch one window, and gives back its input
    in inference.

    height, width: of the output. seed: see `RandomLayer`. data_format: by default the backend's setting.

    Raises TypeError or ValueError for an argument of the wrong kind or value, and at build for what are no images.
    Source: Keras's RandomCrop and smart_resize.
    """

    def __init__(
        self,
        height: int,
        width: int,
        seed: int | None = None,
        data_format: str | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(seed, data_format, **options)
        self.size = checks.size(self.name, "height", height), checks.size(self.name, "width", width)

    def output_shape_for(self, input_shape: Shape) -> Shape:
        _, channels = split_shape(self.name, input_shape, self.data_format)
        return join_shape(self.size, channels, self.data_format)

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, Any]:
        """The cache is (the drawn corners, what the backward needs)."""
        self.check_input(x)
        images = to_channels_last(x, self.data_format)  # (N, H, W, C)
        if training and images.shape[1] > self.size[0] and images.shape[2] > self.size[1]:
            return super().forward(x, training=True, rng=rng)
        y, kept = self.resize_middle(images)
        return from_channels_last(y, self.data_format), ({}, kept)

    def draw(self, shape: Shape, rng: Rng) -> Arrays:
        n, h, w, _ = shape
        return {"top": rng.integers(0, h - self.size[0] + 1, n), "left": rng.integers(0, w - self.size[1] + 1, n)}

    def transform(self, x: Array, drawn: Arrays) -> tuple[Array, CropCache]:
        top, left = drawn["top"], drawn["left"]
        return F.crop_windows(x, top, left, self.size), CropCache(top, left, x.shape, None)

    def resize_middle(self, x: Array) -> tuple[Array, CropCache]:
        """The largest window in the middle, resized."""
        n, h, w, _ = x.shape
        window = largest_window((h, w), self.size)
        top, left = (np.full(n, (whole - part) // 2) for whole, part in zip((h, w), window, strict=True))
        cropped = F.crop_windows(x, top, left, window)
        matrices = np.broadcast_to(F.resizing(window, self.size), (n, 2, 3))
        view = View(matrices, window, self.size, "bilinear", "nearest")
        return F.warp(cropped, view), CropCache(top, left, x.shape, view)

    def transform_backward(self, dy: Array, kept: CropCache) -> Array:
        if kept.resized is not None:
            dy = F.warp_backward(dy, kept.resized)
        return F.crop_windows_backward(dy, kept.top, kept.left, kept.x_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "height": self.size[0], "width": self.size[1]}


def largest_window(image: Pair, size: Pair) -> Pair:
    """The largest window into an image that has the ratio of the sides of another size, in whole pixels."""
    (h, w), (height, width) = image, size
    return max(min(h, w * height // width), 1), max(min(w, h * width // height), 1)
