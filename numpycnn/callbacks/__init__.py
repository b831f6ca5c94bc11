"""Callbacks: hooks at the beginning and end of training, of each epoch and of each batch.

    base            the hooks
    callback_list   the callbacks of one call, in order
    history         the figures of every epoch
    early_stopping  stopping when a figure no longer improves
    not_finite      stopping where the loss is not finite
    swap_ema        evaluating with the moving average of the weights
    backup          backing up a training, and resuming it

The progress bar, in `show/progress.py`, is one too.
"""

from numpycnn.callbacks.backup import BackupAndRestore
from numpycnn.callbacks.base import Callback
from numpycnn.callbacks.early_stopping import EarlyStopping
from numpycnn.callbacks.history import History
from numpycnn.callbacks.not_finite import TerminateOnNaN
from numpycnn.callbacks.swap_ema import SwapEMAWeights
from numpycnn.common.module_names import explain_unknown_names

__all__ = ["BackupAndRestore", "Callback", "EarlyStopping", "History", "SwapEMAWeights", "TerminateOnNaN"]

explain_unknown_names(__name__)
