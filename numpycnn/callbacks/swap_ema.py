"""Evaluating with the moving average of the weights, while training goes on with the weights themselves."""

from typing import Any

from numpycnn.callbacks.base import Callback, Logs
from numpycnn.common import checks
from numpycnn.common.typing import Array
from numpycnn.layers.stage import of_prefix, with_prefix


class SwapEMAWeights(Callback):
    """Put the moving averages of an optimizer with use_ema in the place of the weights during evaluation.

    They are there during validation, `evaluate` and `predict`, and the weights themselves come back after it.
    swap_on_epoch: also from the end of each epoch to the beginning of the next, so that callbacks after this one, such
    as ModelCheckpoint, save the averages.

    Raises ValueError for a model whose optimizer has no use_ema, when training or evaluation begins.
    Source: Keras's SwapEMAWeights.
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        self.swap_on_epoch = checks.flag("SwapEMAWeights", "swap_on_epoch", swap_on_epoch)
        self.kept: dict[str, Array] = {}

    def swap_in(self) -> None:
        """Put the averages in the place of the weights, which are kept."""
        optimizer, params = self.optimizer(), self.model.trained_params
        if not self.kept:
            self.kept = {name: params[name].copy() for name in optimizer.state.get("average", {}) if name in params}
            optimizer.finalize_variable_values(params)

    def swap_out(self) -> None:
        """Put the weights back."""
        for name, w in self.kept.items():
            self.model.params[name][...] = w
        self.kept = {}

    def optimizer(self) -> Any:
        """The model's optimizer. Raises ValueError unless it has use_ema."""
        optimizer = self.model.optimizer
        if optimizer is None or not optimizer.use_ema:
            raise ValueError("SwapEMAWeights: the model's optimizer must be made with use_ema=True")
        return optimizer

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.optimizer()
        self.kept = {}

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self.swap_out()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.swap_on_epoch:
            self.swap_in()

    def on_train_end(self, logs: Logs | None = None) -> None:
        self.kept = {}  # `fit` has ended with the averages

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self.swap_in()

    def on_test_end(self, logs: Logs | None = None) -> None:
        self.swap_out()

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self.swap_in()

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self.swap_out()

    def get_state(self) -> dict[str, Array]:
        return with_prefix("kept", self.kept)

    def set_state(self, state: dict[str, Array]) -> None:
        kept, params = of_prefix("kept", state), self.model.params
        fits = all(name in params and same_kind(params[name], w) for name, w in kept.items())
        if len(kept) != len(state) or not fits:
            raise ValueError(f"SwapEMAWeights: expected a state with the model's weights; received {', '.join(state)}")
        self.kept = kept


def same_kind(a: Array, b: Array) -> bool:
    """Whether two arrays have one shape and dtype."""
    return a.shape == b.shape and a.dtype == b.dtype
