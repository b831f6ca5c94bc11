"""Batch normalization on the fast path, against the layers and against sums in more digits."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
from cases import LAYOUTS, laid_out
from hypothesis import given
from hypothesis import strategies as st

from numpycnn import Sequential
from numpycnn.common.typing import Array
from numpycnn.engine import fast
from numpycnn.engine.fast import batch_norm
from numpycnn.engine.fast.batch_norm import NormBlock
from numpycnn.engine.fast.folding import Folded, InTraining
from numpycnn.layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPooling2D,
    ReLU,
    Residual,
)
from numpycnn.layers.stage import Gradients, Micro, Stage

BOUNDS = {"float64": 1e-13, "float32": 6e-6}
"""How far the block may be from the layers, in units of the largest value, where means are near 0 or far from it."""


class Result(NamedTuple):
    """What goes out and comes back."""

    y: Array
    dx: Array
    gradients: Gradients
    state: dict[str, Array]


def lockstep(micros: Sequence[Micro[Any]]) -> list[Any]:
    """Passes of several micro-batches, from exchange to exchange."""
    answers: Sequence[Any] = [None] * len(micros)
    ends: list[Any] = []
    while not ends:
        exchanges = []
        for micro, answer in zip(micros, answers, strict=True):
            try:
                exchanges.append(micro.send(answer))
            except StopIteration as end:
                ends.append(end.value)
        answers = exchanges[0].answer([exchange.part for exchange in exchanges]) if exchanges else []
    return ends


def passes(stage: Stage, xs: Sequence[Array], dys: Sequence[Array], *, training: bool = True) -> Result:
    """Forward and backward of a batch in these parts."""
    ys, caches = zip(*lockstep([stage.forward_micro(x, training=training, rng=None) for x in xs]), strict=True)
    back = [stage.backward_micro(dy, cache, to_input=True) for dy, cache in zip(dys, caches, strict=True)]
    dxs, gradients = zip(*lockstep(back), strict=True)
    total = {key: sum(own[key] for own in gradients) for key in gradients[0]}
    return Result(np.concatenate(ys), np.concatenate(dxs), total, stage.next_state(caches[0]))


def built(layers: Sequence[Layer], shape: tuple[int, ...], dtype: Any, seed: int = 0) -> None:
    """Build the layers, with random parameters and state."""
    rng = np.random.default_rng(seed)
    for layer in layers:
        layer.build(shape, rng, dtype)
        for array in {**layer.params, **layer.state}.values():
            array[...] = rng.uniform(0.5, 2, array.shape)


def by_layers(layers: Sequence[Layer], x: Array, dy: Array, *, training: bool = True) -> tuple[Result, Array]:
    """The same layer by layer in one batch, in float64; and what goes into ReLU."""
    caches: list[Any] = []
    z = x = x.astype(np.float64)
    for layer in layers:
        z, (x, cache) = x, layer.forward(x, training=training)
        caches.append(cache)
    dx = dy.astype(np.float64)
    for layer, cache in zip(layers[::-1], caches[::-1], strict=True):
        dx, gradients = layer.backward(dx, cache)
    return Result(x, dx, gradients, layers[0].next_state(caches[0])), z if len(layers) > 1 else np.ones_like(x)


def near(ours: Array, plain: Array, bound: float) -> None:
    assert ours.shape == plain.shape
    np.testing.assert_allclose(ours, plain, rtol=0, atol=bound * max(1, np.abs(plain).max(initial=0)))


@given(
    st.sampled_from(((3, 4, 5), (8, 7, 16), (33, 5), (2, 3, 2, 4), (7,), (700,))),
    st.integers(1, 3),
    st.sampled_from(LAYOUTS),
    st.sampled_from((np.float32, np.float64)),
    st.tuples(st.booleans(), st.booleans(), st.booleans()),
    st.sampled_from((0.0, 2.0, 100.0)),
    st.sampled_from((1, 300, 1 << 17)),
    st.integers(0, 99),
)
def test_the_block_equals_its_layers(
    shape: tuple[int, ...],
    axis: int,
    layout: str,
    dtype: Any,
    options: tuple[bool, bool, bool],
    offset: float,
    tile: int,
    seed: int,
) -> None:
    """The layers in float64, whose sums have digits to spare; the block in two micro-batches of unequal lengths."""
    center, scale, rectified = options
    norm = BatchNormalization(axis=min(axis, len(shape)), center=center, scale=scale)
    layers: list[Layer] = [norm, *([ReLU()] if rectified else [])]
    built(layers, shape, dtype, seed)
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=(5, *shape)) * 2 + offset).astype(dtype)
    dy = rng.normal(size=x.shape).astype(dtype)
    xs, dys = ([laid_out(part, layout) for part in (a[:3], a[3:])] for a in (x, dy))
    plain, z = by_layers(layers, x, dy)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch_norm, "TILE", tile)
        block = passes(NormBlock(layers), xs, dys)
    bound = BOUNDS[np.dtype(dtype).name]
    near(block.y, plain.y, bound)
    if np.abs(z).min() > 1e-4:  # else a sign may differ, and with it what ReLU lets back
        near(block.dx, plain.dx, bound)
        for key, gradient in plain.gradients.items():
            near(block.gradients[key], gradient, 2 * bound)
    for key, moved in plain.state.items():
        assert block.state[key].dtype == dtype
        near(block.state[key], moved, bound)


@pytest.mark.parametrize("training", [False, True])
def test_a_frozen_block_and_inference_use_the_moving_averages(training: bool) -> None:
    layers: list[Layer] = [BatchNormalization(trainable=False), Activation("relu")]
    built(layers, (4, 3, 2), np.float64)
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(2, 6, 4, 3, 2))
    plain, _ = by_layers(layers, x, dy, training=training)
    block = passes(NormBlock(layers), [x], [dy], training=training)
    near(block.y, plain.y, 1e-14)
    near(block.dx, plain.dx, 1e-14)
    assert block.gradients == block.state == {}


def test_parameters_alone_where_nothing_is_before() -> None:
    layers: list[Layer] = [BatchNormalization()]
    built(layers, (4, 3, 2), np.float64)
    block, x = NormBlock(layers), np.random.default_rng(0).normal(size=(5, 4, 3, 2))
    _, cache = block.forward(x, training=True)
    both, alone = (block.needed_gradients(x, cache, to_input=to_input) for to_input in (True, False))
    assert alone[0] is None
    assert both[0] is not None
    for key in ("gamma", "beta"):
        np.testing.assert_array_equal(alone[1][key], both[1][key])


def test_a_large_mean_keeps_the_digits_of_a_small_variance() -> None:
    """In float32 a mean of 10,000 beside a variance of 1: what is left after the rounding of x itself."""
    layers: list[Layer] = [BatchNormalization(epsilon=1e-7)]
    layers[0].build((6, 6, 3), np.random.default_rng(0), np.float32)
    means = np.array([1e4, 0.0, -3e3])
    x = np.random.default_rng(1).normal(means, 1, size=(20, 6, 6, 3)).astype(np.float32)
    y, _ = NormBlock(layers).forward(x, training=True)
    exact = x.astype(np.float64)
    exact = (exact - exact.mean(axis=(0, 1, 2))) / np.sqrt(exact.var(axis=(0, 1, 2)) + 1e-7)
    assert np.abs(y - exact).max() < 2e-6


@pytest.mark.parametrize("shape", [(64, 4, 4, 16), (64, 12, 12, 8), (61, 1, 1, 16), (64, 32, 32, 600), (3, 2, 2, 4)])
def test_rows_are_long_enough_and_no_longer(shape: tuple[int, ...]) -> None:
    """Divided where that leaves them long enough: one row of a whole batch would be summed by a product of one."""
    row = math.prod(batch_norm.Layout(np.zeros(shape, np.float32), 3).row)
    assert math.prod(shape) % row == 0
    assert row >= min(batch_norm.MIN_ROW, math.prod(shape))
    halves = [row // k for k in range(2, row + 1) if row % k == 0 and row // k % shape[3] == 0]
    assert all(half < batch_norm.MIN_ROW for half in halves)


def test_what_is_normalized_by_a_block_and_what_stays() -> None:
    def names(*layers: Layer, channels: int = 2) -> list[str]:
        model = Sequential(layers, seed=0)
        model.build((8, 8, channels))
        return [type(stage).__name__ for _, stage in fast.fused(model).stages]

    class Own(BatchNormalization):
        """A subclass, whose forward may be anything."""

    assert names(BatchNormalization(), ReLU(), MaxPooling2D()) == ["NormBlock", "MaxPooling2D"]
    assert names(BatchNormalization(), Activation("relu")) == ["NormBlock"]
    assert names(BatchNormalization(), Activation("tanh")) == ["NormBlock", "Activation"]
    assert names(BatchNormalization(), ReLU(max_value=6)) == ["NormBlock", "ReLU"]
    assert names(BatchNormalization(activity_regularizer="l2"), ReLU()) == ["BatchNormalization", "ReLU"]
    assert names(Own(), ReLU()) == ["Own", "ReLU"]
    assert names(Flatten(), BatchNormalization(), ReLU()) == ["Flatten", "BatchNormalization", "ReLU"]
    assert names(Flatten(), BatchNormalization(), ReLU(), channels=4) == ["Flatten", "NormBlock"]  # 256 long


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_a_network_trains_alike_on_both_paths(data_format: str) -> None:
    shape, axis = ((6, 6, 2), -1) if data_format == "channels_last" else ((2, 6, 6), 1)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(12, *shape)) + 1, rng.normal(size=(12, 3))

    def conv() -> Conv2D:
        return Conv2D(4, 3, padding="same", data_format=data_format)

    found = []
    for is_fast in (True, False):
        inside = [conv(), BatchNormalization(axis=axis), ReLU(), conv(), BatchNormalization(axis=axis)]
        layers = [conv(), BatchNormalization(axis=axis), Activation("relu"), Residual(inside), ReLU(), Flatten()]
        model = Sequential([*layers, Dense(3)], seed=0, fast=is_fast, dtype="float64")
        model.compile("sgd", "mse")
        model.fit(x, y, batch_size=6, epochs=2, verbose=0)
        found.append([*model.get_weights(), model.predict(x)])
    for ours, plain in zip(*found, strict=True):
        np.testing.assert_allclose(ours, plain, rtol=1e-9, atol=1e-11)


# ---------------------------------------------------------------- folded into the layer before, in inference


def folding_network(layers: Sequence[Layer], shape: tuple[int, ...]) -> Sequential:
    """A network with these layers, whose parameters and state are random."""
    model = Sequential(layers, seed=0, dtype="float64")
    model.build(shape)
    rng = np.random.default_rng(0)
    for layer in model.layers:
        for array in {**layer.params, **layer.state}.values():
            array[...] = rng.uniform(0.5, 2, array.shape)
    return model


def conv(**options: Any) -> Conv2D:
    return Conv2D(4, 3, **options)


@pytest.mark.parametrize(
    ("layers", "shape", "stages"),
    [
        ([conv(), BatchNormalization(), ReLU(), MaxPooling2D()], (9, 8, 2), 3),
        ([conv(use_bias=False), BatchNormalization(scale=False), conv()], (9, 8, 2), 3),
        ([conv(), BatchNormalization(center=False), Activation("tanh"), Dropout(0.5)], (9, 8, 2), 4),
        ([conv(data_format="channels_first"), BatchNormalization(axis=1), ReLU()], (2, 9, 8), 2),
        ([conv(groups=2), BatchNormalization(), ReLU()], (9, 8, 2), 3),
        ([Dense(5), BatchNormalization(), ReLU(), Dense(2)], (6,), 4),
    ],
)
def test_in_inference_a_normalization_goes_into_the_layer_before(
    layers: list[Layer], shape: tuple[int, ...], stages: int
) -> None:
    model = folding_network(layers, shape)
    x = np.random.default_rng(1).normal(size=(5, *shape))
    network = fast.fused(model)
    kinds = [type(stage) for _, stage in network.stages]
    assert kinds[:2] == [Folded, InTraining]
    assert len(kinds) == stages
    assert [index for index, _ in network.stages][-1] == len(layers) - 1
    for _ in range(2):  # and again with other weights, in the same plan
        ours, _ = network.forward(x)
        model.fast = False
        plain = model.predict(x)
        np.testing.assert_allclose(ours, plain, rtol=1e-11, atol=1e-12)
        layers[1].state["moving_mean"][...] += 1
        layers[0].params["kernel"][...] *= 2


def test_what_does_not_go_into_the_layer_before() -> None:
    def kinds(*layers: Layer, shape: tuple[int, ...] = (8, 8, 8)) -> list[str]:
        return [type(stage).__name__ for _, stage in fast.fused(folding_network(layers, shape)).stages]

    assert kinds(conv(activation="relu"), BatchNormalization())[1] == "NormBlock"
    assert kinds(conv(), BatchNormalization(axis=1))[1] == "NormBlock"
    assert kinds(conv(data_format="channels_first"), BatchNormalization())[1] == "NormBlock"
    assert kinds(conv(), ReLU(), BatchNormalization())[1] == "NormBlock"
    assert kinds(conv(activity_regularizer="l2"), BatchNormalization()) == ["Conv2D", "NormBlock"]
    assert kinds(Dense(3, activation="relu"), BatchNormalization(), shape=(4,)) == ["Dense", "BatchNormalization"]


def test_a_step_after_a_prediction_learns_as_before() -> None:
    """What is folded stays out of training, and of the user's layers."""
    x, y = np.random.default_rng(0).normal(size=(6, 8, 8, 2)), np.zeros((6, 3, 3, 4))
    found = []
    for predictions in (0, 1):
        model = folding_network([conv(), BatchNormalization(), ReLU(), MaxPooling2D()], (8, 8, 2))
        model.compile("sgd", "mse")
        for _ in range(predictions):
            model.predict(x)
        model.train_on_batch(x, y)
        found.append(model.get_weights())
    for ours, plain in zip(*found, strict=True):
        np.testing.assert_array_equal(ours, plain)
