"""What a pass through a network calls: a layer, a block of layers that are computed as one, or a chain of these.

A batch is worked through in micro-batches. A stage that looks at one example at a time is simply called, with each of
them. One that looks across the examples of the batch, such as batch normalization, needs all of them at once: there the
pass of every micro-batch waits until the others have come as far, hands in its part, and goes on with the answer. That
is why `forward_micro` and `backward_micro` are coroutines: they yield an `Exchange`, and are sent the answer.
`run_alone` drives one whose micro-batch is the whole batch; `engine/training.py` drives many side by side.
"""

from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar

import numpy as np

from numpycnn.common.typing import Array, Rng

Cache = Any
"""What a forward hands to its backward. Each layer's own `forward` says what it holds."""

Gradients = dict[str, Array]
"""The gradients of the loss by the names of the parameters."""


class Exchange(NamedTuple):
    """What a micro-batch hands in where a layer looks across the batch, and how its question is answered."""

    part: Any
    answer: Callable[[list[Any]], list[Any]]
    """Takes the parts of all micro-batches, in their order, and gives each its answer."""


Result = TypeVar("Result")
Micro = Generator[Exchange, Any, Result]
"""The pass of one micro-batch: a coroutine that yields exchanges, is sent their answers, and returns a result."""


def run_alone(micro: Micro[Result]) -> Result:
    """The result of a pass whose micro-batch is the whole batch."""
    answer = None
    while True:
        try:
            exchange = micro.send(answer)
        except StopIteration as end:
            return end.value
        (answer,) = exchange.answer([exchange.part])


class Stage:
    """Base of all that a pass calls. A subclass gives the attributes, `forward` and `backward`."""

    whole_batch: bool = False
    """Whether it looks across the examples of a batch: in training it is then called once, with the whole batch."""
    uses_rng: bool = True
    """Whether its forward may draw random numbers in training; to make a generator for nothing takes time."""
    name: str
    trainable: bool
    """False freezes it: its parameters get no gradients, and stay as they are."""

    @property
    def params(self) -> dict[str, Array]:
        """The trained arrays by name, such as "kernel" and "bias"; empty until it is built, or where there are none."""
        raise NotImplementedError(f"{type(self).__name__} does not define params")

    @property
    def state(self) -> dict[str, Array]:
        """The arrays by name that training moves without a gradient, such as moving averages."""
        return {}

    @property
    def trained_params(self) -> dict[str, Array]:
        """The parameters that a training step changes: none where it is frozen."""
        return self.params if self.trainable else {}

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, Cache]:
        """The output for a batch x: (N, *input_shape) -> (N, *output_shape); and the cache for `backward`."""
        raise NotImplementedError(f"{type(self).__name__} does not define forward")

    def backward(self, dy: Array, cache: Cache) -> tuple[Array, Gradients]:
        """The gradients of the loss: dx, of the input, and under params' own names those of the parameters."""
        raise NotImplementedError(f"{type(self).__name__} does not define backward")

    def parameter_gradients(self, dy: Array, cache: Cache) -> Gradients:
        """The second of what `backward` gives; a layer may leave out the work for the first, which is often most."""
        return self.backward(dy, cache)[1]

    def input_gradient(self, dy: Array, cache: Cache) -> Array:
        """The first of what `backward` gives; a layer may leave out the work for the second, as when it is frozen."""
        return self.backward(dy, cache)[0]

    def needed_gradients(self, dy: Array, cache: Cache, *, to_input: bool) -> tuple[Array | None, Gradients]:
        """What training needs of `backward`: dx where `to_input`, and the gradients of the parameters it trains."""
        if not self.trained_params:
            return self.input_gradient(dy, cache) if to_input else None, {}
        return self.backward(dy, cache) if to_input else (None, self.parameter_gradients(dy, cache))

    def next_state(self, cache: Cache) -> dict[str, Array]:
        """What `state` becomes by a training step with that forward, by name; forward itself changes nothing."""
        return {}

    def set_state(self, values: dict[str, Array]) -> None:
        """Copy values into the state, by name."""
        state = self.state
        for key, value in values.items():
            state[key][...] = value

    def inside(self, x: Array, cache: Cache) -> dict[str, Array]:
        """What a forward of x computed on its way, by name, for people to look at (`show/trace.py`).

        The first axis is the examples', unless the layer looks across them.
        """
        return {}

    def inside_gradients(self, dy: Array, cache: Cache) -> dict[str, Array]:
        """The gradients of what is inside, under the same names; those without a gradient are left out."""
        return {}

    def mapped(self, function: "Callable[[Stage, Path], Stage]", path: "Path") -> "Stage":
        """What `function` makes of this stage, or of each stage inside it where it holds others: a copy of those."""
        return function(self, path)

    # ------------------------------------------------------------ one micro-batch of several

    def forward_micro(self, x: Array, *, training: bool, rng: Rng | None) -> Micro[tuple[Array, Cache]]:
        """`forward` for one micro-batch. By default a layer that needs the whole batch is called with all of it.

        The cache is then the first micro-batch's, and None for the others.
        """
        if not (training and self.whole_batch):
            return self.forward(x, training=training, rng=rng)
        return (yield Exchange((x, rng), partial(forward_together, self)))

    def backward_micro(self, dy: Array, cache: Cache, *, to_input: bool) -> Micro[tuple[Array | None, Gradients]]:
        """`needed_gradients` for one micro-batch; gradients that belong to the whole batch are the first one's."""
        if not self.whole_batch:
            return self.needed_gradients(dy, cache, to_input=to_input)
        return (yield Exchange((dy, cache), partial(backward_together, self, to_input)))


class Path(NamedTuple):
    """Where a stage is in a network: the names of the chains around it with its own, and the indices."""

    names: tuple[str, ...] = ()
    indices: tuple[int, ...] = ()

    def inside(self, name: str, index: int) -> "Path":
        """The path of a stage in the chain that has this path."""
        return Path((*self.names, name), (*self.indices, index))

    def __str__(self) -> str:
        return "/".join(self.names)


def forward_together(stage: Stage, parts: Sequence[tuple[Array, Rng]]) -> list[tuple[Array, Cache]]:
    """`forward` of the whole batch, given (x, rng) of each micro-batch: each one's output, and the cache to the first.

    Random numbers are the first micro-batch's.
    """
    xs, rngs = zip(*parts, strict=True)
    y, cache = stage.forward(np.concatenate(xs), training=True, rng=rngs[0])
    return list(zip(divided(y, xs), [cache] + [None] * (len(xs) - 1), strict=True))


def backward_together(
    stage: Stage, to_input: bool, parts: Sequence[tuple[Array, Cache]]
) -> list[tuple[Array | None, Gradients]]:
    """`needed_gradients` of the whole batch, given (dy, cache) of each micro-batch: each one's dx.

    The gradients of the parameters go to the first.
    """
    dys, (cache, *_) = zip(*parts, strict=True)
    dx, gradients = stage.needed_gradients(np.concatenate(dys), cache, to_input=to_input)
    dxs = [None] * len(dys) if dx is None else divided(dx, dys)
    return list(zip(dxs, [gradients] + [{}] * (len(dys) - 1), strict=True))


def divided(whole: Array, like: Sequence[Array]) -> list[Array]:
    """The examples of a batch as they were divided into micro-batches before."""
    return np.split(whole, np.cumsum([len(part) for part in like])[:-1])


def with_prefix(prefix: str, arrays: dict[str, Any]) -> dict[str, Any]:
    """{"kernel": ...} as {"conv2d/kernel": ...}."""
    return {f"{prefix}/{key}": array for key, array in arrays.items()}


def of_prefix(prefix: str, arrays: dict[str, Any]) -> dict[str, Any]:
    """The inverse of `with_prefix`, of those that have the prefix."""
    return {key[len(prefix) + 1 :]: array for key, array in arrays.items() if key.startswith(f"{prefix}/")}
