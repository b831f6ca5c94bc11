"""Nadam: Adam with Nesterov's look ahead."""

from functools import cache
from math import prod
from typing import Any, Unpack

import numpy as np

from numpycnn.common.typing import Array
from numpycnn.optimizers.base import Optimizer, Slots
from numpycnn.optimizers.rate import Rate
from numpycnn.optimizers.settings import DecayOptions

DECAY = 0.96
"""Of the momentum's schedule."""

SETTLED = 1000
"""Steps after which DECAY**t is below the rounding of 1."""


class Nadam(Optimizer):
    """Adam whose mean looks a step ahead, with a momentum u that grows from beta_1/2 to beta_1; t counts steps.

        u_t = beta_1*(1 - 0.96**t/2),   U_t = u_1*u_2*...*u_t
        m = beta_1*m + (1 - beta_1)*g
        v = beta_2*v + (1 - beta_2)*g*g
        m_hat = u_(t+1)*m/(1 - U_(t+1)) + (1 - u_t)*g/(1 - U_t)
        w = w - learning_rate*m_hat/(sqrt(v/(1 - beta_2**t)) + epsilon)

    Source: Dozat 2016; Keras 3's Nadam.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = 1e-7,
        **options: Unpack[DecayOptions],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = self.check_decay("beta_1", beta_1)
        self.beta_2 = self.check_decay("beta_2", beta_2)
        self.epsilon = self.check_epsilon(epsilon)

    def slots(self) -> tuple[str, ...]:
        return ("momentum", "velocity")

    def step(self, name: str, w: Array, g: Array, slots: Slots) -> None:
        m, v, t = slots["momentum"], slots["velocity"], self.iterations + 1
        m += (1.0 - self.beta_1) * (g - m)
        v += (1.0 - self.beta_2) * (g * g - v)
        ahead = self.beta_1 * warm_up(t + 1) / (1.0 - self.momentum_product(t + 1))
        now = (1.0 - self.beta_1 * warm_up(t)) / (1.0 - self.momentum_product(t))
        w -= self.step_size * (ahead * m + now * g) / (np.sqrt(v / (1.0 - self.beta_2**t)) + self.epsilon)

    def momentum_product(self, t: int) -> float:
        """U_t."""
        return self.beta_1**t * warm_up_product(min(t, SETTLED))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}


def warm_up(t: int) -> float:
    """u_t/beta_1, which rises from one half to 1."""
    return 1.0 - 0.5 * DECAY**t


@cache
def warm_up_product(t: int) -> float:
    """The product of the first t of them."""
    return prod(map(warm_up, range(1, t + 1)))
