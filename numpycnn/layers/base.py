"""What a layer is: the contract that every layer keeps, and that a new one has to fill in.

A subclass writes `__init__`, `output_shape_for`, `forward`, `backward`, `get_config`, and, where it has parameters,
`param_shapes` and `make_params`. The rest is here. A layer keeps its settings and parameters, and nothing of the data
that pass through it: what the backward needs is returned by the forward as the cache, so two threads can use one layer,
and inference holds no memory.
"""

import re
from collections.abc import Collection
from copy import copy
from itertools import count
from typing import Any

import numpy as np

from numpycnn import backend
from numpycnn.activations import ACTIVATIONS, ActivationFunction
from numpycnn.common import checks
from numpycnn.common.explained import Explained
from numpycnn.common.randomness import WEIGHTS, draw_seed, generator
from numpycnn.common.typing import Array, Rng, Shape

Cache = Any
"""What a forward hands to its backward. Each layer's own `forward` says what it holds."""


class Layer(Explained):
    """Base of all layers.

    name: what errors, weights and the summary call the layer; by default the class's name in snake case, and inside a
    model a number after it where needed.
    input_shape: the shape of one example, without the batch axis; needed only of a model's first layer.

    Raises TypeError or ValueError for a name with "/" in it or an input_shape that is no tuple of positive integers.
    """

    name: str
    params: dict[str, Array]
    """Trainable arrays by name, such as "kernel" and "bias"; empty until the layer is built, or when it has none."""
    input_shape: Shape | None
    output_shape: Shape | None
    built: bool
    auto_named: bool
    """Whether a model may put a number after the name, to keep its layers' names unique."""
    activation: str = "linear"
    """The name of the function applied to the layer's scores; "linear" is none."""

    def __init__(self, *, name: str | None = None, input_shape: Shape | None = None) -> None:
        self.auto_named = name is None
        self.name = snake_case(type(self).__name__)
        if name is not None:
            self.name = checks.name(self.name, name)
        self.input_shape = None if input_shape is None else checks.shape(self.name, "input_shape", input_shape)
        self.output_shape = None
        self.params = {}
        self.built = False

    # ------------------------------------------------------------ what a subclass writes

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """The shape of one output example for one input example. Raises ValueError for a shape that does not fit."""
        raise NotImplementedError(f"{type(self).__name__} does not define output_shape_for")

    def param_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """The parameters' shapes for that input shape, by name."""
        return {}

    def make_params(self, input_shape: Shape, rng: Rng, dtype: Any) -> dict[str, Array]:
        """New parameters for that input shape, by name."""
        return {}

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, Cache]:
        """The output for a batch x: (N, *input_shape) -> (N, *output_shape); and the cache for `backward`."""
        raise NotImplementedError(f"{type(self).__name__} does not define forward")

    def backward(self, dy: Array, cache: Cache) -> tuple[Array, dict[str, Array]]:
        """The gradients of the loss: dx, of the input, and under params' own names those of the parameters."""
        raise NotImplementedError(f"{type(self).__name__} does not define backward")

    def parameter_gradients(self, dy: Array, cache: Cache) -> dict[str, Array]:
        """The second of what `backward` gives; a layer may leave out the work for the first, which is often most."""
        return self.backward(dy, cache)[1]

    def inside(self, x: Array, cache: Cache) -> dict[str, Array]:
        """What a forward of x computed on its way, by name, for people to look at (`tracing.py`)."""
        return {}

    def inside_gradients(self, dy: Array, cache: Cache) -> dict[str, Array]:
        """The gradients of what is inside, under the same names; those without a gradient are left out."""
        return {}

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as JSON values: `type(layer)(**config)` is an equal layer, not built."""
        return {"name": self.name, "input_shape": None if self.input_shape is None else list(self.input_shape)}

    # ------------------------------------------------------------ what every layer has

    @property
    def activation_function(self) -> ActivationFunction:
        """The activation's forward and backward."""
        return ACTIVATIONS[self.activation]

    def build(self, input_shape: Shape, rng: Rng, dtype: Any) -> Shape:
        """Make the parameters, once, and return output_shape. Shapes are without the batch axis.

        Raises ValueError for a shape that does not fit, or that differs from the input_shape it has already.
        """
        output_shape = self.check_shape(input_shape)
        if not self.built:
            self.finish_build(input_shape, self.make_params(input_shape, rng, dtype))
        return output_shape

    def check_shape(self, input_shape: Shape) -> Shape:
        """The output's shape for an input's. Raises as `build` does; changes nothing."""
        input_shape = checks.shape(self.name, "input_shape", input_shape)
        if self.input_shape not in (None, input_shape):
            raise ValueError(f"{self.name}: expected input_shape {self.input_shape}; received {input_shape}")
        output_shape = self.output_shape_for(input_shape)
        checks.few_enough(self.name, "output", output_shape)
        return output_shape

    def finish_build(self, input_shape: Shape, params: dict[str, Array]) -> None:
        """Take the parameters that `make_params` made: the layer is built."""
        self.input_shape, self.output_shape = tuple(input_shape), self.output_shape_for(tuple(input_shape))
        self.params, self.built = params, True

    def __call__(self, x: Any) -> Array:
        """Inference, the Keras spelling: in the parameters' dtype, or where there are none in x's.

        A layer not yet built is built for x, in the backend's floatx, seeded by NumPy's global state.
        """
        x = checks.numbers(self.name, "input", x)
        if not self.built:
            self.check_shape(x.shape[1:])  # before a seed is drawn
            self.build(x.shape[1:], generator(draw_seed(), WEIGHTS, 0), backend.floatx())
        floating = x.dtype if x.dtype.kind == "f" else backend.floatx()
        return self.forward(x.astype(next((p.dtype for p in self.params.values()), floating), copy=False))[0]

    def check_input(self, x: Array) -> None:
        """Raise ValueError unless the layer is built and x is (N, *input_shape), TypeError where x is no array."""
        if not isinstance(x, np.ndarray):
            raise TypeError(f"{self.name}: input must be an array; received {checks.shown(x)}")
        if self.input_shape is None or not self.built:
            raise ValueError(f"{self.name}: not built yet; call it, build it, or add it to a model first")
        checks.batch_shape(self.name, "input", x.shape, self.input_shape)

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
        """A layer that shares this one's parameters, and whose output is the scores before the activation."""
        twin = copy(self)
        twin.activation = "linear"
        return twin

    def count_params(self) -> int:
        """How many trainable numbers the layer holds."""
        return sum(p.size for p in self.params.values())

    def get_weights(self) -> list[Array]:
        """Copies of the parameters, in the order of `params`."""
        return [p.copy() for p in self.params.values()]

    def set_weights(self, weights: list[Array]) -> None:
        """Copy arrays into the parameters, in the same order. Raises ValueError when number or shapes differ."""
        for param, value in zip(self.params.values(), self.check_weights(weights), strict=True):
            param[...] = value

    def check_weights(self, weights: list[Any]) -> list[Array]:
        """The weights as arrays. Raises unless they fit the parameters, one by one; changes nothing."""
        checks.sequence(self.name, "weights", weights, length=len(self.params))
        arrays = []
        for (key, param), weight in zip(self.params.items(), weights, strict=True):
            value = checks.numbers(self.name, key, weight)
            arrays.append(value)
            if value.shape != param.shape:
                raise ValueError(f"{self.name}: {key} must have the shape {param.shape}; received {value.shape}")
        return arrays

    def __repr__(self) -> str:
        arguments = ", ".join(f"{key}={value!r}" for key, value in self.get_config().items() if value is not None)
        return f"{type(self).__name__}({arguments})"


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
