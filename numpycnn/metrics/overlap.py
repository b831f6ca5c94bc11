"""Intersection over union: how far the places of a class, true and predicted, are the same.

Of a class it is the number of both over the number of either: TP / (TP + FP + FN), from the confusion matrix.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from numpycnn import backend
from numpycnn.common import checks
from numpycnn.common.typing import Array
from numpycnn.metrics.base import Metric, example_weights


class IoU(Metric):
    """The mean intersection over union of some classes; of those that occur.

    y_true, y_pred: labels of any shape (N, ...), or with sparse_y_true or sparse_y_pred False one-hot along `axis`.
    num_classes: labels from there on, and negative ones, do not count. target_class_ids: the classes in the mean.
    ignore_class: places of this true label do not count.

    Raises TypeError or ValueError for other arguments, and for data that do not fit. Source: Keras's IoU.
    """

    default_name = "io_u"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        owner = type(self).__name__
        self.num_classes = checks.size(owner, "num_classes", num_classes)
        checks.array_size(owner, "num_classes", (num_classes, num_classes))
        self.target_class_ids = [
            checks.integer(owner, "target_class_ids", one, at_least=0, at_most=num_classes - 1)
            for one in checks.sequence(owner, "target_class_ids", target_class_ids)
        ]
        most = checks.MAX_SIZE
        self.ignore_class = (
            None
            if ignore_class is None
            else checks.integer(owner, "ignore_class", ignore_class, at_least=-most, at_most=most)
        )
        self.sparse_y_true = checks.flag(owner, "sparse_y_true", sparse_y_true)
        self.sparse_y_pred = checks.flag(owner, "sparse_y_pred", sparse_y_pred)
        self.axis = checks.axis(owner, "axis", axis)
        super().__init__(name)

    def reset_state(self) -> None:
        self.matrix: Any = np.zeros((self.num_classes, self.num_classes))
        """The confusion matrix: the weight of the places of class i that are predicted as class j."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        true = self.labels("y_true", y_true, self.sparse_y_true)
        predicted = self.labels("y_pred", y_pred, self.sparse_y_pred)
        if true.size != predicted.size or not true.size:
            raise ValueError(
                f"{self.name}: expected as many labels in y_true as in y_pred; received {true.shape} and "
                f"{predicted.shape}"
            )
        weights = example_weights(self.name, sample_weight, len(true))
        each = np.ones(true.size) if weights is None else np.repeat(weights, true.size // len(true))
        true, predicted = true.ravel(), predicted.ravel()
        n = self.num_classes
        counted = (true >= 0) & (true < n) & (predicted >= 0) & (predicted < n) & (true != self.ignore_class)
        pairs = true[counted] * n + predicted[counted]
        self.matrix = self.matrix + np.bincount(pairs, each[counted], minlength=n * n).reshape(n, n)

    def labels(self, argument: str, value: Any, sparse: bool) -> Array:
        """Whole numbers, (N, ...)."""
        array = checks.numbers(self.name, argument, value)
        if not sparse and not -array.ndim <= self.axis < array.ndim:
            raise ValueError(f"{self.name}: {argument} must be one-hot along axis {self.axis}; received {array.shape}")
        return np.atleast_1d(array if sparse else array.argmax(axis=self.axis)).astype(np.int64)

    def result(self) -> Any:
        both = np.diag(self.matrix)[self.target_class_ids]
        either = (self.matrix.sum(axis=0) + self.matrix.sum(axis=1))[self.target_class_ids] - both
        occur = either > 1e-9
        ratios = both[occur] / (either[occur] + backend.epsilon())
        return float(ratios.sum() / (occur.sum() + backend.epsilon()))

    def get_config(self) -> dict[str, Any]:
        own = ("num_classes", "target_class_ids", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis")
        return {**super().get_config(), **{key: getattr(self, key) for key in own}}

    def config_without(self, *names: str) -> dict[str, Any]:
        """The configuration for a subclass that does not take these arguments."""
        return {key: value for key, value in IoU.get_config(self).items() if key not in names}


class MeanIoU(IoU):
    """IoU over all classes. Arguments and errors as for it. Source: Keras's MeanIoU."""

    default_name = "mean_io_u"

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        every = list(range(checks.size(type(self).__name__, "num_classes", num_classes)))
        super().__init__(num_classes, every, name, ignore_class, sparse_y_true, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        return self.config_without("target_class_ids")


class OneHotIoU(IoU):
    """IoU of one-hot targets, and of predictions (N, ..., K) unless sparse_y_pred. Source: Keras's OneHotIoU."""

    default_name = "one_hot_io_u"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, target_class_ids, name, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        return self.config_without("sparse_y_true")


class OneHotMeanIoU(MeanIoU):
    """MeanIoU of one-hot targets, of predictions (N, ..., K) unless sparse_y_pred. Source: Keras's."""

    default_name = "one_hot_mean_io_u"

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        return self.config_without("target_class_ids", "sparse_y_true")


class BinaryIoU(IoU):
    """IoU of two classes: a prediction of at least the threshold is of class 1. Source: Keras's BinaryIoU."""

    default_name = "binary_io_u"

    def __init__(
        self, target_class_ids: Sequence[int] = (0, 1), threshold: float = 0.5, name: str | None = None
    ) -> None:
        self.threshold = checks.number("BinaryIoU", "threshold", threshold)
        super().__init__(2, target_class_ids, name)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        above = checks.numbers(self.name, "y_pred", y_pred) >= self.threshold
        super().update_state(y_true, above, sample_weight)

    def get_config(self) -> dict[str, Any]:
        others = ("num_classes", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis")
        return {**self.config_without(*others), "threshold": self.threshold}
