"""Stopping where the loss is not finite."""

import math

from numpycnn.callbacks.base import Callback, Logs
from numpycnn.common import checks


class TerminateOnNaN(Callback):
    """Stop training after a batch whose loss is NaN or infinite; without this callback, `fit` raises an error.

    raise_error: raise RuntimeError instead; then no callback learns that training ended.
    Raises TypeError for another value. Source: Keras's TerminateOnNaN.
    """

    def __init__(self, raise_error: bool = False) -> None:
        self.raise_error = checks.flag("TerminateOnNaN", "raise_error", raise_error)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(f"TerminateOnNaN: the loss is {loss} in batch {batch}")
        print(f"Batch {batch}: invalid loss, terminating training")
        self.model.stop_training = True
