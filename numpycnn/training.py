"""One step of training as a pure function: a batch through the layers, the loss, and back.

`models.py` has the loops around it. A step is

    y, caches = forward(x)        each layer's output is the next one's input
    dy        = loss gradient     for softmax and cross-entropy, p - y
    gradients = backward(dy)      the same layers in reverse, each with the cache of its own forward
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from numpycnn.activations import ACTIVATIONS
from numpycnn.data import batches
from numpycnn.layers import Activation, Conv2D, Dense, Layer
from numpycnn.layers.base import Cache
from numpycnn.losses import Loss
from numpycnn.typing import Array, Rng

MICRO_BATCH = 200
"""How many examples are worked on at a time."""

RngOf = Callable[[int, int], Rng]
"""The generator for a micro-batch's number and a layer's index."""


class BatchResult(NamedTuple):
    """What a batch gave: the model's predictions, and each example's loss."""

    y_pred: Array
    losses: Array


class Objective(NamedTuple):
    """What training makes small: loss(y_true, layers(x)), and how the layers' output is shown to the user."""

    layers: Sequence[Layer]
    loss: Loss
    activation: str
    """Turns the layers' output into the model's; "linear" unless softmax was moved into the loss."""

    def result(self, y_true: Array, z: Array) -> BatchResult:
        """The predictions and losses for the layers' output z."""
        return BatchResult(ACTIVATIONS[self.activation].forward(z), self.loss.value(y_true, z))


def objective(layers: Sequence[Layer], loss: Loss) -> Objective:
    """The layers and the loss as they are trained.

    Where the last activation is softmax and the loss knows its form for the scores before it, softmax moves from the
    layer into the loss: for a cross-entropy the two have the gradient p - y (`losses.py`).
    Raises ValueError for a loss of probabilities after a layer that gives scores.
    """
    last, of_scores = layers[-1], loss.of_scores()
    check_probabilities(last, loss)
    if last.activation != "softmax" or of_scores is None:
        return Objective(layers, loss, "linear")
    return Objective([*layers[:-1], last.without_activation()], of_scores, "softmax")


def check_probabilities(last: Layer, loss: Loss) -> None:
    """Raise ValueError where a loss takes probabilities and the last layer plainly does not give them."""
    scores = ("linear", "relu", "tanh") if type(last) in (Conv2D, Dense) else ("relu", "tanh")
    if loss.takes_probabilities and type(last) in (Conv2D, Dense, Activation) and last.activation in scores:
        raise ValueError(
            f"{last.name}: its activation {last.activation!r} does not give the probabilities that {loss.name} takes; "
            f"use 'softmax', or the loss {type(loss).__name__}(from_logits=True)"
        )


def train_batch(goal: Objective, x: Array, y: Any, rng_of: RngOf) -> tuple[BatchResult, dict[str, Array]]:
    """A batch's predictions and losses, dropout on, and the gradients of the mean loss for every parameter.

    The batch is worked through in micro-batches, whose gradients are summed in their order: so the memory for patches
    and caches does not grow with the batch.
    """
    results: list[BatchResult] = []
    gradients: dict[str, Array] = {}
    for micro, rows in enumerate(batches(len(x), MICRO_BATCH)):
        result, own = loss_and_gradients(goal, x[rows], y[rows], partial(rng_of, micro), len(x))
        results.append(result)
        gradients = {name: gradients[name] + g for name, g in own.items()} if gradients else own
    return join(results), gradients


def loss_and_gradients(
    goal: Objective, x: Array, y: Any, rng_of: Callable[[int], Rng], count: int
) -> tuple[BatchResult, dict[str, Array]]:
    """Forward, loss and backward for one micro-batch; the gradients are of its losses' sum, divided by `count`."""
    z, caches = forward(goal.layers, x, rng_of)
    y = goal.loss.targets(y, z.shape[1:]).astype(z.dtype)
    _, gradients = backward(goal.layers, goal.loss.gradient(y, z) / count, caches)  # the images are not learnt
    return goal.result(y, z), gradients


def forward(layers: Sequence[Layer], x: Array, rng_of: Callable[[int], Rng]) -> tuple[Array, list[Cache]]:
    """x through all layers in training mode: the last one's output, and every layer's cache."""
    caches = []
    for index, layer in enumerate(layers):
        x, cache = layer.forward(x, training=True, rng=rng_of(index))
        caches.append(cache)
    return x, caches


def backward(layers: Sequence[Layer], dy: Array, caches: Sequence[Cache]) -> tuple[Array, dict[str, Array]]:
    """dy back through all layers: the gradients of the input, and of every parameter as "layer/parameter"."""
    gradients: dict[str, Array] = {}
    for layer, cache in zip(reversed(layers), reversed(caches), strict=True):
        dy, own = layer.backward(dy, cache)
        gradients |= {f"{layer.name}/{key}": gradient for key, gradient in own.items()}
    return dy, gradients


def evaluate_batch(goal: Objective, x: Array, y: Any) -> BatchResult:
    """A batch's predictions and losses, dropout off."""
    z = infer(goal.layers, x)
    return goal.result(goal.loss.targets(y, z.shape[1:]).astype(z.dtype), z)


def infer(layers: Sequence[Layer], x: Array) -> Array:
    """x through all layers, dropout off, micro-batch by micro-batch; no cache is kept."""
    outputs = []
    for rows in batches(len(x), MICRO_BATCH):
        y = x[rows]
        for layer in layers:
            y, _ = layer.forward(y)
        outputs.append(y)
    return np.concatenate(outputs)


def join(results: Sequence[BatchResult]) -> BatchResult:
    """The results of several micro-batches as one."""
    y_pred, losses = zip(*results, strict=True)
    return BatchResult(np.concatenate(y_pred), np.concatenate(losses))
