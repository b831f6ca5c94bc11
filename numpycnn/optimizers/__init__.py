"""Optimizers: what becomes of the gradients. Formulas and defaults are Keras 3's.

In order of increasing complexity:

    base            a step over all parameters, part by part
    sgd             gradient descent, with momentum
    rmsprop, adam   each gradient divided by the root of the mean of its squares
"""

from typing import Any

from numpycnn.common import checks
from numpycnn.common.module_names import explain_unknown_names
from numpycnn.optimizers.adam import Adam
from numpycnn.optimizers.base import OPTIMIZERS, Optimizer
from numpycnn.optimizers.rmsprop import RMSprop
from numpycnn.optimizers.sgd import SGD

__all__ = ["OPTIMIZERS", "SGD", "Adam", "Optimizer", "RMSprop"]

OPTIMIZERS |= {cls.__name__.lower(): cls for cls in (SGD, RMSprop, Adam)}


def get_optimizer(value: Any) -> Optimizer:
    """The optimizer given by name or as an object. Raises ValueError or TypeError for any other value."""
    if isinstance(value, Optimizer):
        return value
    name = value.lower() if isinstance(value, str) else value
    return checks.lookup("compile", "optimizer", name, OPTIMIZERS, kind="optimizers")()


explain_unknown_names(__name__)
