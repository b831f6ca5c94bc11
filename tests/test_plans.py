"""Prediction of a few examples: without threads, and by a plan that is kept for as long as no layer changes."""

import pickle
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
from networks import small_data

from numpycnn import Sequential
from numpycnn.activations import get as activation
from numpycnn.engine import threads, training
from numpycnn.engine.plans import attributes
from numpycnn.layers import Activation, Branches, Conv2D, Dense, Flatten, Layer, MaxPooling2D
from numpycnn.layers.chain import Chain

X = small_data(40)[0]


def network(*more: Layer) -> Sequential:
    """With a convolution inside of a model inside."""
    inner = Sequential([Conv2D(4, 3, activation="relu", input_shape=X.shape[1:]), MaxPooling2D(2)], name="inner")
    return Sequential([inner, Flatten(), Dense(5, activation="tanh"), *more], seed=1)


def of_other_class(model: Sequential) -> None:
    inner: Any = model.layers[0]
    inner.layers[0].activation = activation("elu")


def longer(model: Sequential) -> None:
    model.add(Activation("softmax"))


def shorter(model: Sequential) -> None:
    model.pop()


def plain(model: Sequential) -> None:
    model.fast = False


def of_other_weights(model: Sequential) -> None:
    model.set_weights([array + 1 for array in model.get_weights()])


@pytest.mark.parametrize("change", [of_other_class, longer, shorter, plain, of_other_weights])
def test_a_change_of_the_model_is_seen_by_the_next_call(change: Callable[[Sequential], None]) -> None:
    model = network()
    before = model(X)
    kept = model._planned()
    assert model._planned() is kept
    change(model)
    assert (model._planned() is kept) == (change is of_other_weights)
    found = model(X)
    model.fast = False
    np.testing.assert_allclose(found, model.predict(X), rtol=2e-5, atol=1e-6)
    assert change is plain or found.shape != before.shape or np.abs(found - before).max() > 1e-3


def test_a_call_gives_the_bytes_of_predict_and_new_memory() -> None:
    model = network()
    found = model(X)
    assert found.tobytes() == model.predict(X, workers=1).tobytes() == model.predict(X, workers=3).tobytes()
    kept = found.copy()
    model(X[::-1])
    assert found.tobytes() == kept.tobytes()


def test_a_model_with_a_plan_can_be_copied_and_pickled() -> None:
    model = network()
    found = model(X)
    for twin in (deepcopy(model), pickle.loads(pickle.dumps(model))):  # noqa: S301
        twin.set_weights([2 * array for array in twin.get_weights()])
        assert np.abs(twin(X) - found).max() > 1e-3
        assert model(X).tobytes() == found.tobytes()


def test_a_few_examples_need_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    model = network()
    divided = training.min_predicted(model)
    assert len(X) < divided <= training.MAX_MICRO_BATCH
    many = np.repeat(X, 10, axis=0)
    expected = model.predict(many, workers=2)
    assert model(many).tobytes() == expected.tobytes()

    def refused(workers: int) -> None:
        raise AssertionError("a pool of threads")

    monkeypatch.setattr(threads, "WorkerPool", refused)
    for found in (model(X), model.predict(X, workers=2), model.predict_on_batch(X)):
        np.testing.assert_allclose(found, expected[::10], rtol=2e-5, atol=1e-6)
    with pytest.raises(AssertionError, match="a pool of threads"):
        model.predict(many, workers=2)


def test_where_a_prediction_is_divided() -> None:
    """Where there are 6 million multiplications, those of convolutions counted three times; from 16 to 250 examples."""
    image = (28, 28, 1)
    cases: list[tuple[list[Layer], int]] = [
        ([Dense(10, input_shape=(5,))], 250),
        ([Conv2D(8, 3, input_shape=image), MaxPooling2D(2), Flatten(), Dense(10)], 38),  # 26*26*8*9*3 + 13,520
        ([Conv2D(64, 3, input_shape=image), Conv2D(64, 3)], 16),
    ]
    assert [training.min_predicted(Sequential(layers)) for layers, _ in cases] == [least for _, least in cases]


def test_what_goes_through_a_network_together() -> None:
    """Examples with 16 MiB of what goes into a stage and comes out of it, the largest one; at least 32 of them."""
    image = (28, 28, 1)
    block = [Conv2D(8, 3, activation="relu", input_shape=image), MaxPooling2D(2)]
    cases: list[tuple[list[Layer], int]] = [
        (block, 784 + 13 * 13 * 8),  # what is pooled is not written
        ([Sequential(block), Flatten(), Dense(10)], 784 + 13 * 13 * 8),
        ([Branches([Chain([Dense(90, input_shape=(50,))]), Dense(400)], merge="concatenate")], 50 + 400),
        ([Conv2D(256, 3, input_shape=image)], 784 + 26 * 26 * 256),
    ]
    for layers, numbers in cases:
        model = Sequential(layers, seed=0)
        assert model._planned().portion == max(32, (16 << 20) // (4 * numbers))


def test_portions_give_what_the_whole_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    model = network()
    model.compile("sgd", "mse")
    many = np.random.default_rng(0).normal(size=(50, *X.shape[1:]))
    targets = np.random.default_rng(1).normal(size=(50, 5))
    expected, loss = model.predict(many, verbose=0), model.evaluate(many, targets, verbose=0)
    monkeypatch.setattr(training, "PORTION_BYTES", 1)
    monkeypatch.setattr(training, "LEAST_PORTION", 7)
    model._plan = None
    assert model._planned().portion == 7
    np.testing.assert_allclose(model.predict(many, verbose=0), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.evaluate(many, targets, verbose=0), loss, rtol=1e-5)


def test_what_a_plan_is_made_of() -> None:
    model = network()
    inner: Any = model.layers[0]
    _, flatten, dense = model.layers
    made_of = attributes(model)
    assert [one for one in made_of if isinstance(one, Layer)] == [inner, *inner.layers, flatten, dense]
    assert dense.activation in made_of
