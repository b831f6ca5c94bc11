"""The other examples on a page: misclassified ones, then the first ones, as many as fit."""

from typing import TYPE_CHECKING, Any

import numpy as np

from numpycnn.common.typing import Array
from numpycnn.show.explorer.tensors import Tensors

if TYPE_CHECKING:
    from numpycnn.models import Sequential

MAX_EXAMPLES = 10_000  # on a page, however small they are

Examples = dict[str, Any]
"""What a page says of its examples: "numbers", and of each its true class ("labels") and the class that the model reads
("read"), or None in their place; "of", how many there are in all, and "wrong", how many of these are read wrongly."""


def candidates(model: "Sequential", x: Array, y: Array | None, example: int) -> Examples:
    """Examples in order of priority: the traced one, misclassified ones, and the first ones."""
    predicted = model.predict(x, verbose=0)
    classes = predicted.ndim == 2 and predicted.shape[1] > 1
    labels = known_labels(model, y, predicted) if classes else None
    read = predicted.argmax(axis=-1) if classes else None
    wrong = [] if labels is None or read is None else np.flatnonzero(labels != read).tolist()
    numbers = list(dict.fromkeys([example, *wrong, *range(len(x))]))[:MAX_EXAMPLES]
    return {
        "numbers": numbers,
        "labels": None if labels is None else labels[numbers].tolist(),
        "read": None if read is None else read[numbers].tolist(),
        "of": len(x),
        "wrong": len(wrong),
    }


def known_labels(model: "Sequential", y: Array | None, predicted: Array) -> Array | None:
    """The true classes (n,), or None where there are no targets."""
    if y is None or model.loss is None:
        return None
    return model.loss.targets(y, predicted.shape[1:]).argmax(axis=-1)


def first(examples: Examples, count: int) -> Examples:
    """The first `count` of some examples."""
    return {key: value[:count] if isinstance(value, list) else value for key, value in examples.items()}


def fitting(examples: Examples, x: Array, room: int) -> tuple[Examples, Tensors]:
    """As many of the examples as fit in `room` bytes, and their arrays; the first is on the page already."""
    lists = [examples[key] for key in ("numbers", "labels", "read") if examples[key] is not None]
    costs = [sum(len(f",{value}") for value in values) for values in zip(*lists, strict=True)]
    tensors = Tensors()
    count = tensors.add_fitting("examples", x[examples["numbers"]], [0, *costs[1:]], room)
    return (first(examples, count), tensors) if count else (first(examples, 1), Tensors())
