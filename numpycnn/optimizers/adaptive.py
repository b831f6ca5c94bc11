"""Adagrad and its two successors: each entry's step by the size that its gradients had so far."""

from typing import Any, Unpack

import numpy as np

from numpycnn.common.typing import Array
from numpycnn.optimizers.base import Optimizer, Slots
from numpycnn.optimizers.rate import Rate
from numpycnn.optimizers.settings import DecayOptions


class Adagrad(Optimizer):
    """Each gradient divided by the root of the sum of its squares so far.

        a = a + g*g                          from initial_accumulator_value on
        w = w - learning_rate*g/sqrt(a + epsilon)

    Source: Duchi et al. 2011; Keras 3's Adagrad.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float | None = 1e-7,
        **options: Unpack[DecayOptions],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.initial_accumulator_value = self.check("initial_accumulator_value", initial_accumulator_value)
        self.epsilon = self.check_epsilon(epsilon)

    def slots(self) -> tuple[str, ...]:
        return ("accumulator",)

    def initial(self, slot: str) -> float:
        return self.initial_accumulator_value

    def step(self, name: str, w: Array, g: Array, slots: Slots) -> None:
        a = slots["accumulator"]
        a += g * g
        w -= self.step_size * g / np.sqrt(a + self.epsilon)

    def get_config(self) -> dict[str, Any]:
        own = {"initial_accumulator_value": self.initial_accumulator_value, "epsilon": self.epsilon}
        return {**super().get_config(), **own}


class Adadelta(Optimizer):
    """Adagrad with a running mean in the place of the sum, and steps in the units of w.

        a = rho*a + (1 - rho)*g*g
        change = g * sqrt(d + epsilon)/sqrt(a + epsilon)
        d = rho*d + (1 - rho)*change*change
        w = w - learning_rate*change

    The state keeps a as "accumulated_grad" and d as "accumulated_delta_var", Keras's names. The paper's learning rate
    is 1. Source: Zeiler 2012; Keras 3's Adadelta.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        rho: float = 0.95,
        epsilon: float | None = 1e-7,
        **options: Unpack[DecayOptions],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.rho = self.check_decay("rho", rho)
        self.epsilon = self.check_epsilon(epsilon)

    def slots(self) -> tuple[str, ...]:
        return ("accumulated_grad", "accumulated_delta_var")

    def step(self, name: str, w: Array, g: Array, slots: Slots) -> None:
        a, d = slots["accumulated_grad"], slots["accumulated_delta_var"]
        a *= self.rho
        a += (1.0 - self.rho) * g * g
        change = g * np.sqrt(d + self.epsilon) / np.sqrt(a + self.epsilon)
        d *= self.rho
        d += (1.0 - self.rho) * change * change
        w -= self.step_size * change

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rho": self.rho, "epsilon": self.epsilon}


class Adamax(Optimizer):
    """Adam with the largest gradient so far, which slowly fades, in the place of the root of the mean square.

        m = beta_1*m + (1 - beta_1)*g
        u = max(beta_2*u, |g|)
        w = w - learning_rate/(1 - beta_1**t) * m/(u + epsilon)

    t counts steps. The state keeps m as "momentum" and u as "norm", Keras's names. Source: Kingma and Ba 2015, section
    7.1; Keras 3's Adamax.
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
        return ("momentum", "norm")

    def step(self, name: str, w: Array, g: Array, slots: Slots) -> None:
        m, u, t = slots["momentum"], slots["norm"], self.iterations + 1
        m += (1.0 - self.beta_1) * (g - m)
        np.maximum(self.beta_2 * u, np.abs(g), out=u)
        w -= self.step_size / (1.0 - self.beta_1**t) * m / (u + self.epsilon)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
