"""Rescaling and Normalization: against their definitions and Keras's figures, and what adapting does."""

# mypy: disable-error-code="arg-type"

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import built
from hypothesis import given
from hypothesis import strategies as st

from numpycnn import Sequential, reference
from numpycnn.common import checks
from numpycnn.layers import Dense, Layer, Normalization, Rescaling
from numpycnn.models import load_model

RNG = np.random.default_rng(0)
SHAPE = (2, 3, 4)
X, DY = RNG.normal(size=(2, 5, *SHAPE))


@given(st.sampled_from([(), (4,), (3, 1), (2, 1, 4)]), st.sampled_from([(), (1,), SHAPE]))
def test_rescaling_equals_its_definition(scale_shape: tuple[int, ...], offset_shape: tuple[int, ...]) -> None:
    scale, offset = RNG.normal(size=scale_shape), RNG.normal(size=offset_shape)
    layer = built(Rescaling(scale, offset, input_shape=SHAPE), 0, np.float64)
    y, cache = layer.forward(X)
    whole, shift = np.broadcast_to(scale, SHAPE), np.broadcast_to(offset, SHAPE)
    np.testing.assert_allclose(y, reference.rescale(X, whole, shift), rtol=1e-14, atol=1e-14)
    np.testing.assert_allclose(layer.backward(DY, cache)[0], reference.rescale_backward(DY, whole), rtol=1e-14)


@given(st.sampled_from([None, -1, 1, (3, 1), [1, 2, 3]]), st.booleans())
def test_normalization_equals_its_definition(axis: Any, invert: bool) -> None:
    layer = Normalization(axis, invert=invert, input_shape=SHAPE)
    built(layer, 0, np.float64)
    layer.adapt(DY)
    kept = {value % 4 for value in (() if axis is None else (axis,) if isinstance(axis, int) else axis)}
    others = tuple({0, 1, 2, 3} - kept)
    mean, std = (np.broadcast_to(f(DY, axis=others, keepdims=True)[0], SHAPE) for f in (np.mean, np.std))
    y, cache = layer.forward(X)
    expected = reference.rescale(X, std, mean) if invert else reference.standardize(X, mean, std)
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-13)
    back = reference.rescale_backward(DY, std) if invert else reference.standardize_backward(DY, std)
    np.testing.assert_allclose(layer.backward(DY, cache)[0], back, rtol=1e-12)


@pytest.mark.parametrize("invert", [False, True])
def test_what_is_inside_normalization(invert: bool) -> None:
    """With the examples' axis, as each layer that does not look across the batch."""
    layer = Normalization(axis=2, invert=invert, input_shape=SHAPE)
    built(layer, 0, np.float64)
    layer.adapt(DY)
    trace = Sequential([layer], dtype="float64").trace(X)["normalization"]
    mean, std = trace.inside["mean"], trace.inside["std"]
    assert mean.shape == std.shape == (len(X), 1, 3, 1)
    np.testing.assert_allclose(mean[-1].ravel(), DY.mean(axis=(0, 1, 3)), rtol=1e-12)
    np.testing.assert_allclose(std[0].ravel(), DY.std(axis=(0, 1, 3)), rtol=1e-12)
    np.testing.assert_allclose(trace.output, X * std + mean if invert else (X - mean) / std, rtol=1e-12)


def test_the_keras_figures() -> None:
    """The examples of Keras's documentation."""
    data = np.array([[0.0, 7.0, 4.0], [2.0, 9.0, 6.0]] * 2)
    layer = Normalization()
    layer.adapt(data)
    assert layer([[0.0, 7.0, 4.0]]).tolist() == [[-1.0, -1.0, -1.0]]
    inverse = Normalization(invert=True)
    inverse.adapt(data)
    assert inverse([[1.0, 2.0, 3.0]]).tolist() == [[2.0, 10.0, 8.0]]
    given = Normalization(mean=3.0, variance=2.0)([[1.0], [2.0], [3.0]])
    np.testing.assert_allclose(given, [[-1.4142135], [-0.70710677], [0.0]], rtol=1e-7)
    whole = Normalization(axis=None)
    whole.adapt(np.array([[1.0], [2.0], [3.0], [4.0], [5.0]]))
    np.testing.assert_allclose(whole([[1.0], [2.0], [3.0]]), [[-1.4142135], [-0.70710677], [0.0]], rtol=1e-7)
    assert Rescaling(1 / 127.5, -1)([[0, 255]]).tolist() == [[-1.0, 1.0]]


def test_weights_are_in_the_order_of_keras() -> None:
    layer = built(Normalization(input_shape=(3,)), 0, np.float32)
    assert [(key, array.shape) for key, array in layer.arrays.items()] == [
        ("mean", (3,)),
        ("variance", (3,)),
        ("count", ()),
    ]
    layer.set_weights([np.ones(3), np.full(3, 4.0), np.array(0)])  # Keras's count is always 0
    assert layer.forward(np.full((1, 3), 3.0, np.float32))[0].tolist() == [[1.0, 1.0, 1.0]]


def test_a_feature_that_is_constant_becomes_zero() -> None:
    layer = Normalization()
    layer.adapt(np.array([[1.0, 2.0], [1.0, 4.0]]))
    assert layer([[1.0, 4.0]]).tolist() == [[0.0, 1.0]]


def test_adapting_takes_chunks_of_integers_in_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mean of 10 million beside a variance of 1, and another call that forgets the first."""
    monkeypatch.setattr(checks, "CHUNK", 7)
    data = 10_000_000 + RNG.integers(-1, 2, (100, 3))
    layer = Normalization(input_shape=(3,))
    built(layer, 0, np.float64)
    for _ in range(2):
        layer.adapt(data)
        np.testing.assert_allclose(layer.state["mean"], data.mean(axis=0), rtol=1e-15)
        np.testing.assert_allclose(layer.state["variance"], data.var(axis=0), rtol=1e-8)
        assert layer.state["count"] == 100


def test_what_was_adapted_is_saved_with_the_model(tmp_path: Path) -> None:
    layer = Normalization(input_shape=SHAPE)
    layer.adapt(X)
    model = Sequential([layer, Dense(2)], seed=0)
    model.predict(X)
    model.save(tmp_path / "m.safetensors")
    assert load_model(tmp_path / "m.safetensors").predict(X).tobytes() == model.predict(X).tobytes()
    unadapted = Normalization(input_shape=SHAPE)
    later = Sequential([unadapted, Dense(2)], seed=0)
    unadapted.adapt(X)
    assert later.predict(X).tobytes() == model.predict(X).tobytes()


def test_training_does_not_change_what_was_adapted() -> None:
    layer = Normalization(input_shape=(3,))
    layer.adapt(RNG.normal(size=(9, 3)))
    before = [w.tolist() for w in layer.get_weights()]
    model = Sequential([layer, Dense(2)], seed=0)
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
    assert [w.tolist() for w in layer.get_weights()] == before


def adapted(layer: Normalization, data: Any) -> None:
    layer.adapt(data)


def called(layer: Layer) -> None:
    layer([[1.0, 2.0]])


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: called(Normalization()), ValueError, r"normalization: has no mean and variance yet; call its adapt"),
        (lambda: Normalization(mean=1.0), ValueError, "mean and variance must be given together; received 1.0, None"),
        (lambda: Normalization(mean=[1.0], variance=1.0), ValueError, r"must be at least 0 and have the shape of mean"),
        (lambda: Normalization(mean=1.0, variance=-1.0), ValueError, "variance must be at least 0"),
        (lambda: Normalization(mean="a", variance=1.0), TypeError, "mean must be an array of real numbers"),
        (lambda: Normalization(mean=np.nan, variance=1.0), ValueError, "mean must be finite in float32; received nan"),
        (lambda: called(Normalization(mean=[1.0] * 3, variance=[1.0] * 3)), ValueError, "which does not repeat to"),
        (lambda: called(Normalization(None, [1.0, 2.0], [1.0, 2.0])), ValueError, r"shape \(2,\), which does not"),
        (lambda: Normalization(axis=0), ValueError, "normalization: axis must not be the batch's"),
        (lambda: called(Normalization(axis=2)), ValueError, "has no axis 2 besides the batch's"),
        (lambda: called(Rescaling([1.0, 2.0, 3.0])), ValueError, r"scale has the shape \(3,\), which does not repeat"),
        (lambda: called(Rescaling(1.0, [[[1.0]]])), ValueError, "offset has the shape"),
        (lambda: Rescaling(1e300), ValueError, "rescaling: scale must be finite in float32; received 1e"),
        (lambda: adapted(Normalization(), [X]), TypeError, "normalization.adapt: data must be an array; received"),
        (lambda: adapted(Normalization(), X[:0]), ValueError, "normalization.adapt: expected at least one example"),
        (lambda: adapted(Normalization(), X.astype(str)), TypeError, "data must be an array of real numbers"),
        (lambda: adapted(Normalization(mean=1, variance=1), X), ValueError, "was given its mean and variance"),
        (lambda: adapted(Normalization(input_shape=(3,)), X), ValueError, r"expected input_shape \(3,\); received"),
    ],
)
def test_what_does_not_fit_is_refused(make: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make()
