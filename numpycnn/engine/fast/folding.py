"""In inference, a convolution or dense layer and the batch normalization after it are one layer.

With the moving averages mean and variance, and a = gamma/sqrt(variance + epsilon), for each channel

    (conv(x, kernel) + bias - mean)*a + beta = conv(x, kernel*a) + (bias - mean)*a + beta

so the normalization goes into kernel and bias, and what would be fused with the convolution if nothing stood between
them is fused with it. The parameters are multiplied anew for each micro-batch, which costs little and cannot be out of
date; the user's layers keep their own. In training the layers are computed one after the other.
"""

from collections.abc import Sequence
from copy import copy

import numpy as np

from numpycnn import functional as F
from numpycnn.activations import linear
from numpycnn.common.typing import Array, Rng
from numpycnn.engine.fast.block import Block
from numpycnn.engine.fast.parts import first
from numpycnn.layers import BatchNormalization, Conv2D, Dense, Layer
from numpycnn.layers.axes import positive_axis
from numpycnn.layers.stage import Cache, Gradients, Micro, Stage, Wrapper


def normalization_after(layers: Sequence[Layer]) -> BatchNormalization | None:
    """The normalization that can go into the first of these layers, or None: the second, if it is of its channels."""
    layer, norm = first(layers, Conv2D) or first(layers, Dense), first(layers[1:], BatchNormalization)
    if layer is None or norm is None or layer.activation != linear or norm.shape_in is None:
        return None
    axis = positive_axis(norm.name, norm.axis, norm.shape_in)
    channels_first = isinstance(layer, Conv2D) and layer.data_format == "channels_first"
    return norm if axis == (1 if channels_first else len(norm.shape_in)) else None


class Folded(Wrapper):
    """A stage that in inference is another, `whole`, with the normalization in the parameters of its layer.

    There is no backward of an inference.
    """

    def __init__(self, stage: Stage, whole: Stage, layer: Layer, normalization: BatchNormalization) -> None:
        super().__init__(stage)
        self.whole, self.layer, self.normalization = whole, layer, normalization
        self.names, self.way = getattr(stage, "names", (stage.name,)), getattr(stage, "way", "")

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, Cache]:
        stage = self.stage if training else self.in_inference()
        return stage.forward(x, training=training, rng=rng)

    def needed_gradients(self, dy: Array, cache: Cache, *, to_input: bool) -> tuple[Array | None, Gradients]:
        return self.stage.needed_gradients(dy, cache, to_input=to_input)

    def in_inference(self) -> Stage:
        """`whole`, with the parameters as they are now."""
        layer = folded(self.layer, self.normalization)
        if isinstance(self.whole, Block) and isinstance(layer, Conv2D):
            block = copy(self.whole)
            block.conv = layer
            return block
        return layer


class InTraining(Wrapper):
    """A stage that in inference passes its input on."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.names = getattr(stage, "names", (stage.name,))

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, Cache]:
        return self.stage.forward(x, training=training, rng=rng) if training else (x, None)

    def forward_micro(self, x: Array, *, training: bool, rng: Rng | None) -> Micro[tuple[Array, Cache]]:
        if not training:
            return x, None
        return (yield from self.stage.forward_micro(x, training=training, rng=rng))

    def needed_gradients(self, dy: Array, cache: Cache, *, to_input: bool) -> tuple[Array | None, Gradients]:
        return self.stage.needed_gradients(dy, cache, to_input=to_input)

    def backward_micro(self, dy: Array, cache: Cache, *, to_input: bool) -> Micro[tuple[Array | None, Gradients]]:
        return (yield from self.stage.backward_micro(dy, cache, to_input=to_input))


def folded(layer: Layer, norm: BatchNormalization) -> Layer:
    """A copy of the layer, with a bias, that gives what it and the normalization give one after the other."""
    mean, variance = (norm.state[key].astype(np.float64) for key in ("moving_mean", "moving_variance"))
    factor = F.inverse_std(variance, norm.epsilon) * norm.params.get("gamma", 1.0)
    kernel, bias = layer.params["kernel"], layer.params.get("bias", 0.0)
    shifted = (bias - mean) * factor + norm.params.get("beta", 0.0)
    arrays = {"kernel": kernel * factor.astype(kernel.dtype), "bias": shifted.astype(kernel.dtype)}
    return layer.with_arrays(arrays, {})
