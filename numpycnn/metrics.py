"""Metrics: what is reported beside the loss.

A metric is a function of (y_true, y_pred) that gives a value for each example, (N,), or their mean. y_true are the
targets as given to `fit`, but (N, 1) in place of (N,) where y_pred is (N, 1).
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from numpycnn.common import checks
from numpycnn.common.typing import Array

Metric = Callable[[Array, Array], Any]


def accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """1 where the prediction is right, else 0, averaged over an example's axes but the last.

    y_pred: (N, ..., K), the largest of the K entries being the prediction; with K = 1, class 1 above 0.5.
    y_true: one-hot (N, ..., K), or labels (N, ...) or (N, ..., 1). Returns (N,).
    Raises ValueError for other shapes, TypeError for what are no numbers.
    """
    y_true, y_pred = checks.numbers("accuracy", "y_true", y_true), checks.numbers("accuracy", "y_pred", y_pred)
    outputs, labels = y_pred.shape, y_pred.shape[:-1]
    if not labels or y_pred.size == 0:
        raise ValueError(f"accuracy: expected y_pred of shape (n, ..., k), and not empty; received {outputs}")
    if y_true.shape not in (outputs, labels, (*labels, 1)):
        raise ValueError(f"accuracy: expected y_true of shape {outputs} or {labels}; received {y_true.shape}")
    if y_pred.shape[-1] == 1:
        right = (y_pred > 0.5) == y_true.reshape(y_pred.shape)
    elif y_true.shape == y_pred.shape:
        right = y_true.argmax(axis=-1) == y_pred.argmax(axis=-1)
    else:
        predicted = y_pred.argmax(axis=-1)
        right = y_true.reshape(predicted.shape) == predicted
    return right.reshape(len(right), -1).mean(axis=1)


def confusion_matrix(y_true: ArrayLike, y_pred: ArrayLike, classes: int) -> Array:
    """How often each class was taken for each: entry (i, j) counts examples of class i predicted as j.

    y_true, y_pred: integer labels (N,). Returns (classes, classes), integers.
    Raises ValueError for labels out of range, or of different number; TypeError for what are no numbers.
    """
    owner = "confusion_matrix"
    true, predicted = checks.numbers(owner, "y_true", y_true), checks.numbers(owner, "y_pred", y_pred)
    classes = checks.size(owner, "classes", classes)
    checks.few_enough(owner, "classes", (classes, classes))
    checks.same_length(owner, y_true=true, y_pred=predicted)
    checks.batch_shape(owner, "y_true", true.shape, ())
    checks.batch_shape(owner, "y_pred", predicted.shape, ())
    checks.labels(f"{owner}: y_true", true, classes=classes)
    checks.labels(f"{owner}: y_pred", predicted, classes=classes)
    return np.bincount(true.astype(np.intp) * classes + predicted.astype(np.intp), minlength=classes**2).reshape(
        classes, classes
    )


METRICS: dict[str, Metric] = {"accuracy": accuracy, "acc": accuracy}


def get_metrics(values: Any) -> dict[str, Metric]:
    """Metrics by name, from a list of names and of functions, whose names are their own.

    Raises ValueError for an unknown name, two metrics of one name, and one named "loss"; TypeError for other values.
    """
    chosen: dict[str, Metric] = {}
    for value in checks.sequence("compile", "metrics", values):
        own_name = getattr(value, "__name__", None) if callable(value) else None
        metric = value if own_name else checks.lookup("compile", "metrics", value, METRICS)
        name = own_name or value
        if name == "loss" or name.startswith("val_") or name in chosen:
            raise ValueError(
                f"compile: metrics must have different names, not 'loss' nor 'val_...'; received {checks.shown(name)}"
            )
        chosen[name] = metric
    return chosen


def values_of(name: str, metric: Metric, y_true: Array, y_pred: Array) -> Array:
    """What a metric gives for a batch. Targets (N,) are made (N, 1) where y_pred is that.

    Raises TypeError unless it gives a number, or an array of numbers with N rows.
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
