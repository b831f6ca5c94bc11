"""Callbacks: what happens beside training, at its beginning, its end, and around each epoch and batch.

The progress bar, in `progress.py`, is one too.
"""

import math
from collections.abc import Sequence
from typing import Any

from numpycnn import checks
from numpycnn.typing import Array

Logs = dict[str, float]
"""Figures by name, such as {"loss": 0.25, "accuracy": 0.91}: means over the epoch so far."""


class Callback:
    """Base of all callbacks: override what you need. Epochs and batches are counted from 0.

    `model` is the Sequential in training; setting `model.stop_training = True` ends training.
    `params` has "epochs", "steps" (batches in an epoch), "initial_epoch", "verbose" and "metrics" (the figures' names).
    Where nothing is known yet, logs is empty.
    """

    model: Any
    params: dict[str, Any]

    def on_train_begin(self, logs: Logs) -> None:
        """Called once, before the first epoch."""

    def on_train_end(self, logs: Logs) -> None:
        """Called once, after the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Logs) -> None:
        """Called before each epoch."""

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Called after each epoch, with its figures, those of the validation data included."""

    def on_train_batch_begin(self, batch: int, logs: Logs) -> None:
        """Called before each batch."""

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        """Called after each batch."""


class CallbackList:
    """Several callbacks for one training: `call("on_epoch_begin", 0, {})` calls that hook of each, in order."""

    def __init__(self, callbacks: Sequence[Callback], model: Any, params: dict[str, Any]) -> None:
        self.callbacks, self.params = callbacks, params
        for callback in callbacks:
            callback.model, callback.params = model, params

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

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        self.epoch.append(epoch)
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)


class EarlyStopping(Callback):
    """End training when a figure has not improved for `patience` epochs.

    monitor: the figure's name. min_delta: an improvement must be larger than this. mode: "min", "max", or "auto": the
    figure should rise if its name holds "acc", and fall if it holds "loss". restore_best_weights: go back, at the end,
    to the weights of the best epoch.

    Raises TypeError or ValueError for arguments out of range, and when training begins if there is no such figure.
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
            raise ValueError(f"{owner}: mode must be 'min' or 'max' for the monitor {monitor!r}; received 'auto'")
        self.sign = 1.0 if mode == "max" or (mode == "auto" and "acc" in monitor) else -1.0
        self.restore_best_weights = checks.flag(owner, "restore_best_weights", restore_best_weights)

    def on_train_begin(self, logs: Logs) -> None:
        checks.choice("EarlyStopping", "monitor", self.monitor, self.params["metrics"])
        self.best = -math.inf
        self.wait = 0
        self.best_weights: list[Array] | None = None

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        figure = self.sign * logs[self.monitor]
        if figure - self.min_delta > self.best:
            self.best, self.wait = figure, 0
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            return
        self.wait += 1
        if self.wait >= self.patience:
            self.model.stop_training = True

    def on_train_end(self, logs: Logs) -> None:
        if self.best_weights is not None:
            self.model.set_weights(self.best_weights)


def check_callbacks(owner: str, callbacks: Any) -> list[Callback]:
    """The callbacks as a list; None is no callback, and one by itself is a list of one. Raises TypeError for others."""
    found = [callbacks] if isinstance(callbacks, Callback) else [] if callbacks is None else callbacks
    if not isinstance(found, (list, tuple)) or not all(isinstance(callback, Callback) for callback in found):
        raise TypeError(f"{owner}: callbacks must be instances of Callback, one or a list; received {callbacks!r}")
    return list(found)
