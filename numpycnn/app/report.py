"""What training says at a terminal: how a file is used, and how well the network reads the test images."""

import os
from collections.abc import Iterator

import numpy as np

from numpycnn import metrics
from numpycnn.common.typing import Array
from numpycnn.models import Sequential, load_model

PAIRS_SHOWN = 5


def beginning(path: str) -> str:
    """How the file will be used, as text."""
    if not os.path.exists(path):
        return f"After each epoch the network is written to {path}."
    network = load_model(path)
    return f"Resuming after epoch {epochs_done(network)} with the network in {path}, whose seed is {network.seed}."


def saved(path: str | None) -> str:
    """The state of the file after training was stopped, as text."""
    if path is None or not os.path.exists(path):
        return "Nothing was saved."
    return f"{path} holds the network after epoch {epochs_done(load_model(path))}; the same command resumes from there."


def epochs_done(network: Sequential) -> int:
    """The number of epochs that a network was trained for."""
    return max(network.history.epoch, default=-1) + 1 if network.history else 0


def print_results(loss: float, accuracy: float, y_true: Array, y_pred: Array) -> None:
    """Print the figures of a test, and what was misread."""
    print(f"Test loss: {loss:.4f}")
    print(f"Test accuracy: {accuracy:.4f} ({np.count_nonzero(y_pred != y_true)} of {len(y_true):,} misread)")
    print("Most confused digits: " + "; ".join(confusions(y_true, y_pred)))


def kept(path: str | None, largest: int) -> str:
    """Where the network is, which takes pixels up to `largest`, as text."""
    if path is None:
        return "Nothing was saved: `--resume mine.safetensors` keeps the network in that file."
    return f"The network is in {path}: numpycnn.load_model({path!r}) reads it. It takes pixels from 0 to {largest}."


def confusions(y_true: Array, y_pred: Array) -> Iterator[str]:
    """The pairs of digits most often confused, as text, most often first."""
    matrix = metrics.confusion_matrix(y_true, y_pred, 10)
    np.fill_diagonal(matrix, 0)
    for flat in np.argsort(-matrix, axis=None, kind="stable")[:PAIRS_SHOWN]:
        digit, taken_for = divmod(int(flat), 10)
        if matrix[digit, taken_for]:
            times = "once" if matrix[digit, taken_for] == 1 else f"{matrix[digit, taken_for]} times"
            yield f"{digit} read as {taken_for} ({times})"
