"""A batch in one piece through a network that trains in micro-batches: for those who look at it layer by layer.

Dropout's masks are drawn for each micro-batch. So each layer that looks at one example at a time divides the batch here
as training does, and joins what comes out; a layer that looks across the batch gets it whole. All in float64 or complex
numbers as they come, and without the fast path.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from numpycnn.common.randomness import descendant
from numpycnn.common.typing import Array, Rng
from numpycnn.engine.training import Place
from numpycnn.layers.chain import Chain
from numpycnn.layers.stage import Cache, Gradients, Path, Stage


def in_one_piece(network: Chain, place: Place, cuts: Sequence[slice]) -> Chain:
    """The network with stages that take a whole batch, and divide it at `cuts` where training does."""
    return network.mapped(lambda stage, path: stage if stage.whole_batch else SplitStage(stage, place, path, cuts))


class SplitStage(Stage):
    """A layer that works through the micro-batches of a batch by itself, each with its own random numbers."""

    def __init__(self, stage: Stage, place: Place, path: Path, cuts: Sequence[slice]) -> None:
        self.stage, self.name, self.cuts = stage, stage.name, cuts
        self.rng_of: Callable[[int], Rng] = lambda micro: descendant(place.rng(micro), path.indices)

    @property
    def params(self) -> dict[str, Array]:
        return self.stage.params

    @property
    def trainable(self) -> bool:  # type: ignore[override]
        """The layer's."""
        return self.stage.trainable

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, list[Cache]]:
        parts = [
            self.stage.forward(x[rows], training=training, rng=self.rng_of(micro) if training else None)
            for micro, rows in enumerate(self.cuts)
        ]
        ys, caches = zip(*parts, strict=True)
        return np.concatenate(ys), list(caches)

    def backward(self, dy: Array, cache: list[Cache]) -> tuple[Array, Gradients]:
        parts = [self.stage.backward(dy[rows], own) for rows, own in zip(self.cuts, cache, strict=True)]
        dxs, gradients = zip(*parts, strict=True)
        return np.concatenate(dxs), {key: sum_of(own[key] for own in gradients) for key in gradients[0]}

    def inside(self, x: Array, cache: list[Cache]) -> dict[str, Array]:
        """What is inside the layer, of the whole batch."""
        return self.joined([self.stage.inside(x[rows], own) for rows, own in zip(self.cuts, cache, strict=True)])

    def inside_gradients(self, dy: Array, cache: list[Cache]) -> dict[str, Array]:
        """The gradients of what is inside the layer, of the whole batch."""
        parts = [self.stage.inside_gradients(dy[rows], own) for rows, own in zip(self.cuts, cache, strict=True)]
        return self.joined(parts)

    def joined(self, parts: Sequence[dict[str, Array]]) -> dict[str, Array]:
        """Arrays by name, joined along the examples."""
        return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def sum_of(arrays: Any) -> Array:
    """The sum of arrays, in their order."""
    first, *rest = arrays
    for array in rest:
        first = first + array
    return first
