"""The figures that `fit` and `evaluate` report: the loss and the metrics over several batches."""

from collections.abc import Collection, Mapping
from copy import copy
from typing import Any

from numpycnn.common.figures import FiguresByName
from numpycnn.common.typing import Array
from numpycnn.metrics.base import Mean, Metric


class Figures:
    """The loss and the metrics, by name, over the batches that were added. The metrics are copies, without a state.

    weighted: the names of the metrics that sample weights apply to; the losses are weighted when they come.
    """

    def __init__(self, metrics: Mapping[str, Metric], weighted: Collection[str] = ()) -> None:
        self.weighted = weighted
        self.loss = Mean("loss")
        self.metrics = {name: copy(metric) for name, metric in metrics.items()}
        for metric in self.metrics.values():
            metric.reset_state()

    def add(self, losses: Array, y_true: Array, y_pred: Array, weights: Array | None = None) -> None:
        """Add a batch: each example's loss, (N,), target, prediction and weight. Raises as the metrics do."""
        if y_true.ndim == 1 and y_pred.shape[1:] == (1,):
            y_true = y_true[:, None]  # (N, 1)
        for name, metric in self.metrics.items():
            if weights is not None and name in self.weighted:
                metric.update_state(y_true, y_pred, sample_weight=weights)
            else:
                metric.update_state(y_true, y_pred)
        self.loss.update_state(losses)

    def result(self) -> FiguresByName[Any]:
        """The figures so far, by name."""
        own = {name: metric.result() for name, metric in self.metrics.items()}
        return FiguresByName(loss=self.loss.result(), **own)
