"""One step of training as a pure function: a batch through the layers, the loss, and back. `models.py` has the loop.

    y, caches = forward(x)        each layer's output is the next one's input
    dy        = loss gradient     for softmax and cross-entropy, p - y
    gradients = backward(dy)      the same layers in reverse, each with the cache of its own forward
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from numpycnn.activations import ACTIVATIONS
from numpycnn.layers.base import Cache, Layer
from numpycnn.losses import CategoricalCrossentropy, Loss
from numpycnn.typing import Array, Rng

RngOf = Callable[[int], Rng]
"""The generator for the layer at an index."""


class Objective(NamedTuple):
    """What training makes small: loss(y_true, layers(x)), and how the layers' output is shown to the user."""

    layers: Sequence[Layer]
    loss: Loss
    activation: str
    """Turns the layers' output into the model's; "linear" unless softmax was moved into the loss."""


def objective(layers: Sequence[Layer], loss: Loss) -> Objective:
    """The layers and the loss as they are trained.

    Where the last activation is softmax and the loss a cross-entropy of probabilities, softmax moves from the layer
    into the loss: there the two have the gradient p - y (`losses.py`).
    """
    last = layers[-1]
    if last.activation != "softmax" or not isinstance(loss, CategoricalCrossentropy) or loss.from_logits:
        return Objective(layers, loss, "linear")
    return Objective([*layers[:-1], last.without_activation()], type(loss)(from_logits=True), "softmax")


def forward(layers: Sequence[Layer], x: Array, rng_of: RngOf | None = None) -> tuple[Array, list[Cache]]:
    """x through all layers: the last one's output, and every layer's cache. In training mode where rng_of is given."""
    caches = []
    for index, layer in enumerate(layers):
        x, cache = layer.forward(x, training=rng_of is not None, rng=rng_of(index) if rng_of else None)
        caches.append(cache)
    return x, caches


def infer(layers: Sequence[Layer], x: Array) -> Array:
    """x through all layers, without dropout and without keeping any cache."""
    for layer in layers:
        x, _ = layer.forward(x)
    return x


def backward(layers: Sequence[Layer], dy: Array, caches: Sequence[Cache]) -> tuple[Array, dict[str, Array]]:
    """dy back through all layers: the gradients of the input, and of every parameter as "layer/parameter"."""
    gradients: dict[str, Array] = {}
    for layer, cache in zip(reversed(layers), reversed(caches), strict=True):
        dy, own = layer.backward(dy, cache)
        gradients |= {f"{layer.name}/{key}": gradient for key, gradient in own.items()}
    return dy, gradients


class BatchResult(NamedTuple):
    """What a batch gave: predictions as the user sees them, each example's loss, and in training the gradients."""

    y_pred: Array
    losses: Array
    gradients: dict[str, Array]


def train_batch(goal: Objective, x: Array, y: Any, rng_of: RngOf) -> BatchResult:
    """The losses of a batch with dropout on, and the gradients of their mean with respect to every parameter."""
    z, caches = forward(goal.layers, x, rng_of)
    y = goal.loss.targets(y, z.shape[1:]).astype(z.dtype)
    _, gradients = backward(goal.layers, goal.loss.gradient(y, z) / len(z), caches)
    return BatchResult(ACTIVATIONS[goal.activation].forward(z), goal.loss.value(y, z), gradients)


def evaluate_batch(goal: Objective, x: Array, y: Any) -> BatchResult:
    """The losses of a batch with dropout off."""
    z = infer(goal.layers, x)
    y = goal.loss.targets(y, z.shape[1:]).astype(z.dtype)
    return BatchResult(ACTIVATIONS[goal.activation].forward(z), goal.loss.value(y, z), {})
