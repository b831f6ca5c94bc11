"""The one-cycle schedule: up, and far down again. Keras has none; this is PyTorch's OneCycleLR."""

from typing import Any

from numpycnn.common import checks
from numpycnn.optimizers.schedules.base import LearningRateSchedule
from numpycnn.optimizers.schedules.cosine import half_cosine

STRATEGIES = ("cos", "linear")


class OneCycle(LearningRateSchedule):
    """Up from max_learning_rate/div_factor to max_learning_rate, then down to that beginning over final_div_factor.

    total_steps: of the whole training; after them it stays at the end. pct_start: the fraction in which it rises,
    above 0 and below 1. anneal_strategy: "cos", along half cosines, or "linear". three_phase: come down as fast as it
    rose, to where it began, and only then to the end. The momentum stays as it is, unlike PyTorch's default.

    Raises TypeError or ValueError for other values. Source: Smith and Topin 2018; PyTorch's OneCycleLR.
    """

    def __init__(
        self,
        max_learning_rate: float,
        total_steps: int,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        name: str = "OneCycle",
    ) -> None:
        owner = type(self).__name__
        self.max_learning_rate = self.check("max_learning_rate", max_learning_rate)
        self.total_steps = checks.size(owner, "total_steps", total_steps)
        self.pct_start = checks.number(owner, "pct_start", pct_start, above=0.0, below=1.0)
        self.anneal_strategy = checks.choice(owner, "anneal_strategy", anneal_strategy, STRATEGIES)
        self.div_factor = self.check_steps("div_factor", div_factor)
        self.final_div_factor = self.check_steps("final_div_factor", final_div_factor)
        self.three_phase = checks.flag(owner, "three_phase", three_phase)
        self.name = checks.text(owner, "name", name)

    def __call__(self, step: float) -> float:
        step = min(self.check("step", step), self.total_steps - 1)
        begin, end, high, low = next(phase for phase in self.phases() if step <= phase[1])
        done = (step - begin) / (end - begin) if end > begin else 1.0
        left = half_cosine(done) if self.anneal_strategy == "cos" else 1.0 - done
        return low + (high - low) * left

    def phases(self) -> list[tuple[float, float, float, float]]:
        """(first step, last step, rate at the first, rate at the last) of each phase."""
        first = self.max_learning_rate / self.div_factor
        rise, last = self.pct_start * self.total_steps - 1.0, self.total_steps - 1.0
        up = (0.0, rise, first, self.max_learning_rate)
        if not self.three_phase:
            return [up, (rise, last, self.max_learning_rate, first / self.final_div_factor)]
        fall = 2.0 * self.pct_start * self.total_steps - 2.0
        return [up, (rise, fall, self.max_learning_rate, first), (fall, last, first, first / self.final_div_factor)]

    def get_config(self) -> dict[str, Any]:
        return {
            "max_learning_rate": self.max_learning_rate,
            "total_steps": self.total_steps,
            "pct_start": self.pct_start,
            "anneal_strategy": self.anneal_strategy,
            "div_factor": self.div_factor,
            "final_div_factor": self.final_div_factor,
            "three_phase": self.three_phase,
            "name": self.name,
        }
