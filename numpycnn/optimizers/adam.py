"""Adam: a mean of the gradient, divided by the root of the mean of its squares."""

from math import sqrt
from typing import Any

import numpy as np

from numpycnn.common.typing import Array
from numpycnn.optimizers.base import Optimizer, Slots


class Adam(Optimizer):
    """Running means of the gradient and of its square, both corrected for their start at zero; t counts steps.

        m = beta_1*m + (1 - beta_1)*g
        v = beta_2*v + (1 - beta_2)*g*g
        alpha = learning_rate * sqrt(1 - beta_2**t)/(1 - beta_1**t)
        w = w - alpha*m/(sqrt(v) + epsilon)

    epsilon is outside the root. The state keeps m as "momentum" and v as "velocity", Keras's names. Source: Kingma
    and Ba 2015, the form before section 2.1; Keras 3's Adam.
    """

    def __init__(
        self, learning_rate: float = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7
    ) -> None:
        super().__init__(learning_rate)
        self.beta_1 = self.check_decay("beta_1", beta_1)
        self.beta_2 = self.check_decay("beta_2", beta_2)
        self.epsilon = self.check("epsilon", epsilon)

    def slots(self) -> tuple[str, ...]:
        return ("momentum", "velocity")

    def step(self, name: str, w: Array, g: Array, slots: Slots) -> None:
        m, v, t = slots["momentum"], slots["velocity"], self.iterations
        m += (1.0 - self.beta_1) * (g - m)
        v += (1.0 - self.beta_2) * (g * g - v)
        alpha = self.learning_rate * sqrt(1.0 - self.beta_2**t) / (1.0 - self.beta_1**t)
        w -= alpha * m / (np.sqrt(v) + self.epsilon)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
