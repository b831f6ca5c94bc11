"""A network as it is executed, kept between calls for as long as no layer changes."""

from collections.abc import Sequence
from operator import is_
from typing import Any, NamedTuple

from numpycnn.layers.chain import Chain
from numpycnn.layers.container import every_layer


class Plan(NamedTuple):
    """A planned network, and all that it was planned for."""

    made_of: Sequence[Any]
    network: Chain
    least: int
    """The fewest examples that are divided."""
    portion: int
    """The examples that go through it together."""

    def fits(self, made_of: Sequence[Any]) -> bool:
        """Whether it was planned for the same objects."""
        return same(made_of, self.made_of)


def same(some: Sequence[Any], others: Sequence[Any]) -> bool:
    """Whether these are the same objects."""
    return len(some) == len(others) and all(map(is_, some, others))


def attributes(network: Chain) -> list[Any]:
    """Every layer inside, each followed by the values of its attributes; arrays are read anew at each call."""
    return [value for layer in every_layer(network.layers) for value in (layer, *vars(layer).values())]
