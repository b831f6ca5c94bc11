"""Stopping when training no longer helps."""

import math
from typing import Any

import numpy as np

from numpycnn.callbacks.base import Callback, Logs
from numpycnn.common import checks
from numpycnn.common.typing import Array, Shape


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
