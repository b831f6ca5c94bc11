"""A training step on a batch that is divided into micro-batches. `step.py` has the same step on one page.

A micro-batch goes forward through the network, into the loss, and back; the gradients of all micro-batches are summed
in order. Micro-batches bound the memory for patches and caches, and are the jobs of the worker pool (`workers.py`). How
a batch is divided depends on its size and the network, never on the workers, so any number of workers gives the same
bytes. Where a layer looks across the batch, all micro-batches exchange data (`layers/stage.py`).
"""

import warnings
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from math import prod
from typing import Any, NamedTuple

import numpy as np

from numpycnn.activations import ActivationFunction, is_own, linear
from numpycnn.common.arithmetic import ceil_div
from numpycnn.common.module_names import add_names_of
from numpycnn.common.randomness import DROPOUT, generator
from numpycnn.common.slices import even_slices
from numpycnn.common.typing import Array, Map, Rng
from numpycnn.engine.batching import Data
from numpycnn.engine.fast import fused
from numpycnn.engine.fast.scratch import scratch_scope
from numpycnn.layers import Conv2D, Dense, Flatten, Layer, Reshape
from numpycnn.layers.chain import Chain
from numpycnn.layers.container import Container
from numpycnn.layers.convolutional import ConvolutionLayer
from numpycnn.layers.costs import multiply_accumulates
from numpycnn.layers.penalties import penalized, weight_penalties, weight_penalty_gradients
from numpycnn.layers.stage import Exchange, Gradients, Micro
from numpycnn.losses import Loss
from numpycnn.optimizers.base import sum_arrays

MAX_MICRO_BATCH = 250
"""Examples."""

MAX_PARTS = 4
"""Micro-batches into which a batch is divided for the sake of the workers."""

MORE_PARTS = 8
"""A batch is divided in more than two where each part has so many times the examples of the smallest divided batch."""

LEAST_EXAMPLES, MOST_EXAMPLES = 16, 250
"""The bounds of the smallest batch that is divided, whatever the network."""

PARAMETER_COST, CALLS_COST, EXCHANGES_COST, COPIES_COST = 96, 12_000_000, 12_000_000, 3
"""The costs of one more micro-batch, and of a convolution's copies, in multiplications: see `min_examples`."""

LEAST_PREDICTED_WORK = 6_000_000
"""The multiplications from which a batch is divided in inference."""

PORTION_BYTES, LEAST_PORTION = 16 << 20, 32
"""Of what goes into a layer and comes out of it, for a portion of a micro-batch in inference; and its examples."""

MAX_TERMS = 2
"""Gradients of micro-batches that are kept before they are summed."""


class Position(NamedTuple):
    """The position of a batch in training: dropout's masks depend on nothing else."""

    seed: int
    step: int

    def rng(self, micro: int, *layer: int) -> Rng:
        """The generator of the micro-batch with that index, or of a layer in it: the child at the layer's index.

        layer: one index for each level of nesting.
        """
        return generator(self.seed, DROPOUT, self.step, micro, *layer)


class BatchResult(NamedTuple):
    """The model's predictions for a batch or micro-batch, each example's loss, and the penalty of layers' outputs.

    That penalty is of all micro-batches together, and stands in the result of the first, as 0 in others.
    """

    y_pred: Array
    losses: Array
    penalty: Any = 0.0


class Objective(NamedTuple):
    """What training minimizes, the mean of loss(y_true, network(x)) and the penalties of the network's regularizers.

    And the activation that turns the network's output into the model's.
    """

    network: Chain
    dtype: np.dtype
    loss: Loss
    activation: ActivationFunction
    """Applied to the network's output to get the predictions; linear unless the last one was moved into the loss."""
    min_examples: int
    """The smallest batch that is divided in training."""
    portion: int
    """The examples whose images fit the cache together, in inference."""

    def without_predictions(self) -> "Objective":
        """The same where nobody looks at the predictions: they are the network's output then."""
        return self._replace(activation=linear)

    def divisor(self, y: Array, weights: Array | None) -> float:
        """What the sum of the losses of a whole batch is divided by: the number of examples, for their mean."""
        return self.loss.divisor(y, self.loss.rows(self.network.shape_out or ()), weights)

    def targets(self, y: Array, z: Array) -> Array:
        """Targets as the loss takes them, for the output z."""
        return self.loss.targets(y, z.shape[1:]).astype(z.dtype)

    def inference_cuts(self, count: int) -> list[slice]:
        """The rows of each micro-batch in an evaluation: all in one where the penalty of an output needs them all."""
        return [slice(0, count)] if has_activity_penalty(self.network) else micro_batches(count)


def make_objective(model: Chain, loss: Loss, dtype: np.dtype, *, fast: bool) -> Objective:
    """The objective of a model: its network and loss as they are trained.

    If the loss can take what the last activation is applied to, that activation moves from the layer into the loss: for
    softmax and cross-entropy the gradient is p - y (`losses/crossentropy.py`). Not so where the output has a penalty.
    """
    from_logits = loss.with_logits()
    *_, (_, last) = model.leaves()
    if from_logits is None or model.activation != loss.link or last.activity_regularizer is not None:
        network, activation = planned(model, fast=fast), linear
    else:
        network, activation, loss = planned(model.without_activation(), fast=fast), model.activation, from_logits
    return Objective(network, dtype, loss, activation, min_examples(model), portion(network, dtype))


def planned(model: Chain, *, fast: bool) -> Chain:
    """The network as it is executed: layer by layer, or with blocks of the fast path; with the penalties of outputs."""
    planned_network: Chain = (fused(model) if fast else model).mapped(lambda stage, _: penalized(stage))
    return planned_network


def has_activity_penalty(network: Chain) -> bool:
    """Whether any layer's output has a penalty."""
    return any(layer.activity_regularizer is not None for _, layer in network.leaves())


def warn_of_scores(model: Chain, loss: Loss) -> None:
    """Warn if a loss takes probabilities and the last layer certainly does not return any."""
    *_, (_, last) = model.leaves()
    activation = last.activation
    may_be = {"exponential", "hard_sigmoid", "sigmoid", "softmax", "softplus", "sparse_sigmoid", "sparsemax"}
    if type(last) not in (Conv2D, Dense):
        may_be.add("linear")  # of what may be probabilities
    if loss.takes_probabilities and not is_own(activation) and activation.name not in may_be:
        from numpycnn.common.older import users_level  # deferred: only warnings need it

        ending = "softmax" if loss.link is None else loss.link.name
        warnings.warn(
            f"{last.name}: its activation {activation.name!r} does not give the probabilities that {loss.name} takes, "
            f"so training may learn nothing; use {ending!r}, or the loss {type(loss).__name__}(from_logits=True)",
            stacklevel=users_level(),
        )


# ---------------------------------------------------------------- micro-batches


def min_examples(network: Chain) -> int:
    """The smallest batch that is divided in two.

    Two micro-batches take more work than one: more calls, and the gradients of all parameters are written twice and
    summed, and their products have fewer rows each. That is modelled as PARAMETER_COST multiplications for each
    parameter, and CALLS_COST. At a layer that looks across the batch each waits for the other, forward and backward:
    EXCHANGES_COST. The batch must have at least as many, so that the work that can be shared outweighs it.
    """
    layers = [layer for _, layer in network.leaves()]
    extra = CALLS_COST + PARAMETER_COST * sum(layer.count_params() for layer in layers)
    extra += EXCHANGES_COST * sum(layer.whole_batch for layer in layers)
    return min(max(ceil_div(extra, max(1, total_work(network))), LEAST_EXAMPLES), MOST_EXAMPLES)


def min_predicted(network: Chain) -> int:
    """The fewest examples that are divided in inference."""
    return min(max(ceil_div(LEAST_PREDICTED_WORK, max(1, total_work(network))), LEAST_EXAMPLES), MAX_MICRO_BATCH)


def portion(network: Chain, dtype: np.dtype) -> int:
    """The examples that go through a planned network together in inference: their images should stay in the cache."""
    return max(LEAST_PORTION, PORTION_BYTES // (largest(network) * dtype.itemsize))


def largest(network: Container) -> int:
    """The numbers that go into a stage of the network and come out of it for one example: the most of any stage.

    A Flatten or Reshape gives what it takes.
    """
    found, begin = 1, 0
    for index, stage in network.stages:
        first, last = network.layers[begin if isinstance(network, Chain) else index], network.layers[index]
        numbers = prod(first.shape_in or ()) + prod(last.shape_out or ()) * (not isinstance(last, (Flatten, Reshape)))
        found, begin = max(found, largest(stage) if isinstance(stage, Container) else numbers), index + 1
    return found


def total_work(network: Chain) -> int:
    """The sum over the layers of `work`."""
    return sum(work(layer) for _, layer in network.leaves())


def work(layer: Layer) -> int:
    """A layer's multiplications for one example; those of a convolution count COPIES_COST times, for its copies."""
    copies = COPIES_COST if isinstance(layer, ConvolutionLayer) else 1
    return multiply_accumulates(layer) * copies if layer.built else 0


def micro_batches(count: int, least: int = MAX_MICRO_BATCH) -> list[slice]:
    """The rows of each micro-batch, as even as possible: their lengths differ by at most one.

    A batch of fewer than `least` examples is not divided for the workers; a larger one is divided in two, or into as
    many as can have MORE_PARTS times `least` each, up to MAX_PARTS. None has more than MAX_MICRO_BATCH examples. Their
    number is even: of three, one of two workers would compute two, and the other wait.
    """
    for_workers = 1 if count < least else max(2, min(MAX_PARTS, count // (MORE_PARTS * least)))
    for_memory = ceil_div(count, MAX_MICRO_BATCH)
    parts = max(for_workers, for_memory)
    return even_slices(count, parts + parts % 2 if parts > 1 else 1)


# ---------------------------------------------------------------- training


class TrainingJob(NamedTuple):
    """A micro-batch to train on: its index and their number, its examples, and what all losses are divided by."""

    micro: int
    micros: int
    data: Data
    divisor: float


class MicroResult(NamedTuple):
    """A micro-batch's part of the batch's result and gradients; the first also has the network's new state."""

    result: BatchResult
    gradients: Gradients
    state: dict[str, Array]


class StepResult(NamedTuple):
    """A batch's result, the terms whose sum is the gradient of the mean of its losses, and the new state."""

    result: BatchResult
    terms: list[Gradients]
    state: dict[str, Array]


def batch_gradients(objective: Objective, position: Position, data: Data, order: Array, run: Map = map) -> StepResult:
    """The result of the batch with the indices `order`, in training mode, and the gradients of its mean loss.

    The gradients are at most MAX_TERMS terms, and one of the penalties of weights, which the optimizer sums part by
    part. Micro-batches are sliced when they are needed, and cast by the worker.
    """
    cuts, meet = micro_batches(len(order), objective.min_examples), objective.network.whole_batch
    divisor = objective.divisor(data.y[order], None if data.weights is None else data.weights[order])
    jobs = (TrainingJob(micro, len(cuts), data.rows(order[rows]), divisor) for micro, rows in enumerate(cuts))
    passes = (Pass(objective, position, job) for job in jobs)
    run = map if len(cuts) == 1 else run
    results: list[BatchResult] = []
    terms: list[Gradients] = []
    state: dict[str, Array] = {}
    for end in run_in_lockstep(passes, run) if meet else run(Pass.advance, passes):
        terms = [total(terms), end.result.gradients] if len(terms) == MAX_TERMS else [*terms, end.result.gradients]
        results.append(end.result.result)
        state |= end.result.state
    if of_weights := weight_penalty_gradients(objective.network.layers):
        terms.append(of_weights)
    return StepResult(join(objective, results, divisor), terms, state)


def learn(objective: Objective, position: Position, job: TrainingJob) -> Micro[MicroResult]:
    """Forward, loss and backward of one micro-batch; the gradients are those of its losses' sum over the divisor."""
    x, network = prepared(job.data.x, objective.dtype), objective.network
    rng = position.rng(job.micro) if network.uses_rng else None
    z, caches = yield from network.forward_micro(x, training=True, rng=rng)
    losses, dz = objective.loss.value_and_gradient(objective.targets(job.data.y, z), z)
    dz = job.data.weighted(dz) / job.divisor
    _, gradients = yield from network.backward_micro(dz, caches, to_input=False)
    y_pred = objective.activation.forward(z.copy())  # a copy: z may be scratch memory
    state = network.next_state(caches) if job.micro == 0 else {}
    return MicroResult(BatchResult(y_pred, job.data.weighted(losses), network.penalty(caches)), gradients, state)


def total(terms: Sequence[Gradients]) -> Gradients:
    """The sum of these terms; gradients that belong to the whole batch are in the first term only."""
    return {name: sum_arrays([term[name] for term in terms if name in term]) for name in terms[0]}


# ---------------------------------------------------------------- passes of micro-batches in lockstep


class Finished(NamedTuple):
    """The end of a pass."""

    result: Any


class Pass:
    """The pass of one micro-batch through the network, which advances from exchange to exchange.

    If the process that ran it was lost, it restarts in this one, and replays the answers that it was given so far.
    """

    def __init__(self, objective: Objective, position: Position, job: TrainingJob) -> None:
        self.objective, self.position, self.job = objective, position, job
        self.answers: list[Any] = []
        self.running: Micro[MicroResult] | None = None

    def advance(self) -> Exchange | Finished:
        """Run to the next exchange, or to the end."""
        with nullcontext() if self.objective.network.whole_batch else scratch_scope():
            try:
                if self.running is not None:
                    return self.running.send(self.answers[-1])
                self.running = learn(self.objective, self.position, self.job)
                exchange = next(self.running)
                for answer in self.answers:
                    exchange = self.running.send(answer)
                return exchange
            except StopIteration as end:
                return Finished(end.value)


def run_in_lockstep(passes: Iterable[Pass], run: Map) -> list[Finished]:
    """Run passes from exchange to exchange until all have finished."""
    passes = list(passes)
    while True:
        steps = list(run(Pass.advance, passes))
        if isinstance(steps[0], Finished):
            return steps
        answers = steps[0].answer([step.part for step in steps])
        for one, answer in zip(passes, answers, strict=True):
            one.answers.append(answer)


# ---------------------------------------------------------------- inference


def evaluate(objective: Objective, data: Data) -> BatchResult:
    """The predictions and losses for a micro-batch, in inference mode."""
    if has_activity_penalty(objective.network):
        with scratch_scope():
            z, caches = objective.network.forward(prepared(data.x, objective.dtype))
            z, penalty = z.copy(), objective.network.penalty(caches)
    else:
        z, penalty = infer(objective.network, objective.dtype, objective.portion, data.x), 0.0
    losses = objective.loss.value(objective.targets(data.y, z), z)
    return BatchResult(objective.activation.forward(z), data.weighted(losses), penalty)


def infer(network: Chain, dtype: np.dtype, size: int, x: Array) -> Array:
    """The network's output for a micro-batch x, in inference mode, portions of that size at a time."""
    outputs = []
    for rows in even_slices(len(x), max(1, ceil_div(len(x), size))):
        with scratch_scope():
            outputs.append(network.forward(prepared(x[rows], dtype))[0].copy())
    return outputs[0] if len(outputs) == 1 else np.concatenate(outputs)


def prepared(x: Array, dtype: np.dtype) -> Array:
    """A micro-batch in the network's dtype and in C order, because the rounding of sums depends on the layout."""
    return np.ascontiguousarray(x, dtype)


def join(objective: Objective, results: Iterable[BatchResult], divisor: float) -> BatchResult:
    """The results of several micro-batches as one, with losses whose mean is what training minimizes.

    That is the sum of the losses over divisor, and the penalties of outputs and of weights.
    """
    y_pred, losses, penalties = zip(*results, strict=True)
    whole = np.concatenate(losses)
    scaled = whole if divisor == len(whole) else whole * (len(whole) / divisor)
    penalty = sum(penalties, start=weight_penalties(objective.network.layers))
    return BatchResult(np.concatenate(y_pred), scaled + float(penalty))


add_names_of("models", __name__)  # in older Keras
