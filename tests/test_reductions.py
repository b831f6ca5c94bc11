"""How the losses of a batch become one number: reduction, sample_weight and ignore_class."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from numpycnn import Sequential, load_model, losses
from numpycnn.common.typing import Array
from numpycnn.engine import training
from numpycnn.engine.batching import Data
from numpycnn.gradcheck import gradcheck
from numpycnn.layers import BatchNormalization, Dense
from numpycnn.losses import Loss
from numpycnn.optimizers import SGD
from numpycnn.show.explorer.data import loss_facts

P = np.array(
    [[[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]], [[0.1, 0.1, 0.8], [0.25, 0.5, 0.25]], [[0.7, 0.2, 0.1], [0.3, 0.3, 0.4]]]
)
LABELS = np.array([[0, 1], [2, -1], [1, 2]])
ROW_WEIGHTS = np.array([[1.0, 0.5], [2.0, 4.0], [0.0, 3.0]])
HALF: Any = 0.5
ROWS = [[1.6094379124341003, 1.203972804325936], [0.2231435513142097, 0.0], [1.6094379124341, 0.916290731874155]]
WEIGHTED = [[1.6094379124341003, 0.601986402162968], [0.4462871026284194, 0.0], [0.0, 2.748872195622465]]

# What SparseCategoricalCrossentropy(ignore_class=..., reduction=...) of Keras 3.15.1 gave for these on JAX in float64
KERAS: list[tuple[str | None, int | None, Any, Any]] = [
    ("sum_over_batch_size", None, None, 1.1580962122503986),
    ("sum_over_batch_size", None, ROW_WEIGHTS, 1.8252935095545857),
    ("sum_over_batch_size", -1, None, 1.1124565824765),
    ("sum_over_batch_size", -1, ROW_WEIGHTS, 1.0813167225695903),
    ("mean", -1, None, 1.1124565824765),
    ("mean", -1, ROW_WEIGHTS, 1.0813167225695903),
    ("sum", None, None, 6.948577273502392),
    ("sum", None, ROW_WEIGHTS, 10.951761057327515),
    ("sum", -1, None, 5.562282912382501),
    ("sum", -1, ROW_WEIGHTS, 5.406583612847953),
    ("mean_with_sample_weight", None, None, 1.1580962122503986),
    ("mean_with_sample_weight", None, ROW_WEIGHTS, 1.0430248626026204),
    ("mean_with_sample_weight", -1, None, 1.1124565824765003),
    ("mean_with_sample_weight", -1, ROW_WEIGHTS, 0.8317820942843005),
    ("none", -1, None, ROWS),
    (None, -1, ROW_WEIGHTS, WEIGHTED),
]


@pytest.mark.parametrize(("reduction", "ignored", "weights", "expected"), KERAS)
def test_a_loss_is_reduced_as_in_keras(reduction: str | None, ignored: int | None, weights: Any, expected: Any) -> None:
    loss = losses.SparseCategoricalCrossentropy(False, ignored, reduction)
    labels = LABELS if ignored is not None else np.maximum(LABELS, 0)
    np.testing.assert_allclose(loss(labels, P, weights), expected, rtol=1e-14)
    np.testing.assert_allclose(loss(labels[..., None], P, weights), expected, rtol=1e-14)


def test_weights_of_examples_are_those_of_all_their_rows() -> None:
    """Keras's Huber(0.5) gave 9/14 for the mean by weights."""
    y, p = np.array([[0.0, 1.0], [1.0, 1.0], [-1.0, 2.0]]), np.array([[1.0, 2.0], [0.0, -1.0], [3.0, 0.5]])
    assert losses.Huber(0.5, "mean_with_sample_weight")(y, p, [1.0, 2.0, 0.5]) == pytest.approx(9 / 14, rel=1e-15)
    assert losses.Huber(0.5, None)(y, p, [[1.0], [2.0], [0.5]]).tolist() == [0.375, 1.25, 0.625]
    whole = losses.SparseCategoricalCrossentropy(reduction=None)(np.maximum(LABELS, 0), P, [1.0, 2.0, 0.5])
    each = losses.SparseCategoricalCrossentropy(reduction=None)(np.maximum(LABELS, 0), P)
    np.testing.assert_array_equal(whole, each * [[1.0], [2.0], [0.5]])


def test_what_has_no_weight_does_not_count_even_if_it_is_infinite() -> None:
    loss = losses.CategoricalCrossentropy(from_logits=True)
    assert loss([[1, 0], [1, 0]], [[-np.inf, 0.0], [0.0, 0.0]], [0.0, 1.0]) == np.log(2) / 2
    assert losses.Huber(reduction="mean_with_sample_weight")([[1.0]], [[3.0]], [0.0]) == 0.0
    ignoring = losses.SparseCategoricalCrossentropy(ignore_class=9)
    for reduction in ("mean", "mean_with_sample_weight"):
        ignoring.reduction = reduction
        assert ignoring([9, 9], np.ones((2, 3)) / 3) == 0.0


# ---------------------------------------------------------------- training

X = np.random.default_rng(0).normal(size=(200, 3, 4))
Y = np.random.default_rng(1).integers(0, 3, (200, 3))
SOME = np.where(np.random.default_rng(2).random((200, 3)) < 0.4, 7, Y)
"""Four tenths of the labels replaced by one that is ignored."""


def trained(loss: Loss, x: Array, y: Array, rate: float = 0.1, workers: int = 1) -> tuple[list[Array], float]:
    """The weights after two epochs of a small network, and the last loss in History. Batches are divided."""
    model = Sequential(
        [Dense(5, "tanh", input_shape=x.shape[1:]), BatchNormalization(), Dense(3)], seed=0, dtype="float64"
    )
    model.compile(SGD(rate), loss)
    history = model.fit(x, y, batch_size=100, epochs=2, verbose=0, shuffle=False, workers=workers)
    return model.get_weights(), history.history["loss"][-1]


def test_a_sum_is_the_mean_times_the_number_of_rows() -> None:
    """300 rows in a batch: so the sum learns 300 times as fast, and is reported 300 times as large."""
    by_mean = trained(losses.SparseCategoricalCrossentropy(True), X, Y)
    by_sum = trained(losses.SparseCategoricalCrossentropy(True, reduction="sum"), X, Y, 0.1 / 300)
    for one, other in zip(by_mean[0], by_sum[0], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-13)
    assert by_sum[1] == pytest.approx(300 * by_mean[1], rel=1e-12)


@pytest.mark.parametrize("reduction", ["mean", "sum", "mean_with_sample_weight"])
def test_rows_that_are_ignored_are_as_if_they_were_not_there(reduction: str) -> None:
    """Without axes between, a row is an example, and can be left out: of the loss of 100 as well as of the gradient."""
    network = Sequential([Dense(3, input_shape=(4,))], seed=0, dtype="float64")
    x, y = X[:100, 0], SOME[:100, 0]
    steps = []
    for kept in (np.ones(100, bool), y != 7):
        objective = training.make_objective(
            network, losses.SparseCategoricalCrossentropy(True, 7, reduction), np.dtype("float64"), fast=False
        )._replace(min_examples=1)
        position, numbers = training.Position(0, 0), np.arange(kept.sum())
        steps.append(training.batch_gradients(objective, position, Data(x[kept], y[kept]), numbers))
    (whole, part), (one, other) = (training.total(step.terms) for step in steps), (step.result.losses for step in steps)
    assert one.mean() == pytest.approx(other.mean(), rel=1e-14)
    for key, value in whole.items():
        np.testing.assert_allclose(value, part[key], rtol=1e-12)


def test_a_class_that_is_ignored_has_no_gradient() -> None:
    loss, labels = losses.SparseCategoricalCrossentropy(ignore_class=1), np.array([[0, 1], [1, 2], [2, 2]])
    gradient = loss.gradient(loss.targets(labels, (2, 3)), P)
    assert gradient.any(axis=-1).tolist() == (labels != 1).tolist()
    assert loss.divisor(labels, 2) == 2.0  # four of six rows


LOSSES = [
    losses.SparseCategoricalCrossentropy(True, 7),
    losses.SparseCategoricalCrossentropy(True, 7, "sum"),
    losses.SparseCategoricalCrossentropy(True, reduction="mean_with_sample_weight", ignore_class=7, name="mine"),
]


@pytest.mark.parametrize("loss", LOSSES)
def test_the_loss_is_the_same_wherever_it_is_told(loss: Loss, tmp_path: Path) -> None:
    """By a call, `evaluate`, a trace, the gradient checker and a file; and by any number of workers."""
    model = Sequential([Dense(5, "tanh", input_shape=(3, 4)), Dense(3)], seed=0, dtype="float64")
    model.compile("sgd", loss)
    value = loss(SOME[:50], model.predict(X[:50]))
    assert model.evaluate(X[:50], SOME[:50], batch_size=50, verbose=0) == pytest.approx(value, rel=1e-14)
    assert model.trace(X[:50], SOME[:50]).loss == pytest.approx(value, rel=1e-14)
    assert gradcheck(model, X[:3], SOME[:3]).passed
    assert model.train_on_batch(X[:50], SOME[:50]) == pytest.approx(value, rel=1e-14)
    model.save(tmp_path / "model.safetensors")
    assert vars(load_model(tmp_path / "model.safetensors").loss) == vars(loss)
    one, two = (trained(loss, X, SOME, workers=workers) for workers in (1, 2))
    assert [w.tobytes() for w in one[0]] == [w.tobytes() for w in two[0]]
    assert loss_facts(loss)["own"]  # nothing that the explorer's page would compute as a plain mean


@pytest.mark.parametrize("reduction", ["mean", "sum", "mean_with_sample_weight"])
@pytest.mark.parametrize("ignored", [None, 7])
def test_sample_weights_of_training_are_those_of_a_call(reduction: str, ignored: int | None) -> None:
    """Also where a batch is divided: 200 examples, the loss of which is known before the step."""
    weights, labels = np.random.default_rng(3).integers(0, 3, 200) / 2, Y if ignored is None else SOME
    model = Sequential([Dense(5, "tanh", input_shape=(3, 4)), Dense(3)], seed=0, dtype="float64")
    model.compile(SGD(0.1), losses.SparseCategoricalCrossentropy(True, ignored, reduction))
    value = losses.SparseCategoricalCrossentropy(True, ignored, reduction)(labels, model.predict(X), weights)
    assert model.evaluate(X, labels, 200, 0, weights) == pytest.approx(value, rel=1e-14)
    assert model.train_on_batch(X, labels, weights) == pytest.approx(value, rel=1e-14)


@pytest.mark.parametrize("loss", [losses.MeanSquaredError("sum"), losses.FunctionLoss(np.add, np.add)])
def test_an_own_loss_is_summed_too(loss: Loss) -> None:
    assert losses.MeanSquaredError("sum", "mine").get_config() == {"name": "mine", "reduction": "sum"}
    assert loss.rows((3, 4)) == (3 if isinstance(loss, losses.MeanSquaredError) else 1)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: losses.Huber(reduction="max"), ValueError, "huber: reduction must be one of 'sum_over_batch_size', "),
        (
            lambda: losses.huber([1.0], [1.0], reduction="sum"),
            TypeError,
            "multiple values for keyword argument 'reduction'",
        ),
        (lambda: losses.Huber(name=""), ValueError, "huber: name must"),
        (
            lambda: losses.MeanSquaredError()([[1.0]], [[1.0]], [1.0, 2.0]),
            ValueError,
            "expected sample_weight of shape",
        ),
        (
            lambda: losses.SparseCategoricalCrossentropy(ignore_class=HALF),
            TypeError,
            "ignore_class must be an integer; ",
        ),
        (lambda: losses.SparseCategoricalCrossentropy(ignore_class=9)([3], [[0.5, 0.5]]), ValueError, "labels must be"),
        (
            lambda: Sequential([Dense(3)]).compile("sgd", losses.MeanSquaredError("none")),
            ValueError,
            "compile: training needs one number for a batch; received the loss mean_squared_error with reduction='none'",
        ),
    ],
)
def test_what_is_no_reduction_is_refused(call: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        call()
