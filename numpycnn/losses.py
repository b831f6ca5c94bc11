"""Loss functions, which training minimizes. Each returns a value per example, and the gradient of each value.

Where softmax and cross-entropy meet
    A classifier ends in p = softmax(z), and its loss is L = -sum of y*log(p). Each alone is awkward: p underflows to
    zero, and log and 1/p of that are infinite. Together they are simple. With log(p) = z - log(sum of exp(z)) and the
    target's entries summing to 1,

        dL/dz[k] = -sum over j of y[j]*([j = k] - p[k]) = p[k] - y[k]

    so the gradient is p - y: the prediction minus the target. No logarithm is taken, and nothing is divided by p.
    `CategoricalCrossentropy(from_logits=True)` is this pair. A model that ends in softmax and is compiled with
    either cross-entropy is trained with it, on the logits, the pre-activation of the softmax (`Loss.with_logits`); the
    user sees probabilities all the same.

Probabilities close to 1
    p[k] - y[k] cancels where p[k] rounds to 1 and y[k] is 1. In the sum above, the term of j = k is
    -y[k]*(1 - p[k]) and the others together are p[k] times the other targets, so that

        dL/dz[k] = p[k]*(sum of the other y) - y[k]*(sum of the other p)

    where no nearly equal numbers are subtracted, for a one-hot y. `functional.sum_of_others` gives both sums.
"""

from copy import copy
from math import prod
from typing import Any

import numpy as np

from numpycnn import backend
from numpycnn import functional as F
from numpycnn.activations import ActivationFunction, softmax
from numpycnn.common import checks
from numpycnn.common.explained import Explained
from numpycnn.common.module_names import explain_unknown_names
from numpycnn.common.typing import Array, Shape

__all__ = ["CategoricalCrossentropy", "Loss", "MeanSquaredError", "SparseCategoricalCrossentropy"]


class Loss(Explained):
    """Base class of all losses: `loss(y_true, y_pred)` is the mean over a batch, as a float.

    `targets` first converts y_true to an array of y_pred's shape, for `value` and `gradient`.
    """

    name = "loss"
    link: ActivationFunction | None = None
    """The activation that makes y_pred of what the loss that `with_logits` returns takes."""

    def __init__(self) -> None:
        """No arguments, unless a subclass has some."""

    def __call__(self, y_true: Any, y_pred: Any) -> float:
        """The mean loss of a batch. Raises as `targets` does."""
        y_pred = checks.numbers(self.name, "y_pred", y_pred)
        y_pred = y_pred if y_pred.dtype.kind == "f" else y_pred.astype(backend.floatx())
        y_true = self.targets(y_true, y_pred.shape[1:]).astype(y_pred.dtype)
        checks.same_length(self.name, y_true=y_true, y_pred=y_pred)
        return float(self.value(y_true, y_pred).mean())

    def targets(self, y_true: Any, output_shape: Shape) -> Array:
        """Targets as an array (N, *output_shape). Raises ValueError or TypeError for targets that do not fit."""
        y_true = self.numbers(y_true, output_shape)
        if y_true.ndim == 1 and output_shape == (1,):
            y_true = y_true[:, None]
        checks.batch_shape(self.name, "y", y_true.shape, output_shape)
        return y_true

    def numbers(self, y_true: Any, output_shape: Shape) -> Array:
        """Targets as an array. Raises TypeError if they are not numbers, ValueError for outputs without an axis."""
        if not output_shape:
            raise ValueError(f"{self.name}: expected outputs of shape (n, ..., k); received (n,)")
        return checks.numbers(self.name, "y", y_true)

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
        """The constructor's arguments: `type(loss)(**config)` is an equal loss."""
        return {}

    def value(self, y_true: Array, y_pred: Array) -> Array:
        """Each example's loss, averaged over its axes but the last: (N, ..., K) -> (N,)."""
        raise NotImplementedError(f"{type(self).__name__} does not define value")

    def gradient(self, y_true: Array, y_pred: Array) -> Array:
        """The gradient of each example's loss with respect to y_pred: (N, ..., K), the shape of y_pred."""
        raise NotImplementedError(f"{type(self).__name__} does not define gradient")


class MeanSquaredError(Loss):
    """L = mean of (y_pred - y_true)**2 over an example's values; its gradient 2*(y_pred - y_true)/count."""

    name = "mean_squared_error"

    def value(self, y_true: Array, y_pred: Array) -> Array:
        return ((y_pred - y_true) ** 2).reshape(len(y_pred), -1).mean(axis=1)  # (N,)

    def gradient(self, y_true: Array, y_pred: Array) -> Array:
        return (y_pred - y_true) * (2.0 / prod(y_pred.shape[1:]))


class CategoricalCrossentropy(Loss):
    """L = -sum of y*log(p) over the classes, for one-hot targets y, or any targets that are probabilities.

    from_logits: y_pred are logits z, and p = softmax(z); the gradient is p - y (see the top of this file).
    Otherwise y_pred are probabilities: they are divided by their sum, and then kept epsilon away from 0 and 1, as in
    Keras; where that clips, the gradient is 0.
    A class whose target is 0 contributes 0, also where its logit is minus infinity. Infinite logits stand for their
    limits: the loss is infinite only if the true class has the probability 0.

    Raises ValueError for targets of another shape, or whose rows are not probabilities (0 or more, summing to 1).
    Source: Keras's CategoricalCrossentropy.
    """

    name = "categorical_crossentropy"
    link = softmax

    def __init__(self, from_logits: bool = False) -> None:
        self.from_logits = checks.flag(self.name, "from_logits", from_logits)

    def get_config(self) -> dict[str, Any]:
        return {"from_logits": self.from_logits}

    @property
    def takes_probabilities(self) -> bool:
        return not self.from_logits

    def with_logits(self) -> "Loss | None":
        """A copy with from_logits=True, for a loss of probabilities whose value and gradient are those of this class.

        A subclass that overrides either was written for probabilities, and gets them. It may override `targets`, which
        do not depend on from_logits.
        """
        own = CategoricalCrossentropy
        formulas = [getattr(method, "__func__", None) for method in (self.value, self.gradient)]
        if self.from_logits or formulas != [own.value, own.gradient]:
            return None
        twin = copy(self)
        twin.from_logits = True
        return twin

    def targets(self, y_true: Any, output_shape: Shape) -> Array:
        y_true = self.numbers(y_true, output_shape)
        if y_true.ndim <= len(output_shape) or (y_true.shape[-1] == 1 and output_shape[-1:] != (1,)):
            raise ValueError(
                f"{self.name}: expected one-hot y of shape {checks.batch_of(output_shape)}; received {y_true.shape}. "
                "For integer labels, encode them with to_categorical, or use sparse_categorical_crossentropy"
            )
        checks.batch_shape(self.name, "y", y_true.shape, output_shape)
        with np.errstate(invalid="ignore"):  # the sum of inf and -inf
            wrong = ~((y_true >= 0).all(axis=-1) & (np.abs(y_true.sum(axis=-1) - 1) < 1e-3))
        if wrong.any():
            row = tuple(int(i) for i in np.argwhere(wrong)[0])
            raise ValueError(
                f"{self.name}: each row of y must be one-hot (or probabilities that sum to 1); "
                f"received {np.array2string(y_true[row], threshold=20)} at row {row[0] if len(row) == 1 else row}"
            )
        return y_true

    def value(self, y_true: Array, y_pred: Array) -> Array:
        log_p = F.log_softmax(y_pred) if self.from_logits else np.log(clip(y_pred / row_sums(y_pred)))
        terms = np.multiply(y_true, -log_p, out=np.zeros_like(log_p), where=y_true != 0)  # 0*inf counts as 0
        return per_example(terms)

    def gradient(self, y_true: Array, y_pred: Array) -> Array:
        """From logits p - y, from probabilities by the chain rule through p/sum(p); the mean over an example's axes."""
        y_true = y_true.astype(y_pred.dtype, copy=False)
        row_gradient = logits_gradient if self.from_logits else probabilities_gradient
        return row_gradient(y_true, y_pred) / prod(y_pred.shape[1:-1])


class SparseCategoricalCrossentropy(CategoricalCrossentropy):
    """Categorical cross-entropy for integer labels: y of shape (N, ...) or (N, ..., 1), from 0 to classes - 1.

    Raises ValueError for labels of another shape, that are not whole numbers, or out of range.
    """

    name = "sparse_categorical_crossentropy"

    def targets(self, y_true: Any, output_shape: Shape) -> Array:
        labels = self.numbers(y_true, output_shape)
        if labels.ndim == len(output_shape) + 1 and labels.shape[-1] == 1:
            labels = labels[..., 0]
        kind = f"integer labels y, for outputs {checks.batch_of(output_shape)},"
        checks.batch_shape(self.name, kind, labels.shape, output_shape[:-1])
        checks.labels(self.name, labels, classes=output_shape[-1])
        return labels[..., None] == np.arange(output_shape[-1])  # (N, ..., K), one-hot


def logits_gradient(y: Array, z: Array) -> Array:
    """Of L = -sum of y*log(softmax(z)): p - y, written so that it keeps its digits (see the top of this file)."""
    p = F.softmax(z)
    return p * F.sum_of_others(y) - y * F.sum_of_others(p)


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


def per_example(values: Array) -> Array:
    """Sum over the last axis, mean over those between it and the batch: (N, ..., K) -> (N,)."""
    sums = values.sum(axis=-1)  # (N, ...)
    return sums.reshape(len(sums), -1).mean(axis=1)  # (N,)


def row_sums(p: Array) -> Array:
    """The normalizer of probabilities: their sum over the last axis, or 1 where all of them are 0."""
    total = p.sum(axis=-1, keepdims=True)
    return np.where(total == 0, 1, total)


def clip(p: Array) -> Array:
    """p clipped to [epsilon, 1 - epsilon]."""
    return np.clip(p, backend.epsilon(), 1.0 - backend.epsilon())


LOSSES: dict[str, type[Loss]] = {
    "categorical_crossentropy": CategoricalCrossentropy,
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
    "mean_squared_error": MeanSquaredError,
    "mse": MeanSquaredError,
}


def get_loss(value: Any) -> Loss:
    """The loss given by name or as an object. Raises ValueError or TypeError for any other value."""
    return value if isinstance(value, Loss) else checks.lookup("compile", "loss", value, LOSSES, kind="losses")()


explain_unknown_names(__name__)
