"""What comes in: the input of a model in each of Keras's spellings, and data whose shape or dtype differs a little."""

from typing import Any

import numpy as np
import pytest

from numpycnn import Input, Sequential
from numpycnn.common.typing import Array
from numpycnn.layers import Activation, Conv2D, Dense, Flatten, InputLayer, LeakyReLU, Normalization, ReLU
from numpycnn.layers import Input as LayersInput

X: Array = np.random.default_rng(0).integers(0, 256, (6, 5, 4), np.uint8)
LABELS = np.array([0, 2, 1, 1, 0, 2])
ROWS = np.eye(3)[LABELS]


def network(shape: Any = (5, 4, 1), loss: str = "sparse_categorical_crossentropy", units: int = 3) -> Sequential:
    model = Sequential(
        [Input(shape), Flatten(), Dense(units, activation="softmax" if units > 1 else "sigmoid")], seed=1
    )
    model.compile("sgd", loss, metrics=["accuracy"])
    return model


def trained(x: Any, y: Any, **options: Any) -> tuple[dict[str, list[float]], list[Any]]:
    """The History of an epoch, and the weights after it."""
    model = network(**options)
    history = model.fit(x, y, verbose=0, validation_data=(x, y))
    return history.history, [weights.tolist() for weights in model.get_weights()]


# ---------------------------------------------------------------- the input of a model


def test_every_spelling_of_the_input_is_the_same() -> None:
    make: Any = Input
    for first in (
        Input((3,)),
        Input((3,), 6, "float32"),
        make(shape=[3], name="pixels", batch_size=2, dtype=np.float64),
        make(batch_shape=(None, 3)),
        make(batch_shape=[8, 3], dtype=np.dtype("uint8")),
        LayersInput((3,)),
        InputLayer((3,)),
        InputLayer((3,), 6, "float32"),
        InputLayer(shape=(3,), name="pixels"),
        InputLayer(input_shape=(3,)),
        InputLayer(batch_shape=(4, 3)),
    ):
        whole, added = Sequential([first, Dense(2)]), Sequential()
        added.add(first)
        added.add(Dense(2))
        for model in (whole, added):
            assert model.shape_in == (3,)
            assert model.predict(np.ones((5, 3))).shape == (5, 2)
            assert [layer.name for layer in model.layers] == ["dense"]
    assert [Input((3,)).name, InputLayer((3,)).name, Input((3,), name="a").name] == ["input_layer", "input_layer", "a"]


@pytest.mark.parametrize("cls", [Input, InputLayer])
@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({}, TypeError, "shape must be a tuple of integers, without the batch axis; received None"),
        ({"shape": (3,), "batch_shape": (None, 3)}, ValueError, "expected a shape or a batch_shape; received both"),
        ({"batch_size": 3, "batch_shape": (None, 3)}, ValueError, "expected a shape or a batch_shape; received both"),
        ({"batch_shape": 3}, TypeError, "batch_shape must be a list; received 3"),
        ({"batch_shape": (0, 3)}, ValueError, "batch_size must be an integer of at least 1; received 0"),
        ({"batch_shape": (None, None)}, TypeError, "shape must be an integer of at least 1; received None"),
        ({"shape": (3,), "batch_size": "a"}, TypeError, "batch_size must be an integer of at least 1; received 'a'"),
        ({"shape": (3,), "dtype": "floaty"}, ValueError, "dtype must be one of 'bool', .*; received 'floaty'"),
        ({"shape": (3,), "dtype": np.complex64}, ValueError, "dtype must be one of 'bool', .*; received 'complex64'"),
        ({"shape": (3,), "dtype": 3}, TypeError, "dtype must be one of 'bool', .*; received 3"),
        ({"shape": (3,), "name": "a/b"}, ValueError, "name must not be empty nor contain '/'; received 'a/b'"),
    ],
)
def test_a_bad_input_is_refused(cls: type[Input], given: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"^{cls.__name__}: {message}"):
        cls(**given)


def test_an_input_layer_takes_one_shape() -> None:
    with pytest.raises(ValueError, match="InputLayer: expected a shape, or an input_shape; received both"):
        InputLayer((3,), input_shape=(3,))


def test_the_input_shape_of_a_later_layer_is_ignored_as_in_keras() -> None:
    layers = [Conv2D(2, 3, input_shape=(8, 8, 1)), Conv2D(2, 3, input_shape=(8, 8, 1)), Flatten(input_shape=(9, 9))]
    assert Sequential(layers).shape_out == (32,)
    assert Sequential([Input((4,)), Dense(3, input_shape=(5,))]).shape_out == (3,)
    unbuilt = Sequential([Dense(3), Dense(2, input_shape=(5,))])
    assert unbuilt.shape_in is None
    assert unbuilt.predict(np.ones((2, 7))).shape == (2, 2)


def test_but_that_of_a_later_model_holds() -> None:
    with pytest.raises(ValueError, match=r"expected input_shape \(5,\); received \(3,\)"):
        Sequential([Dense(3, input_shape=(4,)), Sequential([Input((5,)), Dense(2)])])
    adapted = Normalization()
    adapted.adapt(np.ones((3, 5)))
    with pytest.raises(ValueError, match=r"normalization: expected input_shape \(5,\); received \(3,\)"):
        Sequential([Dense(3, input_shape=(4,)), adapted])


# ---------------------------------------------------------------- the shape and dtype of data


def test_a_last_axis_of_one_may_be_missing_or_too_many() -> None:
    """For images of one channel: Keras adds the axis or takes it away."""
    expected = trained(X[..., None], LABELS)
    assert trained(X, LABELS) == expected
    assert trained(X[..., None, None], LABELS) == expected
    assert trained(X[..., None], LABELS, shape=(5, 4)) == trained(X, LABELS, shape=(5, 4)) == expected
    model = network()
    assert model.predict(X).tolist() == model.predict(X[..., None]).tolist() == model(X).tolist()
    assert model.evaluate(X, LABELS, verbose=0) == model.evaluate(X[..., None], LABELS, verbose=0)
    assert model.train_on_batch(X, LABELS) == network().train_on_batch(X[..., None], LABELS)
    assert network((1,)).predict(np.ones(4)).shape == (4, 3)


@pytest.mark.parametrize("shape", [(6, 4, 5), (6, 5, 4, 3), (6, 20), (5, 4), (5, 4, 1), (6, 5, 4, 1, 1, 1)])
def test_any_other_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"flatten: expected x of shape \(n, 5, 4, 1\); received "):
        network().predict(np.ones(shape))


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32", "float64", "float16", ">f4"])
def test_data_are_cast_from_any_dtype(dtype: str) -> None:
    assert trained(X.astype(dtype), LABELS) == trained(X, LABELS)
    assert trained(X > 99, LABELS) == trained((X > 99).astype(dtype), LABELS)


@pytest.mark.parametrize(
    "labels", [list(LABELS), tuple(LABELS), LABELS[:, None], LABELS.astype(np.uint8), LABELS.astype(np.float32)]
)
def test_labels_in_every_form_are_the_same(labels: Any) -> None:
    assert trained(X, labels) == trained(X, LABELS)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float32"])
def test_one_hot_rows_of_any_dtype_are_the_same(dtype: str) -> None:
    for loss in ("categorical_crossentropy", "mse", "binary_crossentropy"):
        assert trained(X, ROWS.astype(dtype), loss=loss) == trained(X, ROWS, loss=loss)


@pytest.mark.parametrize("y", [LABELS > 0, (LABELS > 0)[:, None], [0, 1, 1, 1, 0, 1]])
def test_targets_of_one_output_in_every_form_are_the_same(y: Any) -> None:
    assert trained(X, y, loss="binary_crossentropy", units=1) == trained(
        X, (LABELS > 0).astype(float)[:, None], loss="binary_crossentropy", units=1
    )


# ---------------------------------------------------------------- activation=


@pytest.mark.parametrize(
    ("activation", "name"),
    [
        (LeakyReLU(0.2), "leaky_relu"),
        (ReLU(), "relu"),
        (Activation("tanh"), "tanh"),
        (Activation("softmax"), "softmax"),
    ],
)
def test_a_layer_that_is_an_activation_serves_as_one(activation: Any, name: str) -> None:
    layer, plain = Dense(3, activation=activation), Dense(3)
    x = np.linspace(-1, 1, 8).reshape(2, 4)
    layer.build((4,), dtype="float64")
    plain.build((4,), dtype="float64")
    plain.set_weights(layer.get_weights())
    assert layer(x).tolist() == activation(plain(x)).tolist()
    assert layer.activation.name == name
