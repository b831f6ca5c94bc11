"""What training changes in a model, to return to it later."""

from copy import deepcopy
from typing import Any, NamedTuple

from numpycnn.common.typing import Array
from numpycnn.models import Sequential
from numpycnn.optimizers import Optimizer


class Moment(NamedTuple):
    """Copies of a model's parameters and state by name, its optimizer with its slots, and the number of its steps.

    optimizer: None for a model that is not compiled; it cannot be trained, and is never restored.
    """

    arrays: dict[str, Array]
    optimizer: Any
    steps: int

    @property
    def nbytes(self) -> int:
        """The bytes of its arrays."""
        slots = () if self.optimizer is None else self.optimizer.state.values()
        return sum(a.nbytes for arrays in (self.arrays, *slots) for a in arrays.values())


def moment_of(model: Sequential) -> Moment:
    """The model as it is now."""
    return Moment({name: a.copy() for name, a in model.arrays.items()}, deepcopy(model.optimizer), model.steps)


def restore(model: Sequential, moment: Moment) -> None:
    """Make the model what it was at that moment; it may be restored again."""
    arrays = model.arrays
    for name, value in moment.arrays.items():
        arrays[name][...] = value
    model.steps = moment.steps
    use(model, deepcopy(moment.optimizer))


def use(model: Sequential, optimizer: Optimizer) -> None:
    """Train the model by another optimizer from now on."""
    optimizer.claim(model)
    model.optimizer = optimizer
