"""Elementwise functions as activations: their gradients are those of the activations that they are, exact to rounding."""

import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from numpycnn import Sequential
from numpycnn import activations as A
from numpycnn import backend as K
from numpycnn.activations import ActivationFunction
from numpycnn.callbacks import Callback
from numpycnn.common import complex_step, configuration
from numpycnn.common.typing import Array
from numpycnn.gradcheck import gradcheck
from numpycnn.layers import Activation, Conv2D, Dense, Flatten
from numpycnn.utils import get_custom_objects

Z = np.concatenate([np.linspace(-7, 7, 57), [-60.0, 60.0]])  # with 0 and 6, where some have a kink

TANH_GELU = math.sqrt(2 / math.pi)


def swish(x: Any) -> Any:
    return x * K.sigmoid(x)  # type: ignore[attr-defined]


SAME: list[tuple[str, Callable[[Any], Any], ActivationFunction]] = [
    ("swish", swish, A.silu),
    ("mish", lambda x: x * K.tanh(K.softplus(x)), A.mish),  # type: ignore[attr-defined]
    ("relu", lambda x: K.relu(x), A.relu),  # type: ignore[attr-defined]
    ("relu by max", lambda x: np.maximum(x, 0), A.relu),
    ("relu by a product", lambda x: x * (x > 0), A.relu),
    ("relu by min", lambda x: -np.minimum(-x, 0), A.relu),
    ("relu by abs", lambda x: (x + abs(x)) / 2, A.leaky_relu.with_settings(negative_slope=0.0)),
    ("relu6", lambda x: K.relu(x, max_value=6), A.relu6),  # type: ignore[attr-defined]
    ("relu6 by clip", lambda x: K.clip(x, 0, 6), A.relu6),  # type: ignore[attr-defined]
    ("leaky relu", lambda x: np.where(x > 0, x, 0.2 * x), A.leaky_relu),
    ("elu", lambda x: K.elu(x, 0.5), A.elu.with_settings(alpha=0.5)),  # type: ignore[attr-defined]
    ("elu by switch", lambda x: K.switch(x >= 0, x, np.expm1(x)), A.elu),  # type: ignore[attr-defined]
    ("sigmoid", lambda x: 1 / (1 + np.exp(-x)), A.sigmoid),
    ("softsign", lambda x: x / (1 + np.abs(x)), A.softsign),
    ("gelu", lambda x: 0.5 * x * (1 + K.tanh(TANH_GELU * (x + 0.044715 * K.pow(x, 3)))), A.gelu.with_settings(True)),  # type: ignore[attr-defined]
    ("tanh, which has no signature", np.tanh, A.tanh),
    ("x by its sign", lambda x: np.sign(x) * np.sqrt(x * x), A.linear),
]

AT_THE_KINK = ("elu", "relu by abs", "x by its sign")
"""At 0 they take another slope than the known one's, between those of both sides."""


@pytest.mark.parametrize(("name", "function", "known"), SAME, ids=[name for name, _, _ in SAME])
def test_the_gradient_is_exact(name: str, function: Callable[[Any], Any], known: ActivationFunction) -> None:
    own = Activation(function).activation
    z = Z[Z != 0] if name in AT_THE_KINK else Z
    dy = np.cos(z)
    np.testing.assert_allclose(own.forward(z), known.forward(z), rtol=1e-13, atol=1e-15)
    expected = known.backward(dy, z, known.forward(z))
    np.testing.assert_allclose(own.backward(dy, z, own.forward(z)), expected, rtol=1e-12, atol=1e-15)


NOT: list[tuple[str, Callable[..., Any], str]] = [
    ("softmax", K.softmax.forward, "it is not elementwise"),  # type: ignore[attr-defined]
    ("centred", lambda x: x - x.mean(), "it is not elementwise"),
    ("noise", lambda x: x + np.random.normal(size=x.shape), "it is not elementwise"),
    ("a sum", lambda x: x.sum(), "it is not elementwise"),
    ("of another module", lambda x: math.exp(x), "it raises TypeError for an array"),
    ("if", lambda x: x if x > 0 else 0 * x, "it raises ValueError for an array"),
    ("in place", lambda x: x.__imul__(2), "it raises ValueError for an array.*read-only"),
    ("floor", np.floor, "it raises TypeError for an array, or one of complex numbers"),
    ("real part", lambda x: 2 * np.real(x), "the complex step differs from differences"),
    ("other numbers", lambda x: x + 1 if np.iscomplexobj(x) else x, "the complex step differs from differences"),
    ("nothing", lambda x: x * math.nan, "the complex step differs from differences"),
]


@pytest.mark.parametrize(("name", "function", "reason"), NOT, ids=[name for name, _, _ in NOT])
def test_what_cannot_be_differentiated_is_refused(name: str, function: Callable[..., Any], reason: str) -> None:
    with pytest.raises(TypeError, match=f"dense: activation must have a gradient; give .* complex step: {reason}"):
        Dense(3, activation=function)


def test_a_network_learns_as_with_the_known_one() -> None:
    x, y = np.random.default_rng(0).normal(size=(70, 6, 6, 1)).astype(np.float32), np.arange(70) % 3

    def trained(activation: Any, **options: Any) -> Array:
        layers = [Conv2D(4, 3, activation=activation), Activation(activation), Flatten(), Dense(3)]
        model = Sequential(layers, seed=1)
        model.compile("adam", "mse")
        model.fit(x, np.eye(3)[y], epochs=2, verbose=0, **options)
        assert model.get_weights()[0].dtype == np.float32
        return np.concatenate([weights.ravel() for weights in model.get_weights()])

    own = trained(swish, workers=1)
    np.testing.assert_allclose(own, trained("silu"), rtol=2e-4, atol=2e-6)
    assert own.tobytes() == trained(swish, workers=3).tobytes()


def test_it_passes_the_checker_and_is_pickled() -> None:
    layer = Dense(3, activation=swish)
    model = Sequential([Dense(4, activation=swish, input_shape=(3,)), layer], seed=1, dtype="float64")
    model.compile("sgd", "mse")
    assert gradcheck(model, *np.random.default_rng(0).normal(size=(2, 8, 3))).passed
    assert layer.activation.name == "swish"
    assert Activation(lambda x: 2 * x).activation.name == "lambda"
    single = np.ones((2, 3), np.float32)
    for own in (layer.activation, Activation(lambda x: np.float64(2.0) * x).activation):
        assert own.backward(single, single, single).dtype == own.forward(single).dtype == "f4"
    copied = pickle.loads(pickle.dumps(layer.activation))  # noqa: S301
    np.testing.assert_array_equal(copied.forward(Z), layer.activation.forward(Z))


def test_the_other_functions_of_the_complex_numbers_are_theirs() -> None:
    z = (np.array([[1.0, -2.0]]) + 1e-20j).view(complex_step.Stepped)
    total = np.add.reduce(z, axis=None)
    assert total == -1.0
    z *= 2
    np.testing.assert_array_equal(np.imag(z), 2e-20)


@pytest.fixture
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configuration, "REGISTERED", {})


@pytest.mark.usefixtures("_registered")
def test_a_registered_function_is_found_by_its_name() -> None:
    """Before the library's own, as layer or function; and among the metrics."""
    known = Activation("swish").activation
    get_custom_objects().update({"swish": Activation(swish), "double": lambda x: 2 * x, "third": lambda t, p: p[:, 2]})
    assert Dense(3, activation="swish").activation is get_custom_objects()["swish"].activation
    assert Activation("double").activation.forward(Z).tolist() == (2 * Z).tolist()
    assert Activation("silu").activation == known
    model = Sequential([Dense(3, activation="double", input_shape=(3,))], seed=1)
    model.compile("sgd", "mse", metrics=["third"])
    x = np.ones((4, 3))
    _, third = model.evaluate(x, x, verbose=0)
    assert third == pytest.approx(model.predict(x, verbose=0)[0, 2])
    del get_custom_objects()["swish"]
    assert Activation("swish").activation == known


def test_an_older_base_logger_is_a_callback() -> None:
    """Rosebrock's TrainingMonitor and others derive from it."""
    with pytest.warns(FutureWarning, match="BaseLogger"):
        from numpycnn.callbacks import BaseLogger  # type: ignore[attr-defined]
    assert issubclass(BaseLogger, Callback)
