"""The layers that are active in training alone, against overfitting. The mathematics is in `functional/dropout.py`."""

from typing import Any, Unpack

import numpy as np

from numpycnn import functional as F
from numpycnn.common import checks
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.layers.base import Layer, LayerOptions


class Dropout(Layer):
    """In training each value is set to 0 with probability `rate`, and otherwise scaled: y = x/(1 - rate).

    In inference y = x. The backward multiplies by the mask of the forward. Shapes: any, unchanged.
    The mask is drawn from the generator passed to `forward`, which a model derives from its seed, the step, the
    micro-batch and the layer's index.

    Raises TypeError or ValueError unless rate is a number from 0 to 1. Source: Srivastava et al. 2014; Keras's Dropout.
    """

    def __init__(self, rate: float, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
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
