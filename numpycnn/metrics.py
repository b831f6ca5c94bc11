"""Metrics: what is reported beside the loss.

A metric is a function of (y_true, y_pred) that gives a value for each example, (N,), or their mean.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from numpycnn import checks
from numpycnn.typing import Array

Metric = Callable[[Array, Array], Any]


def accuracy(y_true: Array, y_pred: Array) -> Array:
    """1 where the prediction is right, else 0, averaged over an example's axes but the last.

    y_pred: (N, ..., K), the largest of the K entries being the prediction; with K = 1, class 1 from 0.5 up.
    y_true: one-hot (N, ..., K), or labels (N, ...) or (N, ..., 1). Returns (N,).
    """
    if y_pred.shape[-1] == 1:
        right = (y_pred > 0.5) == y_true.reshape(y_pred.shape)
    elif y_true.shape == y_pred.shape:
        right = y_true.argmax(axis=-1) == y_pred.argmax(axis=-1)
    else:
        predicted = y_pred.argmax(axis=-1)
        right = y_true.reshape(predicted.shape) == predicted
    return right.reshape(len(right), -1).mean(axis=1)


def confusion_matrix(y_true: Array, y_pred: Array, classes: int) -> Array:
    """How often each class was taken for each: entry (i, j) counts examples of class i predicted as j.

    y_true, y_pred: integer labels (N,). Returns (classes, classes), integers.
    """
    return np.bincount(y_true.astype(np.intp) * classes + y_pred, minlength=classes**2).reshape(classes, classes)


METRICS: dict[str, Metric] = {"accuracy": accuracy, "acc": accuracy}


def get_metric(value: Any) -> tuple[str, Metric]:
    """(name as given, function) of a metric given by name, or as a function with a name of its own."""
    if callable(value) and hasattr(value, "__name__"):
        return value.__name__, value
    return value, checks.lookup("compile", "metrics", value, METRICS)


class RunningMeans:
    """Means over the examples of several batches: a short batch counts for as much as it holds."""

    def __init__(self) -> None:
        self.sums: dict[str, float] = {}
        self.count = 0

    def add(self, count: int, values: Mapping[str, Any]) -> None:
        """Add a batch of `count` examples: for each name a value for every example, or their mean."""
        self.count += count
        for name, value in values.items():
            self.sums[name] = self.sums.get(name, 0.0) + count * float(np.mean(value, dtype=np.float64))

    def result(self) -> dict[str, float]:
        """The means so far, by name."""
        return {name: total / self.count for name, total in self.sums.items()}
