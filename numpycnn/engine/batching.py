"""Training data: rows of it, the validation split, and the checks of arguments about them."""

from collections.abc import Callable, Iterator
from math import ceil, inf
from typing import Any, NamedTuple

import numpy as np

from numpycnn.common import checks
from numpycnn.common.typing import Array
from numpycnn.engine.py_dataset import PyDataset


class Data:
    """Examples with their targets, and optionally with sample weights.

    x: (n, *input_shape). y: (n, ...), as the loss takes targets. weights: (n,), the factor of each example's loss; None
    is 1.
    """

    def __init__(self, x: Array, y: Array, weights: Array | None = None) -> None:
        self.x, self.y, self.weights = x, y, weights

    def __len__(self) -> int:
        return len(self.x)

    def rows(self, rows: slice | Array) -> "Data":
        """Some of the examples, by a slice or by indices."""
        return Data(self.x[rows], self.y[rows], None if self.weights is None else self.weights[rows])

    def weighted(self, values: Array) -> Array:
        """Per-example values, (n, ...), multiplied by the sample weights."""
        if self.weights is None:
            return values
        per_example = self.weights.astype(values.dtype).reshape(-1, *[1] * (values.ndim - 1))  # (n, 1, ...)
        return np.where(per_example == 0, 0, values * per_example)  # 0 times infinity too


class Given(NamedTuple):
    """Data as they are given, unchecked."""

    x: Any
    y: Any = None
    sample_weight: Any = None
    class_weight: Any = None


class Sizes(NamedTuple):
    """The rows of a batch, and the batches of an epoch; None where they follow from the data."""

    batch_size: int | None
    steps: int | None


def check_sizes(owner: str, batch_size: Any, steps: Any, *, names: tuple[str, str] = ("batch_size", "steps")) -> Sizes:
    """Both, checked, under the names that they have as arguments.

    steps: also a quotient such as len(x)/32, which is rounded up, as in tf.keras.
    """
    steps = ceil(steps) if isinstance(steps, (float, np.floating)) and 0 < steps < inf else steps
    return Sizes(
        None if batch_size is None else checks.integer(owner, names[0], batch_size),
        None if steps is None else checks.size(owner, names[1], steps),
    )


def check_verbose(owner: str, value: Any) -> int:
    """0, 1, 2 or 3, of which 3 prints as little as 0 does in `fit`; "auto" is 1, and so is True."""
    if isinstance(value, (str, bool)) and value in ("auto", True, False):
        return int(bool(value))
    value = int(value) if isinstance(value, np.integer) else value
    return checks.choice(owner, "verbose", value, (0, 1, 2, 3))


def check_validation_data(owner: str, value: Any) -> Given:
    """validation_data: (x, y), (x, y, sample_weight), or what yields batches."""
    if isinstance(value, (PyDataset, Iterator)):
        return Given(value)
    if not isinstance(value, (tuple, list)) or len(value) not in (2, 3):
        kind = f"{len(value)} items" if isinstance(value, (tuple, list)) else type(value).__name__
        raise ValueError(
            f"{owner}: validation_data must be (x, y), (x, y, sample_weight), a PyDataset or an iterator over batches; "
            f"received {kind}"
        )
    return Given(*value)


def check_frequency(owner: str, value: Any) -> Callable[[int], bool]:
    """validation_freq, an integer n for every n-th epoch, or a list of epochs counted from 1: whether one is due."""
    if isinstance(value, (list, tuple, set)):
        epochs = {checks.integer(owner, "validation_freq", epoch) for epoch in value}
        return lambda epoch: epoch + 1 in epochs
    frequency = checks.integer(owner, "validation_freq", value)
    return lambda epoch: (epoch + 1) % frequency == 0


def check_weights(owner: str, kind: str, given: Given, y: Array) -> Array | None:
    """The weight of each example, (n,): its sample weight, (n,) or (n, 1), or that of its class; None if all are 1.

    Raises ValueError or TypeError for both at once, for other shapes, and for weights that are not finite.
    """
    if given.class_weight is not None:
        if given.sample_weight is not None:
            raise ValueError(f"{owner}: expected class_weight or {kind}sample_weight; received both")
        return class_weights(owner, given.class_weight, y)
    if given.sample_weight is None:
        return None
    weights = checks.numbers(owner, f"{kind}sample_weight", given.sample_weight)
    if weights.shape not in ((len(y),), (len(y), 1)):
        raise ValueError(f"{owner}: expected {kind}sample_weight of shape ({len(y)},); received {weights.shape}")
    checks.finite(owner, f"{kind}sample_weight", weights, np.dtype(np.float32))
    return weights.reshape(len(y))  # (n,)


def class_weights(owner: str, value: Any, y: Array) -> Array:
    """The weight of each example by its class, (n,); classes that are not named weigh 1.

    value: {class: weight}. y: labels, (n,) or (n, 1), or one-hot rows, (n, k).
    """
    if not isinstance(value, dict):
        reason = ", which is scikit-learn's word: compute_class_weight makes such weights" * isinstance(value, str)
        raise TypeError(
            f"{owner}: class_weight must be a dict of weights by class; received {checks.short_repr(value)}{reason}"
        )
    if y.ndim > 2:
        raise ValueError(f"{owner}: class_weight needs one class for each example; received y of shape {y.shape}")
    labels = np.round(y.reshape(len(y))) if y.ndim == 1 or y.shape[1] == 1 else y.argmax(axis=1)  # (n,)
    weights = np.ones(len(y))
    for label, weight in value.items():
        number = checks.number(owner, "a class of class_weight", label)
        weights[labels == number] = checks.number(owner, f"class_weight of {label}", weight)
    return weights


def split(owner: str, data: Data, fraction: float) -> tuple[Data, Data]:
    """The examples to train on, and those to validate on: the last `fraction` of all, as Keras splits them.

    Raises ValueError unless it leaves examples on both sides.
    """
    kept = int(len(data) * (1.0 - fraction))
    if kept in (0, len(data)):
        raise ValueError(f"{owner}: validation_split={fraction} leaves {kept} of {len(data)} examples to train on")
    return data.rows(slice(kept)), data.rows(slice(kept, None))
