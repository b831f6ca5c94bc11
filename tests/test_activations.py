"""Activations and their gradients: against 60 decimal digits, the definitions in `numpycnn.reference`, and limits."""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal, localcontext
from functools import partial
from typing import Any

import numeric
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numpycnn import functional as F
from numpycnn import reference
from numpycnn.activations import ACTIVATIONS
from numpycnn.common.typing import Array
from numpycnn.layers import PReLU
from numpycnn.losses import CategoricalCrossentropy

EXPONENTS = [0.0, 1e-300, 1e-9, 0.5, 1.0, 3.0, 8.5, 15.0, 18.0, 19.5, 30.0, 36.0, 37.5, 100.0, 354.0, 700.0]
POINTS = np.array([-z for z in EXPONENTS] + EXPONENTS)
ULPS = 8 * 2.0**-52

seeds = st.integers(0, 2**32 - 1)


@pytest.fixture(autouse=True)
def _sixty_digits() -> Iterator[None]:
    with localcontext() as context:
        context.prec = 60
        yield


def close(actual: Array, expected: Array) -> None:
    """Equal entry by entry to a few ulp, but for results below float64's normal range."""
    np.testing.assert_allclose(actual, expected, rtol=ULPS, atol=1e-307)


def exact_softmax(z: Sequence[float]) -> list[Decimal]:
    e = [Decimal(value).exp() for value in z]
    return [value / sum(e) for value in e]


def whole_logits(seed: int, rows: int = 4) -> Array:
    """Whole numbers within 700 of zero: their differences have no rounding. Some rows are near one another."""
    rng = np.random.default_rng(seed)
    spread = rng.choice([1, 40, 700], (rows, 1))
    return np.round(rng.uniform(-1, 1, (rows, 4)) * spread)


# ---------------------------------------------------------------- digits


def test_sigmoids_derivative_keeps_its_digits() -> None:
    expected = [float(1 / (2 + Decimal(z).exp() + Decimal(-z).exp())) for z in POINTS]
    close(F.sigmoid_backward(np.ones_like(POINTS), POINTS, F.sigmoid(POINTS)), np.array(expected))


def test_tanhs_derivative_keeps_its_digits() -> None:
    expected = [float(4 / (2 + Decimal(2 * z).exp() + Decimal(-2 * z).exp())) for z in POINTS]
    close(F.tanh_backward(np.ones_like(POINTS), POINTS, F.tanh(POINTS)), np.array(expected))


def test_what_tanh_leaves_keeps_its_digits() -> None:
    z = np.array([-3.0, -0.999, 0.5, 1e-3, 1e-9, -1e-100])
    exact = [Decimal(t) - (Decimal(2 * t).exp() - 1) / (Decimal(2 * t).exp() + 1) for t in z[:4]]
    expected = [*map(float, exact), 1e-27 / 3, -1e-300 / 3]
    np.testing.assert_allclose(F.tanh_shrink(z), expected, rtol=4 * ULPS)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_derivatives_at_infinity_are_zero(dtype: Any) -> None:
    z, dy = np.array([-np.inf, np.inf, -3e38, 3e38], dtype), np.full(4, 2, dtype)
    for activation in (ACTIVATIONS["sigmoid"], ACTIVATIONS["tanh"]):
        dz = activation.backward(dy, z, activation.forward(z))
        assert dz.dtype == dtype
        assert dz.tolist() == [0.0] * 4


@given(seeds)
def test_softmaxs_jacobian_keeps_its_digits(seed: int) -> None:
    """Every entry y[j]*([j = k] - y[k]), with 1 - y[k] summed from the others."""
    for row in whole_logits(seed):
        y = exact_softmax(row)
        for j in range(4):
            others = [sum(p for i, p in enumerate(y) if i != k) for k in range(4)]
            expected = [float(y[j] * others[j] if j == k else -y[j] * y[k]) for k in range(4)]
            close(F.softmax_backward(np.eye(4)[j], row, F.softmax(row)), np.array(expected))


@given(seeds)
def test_log_softmax_keeps_its_digits(seed: int) -> None:
    for row in whole_logits(seed):
        top = max(range(4), key=lambda k: row[k])
        rest = sum((Decimal(row[k] - row[top]).exp() for k in range(4) if k != top), Decimal(0))
        logarithm = rest if rest < Decimal("1e-40") else (1 + rest).ln()
        close(F.log_softmax(row), np.array([float(Decimal(z - row[top]) - logarithm) for z in row]))


@given(seeds, st.integers(0, 3))
def test_p_minus_y_keeps_its_digits(seed: int, label: int) -> None:
    z, y = whole_logits(seed), np.eye(4)[[label] * 4]
    gradient = CategoricalCrossentropy(from_logits=True).gradient(y, z)
    for row, found in zip(z, gradient, strict=True):
        p = exact_softmax(row)
        others = sum(value for k, value in enumerate(p) if k != label)
        close(found, np.array([float(-others if k == label else value) for k, value in enumerate(p)]))


def test_probabilities_nearly_one_keep_their_digits() -> None:
    """dL/dp at p[0] = 1 - d, S = 1: -(1 - p[0])/p[0] and 1."""
    for d in (1e-6, 2.0**-20):
        gradient = CategoricalCrossentropy().gradient(np.eye(2)[:1], np.array([[1 - d, d]]))
        close(gradient, np.array([[-d / (1 - d), 1.0]]))


@given(seeds, st.integers(1, 6))
def test_the_sum_of_the_others(seed: int, classes: int) -> None:
    a = np.random.default_rng(seed).choice([0.0, 1e-30, 1e-3, 0.3, 1.0], (3, classes))
    expected = [[float(sum((Decimal(v) for v in np.delete(row, k)), Decimal(0))) for k in range(classes)] for row in a]
    close(F.sum_of_others(a), np.array(expected))


# ---------------------------------------------------------------- definitions and differentiation

ROWS: dict[str, tuple[Callable[[Array], Array], Callable[[Array, Array], Array]]] = {
    "softmax": (reference.softmax, reference.softmax_backward),
    "log_softmax": (reference.log_softmax, reference.log_softmax_backward),
    "sparsemax": (reference.sparsemax, reference.sparsemax_backward),
    "glu": (reference.glu, reference.glu_backward),
}

SETTINGS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in ACTIVATIONS if name not in ("threshold", "swish", "hard_swish")),
    ("relu", {"negative_slope": 0.25}),
    ("relu", {"negative_slope": 0.25, "threshold": 0.5}),
    ("relu", {"threshold": 1.5, "max_value": 2.5}),
    ("relu", {"negative_slope": 0.5, "max_value": 0.0}),
    ("leaky_relu", {"negative_slope": 0.0}),
    ("elu", {"alpha": 0.5}),
    ("celu", {"alpha": 0.5}),
    ("gelu", {"approximate": True}),
    ("hard_shrink", {"threshold": 1.5}),
    ("soft_shrink", {"threshold": 1.5}),
    ("squareplus", {"b": 0.25}),
    ("threshold", {"threshold": -0.5, "default_value": -2.0}),
]


@pytest.mark.parametrize(("name", "settings"), SETTINGS)
@given(seed=seeds)
def test_activations_equal_their_definitions(name: str, settings: dict[str, Any], seed: int) -> None:
    rng, activation = np.random.default_rng(seed), ACTIVATIONS[name].with_settings(**settings)
    z = rng.normal(0, 2, (2, 3, 4)).clip(-4, 4)  # where the power series of erf has enough terms
    y = activation.forward(z)
    dy = rng.normal(size=y.shape)
    if name in ROWS:
        value, gradient = ROWS[name][0](z), ROWS[name][1](dy, z)
    else:
        value = reference.elementwise(name, z, **settings)
        gradient = reference.elementwise_backward(name, dy, z, **settings)
    np.testing.assert_allclose(y, value, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(activation.backward(dy, z, y), gradient, rtol=1e-11, atol=1e-13)


def test_the_three_that_are_written_out_are_the_formulas() -> None:
    z, dy = np.random.default_rng(0).normal(size=(2, 4, 5))
    for forward, backward in (
        (reference.relu, reference.relu_backward),
        (reference.sigmoid, reference.sigmoid_backward),
        (reference.tanh, reference.tanh_backward),
    ):
        name = forward.__name__
        np.testing.assert_allclose(forward(z), reference.elementwise(name, z), rtol=1e-14)
        np.testing.assert_allclose(backward(dy, z), reference.elementwise_backward(name, dy, z), rtol=1e-13)


@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_the_complex_step_sees_the_same_derivative_at_saturation(name: str, settings: dict[str, Any]) -> None:
    activation = ACTIVATIONS[name].with_settings(**settings)
    z = np.array([[300.0, -2.0, 1.2, 0.7], [-300.0, 300.0, -30.0, 8.0], [15.0, 37.0, 0.25, -0.3]])
    dy = np.array([[1.0, 2.0, -3.0, 0.5], [0.5, -1.0, 1.0, 2.0], [2.0, 1.0, -1.0, 0.25]])[
        :, : 2 if name == "glu" else 4
    ]
    dz = activation.backward(dy, z, activation.forward(z))
    true = numeric.complex_step(lambda moved: (dy * activation.forward(moved)).sum(), z)
    np.testing.assert_allclose(dz, true, rtol=1e-12, atol=1e-307)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_nothing_overflows_and_the_dtype_stays(name: str, settings: dict[str, Any], dtype: Any) -> None:
    """Warnings are errors."""
    activation = ACTIVATIONS[name].with_settings(**settings)
    large = float(np.finfo(dtype).max) / 8
    z = np.array([[-large, large, 0.0, -0.0], [-100.0, 100.0, -1e-30, 3.0], [1.0, 0.0, -large, -large]], dtype)
    y = activation.forward(z)
    dz = activation.backward(np.full(y.shape, 0.5, dtype), z, y)
    assert y.dtype == dz.dtype == dtype
    assert dz.shape == z.shape
    if name != "exponential":
        assert np.isfinite(y).all()
        assert np.isfinite(dz).all()


@pytest.mark.parametrize("axis", [1, 2, -2, -3])
@pytest.mark.parametrize("name", [*ROWS])
def test_an_axis_is_the_last_one_moved(name: str, axis: int) -> None:
    activation = ACTIVATIONS[name].with_settings(axis=axis)
    rng = np.random.default_rng(0)
    z = rng.normal(size=(4, 6, 2))
    if axis == -3:
        z = z.transpose(1, 0, 2)  # (6, 4, 2)
    moved = np.moveaxis(z, axis, -1)
    y, expected = activation.forward(z), ACTIVATIONS[name].forward(moved)
    np.testing.assert_allclose(np.moveaxis(y, axis, -1), expected, rtol=1e-14)
    dy = rng.normal(size=y.shape)
    dz = ACTIVATIONS[name].backward(np.moveaxis(dy, axis, -1), moved, expected)
    np.testing.assert_allclose(np.moveaxis(activation.backward(dy, z, y), axis, -1), dz, rtol=1e-13, atol=1e-15)


def column_sum(z: Array, *, k: int) -> Any:
    return F.log_softmax(z)[:, k].sum()


def test_the_complex_step_passes_through_log_softmax() -> None:
    z = np.array([[300.0, -2.0, 1.0], [-300.0, 300.0, -30.0], [0.0, 0.0, 1.0]])
    p = F.softmax(z)
    for k in range(3):
        true = numeric.complex_step(partial(column_sum, k=k), z)
        expected = np.eye(3)[k] - p
        expected[:, k] = np.delete(p, k, axis=1).sum(axis=1)
        np.testing.assert_allclose(true, expected, rtol=1e-13, atol=1e-307)


@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_backward_takes_complex_arrays(name: str, settings: dict[str, Any]) -> None:
    """As a function of z, dz is differentiable itself: its complex step is its central difference."""
    activation = ACTIVATIONS[name].with_settings(**settings)
    z, dy = np.array([[0.3, -1.2, 2.0, 0.9]]), np.array([[1.0, -2.0, 0.5, 0.25]])[:, : 2 if name == "glu" else 4]

    def squared(moved: Array) -> Any:
        return (activation.backward(dy, moved, activation.forward(moved)) ** 2).sum()

    np.testing.assert_allclose(
        numeric.complex_step(squared, z), numeric.central_difference(squared, z), rtol=1e-6, atol=1e-9
    )


@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_only_those_that_need_z_read_it(name: str, settings: dict[str, Any]) -> None:
    """A layer gives y for z where `needs_z` is False; where it is True, another z gives another dz."""
    activation = ACTIVATIONS[name].with_settings(**settings)
    z = np.array([[-0.5, 0.25, 0.7, 2.5]])
    y = activation.forward(z)
    dy = np.array([[1.0, -2.0, 0.5, 3.0]])[:, : y.shape[1]]
    same = np.array_equal(activation.backward(dy, z, y), activation.backward(dy, 9 - z, y))
    assert same is not activation.needs_z
    assert activation.kept(z, y) is (z if activation.needs_z else y)


# ---------------------------------------------------------------- figures


def test_activations_at_known_points() -> None:
    z = np.array([-2.0, 0.0, 1.0])
    assert F.relu(z).tolist() == [0.0, 0.0, 1.0]
    np.testing.assert_allclose(F.sigmoid(z), [0.11920292202211755, 0.5, 0.7310585786300049], rtol=1e-15)
    np.testing.assert_allclose(F.tanh(z), [-0.9640275800758169, 0.0, 0.7615941559557649], rtol=1e-15)
    np.testing.assert_allclose(F.softmax(np.log([[1.0, 2.0, 5.0]])), [[0.125, 0.25, 0.625]], rtol=1e-15)


def test_activations_hold_at_extreme_values() -> None:
    z = np.array([[-1e4, 0.0, 1e4]], np.float32)
    assert F.sigmoid(z).tolist() == [[0.0, 0.5, 1.0]]
    assert F.softmax(z).tolist() == [[0.0, 0.0, 1.0]]
    assert F.log_softmax(z).tolist() == [[-2e4, -1e4, 0.0]]
    assert F.sigmoid(np.array([-80.0]))[0] == pytest.approx(np.exp(-80.0), rel=1e-12)


@pytest.mark.parametrize(
    ("z", "p"),
    [
        ([-np.inf, 0.0, 0.0], [0.0, 0.5, 0.5]),
        ([3e38, -3e38, 3e38], [0.5, 0.0, 0.5]),
        ([np.inf, 0.0, -np.inf], [1.0, 0.0, 0.0]),
        ([np.inf, np.inf, 1.0], [0.5, 0.5, 0.0]),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_softmax_of_infinite_logits_is_the_limit(z: list[float], p: list[float], dtype: Any) -> None:
    given = np.array(z, dtype)
    assert F.softmax(given).tolist() == p
    with np.errstate(divide="ignore"):
        wanted = np.log(np.array(p, dtype))
    difference_fits = np.isfinite(np.array(z)).all() and dtype is np.float64
    found = F.log_softmax(given)
    assert found.dtype == dtype
    np.testing.assert_allclose(found[wanted > -np.inf], wanted[wanted > -np.inf], rtol=1e-6, atol=1e-45)
    assert (found[wanted == -np.inf] == (-6e38 if difference_fits else -np.inf)).all()


def test_nan_logits_give_nan() -> None:
    z = np.array([[np.nan, 0.0, 1.0], [0.0, 0.0, 0.0]])
    for f in (F.softmax, F.log_softmax):
        y = f(z)
        assert np.isnan(y[0]).all()
        assert np.isfinite(y[1]).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_nan_stays_nan(name: str, dtype: Any) -> None:
    """It says that something is wrong, and would say it no more."""
    activation = ACTIVATIONS[name]
    if name == "threshold":
        activation = activation.with_settings(0.5, 3.0)
    with np.errstate(invalid="ignore"):
        y = activation.forward(np.array([[np.nan, 1.0, 2.0, -0.3]], dtype))
    assert np.isnan(y[0, 0])


@pytest.mark.parametrize("settings", [{"max_value": 2.0}, {"threshold": 0.5}, {"negative_slope": 0.1}])
def test_nan_stays_nan_in_every_rectifier(settings: dict[str, float]) -> None:
    assert np.isnan(F.rectifier(np.array([np.nan]), **settings)).all()


def test_what_keras_gives_at_infinity() -> None:
    z = np.array([np.inf, -np.inf])
    np.testing.assert_array_equal(F.squareplus(z), [np.inf, 0.0])
    with np.errstate(invalid="ignore"):
        y = F.hard_silu(z)
    np.testing.assert_array_equal(F.hard_silu_backward(np.ones(2), z, y), [1.0, 0.0])


def test_relu_passes_no_gradient_at_the_kink() -> None:
    z = np.array([-1.0, 0.0, 2.0])
    assert F.relu_backward(np.array([3.0, 3.0, 3.0]), z, F.relu(z)).tolist() == [0.0, 0.0, 3.0]


@pytest.mark.parametrize("shared_axes", [None, [1], [1, 2], [1, 2, 3]])
def test_prelu_equals_its_definition(shared_axes: list[int] | None) -> None:
    rng = np.random.default_rng(0)
    layer = PReLU("random_normal", shared_axes=shared_axes, input_shape=(3, 2, 4))
    layer.build((3, 2, 4), rng, "float64")
    x, dy = rng.normal(size=(2, 5, 3, 2, 4))
    (y, cache), alpha = layer.forward(x), layer.params["alpha"]
    dx, gradients = layer.backward(dy, cache)
    wanted, dalpha = reference.prelu_backward(dy, x, alpha)
    np.testing.assert_array_equal(y, reference.prelu(x, alpha))
    np.testing.assert_array_equal(dx, wanted)
    np.testing.assert_allclose(gradients["alpha"], dalpha, rtol=1e-13)
