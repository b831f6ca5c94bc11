"""Batch normalization: against its definition, by any cut of the batch, and where digits could be lost."""

import json
from fractions import Fraction
from typing import Any

import numeric
import numpy as np
import pytest
from cases import built
from hypothesis import given
from hypothesis import strategies as st

from numpycnn import Sequential, reference
from numpycnn import functional as F
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.engine import training
from numpycnn.engine.batching import Data
from numpycnn.engine.training import Position, StepResult
from numpycnn.gradcheck import assert_gradients, gradcheck
from numpycnn.layers import Activation, BatchNormalization, Conv2D, Dense, Flatten, Layer
from numpycnn.losses import MeanSquaredError
from numpycnn.optimizers import SGD

EPSILON = 1e-3
seeds = st.integers(0, 2**32 - 1)


def case(seed: int, dtype: Any = np.float64) -> tuple[Array, Array, Array, Array]:
    """x and dy, vectors or images, and gamma and beta."""
    rng = np.random.default_rng(seed)
    shape = *rng.integers(1, 4, rng.choice([1, 3])), 2
    x, dy = rng.normal(1.0, 2.0, (2, *shape)).astype(dtype)
    gamma, beta = rng.normal(size=(2, 2)).astype(dtype)
    return x, dy, gamma, beta


def cut(x: Array, seed: int) -> list[Array]:
    """The batch in micro-batches, none of them empty."""
    rng = np.random.default_rng(seed)
    return np.split(x, np.unique(rng.integers(1, len(x), 2))) if len(x) > 1 else [x]


def statistics(x: Array) -> tuple[Array, Array]:
    size, mean, m2 = F.moments(x)
    return mean, m2 / size


def input_gradient(dy: Array, x: Array, gamma: Array | None, seed: int = 0) -> Array:
    """dx in training, as a batch cut into micro-batches computes it."""
    size, mean, m2 = F.merge_moments(F.moments(part) for part in cut(x, seed))
    parts = [F.batch_norm(part, mean, m2 / size, gamma, None, EPSILON)[1] for part in cut(x, seed)]
    dys = cut(dy, seed)
    sums = [F.batch_norm_backward_sums(d, xhat) for d, xhat in zip(dys, parts, strict=True)]
    sum_dy, sum_dy_xhat = np.sum([s for s, _ in sums], axis=0), np.sum([s for _, s in sums], axis=0)
    scale = F.inverse_std(m2 / size, EPSILON)
    return np.concatenate(
        [
            F.batch_norm_backward_input(d, xhat, gamma, scale, size, sum_dy, sum_dy_xhat)
            for d, xhat in zip(dys, parts, strict=True)
        ]
    )


@given(seeds)
def test_training_equals_its_definition(seed: int) -> None:
    x, dy, gamma, beta = case(seed)
    mean, variance = reference.batch_statistics(x)
    size, found_mean, m2 = F.merge_moments(F.moments(part) for part in cut(x, seed))
    assert size == x.size // 2
    np.testing.assert_allclose(found_mean, mean, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(m2 / size, variance, rtol=1e-13, atol=1e-15)
    y, xhat = F.batch_norm(x, mean, variance, gamma, beta, EPSILON)
    np.testing.assert_allclose(y, reference.batch_norm(x, mean, variance, gamma, beta, EPSILON), rtol=1e-12, atol=1e-13)
    dgamma, dbeta = reference.batch_norm_parameters_backward(dy, x, mean, variance, EPSILON)
    sum_dy, sum_dy_xhat = F.batch_norm_backward_sums(dy, xhat)
    np.testing.assert_allclose(sum_dy_xhat, dgamma, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(sum_dy, dbeta, rtol=1e-12, atol=1e-13)
    expected = reference.batch_norm_training_backward(dy, x, gamma, EPSILON)
    np.testing.assert_allclose(input_gradient(dy, x, gamma, seed), expected, rtol=1e-11, atol=1e-11)


@given(seeds)
def test_inference_equals_its_definition(seed: int) -> None:
    _, dy, gamma, _ = case(seed)
    variance = np.array([0.25, 3.0])
    dx = F.batch_norm_backward_input_inference(dy, gamma, F.inverse_std(variance, EPSILON))
    np.testing.assert_allclose(
        dx, reference.batch_norm_inference_backward(dy, variance, gamma, EPSILON), rtol=1e-14, atol=1e-300
    )


@given(seeds)
def test_the_complex_step_passes_through_all_of_training(seed: int) -> None:
    x, dy, gamma, beta = case(seed)

    def total(moved: Array) -> complex:
        size, mean, m2 = F.merge_moments(F.moments(part) for part in cut(moved, seed))
        return (dy * F.batch_norm(moved, mean, m2 / size, gamma, beta, EPSILON)[0]).sum()

    np.testing.assert_allclose(
        input_gradient(dy, x, gamma, seed), numeric.complex_step(total, x), rtol=1e-9, atol=1e-11
    )


@given(seeds)
def test_no_gamma_is_ones_and_no_beta_is_zeros(seed: int) -> None:
    x, dy, _, _ = case(seed)
    mean, variance = statistics(x)
    ones, zeros = np.ones(2), np.zeros(2)
    numeric.same_bits(
        F.batch_norm(x, mean, variance, None, None, EPSILON)[0],
        F.batch_norm(x, mean, variance, ones, zeros, EPSILON)[0],
    )
    numeric.same_bits(input_gradient(dy, x, None), input_gradient(dy, x, ones))


def test_how_the_batch_is_cut_does_not_change_its_moments() -> None:
    x = np.random.default_rng(0).normal(3.0, 2.0, (30, 4, 5, 3))
    whole = F.moments(x)
    for parts in ([1] * 30, [29, 1], [7, 8, 15], [30]):
        pieces = np.split(x, np.cumsum(parts)[:-1])
        merged = F.merge_moments(F.moments(piece) for piece in pieces)
        assert merged.size == whole.size == 600
        np.testing.assert_allclose(merged.mean, whole.mean, rtol=1e-14)
        np.testing.assert_allclose(merged.m2, whole.m2, rtol=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_small_variance_beside_a_large_mean_keeps_its_digits(dtype: Any) -> None:
    """Values of 4096 and 4096 + 2**-11 are exact in float32; their mean is not, and E[x**2] - E[x]**2 would be 0."""
    x = np.where(np.arange(4000) % 2, 4096.0, 4096.0 + 2.0**-11).astype(dtype)[:, None]
    for parts in (1, 4, 1000):
        size, mean, m2 = F.merge_moments(F.moments(part) for part in np.split(x, parts))
        assert mean[0] == 4096.0 + 2.0**-12
        assert m2[0] / size == pytest.approx(2.0**-24, rel=1e-12)


@pytest.mark.parametrize("mean", [0.0, 1e4, 1e6, 1e30])
def test_float32_is_as_accurate_beside_a_large_mean(mean: float) -> None:
    """Against the same float32 numbers in float64. A mean rounded to float32 would shift every output: by 5e-4 at 1e4."""
    rng = np.random.default_rng(0)
    x = (mean + max(mean / 1e5, 1.0) * rng.normal(size=(250, 2, 3, 4))).astype(np.float32)
    outputs = [F.batch_norm(a, *statistics(a), None, None, EPSILON)[0] for a in (x, x.astype(np.float64))]
    assert numeric.error(*outputs) <= 2e-7


def test_sums_of_many_float32_values_are_not_rounded_one_by_one() -> None:
    """Added up in float32, 4 million times 0.1 is off by several per cent."""
    x = np.full((2_000_000, 1), 0.1, np.float32)
    size, mean, m2 = F.moments(x)
    exact = float(Fraction(float(np.float32(0.1))))
    assert mean[0] == np.float32(exact)
    assert m2[0] <= size * 1e-16
    sum_dy, sum_dy_xhat = F.batch_norm_backward_sums(x, x)
    assert sum_dy[0] == pytest.approx(2_000_000 * exact, rel=1e-7)
    assert sum_dy_xhat[0] == pytest.approx(2_000_000 * exact**2, rel=1e-7)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_dtype_is_kept_and_sums_are_float64(dtype: Any) -> None:
    x, dy, gamma, beta = case(5, dtype)
    y, xhat = F.batch_norm(x, *statistics(x), gamma, beta, EPSILON)
    assert y.dtype == xhat.dtype == input_gradient(dy, x, gamma).dtype == dtype
    sums = [*F.merge_moments([F.moments(x), F.moments(x)])[1:], *F.batch_norm_backward_sums(dy, xhat)]
    assert {a.dtype for a in sums} == {np.result_type(dtype, np.float64)}


def test_a_constant_channel_is_normalized_to_zero() -> None:
    x = np.full((5, 1), 7.0)
    mean, variance = statistics(x)
    assert mean == 7.0
    assert variance == 0.0
    assert not F.batch_norm(x, mean, variance, None, None, EPSILON)[0].any()


# ---------------------------------------------------------------- the layer


def drawn_layer(seed: int, **changed: Any) -> tuple[BatchNormalization, Array]:
    """A layer of images, channels last unless changed, with arrays that are neither zeros nor ones; and a batch."""
    config = {"axis": -1, "input_shape": (3, 2, 4), **changed}
    layer, rng = BatchNormalization(**config), np.random.default_rng(seed)
    built(layer, seed, np.float64)
    layer.set_weights([rng.uniform(0.5, 2.0, w.shape) for w in layer.get_weights()])
    return layer, rng.normal(1.0, 2.0, (5, *(layer.shape_in or ())))


def test_arguments_and_weights_are_kerass() -> None:
    defaults = {"axis": -1, "momentum": 0.99, "epsilon": 0.001, "center": True, "scale": True}
    names = {"beta": "zeros", "gamma": "ones", "moving_mean": "zeros", "moving_variance": "ones"}
    config = BatchNormalization().get_config()
    assert {key: config[key] for key in defaults} == defaults
    assert BatchNormalization(1, 0.5, 0.1, False, True).get_config() == config | {
        "axis": 1, "momentum": 0.5, "epsilon": 0.1, "center": False,
    }  # fmt: skip
    layer = built(BatchNormalization(input_shape=(2, 3)), 0, np.float32)
    assert list(layer.arrays) == ["gamma", "beta", "moving_mean", "moving_variance"]
    assert [w.tolist() for w in layer.get_weights()] == [[1.0] * 3, [0.0] * 3, [0.0] * 3, [1.0] * 3]
    assert layer.count_params() == 12
    for key, name in names.items():
        other = "ones" if name == "zeros" else "zeros"
        changed = built(BatchNormalization(**{f"{key}_initializer": other}, input_shape=(2, 3)), 0, np.float32)  # type: ignore[arg-type]
        wrong = [own for own in layer.arrays if not np.array_equal(layer.arrays[own], changed.arrays[own])]
        assert wrong == [key]
        assert (
            BatchNormalization.from_config(json.loads(json.dumps(changed.get_config()))).get_config()
            == changed.get_config()
        )


@pytest.mark.parametrize(
    ("center", "scale", "names"),
    [(True, False, ["beta"]), (False, True, ["gamma"]), (False, False, [])],
)
def test_without_center_or_scale(center: bool, scale: bool, names: list[str]) -> None:
    layer, x = drawn_layer(0, center=center, scale=scale)
    assert list(layer.params) == names
    for mode in (True, False):
        y, cache = layer.forward(x, training=mode)
        assert list(layer.backward(y, cache)[1]) == names
        assert_gradients(layer, x[:2], training=mode)


@pytest.mark.parametrize(
    ("axis", "error", "match"),
    [
        (0, ValueError, "batch_normalization: axis must not be the batch's; received 0"),
        ([1], TypeError, r"batch_normalization: axis must be an integer of at least -32; received \[1\]"),
        (1.0, TypeError, "batch_normalization: axis must be an integer"),
        (33, ValueError, "batch_normalization: axis must be at most 32; received 33"),
    ],
)
def test_an_axis_that_is_none(axis: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        BatchNormalization(axis)


@pytest.mark.parametrize(("axis", "shape"), [(2, (3,)), (-2, (3,)), (-3, (3, 4)), (4, (2, 3, 4)), (-1, ())])
def test_an_axis_that_the_input_has_not(axis: int, shape: Shape) -> None:
    with pytest.raises(ValueError, match=rf"batch_normalization: the input has no axis {axis} besides the batch's"):
        BatchNormalization(axis).build(shape)


@pytest.mark.parametrize(
    ("argument", "value"),
    [("momentum", 1.5), ("momentum", -0.1), ("epsilon", 0.0), ("epsilon", -1e-3), ("center", 1), ("scale", "yes")],
)
def test_a_wrong_argument_is_named(argument: str, value: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=f"batch_normalization: {argument} must be .*; received"):
        BatchNormalization(**{argument: value})


@given(seeds, st.sampled_from([(3,), (3, 2), (2, 3, 4), (2, 1, 2, 3)]), st.data())
def test_any_axis_equals_the_definition(seed: int, shape: Shape, data: st.DataObject) -> None:
    """Training and inference: outputs, all gradients and the moving averages."""
    axis = data.draw(st.integers(1, len(shape)))
    layer, x = drawn_layer(seed, axis=data.draw(st.sampled_from([axis, axis - len(shape) - 1])), input_shape=shape)
    last = np.moveaxis(x, axis, -1)
    gamma, beta, moving_mean, moving_variance = layer.get_weights()
    dy = np.random.default_rng(seed).normal(size=x.shape)
    for mode in (True, False):
        mean, variance = reference.batch_statistics(last) if mode else (moving_mean, moving_variance)
        y, cache = layer.forward(x, training=mode)
        expected = reference.batch_norm(last, mean, variance, gamma, beta, EPSILON)
        np.testing.assert_allclose(np.moveaxis(y, axis, -1), expected, rtol=1e-12, atol=1e-13)
        dx, gradients = layer.backward(dy, cache)
        turned = np.moveaxis(dy, axis, -1)
        dgamma, dbeta = reference.batch_norm_parameters_backward(turned, last, mean, variance, EPSILON)
        np.testing.assert_allclose(gradients["gamma"], dgamma, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(gradients["beta"], dbeta, rtol=1e-12, atol=1e-12)
        expected = (
            reference.batch_norm_training_backward(turned, last, gamma, EPSILON)
            if mode
            else reference.batch_norm_inference_backward(turned, variance, gamma, EPSILON)
        )
        np.testing.assert_allclose(np.moveaxis(dx, axis, -1), expected, rtol=1e-10, atol=1e-11)
        moved = layer.next_state(cache)
        assert set(moved) == ({"moving_mean", "moving_variance"} if mode else set())
        for key, old, new in zip(moved, (moving_mean, moving_variance), (mean, variance), strict=False):
            np.testing.assert_allclose(moved[key], reference.moving_average(old, new, 0.99), rtol=1e-13)


@pytest.mark.parametrize("mode", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_channels_first_is_channels_last_transposed(dtype: Any, mode: bool) -> None:
    last, x = drawn_layer(1)
    first = BatchNormalization(1, input_shape=(4, 3, 2))
    for layer in (last, first):
        layer._built = None
        built(layer, 0, dtype)
    x = x.astype(dtype)
    y, cache = last.forward(x, training=mode)
    y_first, cache_first = first.forward(np.moveaxis(x, -1, 1), training=mode)
    bound = 1e-6 if dtype is np.float32 else 1e-14
    np.testing.assert_allclose(np.moveaxis(y_first, 1, -1), y, rtol=bound, atol=bound)
    dx, dx_first = last.backward(y, cache)[0], first.backward(y_first, cache_first)[0]
    np.testing.assert_allclose(np.moveaxis(dx_first, 1, -1), dx, rtol=10 * bound, atol=10 * bound)


@pytest.mark.parametrize("mode", [True, False])
def test_dtype_of_the_layer_is_kept(mode: bool) -> None:
    layer = built(BatchNormalization(input_shape=(3,)), 0, np.float32)
    x = np.random.default_rng(0).normal(1e4, 1.0, (200, 3)).astype(np.float32)
    y, cache = layer.forward(x, training=mode)
    dx, gradients = layer.backward(y, cache)
    found = [y, dx, *gradients.values(), *layer.next_state(cache).values()]
    assert {a.dtype for a in found} == {np.dtype(np.float32)}
    layer.set_state(layer.next_state(cache))
    assert {a.dtype for a in layer.arrays.values()} == {np.dtype(np.float32)}


def test_a_batch_of_one_vector_becomes_beta() -> None:
    layer, x = drawn_layer(0, input_shape=(3,))
    y, cache = layer.forward(x[:1], training=True)
    np.testing.assert_array_equal(y[0], layer.params["beta"])
    assert not layer.backward(y, cache)[0].any()


def test_while_frozen_it_infers() -> None:
    """As in Keras: with trainable=False the moving averages normalize in training too, and stay as they are."""
    layer, x = drawn_layer(0)
    layer.trainable = False
    y, cache = layer.forward(x, training=True)
    numeric.same_bits(y, layer.forward(x)[0])
    assert layer.next_state(cache) == {}
    dx, gradients = layer.needed_gradients(y, cache, to_input=True)
    assert gradients == {}
    assert dx is not None
    expected = y * layer.params["gamma"] / np.sqrt(layer.state["moving_variance"] + EPSILON)
    np.testing.assert_allclose(dx, expected, rtol=1e-14)
    assert layer.needed_gradients(y, cache, to_input=False) == (None, {})
    assert layer.backward(y, cache)[1].keys() == layer.params.keys()


def test_what_is_inside() -> None:
    layer, x = drawn_layer(0)
    y, cache = layer.forward(x, training=True)
    inside = layer.inside(x, cache)
    np.testing.assert_allclose(inside["mean"], x.mean(axis=(0, 1, 2)), rtol=1e-13)
    np.testing.assert_allclose(inside["variance"], x.var(axis=(0, 1, 2)), rtol=1e-13)
    np.testing.assert_allclose(inside["normalized"] * layer.params["gamma"] + layer.params["beta"], y, rtol=1e-13)
    np.testing.assert_array_equal(layer.inside_gradients(y, cache)["normalized"], y * layer.params["gamma"])
    plain, _ = drawn_layer(0, scale=False)
    np.testing.assert_array_equal(plain.inside_gradients(y, cache)["normalized"], y)


# ---------------------------------------------------------------- in a network


def network(*, frozen: bool = False, axis: int = -1) -> Sequential:
    """Batch normalization after a convolution with a bias, in a block, and after a dense layer."""
    block = Sequential([BatchNormalization(axis, momentum=0.75), Activation("tanh")], name="block")
    last = BatchNormalization(name="last", momentum=0.5)
    last.trainable = not frozen
    layers = [Conv2D(3, 2, input_shape=(4, 4, 2)), block, Flatten(), Dense(4), last, Dense(2)]
    model = Sequential(layers, seed=1, dtype="float64")
    rng = np.random.default_rng(2)
    model.set_weights([rng.uniform(0.2, 1.0, w.shape) for w in model.get_weights()])
    return model


def examples(n: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(3)
    return rng.normal(size=(n, 4, 4, 2)), rng.normal(size=(n, 2))


def step(model: Sequential, most: int, monkeypatch: pytest.MonkeyPatch) -> StepResult:
    """A training step's results on twelve examples in micro-batches of at most `most`."""
    monkeypatch.setattr(training, "MAX_MICRO_BATCH", most)
    objective = training.make_objective(model, MeanSquaredError(), np.dtype(np.float64), fast=False)
    return training.batch_gradients(objective, Position(0, 0), Data(*examples(12)), np.arange(12))


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("most", [1, 5, 7, 11])
def test_how_the_batch_is_cut_does_not_matter(most: int, frozen: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, parts = (step(network(frozen=frozen), size, monkeypatch) for size in (12, most))
    np.testing.assert_allclose(parts.result.y_pred, whole.result.y_pred, rtol=1e-12, atol=1e-12)
    found, expected = training.total(parts.terms), training.total(whole.terms)
    assert found.keys() == expected.keys() == network(frozen=frozen).trained_params.keys()
    scale = max(np.abs(g).max() for g in expected.values())  # a bias before a batch normalization has none of its own
    for key in expected:
        np.testing.assert_allclose(found[key], expected[key], rtol=1e-12, atol=1e-12 * scale)
    names = ["block/batch_normalization/", *([] if frozen else ["last/"])]
    wanted = [f"{name}{key}" for name in names for key in ("moving_mean", "moving_variance")]
    assert list(parts.state) == list(whole.state) == wanted
    for key in wanted:
        np.testing.assert_allclose(parts.state[key], whole.state[key], rtol=1e-13)


def test_a_step_moves_the_averages_by_the_whole_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "MAX_MICRO_BATCH", 5)
    x, y = examples(12)
    model = network()
    model.compile(SGD(0.125), "mse")
    before = {key: array.copy() for key, array in model.state.items()}
    seen = model.layers[0].forward(x)[0]
    model.train_on_batch(x, y)
    axes = (0, 1, 2)
    for key, batch in (("moving_mean", seen.mean(axes)), ("moving_variance", seen.var(axes))):
        name = f"block/batch_normalization/{key}"
        np.testing.assert_allclose(model.state[name], 0.75 * before[name] + 0.25 * batch, rtol=1e-13)


def test_gradcheck_of_a_network() -> None:
    """The bias before a batch normalization has a gradient of zero but for rounding."""
    rng = np.random.default_rng(0)
    model = Sequential([Dense(2, input_shape=(2,)), BatchNormalization(), Dense(1)], seed=1, dtype="float64")
    model.compile("sgd", "mse")
    report = gradcheck(model, rng.normal(size=(4, 2)), rng.normal(size=(4, 1)))
    assert report.passed, report


@pytest.mark.parametrize("mode", [True, False])
@pytest.mark.parametrize("axis", [1, 2, -1])
def test_gradcheck_of_the_layer(axis: int, mode: bool) -> None:
    layer, x = drawn_layer(0, axis=axis)
    assert_gradients(layer, x[:3], training=mode)


class CenterBatch(Layer):
    """The README's: y = x less each feature's mean over the batch."""

    whole_batch = True

    def output_shape_for(self, input_shape: Shape) -> Shape:
        return input_shape

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, Any]:
        return (x - x.mean(axis=0), None) if training else (x, None)

    def backward(self, dy: Array, cache: Any) -> tuple[Array, dict[str, Array]]:
        return dy - dy.mean(axis=0), {}


def test_a_layer_of_ones_own_gets_the_whole_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    assert_gradients(built(CenterBatch(input_shape=(3,)), 0, np.float64), np.random.default_rng(0).normal(size=(4, 3)))
    layers = [Flatten(input_shape=(4, 4, 2)), Dense(3), CenterBatch(), Activation("tanh"), Dense(2)]
    model = Sequential(layers, seed=0, dtype="float64")
    whole, parts = (step(model, size, monkeypatch) for size in (12, 5))
    np.testing.assert_allclose(parts.result.y_pred, whole.result.y_pred, rtol=1e-12, atol=1e-13)
    found, expected = training.total(parts.terms), training.total(whole.terms)
    for key in expected:
        np.testing.assert_allclose(found[key], expected[key], rtol=1e-12, atol=1e-13)
