"""What a layer is: the contract that every layer keeps, and that a new one has to fill in.

A subclass writes `__init__`, `output_shape_for`, `forward`, `backward`, `get_config`, and, where it has parameters,
`param_shapes` and `make_params`; where training moves arrays without a gradient, `state_shapes`, `make_state` and
`next_state`. The rest is here and in `stage.py`. A layer keeps its settings and arrays, and nothing of the data that
pass through it: what the backward needs is returned by the forward as the cache, so two threads can use one layer, and
inference holds no memory.
"""

import re
from collections.abc import Collection
from copy import copy
from itertools import count
from typing import Any, NamedTuple, Self

import numpy as np

from numpycnn import backend
from numpycnn.activations import ACTIVATIONS, ActivationFunction
from numpycnn.common import checks
from numpycnn.common.explained import Explained
from numpycnn.common.randomness import WEIGHTS, draw_seed, generator
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.layers.stage import Stage

Arrays = dict[str, Array]


class Built(NamedTuple):
    """What a layer has once the shape of its input is known."""

    input_shape: Shape
    output_shape: Shape
    params: Arrays
    state: Arrays


class Layer(Stage, Explained):
    """Base of all layers.

    name: what errors, weights and the summary call the layer; by default the class's name in snake case, and inside a
    model a number after it where needed.
    input_shape: the shape of one example, without the batch axis; needed only of a model's first layer.

    A subclass that looks across the examples of a batch says `whole_batch = True`: its forward and backward are then
    called with the whole batch in training, however it is divided among workers.

    Raises TypeError or ValueError for a name with "/" in it or an input_shape that is no tuple of positive integers.
    """

    auto_named: bool
    """Whether a model may put a number after the name, to keep its layers' names unique."""
    trainable: bool
    """False freezes the layer: a training step leaves its parameters as they are, and computes no gradients of them."""
    activation: str = "linear"
    """The name of the function applied to the layer's pre-activation; "linear" is none."""

    def __init__(self, *, name: str | None = None, input_shape: Shape | None = None) -> None:
        self.auto_named = name is None
        self.name = snake_case(type(self).__name__)
        if name is not None:
            self.name = checks.name(self.name, name)
        self._given_shape = None if input_shape is None else checks.shape(self.name, "input_shape", input_shape)
        self._built: Built | None = None
        self.trainable = True

    # ------------------------------------------------------------ what a subclass writes, besides forward and backward

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """The shape of one output example for one input example. Raises ValueError for a shape that does not fit."""
        raise NotImplementedError(f"{type(self).__name__} does not define output_shape_for")

    def param_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """The parameters' shapes for that input shape, by name."""
        return {}

    def make_params(self, input_shape: Shape, rng: Rng, dtype: Any) -> Arrays:
        """New parameters for that input shape, by name."""
        return {}

    def state_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """The state's shapes for that input shape, by name."""
        return {}

    def make_state(self, input_shape: Shape, rng: Rng, dtype: Any) -> Arrays:
        """New state for that input shape, by name."""
        return {}

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments and `trainable`, as JSON values: `from_config` makes an equal layer."""
        given = None if self.input_shape is None else list(self.input_shape)
        return {"name": self.name, "input_shape": given, "trainable": self.trainable}

    # ------------------------------------------------------------ what every layer has

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The layer that `get_config` described. Raises TypeError or ValueError for anything else."""
        return cls.unbuilt(config)

    @classmethod
    def unbuilt(cls, config: dict[str, Any]) -> Self:
        """The same, and not built in any case: nothing is drawn, and no array made."""
        arguments = dict(config)
        trainable = checks.flag(cls.__name__, "trainable", arguments.pop("trainable", True))
        layer = cls(**checks.arguments(cls.__name__, "config", arguments, cls))
        layer.trainable = trainable
        return layer

    @property
    def built(self) -> bool:
        """Whether the layer has its parameters."""
        return self._built is not None

    @property
    def input_shape(self) -> Shape | None:
        """The shape of one example going in, without the batch axis; None while unknown."""
        return self._given_shape if self._built is None else self._built.input_shape

    @property
    def output_shape(self) -> Shape | None:
        """The shape of one example coming out, without the batch axis; None while unknown."""
        return None if self._built is None else self._built.output_shape

    @property
    def params(self) -> Arrays:
        return {} if self._built is None else self._built.params

    @property
    def state(self) -> Arrays:
        return {} if self._built is None else self._built.state

    @property
    def activation_function(self) -> ActivationFunction:
        """The activation's forward and backward."""
        return ACTIVATIONS[self.activation]

    def build(self, input_shape: Shape, rng: Rng | None = None, dtype: Any = None) -> Shape:
        """Make the parameters, once, and return output_shape. Shapes are without the batch axis.

        rng: by default seeded by NumPy's global state. dtype: by default the backend's floatx.
        Raises ValueError for a shape that does not fit, or that differs from the input_shape it has already.
        """
        output_shape = self.check_shape(input_shape)
        if not self.built:
            rng = generator(draw_seed(), WEIGHTS, 0) if rng is None else rng
            self.finish_build(input_shape, *self.make_arrays(input_shape, rng, dtype or backend.floatx()))
        return output_shape

    def check_shape(self, input_shape: Shape) -> Shape:
        """The output's shape for an input's. Raises as `build` does; changes nothing."""
        input_shape = checks.shape(self.name, "input_shape", input_shape)
        if self.input_shape not in (None, input_shape):
            raise ValueError(f"{self.name}: expected input_shape {self.input_shape}; received {input_shape}")
        output_shape = self.output_shape_for(input_shape)
        checks.few_enough(self.name, "output", output_shape)
        return output_shape

    def make_arrays(self, input_shape: Shape, rng: Rng, dtype: Any) -> tuple[Arrays, Arrays]:
        """New parameters and state for that input shape, for `finish_build`."""
        return self.make_params(input_shape, rng, dtype), self.make_state(input_shape, rng, dtype)

    def finish_build(self, input_shape: Shape, params: Arrays, state: Arrays) -> None:
        """Take the arrays that `make_arrays` made: the layer is built."""
        input_shape = tuple(input_shape)
        self._built = Built(input_shape, self.output_shape_for(input_shape), params, state)

    def with_arrays(self, params: Arrays, state: Arrays) -> "Layer":
        """A copy of the built layer that has these arrays in the place of its own; settings are shared."""
        twin = copy(self)
        if self._built is not None:
            twin._built = self._built._replace(params=params, state=state)
        return twin

    def __call__(self, x: Any) -> Array:
        """Inference, the Keras spelling: in the parameters' dtype, or where there are none in x's.

        A layer not yet built is built for x, in the backend's floatx, seeded by NumPy's global state.
        """
        x = checks.numbers(self.name, "input", x)
        self.build(x.shape[1:])
        floating = x.dtype if x.dtype.kind == "f" else backend.floatx()
        return self.forward(x.astype(next((p.dtype for p in self.params.values()), floating), copy=False))[0]

    def check_input(self, x: Array) -> None:
        """Raise ValueError unless the layer is built and x is (N, *input_shape), TypeError where x is no array."""
        if not isinstance(x, np.ndarray):
            raise TypeError(f"{self.name}: input must be an array; received {checks.shown(x)}")
        if self._built is None:
            raise ValueError(f"{self.name}: not built yet; call it, build it, or add it to a model first")
        checks.batch_shape(self.name, "input", x.shape, self._built.input_shape)

    def rename(self, taken: Collection[str]) -> None:
        """Make the name differ from those taken: a name given by default gets a number, as dense, dense_1, dense_2.

        Raises ValueError where that cannot be: the name was given by the user, or by another model before.
        """
        base = snake_case(type(self).__name__)
        if self.auto_named:
            candidates = (base if k == 0 else f"{base}_{k}" for k in count())
            self.name = next(name for name in candidates if name not in taken)
        if self.name in taken:
            raise ValueError(f"{self.name}: layers of a model must have different names; taken are {', '.join(taken)}")

    def without_activation(self) -> "Layer":
        """A layer that shares this one's parameters, and whose output is the pre-activation."""
        twin = copy(self)
        twin.activation = "linear"
        return twin

    # ------------------------------------------------------------ weights: the parameters, and then the state

    @property
    def weights(self) -> Arrays:
        """The parameters and the state by name, in Keras's order."""
        return {**self.params, **self.state}

    def count_params(self) -> int:
        """How many numbers the layer holds, trained or not."""
        return sum(array.size for array in self.weights.values())

    def get_weights(self) -> list[Array]:
        """Copies of the parameters and then of the state, in the order of `weights`."""
        return [array.copy() for array in self.weights.values()]

    def set_weights(self, weights: list[Array]) -> None:
        """Copy arrays into them, in the same order. Raises ValueError when number or shapes differ; nothing changes."""
        for array, value in zip(self.weights.values(), self.check_weights(weights), strict=True):
            array[...] = value

    def check_weights(self, weights: list[Any]) -> list[Array]:
        """The weights as arrays. Raises unless they fit, one by one; changes nothing."""
        checks.sequence(self.name, "weights", weights, length=len(self.weights))
        arrays = []
        for (key, own), weight in zip(self.weights.items(), weights, strict=True):
            value = checks.numbers(self.name, key, weight)
            arrays.append(value)
            if value.shape != own.shape:
                raise ValueError(f"{self.name}: {key} must have the shape {own.shape}; received {value.shape}")
        return arrays

    def __repr__(self) -> str:
        given = {key: value for key, value in self.get_config().items() if value is not None}
        if given.get("trainable"):
            del given["trainable"]
        return f"{type(self).__name__}({', '.join(f'{key}={value!r}' for key, value in given.items())})"


class Input(Explained):
    """What goes into a model, `Input(shape=(28, 28, 1))`: the Keras 3 spelling of the first layer's input_shape.

    It is given to Sequential before the layers and does not count as one. shape: of one example, without the batch
    axis. Raises TypeError or ValueError unless shape is a tuple of positive integers.
    """

    def __init__(self, shape: Shape) -> None:
        self.shape = checks.shape("Input", "shape", shape)


def snake_case(name: str) -> str:
    """MaxPooling2D -> max_pooling2d, as Keras names layers."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", "_", name).lower()
