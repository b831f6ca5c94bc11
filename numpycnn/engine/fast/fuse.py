"""A network whose convolutions are fused into blocks with what follows them."""

from collections.abc import Iterator, Sequence
from typing import Any

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
    return container.with_layers(container.layers, inside)


def fused_stages(layers: Sequence[Layer]) -> Iterator[tuple[int, Stage]]:
    """The layers of a chain, and blocks in the place of several, each with the index of its last layer."""
    index = 0
    while index < len(layers):
        layer, parts = layers[index], parts_at(layers[index:])
        index += 1 if parts is None else len(parts.names)
        yield index - 1, layer if parts is None else planned_block(parts)
