"""What metrics have in common: a state that batches are added to, and a result."""

from collections.abc import Callable
from typing import Any

import numpy as np

from numpycnn.common import checks
from numpycnn.common.configuration import Configurable
from numpycnn.common.explained import Explained
from numpycnn.common.typing import Array


class Metric(Configurable, Explained):
    """Base class of all metrics, a figure over the examples of one batch or several.

    One of your own defines `update_state`, `result` and `reset_state`, which its constructor may call. A call of a
    metric is an update, and gives the result. name: by default the metric's own. Source: Keras's Metric.
    """

    default_name = "metric"

    def __init__(self, name: str | None = None) -> None:
        self.name = self.default_name if name is None else checks.text(type(self).__name__, "name", name)
        self.reset_state()

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch: targets and predictions, (N, ...) each; and the weights of its examples, (N,)."""
        raise NotImplementedError(f"{type(self).__name__} does not define update_state")

    def result(self) -> Any:
        """The figure over all that was added: a number, or an array of several."""
        raise NotImplementedError(f"{type(self).__name__} does not define result")

    def reset_state(self) -> None:
        """Forget all that was added: new values for the attributes that hold it."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """`update_state` with these arguments, and then `result`."""
        self.update_state(*arguments, **options)
        return self.result()

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments: `type(metric)(**config)` is an equal metric without a state."""
        return {"name": self.name}


class Mean(Metric):
    """The mean of numbers, over examples; each example's own may be an array, and counts by its mean.

    The result is the sum of weight * number, divided by the sum of the weights, or 0.0 of nothing.
    Raises TypeError or ValueError for anything but numbers, and for weights of another shape than (N,).
    """

    default_name = "mean"

    def reset_state(self) -> None:
        self.total = self.count = 0.0

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add numbers, one for each example, (N, ...), or a single one."""
        per_example = rows(self.name, values).mean(axis=1, dtype=np.float64)  # (N,)
        weights = example_weights(self.name, sample_weight, len(per_example))
        count = len(per_example) if weights is None else float(weights.sum())
        self.total += count * float(per_example.mean()) if weights is None else float(per_example @ weights)
        self.count += count

    def result(self) -> Any:
        return self.total / self.count if self.count else 0.0


class Sum(Mean):
    """The sum of weight * number. Arguments and errors as for Mean."""

    default_name = "sum"

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        per_example = rows(self.name, values).sum(axis=1, dtype=np.float64)  # (N,)
        weights = example_weights(self.name, sample_weight, len(per_example))
        self.total += float(per_example.sum() if weights is None else per_example @ weights)

    def result(self) -> Any:
        return self.total


class MeanMetricWrapper(Mean):
    """The mean of a function of (y_true, y_pred), which gives a number for each example, (N, ...), or their mean.

    fn: the function. name: by default the function's. settings: further arguments of the function.
    Raises TypeError for what is not a function, and at an update for results that are no such numbers.
    """

    def __init__(self, fn: Callable[..., Any], name: str | None = None, **settings: Any) -> None:
        checks.function(type(self).__name__, "fn", fn)
        self.fn, self.settings = fn, settings
        super().__init__(str(getattr(fn, "__name__", None) or getattr(fn, "name", "metric")) if name is None else name)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        values = checks.numbers(f"metric {self.name}", "result", self.fn(y_true, y_pred, **self.settings))
        n = len(y_pred)
        if values.size == 0 or (values.ndim and len(values) != n):
            raise TypeError(f"metric {self.name}: expected a number, or {n} of them; received the shape {values.shape}")
        super().update_state(np.broadcast_to(values, (n, *values.shape[1:])), sample_weight)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.settings}


def rows(owner: str, values: Any) -> Array:
    """Numbers as a row for each example, (N, ...) to (N, M), or a single number as (1, 1). Raises for other values."""
    array = np.atleast_1d(checks.numbers(owner, "values", values))
    if array.size == 0:
        raise ValueError(f"{owner}: values must hold at least one number; received the shape {array.shape}")
    return array.reshape(len(array), -1)  # (N, M)


def example_weights(owner: str, value: Any, count: int) -> Array | None:
    """The weight of each of `count` examples as float64, or None. Raises TypeError or ValueError for other values."""
    if value is None:
        return None
    weights = checks.numbers(owner, "sample_weight", value).astype(np.float64)
    if weights.shape not in ((count,), (count, 1)):
        raise ValueError(f"{owner}: sample_weight must have the shape ({count},); received {weights.shape}")
    return weights.reshape(count)  # (N,)


def same_shape(owner: str, y_true: Any, y_pred: Any) -> tuple[Array, Array]:
    """Both as arrays of one shape; (N,) and (N, 1) are taken for one another. Raises TypeError or ValueError."""
    y_true, y_pred = checks.numbers(owner, "y_true", y_true), checks.numbers(owner, "y_pred", y_pred)
    if y_true.shape == (*y_pred.shape, 1) or (*y_true.shape, 1) == y_pred.shape:
        y_true = y_true.reshape(y_pred.shape)  # (N, ...)
    if y_true.shape != y_pred.shape or not y_pred.ndim or y_pred.size == 0:
        raise ValueError(
            f"{owner}: expected y_true and y_pred of one shape, and not empty; received {y_true.shape} and "
            f"{y_pred.shape}"
        )
    return y_true, y_pred
