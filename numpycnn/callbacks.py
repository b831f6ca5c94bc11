"""Callbacks: hooks at the beginning and end of training, of each epoch and of each batch.

The progress bar, in `show/progress.py`, is one too.
"""

import math
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from numpycnn.common import checks
from numpycnn.common.explained import Explained
from numpycnn.common.module_names import explain_unknown_names
from numpycnn.common.typing import Array, Shape

__all__ = ["BackupAndRestore", "Callback", "EarlyStopping", "History", "TerminateOnNaN"]

Logs = dict[str, float]
"""Figures by name, such as {"loss": 0.25, "accuracy": 0.91}: means over the epoch so far."""


class Callback(Explained):
    """Base class of all callbacks: override the hooks that you need. Epochs and batches are counted from 0.

    `model` is the Sequential that is trained; setting `model.stop_training = True` ends training.
    `params` has "epochs", "steps" (batches in an epoch), "initial_epoch", "verbose" and "metrics" (the figures' names).
    logs are the figures so far; empty if there are none yet. `fit` calls the train hooks, and the test hooks for its
    validation data; `evaluate` calls the test hooks, and `predict` the predict hooks. Source: Keras's Callback.
    """

    model: Any
    params: dict[str, Any]
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


class CallbackList:
    """The callbacks of one fit, evaluate or predict: `call("on_epoch_begin", 0, {})` calls that hook of each, in order.

    The constructor passes siblings, parameters and model to each callback.
    """

    def __init__(self, callbacks: Sequence[Callback], model: Any, params: dict[str, Any]) -> None:
        self.callbacks, self.params = callbacks, params
        for callback in callbacks:
            callback.siblings = callbacks
            callback.set_params(params)
            callback.set_model(model)

    def call(self, hook: str, *arguments: Any) -> None:
        """Call one hook of every callback."""
        for callback in self.callbacks:
            getattr(callback, hook)(*arguments)


class History(Callback):
    """The figures of every epoch, which `fit` returns.

    history: a list for each figure: `history["val_loss"][0]` is the first epoch's. epoch: their numbers, from 0.
    """

    def __init__(self) -> None:
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)


class EarlyStopping(Callback):
    """Stop training when a figure has not improved for `patience` epochs.

    monitor: the figure's name. min_delta: an improvement must be larger than this. mode: "min", "max", or "auto": the
    figure should rise if its name holds "acc", and fall if it holds "loss". restore_best_weights: at the end,
    restore the weights of the best epoch.

    Raises TypeError or ValueError for invalid arguments, and when training begins if there is no such figure.
    Source: Keras's EarlyStopping.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: int = 0,
        mode: str = "auto",
        restore_best_weights: bool = False,
    ) -> None:
        owner = "EarlyStopping"
        self.monitor = checks.text(owner, "monitor", monitor)
        self.min_delta = checks.number(owner, "min_delta", min_delta, at_least=0.0)
        self.patience = checks.integer(owner, "patience", patience, at_least=0)
        mode = checks.choice(owner, "mode", mode, ("auto", "min", "max"))
        if mode == "auto" and "acc" not in monitor and "loss" not in monitor:
            raise ValueError(
                f"{owner}: mode must be 'min' or 'max' for the monitor {checks.short_repr(monitor)}; received 'auto'"
            )
        self.sign = 1.0 if mode == "max" or (mode == "auto" and "acc" in monitor) else -1.0
        self.restore_best_weights = checks.flag(owner, "restore_best_weights", restore_best_weights)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        checks.choice("EarlyStopping", "monitor", self.monitor, self.params["metrics"])
        self.best = -math.inf
        self.wait = 0
        self.best_weights: list[Array] | None = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        figure = self.sign * (logs or {})[self.monitor]
        if figure - self.min_delta > self.best:
            self.best, self.wait = figure, 0
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            return
        self.wait += 1
        if self.wait >= self.patience:
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.best_weights is not None:
            self.model.set_weights(self.best_weights)

    def get_state(self) -> dict[str, Array]:
        weights = {f"best_weights/{k}": weight for k, weight in enumerate(self.best_weights or [])}
        return {f"best/{self.monitor}": np.array(self.best), "wait": np.array(self.wait, np.int64), **weights}

    def set_state(self, state: dict[str, Array]) -> None:
        expected: list[tuple[str, Shape, Any]] = [(f"best/{self.monitor}", (), np.float64), ("wait", (), np.int64)]
        if len(state) > len(expected):
            weights = enumerate(self.model.get_weights())
            expected += [(f"best_weights/{k}", weight.shape, weight.dtype) for k, weight in weights]
        if [(name, array.shape, array.dtype) for name, array in state.items()] != expected:
            names = ", ".join(name for name, _, _ in expected)
            raise ValueError(f"EarlyStopping: expected a state with {names}; received {', '.join(state)}")
        self.best, self.wait = float(state[f"best/{self.monitor}"]), int(state["wait"])
        self.best_weights = [weight for name, weight in state.items() if name.startswith("best_weights/")] or None


class TerminateOnNaN(Callback):
    """Stop training after a batch whose loss is NaN or infinite; without this callback, `fit` raises an error.

    Source: Keras's TerminateOnNaN.
    """

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            print(f"Batch {batch}: invalid loss, terminating training")
            self.model.stop_training = True


class BackupAndRestore(Callback):
    """Back up training to a file after each epoch, so that an interrupted program resumes where it was.

    path: a .safetensors file with the whole model (`Sequential.save`) and the state of the other callbacks. If the file
    exists when training begins, the model's weights, seed, optimizer settings and slots, History and position in
    training are restored from it, and training resumes with the next epoch.
    On the same data it ends with the same bytes as if it had never been interrupted. If the file's training is
    complete, nothing is trained. To start over, remove the file.
    What callbacks do when training ends, such as restoring the best weights, is not in the file; it is done again.

    Raises TypeError for anything but a path, and saving.ModelFileError for a suffix other than .safetensors; when
    training begins, ModelFileError for a model that cannot be saved, and for a file that is damaged or holds another
    model or other callbacks; and OSError. Source: Keras's BackupAndRestore, which removes the file at the end.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        from numpycnn import files  # deferred: slow import

        self.path = os.path.abspath(checks.path("BackupAndRestore", "path", path))  # the program may change directory
        files.format_of(self.path, reading=False)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        from numpycnn import files  # deferred: slow import

        self.stateful_callbacks = [
            callback for callback in self.siblings if type(callback).get_state is not Callback.get_state
        ]
        files.content(self.path, self.model, self.stateful_callbacks)  # raises now, not after the first epoch
        files.prepare(self.path)
        if os.path.exists(self.path):
            history = next(callback for callback in self.siblings if isinstance(callback, History))
            files.restore(self.path, self.model, history, self.stateful_callbacks)
            self.params["initial_epoch"] = max(history.epoch, default=-1) + 1

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        from numpycnn import files  # deferred: slow import

        files.save(self.path, self.model, self.stateful_callbacks)


def check_callbacks(owner: str, callbacks: Any) -> list[Callback]:
    """The callbacks as a list, from a list, a single callback or None. Raises TypeError for anything else.

    BackupAndRestore comes last: it saves the others' state, and whether they stopped training.
    """
    found = [callbacks] if isinstance(callbacks, Callback) else [] if callbacks is None else callbacks
    if not isinstance(found, (list, tuple)) or not all(isinstance(callback, Callback) for callback in found):
        raise TypeError(
            f"{owner}: callbacks must be instances of Callback, one or a list; received {checks.short_repr(callbacks)}"
        )
    return sorted(found, key=lambda callback: isinstance(callback, BackupAndRestore))


explain_unknown_names(__name__)
