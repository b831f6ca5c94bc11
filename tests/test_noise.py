"""Dropout of whole channels and by a noise_shape, Gaussian noise, and the seed of a random layer."""

# mypy: disable-error-code="arg-type"

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cases import built

from numpycnn import Sequential, reference
from numpycnn.common.typing import Array
from numpycnn.engine import training
from numpycnn.engine.fast.fuse import fused
from numpycnn.layers import (
    ActivityRegularization,
    AlphaDropout,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GaussianDropout,
    GaussianNoise,
    Layer,
    SpatialDropout2D,
)
from numpycnn.losses import MeanSquaredError

RNG = np.random.default_rng(0)
SHAPE = (4, 5, 6)
X, DY = RNG.normal(size=(2, 7, *SHAPE))


def factors(layer: Layer, seed: int = 0) -> Array:
    """By how much each value of the batch is multiplied in training."""
    return forward(layer, np.ones_like(X), seed)


def forward(layer: Layer, x: Array, seed: int = 0) -> Array:
    built(layer, 0, np.float64)
    return layer.forward(x, training=True, rng=np.random.default_rng(seed))[0]


@pytest.mark.parametrize(
    ("noise_shape", "same"),
    [
        ((None, 1, 1, None), (1, 2)),
        ((None, 4, 1, 6), (2,)),
        ((1, None, None, None), (0,)),
        ((7, 1, 1, 1), (1, 2, 3)),
        ([None, 1, 5, 1], (1, 3)),
    ],
)
def test_a_mask_is_the_same_along_the_axes_of_length_one(noise_shape: Any, same: tuple[int, ...]) -> None:
    mask = factors(Dropout(0.5, noise_shape, input_shape=SHAPE))
    first = mask[tuple(slice(1) if axis in same else slice(None) for axis in range(4))]
    assert (mask == first).all()
    for axis in {0, 1, 2, 3} - set(same):
        assert (mask != np.roll(mask, 1, axis)).any()
    assert set(np.unique(mask)) == {0.0, 2.0}


@pytest.mark.parametrize(("data_format", "same"), [("channels_last", (1, 2)), ("channels_first", (2, 3))])
def test_spatial_dropout_drops_whole_channels(data_format: str, same: tuple[int, ...]) -> None:
    mask = factors(SpatialDropout2D(0.5, data_format, input_shape=SHAPE))
    assert (mask == mask.mean(axis=same, keepdims=True)).all()
    per_channel = mask.mean(axis=same)  # (N, C)
    assert set(np.unique(per_channel)) == {0.0, 2.0}
    assert len(np.unique(per_channel, axis=0)) > 1


def test_spatial_dropout_equals_the_definition_of_dropout() -> None:
    layer = built(SpatialDropout2D(0.25, input_shape=SHAPE), 0, np.float64)
    y, cache = layer.forward(X, training=True, rng=np.random.default_rng(3))
    kept = layer.inside(X, cache)["mask"] > 0
    np.testing.assert_allclose(y, reference.dropout(X, kept, 0.25), rtol=1e-15)
    np.testing.assert_allclose(layer.backward(DY, cache)[0], reference.dropout_backward(DY, kept, 0.25), rtol=1e-15)


@pytest.mark.parametrize("noise_shape", [None, (None, 1, 1, 6)])
def test_alpha_dropout_equals_its_definition(noise_shape: Any) -> None:
    layer = built(AlphaDropout(0.2, noise_shape, input_shape=SHAPE), 0, np.float64)
    y, cache = layer.forward(X, training=True, rng=np.random.default_rng(3))
    kept = layer.inside(X, cache)["factor"] > 0
    np.testing.assert_allclose(y, reference.alpha_dropout(X, kept, 0.2), atol=1e-14)
    np.testing.assert_allclose(
        layer.backward(DY, cache)[0], reference.alpha_dropout_backward(DY, kept, 0.2), rtol=1e-14
    )
    x32 = built(AlphaDropout(0.2, noise_shape, input_shape=SHAPE), 0, np.float32)
    assert x32.forward(X.astype(np.float32), training=True, rng=np.random.default_rng(3))[0].dtype == np.float32


def test_alpha_dropout_gives_the_keras_figures() -> None:
    """Of 0.5 at rate 0.25 Keras 3.15 made one number where dropped and one where kept, in float32."""
    y = forward(AlphaDropout(0.25, input_shape=SHAPE), np.full_like(X, 0.5))
    np.testing.assert_allclose(np.unique(y), [-1.1435441970825195, 0.8148103952407837], rtol=1e-7)


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    x = np.random.default_rng(0).normal(size=(400, 1000))
    layer = AlphaDropout(0.3)
    layer.build((1000,))
    y, _ = layer.forward(x, training=True, rng=np.random.default_rng(1))
    assert abs(y.mean()) < 5 / np.sqrt(x.size)
    assert abs(y.var() - 1) < 0.01


def test_gaussian_layers_equal_their_definitions() -> None:
    g = np.random.default_rng(3).standard_normal(X.shape)
    noisy = built(GaussianNoise(0.5, input_shape=SHAPE), 0, np.float64)
    y, cache = noisy.forward(X, training=True, rng=np.random.default_rng(3))
    np.testing.assert_allclose(y, reference.gaussian_noise(X, g, 0.5), rtol=1e-14)
    assert noisy.backward(DY, cache)[0] is DY
    np.testing.assert_allclose(noisy.inside(X, cache)["noise"], y - X, atol=1e-14)
    multiplied = built(GaussianDropout(0.2, input_shape=SHAPE), 0, np.float64)
    y, cache = multiplied.forward(X, training=True, rng=np.random.default_rng(3))
    np.testing.assert_allclose(y, reference.gaussian_dropout(X, g, 0.2), rtol=1e-14)
    dx = multiplied.backward(DY, cache)[0]
    np.testing.assert_allclose(dx, reference.gaussian_dropout_backward(DY, g, 0.2), rtol=1e-14)
    np.testing.assert_allclose(multiplied.inside(X, cache)["factor"] * X, y, rtol=1e-14)


def test_gaussian_noise_has_its_mean_and_deviation() -> None:
    x = np.full((100, 1000), 3.0)
    for layer, mean, std in ((GaussianNoise(0.5), 3.0, 0.5), (GaussianDropout(0.2), 3.0, 1.5)):
        built(layer, 0, np.float64) if layer.shape_in else layer.build((1000,))
        y, _ = layer.forward(x, training=True, rng=np.random.default_rng(1))
        assert abs(y.mean() - mean) < 5 * std / np.sqrt(x.size)
        assert abs(y.std() - std) < 5 * std / np.sqrt(2 * x.size)


RANDOM: dict[str, Callable[..., Layer]] = {
    "Dropout": lambda **options: Dropout(0.5, input_shape=SHAPE, **options),
    "SpatialDropout2D": lambda **options: SpatialDropout2D(0.5, input_shape=SHAPE, **options),
    "AlphaDropout": lambda **options: AlphaDropout(0.5, input_shape=SHAPE, **options),
    "GaussianNoise": lambda **options: GaussianNoise(0.5, input_shape=SHAPE, **options),
    "GaussianDropout": lambda **options: GaussianDropout(0.5, input_shape=SHAPE, **options),
}


@pytest.mark.parametrize("name", RANDOM)
def test_the_seed_and_the_generator_both_decide(name: str) -> None:
    """Another seed gives other numbers, and so does another position; the same two give the same."""
    outputs = [forward(RANDOM[name](seed=seed), X, rng) for seed in (None, 0, 1) for rng in (0, 1)]
    again = [forward(RANDOM[name](seed=seed), X, rng) for seed in (None, 0, 1) for rng in (0, 1)]
    assert [y.tobytes() for y in outputs] == [y.tobytes() for y in again]
    assert len({y.tobytes() for y in outputs}) == 6


@pytest.mark.parametrize("name", RANDOM)
def test_in_inference_and_at_rate_zero_nothing_happens(name: str) -> None:
    layer = built(RANDOM[name](), 0, np.float64)
    y, cache = layer.forward(X)
    assert y is X
    assert layer.backward(DY, cache)[0] is DY
    (inside,) = layer.inside(X, cache).values()
    assert (inside == (0.0 if name == "GaussianNoise" else 1.0)).all()
    none = built(type(layer)(0.0, input_shape=SHAPE), 0, np.float64)  # type: ignore[call-arg]
    assert none.forward(X, training=True)[0] is X  # without a generator


@pytest.mark.parametrize("name", RANDOM)
def test_a_generator_is_needed_in_training(name: str) -> None:
    with pytest.raises(ValueError, match="training=True needs rng"):
        built(RANDOM[name](), 0, np.float64).forward(X, training=True)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Dropout(0.5, (None, 2))([[1.0, 2.0, 3.0]]), ValueError, r"noise_shape \(None, 2\) does not repeat to"),
        (lambda: Dropout(0.5, (None,))([[1.0, 2.0]]), ValueError, r"noise_shape \(None,\) does not repeat to \(2,\)"),
        (lambda: forward(Dropout(0.5, (6, 1, 1, 1), input_shape=SHAPE), X), ValueError, r"does not repeat to \(7,\)"),
        (lambda: Dropout(0.5, ()), ValueError, "dropout: noise_shape must begin with the batch axis"),
        (lambda: Dropout(0.5, (None, 0)), ValueError, "noise_shape must be an integer of at least 1; received 0"),
        (lambda: Dropout(0.5, (None, 1.5)), TypeError, "noise_shape must be an integer"),
        (lambda: Dropout(0.5, 3), TypeError, "noise_shape must be a list; received 3"),
        (lambda: Dropout(0.5, seed=-1), ValueError, "seed must be an integer of at least 0; received -1"),
        (lambda: SpatialDropout2D(0.5)(np.ones((2, 3))), ValueError, "spatial_dropout2d: expected images"),
        (lambda: GaussianNoise(1.5), ValueError, "stddev must be a finite number, at least 0 and at most 1"),
        (lambda: AlphaDropout(1.0), ValueError, "alpha_dropout: rate must be a finite number, at least 0 and below 1"),
        (lambda: GaussianDropout(1.0), ValueError, "rate must be a finite number, at least 0 and below 1"),
    ],
)
def test_what_does_not_fit_is_refused(make: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make()


# ---------------------------------------------------------------- in a network


def network(dropout: Layer, *, fast: bool) -> Sequential:
    layers = [Conv2D(3, 3, activation="relu", input_shape=(6, 6, 2)), dropout, Flatten(), Dense(2)]
    model = Sequential(layers, seed=1, dtype="float64", fast=fast)
    model.compile("sgd", MeanSquaredError())
    return model


@pytest.mark.parametrize(
    ("layer", "blocks"),
    [
        (lambda: Dropout(0.5), 3),
        (lambda: Dropout(0.5, seed=3), 4),
        (lambda: Dropout(0.5, (None, 1, 1, 3)), 4),
        (lambda: Dropout(0.5, (1, None, 1, 3)), 4),
        (lambda: SpatialDropout2D(0.5), 4),
        (lambda: AlphaDropout(0.5), 4),
    ],
)
def test_both_paths_drop_the_same(layer: Callable[[], Layer], blocks: int) -> None:
    """On the fast path a mask is drawn tile by tile, where that gives the same; in other cases nothing is fused."""
    x, y = RNG.normal(size=(200, 6, 6, 2)), RNG.normal(size=(200, 2))
    fast, plain = (network(layer(), fast=fast) for fast in (True, False))
    assert len(fused(fast).stages) == blocks
    losses = [[model.train_on_batch(x, y) for _ in range(3)] for model in (fast, plain)]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-12)


def test_with_a_number_for_the_batch_the_layer_gets_it_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """One mask for all examples of all micro-batches, in training and in the trace of it."""
    monkeypatch.setattr(training, "MAX_MICRO_BATCH", 16)
    model = Sequential([Dropout(0.5, (1, 64), input_shape=(64,)), Dense(1)], seed=0, dtype="float64")
    model.compile("sgd", "mse")
    x, y = np.ones((150, 64)), np.zeros((150, 1))
    trace = model.trace(x, y, training=True)
    assert len(np.unique(trace["dropout"].output, axis=0)) == 1
    assert model.train_on_batch(x, y) == pytest.approx(float(trace.loss), rel=1e-12)


def test_the_factors_of_a_penalty_are_in_the_configuration() -> None:
    """l1 * sum |y| + l2 * sum y**2, of each example."""
    twin = ActivityRegularization.from_config(ActivityRegularization(0.5, 0.125, input_shape=(2,)).get_config())
    model, x = Sequential([twin], dtype="float64"), np.array([[2.0, -4.0]])
    model.compile("sgd", "mse")
    assert model.evaluate(x, x, verbose=0) == 0.5 * 6 + 0.125 * 20
