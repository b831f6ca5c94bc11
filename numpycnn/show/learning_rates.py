"""A learning-rate finder: the loss while the learning rate rises, which shows the rates that training can take.

Source: Smith 2017, "Cyclical learning rates for training neural networks", section 3.3.
"""

from copy import deepcopy
from typing import Any

import numpy as np

from numpycnn.callbacks import TerminateOnNaN
from numpycnn.callbacks.base import Logs
from numpycnn.common import checks
from numpycnn.common.typing import Array
from numpycnn.engine.network import Network
from numpycnn.optimizers.schedules import LearningRateSchedule

MEMORY = 0.9  # of the moving average that smooths the losses
DIVERGED = 4.0  # times the least smoothed loss
MARGIN = 10.0  # from the rate at which the loss is least to one at which it falls


class LearningRates:
    """What `find_learning_rate` found: the learning rate and the loss of each batch.

    learning_rates, losses, smoothed: (steps,); smoothed is the bias-corrected moving average of the losses. suggested:
    a tenth of the rate at which that is least: a peak for a schedule such as OneCycle.
    """

    def __init__(self, learning_rates: Array, losses: Array) -> None:
        self.learning_rates, self.losses = learning_rates, losses
        self.smoothed = np.array(list(map(Smoothed().add, losses)))
        self.suggested = float(learning_rates[self.smoothed.argmin()] / MARGIN)

    def __repr__(self) -> str:
        first, last = self.learning_rates[[0, -1]]
        return (
            f"<LearningRates: {len(self.losses)} steps from {first:.2g} to {last:.2g}, suggested {self.suggested:.2g}>"
        )


class Smoothed:
    """The moving average, total[k] = MEMORY * total[k - 1] + (1 - MEMORY) * losses[k], over the same sum of weights."""

    def __init__(self) -> None:
        self.total = self.weight = 0.0

    def add(self, loss: float) -> float:
        """The average with another loss."""
        self.total = MEMORY * self.total + (1 - MEMORY) * loss
        self.weight = MEMORY * self.weight + (1 - MEMORY)
        return self.total / self.weight


class Rising(LearningRateSchedule):
    """lowest * factor**(step - begin)."""

    def __init__(self, lowest: float, factor: float, begin: int) -> None:
        self.lowest, self.factor, self.begin = lowest, factor, begin

    def __call__(self, step: float) -> float:
        return self.lowest * self.factor ** (step - self.begin)


class StopWhereItDiverges(TerminateOnNaN):
    """End training where a loss is not finite, or the smoothed one far above its least."""

    def __init__(self) -> None:
        super().__init__()
        self.losses: list[float] = []
        self.average, self.least = Smoothed(), np.inf

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self.losses.append((logs or {})["loss"])
        average = self.average.add(self.losses[-1])
        self.least = min(self.least, average)
        if not average <= DIVERGED * self.least:
            self.model.stop_training = True


def find_learning_rate(
    model: Any,
    x: Any = None,
    y: Any = None,
    batch_size: int | None = None,
    *,
    lowest: float = 1e-6,
    highest: float = 1.0,
    steps: int = 100,
    sample_weight: Any = None,
    class_weight: Any = None,
    workers: int | None = None,
) -> LearningRates:
    """Train a copy of a compiled model for some steps, in which the learning rate rises from lowest to highest.

    The rate is multiplied by the same factor at each step. It ends before where the loss is not finite, or far above
    its least. The model itself does not change. x, y, batch_size, sample_weight, class_weight, workers: as for `fit`.
    `numpycnn.plot.learning_rates` draws what it returns.

    Raises TypeError or ValueError for other arguments, and for a loss that is not finite at the lowest rate.
    """
    owner = "find_learning_rate"
    if not isinstance(model, Network):
        raise TypeError(f"{owner}: model must be a Sequential; received {checks.short_repr(model)}")
    copy: Any = deepcopy(model)
    if copy.optimizer is None:
        raise ValueError(f"{owner}: model must be compiled; call compile before")
    lowest = checks.number(owner, "lowest", lowest, above=0.0)
    highest = checks.number(owner, "highest", highest, above=lowest)
    steps = checks.integer(owner, "steps", steps, at_least=2)
    rising = Rising(lowest, (highest / lowest) ** (1 / (steps - 1)), copy.optimizer.iterations)
    copy.optimizer.learning_rate = rising
    given = {"sample_weight": sample_weight, "class_weight": class_weight, "workers": workers}
    watching = StopWhereItDiverges()
    with np.errstate(all="ignore"):  # it is to find where numbers overflow
        copy.fit(x, y, batch_size, steps, 0, [watching], steps_per_epoch=1, **given)  # an epoch is a batch
    losses = np.array(watching.losses)
    losses = losses[np.isfinite(losses)]
    if not losses.size:
        raise ValueError(f"{owner}: the loss is not finite at the lowest learning rate, {lowest:g}; choose a lower one")
    return LearningRates(np.array([rising(rising.begin + k) for k in range(len(losses))]), losses)
