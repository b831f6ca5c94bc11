"""A whole batch through a network that trains in micro-batches: for `show/trace.py` and `gradcheck`.

Dropout's masks are drawn for each micro-batch. So a layer that draws random numbers divides the batch here as training
does, and concatenates the outputs; every other one gets it whole. Arrays keep their dtype, complex ones too, and the
fast path is not used.
"""

from collections.abc import Callable, Sequence

import numpy as np

from numpycnn.common.typing import Array, Rng
from numpycnn.engine.training import Position
from numpycnn.layers.chain import Chain
from numpycnn.layers.stage import Cache, Gradients, Path, Stage, Wrapper
from numpycnn.optimizers.base import sum_arrays


def in_one_piece(network: Chain, position: Position, cuts: Sequence[slice]) -> Chain:
    """The network with stages that take a whole batch, and divide it at `cuts` as training does."""
    return network.mapped(lambda stage, path: undivided(stage, position, path, cuts))


def undivided(stage: Stage, position: Position, path: Path, cuts: Sequence[slice]) -> Stage:
    """A stage that takes a whole batch, and gives what `stage` gives for its micro-batches."""
    return SplitStage(stage, position, path, cuts) if stage.uses_rng and not stage.whole_batch else stage


class SplitStage(Wrapper):
    """A layer that divides a batch into its micro-batches, each with its own random numbers."""

    def __init__(self, stage: Stage, position: Position, path: Path, cuts: Sequence[slice]) -> None:
        super().__init__(stage)
        self.cuts = cuts
        self.rng_of: Callable[[int], Rng] = lambda micro: position.rng(micro, *path.indices)

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
        return np.concatenate(dxs), {key: sum_arrays([own[key] for own in gradients]) for key in gradients[0]}

    def inside(self, x: Array, cache: list[Cache]) -> dict[str, Array]:
        """The layer's intermediate values for the whole batch."""
        return self.joined([self.stage.inside(x[rows], own) for rows, own in zip(self.cuts, cache, strict=True)])

    def inside_gradients(self, dy: Array, cache: list[Cache]) -> dict[str, Array]:
        """The gradients of the layer's intermediate values for the whole batch."""
        parts = [self.stage.inside_gradients(dy[rows], own) for rows, own in zip(self.cuts, cache, strict=True)]
        return self.joined(parts)

    def joined(self, parts: Sequence[dict[str, Array]]) -> dict[str, Array]:
        """Arrays by name, concatenated along the batch axis; a single number has none, and is that of the layer."""
        return {key: np.concatenate([part[key] for part in parts]) if np.ndim(a) else a for key, a in parts[0].items()}
