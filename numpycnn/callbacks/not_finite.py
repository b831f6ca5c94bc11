"""Stopping where the loss is not finite."""

import math

from numpycnn.callbacks.base import Callback, Logs


class TerminateOnNaN(Callback):
    """Stop training after a batch whose loss is NaN or infinite; without this callback, `fit` raises an error.

    Source: Keras's TerminateOnNaN.
    """

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            print(f"Batch {batch}: invalid loss, terminating training")
            self.model.stop_training = True
