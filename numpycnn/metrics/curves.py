"""The area under a curve that a threshold draws."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from numpycnn import backend
from numpycnn import functional as F
from numpycnn.common import checks
from numpycnn.common.typing import Array
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

    Raises TypeError or ValueError for other arguments. Source: Keras's AUC.
    """

    default_name = "auc"

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        thresholds: Sequence[float] | None = None,
        from_logits: bool = False,
    ) -> None:
        self.num_thresholds = checks.integer("AUC", "num_thresholds", num_thresholds, at_least=2, at_most=10**6)
        self.curve = checks.choice("AUC", "curve", curve, ("ROC", "PR"))
        self.summation_method = checks.choice("AUC", "summation_method", summation_method, tuple(HEIGHTS))
        self.from_logits = checks.flag("AUC", "from_logits", from_logits)
        self.thresholds = None
        inner = np.linspace(0.0, 1.0, self.num_thresholds)[1:-1]
        if thresholds is not None:
            listed = checks.sequence("AUC", "thresholds", thresholds)
            self.thresholds = [checks.number("AUC", "thresholds", t, at_least=0.0, at_most=1.0) for t in listed]
            inner = np.sort(self.thresholds)
        beyond = backend.epsilon()
        super().__init__(name, np.array([-beyond, *inner, 1.0 + beyond]))

    def selected(self, y_true: Array, y_pred: Array) -> tuple[Array, Array]:
        return super().selected(y_true, F.sigmoid(y_pred.astype(np.float64)) if self.from_logits else y_pred)

    def result(self) -> Any:
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
        own = {key: getattr(self, key) for key in ("num_thresholds", "curve", "summation_method", "from_logits")}
        return {**super().get_config(), **own, "thresholds": self.thresholds}
