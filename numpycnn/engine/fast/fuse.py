"""Which layers of a network are fused into one block, and by which algorithm it convolves."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from numpycnn.activations import linear, relu
from numpycnn.engine.fast.im2col import ConvBlock, Parts
from numpycnn.engine.fast.pooling import NO_POOL
from numpycnn.engine.fast.winograd import WinogradBlock, is_faster
from numpycnn.functional.window import Window
from numpycnn.layers import Activation, Conv2D, Dropout, Layer, MaxPooling2D, ReLU
from numpycnn.layers.chain import Chain
from numpycnn.layers.container import Container
from numpycnn.layers.stage import Stage

MAX_TAPS = 256  # a winner is a uint8


def fused(container: Container) -> Any:
    """The container with its convolutions fused into blocks where possible, in nested ones too."""
    stages = list(fused_stages(container.layers) if isinstance(container, Chain) else enumerate(container.layers))
    inside = [(index, fused(stage) if isinstance(stage, Container) else stage) for index, stage in stages]
    return container.with_layers(container.layers, inside)


def fused_stages(layers: Sequence[Layer]) -> Iterator[tuple[int, Stage]]:
    """The layers of a chain, and blocks in the place of several, each with the index of its last layer."""
    index = 0
    while index < len(layers):
        layer, parts = layers[index], parts_at(layers[index:])
        index += 1 if parts is None else len(parts.names)
        yield index - 1, layer if parts is None else block_of(parts)


def block_of(parts: Parts) -> ConvBlock:
    """The block of these layers, with the convolution algorithm that is faster for their shapes."""
    return WinogradBlock(parts) if is_faster(parts.conv) else ConvBlock(parts)


def parts_at(layers: Sequence[Layer]) -> Parts | None:
    """The parts of the block that these layers begin with, or None.

    A block is Conv2D, then optionally Activation("relu") or ReLU(), MaxPooling2D and Dropout. The convolution must have
    one group, its activation must be relu or linear; pooling windows must not overlap and must have the convolution's
    data format; dropout must be without noise_shape and seed, so that a mask can be drawn tile by tile. Subclasses are
    not fused.
    """
    conv, rest = first(layers, Conv2D), list(layers[1:])
    if conv is None or conv.groups > 1 or conv.activation not in (linear, relu):
        return None
    names = [conv.name]
    activation = first(rest, Activation) or first(rest, ReLU)
    rectified = activation is not None and activation.activation == relu
    if rectified:
        names.append(rest.pop(0).name)
    pool = first(rest, MaxPooling2D)
    pooled = pool is not None and pool.data_format == conv.data_format and non_overlapping(pool.window)
    if pooled:
        names.append(rest.pop(0).name)
    dropout = first(rest, Dropout)
    if dropout is not None and not (dropout.noise_shape is None and dropout.seed is None):
        dropout = None
    if dropout is not None:
        names.append(dropout.name)
    return Parts(
        conv,
        rectified or conv.activation == relu,
        pool.window if pool is not None and pooled else NO_POOL,
        dropout if dropout is not None and dropout.rate > 0.0 else None,
        tuple(names),
    )


Kind = TypeVar("Kind", bound=Layer)


def first(layers: Sequence[Layer], kind: type[Kind]) -> Kind | None:
    """The first of these layers, if it is of exactly that class, and its output has no penalty."""
    return layers[0] if layers and type(layers[0]) is kind and layers[0].activity_regularizer is None else None


def non_overlapping(pool: Window) -> bool:
    """Whether the windows of a pool do not overlap, and their taps can be numbered in a uint8."""
    return pool.size[0] <= pool.strides[0] and pool.size[1] <= pool.strides[1] and pool.count <= MAX_TAPS
