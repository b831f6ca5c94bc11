"""One training step: layers forward, loss, layers backward, optimizer.

`Sequential.fit` does this for each batch, through `engine/training.py`, which divides the batch among workers; the
tests compare its results with this function's.
"""

from collections.abc import Sequence

from numpycnn.common.randomness import children
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
    stages = [penalized(layer) for layer in layers]
    caches, gradients, params = list[Cache](), Gradients(), dict[str, Array]()
    for stage, own_rng in zip(stages, children(rng, len(stages)), strict=True):
        x, cache = stage.forward(x, training=True, rng=own_rng)
        caches.append(cache)
    penalty = weight_penalties(layers) + sum(stage.penalty(cache) for stage, cache in zip(stages, caches, strict=True))
    dx = loss.gradient(y, x) / len(x)  # of the mean over the batch
    for stage, cache in zip(reversed(stages), reversed(caches), strict=True):
        dx, own_gradients = stage.backward(dx, cache)
        gradients |= with_prefix(stage.name, own_gradients)
        params |= with_prefix(stage.name, stage.trained_params)
        stage.set_state(stage.next_state(cache))
    optimizer.update(params, gradients, weight_penalty_gradients(layers))
    constrain(layers)
    return float(loss.value(y, x).mean() + penalty)
