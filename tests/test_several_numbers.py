"""Metrics whose figure is an array, as of F1Score one number for each class: in History, files, logs and on the screen."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from numpycnn import Sequential, load_model, metrics
from numpycnn.callbacks import (
    BackupAndRestore,
    CSVLogger,
    EarlyStopping,
    History,
    ModelCheckpoint,
    ReduceLROnPlateau,
    TensorBoard,
)
from numpycnn.files.history import history_from_json, history_to_json
from numpycnn.layers import Dense
from numpycnn.show.progress import figures

X = np.random.default_rng(0).normal(size=(60, 5))
Y = np.eye(3)[np.arange(60) % 3]


def compiled(**options: Any) -> Sequential:
    model = Sequential([Dense(3, activation="softmax", input_shape=(5,))], seed=1)
    chosen = [metrics.F1Score(), metrics.Recall([0.2, 0.4]), metrics.R2Score(class_aggregation=None)]
    model.compile("adam", "categorical_crossentropy", chosen, **options)
    return model


def fitted(*callbacks: Any, epochs: int = 2) -> Sequential:
    model = compiled()
    model.fit(X, Y, epochs=epochs, validation_data=(X[:30], Y[:30]), callbacks=list(callbacks), verbose=0)
    return model


def test_history_and_evaluate_hold_the_arrays() -> None:
    model = fitted()
    assert model.history is not None
    history = model.history.history
    found = model.evaluate(X[:30], Y[:30], verbose=0, return_dict=True)
    y_pred = model.predict(X[:30], verbose=0)
    for metric in (metrics.F1Score(), metrics.Recall([0.2, 0.4]), metrics.R2Score(class_aggregation=None)):
        expected = metric(Y[:30], y_pred)
        np.testing.assert_allclose(history[f"val_{metric.name}"][-1], expected, rtol=1e-6)
        np.testing.assert_allclose(found[metric.name], expected, rtol=1e-6)
    assert [np.shape(one) for one in history["f1_score"]] == [(3,), (3,)]
    assert (history["f1_score"][0] != history["f1_score"][1]).any()
    assert f"f1_score: {history['f1_score'][-1].mean():.4f}" in repr(model.history)
    assert "f1_score" in model.history._repr_html_()


def test_weighted_metrics_may_be_arrays() -> None:
    model = compiled(weighted_metrics=[metrics.F1Score(name="weighted_f1")])
    weights = np.arange(60) % 2
    history = model.fit(X, Y, sample_weight=weights, batch_size=60, verbose=0).history
    y_pred = compiled().predict(X, verbose=0)
    expected = metrics.F1Score()
    expected.update_state(Y, y_pred, weights)
    np.testing.assert_allclose(history["weighted_f1"][0], expected.result(), rtol=1e-6)


def test_the_progress_bar_shows_the_mean(capsys: pytest.CaptureFixture[str]) -> None:
    assert figures({"f1_score": np.array([0.25, 0.5, 0.75])}) == ["f1_score: 0.5000"]  # type: ignore[dict-item]
    model = compiled()
    model.fit(X, Y, verbose=2)
    assert model.history is not None
    assert f"f1_score: {model.history.history['f1_score'][0].mean():.4f}" in capsys.readouterr().out


@pytest.mark.parametrize("suffix", [".safetensors", ".keras"])
def test_files_keep_them(tmp_path: Path, suffix: str) -> None:
    if suffix == ".keras":
        pytest.importorskip("h5py")
    model, path = fitted(), tmp_path / f"model{suffix}"
    model.save(path)
    twin = load_model(path)
    assert model.history is not None
    assert twin.history is not None
    for name, values in model.history.history.items():
        np.testing.assert_array_equal(twin.history.history[name], values)
    np.testing.assert_equal(twin.evaluate(X, Y, verbose=0), model.evaluate(X, Y, verbose=0))


def test_a_training_is_resumed(tmp_path: Path) -> None:
    backup = tmp_path / "training.safetensors"
    fitted(BackupAndRestore(backup, delete_checkpoint=False), epochs=1)
    resumed, whole = fitted(BackupAndRestore(backup, delete_checkpoint=False)), fitted()
    assert resumed.history is not None
    assert whole.history is not None
    np.testing.assert_array_equal(resumed.history.history["f1_score"], whole.history.history["f1_score"])


def test_csv_has_lists_as_keras_writes_them(tmp_path: Path) -> None:
    model = fitted(CSVLogger(tmp_path / "log.csv"))
    assert model.history is not None
    with open(tmp_path / "log.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row, expected in zip(rows, model.history.history["val_f1_score"], strict=True):
        assert row["val_f1_score"] == f'"[{", ".join(map(repr, expected.tolist()))}]"'
        assert float(row["loss"]) > 0


def test_tensorboard_has_a_tag_for_each(tmp_path: Path) -> None:
    model = fitted(TensorBoard(tmp_path), epochs=1)
    assert model.history is not None
    (path,) = (tmp_path / "validation").iterdir()
    data = path.read_bytes()
    for k, one in enumerate(model.history.history["val_f1_score"][0]):
        tag = f"epoch_f1_score/{k}".encode()
        assert np.frombuffer(data, "<f4", 1, data.index(tag) + len(tag) + 1)[0] == np.float32(one)
    assert b"epoch_loss" in data


@pytest.mark.parametrize("callback", [EarlyStopping, ReduceLROnPlateau, ModelCheckpoint])
def test_none_can_be_monitored(callback: Any, tmp_path: Path) -> None:
    if callback is ModelCheckpoint:
        watching = callback(tmp_path / "model.safetensors", monitor="val_f1_score", save_best_only=True)
    else:
        watching = callback("val_f1_score")
    with pytest.raises(
        ValueError, match=f"{callback.__name__}: monitor must be one number; 'val_f1_score' gives 3: choose one"
    ):
        fitted(watching)
    with pytest.raises(ValueError, match="ModelCheckpoint: the fields of filepath must be among epoch, loss, f1_score"):
        fitted(ModelCheckpoint(tmp_path / "{epoch:02d}-{f1_score:.2f}.safetensors"))


def test_history_as_json() -> None:
    history = {"f1": [np.array([0.5, np.nan]), np.array([1.0, -np.inf])], "loss": [np.inf, 2.0]}
    described = history_to_json([0, 1], history)
    assert described["history"] == {"f1": [[0.5, "NaN"], [1.0, "-Infinity"]], "loss": ["Infinity", 2.0]}
    epochs, figures = history_from_json(described)
    assert epochs == [0, 1]
    np.testing.assert_equal(figures, history)
    wrong: Any
    for wrong in ([[0.5], [0.5, 1.0]], [[0.5], 0.5], [[], []]):
        with pytest.raises(ValueError, match="file: f1 must be of as many numbers each epoch; received"):
            history_from_json({"epoch": [0, 1], "history": {"f1": wrong}})
    with pytest.raises(ValueError, match="History: f1 must be a list of numbers; received the shape"):
        history_to_json([0], {"f1": [[[0.5]]]})


def test_training_curves_draw_each() -> None:
    pytest.importorskip("matplotlib")
    import matplotlib.pyplot as plt

    from numpycnn.plot import training_curve

    history = History()
    history.epoch, history.history["f1"] = [0, 1], [np.array([0.5, 0.25]), np.array([0.75, 0.5])]
    axes = training_curve(history, "f1")
    assert [line.get_ydata().tolist() for line in axes.lines] == [[0.5, 0.75], [0.25, 0.5]]
    plt.close("all")
