"""Weights and shapes as Keras's programs ask for them."""

from typing import Any

import numpy as np
import pytest

from numpycnn import Sequential
from numpycnn.layers import BatchNormalization, Conv2D, Dense, Flatten, Input


def network() -> Sequential:
    layers: list[Any] = [
        Input((4, 4, 1)),
        Conv2D(2, 3),
        BatchNormalization(),
        Flatten(),
        Dense(3, activation="softmax"),
    ]
    return Sequential(layers, seed=0)


def test_shapes_begin_with_none_as_in_keras() -> None:
    model = network()
    assert (model.input_shape, model.output_shape) == ((None, 4, 4, 1), (None, 3))
    assert [layer.output_shape for layer in model.layers] == [(None, 2, 2, 2), (None, 2, 2, 2), (None, 8), (None, 3)]
    assert model.layers[0].input_shape == (None, 4, 4, 1)
    unbuilt = Sequential([Dense(2)])
    assert (unbuilt.input_shape, unbuilt.output_shape, unbuilt.layers[0].output_shape) == (None, None, None)
    assert unbuilt.build(model.output_shape or ()) == (2,)
    assert Dense(2).build(model.layers[0].input_shape or ()) == (4, 4, 2)


def test_weights_say_whether_they_are_trained() -> None:
    model = network()
    model.layers[0].trainable = False
    assert [weight.trainable for weight in model.weights] == [False] * 2 + [True, True, False, False] + [True] * 2
    dense: Any = model.layers[3]
    assert dense.kernel.trainable
    assert not model.non_trainable_weights[0].trainable
    assert model.trainable_weights[0].trainable


def test_weights_are_a_list_in_keras_order_with_names() -> None:
    model = network()
    assert [(weight.name, weight.path, weight.shape) for weight in model.weights] == [
        ("kernel", "conv2d/kernel", (3, 3, 1, 2)),
        ("bias", "conv2d/bias", (2,)),
        ("gamma", "batch_normalization/gamma", (2,)),
        ("beta", "batch_normalization/beta", (2,)),
        ("moving_mean", "batch_normalization/moving_mean", (2,)),
        ("moving_variance", "batch_normalization/moving_variance", (2,)),
        ("kernel", "dense/kernel", (8, 3)),
        ("bias", "dense/bias", (3,)),
    ]
    assert [weight.path for weight in model.variables] == list(model.arrays)
    assert sum(int(np.prod(weight.shape)) for weight in model.trainable_variables) == 18 + 2 + 4 + 27
    assert [weight.name for weight in model.non_trainable_variables] == ["moving_mean", "moving_variance"]
    model.layers[0].trainable = False
    assert (len(model.trainable_weights), len(model.non_trainable_weights)) == (4, 4)


def test_a_variable_is_the_layers_array() -> None:
    model = network()
    dense: Any = model.layers[-1]
    kernel, bias = dense.weights
    for given, value in ((kernel.numpy(), 1.0), (kernel + 1, 2.0), (kernel.T @ kernel, 3.0)):
        assert type(given) is np.ndarray
        given[...] = value  # not the layer's
    assert not (kernel == 1).any()
    assert type(np.sum(kernel)) is np.float32
    assert bias.assign([1, 2, 3]) is bias
    np.testing.assert_array_equal(dense.params["bias"], [1, 2, 3])
    bias.value[0] = 7
    assert dense.get_weights()[1].tolist() == [7, 2, 3]
    assert (type(bias.value), kernel[0].path) == (np.ndarray, "kernel")
    np.testing.assert_array_equal(dense.kernel.numpy(), kernel)
    assert dense.kernel.name == "kernel"


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ([1, 2], ValueError, r"^dense/bias: value must have the shape \(3,\); received \(2,\)"),
        ("three", TypeError, "^dense/bias: value must"),
    ],
)
def test_what_does_not_fit_a_variable_is_refused(value: object, error: type[Exception], message: str) -> None:
    bias = network().weights[-1]
    with pytest.raises(error, match=message):
        bias.assign(value)
    assert not bias.any()
