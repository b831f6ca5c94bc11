"""Methods and arguments of Keras 1's and 2's models."""

from typing import Any

import numpy as np

from numpycnn.common.older import warn
from numpycnn.common.typing import Array


def predict_classes(model: Any, x: Any, batch_size: int | None = None, verbose: int | str = 0) -> Array:
    """The class of each example: the largest probability's index, (n, classes) to (n,); of one, whether above 1/2."""
    warn("predict_classes", "write predict(x).argmax(axis=-1), or predict(x) > 0.5 for one probability")
    p = model.predict(x, batch_size, verbose)  # (n, classes)
    return p.argmax(axis=-1) if p.shape[-1] > 1 else (p > 0.5).astype(np.int32)


def ignore_class_mode(model: Any, value: Any) -> None:
    """compile(class_mode=...): today the loss knows it."""
    warn("class_mode", "leave it out; the loss says what the targets are")


def ignore_queue(model: Any, value: Any) -> None:
    """fit(max_queue_size=..., use_multiprocessing=...): today a PyDataset has them."""
    warn("max_queue_size=, or use_multiprocessing=,", "leave it out; a PyDataset takes it")


def ignore(owner: Any, value: Any) -> None:
    """An argument that has no effect."""


def ignore_save_format(model: Any, value: Any) -> None:
    """save(save_format=...): today the suffix of the file's name says it."""
    warn("save_format", "leave it out; the suffix says the format")


def reset_states(model: Any) -> None:
    """Forget what recurrent layers remember: there are none."""
    warn("reset_states", "leave it out; no layer here has such a state")


def print_summary(model: Any, line_length: int | None = None, positions: Any = None, print_fn: Any = None) -> None:
    """The model's summary."""
    warn("print_summary", "write model.summary()")
    model.summary(line_length, positions, print_fn)


def require_none(model: Any, value: Any) -> None:
    """Raise TypeError for compile(loss_weights=...), which are for several outputs, unless it is None."""
    if value is not None:
        raise TypeError("Sequential.compile: loss_weights: several outputs belong to the functional API; out of scope")


def show_accuracy(model: Any, value: Any) -> None:
    """fit or evaluate(show_accuracy=True): compile again with the accuracy, unless it is there."""
    warn("show_accuracy", "write compile(metrics=['accuracy'])")
    if value and model.optimizer is not None and not model.metrics:
        model.compile(model.optimizer, model.loss, metrics=["accuracy"])
