"""Changing the learning rate in the course of training: by the epoch, or when a figure no longer improves."""

from collections.abc import Callable
from typing import Any

from numpycnn.callbacks.base import Callback, Logs
from numpycnn.callbacks.monitor import Monitor
from numpycnn.common import checks
from numpycnn.engine.batching import check_verbose


def note_learning_rate(model: Any, logs: Logs | None) -> None:
    """Put the learning rate among an epoch's figures, as Keras does."""
    if logs is not None:
        logs["learning_rate"] = float(model.optimizer.learning_rate)


class LearningRateScheduler(Callback):
    """Set the learning rate at the beginning of each epoch.

    schedule: a function of the epoch, counted from 0, and the learning rate so far, or of the epoch alone; it returns
    the new one. verbose: 1 prints it. The epoch's figures have it as "learning_rate".

    Raises TypeError for a schedule that cannot be called, and later TypeError or ValueError where it returns anything
    but a number of at least 0. Source: Keras's LearningRateScheduler.
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        checks.function("LearningRateScheduler", "schedule", schedule)
        self.schedule, self.verbose = schedule, check_verbose("LearningRateScheduler", verbose)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        optimizer = self.model.optimizer
        given = (epoch, float(optimizer.learning_rate))
        rate = self.schedule(*given) if takes(self.schedule, *given) else self.schedule(epoch)
        optimizer.learning_rate = checks.number("LearningRateScheduler", "the schedule's result", rate, at_least=0.0)
        if self.verbose:
            print(f"Epoch {epoch + 1}: LearningRateScheduler sets the learning rate to {optimizer.learning_rate}")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        note_learning_rate(self.model, logs)


def takes(function: Callable[..., Any], *arguments: Any) -> bool:
    """Whether a function can be called with these arguments; of one that does not say, yes."""
    from inspect import signature  # deferred: slow import

    try:
        signature(function).bind(*arguments)
    except TypeError:
        return False
    except ValueError:  # a function in C without a signature
        pass
    return True


class ReduceLROnPlateau(Monitor):
    """Reduce the learning rate when a figure has not improved for `patience` epochs.

    monitor, mode, min_delta: as for EarlyStopping. factor: the new learning rate by the old one. verbose: 1 prints it.
    cooldown: epochs after a reduction that are not counted. min_lr: the learning rate does not go below. The epoch's
    figures have it as "learning_rate".

    Raises TypeError or ValueError for invalid arguments. Source: Keras's ReduceLROnPlateau.
    """

    counters = ("wait", "cooldown_counter")

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        owner = type(self).__name__
        super().__init__(monitor, mode, min_delta)
        self.factor = checks.number(owner, "factor", factor, at_least=0.0, below=1.0)
        self.patience = checks.integer(owner, "patience", patience, at_least=0)
        self.verbose = check_verbose(owner, verbose)
        self.cooldown = checks.integer(owner, "cooldown", cooldown, at_least=0)
        self.min_lr = checks.number(owner, "min_lr", min_lr, at_least=0.0)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.best: float | None = None
        self.wait = self.cooldown_counter = 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        note_learning_rate(self.model, logs)
        figure = self.figure(logs)
        if figure is None:
            return
        if self.cooldown_counter > 0:
            self.cooldown_counter, self.wait = self.cooldown_counter - 1, 0
        if self.improves(figure, self.best):
            self.best, self.wait = figure, 0
        elif self.cooldown_counter == 0:
            self.wait += 1
            if self.wait >= self.patience:
                self.reduce(epoch)

    def reduce(self, epoch: int) -> None:
        """Reduce the learning rate, unless it is as low as it may be."""
        optimizer = self.model.optimizer
        if optimizer.learning_rate <= self.min_lr:
            return
        optimizer.learning_rate = max(float(optimizer.learning_rate) * self.factor, self.min_lr)
        self.cooldown_counter, self.wait = self.cooldown, 0
        if self.verbose:
            print(f"Epoch {epoch + 1}: ReduceLROnPlateau reduces the learning rate to {optimizer.learning_rate}")
