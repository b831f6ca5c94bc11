"""What the page can change about training: the learning rate, the batch size, the optimizer."""

from typing import Any

from numpycnn.optimizers import OPTIMIZERS, Optimizer, get_optimizer
from numpycnn.optimizers.schedules import LearningRateSchedule
from numpycnn.show.serve.protocol import RequestError

SETTINGS = ("learning_rate", "batch_size", "optimizer")
MAX_RATE = 1e6


def setting_of(asked: Any) -> tuple[str, Any]:
    """(name, value) of an object with one of `SETTINGS`. Raises RequestError for anything else."""
    if not isinstance(asked, dict) or len(asked) != 1 or not asked.keys() <= set(SETTINGS):
        raise RequestError(400, f"expected an object with one of {', '.join(SETTINGS)}")
    return next(iter(asked.items()))


def described(optimizer: Optimizer | None) -> dict[str, Any]:
    """The optimizer's name and learning rate as JSON values.

    "learning_rate" is the number that can be set; None where a schedule computes it, whose class is "schedule".
    """
    if optimizer is None:
        return {"optimizer": None, "learning_rate": None, "schedule": None}
    rate = optimizer._rate
    schedule = type(rate).__name__ if isinstance(rate, LearningRateSchedule) else None
    number = None if schedule else float(optimizer.learning_rate)
    return {"optimizer": type(optimizer).__name__.lower(), "learning_rate": number, "schedule": schedule}


def set_learning_rate(optimizer: Optimizer, value: Any) -> None:
    """Set the learning rate. Raises RequestError for another value, and where a schedule computes it."""
    schedule = described(optimizer)["schedule"]
    if schedule:
        raise RequestError(409, f"learning_rate: the schedule {schedule} computes it; choose an optimizer to set it")
    if type(value) not in (int, float) or not 0 <= value <= MAX_RATE:
        raise RequestError(400, f"learning_rate: expected a number from 0 to {MAX_RATE:g}")
    optimizer.learning_rate = value


def batch_size_of(value: Any, examples: int) -> int:
    """The batch size. Raises RequestError unless it is from 1 to the number of examples."""
    if type(value) is not int or not 1 <= value <= examples:
        raise RequestError(400, f"batch_size: expected a whole number from 1 to {examples}")
    return value


def optimizer_of(value: Any) -> Optimizer:
    """A new optimizer by its name, with its default learning rate. Raises RequestError for another name."""
    if value not in list(OPTIMIZERS):
        raise RequestError(400, f"optimizer: expected one of {', '.join(OPTIMIZERS)}")
    return get_optimizer(value)
