"""Optimizers: what becomes of the gradients. Formulas and defaults are Keras 3's.

`optimizer=` of `compile` takes a name ("adam"), or an object (`Adam(learning_rate=0.01)`). In order of increasing
complexity:

    base            a step over all parameters, part by part
    sgd             gradient descent, with momentum
    rmsprop, adam   each gradient divided by the root of the mean of its squares; AdamW
    adaptive        Adagrad, Adadelta, Adamax
    nadam, lion     two later ones
    clipping        gradients that are too large
    rate            the learning rate: a number, or one of `schedules/`
    settings        what all take, and what can be set during training
    older           what older Keras took
"""

from typing import Any

from numpycnn.common import checks
from numpycnn.common.configuration import describe, from_description
from numpycnn.common.module_names import explain_unknown_names
from numpycnn.common.old_names import NAMES
from numpycnn.optimizers import schedules
from numpycnn.optimizers.adam import Adam, AdamW
from numpycnn.optimizers.adaptive import Adadelta, Adagrad, Adamax
from numpycnn.optimizers.base import Optimizer
from numpycnn.optimizers.lion import Lion
from numpycnn.optimizers.nadam import Nadam
from numpycnn.optimizers.rmsprop import RMSprop
from numpycnn.optimizers.settings import OPTIMIZERS
from numpycnn.optimizers.sgd import SGD

__all__ = [
    "CLASSES",
    "OPTIMIZERS",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Lion",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]

CLASSES: dict[str, type[Any]] = {
    cls.__name__: cls for cls in (SGD, RMSprop, Adam, AdamW, Nadam, Adagrad, Adadelta, Adamax, Lion)
}
"""The library's own optimizers: the closed table for reading configurations."""

OPTIMIZERS |= {name.lower(): cls for name, cls in CLASSES.items()}


def get(identifier: Any) -> Optimizer:
    """The optimizer by its name or configuration; an optimizer itself. Raises TypeError or ValueError."""
    return get_optimizer(identifier, owner="optimizers.get")


def get_optimizer(value: Any, owner: str = "compile") -> Optimizer:
    """`get`, with the owner's name in its errors."""
    if isinstance(value, Optimizer):
        return value
    if isinstance(value, dict):
        return from_description(owner, "optimizer", value, CLASSES)
    name = value.lower() if isinstance(value, str) else value
    return checks.lookup(owner, "optimizer", name, OPTIMIZERS, kind="optimizers")()


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """The optimizer's configuration, {"class_name": ..., "config": ...}. Raises ValueError for user-defined classes."""
    return describe(optimizer, CLASSES)


def deserialize(config: dict[str, Any]) -> Optimizer:
    """A new optimizer from what `serialize` returned. Raises TypeError or ValueError for anything else."""
    return from_description("optimizers.deserialize", "config", config, CLASSES)


explain_unknown_names(__name__)
for _name in NAMES["optimizers"].keys() & globals().keys():  # a file, "sgd"; the name gives the class
    del globals()[_name]
