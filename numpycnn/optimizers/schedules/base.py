"""The base class of schedules."""

from typing import Any

from numpycnn.common import checks
from numpycnn.common.configuration import Configurable
from numpycnn.common.explained import Explained


class LearningRateSchedule(Configurable, Explained):
    """Base class of schedules: the learning rate as a function of the number of steps so far.

    A subclass of your own defines `__call__(step)`, and `get_config` if its optimizer's is asked for.
    Source: Keras's LearningRateSchedule.
    """

    def __call__(self, step: float) -> float:
        """The learning rate of the step before which there were `step` others, a number of at least 0."""
        raise NotImplementedError(f"{type(self).__name__} does not define __call__(step)")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as JSON values."""
        raise NotImplementedError(f"{type(self).__name__} does not define get_config")

    def check(self, argument: str, value: Any) -> float:
        """The value as a float. Raises TypeError or ValueError unless it is a number of at least 0."""
        return checks.number(type(self).__name__, argument, value, at_least=0.0)

    def check_steps(self, argument: str, value: Any) -> float:
        """The value as a float. Raises TypeError or ValueError unless it is a number above 0."""
        return checks.number(type(self).__name__, argument, value, above=0.0)
