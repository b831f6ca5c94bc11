"""The F score: precision and recall in one figure, for each class."""

from typing import Any

import numpy as np

from numpycnn import backend
from numpycnn.common import checks
from numpycnn.metrics.base import Metric, example_weights, same_shape

AVERAGES = ("micro", "macro", "weighted")


class FBetaScore(Metric):
    """(1 + beta^2) * precision * recall / (beta^2 * precision + recall), of one-hot targets and predictions (N, K).

    average: None for one score for each class, (K,); "macro" for their mean, "weighted"
    for their mean by the classes' frequencies, "micro" for the score of all classes counted together. beta: how many
    times as important recall is. threshold: above it a prediction is positive; with None the largest of a row is.
    The backend's epsilon keeps denominators away from 0.

    Raises TypeError or ValueError for other arguments, and for other shapes than (N, K). Source: Keras's FBetaScore.
    """

    default_name = "fbeta_score"

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = None,
    ) -> None:
        owner = type(self).__name__
        self.average = None if average is None else checks.choice(owner, "average", average, AVERAGES)
        self.beta = checks.number(owner, "beta", beta, above=0.0)
        if threshold is not None:
            threshold = checks.number(owner, "threshold", threshold, above=0.0, at_most=1.0)
        self.threshold = threshold
        super().__init__(name)

    def reset_state(self) -> None:
        self.true_positives: Any = 0.0
        self.taken: Any = 0.0
        """The predictions that are positive, by class."""
        self.positive: Any = 0.0
        """The targets that are positive, by class."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        y_true, y_pred = same_shape(self.name, y_true, y_pred)
        if y_pred.ndim != 2:
            raise ValueError(f"{self.name}: expected y_true and y_pred of rows, (n, k); received {y_pred.shape}")
        if self.threshold is None:
            taken = (y_pred >= y_pred.max(axis=1, keepdims=True)) & (np.abs(y_pred) > 1e-9)  # (N, K)
        else:
            taken = y_pred > self.threshold  # (N, K)
        weights = example_weights(self.name, sample_weight, len(y_pred))
        row = np.ones(len(y_pred)) if weights is None else weights  # (N,)
        self.true_positives = self.true_positives + row @ (taken * y_true)  # (K,)
        self.taken, self.positive = self.taken + row @ taken, self.positive + row @ y_true.astype(np.float64)

    def result(self) -> Any:
        counts = [np.asarray(count) for count in (self.true_positives, self.taken, self.positive)]
        true, taken, positive = [count.sum() for count in counts] if self.average == "micro" else counts
        precision, recall = true / (taken + backend.epsilon()), true / (positive + backend.epsilon())
        weight = self.beta**2
        scores = (1 + weight) * precision * recall / (weight * precision + recall + backend.epsilon())
        if self.average == "weighted":
            return float((scores * positive).sum() / (positive.sum() + backend.epsilon()))
        return scores if self.average is None else float(scores.mean())

    def get_config(self) -> dict[str, Any]:
        own = {"average": self.average, "beta": self.beta, "threshold": self.threshold}
        return {**super().get_config(), **own}


class F1Score(FBetaScore):
    """FBetaScore with beta 1: the harmonic mean of precision and recall. Source: Keras's F1Score."""

    default_name = "f1_score"

    def __init__(self, average: str | None = None, threshold: float | None = None, name: str | None = None) -> None:
        super().__init__(average, 1.0, threshold, name)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["beta"]
        return config
