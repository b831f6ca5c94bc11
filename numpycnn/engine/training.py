"""One step of training as a pure function: a batch through the layers, the loss, and back.

`models.py` has the loops around it. A step is

    y, caches = forward(x)        each layer's output is the next one's input
    dy        = loss gradient     for softmax and cross-entropy, p - y
    gradients = backward(dy)      the same layers in reverse, each with the cache of its own forward

A batch is worked through in micro-batches, whose gradients are summed in their order. They bound the memory for patches
and caches, and they are what several workers share (`parallel.py`): where a batch is cut depends on its size and on the
network, never on the workers, so any number of them gives the same bytes.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from math import prod
from typing import NamedTuple

import numpy as np

from numpycnn.activations import ACTIVATIONS
from numpycnn.common.randomness import DROPOUT, generator
from numpycnn.common.slices import batches
from numpycnn.common.typing import Array, Map, Rng
from numpycnn.engine.fast import Stage, stages
from numpycnn.engine.fast.scratch import reused
from numpycnn.layers import Activation, Conv2D, Dense, Layer
from numpycnn.layers.base import Cache
from numpycnn.losses import Loss
from numpycnn.optimizers import added

MOST = 250
"""The most examples in a micro-batch."""

PARTS = 4
"""The most micro-batches that a batch is divided into for the workers' sake."""

TERMS = 2
"""The most micro-batches whose gradients are kept apart until they are added up."""

RngOf = Callable[[int], Rng]
"""The generator for a layer's index."""


class Place(NamedTuple):
    """Where in training a batch stands: dropout's masks depend on nothing else."""

    seed: int
    step: int

    def rng(self, micro: int, layer: int) -> Rng:
        """The generator for a layer, given by its index, in a micro-batch, given by its number."""
        return generator(self.seed, DROPOUT, self.step, micro, layer)


class BatchResult(NamedTuple):
    """What a batch gave: the model's predictions, and each example's loss."""

    y_pred: Array
    losses: Array


class Passes(NamedTuple):
    """The layers as they are passed through: each with its index, or blocks of several with that of the last."""

    stages: Sequence[tuple[int, Stage]]
    dtype: np.dtype
    least: int
    """The fewest examples for which dividing a batch pays, in training."""


class Objective(NamedTuple):
    """What training makes small: loss(y_true, layers(x)), and how the layers' output is shown to the user."""

    passes: Passes
    loss: Loss
    activation: str
    """Turns the layers' output into the model's; "linear" unless softmax was moved into the loss."""

    def result(self, y_true: Array, z: Array) -> BatchResult:
        """The predictions and losses for the layers' output z."""
        return BatchResult(ACTIVATIONS[self.activation].forward(z), self.loss.value(y_true, z))


def passes(layers: Sequence[Layer], dtype: np.dtype, *, fast: bool) -> Passes:
    """How the layers are passed through: by the fast path where there is one, or one by one."""
    return Passes(stages(layers) if fast else list(enumerate(layers)), dtype, least_examples(layers))


def objective(layers: Sequence[Layer], loss: Loss, dtype: np.dtype, *, fast: bool) -> Objective:
    """The layers and the loss as they are trained.

    Where the last activation is softmax and the loss knows its form for the scores before it, softmax moves from the
    layer into the loss: for a cross-entropy the two have the gradient p - y (`losses.py`).
    Raises ValueError for a loss of probabilities after a layer that gives scores.
    """
    last, of_scores = layers[-1], loss.with_logits()
    check_probabilities(last, loss)
    if last.activation != "softmax" or of_scores is None:
        return Objective(passes(layers, dtype, fast=fast), loss, "linear")
    return Objective(passes([*layers[:-1], last.without_activation()], dtype, fast=fast), of_scores, "softmax")


def check_probabilities(last: Layer, loss: Loss) -> None:
    """Raise ValueError where a loss takes probabilities and the last layer plainly does not give them."""
    scores = ("linear", "relu", "tanh") if type(last) in (Conv2D, Dense) else ("relu", "tanh")
    if loss.takes_probabilities and type(last) in (Conv2D, Dense, Activation) and last.activation in scores:
        raise ValueError(
            f"{last.name}: its activation {last.activation!r} does not give the probabilities that {loss.name} takes; "
            f"use 'softmax', or the loss {type(loss).__name__}(from_logits=True)"
        )


# ---------------------------------------------------------------- micro-batches


def least_examples(layers: Sequence[Layer]) -> int:
    """The fewest examples of a batch for which dividing it pays.

    Each part's gradients of all parameters are written and added up: that costs as much as there are parameters, and
    must be little beside computing them, which costs as much as there are multiplications for each example.
    """
    parameters = sum(layer.count_params() for layer in layers)
    multiplications = sum(count_multiplications(layer) for layer in layers)
    return 80 + 80 * parameters // max(multiplications, parameters, 1)


def count_multiplications(layer: Layer) -> int:
    """How many multiplications a layer with a kernel makes for one example: for others, none."""
    kernel = layer.params.get("kernel")
    return 0 if kernel is None else kernel.size * prod(layer.output_shape or ()) // kernel.shape[-1]


def micro_batches(count: int, least: int) -> Iterator[slice]:
    """The rows of each micro-batch, as even as can be.

    A batch of fewer than `least` examples is one; from there on it is two, and more where each can have `least`
    examples, up to PARTS; and none has more than MOST.
    """
    parts = 1 if count < least else max(2, min(PARTS, count // least))
    return batches(count, -(-count // max(parts, -(-count // MOST))))


# ---------------------------------------------------------------- training


class TrainingJob(NamedTuple):
    """A micro-batch to learn from: its number, its examples, and how many the whole batch has."""

    micro: int
    x: Array
    y: Array
    batch: int


def train_batch(
    goal: Objective, place: Place, x: Array, y: Array, order: Array, run: Map = map
) -> tuple[BatchResult, list[dict[str, Array]]]:
    """The predictions and losses for the examples x[order], dropout on, and the gradients of their mean loss.

    Of the gradients the terms are returned, at most TERMS, for the optimizer to add up where it needs their sum.
    The micro-batches are cut when they are needed, and cast where they are worked on.
    """
    cuts = [order[rows] for rows in micro_batches(len(order), goal.passes.least)]
    jobs = (TrainingJob(micro, x[rows], y[rows], len(order)) for micro, rows in enumerate(cuts))
    results: list[BatchResult] = []
    terms: list[dict[str, Array]] = []
    for result, gradients in (map if len(cuts) == 1 else run)(partial(learn, goal, place), jobs):
        if len(terms) == TERMS:
            terms = [total(terms)]
        results.append(result)
        terms.append(gradients)
    return join(results), terms


def total(terms: Sequence[dict[str, Array]]) -> dict[str, Array]:
    """The gradients of which these are the terms."""
    return {name: added([term[name] for term in terms]) for name in terms[0]}


def learn(goal: Objective, place: Place, job: TrainingJob) -> tuple[BatchResult, dict[str, Array]]:
    """Forward, loss and backward for one micro-batch; the gradients are of its losses' sum, divided by `batch`."""
    rng_of = partial(place.rng, job.micro)
    with reused():
        z, caches = forward(goal.passes, job.x, rng_of)
        y = goal.loss.targets(job.y, z.shape[1:]).astype(z.dtype)
        gradients = backward(goal.passes, goal.loss.gradient(y, z) / job.batch, caches)
        return goal.result(y, z.copy()), gradients  # a copy: what is inside `reused` stays there


def forward(how: Passes, x: Array, rng_of: RngOf) -> tuple[Array, list[Cache]]:
    """x through all layers in training mode: the last one's output, and every cache."""
    x = prepared(how, x)
    caches = []
    for index, stage in how.stages:
        x, cache = stage.forward(x, training=True, rng=rng_of(index))
        caches.append(cache)
    return x, caches


def backward(how: Passes, dy: Array, caches: Sequence[Cache]) -> dict[str, Array]:
    """dy back through the layers: the gradients of every parameter, as "layer/parameter".

    It ends at the first parameters, for what comes before them is not learnt: not the images, at any rate.
    """
    gradients: dict[str, Array] = {}
    learning = [k for k, (_, stage) in enumerate(how.stages) if stage.params]
    for k in range(len(how.stages) - 1, min(learning, default=len(how.stages)) - 1, -1):
        _, stage = how.stages[k]
        if k == learning[0]:
            own = stage.parameter_gradients(dy, caches[k])
        else:
            dy, own = stage.backward(dy, caches[k])
        gradients |= {f"{stage.name}/{key}": gradient for key, gradient in own.items()}
    return gradients


# ---------------------------------------------------------------- inference


def evaluate(goal: Objective, data: tuple[Array, Array]) -> BatchResult:
    """The predictions and losses for a micro-batch (x, y), dropout off."""
    z = infer(goal.passes, data[0])
    return goal.result(goal.loss.targets(data[1], z.shape[1:]).astype(z.dtype), z)


def infer(how: Passes, x: Array) -> Array:
    """A micro-batch x through all layers, dropout off; no cache is kept."""
    with reused():
        y = prepared(how, x)
        for _, stage in how.stages:
            y, _ = stage.forward(y)
        return y.copy()


def prepared(how: Passes, x: Array) -> Array:
    """A micro-batch in the network's dtype and in one layout of memory, on which the rounding of sums depends."""
    return np.ascontiguousarray(x, how.dtype)


def join(results: Iterable[BatchResult]) -> BatchResult:
    """The results of several micro-batches as one."""
    y_pred, losses = zip(*results, strict=True)
    return BatchResult(np.concatenate(y_pred), np.concatenate(losses))
