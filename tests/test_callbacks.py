"""Callbacks: Keras's hooks, what they are called with, and in which order."""

import math
from typing import Any

import numpy as np
import pytest
from networks import small_data, small_network

from numpycnn.callbacks import Callback, History, TerminateOnNaN
from numpycnn.callbacks.base import Logs
from numpycnn.callbacks.callback_list import CallbackList

EPOCH_HOOKS = ["on_epoch_begin", "on_epoch_end"]
BATCH_HOOKS = [
    f"on_{phase}batch_{moment}" for phase in ("", "train_", "test_", "predict_") for moment in ("begin", "end")
]
WHOLE_HOOKS = [f"on_{phase}_{moment}" for phase in ("train", "test", "predict") for moment in ("begin", "end")]
HOOKS = [*EPOCH_HOOKS, *BATCH_HOOKS, *WHOLE_HOOKS]
"""All of Keras's, by keras/src/callbacks/callback.py."""


def test_every_hook_can_be_called_with_and_without_logs() -> None:
    callback = Callback()
    for hook in HOOKS:
        number = () if hook in WHOLE_HOOKS else (3,)
        assert getattr(callback, hook)(*number) is None
        assert getattr(callback, hook)(*number, {"loss": 1.0}) is None
        assert getattr(callback, hook)(*number, logs=None) is None


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_is_called_with_what_is_passed(hook: str) -> None:
    found: list[Any] = []
    named = type("Named", (Callback,), {hook: lambda self, *arguments: found.append((self, arguments))})
    callbacks = [named(), named()]
    CallbackList(callbacks, None, {}).call(hook, 4, {"loss": 0.5})
    assert found == [(callback, (4, {"loss": 0.5})) for callback in callbacks]


@pytest.mark.parametrize("moment", ["begin", "end"])
def test_the_older_names_of_training_batches_are_called(moment: str) -> None:
    """And those of test and predict are not: they came later."""
    found: list[Any] = []

    class Old(Callback):
        pass

    setattr(Old, f"on_batch_{moment}", lambda self, batch, logs=None: found.append((batch, logs)))
    callbacks = CallbackList([Old()], None, {})
    for phase in ("train", "test", "predict"):
        for when in ("begin", "end"):
            callbacks.call(f"on_{phase}_batch_{when}", 2, {"loss": 0.5})
    assert found == [(2, {"loss": 0.5})]


def test_a_new_name_that_is_overridden_does_not_call_the_older_one() -> None:
    found: list[str] = []

    class Both(Callback):
        def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
            found.append("new")

        def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
            found.append("old")

    CallbackList([Both()], None, {}).call("on_train_batch_end", 0, {})
    assert found == ["new"]


def test_parameters_and_model_come_before_all_hooks() -> None:
    calls: list[Any] = []

    class Asked(Callback):
        def set_model(self, model: Any) -> None:
            calls.append(("model", model))
            super().set_model(model)

        def set_params(self, params: dict[str, Any]) -> None:
            calls.append(("params", params))
            super().set_params(params)

    model, params = object(), {"epochs": 3}
    first, second = Asked(), Callback()
    callbacks = CallbackList([first, second], model, params)
    assert calls == [("params", params), ("model", model)]
    for callback in (first, second):
        assert callback.model is model
        assert callback.params is callbacks.params is params
        assert callback.siblings == [first, second]


def test_in_fit_the_model_and_old_names_are_there() -> None:
    class Old(Callback):
        def __init__(self) -> None:
            self.batches: list[Any] = []

        def set_model(self, model: Any) -> None:
            self.network = model

        def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
            self.batches.append((batch, sorted(logs or {})))

    old, network = Old(), small_network()
    network.fit(*small_data(25), batch_size=10, epochs=2, verbose=0, callbacks=[old])
    assert old.network is network
    assert old.batches == [(batch, ["accuracy", "loss"]) for batch in (0, 1, 2)] * 2


def test_history_without_figures_counts_epochs() -> None:
    history = History()
    history.on_epoch_end(0)
    history.on_epoch_end(1, {"loss": 2.0})
    assert (history.epoch, history.history) == ([0, 1], {"loss": [2.0]})


class Stopped:
    stop_training = False


@pytest.mark.parametrize(
    ("logs", "stops"),
    [
        ({"loss": math.nan}, True),
        ({"loss": math.inf}, True),
        ({"loss": -math.inf}, True),
        ({"loss": np.float32(np.nan)}, True),
        ({"loss": 1e38}, False),
        ({"loss": 0.0, "accuracy": math.nan}, False),
        ({"accuracy": 0.5}, False),
        ({}, False),
        (None, False),
    ],
)
def test_terminate_on_nan(logs: Logs | None, stops: bool, capsys: pytest.CaptureFixture[str]) -> None:
    model, callback = Stopped(), TerminateOnNaN()
    callbacks = CallbackList([callback], model, {})
    callbacks.call("on_train_batch_end", 7, logs)
    assert model.stop_training is stops
    assert capsys.readouterr().out == ("Batch 7: invalid loss, terminating training\n" if stops else "")


def test_terminate_on_nan_ends_training_after_the_batch() -> None:
    x, y = small_data(25)
    x[12] = np.nan
    network = small_network()
    history = network.fit(x, y, batch_size=10, epochs=3, shuffle=False, verbose=0, callbacks=[TerminateOnNaN()])
    assert network.steps == 2  # the second batch holds it
    assert history.epoch == [0]
    assert math.isnan(history.history["loss"][0])


# ---------------------------------------------------------------- what fit, evaluate and predict call


class Recorder(Callback):
    """Notes every hook, with its number and what its logs name."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.outputs: list[Any] = []

    def __getattribute__(self, name: str) -> Any:
        if name not in HOOKS:
            return super().__getattribute__(name)

        def note(*arguments: Any) -> None:
            *number, logs = arguments
            self.calls.append(" ".join(map(str, [name.removeprefix("on_"), *number, *logs])))
            self.outputs.append(logs.get("outputs"))

        return note


def batch(phase: str, number: int, end: str) -> list[str]:
    return [f"{phase}_batch_begin {number}", f"{phase}_batch_end {number} {end}"]


TEST = ["test_begin", *batch("test", 0, "loss accuracy"), *batch("test", 1, "loss accuracy"), "test_end loss accuracy"]


def test_fit_calls_the_hooks_in_keras_order() -> None:
    recorder = Recorder()
    (x, y), validation = small_data(20), small_data(15)
    small_network().fit(x, y, batch_size=10, verbose=0, validation_data=validation, callbacks=recorder)
    assert recorder.calls == [
        "train_begin",
        "epoch_begin 0",
        *batch("train", 0, "loss accuracy"),
        *batch("train", 1, "loss accuracy"),
        *TEST,
        "epoch_end 0 loss accuracy val_loss val_accuracy",
        "train_end loss accuracy val_loss val_accuracy",
    ]
    assert recorder.params["steps"] == 2


RECORDED = (
    "train_begin, epoch_begin 0, train_batch_begin 0, train_batch_end 0 accuracy loss, train_batch_begin 1, "
    "train_batch_end 1 accuracy loss, test_begin, test_batch_begin 0, test_batch_end 0 accuracy loss, "
    "test_batch_begin 1, test_batch_end 1 accuracy loss, test_end accuracy loss, epoch_end 0 accuracy loss "
    "val_accuracy val_loss, train_end accuracy loss val_accuracy val_loss, test_begin, test_batch_begin 0, "
    "test_batch_end 0 accuracy loss, test_batch_begin 1, test_batch_end 1 accuracy loss, test_end accuracy loss, "
    "predict_begin, predict_batch_begin 0, predict_batch_end 0 outputs, predict_batch_begin 1, "
    "predict_batch_end 1 outputs, predict_end"
)
"""What Keras 3.15 called for fit, evaluate and predict on seven examples in batches of four."""


def test_the_calls_are_those_that_keras_made() -> None:
    recorder, network, (x, y) = Recorder(), small_network(), small_data(7)
    network.fit(x, y, batch_size=4, verbose=0, validation_data=(x, y), callbacks=recorder)
    network.evaluate(x, y, batch_size=4, verbose=0, callbacks=recorder)
    network.predict(x, batch_size=4, callbacks=recorder)
    found = []
    for call in recorder.calls:
        words = call.split()
        numbers = [word for word in words[1:] if word.isdigit()]
        found.append(" ".join([words[0], *numbers, *sorted(word for word in words[1:] if not word.isdigit())]))
    assert ", ".join(found) == RECORDED


def test_evaluate_calls_the_hooks_of_tests() -> None:
    recorder, network = Recorder(), small_network()
    network.evaluate(*small_data(15), batch_size=10, verbose=0, callbacks=[recorder])
    assert recorder.calls == TEST
    assert recorder.model is network
    assert recorder.params["steps"] == 2


@pytest.mark.parametrize("batch_size", [4, 10, 200, 1000])
def test_predict_hands_over_each_batchs_outputs(batch_size: int) -> None:
    recorder, network, x = Recorder(), small_network(), small_data(450)[0]
    y = network.predict(x, batch_size=batch_size, callbacks=[recorder])
    steps = math.ceil(450 / batch_size)
    hooks = [hook for k in range(steps) for hook in batch("predict", k, "outputs")]
    assert recorder.calls == ["predict_begin", *hooks, "predict_end"]
    outputs = [output for output in recorder.outputs if output is not None]
    assert [len(output) for output in outputs[:-1]] == [batch_size] * (steps - 1)
    np.testing.assert_array_equal(np.concatenate(outputs), y)


@pytest.mark.parametrize("method", ["fit", "evaluate", "predict"])
def test_what_is_no_callback_is_refused(method: str) -> None:
    x, y = small_data(4)
    data = (x,) if method == "predict" else (x, y)
    with pytest.raises(
        TypeError, match=rf"sequential.{method}: callbacks must be instances of Callback, one or a list"
    ):
        getattr(small_network(), method)(*data, callbacks=[print], verbose=0)
