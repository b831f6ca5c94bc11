"""RMSprop: steps of about one length, whatever the gradient's."""

from typing import Any, Unpack

import numpy as np

from numpycnn.common import checks
from numpycnn.common.typing import Array
from numpycnn.optimizers.base import Optimizer, Slots
from numpycnn.optimizers.rate import Rate
from numpycnn.optimizers.settings import DecayOptions


class RMSprop(Optimizer):
    """Each gradient divided by the root of a running mean of its squares.

        a = rho*a + (1 - rho)*g*g            running mean of squares
        m = rho*m + (1 - rho)*g              running mean, if centered
        d = a                                or, if centered, the variance max(a - m*m, 0)
        v = momentum*v + learning_rate*g/sqrt(d + epsilon)
        w = w - v

    epsilon is inside the root. Source: Tieleman and Hinton 2012; Keras 3's RMSprop.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float | None = 1e-7,
        centered: bool = False,
        **options: Unpack[DecayOptions],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.rho = self.check_decay("rho", rho)
        self.momentum = self.check_decay("momentum", momentum)
        self.epsilon = self.check_epsilon(epsilon)
        self.centered = checks.flag("RMSprop", "centered", centered)

    def slots(self) -> tuple[str, ...]:
        return ("mean_square", *["mean"] * self.centered, *["velocity"] * bool(self.momentum))

    def step(self, name: str, w: Array, g: Array, slots: Slots) -> None:
        a, change = slots["mean_square"], np.empty_like(w)
        np.multiply(g, 1.0 - self.rho, out=change)
        change *= g
        a *= self.rho
        a += change
        d = a
        if self.centered:
            m = slots["mean"]
            m *= self.rho
            m += (1.0 - self.rho) * g
            d = np.maximum(a - m * m, 0.0)
        root = np.add(d, self.epsilon, out=np.empty_like(w))
        np.sqrt(root, out=root)
        np.multiply(g, self.step_size, out=change)
        change /= root
        if self.momentum:
            v = slots["velocity"]
            v *= self.momentum
            v += change
            change = v
        w -= change

    def get_config(self) -> dict[str, Any]:
        own = {"rho": self.rho, "momentum": self.momentum, "epsilon": self.epsilon, "centered": self.centered}
        return {**super().get_config(), **own}
