"""A network whose convolutions and normalizations are fused into blocks with what comes after them."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from numpycnn.engine.fast.batch_norm import NormBlock, normalization_at
from numpycnn.engine.fast.folding import Folded, InTraining, normalization_after
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
        link([stage for _, stage in inside])
    return container.with_layers(container.layers, inside)


def link(stages: Sequence[Stage]) -> None:
    """Let blocks, one after the other, hand on images as they lie in memory: in training, and in inference."""
    blocks = ConvBlock, NormBlock
    in_training = [stage.stage if isinstance(stage, (Folded, InTraining)) else stage for stage in stages]
    for stage, after in pairwise(in_training):
        if isinstance(stage, ConvBlock):
            stage.before_block = isinstance(after, blocks)
        if isinstance(after, ConvBlock):
            after.after_block = isinstance(stage, blocks)
    there = [stage for stage in stages if not isinstance(stage, InTraining)]
    in_inference = [stage.whole if isinstance(stage, Folded) else stage for stage in there]
    for stage, after in pairwise(in_inference):
        if isinstance(stage, ConvBlock):
            stage.before_block = isinstance(after, blocks)


def fused_stages(layers: Sequence[Layer]) -> Iterator[tuple[int, Stage]]:
    """The layers of a chain, and blocks in the place of several, each with the index of its last layer."""
    index = 0
    while index < len(layers):
        first = not any(one.params for one in layers[:index])  # so that no gradient of its input is needed
        for stage, count in folded_at(layers[index:], first=first) or [stage_at(layers[index:], first=first)]:
            index += count
            yield index - 1, stage


def stage_at(layers: Sequence[Layer], *, first: bool) -> tuple[Stage, int]:
    """The stage that these layers begin with, and how many of them it is."""
    if parts := parts_at(layers):
        return planned_block(parts, first=first), len(parts.names)
    if normalization := normalization_at(layers):
        return NormBlock(normalization), len(normalization)
    return layers[0], 1


def folded_at(layers: Sequence[Layer], *, first: bool) -> list[tuple[Stage, int]]:
    """The stages that these layers begin with where a normalization goes into the layer before it; or none."""
    norm = normalization_after(layers)
    if norm is None:
        return []
    layer, *rest = layers
    alone, _ = stage_at([layer], first=first)
    whole, count = stage_at([layer, *rest[1:]], first=first)
    stages: list[tuple[Stage, int]] = [(Folded(alone, whole, layer, norm), 1)]
    done = 0  # of the layers that are part of `whole`, the normalization included
    while done < count:
        stage, covered = stage_at(rest[done:count], first=False)
        stages.append((InTraining(stage), covered))
        done += covered
    return stages
