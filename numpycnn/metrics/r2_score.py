"""R squared: the part of the targets' variance that the predictions explain."""

from typing import Any

import numpy as np

from numpycnn.common import checks
from numpycnn.metrics.base import Metric, example_weights, same_shape

AGGREGATIONS = ("uniform_average", "variance_weighted_average")


class R2Score(Metric):
    """1 - sum (y_true - y_pred)^2 / sum (y_true - mean)^2, of targets and predictions (N, K).

    class_aggregation: over the K columns "uniform_average", their mean; "variance_weighted_average", by the targets'
    variance; None for all, (K,). A column of equal targets scores 0.
    num_regressors: of so many independent variables p the score is adjusted, 1 - (1 - R2) * (n - 1)/(n - 1 - p), where
    there are more than p + 1 targets n.

    Raises TypeError or ValueError for other arguments, and for other shapes than (N, K). Source: Keras's R2Score.
    """

    default_name = "r2_score"

    def __init__(
        self, class_aggregation: str | None = "uniform_average", num_regressors: int = 0, name: str | None = None
    ) -> None:
        if class_aggregation is not None:
            checks.choice("R2Score", "class_aggregation", class_aggregation, AGGREGATIONS)
        self.class_aggregation = class_aggregation
        self.num_regressors = checks.integer(
            "R2Score", "num_regressors", num_regressors, at_least=0, at_most=checks.MAX_SIZE
        )
        super().__init__(name)

    def reset_state(self) -> None:
        self.weight: Any = 0.0
        self.total: Any = 0.0
        """The weighted sum of the targets, by column; the same of their squares, and of the squared errors."""
        self.squares: Any = 0.0
        self.errors: Any = 0.0
        self.targets = 0

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        y_true, y_pred = same_shape(self.name, y_true, y_pred)
        if y_pred.ndim != 2:
            raise ValueError(f"{self.name}: expected y_true and y_pred of rows, (n, k); received {y_pred.shape}")
        weights = example_weights(self.name, sample_weight, len(y_pred))
        row = np.ones(len(y_pred)) if weights is None else weights  # (N,)
        y_true = y_true.astype(np.float64)
        self.weight = self.weight + row.sum()
        self.total, self.squares = self.total + row @ y_true, self.squares + row @ y_true**2  # (K,) each
        self.errors = self.errors + row @ (y_true - y_pred) ** 2  # (K,)
        self.targets += y_true.size

    def result(self) -> Any:
        if not self.targets:
            return 0.0
        variance = self.squares - self.total**2 / self.weight  # (K,)
        with np.errstate(divide="ignore", invalid="ignore"):
            scores = 1 - self.errors / variance
        scores = np.where(np.isfinite(scores), scores, 0.0)
        if self.class_aggregation is not None:
            even = self.class_aggregation == "uniform_average"
            scores = scores.mean() if even else (variance * scores).sum() / variance.sum()
        n, p = self.targets, self.num_regressors
        if 0 < p < n - 1:
            scores = 1 - (1 - scores) * (n - 1) / (n - p - 1)
        return scores if self.class_aggregation is None else float(scores)

    def get_config(self) -> dict[str, Any]:
        own = {"class_aggregation": self.class_aggregation, "num_regressors": self.num_regressors}
        return {**super().get_config(), **own}
