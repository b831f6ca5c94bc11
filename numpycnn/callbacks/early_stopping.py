"""Stopping when training no longer helps."""

from numpycnn.callbacks.base import Logs
from numpycnn.callbacks.monitor import Monitor, check_state
from numpycnn.common import checks
from numpycnn.common.typing import Array
from numpycnn.engine.batching import check_verbose


class EarlyStopping(Monitor):
    """Stop training when a figure has not improved for `patience` epochs.

    monitor: the figure's name; where it is missing, a warning says so. min_delta: an improvement must be larger than
    this. verbose: 1 prints why training stopped. mode: "min", "max", or "auto": its name tells whether the figure
    should rise or fall. baseline: the epochs are counted until the figure is better than this, too.
    restore_best_weights: at the end, restore the weights of the best epoch. start_from_epoch: ignore earlier epochs.

    Raises TypeError or ValueError for invalid arguments. Source: Keras's EarlyStopping.
    """

    counters = ("wait", "best_epoch", "stopped_epoch")

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        owner = type(self).__name__
        super().__init__(monitor, mode, min_delta)
        self.patience = checks.integer(owner, "patience", patience, at_least=0)
        self.verbose = check_verbose(owner, verbose)
        self.baseline = None if baseline is None else checks.number(owner, "baseline", baseline)
        self.restore_best_weights = checks.flag(owner, "restore_best_weights", restore_best_weights)
        self.start_from_epoch = checks.integer(owner, "start_from_epoch", start_from_epoch, at_least=0)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.best: float | None = None
        self.wait = self.best_epoch = self.stopped_epoch = 0
        self.best_weights: list[Array] | None = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        figure = self.figure(logs)
        if figure is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights, self.best_epoch = self.model.get_weights(), epoch
        self.wait += 1
        if self.improves(figure, self.best):
            self.best, self.best_epoch = figure, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self.improves(figure, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch, self.model.stop_training = epoch, True

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.stopped_epoch and self.verbose:
            print(f"Epoch {self.stopped_epoch + 1}: stopped, as {self.monitor} no longer improves")
        if self.best_weights is not None:
            if self.verbose:
                print(f"The weights of the best epoch, {self.best_epoch + 1}, are restored")
            self.model.set_weights(self.best_weights)

    def get_state(self) -> dict[str, Array]:
        weights = {f"best_weights/{k}": weight for k, weight in enumerate(self.best_weights or [])}
        return super().get_state() | weights

    def set_state(self, state: dict[str, Array]) -> None:
        weights = {name: array for name, array in state.items() if name.startswith("best_weights/")}
        if weights:
            own = enumerate(self.model.get_weights())
            expected = [(f"best_weights/{k}", weight.shape, weight.dtype) for k, weight in own]
            check_state(type(self).__name__, weights, expected)
        super().set_state({name: array for name, array in state.items() if name not in weights})
        self.best_weights = [weights[f"best_weights/{k}"] for k in range(len(weights))] or None
