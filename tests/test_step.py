"""`training_step`, a step in fifteen lines, as the oracle of the engine: the same weights, state and losses, to 1e-12.

The engine divides a batch into micro-batches, each with masks of its own; the step has the whole batch in one piece. It
is given a generator that joins what those of the micro-batches draw.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np
import pytest
from cases import data_formats
from faults import Fault, seeded
from hypothesis import given, settings
from hypothesis import strategies as st

from numpycnn import Sequential
from numpycnn.common.typing import Array, Rng
from numpycnn.engine import training
from numpycnn.engine.training import Position, micro_batches
from numpycnn.layers import Activation, BatchNormalization, Conv2D, Dense, Dropout, Flatten, Layer, MaxPooling2D
from numpycnn.layers.normalization import share_moments, share_sums
from numpycnn.losses import CategoricalCrossentropy, Loss, MeanSquaredError, SparseCategoricalCrossentropy
from numpycnn.optimizers import SGD, Adam, Optimizer, RMSprop
from numpycnn.step import training_step

BOUND = 1e-12
CLASSES, EXAMPLES, STEPS = 3, 7, 3


class Joined:
    """The generators of several micro-batches as one: each draws for its own examples."""

    def __init__(self, rngs: Sequence[Rng], counts: Sequence[int]) -> None:
        self.rngs, self.counts = rngs, counts

    def spawn(self, count: int) -> "list[Joined]":
        children = zip(*(rng.spawn(count) for rng in self.rngs), strict=True)
        return [Joined(own, self.counts) for own in children]

    def integers(self, high: int, *, size: tuple[int, ...], dtype: Any) -> Array:
        assert size[0] == sum(self.counts)
        parts = zip(self.rngs, self.counts, strict=True)
        return np.concatenate([rng.integers(high, size=(count, *size[1:]), dtype=dtype) for rng, count in parts])


class Case(NamedTuple):
    """A network and how it is trained."""

    model: Sequential
    loss: Loss
    optimizer: Optimizer
    min_examples: int
    max_micro_batch: int


@st.composite
def image_layers(draw: st.DrawFn, data_format: str, depth: int = 2) -> list[Layer]:
    """Layers of every kind that takes images, and Sequentials of such layers."""
    axis = 1 if data_format == "channels_first" else -1
    kinds: dict[str, Callable[[], Layer]] = {
        "convolution": lambda: Conv2D(
            draw(st.integers(1, 3)),
            draw(st.integers(1, 3)),
            padding="same",
            activation=draw(st.sampled_from(("linear", "relu", "tanh"))),
            use_bias=draw(st.booleans()),
            data_format=data_format,
        ),
        "normalization": lambda: BatchNormalization(axis, momentum=0.5, scale=draw(st.booleans())),
        "activation": lambda: Activation(draw(st.sampled_from(("relu", "sigmoid")))),
        "pool": lambda: MaxPooling2D(draw(st.integers(1, 2)), padding="same", data_format=data_format),
        "dropout": lambda: Dropout(draw(st.sampled_from((0.25, 0.5)))),
        "chain": lambda: Sequential(draw(image_layers(data_format, depth - 1))),
    }
    names = sorted(kinds) if depth else sorted(set(kinds) - {"chain"})
    return [kinds[name]() for name in draw(st.lists(st.sampled_from(names), min_size=1, max_size=3))]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    data_format, depth = draw(data_formats), draw(st.integers(0, 1))
    activation = draw(st.sampled_from(("softmax", "linear")))
    layers = [
        Conv2D(2, 3, data_format=data_format, input_shape=(1, 5, 6) if data_format == "channels_first" else (5, 6, 1)),
        *draw(image_layers(data_format, depth)),
        Flatten(data_format),
        Dense(4, activation="tanh"),
        *([BatchNormalization()] if draw(st.booleans()) else []),
        Dense(CLASSES, activation=activation),
    ]
    model = Sequential(layers, seed=draw(st.integers(0, 99)), fast=draw(st.booleans()), dtype="float64")
    for _, layer in model.leaves():
        layer.trainable = draw(st.integers(0, 4)) > 0
    losses = [CategoricalCrossentropy(activation == "linear"), SparseCategoricalCrossentropy(activation == "linear")]
    loss = draw(st.sampled_from([*losses, MeanSquaredError()]))
    # A bias before batch normalization has the gradient 0; a small epsilon would make large steps of its rounding error.
    adaptive = RMSprop(0.01, epsilon=1e-3), Adam(0.01, epsilon=1e-3)
    optimizer = draw(st.sampled_from((SGD(0.1, momentum=0.5, nesterov=True), *adaptive)))
    return Case(model, loss, deepcopy(optimizer), draw(st.integers(1, 9)), draw(st.integers(2, 9)))


def data(case: Case) -> tuple[Array, Array]:
    rng = np.random.default_rng(case.model.seed)
    x = rng.normal(size=(EXAMPLES, *(case.model.shape_in or ())))
    labels = rng.integers(0, CLASSES, EXAMPLES)
    return x, labels if isinstance(case.loss, SparseCategoricalCrossentropy) else np.eye(CLASSES)[labels]


def joined(case: Case, step: int) -> Any:
    """What the micro-batches of a step draw their masks from."""
    cuts = micro_batches(EXAMPLES, training.min_examples(case.model))
    place = Position(case.model.seed or 0, step)
    return Joined([place.rng(micro) for micro in range(len(cuts))], [cut.stop - cut.start for cut in cuts])


def twin_of(model: Sequential) -> Sequential:
    """Another model with the same weights, frozen where it is."""
    twin = Sequential.from_config(model.get_config())
    twin.set_weights(model.get_weights())
    return twin


def difference(case: Case) -> float:
    """How far the engine's weights, state and losses are from the oracle's, relative to the largest of each array."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "min_examples", lambda network: case.min_examples)
        patch.setattr(training, "MAX_MICRO_BATCH", case.max_micro_batch)
        oracle, optimizer, (x, y) = twin_of(case.model), deepcopy(case.optimizer), data(case)
        case.model.compile(case.optimizer, case.loss)
        targets = case.loss.targets(y, (CLASSES,)).astype(np.float64)
        ours = [case.model.train_on_batch(x, y) for _ in range(STEPS)]
        theirs = [
            training_step(oracle.layers, case.loss, optimizer, x, targets, joined(case, step)) for step in range(STEPS)
        ]
    pairs = zip([np.array(ours), *case.model.get_weights()], [np.array(theirs), *oracle.get_weights()], strict=True)
    return max(float(np.abs(a - b).max() / max(np.abs(b).max(), 1.0)) for a, b in pairs)


@settings(max_examples=settings().max_examples // 4)
@given(cases())
def test_the_engine_does_what_the_step_does(case: Case) -> None:
    assert difference(case) <= BOUND


def everything() -> Case:
    """One network with all that there is."""
    inner = Sequential([Conv2D(2, 3, activation="relu"), MaxPooling2D(2), Dropout(0.5), BatchNormalization()])
    layers = [
        Conv2D(2, 3, activation="relu", input_shape=(9, 9, 1)),
        BatchNormalization(momentum=0.5),
        inner,
        Flatten(),
        Dense(4, activation="relu"),
        Dropout(0.5),
        Dense(CLASSES, activation="softmax"),
    ]
    return Case(Sequential(layers, seed=1, dtype="float64"), CategoricalCrossentropy(), RMSprop(0.01), 1, 2)


FAULTS = {
    "a micro-batch's mean": Fault(training.learn, "/ job.divisor", "/ len(job.data)"),
    "a term lost": Fault(training.total, "term[name] for term in terms if", "term[name] for term in terms[:1] if"),
    "masks of the first micro-batch": Fault(training.learn, "position.rng(job.micro)", "position.rng(0)"),
    "state that stays": Fault(Sequential._learn, "objective.network.set_state(step.state)", "pass"),
    "moments of the first micro-batch": Fault(share_moments, "F.merge_moments(parts)", "parts[0]"),
    "sums of the first micro-batch": Fault(
        share_sums, "for more_dy, more_dy_xhat in rest", "for more_dy, more_dy_xhat in []"
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_the_oracle_sees_faults(name: str) -> None:
    assert difference(everything()) <= BOUND
    with seeded(FAULTS[name]):
        assert difference(everything()) > 1e-6
