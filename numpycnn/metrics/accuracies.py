"""Accuracies: how many predictions are right. The functions give 1 or 0 for each prediction, (N, ...)."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from numpycnn.common import checks
from numpycnn.common.typing import Array
from numpycnn.metrics.base import MeanMetricWrapper, same_shape


def accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """1 where the prediction is right, else 0, averaged over an example's axes but the last.

    Binary, categorical or sparse categorical accuracy, as the shapes tell: what "accuracy" stands for in `compile`.
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
        matches = binary_accuracy(y_true, y_pred)
    elif y_true.shape == y_pred.shape:
        matches = categorical_accuracy(y_true, y_pred)
    else:
        matches = sparse_categorical_accuracy(y_true, y_pred)
    return matches.reshape(len(matches), -1).mean(axis=1)  # (N,)


def equal(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """1 where y_pred equals y_true, (N, ...) both. Raises TypeError or ValueError unless they have one shape."""
    y_true, y_pred = same_shape("accuracy", y_true, y_pred)
    return right(y_true == y_pred)


def binary_accuracy(y_true: ArrayLike, y_pred: ArrayLike, threshold: float = 0.5) -> Array:
    """1 where y_pred is above the threshold and y_true is 1, or neither, for each number of (N, ...)."""
    y_true, y_pred = same_shape("binary_accuracy", y_true, y_pred)
    return right((y_pred > threshold) == y_true)


def categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """1 where the largest entry of y_pred is that of y_true, one-hot: (N, ..., K) both, to (N, ...)."""
    y_true, y_pred = same_shape("categorical_accuracy", y_true, y_pred)
    return right(y_true.argmax(axis=-1) == y_pred.argmax(axis=-1))


def sparse_categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """1 where the largest entry of y_pred, (N, ..., K), is the label y_true, (N, ...) or (N, ..., 1). To (N, ...)."""
    labels, y_pred = labels_of("sparse_categorical_accuracy", y_true, y_pred)
    return right(labels == y_pred.argmax(axis=-1))


def top_k_categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike, k: int = 5) -> Array:
    """1 where the class of y_true, one-hot, is among the k largest entries of y_pred: (N, ..., K), to (N, ...)."""
    y_true, y_pred = same_shape("top_k_categorical_accuracy", y_true, y_pred)
    return in_top_k(y_true.argmax(axis=-1), y_pred, k)


def sparse_top_k_categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike, k: int = 5) -> Array:
    """1 where the label y_true, (N, ...), is among the k largest entries of y_pred, (N, ..., K). To (N, ...).

    Raises ValueError for labels that are no classes.
    """
    labels, y_pred = labels_of("sparse_top_k_categorical_accuracy", y_true, y_pred)
    checks.labels("sparse_top_k_categorical_accuracy: y_true", labels, classes=y_pred.shape[-1])
    return in_top_k(labels.astype(np.intp), y_pred, k)


def in_top_k(labels: Array, y_pred: Array, k: int) -> Array:
    """1 where fewer than k entries of y_pred are larger than that of the label. (N, ...), (N, ..., K) to (N, ...)."""
    own = np.take_along_axis(y_pred, labels[..., None], axis=-1)  # (N, ..., 1)
    return right(((y_pred > own).sum(axis=-1) < k) & np.isfinite(own[..., 0]))


def right(matches: Array) -> Array:
    """True and False as 1.0 and 0.0."""
    return matches.astype(np.float64)


def labels_of(owner: str, y_true: Any, y_pred: Any) -> tuple[Array, Array]:
    """(labels, (N, ...); y_pred, (N, ..., K)) as arrays. Raises TypeError or ValueError for other shapes."""
    y_true, y_pred = checks.numbers(owner, "y_true", y_true), checks.numbers(owner, "y_pred", y_pred)
    if y_pred.ndim < 2 or y_pred.size == 0 or y_true.shape not in (y_pred.shape[:-1], (*y_pred.shape[:-1], 1)):
        raise ValueError(
            f"{owner}: expected labels y_true (n, ...) and y_pred (n, ..., k), not empty; received {y_true.shape} and "
            f"{y_pred.shape}"
        )
    return y_true.reshape(y_pred.shape[:-1]), y_pred  # (N, ...)


# ---------------------------------------------------------------- classes


class Accuracy(MeanMetricWrapper):
    """How often y_pred equals y_true: of labels, not of probabilities. Source: Keras's Accuracy."""

    def __init__(self, name: str = "accuracy") -> None:
        super().__init__(equal, name)


class BinaryAccuracy(MeanMetricWrapper):
    """The mean of `binary_accuracy`. threshold: a number. Source: Keras's BinaryAccuracy."""

    def __init__(self, name: str = "binary_accuracy", threshold: float = 0.5) -> None:
        super().__init__(binary_accuracy, name, threshold=checks.number("BinaryAccuracy", "threshold", threshold))


class CategoricalAccuracy(MeanMetricWrapper):
    """The mean of `categorical_accuracy`. Source: Keras's CategoricalAccuracy."""

    def __init__(self, name: str = "categorical_accuracy") -> None:
        super().__init__(categorical_accuracy, name)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """The mean of `sparse_categorical_accuracy`. Source: Keras's SparseCategoricalAccuracy."""

    def __init__(self, name: str = "sparse_categorical_accuracy") -> None:
        super().__init__(sparse_categorical_accuracy, name)


class TopKCategoricalAccuracy(MeanMetricWrapper):
    """The mean of `top_k_categorical_accuracy`. k: a positive integer. Source: Keras's TopKCategoricalAccuracy."""

    def __init__(self, k: int = 5, name: str = "top_k_categorical_accuracy") -> None:
        super().__init__(top_k_categorical_accuracy, name, k=checks.size("TopKCategoricalAccuracy", "k", k))


class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """The mean of `sparse_top_k_categorical_accuracy`. k: a positive integer.

    Source: Keras's SparseTopKCategoricalAccuracy.
    """

    def __init__(self, k: int = 5, name: str = "sparse_top_k_categorical_accuracy") -> None:
        super().__init__(
            sparse_top_k_categorical_accuracy, name, k=checks.size("SparseTopKCategoricalAccuracy", "k", k)
        )
