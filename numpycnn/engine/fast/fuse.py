"""A network whose convolutions and normalizations are fused into blocks with what comes after them."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from numpycnn.engine.fast.batch_norm import NormBlock, normalization_at
from numpycnn.engine.fast.im2col import ConvBlock
from numpycnn.engine.fast.parts import parts_at
from numpycnn.engine.fast.plan import planned_block
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
    blocks = ConvBlock, NormBlock
    if isinstance(stage, ConvBlock) and isinstance(after, blocks):
        stage.before_block = True
    if isinstance(stage, blocks) and isinstance(after, ConvBlock):
        after.after_block = True


def fused_stages(layers: Sequence[Layer]) -> Iterator[tuple[int, Stage]]:
    """The layers of a chain, and blocks in the place of several, each with the index of its last layer."""
    index = 0
    while index < len(layers):
        first = not any(one.params for one in layers[:index])  # so that no gradient of its input is needed
        stage, count = stage_at(layers[index:], first=first)
        index += count
        yield index - 1, stage


def stage_at(layers: Sequence[Layer], *, first: bool) -> tuple[Stage, int]:
    """The stage that these layers begin with, and how many of them it is."""
    if parts := parts_at(layers):
        return planned_block(parts, first=first), len(parts.names)
    if normalization := normalization_at(layers):
        return NormBlock(normalization), len(normalization)
    return layers[0], 1
