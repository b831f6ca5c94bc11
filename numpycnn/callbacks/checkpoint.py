"""Saving the model in the course of training."""

import os
from collections.abc import Sequence
from contextlib import suppress
from string import Formatter
from typing import Any

from numpycnn.callbacks.base import Logs
from numpycnn.callbacks.lambda_callback import LambdaCallback
from numpycnn.callbacks.monitor import Monitor
from numpycnn.common import checks
from numpycnn.common.configuration import is_librarys
from numpycnn.common.figures import FiguresByName
from numpycnn.engine.batching import check_verbose


class ModelCheckpoint(Monitor):
    """Save the model after each epoch, or after so many batches; every time, or when a figure is the best so far.

    filepath: as for `save`, by the suffix in any format that can be written; fields such as
    "{epoch:02d}-{val_loss:.2f}.safetensors" are filled with the epoch, counted from 1, the batch, and the figures.
    Folders are made where there are none.
    monitor, mode: as for EarlyStopping; they count with save_best_only alone, for which initial_value_threshold is the
    best figure to begin with. verbose: 1 prints what is saved. save_weights_only: as `save_weights` does, and not as
    `save`. save_freq: "epoch", or a number of batches. period: save after every so many epochs (Keras 2).

    Raises TypeError or ValueError for invalid arguments, saving.ModelFileError for another suffix; and when training
    begins, ValueError for a field that there is not, and as `save` does. Source: Keras's ModelCheckpoint.
    """

    counters = ("batches",)

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
        *,
        period: int = 1,
    ) -> None:
        from numpycnn import files  # deferred: slow import

        owner = type(self).__name__
        super().__init__(monitor, mode)
        self.folder = os.getcwd()  # the program may change it
        self.filepath = files.path_to_write(checks.path(owner, "filepath", filepath))
        self.verbose = check_verbose(owner, verbose)
        self.save_best_only = checks.flag(owner, "save_best_only", save_best_only)
        self.save_weights_only = checks.flag(owner, "save_weights_only", save_weights_only)
        files.function_for(self.filepath, "save_weights" if self.save_weights_only else "save")  # raises
        epochs = isinstance(save_freq, str) and save_freq == "epoch"
        self.every = None if epochs else checks.integer(owner, "save_freq", save_freq)
        threshold = initial_value_threshold
        self.threshold = None if threshold is None else checks.number(owner, "initial_value_threshold", threshold)
        self.period = checks.integer(owner, "period", period)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        from numpycnn import files  # deferred: slow import

        self.best: float | None = self.threshold
        self.batches = 0  # since the last save
        example = dict.fromkeys(["learning_rate", *self.params["metrics"]], 0.0)
        if any(isinstance(one, LambdaCallback) or not is_librarys(type(one)) for one in self.siblings):
            example |= dict.fromkeys(self.figures_named(), 0.0)  # which the program's own callbacks may add
        path = self.path_for(0, {"batch": 1} if self.every else {}, example)
        if not self.save_weights_only:
            files.check(path, self.model)  # raises now, not after the first epoch

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self.batches += 1
        if self.every is not None and self.batches >= self.every:
            self.batches = 0
            self.save(self.path_for(self.epoch, {"batch": batch + 1}, logs or {}), logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.every is None and (epoch + 1) % self.period == 0:
            self.epoch = epoch
            self.save(self.path_for(epoch, {}, logs or {}), logs)

    def path_for(self, epoch: int, batch: dict[str, int], logs: Logs) -> str:
        """The path with its fields filled. Raises ValueError for a field that there is not."""
        fields: dict[str, Any] = FiguresByName({"epoch": epoch + 1, **batch, **logs})
        try:
            return self.filepath.format_map(fields)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(
                f"ModelCheckpoint: the fields of filepath must be among {', '.join(fields)}; "
                f"received {self.filepath} ({error})"
            ) from None

    def figures_named(self) -> Sequence[str]:
        """The fields of filepath besides epoch and batch; none where it is malformed."""
        with suppress(ValueError):
            fields = [name for _, name, _, _ in Formatter().parse(self.filepath) if name]
            return [name for name in fields if name not in ("epoch", "batch")]
        return ()

    def save(self, path: str, logs: Logs | None) -> None:
        """Save the model, where its figure asks for that."""
        if not self.is_due(path, logs):
            return
        path = os.path.join(self.folder, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        (self.model.save_weights if self.save_weights_only else self.model.save)(path)

    def is_due(self, path: str, logs: Logs | None) -> bool:
        """Whether to save; says so. A figure that is missing is warned of, and then the model is saved."""
        figure = self.figure(logs) if self.save_best_only else None
        told, due = f"saving the model to {path}", True
        if figure is not None:
            before = "" if self.best is None else f" from {self.best:.5f}"
            due = self.improves(figure, self.best)
            told = f"improved{before} to {figure:.5f}; {told}" if due else f"did not improve{before}"
            told = f"{self.monitor} {told}"
            self.best = figure if due else self.best
        if self.verbose:
            print(f"Epoch {self.epoch + 1}: {told}")
        return due
