"""Stage, the unit of a pass through a network: a layer, a block of fused layers, or a chain of these.

A batch is divided into micro-batches. A stage that looks at one example at a time is called for each micro-batch. A
stage that looks across the examples of a batch, such as batch normalization, needs all of them: the pass of every
micro-batch stops there, contributes its part, and continues with the answer once all parts are there. So
`forward_micro` and `backward_micro` are coroutines: they yield an `Exchange`, and are sent the answer. `run_alone` runs
one whose micro-batch is the whole batch; `engine/training.py` runs those of all micro-batches in lockstep.
"""

from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar

import numpy as np

from numpycnn.common.typing import Array, Rng

Cache = Any
"""What a forward passes to its backward: documented by each layer's `forward`."""

Gradients = dict[str, Array]
"""The gradients of the loss by the parameters' names."""


class Exchange(NamedTuple):
    """A micro-batch's part in an exchange between all micro-batches, and the function that answers it."""

    part: Any
    answer: Callable[[list[Any]], list[Any]]
    """Takes the parts of all micro-batches, in order, and returns the answer for each."""


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
    """Base class of all that a pass calls. A subclass defines the attributes, `forward` and `backward`."""

    whole_batch: bool = False
    """Whether it looks across the examples of a batch: then in training its forward gets the whole batch.

    A layer may override `forward_micro` instead, and exchange sums, as BatchNormalization does.
    """
    uses_rng: bool = True
    """Whether its forward may draw random numbers in training; if not, no generator is created for it."""
    name: str
    trainable: bool
    """False freezes it: its parameters get no gradients and do not change."""

    @property
    def params(self) -> dict[str, Array]:
        """The trainable arrays by name, such as "kernel" and "bias"; empty until it is built, or if there are none."""
        raise NotImplementedError(f"{type(self).__name__} does not define params")

    @property
    def state(self) -> dict[str, Array]:
        """The arrays by name that training updates without a gradient, such as moving averages."""
        return {}

    @property
    def trained_params(self) -> dict[str, Array]:
        """The parameters that a training step changes: none if it is frozen."""
        return self.params if self.trainable else {}

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, Cache]:
        """(y, cache): the output, (N, *input_shape) -> (N, *output_shape), and the cache for `backward`."""
        raise NotImplementedError(f"{type(self).__name__} does not define forward")

    def backward(self, dy: Array, cache: Cache) -> tuple[Array, Gradients]:
        """(dx, gradients): the gradients of the loss with respect to the input, and to the parameters by name."""
        raise NotImplementedError(f"{type(self).__name__} does not define backward")

    def parameter_gradients(self, dy: Array, cache: Cache) -> Gradients:
        """The second result of `backward`; override it to save the work for dx, which is often most of it."""
        return self.backward(dy, cache)[1]

    def input_gradient(self, dy: Array, cache: Cache) -> Array:
        """The first result of `backward`; override it to save the work for the gradients, as when it is frozen."""
        return self.backward(dy, cache)[0]

    def needed_gradients(self, dy: Array, cache: Cache, *, to_input: bool) -> tuple[Array | None, Gradients]:
        """What training needs of `backward`: dx if `to_input`, and the gradients of the trained parameters."""
        if not self.trained_params:
            return self.input_gradient(dy, cache) if to_input else None, {}
        return self.backward(dy, cache) if to_input else (None, self.parameter_gradients(dy, cache))

    def next_state(self, cache: Cache) -> dict[str, Array]:
        """The new values of `state` after a training step with this cache, by name; forward itself changes nothing."""
        return {}

    def penalty(self, cache: Cache) -> Any:
        """What is added to the loss for the output of the forward with this cache: see `penalties.py`."""
        return 0.0

    def set_state(self, values: dict[str, Array]) -> None:
        """Copy values into the state, by name."""
        state = self.state
        for key, value in values.items():
            state[key][...] = value

    def inside(self, x: Array, cache: Cache) -> dict[str, Array]:
        """Intermediate values of the forward of x by name, for `show/trace.py`.

        The first axis is the batch axis, unless the layer looks across the batch.
        """
        return {}

    def inside_gradients(self, dy: Array, cache: Cache) -> dict[str, Array]:
        """The gradients of what `inside` returns, by the same names; those without a gradient are left out."""
        return {}

    def mapped(self, function: "Callable[[Stage, Path], Stage]", path: "Path") -> "Stage":
        """function(self, path); a chain applies it to each of its stages, and returns a copy."""
        return function(self, path)

    # ------------------------------------------------------------ one of several micro-batches

    def forward_micro(self, x: Array, *, training: bool, rng: Rng | None) -> Micro[tuple[Array, Cache]]:
        """`forward` for one micro-batch; a `whole_batch` layer is called once, with all micro-batches.

        Then the first micro-batch gets the cache, and the others None.
        """
        if not (training and self.whole_batch):
            return self.forward(x, training=training, rng=rng)
        return (yield Exchange((x, rng), partial(forward_together, self)))

    def backward_micro(self, dy: Array, cache: Cache, *, to_input: bool) -> Micro[tuple[Array | None, Gradients]]:
        """`needed_gradients` for one micro-batch; the first one gets those that belong to the whole batch."""
        if not self.whole_batch:
            return self.needed_gradients(dy, cache, to_input=to_input)
        return (yield Exchange((dy, cache), partial(backward_together, self, to_input)))


class Wrapper(Stage):
    """A stage in the place of another one, of which it has all that a subclass does not define."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.name = stage, stage.name
        self.whole_batch, self.uses_rng, self.trainable = stage.whole_batch, stage.uses_rng, stage.trainable

    @property
    def params(self) -> dict[str, Array]:
        return self.stage.params

    @property
    def state(self) -> dict[str, Array]:
        return self.stage.state

    def next_state(self, cache: Cache) -> dict[str, Array]:
        return self.stage.next_state(cache)


class Path(NamedTuple):
    """The path of a stage in a network: the names and indices of the chains around it, and its own."""

    names: tuple[str, ...] = ()
    indices: tuple[int, ...] = ()

    def inside(self, name: str, index: int) -> "Path":
        """The path of a stage in the chain with this path."""
        return Path((*self.names, name), (*self.indices, index))

    def __str__(self) -> str:
        return "/".join(self.names)


def forward_together(stage: Stage, parts: Sequence[tuple[Array, Rng]]) -> list[tuple[Array, Cache]]:
    """`forward` of the whole batch, given (x, rng) of each micro-batch: (y, cache) for each of them.

    The first one's rng is used, and the first one gets the cache.
    """
    xs, rngs = zip(*parts, strict=True)
    y, cache = stage.forward(np.concatenate(xs), training=True, rng=rngs[0])
    return list(zip(divided(y, xs), [cache] + [None] * (len(xs) - 1), strict=True))


def backward_together(
    stage: Stage, to_input: bool, parts: Sequence[tuple[Array, Cache]]
) -> list[tuple[Array | None, Gradients]]:
    """`needed_gradients` of the whole batch, given (dy, cache) of each micro-batch: (dx, gradients) for each of them.

    The first one gets the gradients of the parameters.
    """
    dys, (cache, *_) = zip(*parts, strict=True)
    dx, gradients = stage.needed_gradients(np.concatenate(dys), cache, to_input=to_input)
    dxs = [None] * len(dys) if dx is None else divided(dx, dys)
    return list(zip(dxs, [gradients] + [{}] * (len(dys) - 1), strict=True))


def divided(whole: Array, like: Sequence[Array]) -> list[Array]:
    """A batch divided into micro-batches of the same lengths as in `like`."""
    return np.split(whole, np.cumsum([len(part) for part in like])[:-1])


def with_prefix(prefix: str, arrays: dict[str, Any]) -> dict[str, Any]:
    """{"kernel": ...} to {"conv2d/kernel": ...}."""
    return {f"{prefix}/{key}": array for key, array in arrays.items()}


def of_prefix(prefix: str, arrays: dict[str, Any]) -> dict[str, Any]:
    """The inverse of `with_prefix`; other keys are left out."""
    return {key[len(prefix) + 1 :]: array for key, array in arrays.items() if key.startswith(f"{prefix}/")}
