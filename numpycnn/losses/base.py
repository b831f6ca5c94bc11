"""What losses have in common: their targets, and the way from the losses of rows to those of examples.

A row is what one prediction is made of: a vector along the last axis, (N, ..., K). Most losses are defined for a row;
the loss of an example is the mean over its rows, and that of a batch the mean over its examples, unless `reduction`
says otherwise.
"""

from math import prod
from typing import Any

import numpy as np

from numpycnn import backend
from numpycnn.activations import ActivationFunction
from numpycnn.common import checks
from numpycnn.common.configuration import Configurable
from numpycnn.common.explained import Explained
from numpycnn.common.typing import Array, Shape

REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none")


class Loss(Configurable, Explained):
    """Base class of all losses: `loss(y_true, y_pred)` is the mean over a batch, as a float.

    A loss of your own defines `value` and `gradient`; or see `FunctionLoss`. `targets` first converts y_true to an
    array of y_pred's shape for them.

    name: in errors; by default that of the class. reduction: "sum_over_batch_size" or "mean" for the mean over all
    rows, "sum" for their sum, "mean_with_sample_weight" for the sum divided by that of the weights, "none" or None for
    the rows' losses as they are, with which no model is trained. Raises TypeError or ValueError for another.
    """

    name = "loss"
    link: ActivationFunction | None = None
    """The activation that makes y_pred of what the loss that `with_logits` returns takes."""

    reduction: str | None = "sum_over_batch_size"

    def __init__(self, name: str | None = None, reduction: str | None = "sum_over_batch_size") -> None:
        if name is not None:
            self.name = checks.name(self.name, name)
        if reduction is not None:
            self.reduction = checks.choice(self.name, "reduction", reduction, REDUCTIONS)
        else:
            self.reduction = None

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The loss of a batch, reduced: a float; without a reduction an array, the loss of each row, (N, ...).

        y_pred of one axis, (K,), is one row. sample_weight: factors of the losses, of the examples, (N,), or of all
        rows, or one for all. Raises as `targets` does, and ValueError for weights of another shape.
        """
        y_pred = checks.numbers(self.name, "y_pred", y_pred)
        is_row = y_pred.ndim == 1 and checks.numbers(self.name, "y", y_true).size == y_pred.size
        if is_row:
            y_true, y_pred = np.reshape(y_true, (1, -1)), y_pred[None]  # (1, K)
        values = self.each(*self.arrays(y_true, y_pred))
        weights = None if sample_weight is None else self.weights_of(values, sample_weight)
        if weights is not None:
            values = np.multiply(values, weights, out=np.zeros_like(values), where=weights != 0)  # 0*inf counts as 0
        if not self.is_reduced:
            return values[0] if is_row else values
        rows = values[0].size
        return float(values.sum() / (rows * self.divisor(np.asarray(y_true), rows, weights)))

    def weights_of(self, values: Array, sample_weight: Any) -> Array:
        """The sample weights of losses (N, ...), with as many axes."""
        weights = checks.numbers(self.name, "sample_weight", sample_weight).astype(values.dtype)
        examples, whole = values.shape[:1], values.shape
        if weights.ndim == 0:
            weights = np.full(examples, weights)
        if weights.shape in (examples, (*examples, 1)):
            return weights.reshape(-1, *[1] * (values.ndim - 1))  # (N, 1, ...)
        if weights.shape not in (whole, (*whole, 1)):
            wanted = f"{examples} or {whole}"
            raise ValueError(f"{self.name}: expected sample_weight of shape {wanted}; received {weights.shape}")
        return weights.reshape(whole)  # (N, ...)

    def arrays(self, y_true: Any, y_pred: Any) -> tuple[Array, Array]:
        """Targets and predictions as arrays of one shape and dtype. Raises as `targets` does."""
        y_pred = checks.numbers(self.name, "y_pred", y_pred)
        y_pred = y_pred if y_pred.dtype.kind == "f" else y_pred.astype(backend.floatx())
        y_true = self.targets(y_true, y_pred.shape[1:]).astype(y_pred.dtype)
        checks.same_length(self.name, y_true=y_true, y_pred=y_pred)
        return y_true, y_pred

    def targets(self, y_true: Any, output_shape: Shape) -> Array:
        """Targets as an array (N, *output_shape). Raises ValueError or TypeError for targets that do not fit."""
        y_true = self.numbers(y_true, output_shape)
        if y_true.ndim == len(output_shape) and output_shape[-1] == 1:
            y_true = y_true[..., None]  # (N, ..., 1)
        checks.batch_shape(self.name, "y", y_true.shape, output_shape)
        return y_true

    def numbers(self, y_true: Any, output_shape: Shape) -> Array:
        """Targets as an array. Raises TypeError if they are not numbers, ValueError for outputs without an axis."""
        if not output_shape:
            raise ValueError(f"{self.name}: expected outputs of shape (n, ..., k); received (n,)")
        return checks.numbers(self.name, "y", y_true)

    @property
    def is_reduced(self) -> bool:
        """Whether the loss of a batch is one number."""
        return self.reduction not in (None, "none")

    def divisor(self, y: Array, rows: int, weights: Array | None = None) -> float:
        """What the sum of the examples' losses, each a mean over its rows, is divided by: for a mean, their number.

        y: the targets of a whole batch, as they are given. rows: of an example. weights: the sample weights, if any.
        """
        if self.reduction == "sum":
            return 1 / rows
        if self.reduction == "mean_with_sample_weight" and weights is not None:
            return float(weights.sum()) / rows or 1.0
        return len(y)

    def rows(self, output_shape: Shape) -> int:
        """The number of an example's rows."""
        return 1

    @property
    def takes_probabilities(self) -> bool:
        """Whether y_pred must be probabilities."""
        return False

    def with_logits(self) -> "Loss | None":
        """A loss of logits z that equals this loss of link(z); None if there is none, or none is known.

        Used to train a model that ends in that activation, so that activation and loss are differentiated together.
        """
        return None

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, name and reduction where they differ from the class's own."""
        own = {"name": self.name, "reduction": self.reduction}
        return {key: value for key, value in own.items() if value != getattr(type(self), key)}

    def each(self, y_true: Array, y_pred: Array) -> Array:
        """The losses that are reduced: those of the examples, (N,), or of their rows, (N, ...)."""
        return self.value(y_true, y_pred)

    def value(self, y_true: Array, y_pred: Array) -> Array:
        """Each example's loss: (N, ..., K) -> (N,)."""
        raise NotImplementedError(f"{type(self).__name__} does not define value")

    def gradient(self, y_true: Array, y_pred: Array) -> Array:
        """The gradient of each example's loss with respect to y_pred: (N, ..., K), the shape of y_pred."""
        raise NotImplementedError(f"{type(self).__name__} does not define gradient")

    def value_and_gradient(self, y_true: Array, y_pred: Array) -> tuple[Array, Array]:
        """Both; override it where they have work in common."""
        return self.value(y_true, y_pred), self.gradient(y_true, y_pred)


class FunctionLoss(Loss):
    """A loss of one's own, of two functions.

    value: value(y_true, y_pred), each example's loss, (N, ..., K) -> (N,).
    gradient: gradient(y_true, y_pred), that of each example's loss with respect to y_pred, (N, ..., K).
    name: by default the name of `value`.

    Raises TypeError for what is not a function.
    """

    def __init__(self, value: Any, gradient: Any, name: str | None = None) -> None:
        owner = type(self).__name__
        checks.function(owner, "value", value)
        checks.function(owner, "gradient", gradient)
        self.name = checks.name(owner, getattr(value, "__name__", "loss") if name is None else name)
        self.value, self.gradient = value, gradient  # type: ignore[method-assign]


class RowLoss(Loss):
    """Base class of losses that are defined for a row. A subclass defines `row_values` and `row_gradient`."""

    axis: int = -1
    """The axis along which the rows run."""

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = None) -> None:
        super().__init__(name, reduction)

    def row_values(self, y_true: Array, y_pred: Array) -> Array:
        """Each row's loss: (N, ..., K) -> (N, ...)."""
        raise NotImplementedError(f"{type(self).__name__} does not define row_values")

    def row_gradient(self, y_true: Array, y_pred: Array) -> Array:
        """The gradient of each row's loss with respect to y_pred: (N, ..., K)."""
        raise NotImplementedError(f"{type(self).__name__} does not define row_gradient")

    def losses(self, y_true: Array, y_pred: Array) -> Array:
        """Each row's loss, the rows along `axis`: what Keras's function of the same name returns."""
        return self.row_values(self.rows_last(y_true), self.rows_last(y_pred))  # (N, ...)

    def each(self, y_true: Array, y_pred: Array) -> Array:
        return self.losses(y_true, y_pred)

    def rows(self, output_shape: Shape) -> int:
        return prod(output_shape) // (0, *output_shape)[self.axis]

    def value(self, y_true: Array, y_pred: Array) -> Array:
        """Each example's loss, the mean over its rows: (N, ..., K) -> (N,)."""
        return per_example(self.losses(y_true, y_pred))

    def gradient(self, y_true: Array, y_pred: Array) -> Array:
        """The gradient of each example's loss with respect to y_pred: that of a row, divided by their number."""
        y_true = y_true.astype(y_pred.dtype, copy=False)
        return self.of_example(self.row_gradient(self.rows_last(y_true), self.rows_last(y_pred)))

    def rows_last(self, array: Array) -> Array:
        """An array with its rows along the last axis: (N, ..., K)."""
        return array if self.axis in (-1, array.ndim - 1) else np.moveaxis(array, self.axis, -1)  # (N, ..., K)

    def of_example(self, row_gradient: Array) -> Array:
        """The gradient of an example's loss from its rows', (N, ..., K), in the shape of y_pred."""
        gradient = row_gradient if row_gradient.ndim == 2 else row_gradient / prod(row_gradient.shape[1:-1])
        return gradient if self.axis in (-1, gradient.ndim - 1) else np.moveaxis(gradient, -1, self.axis)  # as y_pred

    def targets(self, y_true: Any, output_shape: Shape) -> Array:
        """As `Loss.targets`. Raises ValueError also for outputs without the axis."""
        self.check_axis(output_shape)
        return super().targets(y_true, output_shape)

    def check_axis(self, output_shape: Shape) -> None:
        """Raise ValueError unless the outputs have the axis, and it is not the batch's."""
        axes = 1 + len(output_shape)
        if output_shape and (not -axes <= self.axis < axes or self.axis % axes == 0):
            raise ValueError(f"{self.name}: has the axis {self.axis}; received outputs {checks.batch_of(output_shape)}")


def per_example(values: Array) -> Array:
    """The means over the rows of each example: (N, ...) -> (N,)."""
    return values if values.ndim == 1 else values.reshape(len(values), -1).mean(axis=1)  # (N,)
