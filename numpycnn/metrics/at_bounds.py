"""The best of one figure where another has a bound: precision at a recall, and the like."""

from typing import Any

import numpy as np

from numpycnn.common import checks
from numpycnn.common.typing import Array
from numpycnn.metrics.confusion import Counts, column_of, ratio


class AtBound(Counts):
    """Base class: the largest of one ratio among the thresholds at which another is at least `bound`; 0 of none.

    num_thresholds: how many thresholds from 0 to 1 are looked at, evenly spaced; one is 0.5. class_id: count this
    column alone. Raises TypeError or ValueError for other arguments.
    """

    bounded: str
    """The name of the argument with the bound."""

    def __init__(self, bound: float, num_thresholds: int, class_id: int | None, name: str | None) -> None:
        owner = type(self).__name__
        self.bound = checks.number(owner, self.bounded, bound, at_least=0.0, at_most=1.0)
        self.num_thresholds = checks.integer(owner, "num_thresholds", num_thresholds, at_most=10**6)
        self.class_id = (
            None
            if class_id is None
            else checks.integer(owner, "class_id", class_id, at_least=0, at_most=checks.MAX_SIZE)
        )
        super().__init__(name, np.array([0.5]) if num_thresholds == 1 else np.linspace(0.0, 1.0, num_thresholds))

    def selected(self, y_true: Array, y_pred: Array) -> tuple[Array, Array]:
        return column_of(self.name, self.class_id, y_true, y_pred)

    @property
    def precision(self) -> Array:
        """True positives over all that is taken for positive, at each threshold."""
        return ratio(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> Array:
        """True positives over all positives, at each threshold."""
        return ratio(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def specificity(self) -> Array:
        """True negatives over all negatives, at each threshold."""
        return ratio(self.true_negatives, self.true_negatives + self.false_positives)

    def best(self, wanted: Array, bounded: Array) -> float:
        """The largest of `wanted` where `bounded` is at least the bound."""
        return float(wanted[bounded >= self.bound].max(initial=0.0))

    def get_config(self) -> dict[str, Any]:
        own = {self.bounded: self.bound, "num_thresholds": self.num_thresholds, "class_id": self.class_id}
        return {**super().get_config(), **own}


class PrecisionAtRecall(AtBound):
    """The best precision where the recall is at least `recall`. Others: see AtBound. Source: Keras's."""

    default_name, bounded = "precision_at_recall", "recall"

    def __init__(
        self, recall: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None
    ) -> None:
        super().__init__(recall, num_thresholds, class_id, name)

    def result(self) -> Any:
        return self.best(self.precision, self.recall)


class RecallAtPrecision(AtBound):
    """The best recall where the precision is at least `precision`. Others: see AtBound. Source: Keras's."""

    default_name, bounded = "recall_at_precision", "precision"

    def __init__(
        self, precision: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None
    ) -> None:
        super().__init__(precision, num_thresholds, class_id, name)

    def result(self) -> Any:
        return self.best(self.recall, self.precision)


class SensitivityAtSpecificity(AtBound):
    """The best recall where the specificity is at least `specificity`. Others: see AtBound. Source: Keras's."""

    default_name, bounded = "sensitivity_at_specificity", "specificity"

    def __init__(
        self, specificity: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None
    ) -> None:
        super().__init__(specificity, num_thresholds, class_id, name)

    def result(self) -> Any:
        return self.best(self.recall, self.specificity)


class SpecificityAtSensitivity(AtBound):
    """The best specificity where the recall is at least `sensitivity`. Others: see AtBound. Source: Keras's."""

    default_name, bounded = "specificity_at_sensitivity", "sensitivity"

    def __init__(
        self, sensitivity: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None
    ) -> None:
        super().__init__(sensitivity, num_thresholds, class_id, name)

    def result(self) -> Any:
        return self.best(self.specificity, self.recall)
