"""Schedules along half a cosine: with a warm-up before, with restarts."""

from math import cos, floor, log, pi
from typing import Any

from numpycnn.common import checks
from numpycnn.optimizers.schedules.base import LearningRateSchedule


class CosineDecay(LearningRateSchedule):
    """Down along half a cosine in decay_steps, to the fraction alpha of where it began.

        begin * ((1 - alpha)*(1 + cos(pi*step/decay_steps))/2 + alpha)

    It begins at initial_learning_rate. With a warmup_target it first rises from there to that target in a straight
    line, in warmup_steps, and begins at the target. Raises TypeError or ValueError unless decay_steps is above 0, and
    the others at least 0; warmup_target may be None. Source: Keras's CosineDecay; Loshchilov and Hutter 2017.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ) -> None:
        self.initial_learning_rate = self.check("initial_learning_rate", initial_learning_rate)
        self.decay_steps = self.check_steps("decay_steps", decay_steps)
        self.alpha = self.check("alpha", alpha)
        self.name = checks.text(type(self).__name__, "name", name)
        self.warmup_target = None if warmup_target is None else self.check("warmup_target", warmup_target)
        self.warmup_steps = self.check("warmup_steps", warmup_steps)

    def __call__(self, step: float) -> float:
        step, begin = self.check("step", step), self.initial_learning_rate
        if self.warmup_target is not None:
            if step < self.warmup_steps:
                return (self.warmup_target - begin) * step / self.warmup_steps + begin
            step, begin = step - self.warmup_steps, self.warmup_target
        return begin * ((1.0 - self.alpha) * half_cosine(min(step / self.decay_steps, 1.0)) + self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "alpha": self.alpha,
            "name": self.name,
            "warmup_target": self.warmup_target,
            "warmup_steps": self.warmup_steps,
        }


class CosineDecayRestarts(LearningRateSchedule):
    """Half cosines one after another: each t_mul times as long as the one before, and m_mul times as high.

        initial_learning_rate * ((1 - alpha)*m_mul**k*(1 + cos(pi*f))/2 + alpha)

    k counts restarts, and f is the fraction that is done of this half cosine; the first takes first_decay_steps.
    Raises TypeError or ValueError unless first_decay_steps is above 0, t_mul at least 1, and the others at least 0.
    Source: Keras's CosineDecayRestarts; Loshchilov and Hutter 2017.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        owner = type(self).__name__
        self.initial_learning_rate = self.check("initial_learning_rate", initial_learning_rate)
        self.first_decay_steps = self.check_steps("first_decay_steps", first_decay_steps)
        self.t_mul = checks.number(owner, "t_mul", t_mul, at_least=1.0)
        self.m_mul = self.check("m_mul", m_mul)
        self.alpha = self.check("alpha", alpha)
        self.name = checks.text(owner, "name", name)

    def __call__(self, step: float) -> float:
        restarts, done = self.position(self.check("step", step) / self.first_decay_steps)
        high = self.m_mul**restarts
        return self.initial_learning_rate * ((1.0 - self.alpha) * high * half_cosine(done) + self.alpha)

    def position(self, periods: float) -> tuple[int, float]:
        """How many restarts there were, and the fraction done since; periods are as long as the first."""
        if self.t_mul == 1.0:
            return floor(periods), periods - floor(periods)
        restarts = floor(log(1.0 - periods * (1.0 - self.t_mul)) / log(self.t_mul))
        before = (1.0 - self.t_mul**restarts) / (1.0 - self.t_mul)
        return restarts, (periods - before) / self.t_mul**restarts

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "first_decay_steps": self.first_decay_steps,
            "t_mul": self.t_mul,
            "m_mul": self.m_mul,
            "alpha": self.alpha,
            "name": self.name,
        }


def half_cosine(done: float) -> float:
    """From 1 to 0 as the fraction that is done goes from 0 to 1."""
    return (1.0 + cos(pi * done)) / 2.0
