"""Layer and group normalization: against their definitions and Keras's figures, and where digits could be lost."""

# mypy: disable-error-code="arg-type, list-item"

from typing import Any

import numpy as np
import pytest
from cases import built
from hypothesis import given
from hypothesis import strategies as st

from numpycnn import reference
from numpycnn.common.typing import Array
from numpycnn.gradcheck import assert_gradients
from numpycnn.layers import GroupNormalization, Layer, LayerNormalization
from numpycnn.layers.layer_normalization import ExampleNormalization
from numpycnn.layers.normalization import NormalizationLayer

EPSILON = 1e-3
seeds = st.integers(0, 2**32 - 1)


def drawn_layer(layer: Layer, seed: int, dtype: Any = np.float64) -> tuple[Layer, Array, Array, np.random.Generator]:
    """The layer with drawn parameters, a batch of three and the gradient of its output."""
    rng = np.random.default_rng(seed)
    built(layer, seed, dtype)
    layer.set_weights([rng.normal(size=w.shape) for w in layer.get_weights()])
    x, dy = rng.normal(1.0, 2.0, (2, 3, *(layer.shape_in or ()))).astype(dtype)
    return layer, x, dy, rng


def near(actual: Array, expected: Array) -> None:
    np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-12)


@given(seeds, st.integers(1, 5))
def test_layer_normalization_equals_its_definition(seed: int, width: int) -> None:
    layer, x, dy, _ = drawn_layer(LayerNormalization(input_shape=(width,)), seed)
    gamma, beta = layer.params["gamma"], layer.params["beta"]
    y, cache = layer.forward(x)
    near(y, reference.layer_norm(x, gamma, beta, EPSILON))
    dx, gradients = layer.backward(dy, cache)
    for found, expected in zip(
        (dx, gradients["gamma"], gradients["beta"]), reference.layer_norm_backward(dy, x, gamma, EPSILON), strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)


@given(seeds, st.integers(1, 5))
def test_rms_scaling_equals_its_definition(seed: int, width: int) -> None:
    layer, x, dy, _ = drawn_layer(LayerNormalization(rms_scaling=True, scale=False, input_shape=(width,)), seed)
    y, cache = layer.forward(x)
    near(y, reference.rms_norm(x, layer.params["gamma"], EPSILON))
    dx, gradients = layer.backward(dy, cache)
    assert gradients.keys() == {"gamma"}  # whatever scale and center are
    expected_dx, expected_dgamma = reference.rms_norm_backward(dy, x, layer.params["gamma"], EPSILON)
    scale = np.abs(expected_dx).max()  # a row of nearly one value has gradients of thousands
    np.testing.assert_allclose(dx, expected_dx, rtol=1e-10, atol=1e-10 * scale)
    np.testing.assert_allclose(gradients["gamma"], expected_dgamma, rtol=1e-10, atol=1e-10)


@given(seeds, st.sampled_from([(4,), (2, 4), (2, 3, 4)]), st.sampled_from([1, 2, 4]))
def test_group_normalization_equals_its_definition(seed: int, shape: tuple[int, ...], groups: int) -> None:
    layer, x, dy, _ = drawn_layer(GroupNormalization(groups, input_shape=shape), seed)
    gamma, beta = layer.params["gamma"], layer.params["beta"]
    y, cache = layer.forward(x)
    near(y, reference.group_norm(x, groups, gamma, beta, EPSILON))
    dx, gradients = layer.backward(dy, cache)
    for found, expected in zip(
        (dx, gradients["gamma"], gradients["beta"]),
        reference.group_norm_backward(dy, x, groups, gamma, EPSILON),
        strict=True,
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)


KERAS = {
    "axes 1 and 3": (
        LayerNormalization(axis=[1, 3], input_shape=(2, 3, 2)),
        [0.0019940199302510564, 3.996011960139498, 1.9619654640588973, 0.845641443129324, 0.4230342465168233],
    ),
    "axes 1 and 3, in another order": (
        LayerNormalization(axis=(-1, 1), input_shape=(2, 3, 2)),
        [0.0019940199302510564, 3.996011960139498, 1.9619654640588973, 0.845641443129324, 0.4230342465168233],
    ),
    "rms_scaling": (
        LayerNormalization(rms_scaling=True, input_shape=(2, 3, 2)),
        [0.0, 3.9920239202789958, 3.998001498751093, 3.998001498751093, 1.9990007493755464],
    ),
    "a group for each channel": (
        GroupNormalization(2, input_shape=(2, 3, 2)),
        [-0.33587688954868367, 0.4049247607237527, 2.870227645368157, 1.772132108674822, 1.2671753779097368],
    ),
    "channels first": (
        GroupNormalization(-1, axis=1, input_shape=(2, 3, 2)),
        [-0.4811412936136581, 0.20246238036187647, 2.25327340228848, 0.886066054337411, 0.886066054337411],
    ),
}


@pytest.mark.parametrize("name", KERAS)
def test_the_keras_figures(name: str) -> None:
    """The first of what Keras 3.15.1 gave in float64; each parameter counts from 1."""
    layer, expected = KERAS[name]
    built(layer, 0, np.float64)
    layer.set_weights([np.arange(1.0, w.size + 1).reshape(w.shape) for w in layer.get_weights()])
    x = (np.arange(12.0) ** 2 % 7).reshape(1, 2, 3, 2)
    np.testing.assert_allclose(layer.forward(x)[0].ravel()[:5], expected, rtol=1e-13)


def test_parameters_have_the_axes_in_ascending_order() -> None:
    layer = built(LayerNormalization(axis=(-1, 1), input_shape=(2, 3, 4)), 0, np.float64)
    assert layer.params["gamma"].shape == layer.params["beta"].shape == (2, 4)


@pytest.mark.parametrize("layer", [LayerNormalization(input_shape=(512,)), GroupNormalization(2, input_shape=(512,))])
def test_a_large_mean_keeps_the_digits_in_float32(layer: Layer) -> None:
    built(layer, 0, np.float32)
    x = np.random.default_rng(0).normal(1e4, 1.0, (4, 512)).astype(np.float32)
    groups = x.astype(np.float64).reshape(4, -1, 256 if isinstance(layer, GroupNormalization) else 512)
    exact = (groups - groups.mean(-1, keepdims=True)) / np.sqrt(groups.var(-1, keepdims=True) + EPSILON)
    y, cache = layer.forward(x)
    np.testing.assert_allclose(y, exact.reshape(4, 512), rtol=2e-7, atol=1e-7)
    dx, gradients = layer.backward(y, cache)
    assert {a.dtype for a in (y, dx, *gradients.values())} == {np.dtype(np.float32)}


def test_a_mean_between_two_numbers_of_float32() -> None:
    """Near 2**25 these are 4 apart, and the means are 2**25 + 1 and + 2; the figures are those of 0 and 1."""
    layer = built(LayerNormalization(epsilon=1e-12, input_shape=(4,)), 0, np.float32)
    x = np.array([[0, 0, 0, 1], [0, 1, 0, 1]], np.float32)
    y, small = layer.forward(np.float32(2**25) + 4 * x)[0], layer.forward(x)[0]
    np.testing.assert_allclose(y, small, rtol=1e-6)


def test_gradients_are_summed_in_float64() -> None:
    layer = built(LayerNormalization(input_shape=(2,)), 0, np.float32)
    _, cache = layer.forward(np.array([[0.0, 1.0]] * 3, np.float32))
    dy = np.array([[2.0**25] * 2, [1.0] * 2, [-(2.0**25)] * 2], np.float32)
    assert layer.backward(dy, cache)[1]["beta"].tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    "layer",
    [
        LayerNormalization(axis=[-1, 1], scale=False, input_shape=(2, 3, 2)),
        LayerNormalization(axis=2, rms_scaling=True, input_shape=(2, 3, 2)),
        GroupNormalization(2, axis=2, center=False, input_shape=(3, 4, 2)),
    ],
    ids=repr,
)
def test_gradcheck(layer: Layer) -> None:
    layer, x, _, _ = drawn_layer(layer, 0)
    assert_gradients(layer, x, training=True)


def test_what_is_inside() -> None:
    layer, x, dy, _ = drawn_layer(GroupNormalization(2, axis=1, input_shape=(4, 3)), 0)
    y, cache = layer.forward(x)
    inside = layer.inside(x, cache)
    gamma, beta = layer.params["gamma"][:, None], layer.params["beta"][:, None]
    near(inside["normalized"] * gamma + beta, y)
    near(inside["mean"].ravel(), x.reshape(3, 2, 6).mean(axis=2).ravel())
    near(inside["inverse_std"].ravel(), 1 / np.sqrt(x.reshape(3, 2, 6).var(axis=2).ravel() + EPSILON))
    near(layer.inside_gradients(dy, cache)["normalized"], dy * gamma)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: LayerNormalization(axis=0), ValueError, "layer_normalization: axis must not be the batch's"),
        (lambda: LayerNormalization(axis=[]), ValueError, "axis must be an axis, or a list of at least one; received"),
        (lambda: LayerNormalization(axis=[1, "a"]), TypeError, "axis must be an integer"),
        (lambda: LayerNormalization(axis=[1, -1])([[1.0, 2.0]]), ValueError, "must not name an axis twice"),
        (lambda: LayerNormalization(axis=2)([[1.0, 2.0]]), ValueError, "has no axis 2 besides the batch's"),
        (lambda: LayerNormalization(epsilon=0.0), ValueError, "epsilon must be a finite number, above 0"),
        (lambda: GroupNormalization(0), ValueError, "group_normalization: groups must be a positive integer, or -1"),
        (lambda: GroupNormalization(-2), ValueError, "groups must be an integer of at least -1; received -2"),
        (lambda: GroupNormalization(3)([[1.0, 2.0]]), ValueError, "3 groups do not divide the 2 channels of axis -1"),
        (lambda: GroupNormalization(axis=0), ValueError, "axis must not be the batch's"),
    ],
)
def test_what_does_not_fit_is_refused(make: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make()


@pytest.mark.parametrize(
    ("cls", "method"),
    [
        (NormalizationLayer, "parameter_shape"),
        (ExampleNormalization, "normalized_axes"),
        (ExampleNormalization, "broadcast_shape"),
    ],
)
def test_what_a_subclass_lacks_is_said(cls: type[NormalizationLayer], method: str) -> None:
    lacking = cls(EPSILON, True, True, "zeros", "ones", None, None, None, None)
    with pytest.raises(NotImplementedError, match=f"does not define {method}"):
        getattr(lacking, method)(np.zeros((1, 3)))
