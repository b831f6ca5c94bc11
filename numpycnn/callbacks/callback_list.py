"""The callbacks of one call."""

from collections.abc import Sequence
from typing import Any

from numpycnn.callbacks.backup import BackupAndRestore
from numpycnn.callbacks.base import Callback
from numpycnn.common import checks


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


def check_callbacks(owner: str, callbacks: Any) -> list[Callback]:
    """The callbacks as a list, from a list, a single callback or None. Raises TypeError for anything else."""
    found = [callbacks] if isinstance(callbacks, Callback) else [] if callbacks is None else callbacks
    if not isinstance(found, (list, tuple)) or not all(isinstance(callback, Callback) for callback in found):
        raise TypeError(
            f"{owner}: callbacks must be instances of Callback, one or a list; received {checks.short_repr(callbacks)}"
        )
    return list(found)


def in_training(progress: Callback, callbacks: Sequence[Callback], history: Callback) -> list[Callback]:
    """The callbacks of `fit`, in the order of their calls.

    The History comes after those that add to the figures, and BackupAndRestore last: it saves the others' state, and
    whether they stopped training.
    """
    backups = [callback for callback in callbacks if isinstance(callback, BackupAndRestore)]
    return [progress, *(callback for callback in callbacks if callback not in backups), history, *backups]
