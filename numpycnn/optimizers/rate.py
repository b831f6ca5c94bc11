"""A learning rate: a number, or a schedule, which gives it as a function of the number of steps so far."""

from typing import Any

import numpy as np

from numpycnn.common import checks
from numpycnn.common.configuration import from_description
from numpycnn.optimizers.schedules import SCHEDULES, LearningRateSchedule, serialize
from numpycnn.optimizers.schedules.decay import TimeDecay

Rate = float | LearningRateSchedule


class LearningRate(float):
    """An optimizer's learning rate when it was read: a float, with the methods of Keras's variable."""

    def __new__(cls, value: float, optimizer: Any) -> "LearningRate":
        self = super().__new__(cls, value)
        self._optimizer = optimizer
        return self

    _optimizer: Any

    def assign(self, value: float) -> None:
        """Set the optimizer's learning rate. Raises TypeError or ValueError as setting the attribute does."""
        self._optimizer.learning_rate = value

    def numpy(self) -> np.float64:
        """The number."""
        return np.float64(self)

    def __reduce__(self) -> tuple[type[float], tuple[float]]:
        return float, (float(self),)  # a copy belongs to no optimizer


def check_rate(owner: str, value: Any) -> Rate:
    """A rate from a number of at least 0, a schedule, or the description of one. Raises TypeError or ValueError."""
    if isinstance(value, LearningRateSchedule):
        return value
    if isinstance(value, dict):
        return from_description(owner, "learning_rate", value, SCHEDULES)
    if callable(value):
        raise TypeError(
            f"{owner}: learning_rate must be a number or a schedule; give a function of your own as a subclass of "
            f"LearningRateSchedule; received {checks.short_repr(value)}"
        )
    return checks.number(owner, "learning_rate", value, at_least=0.0)


def replaced(owner: str, old: Rate, value: Any) -> Rate:
    """The rate after a new value is set. Raises as `check_rate`, and TypeError for a number in place of a schedule."""
    new = check_rate(owner, value)
    if isinstance(old, LearningRateSchedule) and isinstance(new, float):
        if isinstance(old, TimeDecay):
            return TimeDecay(new, old.decay)
        raise TypeError(
            f"{owner}: learning_rate is the schedule {type(old).__name__}, which only another schedule can replace; "
            "to set it to numbers, make the optimizer with a number"
        )
    return new


def at(owner: str, rate: Rate, step: int) -> float:
    """The learning rate of the step before which there were `step` others, as a plain float.

    Raises TypeError or ValueError for a schedule that does not give a number of at least 0.
    """
    if isinstance(rate, float):
        return rate
    return checks.number(owner, f"what {type(rate).__name__} returned", rate(step), at_least=0.0)


def readable(owner: str, rate: Rate, step: int) -> float:
    """The learning rate as it is shown, which is also what can be set."""
    return rate.initial_learning_rate if isinstance(rate, TimeDecay) else at(owner, rate, step)


def described(rate: Rate) -> Any:
    """The rate as a JSON value. Raises ValueError for a schedule of the user's own."""
    return serialize(rate) if isinstance(rate, LearningRateSchedule) else rate
