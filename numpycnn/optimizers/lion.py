"""Lion: steps of one length, in the direction of a sign."""

from typing import Any, Unpack

import numpy as np

from numpycnn.common import checks
from numpycnn.common.typing import Array
from numpycnn.optimizers.base import Optimizer, Slots
from numpycnn.optimizers.rate import Rate
from numpycnn.optimizers.settings import DecayOptions


class Lion(Optimizer):
    """The sign of a mean of the gradient, between its running mean and the newest.

        w = w - learning_rate*sign(beta_1*m + (1 - beta_1)*g)
        m = beta_2*m + (1 - beta_2)*g

    Takes a learning rate 3 to 10 times smaller than Adam's, and a weight_decay as many times larger.
    Source: Chen et al. 2023; Keras 3's Lion.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        **options: Unpack[DecayOptions],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = checks.number("Lion", "beta_1", beta_1, above=0.0, at_most=1.0)
        self.beta_2 = self.check_decay("beta_2", beta_2)

    def slots(self) -> tuple[str, ...]:
        return ("momentum",)

    def step(self, name: str, w: Array, g: Array, slots: Slots) -> None:
        m = slots["momentum"]
        w -= self.step_size * np.sign(self.beta_1 * m + (1.0 - self.beta_1) * g)
        m *= self.beta_2
        m += (1.0 - self.beta_2) * g

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2}
