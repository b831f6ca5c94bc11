"""Schedules: the learning rate as a function of the number of steps so far.

`learning_rate=` of an optimizer takes one: `SGD(CosineDecay(0.1, 1000))`. They can be called: `schedule(step)`.

    base         what a schedule of one's own defines
    decay        ExponentialDecay, InverseTimeDecay, PolynomialDecay, PiecewiseConstantDecay
    cosine       CosineDecay, with a warm-up; CosineDecayRestarts
    one_cycle    OneCycle
"""

from typing import Any

from numpycnn.common.configuration import describe, from_description
from numpycnn.common.module_names import explain_unknown_names
from numpycnn.optimizers.schedules.base import LearningRateSchedule
from numpycnn.optimizers.schedules.cosine import CosineDecay, CosineDecayRestarts
from numpycnn.optimizers.schedules.decay import (
    ExponentialDecay,
    InverseTimeDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
    TimeDecay,
)
from numpycnn.optimizers.schedules.one_cycle import OneCycle

__all__ = [
    "SCHEDULES",
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "OneCycle",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]

SCHEDULES: dict[str, type[LearningRateSchedule]] = {
    cls.__name__: cls
    for cls in (
        ExponentialDecay,
        InverseTimeDecay,
        PolynomialDecay,
        PiecewiseConstantDecay,
        CosineDecay,
        CosineDecayRestarts,
        OneCycle,
        TimeDecay,
    )
}
"""The library's own schedules: the closed table for reading configurations."""


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict[str, Any]:
    """The schedule's configuration, {"class_name": ..., "config": ...}. Raises ValueError for user-defined classes."""
    return describe(learning_rate_schedule, SCHEDULES)


def deserialize(config: dict[str, Any]) -> LearningRateSchedule:
    """A new schedule from what `serialize` returned. Raises TypeError or ValueError for anything else."""
    return from_description("schedules.deserialize", "config", config, SCHEDULES)


explain_unknown_names(__name__)
