"""A training step on a batch that is worked through in micro-batches. `step.py` has the same step in fifteen lines.

A micro-batch goes forward through the network, into the loss, and back; the gradients of all are summed in their order.
Micro-batches bound the memory for patches and caches, and they are what several workers share (`workers.py`): where a
batch is divided depends on its size and on the network, never on the workers, so any number of them gives the same
bytes. Where a layer looks across the batch, all micro-batches meet (`layers/stage.py`).
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from math import prod
from typing import Any, NamedTuple

import numpy as np

from numpycnn.activations import ACTIVATIONS
from numpycnn.common.randomness import DROPOUT, generator
from numpycnn.common.slices import even_slices
from numpycnn.common.typing import Array, Map, Rng
from numpycnn.engine.batching import Data
from numpycnn.engine.fast import fused
from numpycnn.engine.fast.scratch import reused
from numpycnn.layers import Activation, Conv2D, Dense, Layer
from numpycnn.layers.chain import Chain
from numpycnn.layers.stage import Exchange, Gradients, Micro
from numpycnn.losses import Loss
from numpycnn.optimizers import added

MAX_MICRO_BATCH = 250
"""The most examples in a micro-batch."""

MAX_PARTS = 4
"""The most micro-batches that a batch is divided into for the workers' sake."""

MAX_TERMS = 2
"""The most micro-batches whose gradients are kept apart until they are added up."""


class Place(NamedTuple):
    """Where in training a batch stands: dropout's masks depend on nothing else."""

    seed: int
    step: int

    def rng(self, micro: int) -> Rng:
        """The generator for a micro-batch, given by its number; each layer takes a child of it, by its index."""
        return generator(self.seed, DROPOUT, self.step, micro)


class BatchResult(NamedTuple):
    """What a batch gave: the model's predictions, and each example's loss."""

    y_pred: Array
    losses: Array


class Objective(NamedTuple):
    """What training minimises: loss(y_true, network(x)), and how the network's output is shown to the user."""

    network: Chain
    dtype: np.dtype
    loss: Loss
    activation: str
    """Turns the network's output into the model's; "linear" unless softmax was moved into the loss."""
    min_examples: int
    """The fewest examples for which dividing a batch pays, in training."""

    def result(self, y_true: Array, z: Array) -> BatchResult:
        """The predictions and losses for the network's output z."""
        return BatchResult(ACTIVATIONS[self.activation].forward(z), self.loss.value(y_true, z))

    def targets(self, y: Array, z: Array) -> Array:
        """Targets as the loss takes them, for the output z."""
        return self.loss.targets(y, z.shape[1:]).astype(z.dtype)


def objective(model: Chain, loss: Loss, dtype: np.dtype, *, fast: bool) -> Objective:
    """The network and the loss as they are trained.

    Where the last activation is softmax and the loss can take logits, softmax moves from the layer into the loss: for a
    cross-entropy the two have the gradient p - y (`losses.py`).
    Raises ValueError for a loss of probabilities after a layer that gives logits.
    """
    from_logits = loss.with_logits()
    check_probabilities(model, loss)
    if model.activation != "softmax" or from_logits is None:
        return Objective(planned(model, fast=fast), dtype, loss, "linear", min_examples(model))
    logits = planned(model.without_activation(), fast=fast)
    return Objective(logits, dtype, from_logits, "softmax", min_examples(model))


def planned(model: Chain, *, fast: bool) -> Chain:
    """The network as passes go through it: layer by layer, or by the fast path where there is one."""
    return fused(model) if fast else model.mapped(lambda stage, _: stage)


def check_probabilities(model: Chain, loss: Loss) -> None:
    """Raise ValueError where a loss takes probabilities and the last layer plainly does not give them."""
    *_, (_, last) = model.leaves()
    not_probabilities = ("linear", "relu", "tanh") if type(last) in (Conv2D, Dense) else ("relu", "tanh")
    known = type(last) in (Conv2D, Dense, Activation)
    if loss.takes_probabilities and known and last.activation in not_probabilities:
        raise ValueError(
            f"{last.name}: its activation {last.activation!r} does not give the probabilities that {loss.name} takes; "
            f"use 'softmax', or the loss {type(loss).__name__}(from_logits=True)"
        )


# ---------------------------------------------------------------- micro-batches


def min_examples(network: Chain) -> int:
    """The fewest examples of a batch for which dividing it pays.

    Each part's gradients of all parameters are written and added up: that costs as much as there are parameters, and
    must be little beside computing them, which costs as much as there are multiplications for each example.
    """
    layers = [layer for _, layer in network.leaves()]
    parameters = sum(layer.count_params() for layer in layers)
    multiplications = sum(count_multiplications(layer) for layer in layers)
    return 80 + 80 * parameters // max(multiplications, parameters, 1)


def count_multiplications(layer: Layer) -> int:
    """How many multiplications a layer with a kernel makes for one example: for others, none."""
    kernel = layer.params.get("kernel")
    return 0 if kernel is None else kernel.size * prod(layer.output_shape or ()) // kernel.shape[-1]


def micro_batches(count: int, least: int = MAX_MICRO_BATCH) -> list[slice]:
    """The rows of each micro-batch, as even as can be: their lengths differ by one at most.

    A batch of fewer than `least` examples is one; from there on it is two, and more where each can have `least`,
    up to MAX_PARTS; and none has more than MAX_MICRO_BATCH.
    """
    for_workers = 1 if count < least else max(2, min(MAX_PARTS, count // least))
    for_memory = -(-count // MAX_MICRO_BATCH)  # ceil
    return even_slices(count, max(for_workers, for_memory))


# ---------------------------------------------------------------- training


class TrainingJob(NamedTuple):
    """A micro-batch to learn from: its number, its examples, and how many the whole batch has."""

    micro: int
    data: Data
    batch: int


class MicroResult(NamedTuple):
    """What a micro-batch gave: its part of the batch's result and gradients; the first also the network's new state."""

    result: BatchResult
    gradients: Gradients
    state: dict[str, Array]


class StepResult(NamedTuple):
    """What a batch gave: its result, the terms whose sum are the gradients of its mean loss, and the new state."""

    result: BatchResult
    terms: list[Gradients]
    state: dict[str, Array]


def batch_gradients(goal: Objective, place: Place, data: Data, order: Array, run: Map = map) -> StepResult:
    """The result of the batch that `order` names, dropout on, and the gradients of its mean loss.

    The gradients are terms, at most MAX_TERMS, for the optimizer to add up where it needs their sum. Micro-batches are
    cut when they are needed, and cast where they are worked on.
    """
    cuts, meet = micro_batches(len(order), goal.min_examples), goal.network.whole_batch
    jobs = (TrainingJob(micro, data.rows(order[rows]), len(order)) for micro, rows in enumerate(cuts))
    passes = (Pass(partial(learn, goal, place, job), nullcontext if meet else reused) for job in jobs)
    run = map if len(cuts) == 1 else run
    results: list[BatchResult] = []
    terms: list[Gradients] = []
    state: dict[str, Array] = {}
    for end in side_by_side(passes, run) if meet else run(Pass.advance, passes):
        terms = [total(terms), end.result.gradients] if len(terms) == MAX_TERMS else [*terms, end.result.gradients]
        results.append(end.result.result)
        state |= end.result.state
    return StepResult(join(results), terms, state)


def learn(goal: Objective, place: Place, job: TrainingJob) -> Micro[MicroResult]:
    """Forward, loss and backward of one micro-batch; the gradients are of its losses' sum, divided by `batch`."""
    x = prepared(job.data.x, goal.dtype)
    z, caches = yield from goal.network.forward_micro(x, training=True, rng=place.rng(job.micro))
    y = goal.targets(job.data.y, z)
    dz = job.data.weighted(goal.loss.gradient(y, z)) / job.batch
    _, gradients = yield from goal.network.backward_micro(dz, caches, to_input=False)
    result = goal.result(y, z.copy())  # a copy: z may be lent memory
    state = goal.network.next_state(caches) if job.micro == 0 else {}
    return MicroResult(result._replace(losses=job.data.weighted(result.losses)), gradients, state)


def total(terms: Sequence[Gradients]) -> Gradients:
    """The gradients of which these are the terms; one that belongs to the whole batch stands in the first alone."""
    return {name: added([term[name] for term in terms if name in term]) for name in terms[0]}


# ---------------------------------------------------------------- passes of micro-batches, side by side


class Finished(NamedTuple):
    """The end of a pass."""

    result: Any


class Pass:
    """One micro-batch's way through the network, which goes on from one exchange to the next.

    In another process it starts anew: the answers that it was given so far lead it to where it was.
    """

    def __init__(self, start: Callable[[], Micro[Any]], memory: Callable[[], AbstractContextManager[None]]) -> None:
        self.start, self.memory = start, memory
        self.answers: list[Any] = []
        self.running: Micro[Any] | None = None

    def advance(self) -> Exchange | Finished:
        """Go on to the next exchange, or to the end."""
        with self.memory():
            try:
                if self.running is not None:
                    return self.running.send(self.answers[-1])
                self.running = self.start()
                exchange = next(self.running)
                for answer in self.answers:
                    exchange = self.running.send(answer)
                return exchange
            except StopIteration as end:
                return Finished(end.value)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "running": None}


def side_by_side(passes: Iterable[Pass], run: Map) -> list[Finished]:
    """The ends of passes that meet at exchanges: at each all go on with their answers."""
    passes = list(passes)
    while True:
        steps = list(run(Pass.advance, passes))
        if isinstance(steps[0], Finished):
            return steps
        answers = steps[0].answer([step.part for step in steps])
        for one, answer in zip(passes, answers, strict=True):
            one.answers.append(answer)


# ---------------------------------------------------------------- inference


def evaluate(goal: Objective, data: Data) -> BatchResult:
    """The predictions and losses for a micro-batch, dropout off."""
    z = infer(goal.network, goal.dtype, data.x)
    result = goal.result(goal.targets(data.y, z), z)
    return result._replace(losses=data.weighted(result.losses))


def infer(network: Chain, dtype: np.dtype, x: Array) -> Array:
    """A micro-batch x through the network, dropout off; no cache is kept."""
    with reused():
        return network.forward(prepared(x, dtype))[0].copy()


def prepared(x: Array, dtype: np.dtype) -> Array:
    """A micro-batch in the network's dtype and in one layout of memory, on which the rounding of sums depends."""
    return np.ascontiguousarray(x, dtype)


def join(results: Iterable[BatchResult]) -> BatchResult:
    """The results of several micro-batches as one."""
    y_pred, losses = zip(*results, strict=True)
    return BatchResult(np.concatenate(y_pred), np.concatenate(losses))
