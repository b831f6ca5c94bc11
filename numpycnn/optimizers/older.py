"""What older Keras took: `Adam(lr=0.01, epsilon=None, decay=1e-6)`."""

from typing import Any

from numpycnn import backend
from numpycnn.common.older import warn
from numpycnn.optimizers.rate import Rate
from numpycnn.optimizers.schedules import LearningRateSchedule
from numpycnn.optimizers.schedules.decay import TimeDecay


def decayed(owner: str, rate: Rate, decay: Any) -> Rate:
    """The rate with Keras 2's decay; None and 0 are none.

    Raises TypeError or ValueError unless it is a number of at least 0, and for the decay of a schedule.
    """
    if decay is None:
        return rate
    if isinstance(rate, LearningRateSchedule):
        raise ValueError(f"{owner}: decay is for a learning_rate that is a number; received {type(rate).__name__}")
    schedule = TimeDecay(rate, decay)
    if not schedule.decay:
        return rate
    warn("decay", f"write learning_rate=optimizers.schedules.InverseTimeDecay({rate}, 1, {decay})")
    return schedule


def todays_epsilon() -> float:
    """What epsilon=None stood for."""
    warn("epsilon=None", f"leave it out, or write epsilon={backend.epsilon()}")
    return backend.epsilon()


def without_schedule_decay(optimizer: object, value: Any) -> None:
    """Say what became of the argument of Keras 2's Nadam."""
    warn("schedule_decay", "leave it out; Nadam's momentum has the schedule of Keras 3")
