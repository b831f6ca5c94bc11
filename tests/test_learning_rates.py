"""The learning-rate finder: a rate for each step, the losses of training at these rates, and a suggestion."""

from typing import Any

import numpy as np
import pytest
from networks import fingerprint, small_data, small_network

from numpycnn import Sequential
from numpycnn.layers import Dense
from numpycnn.utils import find_learning_rate

X = np.array([[1.0], [2.0], [3.0], [4.0]])


def line(**compiled: Any) -> Sequential:
    """y = w x, in float64, begun at w = 1."""
    model = Sequential([Dense(1, use_bias=False, input_shape=(1,), kernel_initializer="ones")], dtype="float64")
    model.compile(**{"optimizer": "sgd", "loss": "mse", **compiled})
    return model


def by_hand(rates: list[float]) -> list[float]:
    """The losses mean((w x - 3 x)**2) before each step of gradient descent with the rates."""
    w, losses = 1.0, []
    for rate in rates:
        losses.append(sum((w * x - 3 * x) ** 2 for (x,) in X) / 4)
        w -= rate * sum(2 * (w * x - 3 * x) * x for (x,) in X) / 4
    return losses


def test_each_step_has_the_loss_of_training_with_rates_that_rise() -> None:
    found = find_learning_rate(line(), X, 3 * X, 4, lowest=1e-4, highest=0.1, steps=31)
    rates = [1e-4 * 10 ** (k / 10) for k in range(31)]
    np.testing.assert_allclose(found.learning_rates, rates, rtol=1e-12)
    np.testing.assert_allclose(found.losses, by_hand(rates), rtol=1e-10)
    assert repr(found) == f"<LearningRates: 31 steps from 0.0001 to 0.1, suggested {found.suggested:.2g}>"


def test_the_losses_are_smoothed_and_a_tenth_of_the_rate_of_the_least_is_suggested() -> None:
    found = find_learning_rate(line(), X, 3 * X, 4, lowest=1e-4, highest=10.0, steps=60)
    average = weight = 0.0
    for k, loss in enumerate(found.losses):
        average, weight = 0.9 * average + 0.1 * loss, 0.9 * weight + 0.1
        assert found.smoothed[k] == pytest.approx(average / weight, rel=1e-12)
    assert found.suggested == found.learning_rates[np.argmin(found.smoothed)] / 10
    assert (
        0.1 / 7.5 < 10 * found.suggested < 8 / 7.5
    )  # beyond 2/15 = 1/7.5 a step leads away; it was seen a little later


def test_it_ends_where_training_diverges() -> None:
    found = find_learning_rate(line(), X, 3 * X, 4, lowest=1e-3, highest=1e6, steps=100)
    assert len(found.losses) == len(found.learning_rates) < 60
    assert found.smoothed[-1] > 4 * found.smoothed.min() >= found.smoothed[:-1].max() / found.smoothed[0]
    assert np.isfinite(found.losses).all()


def test_it_ends_before_a_loss_that_is_not_finite() -> None:
    found = find_learning_rate(line(), X, 1e150 * X, 4, lowest=1e10, highest=1e38, steps=9)
    assert len(found.losses) == 1
    assert np.isfinite(found.losses).all()


def test_the_model_stays_as_it_was_and_goes_on_from_where_it_is() -> None:
    model, (x, y) = small_network(), small_data(40)
    model.fit(x, y, 10, verbose=0)
    before = fingerprint(model)
    alone, shared = (find_learning_rate(model, x, y, 20, steps=12, workers=workers).losses for workers in (1, 2))
    assert fingerprint(model) == before
    np.testing.assert_array_equal(alone, shared)


def test_weights_of_examples_count() -> None:
    plain, weighted = (
        find_learning_rate(line(), X, 3 * X, 4, steps=2, sample_weight=weights).losses[0]
        for weights in (None, np.array([0.0, 0.0, 0.0, 4.0]))
    )
    assert (plain, weighted) == (pytest.approx(30.0), pytest.approx(64.0))


def test_what_is_refused() -> None:
    with pytest.raises(TypeError, match="find_learning_rate: model must be a Sequential; received 'model'"):
        find_learning_rate("model")
    with pytest.raises(ValueError, match="find_learning_rate: model must be compiled; call compile before"):
        find_learning_rate(Sequential([Dense(1, input_shape=(1,))]), X, X)
    with pytest.raises(ValueError, match=r"find_learning_rate: highest must be a finite number, above 0\.1; received"):
        find_learning_rate(line(), X, X, lowest=0.1, highest=0.1)
    with pytest.raises(ValueError, match=r"find_learning_rate: steps must be an integer of at least 2; received 1"):
        find_learning_rate(line(), X, X, steps=1)
    with pytest.raises(
        ValueError,
        match=r"find_learning_rate: the loss is not finite at the lowest learning rate, 1e-06; choose a lower",
    ):
        find_learning_rate(line(), X, 1e200 * X)
