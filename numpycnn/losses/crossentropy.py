"""Cross-entropy: of classes of which one is right, and of yes or no.

Where softmax and cross-entropy meet
    A classifier ends in p = softmax(z), and its loss is L = -sum of y*log(p). Each alone is awkward: p underflows to
    zero, and log and 1/p of that are infinite. Together they are simple. With log(p) = z - log(sum of exp(z)) and the
    target's entries summing to 1,

        dL/dz[k] = -sum over j of y[j]*([j = k] - p[k]) = p[k] - y[k]

    so the gradient is p - y: the prediction minus the target. No logarithm is taken, and nothing is divided by p.
    `CategoricalCrossentropy(from_logits=True)` is this pair. A model that ends in softmax and is compiled with
    either cross-entropy is trained with it, on the logits, the pre-activation of the softmax (`Loss.with_logits`); the
    user sees probabilities all the same. Sigmoid and `BinaryCrossentropy` meet in the same way.

Probabilities close to 1
    p[k] - y[k] cancels where p[k] rounds to 1 and y[k] is 1. But the gradients of a row sum to 0, since the p do to 1
    and p - y stands for p*(sum of y) - y where the y do not. So where p[k] is above 1/2, of which there is at most one,

        dL/dz[k] = -sum over j other than k of dL/dz[j]

    and the others are small there, with all their digits.
"""

from copy import copy
from typing import Any

import numpy as np

from numpycnn import backend
from numpycnn import functional as F
from numpycnn.activations import ActivationFunction, sigmoid, softmax
from numpycnn.common import checks
from numpycnn.common.typing import Array, Shape
from numpycnn.losses.base import RowLoss, per_example

FORMULAS = ("value", "gradient", "row_values", "row_gradient")


class Crossentropy(RowLoss):
    """Base class of cross-entropies, of probabilities or of logits z, with probabilities link(z).

    from_logits: whether y_pred are logits. label_smoothing: the share s, from 0 to 1, of a target that is spread evenly
    over the classes. axis: that of the classes, counted with the batch axis.
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        super().__init__(reduction, name)
        self.from_logits = checks.flag(self.name, "from_logits", from_logits)
        self.label_smoothing = checks.number(self.name, "label_smoothing", label_smoothing, at_least=0.0, at_most=1.0)
        self.axis = checks.axis(self.name, "axis", axis)

    def get_config(self) -> dict[str, Any]:
        own = {"from_logits": self.from_logits, "label_smoothing": self.label_smoothing, "axis": self.axis}
        return {**super().get_config(), **own}

    @property
    def takes_probabilities(self) -> bool:
        return not self.from_logits

    def with_logits(self) -> "Crossentropy | None":
        """A copy with from_logits=True, for a loss of probabilities whose formulas are those of this library.

        A subclass that overrides one of them was written for probabilities, and gets them. It may override `targets`,
        which do not depend on from_logits.
        """
        if self.from_logits or self.has_own_formulas():
            return None
        twin = copy(self)
        twin.from_logits = True
        return twin

    def has_own_formulas(self) -> bool:
        """Whether a subclass, or the loss itself, overrides one of this library's."""
        return any(getattr(self, name).__module__ not in OWN_MODULES for name in FORMULAS)

    def smoothed(self, y_true: Array, classes: int) -> Array:
        """(1 - s)*y + s/classes: label smoothing."""
        return (
            y_true
            if self.label_smoothing == 0
            else y_true * (1 - self.label_smoothing) + self.label_smoothing / classes
        )


OWN_MODULES = (Crossentropy.__module__, RowLoss.__module__)


class CategoricalCrossentropy(Crossentropy):
    """L = -sum of y*log(p) over the classes, for one-hot targets y, or any targets that are probabilities.

    from_logits: y_pred are logits z, and p = softmax(z); the gradient is p - y (see the top of this file).
    Otherwise y_pred are probabilities: they are divided by their sum, and then kept epsilon away from 0 and 1, as in
    Keras; where that clips, the gradient is 0.
    label_smoothing: the share s, from 0 to 1, with which a target becomes (1 - s)*y + s/K, for K classes.
    axis: that of the classes, counted with the batch axis.
    A class whose target is 0 contributes 0, also where its logit is minus infinity. Infinite logits stand for their
    limits: the loss is infinite only if the true class has the probability 0.

    Raises TypeError or ValueError for an argument of the wrong kind or value, and ValueError for targets of another
    shape, or whose rows are not probabilities (0 or more, summing to 1). Source: Keras's CategoricalCrossentropy.
    """

    name = "categorical_crossentropy"

    @property
    def link(self) -> ActivationFunction:  # type: ignore[override]
        return softmax if self.axis == -1 else softmax.with_settings(axis=self.axis)

    def targets(self, y_true: Any, output_shape: Shape) -> Array:
        self.check_axis(output_shape)
        y_true = self.numbers(y_true, output_shape)
        if y_true.ndim <= len(output_shape) or (y_true.shape[-1] == 1 and output_shape[-1:] != (1,)):
            raise ValueError(
                f"{self.name}: expected one-hot y of shape {checks.batch_of(output_shape)}; received {y_true.shape}. "
                "For integer labels, encode them with to_categorical, or use sparse_categorical_crossentropy"
            )
        checks.batch_shape(self.name, "y", y_true.shape, output_shape)
        check_probabilities(self.name, np.moveaxis(y_true, self.axis, -1))  # (N, ..., K)
        return self.smoothed(y_true, y_true.shape[self.axis])

    def row_values(self, y_true: Array, y_pred: Array) -> Array:
        log_p = F.log_softmax(y_pred) if self.from_logits else np.log(clip(y_pred / row_sums(y_pred)))
        return crossentropy(y_true, log_p)

    def row_gradient(self, y_true: Array, y_pred: Array) -> Array:
        """From logits p - y, from probabilities by the chain rule through p/sum(p)."""
        if self.from_logits:
            return logits_gradient(y_true, F.softmax(y_pred))
        return probabilities_gradient(y_true, y_pred)

    def value_and_gradient(self, y_true: Array, y_pred: Array) -> tuple[Array, Array]:
        """From logits with one softmax for both, unless one of the formulas is a subclass's own."""
        if not self.from_logits or self.has_own_formulas():
            return super().value_and_gradient(y_true, y_pred)
        y, z = self.rows_last(y_true), self.rows_last(y_pred)
        p, log_p = F.softmax_and_log(z)
        return per_example(crossentropy(y, log_p)), self.of_example(logits_gradient(y, p))


class SparseCategoricalCrossentropy(CategoricalCrossentropy):
    """Categorical cross-entropy for integer labels: y of shape (N, ...) or (N, ..., 1), from 0 to classes - 1.

    ignore_class: a label, such as -1 or 255, whose rows do not count: neither in the loss, nor in the number of rows
    that it is the mean of, nor in the gradient.

    Raises TypeError or ValueError for an argument of the wrong kind or value, and ValueError for labels of another
    shape, that are not whole numbers, or out of range. Source: Keras's SparseCategoricalCrossentropy.
    """

    name = "sparse_categorical_crossentropy"

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = None,
    ) -> None:
        super().__init__(from_logits, axis=axis, reduction=reduction, name=name)
        self.ignore_class = ignore_class
        if ignore_class is not None:
            self.ignore_class = checks.integer(self.name, "ignore_class", ignore_class, at_least=None)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["label_smoothing"]
        return config if self.ignore_class is None else {**config, "ignore_class": self.ignore_class}

    def kept(self, labels: Array) -> Array:
        """Of each label whether its row counts, with an ignore_class."""
        return labels != self.ignore_class

    def divisor(self, y: Array, rows: int, weights: Array | None = None) -> float:
        """Of a mean, the number of rows that count, in examples; or the sum of the weights of these rows."""
        if self.ignore_class is None or self.reduction == "sum":
            return super().divisor(y, rows, weights)
        kept = self.kept(y).reshape(len(y), -1)  # (N, rows)
        if self.reduction == "mean_with_sample_weight" and weights is not None:
            kept = kept * weights.reshape(len(y), -1)  # (N, rows)
        return float(kept.sum()) / rows or 1.0

    def targets(self, y_true: Any, output_shape: Shape) -> Array:
        self.check_axis(output_shape)
        labels, axis = self.numbers(y_true, output_shape), self.axis % (1 + len(output_shape))
        if labels.ndim == len(output_shape) + 1 and labels.shape[axis] == 1:
            labels = labels.squeeze(axis)  # (N, ...)
        kind = f"integer labels y, for outputs {checks.batch_of(output_shape)},"
        checks.batch_shape(self.name, kind, labels.shape, output_shape[: axis - 1] + output_shape[axis:])
        classes = output_shape[axis - 1]
        kept = None if self.ignore_class is None else self.kept(labels)
        checks.labels(self.name, labels if kept is None else np.where(kept, labels, 0), classes=classes)
        one_hot = labels[..., None] == np.arange(classes)  # (N, ..., K)
        if kept is not None:
            one_hot &= kept[..., None]  # zeros do not count
        return one_hot if axis == labels.ndim else np.moveaxis(one_hot, -1, axis)  # (N, *output_shape)


class BinaryCrossentropy(Crossentropy):
    """L = mean of -(y*log(p) + (1 - y)*log(1 - p)), for targets y from 0 to 1, each by itself.

    from_logits: y_pred are logits z, and p = sigmoid(z); the gradient is p - y. Otherwise y_pred are probabilities,
    kept epsilon away from 0 and 1, as in Keras; where that clips, the gradient is 0.
    label_smoothing: the share s, from 0 to 1, with which a target becomes (1 - s)*y + s/2.
    axis: that of the mean, counted with the batch axis.
    Outputs (N, 1) take targets (N,) too.

    Raises TypeError or ValueError for an argument of the wrong kind or value, and ValueError for targets of another
    shape, or beyond 0 and 1. Source: Keras's BinaryCrossentropy.
    """

    name = "binary_crossentropy"
    link = sigmoid

    def targets(self, y_true: Any, output_shape: Shape) -> Array:
        y_true = super().targets(y_true, output_shape)
        wrong = ~((y_true >= 0) & (y_true <= 1))
        if wrong.any():
            raise ValueError(f"{self.name}: y must be from 0 to 1; received {y_true[wrong][0]}")
        return self.smoothed(y_true, 2)

    def row_values(self, y_true: Array, y_pred: Array) -> Array:
        """From logits, -log(p) = softplus(-z) and -log(1 - p) = softplus(z)."""
        p = y_pred if self.from_logits else clip(y_pred)
        yes, no = (F.softplus(-p), F.softplus(p)) if self.from_logits else (-np.log(p), -np.log(1 - p))
        terms = np.multiply(y_true, yes, out=np.zeros_like(yes), where=y_true != 0)  # 0*inf counts as 0
        terms += np.multiply(1 - y_true, no, out=np.zeros_like(no), where=y_true != 1)
        return terms.mean(axis=-1)  # (N, ...)

    def row_gradient(self, y_true: Array, y_pred: Array) -> Array:
        """From logits p - y, written as (1 - y)*p - y*(1 - p); from probabilities that divided by p*(1 - p)."""
        count = y_pred.shape[-1]
        if self.from_logits:
            return ((1 - y_true) * F.sigmoid(y_pred) - y_true * F.sigmoid(-y_pred)) / count
        p = clip(y_pred)
        return np.where(p == y_pred, (1 - y_true) / (1 - p) - y_true / p, 0) / count


# ---------------------------------------------------------------- parts


def check_probabilities(owner: str, rows: Array) -> None:
    """Raise ValueError unless every row along the last axis is one-hot, or of probabilities."""
    with np.errstate(invalid="ignore"):  # the sum of inf and -inf
        wrong = ~((rows >= 0).all(axis=-1) & (np.abs(rows.sum(axis=-1) - 1) < 1e-3))
    if wrong.any():
        row = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(
            f"{owner}: each row of y must be one-hot (or probabilities that sum to 1); "
            f"received {np.array2string(rows[row], threshold=20)} at row {row[0] if len(row) == 1 else row}"
        )


def crossentropy(y: Array, log_p: Array) -> Array:
    """-sum of y*log(p) over the last axis, where a y of 0 counts as 0 also where log(p) is minus infinity."""
    terms = np.multiply(y, -log_p, out=np.zeros_like(log_p), where=y != 0)
    return terms.sum(axis=-1)  # (N, ...)


def logits_gradient(y: Array, p: Array) -> Array:
    """Of L = -sum of y*log(p), with p = softmax(z): p - y, with all its digits (see the top of this file)."""
    gradient = p * y.sum(axis=-1, keepdims=True) - y
    large = p.real > 0.5
    others = np.where(large, 0, gradient).sum(axis=-1, keepdims=True)
    return np.where(large, -others, gradient)


def probabilities_gradient(y: Array, p: Array) -> Array:
    """Of L = -sum of y*log(q), for probabilities p with the sum S and q = p/S, clipped.

    The derivative of q[j] with respect to p[k] is ([j = k] - q[j])/S, and that of the loss with respect to q[j] is
    -y[j]/q[j], so that

        dp[k] = -sum over j of y[j]/q[j]*([j = k] - q[j])/S = (sum of the other y - y[k]/q[k]*(sum of the other q))/S

    where y[j] counts as 0 wherever q[j] is clipped, because there the loss is constant in it.
    """
    total = row_sums(p)
    q = p / total
    clipped = clip(q)
    y = np.where(clipped == q, y, 0)
    return (F.sum_of_others(y) - y / clipped * F.sum_of_others(q)) / total


def row_sums(p: Array) -> Array:
    """The normalizer of probabilities: their sum over the last axis, or 1 where all of them are 0."""
    total = p.sum(axis=-1, keepdims=True)
    return np.where(total == 0, 1, total)


def clip(p: Array) -> Array:
    """p clipped to [epsilon, 1 - epsilon]."""
    return np.clip(p, backend.epsilon(), 1.0 - backend.epsilon())
