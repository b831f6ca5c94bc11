"""What older Keras took: `Adam(lr=0.01, epsilon=None, decay=1e-6)`."""

import warnings
from typing import Any

from numpycnn import backend
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
    warn(f"{owner}: decay is an older argument of Keras's: write learning_rate=InverseTimeDecay({rate}, 1, {decay})")
    return schedule


def todays_epsilon(owner: str) -> float:
    """What epsilon=None stood for."""
    warn(f"{owner}: epsilon=None is of an older Keras: leave it out, or write epsilon={backend.epsilon()}")
    return backend.epsilon()


def warn(message: str) -> None:
    """Warn of something older, at the line that constructs the optimizer."""
    warnings.warn(message, FutureWarning, stacklevel=2)
