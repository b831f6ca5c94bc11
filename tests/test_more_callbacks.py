"""The callbacks of Keras 3, beside what Keras 3.15 did with the same scripted figures; and resumed."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import fingerprint, small_data, small_network

from numpycnn import Input, Sequential, load_model
from numpycnn.callbacks import (
    BackupAndRestore,
    Callback,
    CSVLogger,
    EarlyStopping,
    History,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
    TerminateOnNaN,
)
from numpycnn.callbacks.base import Logs
from numpycnn.common import older
from numpycnn.files import ModelFileError, formats
from numpycnn.layers import Dense
from numpycnn.losses import FunctionLoss
from numpycnn.optimizers import SGD

X = np.arange(14.0).reshape(7, 2) / 10 - 0.5
Y = np.eye(3)[[0, 1, 2, 1, 0, 2, 2]]
LOSSES = [1.0, 0.9, 0.91, 0.89995, 0.9, 0.95, 0.5, 0.6, 0.6, 0.6, 0.6, 0.4, 0.4, 0.4]
ACCURACIES = [0.5, 0.5, 0.6, 0.55, 0.7, 0.7, 0.7, 0.7]


class Script(Callback):
    """Gives the figures that the test wants."""

    def __init__(self, name: str, values: list[float]) -> None:
        self.name, self.values = name, values

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        assert logs is not None
        logs[self.name] = self.values[epoch]


def network() -> Sequential:
    model = Sequential([Input((2,)), Dense(3, activation="softmax")], seed=1)
    model.compile(SGD(0.5), "categorical_crossentropy", ["accuracy"])
    return model


def trained(callback: Callback, name: str, values: list[float], **how: Any) -> Sequential:
    model = network()
    model.fit(X, Y, epochs=len(values), verbose=0, callbacks=[Script(name, values), callback], **how)
    return model


def history(model: Sequential) -> History:
    assert model.history is not None
    return model.history


# ---------------------------------------------------------------- learning rates


@pytest.mark.parametrize(
    ("how", "rates"),
    [
        ({"patience": 2, "factor": 0.5}, [0.5] * 4 + [0.25] * 2 + [0.125] * 3 + [0.0625] * 2 + [0.03125] * 3),
        (
            {"patience": 1, "factor": 0.1, "cooldown": 2},
            [0.5] * 3 + [0.05] * 2 + [0.005] * 3 + [0.0005] * 2 + [5e-05] * 3 + [5e-06],
        ),
        ({"patience": 1, "factor": 0.1, "min_lr": 0.01}, [0.5] * 3 + [0.05] + [0.01] * 10),
        (
            {"patience": 2, "factor": 0.5, "min_delta": 0.0},
            [0.5] * 6 + [0.25] * 3 + [0.125] * 2 + [0.0625] * 3,
        ),
        (
            {"patience": 0, "factor": 0.5},
            [2.0**-k for k in (1, 1, 1, 2, 3, 4, 5, 5, 6, 7, 8, 9, 9, 10)],
        ),
    ],
)
def test_the_learning_rate_is_reduced_as_in_keras(how: dict[str, Any], rates: list[float]) -> None:
    model = trained(ReduceLROnPlateau("val_loss", **how), "val_loss", LOSSES)
    np.testing.assert_allclose(history(model).history["learning_rate"], rates, rtol=1e-12)


def test_a_reduction_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    trained(ReduceLROnPlateau(patience=1, factor=0.5, verbose=1), "val_loss", [1.0, 1.0])
    assert capsys.readouterr().out == "Epoch 2: ReduceLROnPlateau reduces the learning rate to 0.25\n"


@pytest.mark.parametrize("schedule", [lambda epoch, lr: lr / 2, lambda epoch: 0.5 ** (epoch + 2)])
def test_a_schedule_of_the_epoch_and_perhaps_of_the_learning_rate(
    schedule: Callable[..., float], capsys: pytest.CaptureFixture[str]
) -> None:
    model = trained(LearningRateScheduler(schedule, verbose=1), "val_loss", [1.0] * 3)
    assert history(model).history["learning_rate"] == [0.25, 0.125, 0.0625]
    assert list(history(model).history) == ["loss", "accuracy", "val_loss", "learning_rate"]
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "Epoch 2: LearningRateScheduler sets the learning rate to 0.125"


def test_a_schedule_that_does_not_say_what_it_takes() -> None:
    """min, which is written in C."""
    assert history(trained(LearningRateScheduler(min), "val_loss", [1.0] * 2)).history["learning_rate"] == [0.0, 0.0]


def test_the_learning_rate_of_an_epoch_without_figures() -> None:
    scheduler = LearningRateScheduler(lambda epoch: 0.1)
    scheduler.model = network()
    scheduler.on_epoch_end(0)


def test_epsilon_is_min_delta_s_older_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(older, "WARNED", set())
    with pytest.warns(FutureWarning, match="epsilon is from an older Keras: write min_delta="):
        assert ReduceLROnPlateau(epsilon=0.5).min_delta == 0.5  # type: ignore[call-arg]
    with pytest.warns(
        FutureWarning, match="max_queue_size=, or use_multiprocessing=, is from an older Keras: leave it out"
    ):
        network().fit(X, Y, verbose=0, max_queue_size=3, use_multiprocessing=True)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("schedule", "error", "message"),
    [
        (lambda epoch, lr: None, TypeError, "the schedule's result must be a finite number, at least 0; received None"),
        (lambda epoch: -1.0, ValueError, "the schedule's result must be a finite number, at least 0; received -1.0"),
    ],
)
def test_a_schedule_that_gives_no_learning_rate_is_refused(schedule: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"^LearningRateScheduler: {message}"):
        trained(LearningRateScheduler(schedule), "val_loss", [1.0])


# ---------------------------------------------------------------- early stopping


@pytest.mark.parametrize(
    ("how", "found"),  # epochs, best_epoch, stopped_epoch, best, wait
    [
        ({"patience": 2}, (7, 4, 6, 0.7, 2)),
        ({"patience": 2, "baseline": 0.65}, (2, 0, 1, 0.5, 2)),
        ({"patience": 4, "baseline": 0.55}, (8, 4, 0, 0.7, 3)),
        ({"patience": 1, "start_from_epoch": 3}, (6, 4, 5, 0.7, 1)),
        ({"patience": 2, "min_delta": 0.15}, (3, 0, 2, 0.5, 2)),
        ({"patience": 2, "min_delta": -0.15}, (3, 0, 2, 0.5, 2)),
        ({"patience": 0}, (2, 0, 1, 0.5, 1)),
    ],
)
def test_training_stops_as_in_keras(how: dict[str, Any], found: tuple[Any, ...]) -> None:
    stopping = EarlyStopping("val_accuracy", restore_best_weights=True, **how)
    model = trained(stopping, "val_accuracy", ACCURACIES)
    state = stopping.best_epoch, stopping.stopped_epoch, stopping.best, stopping.wait
    assert (len(history(model).epoch), *state) == found


def test_a_state_before_the_first_figure_comes_back() -> None:
    """As of a training that was killed before EarlyStopping's start_from_epoch."""
    first, again = (EarlyStopping("loss", start_from_epoch=3) for _ in range(2))
    for one in (first, again):
        one.on_train_begin()
    again.set_state(first.get_state())
    assert again.best is None
    assert again.improves(2.0, again.best)


def test_early_stopping_tells_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    trained(EarlyStopping(verbose=1, restore_best_weights=True), "val_loss", [0.5, 1.0, 2.0])
    assert capsys.readouterr().out.splitlines() == [
        "Epoch 2: stopped, as val_loss no longer improves",
        "The weights of the best epoch, 1, are restored",
    ]
    trained(EarlyStopping(restore_best_weights=True), "val_loss", [0.5, 1.0, 2.0])
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("callback", [EarlyStopping(), ReduceLROnPlateau(), EarlyStopping("f1_score")])
def test_a_figure_that_is_missing_is_warned_of(callback: EarlyStopping | ReduceLROnPlateau) -> None:
    with pytest.warns(UserWarning, match=f"there is no figure '{callback.monitor}' in this epoch; there are loss"):
        assert history(trained(callback, "x", [1.0] * 2)).epoch == [0, 1]


@pytest.mark.parametrize(
    ("monitor", "sign"),
    [("val_acc", 1), ("loss", -1), ("val_mse", -1), ("top_k_categorical_accuracy", 1), ("F1Score", 1), ("hinge", -1)],
)
def test_the_name_tells_the_direction(monitor: str, sign: float) -> None:
    assert EarlyStopping(monitor).sign == sign
    assert EarlyStopping(monitor, mode="max").sign == 1
    assert EarlyStopping(monitor, mode="min").sign == -1


# ---------------------------------------------------------------- checkpoints


@pytest.mark.parametrize(
    ("name", "figures", "how", "found"),
    [
        ("{epoch:02d}-{val_loss:.2f}", ("val_loss", LOSSES[:3]), {}, ["01-1.00", "02-0.90", "03-0.91"]),
        (
            "{epoch:02d}-{val_loss:.2f}",
            ("val_loss", LOSSES[:8]),
            {"save_best_only": True},
            ["01-1.00", "02-0.90", "04-0.90", "07-0.50"],
        ),
        ("{epoch}-{batch}", ("val_loss", LOSSES[:4]), {"save_freq": 4}, ["2-1", "3-2", "4-3"]),
        (
            "{epoch}",
            ("val_accuracy", ACCURACIES),
            {"save_best_only": True, "monitor": "val_accuracy", "initial_value_threshold": 0.55},
            ["3", "5"],
        ),
        ("{epoch}", ("val_loss", LOSSES[:6]), {"period": 3}, ["3", "6"]),
        ("a/b/{epoch}", ("val_loss", LOSSES[:1]), {}, ["a"]),
    ],
)
def test_the_model_is_saved_when_keras_saves_it(
    name: str, figures: tuple[str, list[float]], how: dict[str, Any], found: list[str], tmp_path: Path
) -> None:
    checkpoint = ModelCheckpoint(tmp_path / f"{name}.safetensors", **how)
    more: dict[str, Any] = {"validation_data": (X, Y)} if "val_loss" in name else {}
    trained(checkpoint, *figures, batch_size=3, **more)
    assert sorted(path.name.removesuffix(".safetensors") for path in tmp_path.iterdir()) == found


def test_a_checkpoint_is_the_model_of_that_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    whole, weights = ModelCheckpoint("{epoch}.safetensors"), ModelCheckpoint("w.safetensors", save_weights_only=True)
    monkeypatch.chdir("/")  # the program may
    model = network()
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[whole, weights])
    assert load_model(tmp_path / "2.safetensors").steps == model.steps
    other = network()
    other.load_weights(tmp_path / "w.safetensors")
    np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0])
    first = network()
    first.fit(X, Y, epochs=1, verbose=0)
    np.testing.assert_array_equal(load_model(tmp_path / "1.safetensors").get_weights()[0], first.get_weights()[0])


def test_a_checkpoint_tells_what_it_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "best.safetensors"
    trained(ModelCheckpoint(path, verbose=1, save_best_only=True), "val_loss", [1.0, 0.5, 0.75, 0.7])
    trained(ModelCheckpoint(path, verbose=1), "val_loss", [1.0])
    assert capsys.readouterr().out.splitlines() == [
        f"Epoch 1: val_loss improved to 1.00000; saving the model to {path}",
        f"Epoch 2: val_loss improved from 1.00000 to 0.50000; saving the model to {path}",
        "Epoch 3: val_loss did not improve from 0.50000",
        "Epoch 4: val_loss did not improve from 0.50000",
        f"Epoch 1: saving the model to {path}",
    ]


def test_a_checkpoint_without_its_figure_is_saved(tmp_path: Path) -> None:
    checkpoint = ModelCheckpoint(tmp_path / "{epoch}.safetensors", "nope", mode="min", save_best_only=True)
    with pytest.warns(UserWarning, match="ModelCheckpoint: there is no figure 'nope' in this epoch"):
        trained(checkpoint, "val_loss", [1.0, 2.0])
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("name", ["weights.npz", "model.bak"])
def test_another_suffix_is_refused_at_once(name: str) -> None:
    with pytest.raises(ModelFileError, match=r"expected a name that ends in .*; received .*; save to"):
        ModelCheckpoint(name)


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_suffixes_of_keras(tmp_path: Path, suffix: str) -> None:
    pytest.importorskip("h5py", reason="needs h5py, of the extra keras-files")
    model = trained(ModelCheckpoint(tmp_path / f"{{epoch}}{suffix}"), "val_loss", [1.0])
    assert [path.name for path in tmp_path.iterdir()] == [f"1{suffix}"]
    assert load_model(tmp_path / f"1{suffix}").steps == model.steps


@pytest.mark.parametrize("suffix", [".h5", ".keras", ".hdf5", ".ckpt"])
def test_a_suffix_of_keras_is_replaced_as_by_save(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    monkeypatch.setattr(formats, "find_spec", lambda package: None)
    with pytest.warns(UserWarning, match="numpycnn writes "):
        checkpoint = ModelCheckpoint(tmp_path / f"{{epoch}}{suffix}")
    model = trained(checkpoint, "val_loss", [1.0])
    assert [path.name for path in tmp_path.iterdir()] == [f"1{suffix}.safetensors"]
    assert load_model(tmp_path / f"1{suffix}").steps == model.steps


@pytest.mark.parametrize("name", ["{val_loss}", "{batch}", "{0}", "{", "{loss:d}"])
def test_a_field_that_there_is_not_is_refused_before_training(name: str, tmp_path: Path) -> None:
    model = network()
    with pytest.raises(
        ValueError, match="ModelCheckpoint: the fields of filepath must be among epoch, learning_rate, "
    ):
        model.fit(X, Y, verbose=0, callbacks=ModelCheckpoint(tmp_path / f"{name}.safetensors"))
    assert model.steps == 0


def test_a_model_that_cannot_be_saved_is_refused_before_training(tmp_path: Path) -> None:
    model = network()
    model.compile(
        "sgd", FunctionLoss(lambda y_true, y_pred: (y_pred - y_true).sum(axis=1), lambda y_true, y_pred: y_pred)
    )
    with pytest.raises(ModelFileError, match="FunctionLoss: only the library's own can be read back"):
        model.fit(X, Y, verbose=0, callbacks=ModelCheckpoint(tmp_path / "a.safetensors"))
    model.fit(X, Y, verbose=0, callbacks=ModelCheckpoint(tmp_path / "a.safetensors", save_weights_only=True))


# ---------------------------------------------------------------- a table of figures


def test_the_table_is_that_of_keras(tmp_path: Path) -> None:
    """Its columns and lines; beside its figures those of the History."""
    path = tmp_path / "log.csv"
    model = network()
    rates = LearningRateScheduler(lambda epoch: 0.25 * epoch)
    how: dict[str, Any] = {"validation_data": (X, Y), "validation_freq": 2, "epochs": 3, "verbose": 0}
    model.fit(X, Y, callbacks=[CSVLogger(path), rates], **how)
    found = history(model).history
    accuracy, loss = found["accuracy"], found["loss"]
    assert path.read_bytes().decode() == (
        "epoch,accuracy,loss,val_accuracy,val_loss\r\n"
        f"0,{accuracy[0]},{loss[0]},NA,NA\r\n"
        f"1,{accuracy[1]},{loss[1]},{found['val_accuracy'][0]},{found['val_loss'][0]}\r\n"
        f"2,{accuracy[2]},{loss[2]},NA,NA\r\n"
    )


def test_a_table_is_written_anew_or_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("old")
    for append, lines in ((False, 2), (True, 3), (False, 2)):
        network().fit(X, Y, verbose=0, callbacks=CSVLogger(str(path), ";", append=append), validation_data=(X, Y))
        assert path.read_text().splitlines()[0] == "epoch;accuracy;loss;val_accuracy;val_loss"
        assert len(path.read_text().splitlines()) == lines
    path.unlink()
    network().fit(X, Y, verbose=0, callbacks=CSVLogger(path, append=True))
    assert len(path.read_text().splitlines()) == 2


def test_a_table_that_cannot_be_written_is_refused_before_training(tmp_path: Path) -> None:
    model = network()
    with pytest.raises(FileNotFoundError):
        model.fit(X, Y, verbose=0, callbacks=CSVLogger(tmp_path / "none" / "log.csv"))
    assert model.steps == 0


# ---------------------------------------------------------------- functions as callbacks


def test_functions_are_called_as_hooks() -> None:
    found: list[Any] = []
    hooks = [name for name in vars(Callback) if name.startswith("on_")]
    named: dict[str, Any] = {name: lambda *given, name=name: found.append((name, *given)) for name in hooks}
    model = network()
    model.fit(X, Y, verbose=0, callbacks=LambdaCallback(**named), validation_data=(X, Y))
    model.predict(X, callbacks=LambdaCallback(**named))
    called = {name for name, *_ in found}
    assert set(hooks) - called == {"on_batch_begin", "on_batch_end"}  # their today's names are overridden
    assert found[1] == ("on_epoch_begin", 0, {})
    older: list[int] = []
    model.fit(X, Y, verbose=0, callbacks=LambdaCallback(on_batch_end=lambda batch, logs: older.append(batch)))
    assert older == [0]


def test_an_error_may_end_training() -> None:
    model = network()
    with pytest.raises(RuntimeError, match="TerminateOnNaN: the loss is nan in batch 0"):
        model.fit(X * np.nan, Y, verbose=0, callbacks=TerminateOnNaN(raise_error=True))


BAD: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: TerminateOnNaN(1), TypeError, "TerminateOnNaN: raise_error must be True or False"),  # type: ignore[arg-type]
    (lambda: LambdaCallback(on_test_end=3), TypeError, "LambdaCallback: on_test_end must be a function; received 3"),  # type: ignore[arg-type]
    (lambda: LambdaCallback(on_nothing=print), TypeError, "LambdaCallback: .* argument 'on_nothing'"),  # type: ignore[call-arg]
    (lambda: LearningRateScheduler(0.1), TypeError, "LearningRateScheduler: schedule must be a function"),  # type: ignore[arg-type]
    (lambda: CSVLogger("a.csv", "ab"), ValueError, "CSVLogger: separator must be one printable character or a tab"),
    (lambda: CSVLogger("a.csv", "\n"), ValueError, "CSVLogger: separator must be one printable character or a tab"),
    (lambda: CSVLogger(""), ValueError, "CSVLogger: filename must be a path"),
    (lambda: ReduceLROnPlateau(factor=1.0), ValueError, "ReduceLROnPlateau: factor must be .* below 1; received 1.0"),
    (
        lambda: ReduceLROnPlateau(cooldown=-1),
        ValueError,
        "ReduceLROnPlateau: cooldown must be an integer of at least 0",
    ),
    (lambda: EarlyStopping(baseline="a"), TypeError, "EarlyStopping: baseline must be a finite number"),  # type: ignore[arg-type]
    (lambda: EarlyStopping(start_from_epoch=-1), ValueError, "EarlyStopping: start_from_epoch must be an integer"),
    (lambda: EarlyStopping(verbose=7), ValueError, "EarlyStopping: verbose must be one of 0, 1, 2, 3; received 7"),
    (
        lambda: ModelCheckpoint("a.safetensors", save_freq="batch"),
        TypeError,
        "save_freq must be an integer of at least 1",
    ),
    (lambda: ModelCheckpoint("a.safetensors", period=0), ValueError, "period must be an integer of at least 1"),
    (lambda: BackupAndRestore("a", 0), ValueError, "BackupAndRestore: save_freq must be an integer of at least 1"),
    (lambda: BackupAndRestore("a", "batch"), TypeError, "BackupAndRestore: save_freq must be an integer of at least 1"),
    (lambda: BackupAndRestore("a", False), TypeError, "BackupAndRestore: save_freq must be an integer of at least 1"),
]


@pytest.mark.parametrize(("make", "error", "message"), BAD)
def test_what_cannot_be_is_not_made(make: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


# ---------------------------------------------------------------- backups


def test_a_backup_may_be_a_folder_and_may_be_removed(tmp_path: Path) -> None:
    for delete, kept in ((False, ["training.previous.safetensors", "training.safetensors"]), (True, [])):
        backup = BackupAndRestore(tmp_path / "backup", "epoch", True, delete)
        network().fit(X, Y, epochs=2, verbose=0, callbacks=backup)
        assert sorted(os.listdir(tmp_path / "backup")) == kept
    lost = BackupAndRestore(tmp_path / "backup")  # removes them by default, as Keras's does
    network().fit(X, Y, verbose=0, callbacks=lost)
    assert os.listdir(tmp_path / "backup") == []
    network().fit(X, Y, verbose=0, callbacks=[lost, LambdaCallback(on_train_end=lambda logs: os.remove(lost.path))])


class KilledError(Exception):
    """What ends a program in the middle of an epoch."""


def program(folder: Path, epochs: int, kill_in: int | None = None) -> Sequential:
    """Every callback that has a state, in a training that may be killed after its files were written."""
    model = small_network()

    def kill(epoch: int, logs: Any) -> None:
        if epoch == kill_in:
            raise KilledError

    model.fit(
        *small_data(),
        20,
        epochs,
        verbose=0,
        validation_split=0.2,
        validation_freq=2,
        callbacks=[
            Script("val_loss", [1.0, 0.5, 0.7, 0.8, 0.4, 0.9, 0.9]),
            CSVLogger(folder / "log.csv"),
            EarlyStopping(patience=3, restore_best_weights=True),
            ReduceLROnPlateau(patience=1, factor=0.5, cooldown=1),
            ModelCheckpoint(folder / "best.safetensors", save_best_only=True, save_weights_only=True),
            ModelCheckpoint(folder / "{epoch}-{batch}.safetensors", save_freq=3, save_weights_only=True),
            LearningRateScheduler(lambda epoch, lr: lr * 0.9),
            LambdaCallback(on_epoch_end=kill),
            BackupAndRestore(folder / "backup.safetensors", delete_checkpoint=False),
        ],
    )
    return model


@pytest.mark.parametrize("kill_in", [3, pytest.param(1, marks=pytest.mark.deep)])
def test_callbacks_are_resumed_with_the_same_bytes(kill_in: int, tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir()
    parts.mkdir()
    expected = program(whole, 7)
    with pytest.raises(KilledError):
        program(parts, 7, kill_in)
    resumed = program(parts, 7)
    assert fingerprint(resumed) == fingerprint(expected)
    files = {path.name: path.read_bytes() for path in whole.iterdir()}
    assert {path.name: path.read_bytes() for path in parts.iterdir()} == files
    assert len(files) > 4


# ---------------------------------------------------------------- what Keras 2 gave


def test_validation_data_and_params_of_keras_2() -> None:
    class Looks(Callback):
        def on_train_begin(self, logs: Logs | None = None) -> None:
            self.seen, self.known = self.validation_data, dict(self.params)

    class HasItsOwn(Looks):
        def __init__(self, validation_data: Any) -> None:
            self.validation_data = validation_data

    looks, own = Looks(), HasItsOwn("mine")
    assert looks.validation_data is None
    assert isinstance(Callback.validation_data, type(None))
    network().fit(X, Y, 4, verbose=0, callbacks=[looks, own], validation_data=(X[:3], Y[:3]))
    for found, expected in zip(looks.seen, (X[:3], Y[:3], np.ones(3)), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert own.seen == "mine"
    assert (looks.known["batch_size"], looks.known["samples"], looks.known["do_validation"]) == (4, len(X), True)
    network().fit(X, Y, verbose=0, callbacks=looks, validation_data=(X[:3], Y[:3], np.array([1.0, 0.5, 2.0])))
    assert looks.seen[2].tolist() == [1.0, 0.5, 2.0]
    network().fit(iter([(X, Y)]), verbose=0, callbacks=looks, validation_data=iter([(X, Y)]))
    assert (looks.seen, looks.known["samples"], looks.known["do_validation"]) == (None, None, True)
    network().fit(X, Y, verbose=0, callbacks=looks)
    assert (looks.seen, looks.known["do_validation"]) == (None, False)


# ------------------------------------------------------------ beside callbacks of the program's own


def test_a_checkpoints_name_has_figures_that_other_callbacks_add(tmp_path: Path) -> None:
    x, y = small_data(20)
    adding = LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(val_f1=0.25))
    name = "{epoch:02d}-{val_f1:.2f}.safetensors"
    small_network().fit(x, y, epochs=1, verbose=0, callbacks=[adding, ModelCheckpoint(tmp_path / name)])
    assert [path.name for path in tmp_path.iterdir()] == ["01-0.25.safetensors"]
    with pytest.raises(ValueError, match="the fields of filepath must be among epoch, learning_rate, "):
        small_network().fit(x, y, epochs=1, verbose=0, callbacks=[ModelCheckpoint(tmp_path / name)])
    ending = ModelCheckpoint(tmp_path / "{epoch:02d-}}.safetensors")
    with pytest.raises(ValueError, match="the fields of filepath must be among"):
        small_network().fit(x, y, epochs=1, verbose=0, callbacks=[adding, ending])


def test_a_model_is_pickled_without_the_callbacks_of_its_training() -> None:
    x, y = small_data(20)
    model = small_network()
    history = model.fit(x, y, verbose=0, callbacks=[LambdaCallback(on_epoch_end=lambda epoch, logs: None)])
    again = pickle.loads(pickle.dumps(model))  # noqa: S301
    assert again.history.history == history.history
