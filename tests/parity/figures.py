"""What is computed of a case, by whom ever, and how far apart two such results are."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

import numpy as np

from numpycnn.common.typing import Array
from parity.draw import Case, trained

STEPS = 10


class Figures(NamedTuple):
    """A case's numbers: at its first weights, and along ten steps of training on the same batch."""

    output: Array
    """In training."""
    losses: Array
    """The loss before each step; the first is at the first weights."""
    gradients: list[Array]
    """Of the mean loss at the first weights, in the order of the weights that are trained; last that of the input."""
    moving: list[Array]
    """The moving averages after the first step."""
    weights: list[Array]
    """After the last step."""
    inference: Array
    """The output after the last step, dropout off and by the moving averages."""


class Result(NamedTuple):
    """What a network says of a batch, before it learns from it."""

    output: Array
    loss: float
    gradients: list[Array]
    """As in `Figures`."""


class Network(Protocol):
    """A case's network, as each side has one: `Network(case, dtype)`."""

    def step(self, x: Array, y: Array) -> Result:
        """Learn from a batch, and say all about it."""

    def learn(self, x: Array, y: Array) -> float:
        """Learn from a batch, and say only the loss before."""

    def weights(self) -> list[Array]:
        """The weights as they are now."""

    def infer(self, x: Array) -> Array:
        """The output in inference."""


def figures(network: Network, case: Case) -> Figures:
    """The figures of a new network of that case."""
    first = network.step(case.x, case.y)
    moving = [w for w, is_trained in zip(network.weights(), trained(case.spec), strict=True) if not is_trained]
    losses = np.array([first.loss, *(network.learn(case.x, case.y) for _ in range(1, STEPS))])
    return Figures(first.output, losses, first.gradients, moving, network.weights(), network.infer(case.x))


class Errors(NamedTuple):
    """How far apart two results are: the largest difference, in units of the largest number."""

    output: float
    loss: float
    """The first."""
    gradients: float
    """All gradients are taken as one array: one that is zero but for rounding has no scale of its own."""
    moving: float
    """The moving averages after the first step, each."""
    training: float
    """All losses, and each of the weights and the output in inference at the end."""


BOUNDS = {
    "float64": Errors(output=1e-12, loss=1e-12, gradients=1e-12, moving=1e-12, training=1e-9),
    "float32": Errors(output=1e-5, loss=1e-5, gradients=1e-5, moving=1e-5, training=np.inf),
}
"""What is held to, by dtype. Ten steps multiply what rounding began; of float32 nothing is asked there."""


def errors(claimed: Figures, true: Figures) -> Errors:
    """The errors of the one, taking the other as true."""
    return Errors(
        error(claimed.output, true.output),
        error(claimed.losses[:1], true.losses[:1]),
        error(joined(claimed.gradients), joined(true.gradients)),
        max(map(error, claimed.moving, true.moving), default=0.0),
        max(map(error, at_the_end(claimed), at_the_end(true))),
    )


def at_the_end(figures: Figures) -> list[Array]:
    """What ten steps led to."""
    return [figures.losses, *figures.weights, figures.inference]


def error(claimed: Array, true: Array) -> float:
    """The largest difference, in units of the largest entry; infinite where shapes differ or a number is not finite."""
    if claimed.shape != true.shape or not np.isfinite(claimed).all():
        return np.inf
    scale = np.abs(true).max(initial=0.0)
    return float(np.abs(claimed - true).max(initial=0.0) / (scale or 1.0))


def joined(arrays: Iterable[Array]) -> Array:
    """All numbers of the arrays in one row."""
    return np.concatenate([array.ravel() for array in arrays])


def worst(found: list[Errors]) -> Errors:
    """The largest of each."""
    return Errors(*(max(values) for values in zip(*found, strict=True)))


def print_errors(found: Errors, bounds: Errors) -> None:
    """A line for each error, with its bound."""
    for name in Errors._fields:
        print(f"  {name:<10} {getattr(found, name):.1e}, bound {getattr(bounds, name):.0e}")


def within(found: Errors, bounds: Errors) -> bool:
    """Whether every error is at most its bound."""
    return all(value <= bound for value, bound in zip(found, bounds, strict=True))
