"""The hooks of training."""

from collections.abc import Sequence
from typing import Any

from numpycnn.common.explained import Explained
from numpycnn.common.typing import Array

Logs = dict[str, float]
"""Figures by name, such as {"loss": 0.25, "accuracy": 0.91}: means over the epoch so far."""


class ValidationData:
    """What Keras 2 has as a callback's `validation_data`, where the callback has no such attribute of its own."""

    def __get__(self, callback: Any, owner: type) -> Any:
        return None if callback is None else vars(callback).get("held_out")


class Callback(Explained):
    """Base class of all callbacks: override the hooks that you need. Epochs and batches are counted from 0.

    `model` is the Sequential that is trained; setting `model.stop_training = True` ends training.
    `params` has "epochs", "steps" (batches in an epoch), "initial_epoch", "verbose" and "metrics" (the figures' names);
    and as in Keras 2 "batch_size", "samples" and "do_validation". `validation_data`, also of Keras 2, is
    [x, y, weights], the arrays that `fit` validates on; None where there are none.
    logs are the figures so far; empty if there are none yet. `fit` calls the train hooks, and the test hooks for its
    validation data; `evaluate` calls the test hooks, and `predict` the predict hooks. Source: Keras's Callback.
    """

    model: Any
    params: dict[str, Any]
    validation_data = ValidationData()
    siblings: Sequence["Callback"]
    """All callbacks of this call, including itself."""

    def set_model(self, model: Any) -> None:
        """Called once, before all hooks, with the model."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Called once, before all hooks, with the parameters of the call."""
        self.params = params

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Called once, before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Called once, after the last epoch, with its figures."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Called before each epoch of training."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Called after each epoch, with its figures, those of the validation data included."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before each batch of training; calls `on_batch_begin`, its older name."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after each batch of training; calls `on_batch_end`, its older name."""
        self.on_batch_end(batch, logs)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """The older name of `on_train_batch_begin`, which calls it."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """The older name of `on_train_batch_end`, which calls it."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Called before an evaluation, that of validation data in `fit` included."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Called after an evaluation, with its figures."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before each batch of an evaluation."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after each batch of an evaluation."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Called before a prediction."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Called after a prediction."""

    def on_predict_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Called before each batch of a prediction."""

    def on_predict_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Called after each batch of a prediction; logs["outputs"] is its output."""

    def get_state(self) -> dict[str, Array]:
        """The callback's state between epochs, as arrays of float32, float64 or int64 by name.

        Called when training begins, after `on_train_begin`, and after each epoch.
        """
        return {}

    def set_state(self, state: dict[str, Array]) -> None:
        """Restore what `get_state` returned. Raises ValueError, and changes nothing, for anything else."""
        if state:
            raise ValueError(f"{type(self).__name__}: has no state; received {', '.join(state)}")
