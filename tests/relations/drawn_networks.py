"""Small networks that hypothesis draws, and what is done with them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pytest
from cases import integers
from hypothesis import strategies as st
from numeric import same_bits

from numpycnn import Sequential, backend
from numpycnn.common.typing import Array, Rng
from numpycnn.engine import training
from numpycnn.engine.batching import Data
from numpycnn.engine.training import Position
from numpycnn.layers import Activation, Conv2D, Dense, Flatten, Layer, MaxPooling2D
from numpycnn.losses import Loss, MeanSquaredError
from relations.common import counts, generator

OUTPUTS = 4
"""A power of two, and so are the batches: the mean squared error then divides by nothing else, and all is exact."""

sizes = st.sampled_from((1, 2, 4))
"""How many examples a batch has."""


@st.composite
def layers(draw: st.DrawFn, last: str = "linear") -> list[Layer]:
    """A small convolutional network: perhaps a pool, which may overlap, perhaps a second convolution, dense layers."""

    def image() -> Conv2D:
        return Conv2D(
            draw(counts),
            (draw(counts), draw(counts)),
            padding=draw(st.sampled_from(("valid", "same"))),
            dilation_rate=(1, draw(st.integers(1, 2))),
            activation=draw(st.sampled_from(("linear", "relu"))),
            use_bias=draw(st.booleans()),
        )

    shape = draw(st.integers(9, 11)), draw(st.integers(9, 11)), draw(counts)
    made: list[Layer] = [Activation("linear", input_shape=shape), image()]
    if draw(st.booleans()):
        made.append(MaxPooling2D((draw(counts), 2), draw(counts), "same"))
    if draw(st.booleans()):
        made.insert(2, Activation("relu"))
    if draw(st.booleans()):
        made.insert(2, image())
    return [*made, Flatten(), Dense(draw(counts), activation="relu"), Dense(OUTPUTS, activation=last)]


def model_of(made: Sequence[Layer], *, floatx: str = "float64", fast: bool = True) -> Sequential:
    """A model of these layers in that dtype."""
    before = backend.floatx()
    backend.set_floatx(floatx)
    try:
        return Sequential(made, seed=0, fast=fast)
    finally:
        backend.set_floatx(before)


def with_whole_numbers(model: Sequential, rng: Rng) -> Sequential:
    """The model, its weights from -2 to 2."""
    for param in model.params.values():
        param[...] = integers(rng, param.shape, param.dtype, 2)
    return model


def like(model: Sequential, made: Sequence[Layer], *, floatx: str = "float64") -> Sequential:
    """A model of other layers with the same weights, in the same order."""
    other = model_of(made, floatx=floatx, fast=model.fast)
    other.set_weights(model.get_weights())
    return other


def copies(made: Sequence[Layer], **changed: object) -> list[Layer]:
    """The layers anew, not built and with names to come, with other arguments where they have them."""
    configs = [layer.get_config() | {"name": None} for layer in made]
    configs[1:] = [config | {"input_shape": None} for config in configs[1:]]
    return [
        type(layer).from_config(config | {key: value for key, value in changed.items() if key in config})
        for layer, config in zip(made, configs, strict=True)
    ]


def images(model: Sequential, n: int, rng: Rng) -> Array:
    assert model.shape_in is not None
    return integers(rng, (n, *model.shape_in), np.float64, 3)


def examples(model: Sequential, n: int, rng: Rng) -> tuple[Array, Array]:
    """Images of whole numbers, and one-hot targets."""
    return images(model, n, rng), np.eye(OUTPUTS)[rng.integers(0, OUTPUTS, n)]


def learn(
    model: Sequential, x: Array, y: Array, order: Array | None = None, loss: Loss | None = None
) -> dict[str, Array]:
    """The gradients of a batch."""
    objective = training.make_objective(model, loss or MeanSquaredError(), model.dtype, fast=model.fast)
    order = np.arange(len(x)) if order is None else order
    return training.total(training.batch_gradients(objective, Position(0, 0), Data(x, y), order).terms)


def same_gradients(ours: dict[str, Array], theirs: dict[str, Array]) -> None:
    """The same bits, in the same order, whatever the layers' names."""
    for a, b in zip(ours.values(), theirs.values(), strict=True):
        same_bits(a, b)


@contextmanager
def micro_batches_of(most: int) -> Iterator[None]:
    """Batches are cut into pieces of at most that many examples."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "MAX_MICRO_BATCH", most)
        yield


@st.composite
def models(draw: st.DrawFn, last: str = "linear") -> tuple[Sequential, Rng]:
    """A network of whole numbers, and a generator for its data."""
    rng = generator(draw)
    return with_whole_numbers(model_of(draw(layers(last)), fast=draw(st.booleans())), rng), rng
