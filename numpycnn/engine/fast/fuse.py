"""A network whose convolutions are fused into blocks, each with the algorithm that is faster for its shapes."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from numpycnn.engine.fast import one_axis, winograd
from numpycnn.engine.fast.block import Parts
from numpycnn.engine.fast.im2col import ConvBlock
from numpycnn.engine.fast.one_axis import OneAxisBlock
from numpycnn.engine.fast.parts import parts_at
from numpycnn.engine.fast.winograd import WinogradBlock
from numpycnn.layers import Layer
from numpycnn.layers.chain import Chain
from numpycnn.layers.container import Container
from numpycnn.layers.stage import Stage


def fused(container: Container) -> Any:
    """The container with its convolutions fused into blocks where possible, in nested ones too."""
    stages = list(fused_stages(container.layers) if isinstance(container, Chain) else enumerate(container.layers))
    inside = [(index, fused(stage) if isinstance(stage, Container) else stage) for index, stage in stages]
    if isinstance(container, Chain):
        for (_, stage), (_, after) in pairwise(inside):
            link(stage, after)
    return container.with_layers(container.layers, inside)


def link(stage: Stage, after: Stage) -> None:
    """Let two blocks, one after the other, hand on images as they lie in memory."""
    if isinstance(stage, ConvBlock) and isinstance(after, ConvBlock):
        stage.before_block = after.after_block = True


def fused_stages(layers: Sequence[Layer]) -> Iterator[tuple[int, Stage]]:
    """The layers of a chain, and blocks in the place of several, each with the index of its last layer."""
    index = 0
    while index < len(layers):
        layer, parts, first = layers[index], parts_at(layers[index:]), not any(one.params for one in layers[:index])
        index += 1 if parts is None else len(parts.names)
        yield index - 1, layer if parts is None else block_of(parts, first=first)


def block_of(parts: Parts, *, first: bool) -> ConvBlock:
    """The block of these layers, with the convolution algorithm that is faster for their shapes.

    first: whether they are the first of a chain that have parameters: as a rule their input needs no gradient.
    """
    if winograd.is_faster(parts.conv):
        return WinogradBlock(parts)
    return OneAxisBlock(parts) if one_axis.is_faster(parts, first=first) else ConvBlock(parts)
