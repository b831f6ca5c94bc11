"""Which layers of a network are computed as one block, and by which way of convolving."""

from collections.abc import Sequence
from typing import TypeVar

from numpycnn.engine.fast.im2col import ConvBlock, Parts
from numpycnn.engine.fast.pooling import NO_POOL
from numpycnn.engine.fast.winograd import WinogradBlock, pays
from numpycnn.functional.window import Window
from numpycnn.layers import Activation, Conv2D, Dropout, Layer, MaxPooling2D
from numpycnn.layers.chain import Chain
from numpycnn.layers.stage import Stage

MAX_TAPS = 256  # winners are numbered in a byte


def fused(chain: Chain) -> Chain:
    """The chain with every convolution that can be a block made one, in the chains inside too."""
    layers, stages, index = chain.layers, list[tuple[int, Stage]](), 0
    while index < len(layers):
        layer, parts = layers[index], parts_at(layers[index:])
        stage: Stage = fused(layer) if isinstance(layer, Chain) else layer
        index += 1 if parts is None else len(parts.names)
        stages.append((index - 1, stage if parts is None else block_of(parts)))
    return chain.with_layers(layers, stages)


def block_of(parts: Parts) -> ConvBlock:
    """The block of these layers, by the way of convolving that is faster for their shapes."""
    return WinogradBlock(parts) if pays(parts.conv) else ConvBlock(parts)


def parts_at(layers: Sequence[Layer]) -> Parts | None:
    """The block at the beginning of these layers, if there is one.

    A block is Conv2D, perhaps Activation("relu"), perhaps MaxPooling2D, perhaps Dropout. The activation must be relu or
    linear; pools must not overlap and must have the convolution's data format. Subclasses do not count.
    """
    conv, *rest = layers
    if type(conv) is not Conv2D or conv.activation not in ("linear", "relu"):
        return None
    names = [conv.name]
    activation = first(rest, Activation)
    relu = activation is not None and activation.activation == "relu"
    if relu:
        names.append(rest.pop(0).name)
    pool = first(rest, MaxPooling2D)
    pooled = pool is not None and pool.data_format == conv.data_format and non_overlapping(pool.window)
    if pooled:
        names.append(rest.pop(0).name)
    dropout = first(rest, Dropout)
    if dropout is not None:
        names.append(dropout.name)
    return Parts(
        conv,
        relu or conv.activation == "relu",
        pool.window if pool is not None and pooled else NO_POOL,
        dropout if dropout is not None and dropout.rate > 0.0 else None,
        tuple(names),
    )


Kind = TypeVar("Kind", bound=Layer)


def first(layers: Sequence[Layer], kind: type[Kind]) -> Kind | None:
    """The first of these layers, if it is of that very class."""
    return layers[0] if layers and type(layers[0]) is kind else None


def non_overlapping(pool: Window) -> bool:
    """Whether a pool's windows do not overlap, and their positions can be numbered in a byte."""
    return pool.size[0] <= pool.strides[0] and pool.size[1] <= pool.strides[1] and pool.count <= MAX_TAPS
