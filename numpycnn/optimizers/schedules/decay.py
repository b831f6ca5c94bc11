"""Schedules that only fall: by a factor, by the time, by a polynomial, in steps."""

from bisect import bisect_left
from math import ceil, floor
from typing import Any

from numpycnn.common import checks
from numpycnn.optimizers.schedules.base import LearningRateSchedule


class ExponentialDecay(LearningRateSchedule):
    """initial_learning_rate * decay_rate**(step/decay_steps).

    staircase: the exponent is rounded down. Raises TypeError or ValueError unless decay_steps is above 0, and the
    others at least 0. Source: Keras's ExponentialDecay.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        owner = type(self).__name__
        self.initial_learning_rate = self.check("initial_learning_rate", initial_learning_rate)
        self.decay_steps = self.check_steps("decay_steps", decay_steps)
        self.decay_rate = self.check("decay_rate", decay_rate)
        self.staircase = checks.flag(owner, "staircase", staircase)
        self.name = checks.text(owner, "name", name)

    def __call__(self, step: float) -> float:
        return self.initial_learning_rate * self.decay_rate ** self.periods(step)

    def periods(self, step: float) -> float:
        """step/decay_steps."""
        periods = self.check("step", step) / self.decay_steps
        return floor(periods) if self.staircase else periods

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "decay_rate": self.decay_rate,
            "staircase": self.staircase,
            "name": self.name,
        }


class InverseTimeDecay(ExponentialDecay):
    """initial_learning_rate / (1 + decay_rate*step/decay_steps).

    Arguments and errors as for ExponentialDecay. Source: Keras's InverseTimeDecay.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        super().__init__(initial_learning_rate, decay_steps, decay_rate, staircase, name)

    def __call__(self, step: float) -> float:
        return self.initial_learning_rate / (1.0 + self.decay_rate * self.periods(step))


class PolynomialDecay(LearningRateSchedule):
    """From initial_learning_rate to end_learning_rate in decay_steps, along a power of the steps that are left.

        (initial_learning_rate - end_learning_rate) * (1 - step/decay_steps)**power + end_learning_rate

    cycle: start again whenever the end is reached, with as many times decay_steps; otherwise it stays at the end.
    Raises TypeError or ValueError unless decay_steps is above 0, and the others at least 0.
    Source: Keras's PolynomialDecay.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        owner = type(self).__name__
        self.initial_learning_rate = self.check("initial_learning_rate", initial_learning_rate)
        self.decay_steps = self.check_steps("decay_steps", decay_steps)
        self.end_learning_rate = self.check("end_learning_rate", end_learning_rate)
        self.power = self.check("power", power)
        self.cycle = checks.flag(owner, "cycle", cycle)
        self.name = checks.text(owner, "name", name)

    def __call__(self, step: float) -> float:
        periods = self.check("step", step) / self.decay_steps
        done = periods / max(1, ceil(periods)) if self.cycle else min(periods, 1.0)
        left = (1.0 - done) ** self.power
        return (self.initial_learning_rate - self.end_learning_rate) * left + self.end_learning_rate

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "end_learning_rate": self.end_learning_rate,
            "power": self.power,
            "cycle": self.cycle,
            "name": self.name,
        }


class PiecewiseConstantDecay(LearningRateSchedule):
    """values[0] up to the step boundaries[0], that one included, then values[1] up to boundaries[1], and so on.

    Raises TypeError or ValueError unless boundaries are rising numbers, and values one number more, of at least 0.
    Source: Keras's PiecewiseConstantDecay.
    """

    def __init__(self, boundaries: list[float], values: list[float], name: str = "PiecewiseConstant") -> None:
        owner = type(self).__name__
        self.boundaries = [self.check("boundaries", one) for one in checks.sequence(owner, "boundaries", boundaries)]
        count = len(self.boundaries) + 1
        self.values = [self.check("values", one) for one in checks.sequence(owner, "values", values, length=count)]
        if sorted(set(self.boundaries)) != self.boundaries:
            raise ValueError(f"{owner}: boundaries must rise; received {checks.short_repr(boundaries)}")
        self.name = checks.text(owner, "name", name)

    def __call__(self, step: float) -> float:
        return self.values[bisect_left(self.boundaries, self.check("step", step))]

    def get_config(self) -> dict[str, Any]:
        return {"boundaries": self.boundaries, "values": self.values, "name": self.name}


class TimeDecay(LearningRateSchedule):
    """initial_learning_rate / (1 + decay*step): Keras 2's `decay=` of all optimizers, see `older.py`.

    An optimizer's learning_rate, as it is read and set, is then the initial one, as in Keras 2.
    """

    def __init__(self, initial_learning_rate: float, decay: float) -> None:
        self.initial_learning_rate = self.check("initial_learning_rate", initial_learning_rate)
        self.decay = self.check("decay", decay)

    def __call__(self, step: float) -> float:
        return self.initial_learning_rate / (1.0 + self.decay * self.check("step", step))

    def get_config(self) -> dict[str, Any]:
        return {"initial_learning_rate": self.initial_learning_rate, "decay": self.decay}
