"""The area under a curve that a threshold draws."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from numpycnn import backend
from numpycnn import functional as F
from numpycnn.common import checks
from numpycnn.common.typing import Array
from numpycnn.metrics.base import same_shape
from numpycnn.metrics.confusion import Counts, ratio

HEIGHTS = {
    "interpolation": lambda y: (y[:-1] + y[1:]) / 2,
    "minoring": lambda y: np.minimum(y[:-1], y[1:]),
    "majoring": lambda y: np.maximum(y[:-1], y[1:]),
}
"""The height of the curve between two thresholds: their mean, or its bounds."""


class AUC(Counts):
    """The area under the ROC curve, recall over the rate of false positives, or under precision over recall.

    The area is a sum over `num_thresholds` thresholds, evenly spaced from 0 to 1, or over the given `thresholds` and 0
    and 1. y_pred: probabilities, or with from_logits what a sigmoid makes probabilities of; y_true: 0 and 1.
    curve: "ROC" or "PR". summation_method: "interpolation", "minoring" or "majoring", the sum from below and above;
    for "PR" interpolation is that of true positives (Davis and Goadrich 2006).
    multi_label: the mean of the areas of each column of rows (N, K), weighted by label_weights, (K,); num_labels: K, by
    default as many columns as the first batch has.

    Raises TypeError or ValueError for other arguments, and for other rows. Source: Keras's AUC.
    """

    default_name = "auc"

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Sequence[float] | None = None,
        from_logits: bool = False,
    ) -> None:
        self.num_thresholds = checks.integer("AUC", "num_thresholds", num_thresholds, at_least=2, at_most=10**6)
        self.curve = checks.choice("AUC", "curve", curve, ("ROC", "PR"))
        self.summation_method = checks.choice("AUC", "summation_method", summation_method, tuple(HEIGHTS))
        self.from_logits = checks.flag("AUC", "from_logits", from_logits)
        self.multi_label = checks.flag("AUC", "multi_label", multi_label)
        self.num_labels = None if num_labels is None else checks.size("AUC", "num_labels", num_labels)
        self.label_weights = None if label_weights is None else self.check_label_weights(label_weights)
        self.thresholds = None
        inner = np.linspace(0.0, 1.0, self.num_thresholds)[1:-1]
        if thresholds is not None:
            listed = checks.sequence("AUC", "thresholds", thresholds)
            self.thresholds = [checks.number("AUC", "thresholds", t, at_least=0.0, at_most=1.0) for t in listed]
            inner = np.sort(self.thresholds)
        beyond = backend.epsilon()
        super().__init__(name, np.array([-beyond, *inner, 1.0 + beyond]))

    def check_label_weights(self, value: Any) -> list[float]:
        """The weights of the labels, not all 0. Raises TypeError or ValueError for anything else."""
        listed = checks.sequence("AUC", "label_weights", value)
        weights = [checks.number("AUC", "label_weights", one, at_least=0.0) for one in listed]
        if not self.multi_label or self.num_labels not in (None, len(weights)) or not sum(weights) > 0:
            raise ValueError(
                "AUC: label_weights need multi_label=True, one weight for each label, and one above 0; received "
                f"{checks.short_repr(value)}"
            )
        return weights

    def reset_state(self) -> None:
        super().reset_state()
        self.by_label: list[AUC] = []
        """Of many labels, one for each."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        if not self.multi_label:
            super().update_state(y_true, y_pred, sample_weight)
            return
        y_true, y_pred = same_shape(self.name, y_true, y_pred)
        labels = len(self.by_label) or self.num_labels or len(self.label_weights or []) or y_pred.shape[-1]
        if y_pred.ndim != 2 or y_pred.shape[1] != labels:
            raise ValueError(
                f"{self.name}: expected rows (n, {labels}), as num_labels or label_weights say; received {y_pred.shape}"
            )
        settings = self.num_thresholds, self.curve, self.summation_method, None, self.thresholds
        self.by_label = self.by_label or [AUC(*settings, from_logits=self.from_logits) for _ in range(labels)]
        for column, metric in enumerate(self.by_label):
            metric.update_state(y_true[:, column], y_pred[:, column], sample_weight)

    def selected(self, y_true: Array, y_pred: Array) -> tuple[Array, Array]:
        return super().selected(y_true, F.sigmoid(y_pred.astype(np.float64)) if self.from_logits else y_pred)

    def result(self) -> Any:
        if self.multi_label:
            areas = [metric.result() for metric in self.by_label] or [0.0]
            return float(np.average(areas, weights=self.label_weights if self.by_label else None))
        recall = ratio(self.true_positives, self.true_positives + self.false_negatives)
        if self.curve == "ROC":
            x, y = ratio(self.false_positives, self.false_positives + self.true_negatives), recall
        elif self.summation_method == "interpolation":
            return self.interpolated_precision()
        else:
            x, y = recall, ratio(self.true_positives, self.true_positives + self.false_positives)
        return float(((x[:-1] - x[1:]) * HEIGHTS[self.summation_method](y)).sum())

    def interpolated_precision(self) -> float:
        """The area under precision over recall, where true positives TP are linear in all positives P in between.

        With TP = intercept + slope*P the precision is slope + intercept/P, and recall grows by slope*dP/positives: so a
        part of the area is slope/positives * (dTP + intercept * log(P1/P0)).
        """
        tp, p = self.true_positives, self.true_positives + self.false_positives
        dtp = tp[:-1] - tp[1:]
        slope = ratio(dtp, p[:-1] - p[1:])
        intercept = tp[1:] - slope * p[1:]
        inside = (p[:-1] > 0) & (p[1:] > 0)
        growth = np.where(inside, ratio(p[:-1], np.where(inside, p[1:], 1.0)), 1.0)
        positives = tp[1:] + self.false_negatives[1:]
        return float(ratio(slope * (dtp + intercept * np.log(growth)), positives).sum())

    def get_config(self) -> dict[str, Any]:
        names = ("num_thresholds", "curve", "summation_method", "thresholds", "multi_label", "num_labels")
        own = {key: getattr(self, key) for key in (*names, "label_weights", "from_logits")}
        return {**super().get_config(), **own}
