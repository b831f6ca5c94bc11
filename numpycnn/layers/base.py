"""The contract of a layer: what a subclass implements, and what it inherits.

A subclass implements `__init__`, `output_shape_for`, `forward`, `backward` and `get_config`; if it has parameters,
`param_shapes` and `make_params`; and if it has arrays that training updates without a gradient, `state_shapes`,
`make_state` and `next_state`. The rest is here and in `stage.py`. A layer stores its settings and arrays, but no data:
what the backward needs is returned by the forward as the cache. So two threads can use one layer, and inference holds
no memory.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from copy import copy
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypedDict

import numpy as np

from numpycnn import backend, constraints, regularizers
from numpycnn.activations import ActivationFunction, linear
from numpycnn.common import checks
from numpycnn.common.explained import Explained
from numpycnn.common.randomness import CALLS, WEIGHTS, draw_seed, generator
from numpycnn.common.typing import Array, BatchShape, Rng, Shape
from numpycnn.constraints import ConstraintFunction, ConstraintLike
from numpycnn.layers.input import Input
from numpycnn.layers.stage import Path, Stage
from numpycnn.layers.variable import Variable, as_variables
from numpycnn.regularizers import Regularizer, RegularizerLike

Arrays = dict[str, Array]


class Built(NamedTuple):
    """The shapes and arrays of a layer that is built."""

    input_shape: Shape
    output_shape: Shape
    params: Arrays
    state: Arrays


class CommonOptions(TypedDict, total=False):
    """The keyword arguments of layers that list activity_regularizer among their own: see `Layer`."""

    name: str | None
    input_shape: Shape | None
    trainable: bool


class LayerOptions(CommonOptions, total=False):
    """The keyword arguments that every layer takes."""

    activity_regularizer: RegularizerLike


class Layer(Stage, Explained):
    """Base class of all layers.

    name: the layer's name in errors, weights and the summary; by default the class name in snake case, with a number
    appended inside a model where needed.
    input_shape: the shape of one example, without the batch axis; needed only for a model's first layer.
    trainable: False freezes the layer, see the attribute.
    activity_regularizer: a penalty of the output, see `regularizers.py`.

    A subclass that looks across the examples of a batch sets `whole_batch = True`: in training its forward and backward
    are then called with the whole batch, however that is divided among workers.

    Raises TypeError or ValueError for a name with "/" in it, or unless input_shape is a tuple of positive integers.
    """

    auto_named: bool
    """Whether a model may append a number to the name, to keep its layers' names unique."""
    trainable: bool
    """False freezes the layer: a training step neither changes its parameters nor computes their gradients."""
    activation: ActivationFunction = linear
    """The activation function, which can be called; linear for none."""
    activity_regularizer: Regularizer | None = None
    """A penalty of the output, which is added to the loss."""
    regularizers: dict[str, Regularizer]
    """Penalties of the parameters that have one, by the parameter's name: see `regularize`."""
    constraints: dict[str, ConstraintFunction]
    """What is applied to parameters after each step of the optimizer, by the parameter's name."""
    augments: bool = False
    """Whether a call of the layer itself is in training mode unless it says otherwise."""
    _calls = 0  # in training mode, each of which has random numbers of its own

    def __init__(
        self,
        *,
        name: str | None = None,
        input_shape: Shape | None = None,
        trainable: bool = True,
        activity_regularizer: RegularizerLike = None,
    ) -> None:
        newest = next((cls for cls in type(self).__mro__ if not {"call", "forward"}.isdisjoint(vars(cls))), Layer)
        if "forward" not in vars(newest):
            checks.without_methods(newest, ("call",), "a layer of your own defines forward and backward")
        self.auto_named = name is None
        self.name = snake_case(type(self).__name__)
        if name is not None:
            self.name = checks.name(self.name, name)
        self._given_shape = None if input_shape is None else checks.shape(self.name, "input_shape", input_shape)
        self._built: Built | None = None
        self.trainable = checks.flag(self.name, "trainable", trainable)
        chosen = regularizers.get_regularizer(self.name, "activity_regularizer", activity_regularizer)
        self.activity_regularizer = chosen
        self.regularizers, self.constraints, self._words = {}, {}, dict[str, str]()

    # ------------------------------------------------------------ to be implemented, besides forward and backward

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """The shape of one example's output. Raises ValueError for an input_shape that does not fit."""
        raise NotImplementedError(f"{type(self).__name__} does not define output_shape_for")

    def param_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """The parameters' shapes by name."""
        return {}

    def make_params(self, input_shape: Shape, rng: Rng, dtype: Any) -> Arrays:
        """New parameters by name."""
        return {}

    def state_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """The state's shapes by name."""
        return {}

    def make_state(self, input_shape: Shape, rng: Rng, dtype: Any) -> Arrays:
        """New state arrays by name."""
        return {}

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments and `trainable`, as JSON values: `from_config` makes an equal layer."""
        given = None if self.shape_in is None else list(self.shape_in)
        config: dict[str, Any] = {"name": self.name, "input_shape": given, "trainable": self.trainable}
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        for key, word in self._words.items():
            config[f"{word}_regularizer"] = regularizers.serialize(self.regularizers.get(key))
            config[f"{word}_constraint"] = constraints.serialize(self.constraints.get(key))
        return config

    # ------------------------------------------------------------ inherited

    def regularize(
        self, key: str, regularizer: RegularizerLike, constraint: ConstraintLike, word: str | None = None
    ) -> None:
        """Set the regularizer and the constraint of a parameter; each may be None.

        key: the parameter's name. word: how the names of the constructor's arguments for them begin, which the
        configuration has too; by default the same. Raises TypeError or ValueError for anything else.
        """
        self._words[key] = word = word or key
        regularizer = regularizers.get_regularizer(self.name, f"{word}_regularizer", regularizer)
        constraint = constraints.get_constraint(self.name, f"{word}_constraint", constraint)
        if regularizer is not None:
            self.regularizers[key] = regularizer
        if constraint is not None:
            self.constraints[key] = constraint

    def leaves(self, path: Path) -> Iterator[tuple[Path, "Layer"]]:
        """Every layer that is not a container, with its path, where this layer's is given: this layer itself."""
        yield path, self

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A layer from what `get_config` returned. Raises TypeError or ValueError for anything else."""
        return cls.unbuilt(config)

    @classmethod
    def unbuilt(cls, config: dict[str, Any]) -> Self:
        """Like `from_config`, but never built: no random numbers are drawn, and no arrays created."""
        arguments = dict(checks.by_name(cls.__name__, "config", config))
        trainable = checks.flag(cls.__name__, "trainable", arguments.pop("trainable", True))
        layer = cls(**checks.arguments(cls.__name__, "config", arguments, cls))
        layer.trainable = trainable
        return layer

    @property
    def built(self) -> bool:
        """Whether the layer has its parameters."""
        return self._built is not None

    @property
    def shape_in(self) -> Shape | None:
        """The shape of one input example, without the batch axis; None while unknown."""
        return self._given_shape if self._built is None else self._built.input_shape

    @property
    def shape_out(self) -> Shape | None:
        """The shape of one output example, without the batch axis; None while unknown."""
        return None if self._built is None else self._built.output_shape

    @property
    def input_shape(self) -> BatchShape | None:
        """The shape of a batch of inputs as Keras writes it, (None, ...); None while unknown."""
        return None if self.shape_in is None else (None, *self.shape_in)

    @property
    def output_shape(self) -> BatchShape | None:
        """The shape of a batch of outputs as Keras writes it, (None, ...); None while unknown."""
        return None if self.shape_out is None else (None, *self.shape_out)

    @property
    def params(self) -> Arrays:
        return {} if self._built is None else self._built.params

    @property
    def state(self) -> Arrays:
        return {} if self._built is None else self._built.state

    def build(self, input_shape: Sequence[int | None], rng: Rng | None = None, dtype: Any = None) -> Shape:
        """Create the parameters, once, and return the shape of an output example.

        input_shape: that of one example, (28, 28, 1), or of a batch as Keras writes it, (None, 28, 28, 1).
        rng: by default seeded from NumPy's global state. dtype: "float32" or "float64"; None is the backend's floatx.
        Raises ValueError for a shape that does not fit, or that differs from the layer's input_shape; and ValueError or
        TypeError for another dtype.
        """
        shape = checks.shape(self.name, "input_shape", checks.without_batch(input_shape))
        output_shape = self.check_shape(shape)
        if not self.built:
            rng = generator(draw_seed(), WEIGHTS, 0) if rng is None else rng
            dtype = backend.float_type(self.name, "dtype", backend.floatx() if dtype is None else dtype)
            self.finish_build(shape, *self.make_arrays(shape, rng, dtype))
        return output_shape

    def check_shape(self, input_shape: Shape) -> Shape:
        """output_shape_for a checked input_shape. Raises as `build` does; changes nothing."""
        input_shape = checks.shape(self.name, "input_shape", input_shape)
        if self.shape_in not in (None, input_shape):
            raise ValueError(f"{self.name}: expected input_shape {self.shape_in}; received {input_shape}")
        output_shape = self.output_shape_for(input_shape)
        checks.array_size(self.name, "output", output_shape)
        return output_shape

    def make_arrays(self, input_shape: Shape, rng: Rng, dtype: Any) -> tuple[Arrays, Arrays]:
        """New parameters and state, for `finish_build`.

        Raises as regularizers and constraints do, where one does not fit its parameter.
        """
        params = self.make_params(input_shape, rng, dtype)
        for key in params.keys() & (self.regularizers.keys() | self.constraints.keys()):
            self.check_rules(key, params[key])
        return params, self.make_state(input_shape, rng, dtype)

    def check_rules(self, key: str, w: Array) -> None:
        """Raise TypeError or ValueError where the regularizer or the constraint of the parameter w does not fit it."""
        try:
            gradient = self.regularizers[key].gradient(w) if key in self.regularizers else w
            projected = self.constraints[key](w) if key in self.constraints else w
        except (TypeError, ValueError) as error:
            raise type(error)(f"{self.name}: {key}: {error}") from None
        for what, array in (("the regularizer's gradient", gradient), ("the constraint", projected)):
            if np.shape(array) != w.shape:
                raise ValueError(
                    f"{self.name}: {what} of {key} must have its shape {w.shape}; received {np.shape(array)}"
                )

    def finish_build(self, input_shape: Shape, params: Arrays, state: Arrays) -> None:
        """Store the arrays that `make_arrays` created: the layer is built."""
        input_shape = tuple(input_shape)
        self._built = Built(input_shape, self.output_shape_for(input_shape), params, state)

    def with_arrays(self, params: Arrays, state: Arrays) -> "Layer":
        """A copy of the built layer with these arrays instead of its own; settings are shared."""
        twin = copy(self)
        if self._built is not None:
            twin._built = self._built._replace(params=params, state=state)
        return twin

    def __call__(self, x: Any, training: bool | None = None) -> Array:
        """The layer's output, as in Keras: in the dtype of the parameters, or of x if there are none.

        training: None is False, but True for data augmentation. In training its random numbers are new in each call:
        those of its seed, or seeded from NumPy's global state, and so are the weights of a layer that is not built yet;
        moving averages stay as they are. Raises ValueError or TypeError for another x or training.
        """
        if isinstance(x, Input):
            from numpycnn.common.keras_names import FUNCTIONAL  # deferred: slow import

            raise TypeError(f"{self.name}: a layer is called with arrays; {FUNCTIONAL}")
        x = checks.numbers(self.name, "input", x)
        training = self.augments if training is None else checks.flag(self.name, "training", training)
        self.build(x.shape[1:])
        floating = x.dtype if x.dtype.kind == "f" else backend.floatx()
        x = x.astype(next((p.dtype for p in self.params.values()), floating), copy=False)
        if not training:
            return self.forward(x)[0]
        self._calls += 1
        return self.forward(x, training=True, rng=generator(draw_seed(), CALLS, self._calls))[0]

    def check_input(self, x: Array) -> None:
        """Raise ValueError unless the layer is built and x is (N, *input_shape), TypeError if x is not an array."""
        if not isinstance(x, np.ndarray):
            raise TypeError(f"{self.name}: input must be an array; received {checks.short_repr(x)}")
        if self._built is None:
            raise ValueError(f"{self.name}: not built yet; call it, build it, or add it to a model first")
        checks.batch_shape(self.name, "input", x.shape, self._built.input_shape)

    def rename(self, taken: Collection[str]) -> None:
        """Make the name unique: default names get a number, as dense, dense_1, dense_2.

        Raises ValueError for a taken name that was given by the user, or fixed by another model.
        """
        base = snake_case(type(self).__name__)
        if self.auto_named:
            candidates = (base if k == 0 else f"{base}_{k}" for k in count())
            self.name = next(name for name in candidates if name not in taken)
        if self.name in taken:
            raise ValueError(f"{self.name}: layers of a model must have different names; taken are {', '.join(taken)}")

    def without_activation(self) -> "Layer":
        """A copy that shares the parameters, and whose output is the pre-activation."""
        twin = copy(self)
        twin.activation = linear
        return twin

    # ------------------------------------------------------------ weights: the parameters, then the state

    if not TYPE_CHECKING:  # pragma: no branch  # hidden from type checkers, which would accept every attribute

        def __getattr__(self, name: str) -> Any:
            """A weight by its name, such as `layer.kernel`; not copied. Raises AttributeError for others."""
            if not name.startswith("_") and self._built is not None and name in self.arrays:
                return as_variables({name: self.arrays[name]}, self.trained_params)[0]
            return super().__getattr__(name)

    @property
    def arrays(self) -> Arrays:
        """The parameters and the state by name, in Keras's order; not copied."""
        return {**self.params, **self.state}

    @property
    def weights(self) -> list[Variable]:
        """The parameters and the state as Keras's variables, arrays with a name; not copied."""
        return as_variables(self.arrays, self.trained_params)

    @property
    def trainable_weights(self) -> list[Variable]:
        """The parameters that training changes; not copied."""
        return as_variables(self.trained_params, self.trained_params)

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The other weights; not copied."""
        trained = self.trained_params
        return as_variables({name: array for name, array in self.arrays.items() if name not in trained}, trained)

    variables, trainable_variables, non_trainable_variables = weights, trainable_weights, non_trainable_weights

    def count_params(self) -> int:
        """The number of weights, trainable or not."""
        return sum(array.size for array in self.arrays.values())

    def get_weights(self) -> list[Array]:
        """Copies of the parameters and then of the state, in the order of `weights`."""
        return [array.copy() for array in self.arrays.values()]

    def set_weights(self, weights: list[Array]) -> None:
        """Copy arrays into the weights, in order. Raises ValueError, before any change, if they do not fit."""
        for array, value in zip(self.arrays.values(), self.check_weights(weights), strict=True):
            array[...] = value

    def check_weights(self, weights: list[Any]) -> list[Array]:
        """The weights as arrays. Raises TypeError or ValueError unless all of them fit; changes nothing."""
        checks.sequence(self.name, "weights", weights, length=len(self.arrays))
        arrays = []
        for (key, own), weight in zip(self.arrays.items(), weights, strict=True):
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


def snake_case(name: str) -> str:
    """MaxPooling2D -> max_pooling2d, Conv2DTranspose -> conv2d_transpose, as Keras names layers."""
    before_words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", before_words).lower()
