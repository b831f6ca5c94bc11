"""Metrics, reported beside the loss.

A metric is a function of (y_true, y_pred) that returns a value for each example, (N,), or their mean. y_true are the
targets as passed to `fit`, but (N, 1) instead of (N,) if y_pred is (N, 1).
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from numpycnn.common import checks
from numpycnn.common.module_names import explain_unknown_names
from numpycnn.common.typing import Array

__all__ = ["accuracy", "confusion_matrix"]

Metric = Callable[[Array, Array], Any]


def accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """1 where the prediction is right, else 0, averaged over an example's axes but the last.

    y_pred: (N, ..., K), the largest of the K entries being the prediction; with K = 1, class 1 above 0.5.
    y_true: one-hot (N, ..., K), or labels (N, ...) or (N, ..., 1). Returns (N,).
    Raises ValueError for other shapes, TypeError for anything but numbers.
    """
    y_true, y_pred = checks.numbers("accuracy", "y_true", y_true), checks.numbers("accuracy", "y_pred", y_pred)
    outputs, labels = y_pred.shape, y_pred.shape[:-1]
    if not labels or y_pred.size == 0:
        raise ValueError(f"accuracy: expected y_pred of shape (n, ..., k), and not empty; received {outputs}")
    if y_true.shape not in (outputs, labels, (*labels, 1)):
        raise ValueError(f"accuracy: expected y_true of shape {outputs} or {labels}; received {y_true.shape}")
    if y_pred.shape[-1] == 1:
        right = (y_pred > 0.5) == y_true.reshape(y_pred.shape)  # (N, ..., 1)
    elif y_true.shape == y_pred.shape:
        right = y_true.argmax(axis=-1) == y_pred.argmax(axis=-1)
    else:
        predicted = y_pred.argmax(axis=-1)
        right = y_true.reshape(predicted.shape) == predicted  # (N, ...)
    return right.reshape(len(right), -1).mean(axis=1)  # (N,)


def confusion_matrix(y_true: ArrayLike, y_pred: ArrayLike, classes: int | None = None) -> Array:
    """The confusion matrix: entry (i, j) counts examples of class i predicted as class j.

    y_true, y_pred: each as for `class_labels`: labels (N,), or one-hot rows or probabilities (N, classes), such as
    `predict` returns. classes: by default as many as the rows have columns, or of labels alone the largest label + 1.
    Returns (classes, classes), integers.
    Raises ValueError for labels out of range, different numbers of examples or of classes, and as `class_labels` does.
    """
    owner = "confusion_matrix"
    true, true_columns = class_labels(owner, "y_true", y_true)
    predicted, predicted_columns = class_labels(owner, "y_pred", y_pred)
    checks.same_length(owner, y_true=true, y_pred=predicted)
    if classes is None:
        classes = max(true_columns, predicted_columns) or int(max(true.max(), predicted.max(), 0)) + 1
    classes = checks.size(owner, "classes", classes)
    checks.array_size(owner, "classes", (classes, classes))
    for argument, labels, columns in (("y_true", true, true_columns), ("y_pred", predicted, predicted_columns)):
        if columns not in (0, classes):
            raise ValueError(f"{owner}: expected {argument} of shape (n, {classes}); received {columns} columns")
        checks.labels(f"{owner}: {argument}", labels, classes=classes)
    pairs = true.astype(np.intp) * classes + predicted.astype(np.intp)  # (N,): row of the matrix * classes + column
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)  # (classes, classes)


def class_labels(owner: str, argument: str, value: ArrayLike) -> tuple[Array, int]:
    """(the label of each example, (N,); the number of classes, 0 if unknown).

    value: labels (N,) or (N, 1); or one-hot rows or probabilities (N, classes), whose largest entry is the label; or
    probabilities (N, 1) of class 1 of two, which is the label above 0.5.
    Raises ValueError for other shapes, for rows that are not finite, and for one column of numbers that are neither
    labels nor probabilities; TypeError for anything but numbers.
    """
    array = checks.numbers(owner, argument, value)
    if array.ndim == 1:
        return array, 0
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"{owner}: {argument} must be labels (n,) or rows (n, classes); received {array.shape}")
    checks.finite(owner, argument, array, array.dtype)
    if array.shape[1] > 1:
        return array.argmax(axis=1), array.shape[1]
    column = array[:, 0]  # (N,)
    if (column == np.floor(column)).all():
        return column, 0
    if not ((column >= 0) & (column <= 1)).all():
        raise ValueError(f"{owner}: one column of {argument} must be labels, or probabilities from 0 to 1")
    return column > 0.5, 2


METRICS: dict[str, Metric] = {"accuracy": accuracy, "acc": accuracy}


def get_metrics(values: Any) -> dict[str, Metric]:
    """Metrics by name, from a list of names and of functions, whose names are their own.

    Raises ValueError for an unknown name, two metrics of one name, and one named "loss"; TypeError for other values.
    """
    chosen: dict[str, Metric] = {}
    for value in checks.sequence("compile", "metrics", values):
        own_name = getattr(value, "__name__", None) if callable(value) else None
        metric = value if own_name else checks.lookup("compile", "metrics", value, METRICS, kind="metrics")
        name = own_name or value
        if name == "loss" or name.startswith("val_") or name in chosen:
            raise ValueError(
                "compile: metrics must have different names, and none may be 'loss' or start with 'val_'; "
                f"received {checks.short_repr(name)}"
            )
        chosen[name] = metric
    return chosen


def values_of(name: str, metric: Metric, y_true: Array, y_pred: Array) -> Array:
    """A metric's values for a batch. Targets (N,) are passed as (N, 1) if y_pred is (N, 1).

    Raises TypeError unless the metric returns a number, or an array of numbers with N rows.
    """
    if y_true.ndim == 1 and y_pred.shape[1:] == (1,):
        y_true = y_true[:, None]
    values = checks.numbers(f"metric {name}", "result", metric(y_true, y_pred))
    if values.size == 0 or (values.ndim and len(values) != len(y_pred)):
        raise TypeError(
            f"metric {name}: expected a number, or {len(y_pred)} of them; received the shape {values.shape}"
        )
    return values


class RunningMeans:
    """Means over the examples of several batches: each batch is weighted by its number of examples."""

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


explain_unknown_names(__name__)
