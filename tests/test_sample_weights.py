"""Weights of examples and of classes, beside figures that Keras 3.15 (on JAX, in float32) gave."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from numpycnn import Input, Sequential, load_model
from numpycnn.layers import Dense
from numpycnn.optimizers import SGD, RMSprop

X = np.arange(14.0).reshape(7, 2) / 10 - 0.5
LABELS = np.array([0, 1, 2, 1, 0, 2, 2])
Y = np.eye(3)[LABELS]
WEIGHTS = np.array([1.0, 0.5, 2.0, 0.0, 1.5, 1.0, 3.0])
KERNEL = np.array([[0.1, -0.2, 0.3], [0.4, 0.1, -0.3]])
CLASS_WEIGHT = {0: 1.0, 1: 2.5}


def network(loss: str = "categorical_crossentropy", **compiled: Any) -> Sequential:
    model = Sequential([Input((2,)), Dense(3, activation="softmax")], dtype="float64")
    model.set_weights([KERNEL, np.zeros(3)])
    model.compile(SGD(0.5), loss, **compiled)
    return model


def fitted(model: Sequential, y: Any, **how: Any) -> dict[str, list[float]]:
    """The History of two epochs in the order of the data."""
    return model.fit(X, y, batch_size=3, epochs=2, shuffle=False, verbose=0, **how).history


def same(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=2e-6)


def test_sample_weights_give_the_keras_figures() -> None:
    model = network(metrics=["accuracy"])
    history = fitted(model, Y, sample_weight=WEIGHTS, validation_data=(X, Y, WEIGHTS[::-1]))
    same(history["loss"], [1.3870328664779663, 1.0282303094863892])
    same(history["val_loss"], [1.6722784042358398, 1.5272254943847656])
    same(history["accuracy"], [0.2857142984867096, 0.4285714328289032])  # metrics are not weighted
    same(model.get_weights()[0][0], [-0.4451278746128082, -0.47767695784568787, 1.122804880142212])
    same(model.evaluate(X, Y, sample_weight=WEIGHTS, verbose=0), [0.9591514468193054, 0.4285714328289032])


def test_weighted_metrics_give_the_keras_figures(tmp_path: Path) -> None:
    model = network(metrics=["accuracy"], weighted_metrics=["accuracy", "mse"])
    history = fitted(model, Y, sample_weight=WEIGHTS, validation_data=(X, Y, WEIGHTS[::-1]))
    same(history["accuracy"], [0.2857142984867096, 0.4285714328289032])
    same(history["weighted_accuracy"], [0.2222222238779068, 0.6666666865348816])
    same(history["val_weighted_accuracy"], [0.3333333432674408, 0.3333333432674408])
    assert model.metrics_names == ["loss", "accuracy", "weighted_accuracy", "mse"]
    figures = model.evaluate(X, Y, sample_weight=WEIGHTS, verbose=0, return_dict=True)
    same(figures["weighted_accuracy"], 0.6666666865348816)
    errors = ((model.predict(X) - Y) ** 2).mean(axis=1)
    same(figures["mse"], (errors * WEIGHTS).sum() / WEIGHTS.sum())
    model.save(tmp_path / "model.safetensors")
    loaded = load_model(tmp_path / "model.safetensors")
    assert loaded.weighted == ["weighted_accuracy", "mse"]
    assert loaded.evaluate(X, Y, sample_weight=WEIGHTS, verbose=0, return_dict=True) == figures
    unweighted = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert unweighted["weighted_accuracy"] == unweighted["accuracy"]


def test_how_to_run_has_no_effect() -> None:
    model = network()
    for how in ({"jit_compile": True, "run_eagerly": True}, {"steps_per_execution": 8, "auto_scale_loss": False}):
        other = network(**how)
        assert fitted(other, Y) == fitted(network(), Y)
    model.compile(loss="mse", jit_compile=None, run_eagerly=None, steps_per_execution=None)  # type: ignore[arg-type]
    assert type(model.optimizer) is RMSprop


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"run_eagerly": 1}, TypeError, "run_eagerly must be True or False; received 1"),
        ({"jit_compile": "yes"}, ValueError, "jit_compile must be one of 'auto'; received 'yes'"),
        ({"jit_compile": 1}, TypeError, "jit_compile must be True or False; received 1"),
        ({"steps_per_execution": 0}, ValueError, "steps_per_execution must be an integer of at least 1; received 0"),
        ({"weighted_metrics": ["nope"]}, ValueError, "weighted_metrics must be one of"),
        ({"loss_weights": [1.0]}, TypeError, "loss_weights: several outputs belong to the functional API"),
    ],
)
def test_how_to_run_is_checked(given: dict[str, Any], error: type[Exception], message: str) -> None:
    model = network()
    before = model.optimizer
    with pytest.raises(error, match=f"compile: .*{message}"):
        model.compile("sgd", "mse", **given)
    assert model.optimizer is before


@pytest.mark.parametrize("column", [False, True])
def test_a_column_of_weights_is_their_row(column: bool) -> None:
    weights = WEIGHTS[:, None] if column else WEIGHTS
    same(network().evaluate(X, Y, sample_weight=weights, verbose=0), 1.4884798526763916)


def test_class_weights_give_the_keras_figures() -> None:
    history = fitted(network(metrics=["accuracy"]), Y, class_weight=CLASS_WEIGHT, validation_split=0.3)
    same(history["loss"], [1.8519041538238525, 1.4520103931427002])
    same(history["val_loss"], [1.838660717010498, 2.313204288482666])  # without class weights


def test_class_weights_are_for_training_alone() -> None:
    weights = dict.fromkeys(LABELS.tolist(), 3.0)
    split = fitted(network(), Y, class_weight=weights, validation_split=0.3)
    first = network()
    first.fit(X[:4], Y[:4], 3, 2, 0, shuffle=False, class_weight=weights)
    same(split["val_loss"][-1], first.evaluate(X[4:], Y[4:], verbose=0))


@pytest.mark.parametrize("labels", [LABELS, LABELS[:, None], LABELS.astype(np.float32)])
@pytest.mark.parametrize("class_weight", [CLASS_WEIGHT, {np.int64(0): np.float32(1), 1.0: 2.5, 7: 3.0}])
def test_class_weights_of_labels(labels: Any, class_weight: Any) -> None:
    history = fitted(network("sparse_categorical_crossentropy"), labels, class_weight=class_weight)
    same(history["loss"], [1.5602086782455444, 1.417540431022644])


def test_weights_on_one_batch() -> None:
    model = network()
    same(model.train_on_batch(X, Y, WEIGHTS), 1.4884798526763916)
    same(model.test_on_batch(X, Y, sample_weight=WEIGHTS), 1.236064076423645)
    same(model.train_on_batch(X, Y, class_weight={2: 3.0}), 1.8028507232666016)


BAD: list[tuple[dict[str, Any], type[Exception], str]] = [
    (
        {"sample_weight": WEIGHTS, "class_weight": CLASS_WEIGHT},
        ValueError,
        "expected class_weight or sample_weight; .* both",
    ),
    ({"sample_weight": WEIGHTS[:6]}, ValueError, r"expected sample_weight of shape \(7,\); received \(6,\)"),
    ({"sample_weight": np.ones((7, 3))}, ValueError, r"expected sample_weight of shape \(7,\); received \(7, 3\)"),
    ({"sample_weight": np.full(7, np.nan)}, ValueError, "sample_weight must be finite in float32; received nan"),
    ({"sample_weight": "balanced"}, TypeError, "sample_weight must be an array of real numbers"),
    (
        {"class_weight": "balanced"},
        TypeError,
        "class_weight must be a dict of weights by class; received 'balanced', which is",
    ),
    ({"class_weight": {"zero": 1.0}}, TypeError, "a class of class_weight must be a finite number; received 'zero'"),
    ({"class_weight": {0: None}}, TypeError, "class_weight of 0 must be a finite number; received None"),
    ({"validation_data": (X, Y, WEIGHTS[:3])}, ValueError, "expected validation sample_weight of shape"),
]


@pytest.mark.parametrize(("given", "error", "message"), BAD)
def test_weights_that_do_not_fit_are_refused(given: dict[str, Any], error: type[Exception], message: str) -> None:
    model = network()
    with pytest.raises(error, match=f"^sequential.fit: {message}"):
        model.fit(X, Y, verbose=0, **given)
    assert model.steps == 0


def test_class_weights_need_one_class_for_each_example() -> None:
    model = Sequential([Input((4, 2)), Dense(3, activation="softmax")])
    model.compile("sgd", "categorical_crossentropy")
    with pytest.raises(ValueError, match=r"class_weight needs one class for each example; received y of shape"):
        model.fit(np.ones((2, 4, 2)), np.eye(3)[np.zeros((2, 4), int)], class_weight={0: 2.0}, verbose=0)
