"""One training step: layers forward, loss, layers backward, optimizer.

`Sequential.fit` does this for each batch, through `engine/training.py`, which divides the batch among workers; the
tests compare its results with this function's.
"""

from collections.abc import Sequence

from numpycnn.common.typing import Array, Rng
from numpycnn.layers import Layer
from numpycnn.layers.penalties import constrain, penalized, weight_penalties, weight_penalty_gradients
from numpycnn.layers.stage import Cache, Gradients, with_prefix
from numpycnn.losses import Loss
from numpycnn.optimizers import Optimizer


def training_step(
    layers: Sequence[Layer], loss: Loss, optimizer: Optimizer, x: Array, y: Array, rng: Rng | None = None
) -> float:
    """Update the layers' parameters by one optimizer step on the batch (x, y). Returns the loss before the step.

    The loss is the mean over the batch, and the penalties of the layers' regularizers.

    layers: built; the output of each is the input of the next. x: (N, ...); y: targets in the shape of the last output,
    as `loss.targets` returns them. rng: for dropout; each layer gets a child of it.
    """
    rngs = [None] * len(layers) if rng is None else rng.spawn(len(layers))
    caches, gradients, params, penalty = list[Cache](), Gradients(), dict[str, Array](), weight_penalties(layers)
    stages = [penalized(layer) for layer in layers]
    for stage, own in zip(stages, rngs, strict=True):
        x, cache = stage.forward(x, training=True, rng=own)
        caches.append(cache)
        penalty += stage.penalty(cache)
    dx = loss.gradient(y, x) / len(x)  # of the mean over the batch
    for stage, cache in zip(reversed(stages), reversed(caches), strict=True):
        dx, own_gradients = stage.backward(dx, cache)
        gradients |= with_prefix(stage.name, own_gradients)
        params |= with_prefix(stage.name, stage.trained_params)
    optimizer.update(params, gradients, weight_penalty_gradients(layers))
    constrain(layers)
    for stage, cache in zip(stages, caches, strict=True):
        stage.set_state(stage.next_state(cache))
    return float(loss.value(y, x).mean() + penalty)
