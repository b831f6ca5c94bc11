"""A sequence of layers as users define it: naming, building from a seed, configuration, and checks of data.

The loop over layers is in `layers/chain.py`; training is in `training.py` and `models.py`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

import numpy as np

from numpycnn import backend
from numpycnn.common import checks
from numpycnn.common.configuration import from_description
from numpycnn.common.randomness import WEIGHTS, draw_seed, generator
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.layers import LAYERS, Input, Layer
from numpycnn.layers.base import Arrays, Built, snake_case
from numpycnn.layers.chain import Chain
from numpycnn.layers.container import Container, check_new, every_layer

KERAS_METHODS = ("call", "make_train_function", "predict_step", "test_step", "train_step")
"""Methods that Keras's models call, and these do not."""


class Network(Chain):
    """A sequence of layers: the output of each is the input of the next. `Sequential` adds training.

    layers: the layers, or add them one by one; another Sequential may be one of them. name: the model's name in errors
    and in the summary. seed: fixes initial weights, dropout and the order of examples; None draws one from NumPy's
    global state when the model is built, so `np.random.seed` before that fixes everything as well.

    The model is built, that is its parameters are created, as soon as the shape of an example is known: from the first
    layer's input_shape, from `build`, or from the first data. Data are cast to the model's dtype batch by batch.

    trainable: False freezes the layers that are given.
    fast: compute convolutions in blocks, with the activation, pooling and dropout after them (`engine/fast/`): the same
    numbers up to rounding, several times as fast. False computes layer by layer, by `functional/` and `layers/`.
    dtype: "float32" or "float64"; None is the backend's floatx when the model is built.

    Raises TypeError for a layer that is not a Layer, ValueError for two layers of one name or shapes that do not fit.
    """

    explained_methods = (
        *("compile", "fit", "train_on_batch", "evaluate", "test_on_batch", "predict", "summary"),
        *("save", "save_weights", "load_weights", "get_layer", "pop"),
    )

    def __init__(
        self,
        layers: Sequence[Layer | Input] | None = None,
        name: str | None = None,
        seed: int | None = None,
        *,
        trainable: bool = True,
        fast: bool = True,
        dtype: Any = None,
    ) -> None:
        checks.without_methods(
            type(self), KERAS_METHODS, "train_on_batch, in a loop of your own, takes steps one by one"
        )
        self.auto_named = name is None
        self.name = snake_case(type(self).__name__) if name is None else checks.name(type(self).__name__, name)
        self.fast = checks.flag(self.name, "fast", fast)
        self.seed = None if seed is None else checks.integer(self.name, "seed", seed, at_least=0)
        self._dtype = None if dtype is None else backend.float_type(self.name, "dtype", dtype)
        self._layers: list[Layer] = []
        self._given_shape, self._built = None, None
        given = checks.sequence(self.name, "layers", [] if layers is None else layers)
        checks.flag(self.name, "trainable", trainable)
        with restored_on_error(given):
            for layer in given:
                self.add(layer)
        if not trainable:
            self.trainable = False

    @property
    def dtype(self) -> np.dtype:
        """The dtype of parameters and data."""
        return np.dtype(backend.floatx()) if self._dtype is None else self._dtype

    def add(self, layer: Layer | Input) -> None:
        """Append a layer, and build it if the shape of its input is known. Raises as described for the class."""
        if isinstance(layer, Input):
            if self._layers or self._given_shape is not None:
                raise ValueError(f"{self.name}.add: an Input must come before everything else")
            self._given_shape = layer.shape
            return
        if not isinstance(layer, Layer):
            raise TypeError(f"{self.name}.add: expected a layer; received {checks.short_repr(layer)}")
        check_new(self, layer)
        check_whole_batch(layer)
        with restored_on_error([layer]):
            layer.rename([other.name for other in self._layers])
            if self._layers or self._given_shape is not None:
                layer._given_shape = None  # as in Keras: the first one's alone counts
            input_shape = self._next_input_shape(layer)
            if input_shape is not None:
                self._build([layer], len(self._layers), input_shape)
        self.append(layer)

    def pop(self) -> Layer:
        """Remove the last layer, and return it with its weights. Raises ValueError if there is none."""
        if not self._layers:
            raise ValueError(f"{self.name}.pop: the model has no layers")
        layer = self._layers.pop()
        if self._built is not None:
            output_shape = self._layers[-1].shape_out if self._layers else None
            self._built = None if output_shape is None else self._built._replace(output_shape=output_shape)
        return layer

    def _next_input_shape(self, layer: Layer) -> Shape | None:
        """The input shape of a layer that is added; None while unknown."""
        if self._layers:
            return self.shape_out
        return layer.shape_in if self._given_shape is None else self._given_shape

    def build(self, input_shape: Sequence[int | None], rng: Rng | None = None, dtype: Any = None) -> Shape:
        """Create every layer's parameters, for examples of that shape: (28, 28, 1), or Keras's (None, 28, 28, 1).

        rng and dtype are ignored: the model has its own. Returns the shape of an output example.
        Raises ValueError if there are no layers or the shape does not fit them; then nothing is built.
        """
        shape = checks.shape(f"{self.name}.build", "input_shape", checks.without_batch(input_shape))
        output_shape = self.check_shape(shape)
        if not self.built:
            self._build(self._layers, 0, shape)
        return output_shape

    def output_shape_for(self, input_shape: Shape) -> Shape:
        if not self._layers:
            raise ValueError(f"{self.name}: the model has no layers; add some first")
        return super().output_shape_for(input_shape)

    def _build(self, layers: Sequence[Layer], first: int, shape: Shape) -> None:
        """Build consecutive layers, all or none; `first` is the index of the first of them.

        Their parameters come from the model's seed, which is drawn now if there is none.
        """
        dtype, input_shape = self.dtype, self.shape_in if first else shape
        inputs = []  # the input shape of each layer
        for layer in layers:
            inputs.append(shape)
            shape = layer.check_shape(shape)
            check_dtype(layer, dtype)
        seed = draw_seed() if self.seed is None else self.seed
        made = [
            (layer.params, layer.state)
            if layer.built
            else layer.make_arrays(own, generator(seed, WEIGHTS, index), dtype)
            for index, (layer, own) in enumerate(zip(layers, inputs, strict=True), start=first)
        ]
        for layer, own, arrays in zip(layers, inputs, made, strict=True):
            layer.finish_build(own, *arrays)
        for nested in every_layer(layers):
            if isinstance(nested, Network):
                nested._dtype = dtype  # of layers that are added to it later
        self.seed, self._dtype = seed, dtype
        self._built = Built(input_shape or (), shape, {}, {})

    def finish_build(self, input_shape: Shape, params: Arrays, state: Arrays) -> None:
        super().finish_build(input_shape, params, state)
        self._dtype = next((array.dtype for array in params.values()), self._dtype)

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer with that name or index. Raises ValueError if there is none, or unless exactly one is given."""
        caller = f"{self.name}.get_layer"
        if (name is None) == (index is None):
            given = f"name={checks.short_repr(name)}, index={checks.short_repr(index)}"
            raise ValueError(f"{caller}: expected a name or an index; received {given}")
        if name is not None:
            return checks.lookup(caller, "name", name, {layer.name: layer for layer in self._layers})
        index = checks.integer(caller, "index", index, at_least=-len(self._layers))
        if index >= len(self._layers):
            raise ValueError(f"{caller}: index must be below {len(self._layers)}; received {checks.short_repr(index)}")
        return self._layers[index]

    # ------------------------------------------------------------ weights and configuration

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Copy arrays into the weights, in `get_weights`' order. Raises ValueError or TypeError unless all fit."""
        self._require_built("set_weights")
        super().set_weights(list(checks.sequence(f"{self.name}.set_weights", "weights", weights)))

    def get_config(self) -> dict[str, Any]:
        """The model without its weights, as JSON values: `from_config` makes an equal model with new weights."""
        dtype = None if self._dtype is None else self._dtype.name
        layers = super().get_config()["layers"]
        return {"name": self.name, "seed": self.seed, "fast": self.fast, "dtype": dtype, "layers": layers}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The model that `get_config` described, of the library's own layers, with new weights.

        Raises ValueError or TypeError for anything else.
        """
        model = cls.unbuilt(config)
        if model.shape_in is not None:
            model.build(model.shape_in)
        return model

    @classmethod
    def unbuilt(cls, config: dict[str, Any]) -> Self:
        checks.keys("from_config", "config", config, {"name", "seed", "fast", "dtype", "layers"})
        entries = checks.sequence("from_config", "layers", config["layers"])
        model = cls(None, config["name"], config["seed"], fast=config["fast"], dtype=config["dtype"])
        for entry in entries:
            model.append(from_description("from_config", "layer", entry, LAYERS))
        return model

    # ------------------------------------------------------------ data

    def _check_x(self, caller: str, x: Any, check_finite: bool, argument: str = "x") -> tuple[Array, Shape]:
        """x as an array, and the output shape of one example. Raises for data that do not fit; changes nothing."""
        if self.shape_in is not None and is_only_array(x, 1 + len(self.shape_in)):
            x = x[0]
        x = with_rank_of(checks.numbers(caller, argument, x), self.shape_in)
        checks.same_length(caller, **{argument: x})
        if self._layers and self.shape_in is not None:
            checks.batch_shape(self._layers[0].name, argument, x.shape, self.shape_in)
        shape_out = self.shape_out if self.built else None
        output_shape = self.check_shape(x.shape[1:]) if shape_out is None else shape_out
        if checks.flag(caller, "check_finite", check_finite):
            checks.finite(caller, argument, x, self.dtype)
        return x, output_shape

    def _build_for(self, x: Array) -> None:
        """Build the model for a batch x, unless it is built."""
        if not self.built:
            self.build(x.shape[1:])

    def _require_built(self, method: str) -> None:
        """Raise ValueError unless the model is built."""
        if not self.built:
            raise ValueError(
                f"{self.name}.{method}: the model is not built; give its first layer an input_shape, or call build"
            )


def with_rank_of(x: Array, input_shape: Shape | None) -> Array:
    """x, with a last axis of one element more or less where its examples then have the input_shape, as in Keras."""
    if input_shape is not None and (*x.shape[1:], 1) == input_shape:
        return x[..., None]  # (n, *input_shape)
    if input_shape is not None and x.shape[1:] == (*input_shape, 1):
        return x[..., 0]  # (n, *input_shape)
    return x


def is_only_array(value: Any, axes: int) -> bool:
    """Whether a value is a list of one array with so many axes: Keras's list of the inputs of a model that has one."""
    return isinstance(value, (list, tuple)) and [getattr(one, "ndim", None) for one in value] == [axes]


def is_list_of_one(value: Any) -> bool:
    """Whether a value is a list of one array: Keras's list of the targets of a model that has one output."""
    return (
        isinstance(value, (list, tuple)) and len(value) == 1 and isinstance(value[0], np.ndarray) and value[0].ndim > 0
    )


@contextmanager
def restored_on_error(layers: Sequence[Any], unless: Callable[[], bool] = bool) -> Iterator[None]:
    """If the body raises, restore the attributes of the layers: names, shapes and arrays.

    unless: called then; if it returns True, nothing is restored.
    """
    before = [(layer, dict(vars(layer))) for layer in every_layer(layers)]
    try:
        yield
    except BaseException:
        if not unless():
            for layer, attributes in before:
                vars(layer).clear()
                vars(layer).update(attributes)
        raise


def check_whole_batch(layer: Layer) -> None:
    """Raise ValueError for a layer that would move its state by what it saw of a part of the batch."""
    moves_state = type(layer).next_state is not Layer.next_state and not isinstance(layer, Container)
    if moves_state and not layer.whole_batch:
        raise ValueError(
            f"{layer.name}: its next_state would be given a part of the batch alone; the class {type(layer).__name__} "
            "must say whole_batch = True"
        )


def check_dtype(layer: Layer, dtype: np.dtype) -> None:
    """Raise ValueError if the layer already has arrays of another dtype."""
    for key, array in layer.arrays.items():
        if array.dtype != dtype:
            raise ValueError(f"{layer.name}: {key} is {array.dtype} from before, but the model's dtype is {dtype}")
