"""What regularizers add to the loss and to the gradients, and what constraints do after a step.

Penalties of weights do not depend on the data: they are added once for a batch. A penalty of a layer's output does, and
is computed in the layer's place in the network, by `ActivityPenalty`.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from numpycnn.common.typing import Array, Rng
from numpycnn.layers.base import Layer
from numpycnn.layers.stage import Cache, Exchange, Gradients, Micro, Path, Stage, Wrapper, divided, run_alone
from numpycnn.regularizers import Regularizer


def weight_penalties(layers: Sequence[Layer]) -> Any:
    """The sum of the penalties of all trained parameters with a regularizer; 0.0 where there is none."""
    return sum((regularizer.value(w) for _, w, regularizer in regularized(layers)), start=0.0)


def weight_penalty_gradients(layers: Sequence[Layer]) -> Gradients:
    """Their gradients, by path: "conv2d/kernel"; of the trained parameters with a regularizer alone."""
    return {name: regularizer.gradient(w) for name, w, regularizer in regularized(layers)}


def regularized(layers: Sequence[Layer]) -> Iterator[tuple[str, Array, Regularizer]]:
    """(path, parameter, regularizer) of the trained parameters with a regularizer."""
    for path, layer in leaves(layers):
        for key, regularizer in layer.regularizers.items():
            if key in layer.trained_params:
                yield f"{path}/{key}", layer.params[key], regularizer


def constrain(layers: Sequence[Layer]) -> None:
    """Apply the constraints of all trained parameters, in place."""
    for _, layer in leaves(layers):
        for key, constraint in layer.constraints.items():
            if key in layer.trained_params:
                layer.params[key][...] = constraint(layer.params[key])


def leaves(layers: Sequence[Layer]) -> Iterator[tuple[Path, Layer]]:
    """These layers and those inside them, but for the containers, with their paths."""
    for index, layer in enumerate(layers):
        yield from layer.leaves(Path((layer.name,), (index,)))


# ---------------------------------------------------------------- penalties of outputs


def penalized(stage: Any) -> Any:
    """The stage, or one that adds the penalty of its output where it has an activity regularizer."""
    regularizer = getattr(stage, "activity_regularizer", None)
    return stage if regularizer is None else ActivityPenalty(stage, regularizer)


class Penalty(NamedTuple):
    """A layer's cache, and the penalty of its output."""

    cache: Cache
    value: Any
    """value(y)/N, where y is the output of all micro-batches, and N the number of examples; in the first one alone."""
    gradient: Array
    """Its gradient with respect to this micro-batch's output."""


class ActivityPenalty(Wrapper):
    """A layer whose output has a penalty.

    The output that it is computed of is that of the whole batch, which micro-batches exchange: a regularizer need not
    be a sum over the examples.
    """

    def __init__(self, stage: Stage, regularizer: Regularizer) -> None:
        super().__init__(stage)
        self.regularizer, self.whole_batch = regularizer, True

    def forward_micro(self, x: Array, *, training: bool, rng: Rng | None) -> Micro[tuple[Array, Penalty]]:
        y, cache = yield from self.stage.forward_micro(x, training=training, rng=rng)
        value, gradient = yield Exchange(y, partial(share_penalty, self.regularizer))
        return y, Penalty(cache, value, gradient)

    def backward_micro(self, dy: Array, cache: Penalty, *, to_input: bool) -> Micro[tuple[Array | None, Gradients]]:
        """The gradient of the penalty is added to what comes back to the output."""
        return (yield from self.stage.backward_micro(dy + cache.gradient, cache.cache, to_input=to_input))

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, Penalty]:
        return run_alone(self.forward_micro(x, training=training, rng=rng))

    def backward(self, dy: Array, cache: Penalty) -> tuple[Array, Gradients]:
        return self.stage.backward(dy + cache.gradient, cache.cache)

    def penalty(self, cache: Penalty) -> Any:
        return cache.value

    def next_state(self, cache: Penalty) -> dict[str, Array]:
        return self.stage.next_state(cache.cache)

    def mapped(self, function: Any, path: Path) -> Stage:
        return ActivityPenalty(self.stage.mapped(function, path), self.regularizer)


def share_penalty(regularizer: Regularizer, ys: list[Array]) -> list[tuple[Any, Array]]:
    """(value, gradient) for each micro-batch's output: the penalty of all of them for the first, and 0 for others."""
    whole = np.concatenate(ys)
    gradients = divided(regularizer.gradient(whole) / len(whole), ys)
    values = [regularizer.value(whole) / len(whole)] + [0.0] * (len(ys) - 1)
    return list(zip(values, gradients, strict=True))
