"""Layers that show a network each image in another way in every epoch: data augmentation, in training alone.

Each example draws parameters of its own. Here are the base class, and the layers that leave pixels in their places or
mirror them; `warping.py` has those that move them. The mathematics is in `functional/augmentation.py`. Arguments and
defaults are Keras's, and so is what they mean, also where that may surprise: it is noted there.
"""

from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np

from numpycnn import functional as F
from numpycnn.common import checks
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.layers.base import Arrays, LayerOptions
from numpycnn.layers.data_format import check_data_format, from_channels_last, split_shape, to_channels_last
from numpycnn.layers.random import RandomLayer

Bounds = tuple[float, float]
Factor = float | Sequence[float]


class Augmentation(RandomLayer):
    """Base class of random layers on images. A subclass defines `draw`, `transform` and `transform_backward`.

    These get images (N, H, W, C) in either data format. In inference y = x.
    """

    augments = True

    def __init__(self, seed: int | None, data_format: str | None, **options: Unpack[LayerOptions]) -> None:
        super().__init__(seed, **options)
        self.data_format = check_data_format(self.name, data_format)

    def draw(self, shape: Shape, rng: Rng) -> Arrays:
        """The parameters of a batch of images of that shape: by name, each array (N, ...)."""
        raise NotImplementedError(f"{type(self).__name__} does not define draw")

    def transform(self, x: Array, drawn: Arrays) -> tuple[Array, Any]:
        """The images as the drawn parameters say, and what the backward needs."""
        raise NotImplementedError(f"{type(self).__name__} does not define transform")

    def transform_backward(self, dy: Array, kept: Any) -> Array:
        """The gradient of the images: the transposed map."""
        raise NotImplementedError(f"{type(self).__name__} does not define transform_backward")

    def output_shape_for(self, input_shape: Shape) -> Shape:
        split_shape(self.name, input_shape, self.data_format)
        return input_shape

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, Any]:
        """The cache is (the drawn parameters, what `transform` kept); None in inference."""
        self.check_input(x)
        if not training:
            return x, None
        images = to_channels_last(x, self.data_format)  # (N, H, W, C)
        drawn = self.draw(images.shape, self.generator(rng))
        y, kept = self.transform(images, drawn)
        return from_channels_last(y, self.data_format), (drawn, kept)

    def backward(self, dy: Array, cache: Any) -> tuple[Array, Arrays]:
        if cache is None:
            return dy, {}
        images = to_channels_last(dy, self.data_format)  # (N, OH, OW, C)
        return from_channels_last(self.transform_backward(images, cache[1]), self.data_format), {}

    def inside(self, x: Array, cache: Any) -> Arrays:
        """The drawn parameters of each example; none in inference."""
        return {} if cache is None else dict(cache[0])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}


FLIPS = {"horizontal": (2,), "vertical": (1,), "horizontal_and_vertical": (1, 2)}
"""The axes of images (N, H, W, C) that each mode mirrors."""


class RandomFlip(Augmentation):
    """In training each image is mirrored or not, with equal probability; in inference y = x.

    Shapes: images, unchanged.

    mode: "horizontal" for left and right, "vertical" for top and bottom, "horizontal_and_vertical" for both together,
    or neither, as Keras does. seed: see `RandomLayer`. data_format: by default the backend's setting.

    Raises TypeError or ValueError for an argument of the wrong kind or value, and at build for what are no images.
    Source: Keras's RandomFlip.
    """

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: int | None = None,
        data_format: str | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(seed, data_format, **options)
        self.mode = checks.choice(self.name, "mode", mode, tuple(FLIPS))

    def draw(self, shape: Shape, rng: Rng) -> Arrays:
        return {"flipped": rng.random(shape[0]) <= 0.5}

    def transform(self, x: Array, drawn: Arrays) -> tuple[Array, Array]:
        return F.flip(x, drawn["flipped"], FLIPS[self.mode]), drawn["flipped"]

    def transform_backward(self, dy: Array, kept: Array) -> Array:
        return F.flip(dy, kept, FLIPS[self.mode])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mode": self.mode}


class RandomContrast(Augmentation):
    """In training each image gets a random contrast; in inference y = x.

        y = (x - mean)*f + mean, clipped to value_range        mean: each channel's of each image

    Shapes: images, unchanged.

    factor: (lower, upper), each from 0 to 1, for an f from 1 - lower to 1 + upper; one number is (0, number), so that
    the contrast only grows, as in Keras, whose documentation says otherwise. value_range: (low, high), of the images.
    seed: see `RandomLayer`. data_format: by default the backend's setting when the layer is created.

    Raises TypeError or ValueError for an argument of the wrong kind or value, and at build for what are no images.
    Source: Keras's RandomContrast.
    """

    def __init__(
        self,
        factor: Factor,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(seed, data_format, **options)
        self.factor = bounds(self.name, "factor", factor, at_least=0.0)
        self.value_range = check_range(self.name, value_range)

    def draw(self, shape: Shape, rng: Rng) -> Arrays:
        lower, upper = self.factor
        return {"factor": rng.uniform(1.0 - lower, 1.0 + upper, shape[0])}

    def transform(self, x: Array, drawn: Arrays) -> tuple[Array, tuple[Array, Array]]:
        factor = drawn["factor"].astype(x.real.dtype)
        y, within = F.contrast(x, factor, *self.value_range)
        return y, (factor, within)

    def transform_backward(self, dy: Array, kept: tuple[Array, Array]) -> Array:
        return F.contrast_backward(dy, *kept)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": list(self.factor), "value_range": list(self.value_range)}


class RandomErasing(Augmentation):
    """In training a random rectangle of each image is erased, with a random probability; in inference y = x.

    Shapes: images, unchanged.

    factor: (lower, upper), each from 0 to 1, the bounds of the probability, drawn for each image; one number is
    (0, number), so that 1.0 erases in half of the images, as in Keras. scale: (lower, upper), of the part of the
    image; the rectangle's height and width are the roots of two numbers from there, times the image's. fill_value: a
    number, or three, one for each channel; None for normal noise times the upper end of value_range. value_range:
    (low, high), of the images, to which what is filled in is clipped. seed: see `RandomLayer`. data_format: by default
    the backend's setting when the layer is created.

    Raises TypeError or ValueError for an argument of the wrong kind or value, and at build for what are no images, or
    for three numbers where there are not three channels. Source: Zhong et al. 2020; Keras's RandomErasing.
    """

    def __init__(
        self,
        factor: Factor = 1.0,
        scale: Factor = (0.02, 0.33),
        fill_value: float | Sequence[float] | None = None,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(seed, data_format, **options)
        self.factor = bounds(self.name, "factor", factor, at_least=0.0)
        self.scale = bounds(self.name, "scale", scale, at_least=0.0)
        listed = fill_value if isinstance(fill_value, (list, tuple)) else () if fill_value is None else (fill_value,)
        if isinstance(fill_value, (list, tuple)):
            checks.sequence(self.name, "fill_value", fill_value, length=3)
        self.fill_value = [checks.number(self.name, "fill_value", one) for one in listed]
        self.value_range = check_range(self.name, value_range)

    def output_shape_for(self, input_shape: Shape) -> Shape:
        _, channels = split_shape(self.name, input_shape, self.data_format)
        if len(self.fill_value) == 3 and channels != 3:
            raise ValueError(f"{self.name}: fill_value has three numbers for {channels} channels")
        return input_shape

    def draw(self, shape: Shape, rng: Rng) -> Arrays:
        n, h, w, _ = shape
        height, width = np.sqrt(rng.uniform(*self.scale, (2, n))) * np.array([[h], [w]])
        top, left = rng.random((2, n)) * np.array([h - height, w - width])
        chosen = rng.random(n) < rng.uniform(*self.factor, n)
        erased = F.rectangles(top, left, height, width, (h, w)) & chosen[:, None, None, None]
        fill = np.array(self.fill_value) if self.fill_value else rng.standard_normal(shape) * self.value_range[1]
        filled = np.broadcast_to(np.clip(fill, *self.value_range), shape)
        return {"erased": erased, "fill": filled}

    def transform(self, x: Array, drawn: Arrays) -> tuple[Array, Array]:
        return F.erase(x, drawn["erased"], drawn["fill"].astype(x.real.dtype)), drawn["erased"]

    def transform_backward(self, dy: Array, kept: Array) -> Array:
        return F.erase(dy, kept, np.zeros_like(dy))

    def get_config(self) -> dict[str, Any]:
        value = self.fill_value[0] if len(self.fill_value) == 1 else self.fill_value or None
        own = {"factor": list(self.factor), "scale": list(self.scale), "value_range": list(self.value_range)}
        return {**super().get_config(), **own, "fill_value": value}


# ---------------------------------------------------------------- arguments


def bounds(owner: str, argument: str, value: Factor, *, at_least: float) -> Bounds:
    """(lower, upper) from two numbers in any order, or from one, f: (-|f|, |f|), but (0, |f|) where none is below 0.

    Raises TypeError or ValueError unless they are numbers from `at_least` to 1.
    """
    if isinstance(value, (list, tuple)):
        pair = checks.sequence(owner, argument, value, length=2)
        lower, upper = sorted(checks.number(owner, argument, one, at_least=at_least, at_most=1.0) for one in pair)
        return lower, upper
    most = abs(checks.number(owner, argument, value, at_least=at_least, at_most=1.0))
    return max(-most, at_least), most


def check_range(owner: str, value: Sequence[float]) -> Bounds:
    """(low, high) as two numbers. Raises TypeError or ValueError unless low is at most high."""
    low, high = (
        checks.number(owner, "value_range", one) for one in checks.sequence(owner, "value_range", value, length=2)
    )
    if low > high:
        raise ValueError(f"{owner}: value_range must be (low, high); received {value}")
    return low, high
