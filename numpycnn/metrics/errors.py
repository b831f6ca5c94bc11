"""Losses as metrics: the mean of what each says of an example; and figures that are made of such means."""

from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from numpycnn import losses
from numpycnn.common.typing import Array
from numpycnn.losses import LossFunction
from numpycnn.metrics.base import Mean, MeanMetricWrapper, same_shape


class LossMetric(MeanMetricWrapper):
    """Base class of losses as metrics; a subclass says which. name: by default the loss's."""

    loss: LossFunction

    def __init__(self, name: str | None = None) -> None:
        super().__init__(self.loss, name)

    def set(self, **settings: Any) -> None:
        """Set the loss's settings. Raises TypeError or ValueError as the loss does."""
        self.loss.loss(**settings)  # raises
        self.settings = settings


class MeanSquaredError(LossMetric):
    """The mean of `losses.mean_squared_error`."""

    loss = losses.mean_squared_error


class MeanAbsoluteError(LossMetric):
    """The mean of `losses.mean_absolute_error`."""

    loss = losses.mean_absolute_error


class MeanAbsolutePercentageError(LossMetric):
    """The mean of `losses.mean_absolute_percentage_error`."""

    loss = losses.mean_absolute_percentage_error


class MeanSquaredLogarithmicError(LossMetric):
    """The mean of `losses.mean_squared_logarithmic_error`."""

    loss = losses.mean_squared_logarithmic_error


class LogCoshError(LossMetric):
    """The mean of `losses.log_cosh`."""

    loss = losses.log_cosh

    def __init__(self, name: str = "logcosh") -> None:
        super().__init__(name)


class Hinge(LossMetric):
    """The mean of `losses.hinge`."""

    loss = losses.hinge


class SquaredHinge(LossMetric):
    """The mean of `losses.squared_hinge`."""

    loss = losses.squared_hinge


class CategoricalHinge(LossMetric):
    """The mean of `losses.categorical_hinge`."""

    loss = losses.categorical_hinge


class KLDivergence(LossMetric):
    """The mean of `losses.kl_divergence`."""

    loss = losses.kl_divergence


class Poisson(LossMetric):
    """The mean of `losses.poisson`."""

    loss = losses.poisson


class BinaryCrossentropy(LossMetric):
    """The mean of `losses.binary_crossentropy`, with its settings."""

    loss = losses.binary_crossentropy

    def __init__(self, name: str | None = None, from_logits: bool = False, label_smoothing: float = 0.0) -> None:
        super().__init__(name)
        self.set(from_logits=from_logits, label_smoothing=label_smoothing)


class CategoricalCrossentropy(LossMetric):
    """The mean of `losses.categorical_crossentropy`, with its settings."""

    loss = losses.categorical_crossentropy

    def __init__(
        self, name: str | None = None, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
    ) -> None:
        super().__init__(name)
        self.set(from_logits=from_logits, label_smoothing=label_smoothing, axis=axis)


class SparseCategoricalCrossentropy(LossMetric):
    """The mean of `losses.sparse_categorical_crossentropy`, with its settings."""

    loss = losses.sparse_categorical_crossentropy

    def __init__(
        self,
        name: str | None = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(name)
        self.set(from_logits=from_logits, ignore_class=ignore_class, axis=axis)


def cosine_similarity(y_true: ArrayLike, y_pred: ArrayLike, axis: int = -1) -> Array:
    """The cosine between y_true and y_pred along an axis, which the loss of this name has with a minus before it."""
    return -losses.cosine_similarity(y_true, y_pred, axis=axis)


class CosineSimilarity(MeanMetricWrapper):
    """The mean of `cosine_similarity`. axis: as for `losses.CosineSimilarity`. Source: Keras's CosineSimilarity."""

    def __init__(self, name: str = "cosine_similarity", axis: int = -1) -> None:
        losses.CosineSimilarity(axis=axis)  # raises
        super().__init__(cosine_similarity, name, axis=axis)


class RootMeanSquaredError(Mean):
    """The square root of the mean squared error over all examples. Source: Keras's RootMeanSquaredError."""

    default_name = "root_mean_squared_error"

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        y_true, y_pred = same_shape(self.name, y_true, y_pred)
        super().update_state(np.square(y_pred.astype(np.float64) - y_true), sample_weight)

    def result(self) -> Any:
        return sqrt(super().result())
