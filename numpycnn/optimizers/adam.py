"""Adam: a mean of the gradient, divided by the root of the mean of its squares; and AdamW, whose weights decay."""

from math import sqrt
from typing import Any, Unpack

import numpy as np

from numpycnn.common import checks
from numpycnn.common.typing import Array
from numpycnn.optimizers.base import Optimizer, Slots
from numpycnn.optimizers.rate import Rate
from numpycnn.optimizers.settings import DecayOptions, OptimizerOptions


class Adam(Optimizer):
    """Running means of the gradient and of its square, both corrected for their start at zero; t counts steps.

        m = beta_1*m + (1 - beta_1)*g
        v = beta_2*v + (1 - beta_2)*g*g
        alpha = learning_rate * sqrt(1 - beta_2**t)/(1 - beta_1**t)
        w = w - alpha*m/(sqrt(v) + epsilon)

    amsgrad: the largest v so far, entry by entry, takes the place of v in the last line.
    epsilon is outside the root. The state keeps m as "momentum" and v as "velocity", Keras's names. Source: Kingma
    and Ba 2015, the form before section 2.1; Reddi et al. 2018 for amsgrad; Keras 3's Adam.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = 1e-7,
        amsgrad: bool = False,
        **options: Unpack[DecayOptions],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = self.check_decay("beta_1", beta_1)
        self.beta_2 = self.check_decay("beta_2", beta_2)
        self.epsilon = self.check_epsilon(epsilon)
        self.amsgrad = checks.flag(type(self).__name__, "amsgrad", amsgrad)

    def slots(self) -> tuple[str, ...]:
        return ("momentum", "velocity", *["velocity_hat"] * self.amsgrad)

    def step(self, name: str, w: Array, g: Array, slots: Slots) -> None:
        m, v, t = slots["momentum"], slots["velocity"], self.iterations + 1
        change = np.subtract(g, m, out=np.empty_like(w))  # one array for all that follows
        change *= 1.0 - self.beta_1
        m += change
        np.multiply(g, g, out=change)
        change -= v
        change *= 1.0 - self.beta_2
        v += change
        if self.amsgrad:
            v = np.maximum(slots["velocity_hat"], v, out=slots["velocity_hat"])
        alpha = self.step_size * sqrt(1.0 - self.beta_2**t) / (1.0 - self.beta_1**t)
        np.sqrt(v, out=change)
        change += self.epsilon
        np.divide(m, change, out=change)
        change *= alpha
        w -= change

    def get_config(self) -> dict[str, Any]:
        own = {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon, "amsgrad": self.amsgrad}
        return {**super().get_config(), **own}


class AdamW(Adam):
    """Adam with weight decay beside the gradient, and not in it: w = w - weight_decay*learning_rate*w before each step.

    Source: Loshchilov and Hutter 2019; Keras 3's AdamW.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = 1e-7,
        amsgrad: bool = False,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        weight_decay = self.check("weight_decay", weight_decay)
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **options)
