"""The confusion matrix, and what is counted in it: precision and recall."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from numpycnn.common import checks
from numpycnn.common.typing import Array
from numpycnn.metrics.base import Metric, example_weights, same_shape

LOWEST = -1e10
"""A threshold that every prediction exceeds: of the k largest entries all count."""


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


# ---------------------------------------------------------------- of yes and no


class Counts(Metric):
    """Base class of metrics made of how many of two classes are told apart at each threshold, weights summed.

    `true_positives`, `false_positives`, `true_negatives` and `false_negatives` are arrays with a number for each
    threshold, (T,): an entry of y_pred above the threshold is taken for positive, an entry of y_true other than 0 is.
    """

    def __init__(self, name: str | None, thresholds: Array) -> None:
        self.limits = thresholds
        """The thresholds in ascending order: (T,)."""
        super().__init__(name)

    def reset_state(self) -> None:
        self.true_positives, self.false_positives, self.true_negatives, self.false_negatives = (
            np.zeros(len(self.limits)) for _ in range(4)
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        y_true, y_pred = same_shape(self.name, y_true, y_pred)
        y_true, y_pred = self.selected(y_true, y_pred)
        weights = example_weights(self.name, sample_weight, len(y_pred))
        column = np.ones(1) if weights is None else weights
        each = np.broadcast_to(column.reshape(-1, *[1] * (y_pred.ndim - 1)), y_pred.shape)  # (N, ...)
        exceeded = np.searchsorted(self.limits, y_pred.astype(np.float64), side="left")  # thresholds below: (N, ...)
        positive = y_true.astype(bool)
        above, below = (self.counted(exceeded[which], each[which]) for which in (positive, ~positive))
        self.true_positives = self.true_positives + above
        self.false_negatives = self.false_negatives + (each[positive].sum() - above)
        self.false_positives = self.false_positives + below
        self.true_negatives = self.true_negatives + (each[~positive].sum() - below)

    def counted(self, exceeded: Array, weights: Array) -> Array:
        """The weight of the entries above each threshold, (T,), given how many thresholds each exceeds."""
        by_number = np.bincount(exceeded, weights, minlength=len(self.limits) + 1)  # (T + 1,)
        return by_number[:0:-1].cumsum()[::-1]  # (T,)

    def selected(self, y_true: Array, y_pred: Array) -> tuple[Array, Array]:
        """The entries to count."""
        return y_true, y_pred


class AtThresholds(Counts):
    """Base class of counts, and ratios of counts, at some thresholds.

    thresholds: a number from 0 to 1, or a list of them, for which the result is a list; by default 0.5.
    top_k: take the k largest entries of each row of y_pred for positive, unless they are below a given threshold.
    class_id: count this column alone. Raises TypeError or ValueError for other arguments.
    """

    def __init__(
        self,
        thresholds: float | Sequence[float] | None = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
    ) -> None:
        owner = type(self).__name__
        self.thresholds, self.one_number = thresholds, not isinstance(thresholds, (list, tuple))
        self.chosen = [0.5 if top_k is None else LOWEST]
        if thresholds is not None:
            listed = thresholds if isinstance(thresholds, (list, tuple)) else [thresholds]
            self.chosen = [checks.number(owner, "thresholds", t, at_least=0.0, at_most=1.0) for t in listed]
        self.top_k = None if top_k is None else checks.size(owner, "top_k", top_k)
        self.class_id = checks.optional_integer(owner, "class_id", class_id)
        super().__init__(name, np.unique(self.chosen))

    def selected(self, y_true: Array, y_pred: Array) -> tuple[Array, Array]:
        if self.top_k is not None:
            order = np.argsort(-y_pred, axis=-1, kind="stable")  # (N, ..., K)
            kept = np.zeros(y_pred.shape, bool)
            np.put_along_axis(kept, order[..., : self.top_k], values=True, axis=-1)
            y_pred = np.where(kept, y_pred, -np.inf)
        return column_of(self.name, self.class_id, y_true, y_pred)

    def at_thresholds(self, values: Array) -> Any:
        """One number, or those for the thresholds in the order in which they were given. values: (T,)."""
        ordered = values[np.searchsorted(self.limits, self.chosen)]
        return float(ordered[0]) if self.one_number else ordered

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "thresholds": self.thresholds, "top_k": self.top_k, "class_id": self.class_id}


class Precision(AtThresholds):
    """Of what is taken for positive, the part that is: true positives / (true positives + false positives); 0 of none.

    Arguments and errors: see `AtThresholds`. Source: Keras's Precision.
    """

    default_name = "precision"

    def result(self) -> Any:
        return self.at_thresholds(ratio(self.true_positives, self.true_positives + self.false_positives))


class Recall(AtThresholds):
    """Of what is positive, the part that is taken for it: true positives / (true positives + false negatives).

    Arguments and errors: see `AtThresholds`. Source: Keras's Recall.
    """

    default_name = "recall"

    def result(self) -> Any:
        return self.at_thresholds(ratio(self.true_positives, self.true_positives + self.false_negatives))


class OneCount(AtThresholds):
    """Base class of a count itself. thresholds: as for Precision."""

    def __init__(self, thresholds: float | Sequence[float] | None = None, name: str | None = None) -> None:
        super().__init__(thresholds, name=name)

    def result(self) -> Any:
        return self.at_thresholds(getattr(self, self.default_name))

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "thresholds": self.thresholds}


class TruePositives(OneCount):
    """How many positives are taken for positive. Source: Keras's TruePositives."""

    default_name = "true_positives"


class FalsePositives(OneCount):
    """How many negatives are taken for positive. Source: Keras's FalsePositives."""

    default_name = "false_positives"


class TrueNegatives(OneCount):
    """How many negatives are taken for negative. Source: Keras's TrueNegatives."""

    default_name = "true_negatives"


class FalseNegatives(OneCount):
    """How many positives are taken for negative. Source: Keras's FalseNegatives."""

    default_name = "false_negatives"


def column_of(owner: str, class_id: int | None, y_true: Array, y_pred: Array) -> tuple[Array, Array]:
    """The column of a class of both, or both whole for None. Raises ValueError if there is no such column."""
    if class_id is None:
        return y_true, y_pred
    if y_pred.ndim < 2 or class_id >= y_pred.shape[-1]:
        raise ValueError(f"{owner}: has the class_id {class_id}; received the shape {y_pred.shape}")
    return y_true[..., class_id], y_pred[..., class_id]


def ratio(part: Array, whole: Array) -> Array:
    """part/whole, and 0 where the whole is 0."""
    return np.divide(part, whole, out=np.zeros(np.shape(whole)), where=whole != 0)
