"""Callbacks: hooks at the beginning and end of training, of each epoch and of each batch.

    base             the hooks
    callback_list    the callbacks of one call, in order
    history          the figures of every epoch
    monitor          watching a figure, for the next three
    early_stopping   stopping when a figure no longer improves
    checkpoint       saving the model
    learning_rate    changing the learning rate
    csv_logger       a table of the figures, in a file
    lambda_callback  a callback made of functions
    not_finite       stopping where the loss is not finite
    tensorboard      the figures, for TensorBoard
    swap_ema         evaluating with the moving average of the weights
    backup           backing up a training, and resuming it

The progress bar, in `show/progress.py`, is one too.
"""

from typing import TYPE_CHECKING

from numpycnn.common.module_names import explain_unknown_names

if TYPE_CHECKING:  # at run time each is imported on first access
    from numpycnn.callbacks.backup import BackupAndRestore
    from numpycnn.callbacks.base import Callback
    from numpycnn.callbacks.checkpoint import ModelCheckpoint
    from numpycnn.callbacks.csv_logger import CSVLogger
    from numpycnn.callbacks.early_stopping import EarlyStopping
    from numpycnn.callbacks.history import History
    from numpycnn.callbacks.lambda_callback import LambdaCallback
    from numpycnn.callbacks.learning_rate import LearningRateScheduler, ReduceLROnPlateau
    from numpycnn.callbacks.not_finite import TerminateOnNaN
    from numpycnn.callbacks.progbar_logger import ProgbarLogger
    from numpycnn.callbacks.swap_ema import SwapEMAWeights
    from numpycnn.callbacks.tensorboard import TensorBoard

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "SwapEMAWeights",
    "TensorBoard",
    "TerminateOnNaN",
]

explain_unknown_names(
    __name__,
    elsewhere={
        "BackupAndRestore": "backup",
        "CSVLogger": "csv_logger",
        "Callback": "base",
        "EarlyStopping": "early_stopping",
        "History": "history",
        "LambdaCallback": "lambda_callback",
        "LearningRateScheduler": "learning_rate",
        "ModelCheckpoint": "checkpoint",
        "ProgbarLogger": "progbar_logger",
        "ReduceLROnPlateau": "learning_rate",
        "SwapEMAWeights": "swap_ema",
        "TensorBoard": "tensorboard",
        "TerminateOnNaN": "not_finite",
    },
)
