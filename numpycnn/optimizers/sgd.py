"""Stochastic gradient descent, with momentum."""

from typing import Any, Unpack

from numpycnn.common import checks
from numpycnn.common.typing import Array
from numpycnn.optimizers.base import Optimizer, Slots
from numpycnn.optimizers.rate import Rate
from numpycnn.optimizers.settings import DecayOptions


class SGD(Optimizer):
    """Stochastic gradient descent, optionally with momentum.

        v = momentum*v - learning_rate*g
        w = w + v        or with nesterov   w = w + momentum*v - learning_rate*g

    Source: Keras 3's SGD.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **options: Unpack[DecayOptions],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.momentum = self.check_decay("momentum", momentum)
        self.nesterov = checks.flag("SGD", "nesterov", nesterov)

    def slots(self) -> tuple[str, ...]:
        return ("velocity",) if self.momentum else ()

    def step(self, name: str, w: Array, g: Array, slots: Slots) -> None:
        change = -self.step_size * g
        if self.momentum:
            v = slots["velocity"]
            v *= self.momentum
            v += change
            change = self.momentum * v + change if self.nesterov else v
        w += change

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}
