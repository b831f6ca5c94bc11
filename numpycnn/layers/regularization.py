"""The layers against overfitting: those that put noise on their input in training, and one that penalizes it.

The mathematics is in `functional/dropout.py`.
"""

from collections.abc import Sequence
from math import sqrt
from typing import Any, Unpack

import numpy as np

from numpycnn import functional as F
from numpycnn.common import checks
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.layers.base import CommonOptions, Layer, LayerOptions
from numpycnn.layers.data_format import check_data_format, split_shape
from numpycnn.layers.random import RandomLayer
from numpycnn.regularizers import L1L2


class Dropout(RandomLayer):
    """In training each value is set to 0 with probability `rate`, and otherwise scaled: y = x/(1 - rate).

    In inference y = x. The backward multiplies by the mask of the forward. Shapes: any, unchanged.
    The mask is drawn from the generator passed to `forward`, which a model derives from its seed, the step, the
    micro-batch and the layer's index.

    noise_shape: the mask's shape, with the batch axis: None for an axis's own length, 1 for an axis along which all
    values are dropped together, as in (None, 1, 1, 8) for whole channels of 8. With a number for the batch the layer
    gets the whole batch at once, whose length then must be that or, for 1, may be any. seed: see `RandomLayer`.

    Raises TypeError or ValueError unless rate is a number from 0 to 1, and noise_shape None or a list of positive
    integers and None; and at build, or for the batch in training, where noise_shape does not fit the input.
    Source: Srivastava et al. 2014; Keras's Dropout.
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(seed, **options)
        self.rate = checks.number(self.name, "rate", rate, at_least=0.0, at_most=1.0)
        self.noise_shape = None if noise_shape is None else check_noise_shape(self.name, noise_shape)
        self.whole_batch = self.noise_shape is not None and self.noise_shape[0] is not None

    def output_shape_for(self, input_shape: Shape) -> Shape:
        if self.noise_shape is not None:
            self.check_noise(self.noise_shape[1:], input_shape)
        return input_shape

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, Array | None]:
        """The cache is the mask, in a shape that repeats to that of x, or None if nothing was dropped."""
        self.check_input(x)
        if not training or self.rate == 0.0:
            return x, None
        scale = F.dropout_scale(self.rate, x.real.dtype)  # .real: a mask is real for complex x too
        mask = self.draw(self.mask_shape(x.shape), rng) * scale
        return x * mask, mask

    def mask_shape(self, shape: Shape) -> Shape:
        """The shape of the mask of a batch of that shape."""
        if self.noise_shape is None:
            return shape
        self.check_noise(self.noise_shape[:1], shape[:1])
        return tuple(size if noise is None else noise for noise, size in zip(self.noise_shape, shape, strict=True))

    def check_noise(self, noise_shape: Sequence[int | None], shape: Shape) -> None:
        """Raise ValueError unless a mask of that shape repeats to the other shape."""
        if len(noise_shape) != len(shape) or any(
            noise not in (None, 1, size) for noise, size in zip(noise_shape, shape, strict=True)
        ):
            raise ValueError(f"{self.name}: noise_shape {self.noise_shape} does not repeat to {shape}")

    def draw(self, shape: Shape, rng: Rng | None) -> Array:
        """A random mask of the values to keep, of that shape. Raises ValueError if rng is None."""
        return F.dropout_kept(shape, self.rate, self.generator(rng))

    def inside(self, x: Array, cache: Array | None) -> dict[str, Array]:
        """The factor of each value: 0 or 1/(1 - rate); in inference 1."""
        return {"mask": np.ones_like(x) if cache is None else np.broadcast_to(cache, x.shape)}

    def get_config(self) -> dict[str, Any]:
        noise_shape = None if self.noise_shape is None else list(self.noise_shape)
        return {**super().get_config(), "rate": self.rate, "noise_shape": noise_shape}


class SpatialDropout2D(Dropout):
    """In training each channel of each image is set to 0 with probability `rate`, and otherwise scaled by 1/(1 - rate).

    Neighboring pixels of a channel say much the same, so that Dropout, pixel by pixel, would take little away.
    In inference y = x. Shapes: images, unchanged. data_format: by default the backend's setting when the layer is
    created. seed: see `RandomLayer`. Raises as Dropout does, and at build for what are no images.
    Source: Tompson et al. 2015; Keras's SpatialDropout2D.
    """

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(rate, None, seed, **options)
        self.data_format = check_data_format(self.name, data_format)

    def output_shape_for(self, input_shape: Shape) -> Shape:
        split_shape(self.name, input_shape, self.data_format)
        return input_shape

    def mask_shape(self, shape: Shape) -> Shape:
        n, *example = shape
        _, channels = split_shape(self.name, tuple(example), self.data_format)
        return (n, channels, 1, 1) if self.data_format == "channels_first" else (n, 1, 1, channels)

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), "data_format": self.data_format}
        del config["noise_shape"]
        return config


class AlphaDropout(Dropout):
    """Dropout after selu: in training each value is set to selu's limit with probability `rate`; then all are scaled.

        y = a * (x if kept else f) + b        f = -1.758, and a and b keep mean 0 and variance 1: see `functional`

    In inference y = x. The backward multiplies by the factors of the forward: a where kept, else 0. Shapes: any,
    unchanged. noise_shape, seed: as for Dropout. Raises as Dropout does, and for a rate of 1, where a is infinite.
    Source: Klambauer et al. 2017; Keras's AlphaDropout.
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(rate, noise_shape, seed, **options)
        checks.number(self.name, "rate", self.rate, at_least=0.0, below=1.0)

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, Array | None]:
        """The cache is the factor of each value, in a shape that repeats to that of x, or None where y = x."""
        self.check_input(x)
        if not training or self.rate == 0.0:
            return x, None
        kept = self.draw(self.mask_shape(x.shape), rng)
        factor, shift = F.alpha_dropout(kept, self.rate, x.real.dtype)
        return x * factor + shift, factor

    def inside(self, x: Array, cache: Array | None) -> dict[str, Array]:
        """The factor of each value: 0 where it is dropped; in inference 1."""
        return {"factor": super().inside(x, cache)["mask"]}


class GaussianNoise(RandomLayer):
    """In training a number is added to each value, drawn with mean 0 and standard deviation `stddev`.

        y = x + stddev * g        g standard normal

    In inference y = x. The backward gives dy on unchanged. Shapes: any, unchanged. seed: see `RandomLayer`.
    Raises TypeError or ValueError unless stddev is a number from 0 to 1. Source: Keras's GaussianNoise.
    """

    def __init__(self, stddev: float, seed: int | None = None, **options: Unpack[LayerOptions]) -> None:
        super().__init__(seed, **options)
        self.stddev = checks.number(self.name, "stddev", stddev, at_least=0.0, at_most=1.0)

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, Array | None]:
        """The cache is the noise, or None if there was none."""
        self.check_input(x)
        if not training or self.stddev == 0.0:
            return x, None
        noise = F.normal_noise(x.shape, self.stddev, self.generator(rng), x.real.dtype)
        return x + noise, noise

    def backward(self, dy: Array, cache: Array | None) -> tuple[Array, dict[str, Array]]:
        return dy, {}

    def inside(self, x: Array, cache: Array | None) -> dict[str, Array]:
        """What was added to each value; in inference 0."""
        return {"noise": np.zeros_like(x) if cache is None else cache}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "stddev": self.stddev}


class GaussianDropout(RandomLayer):
    """In training each value is multiplied by a number with mean 1 and the variance of Dropout's factors.

        y = x * (1 + sqrt(rate/(1 - rate)) * g)        g standard normal

    In inference y = x. The backward multiplies by the factors of the forward. Shapes: any, unchanged. seed: see
    `RandomLayer`. Raises TypeError or ValueError unless rate is a number from 0 to below 1, where the variance is
    finite. Source: Srivastava et al. 2014, section 10; Keras's GaussianDropout.
    """

    def __init__(self, rate: float, seed: int | None = None, **options: Unpack[LayerOptions]) -> None:
        super().__init__(seed, **options)
        self.rate = checks.number(self.name, "rate", rate, at_least=0.0, below=1.0)

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, Array | None]:
        """The cache is each value's factor, or None where y = x."""
        self.check_input(x)
        if not training or self.rate == 0.0:
            return x, None
        stddev = sqrt(self.rate / (1.0 - self.rate))
        factor = 1.0 + F.normal_noise(x.shape, stddev, self.generator(rng), x.real.dtype)
        return x * factor, factor

    def inside(self, x: Array, cache: Array | None) -> dict[str, Array]:
        """The factor of each value; in inference 1."""
        return {"factor": np.ones_like(x) if cache is None else cache}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate}


class ActivityRegularization(Layer):
    """y = x, with a penalty of y in the loss: l1 * sum |y| + l2 * sum y^2, divided by the number of examples.

    Shapes: any, unchanged. l1, l2: numbers of at least 0. Raises TypeError or ValueError for others.
    Source: Keras's ActivityRegularization.
    """

    uses_rng = False

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **options: Unpack[CommonOptions]) -> None:
        super().__init__(activity_regularizer=L1L2(l1, l2), **options)

    def output_shape_for(self, input_shape: Shape) -> Shape:
        return input_shape

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, None]:
        self.check_input(x)
        return x, None

    def backward(self, dy: Array, cache: None) -> tuple[Array, dict[str, Array]]:
        return dy, {}

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        factors = config.pop("activity_regularizer")["config"]
        return {**config, **factors}


def check_noise_shape(owner: str, value: Sequence[int | None]) -> tuple[int | None, ...]:
    """The shape of a mask, with the batch axis. Raises TypeError or ValueError for anything else."""
    sizes = checks.sequence(owner, "noise_shape", value)
    if not sizes:
        raise ValueError(f"{owner}: noise_shape must begin with the batch axis; received {checks.short_repr(value)}")
    return tuple(None if size is None else checks.size(owner, "noise_shape", size) for size in sizes)
