"""A loss that is NaN or infinite ends training before it spoils the weights, with an error that says where it is."""

import numpy as np
import pytest
from networks import fingerprint, small_data, small_network

from numpycnn import Sequential
from numpycnn.callbacks import TerminateOnNaN
from numpycnn.common.typing import Array
from numpycnn.layers import BatchNormalization, Dense
from numpycnn.optimizers import SGD

X, Y = small_data(20)


def rows_network(learning_rate: float = 0.01) -> Sequential:
    model = Sequential([Dense(4, input_shape=(3,)), Dense(2)], seed=0)
    model.compile(SGD(learning_rate), "mse")
    return model


ROWS, TARGETS = np.ones((20, 3)), np.ones((20, 2))


def changed(array: Array, *index: int, value: float = np.nan) -> Array:
    array = array.copy()
    array[index] = value
    return array


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_number_in_x_that_is_not_finite_is_named(value: float, workers: int) -> None:
    """Of the second batch, in the order in which examples are given; the first batch is learnt from."""
    model, expected = small_network(), small_network()
    expected.fit(X[:8], Y[:8], 8, verbose=0, shuffle=False)
    bad = changed(X, 13, 2, 5, 0, value=value)
    where = (
        rf"sequential: the loss is \S+ in epoch 1, batch 2, .* x is {value} at index \(13, 2, 5, 0\), in example 13;?"
    )
    with np.errstate(invalid="ignore"), pytest.raises(ValueError, match=where):
        model.fit(bad, Y, 8, verbose=0, shuffle=False, workers=workers)
    assert fingerprint(model)[:4] == fingerprint(expected)[:4]
    assert model.steps == 1


def test_the_first_of_several_is_named_whatever_their_order() -> None:
    bad = ROWS.copy()
    bad[5:, 2] = np.nan
    with pytest.raises(ValueError, match=r"15 of 20 examples; x is nan at index \(5, 2\), in example 5"):
        rows_network().fit(bad, TARGETS, 20, verbose=0)


def test_a_number_in_y_that_is_not_finite_is_named() -> None:
    model = rows_network()
    before = fingerprint(model)
    where = r"is inf in epoch 1, batch 1, .*; y is inf at index \(3, 1\), in example 3"
    with np.errstate(invalid="ignore"), pytest.raises(ValueError, match=where):
        model.fit(ROWS, changed(TARGETS, 3, 1, value=np.inf), 20, verbose=0)
    assert fingerprint(model) == before


def test_a_learning_rate_that_explodes_is_suspected() -> None:
    model = rows_network(1e6)
    with (
        np.errstate(over="ignore", invalid="ignore"),
        pytest.raises(
            ValueError, match=r"in epoch \d+, batch 1, .*inputs and targets are finite: the learning rate may"
        ),
    ):
        model.fit(ROWS, TARGETS, 20, epochs=50, verbose=0)
    assert model.steps > 1
    assert all(np.isfinite(w).all() for w in model.get_weights())


def test_integers_are_finite() -> None:
    model = rows_network(1e6)
    with np.errstate(over="ignore", invalid="ignore"), pytest.raises(ValueError, match="inputs and targets are finite"):
        model.fit(ROWS.astype(int), TARGETS.astype(int), 20, epochs=50, verbose=0)


def test_one_batch_is_as_it_was() -> None:
    model = small_network()
    before = fingerprint(model)
    with pytest.raises(ValueError, match=r"the loss is nan in this batch, for 1 of 20 examples; x is nan .* example 4"):
        model.train_on_batch(changed(X, 4, 0, 0, 0), Y)
    assert fingerprint(model) == before


def test_a_whole_batch_that_one_example_spoils_names_that_one() -> None:
    """Batch normalization makes all losses NaN; the number that did it is in one."""
    model = Sequential([Dense(4, input_shape=(3,)), BatchNormalization(), Dense(2)], seed=0)
    model.compile("sgd", "mse")
    before = fingerprint(model)
    with (
        np.errstate(invalid="ignore"),
        pytest.raises(ValueError, match=r"for 20 of 20 examples; x is nan at index \(11, 1\), in example 11"),
    ):
        model.fit(changed(ROWS, 11, 1), TARGETS, 20, verbose=0)
    assert fingerprint(model) == before


def test_with_terminate_on_nan_training_ends_without_an_error() -> None:
    model = small_network()
    history = model.fit(changed(X, 4, 0, 0, 0), Y, epochs=5, verbose=0, callbacks=TerminateOnNaN())
    assert np.isnan(history.history["loss"]).tolist() == [True]
    assert model.steps == 1
