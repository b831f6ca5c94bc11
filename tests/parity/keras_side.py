"""The figures by Keras 3 on JAX, in float64 throughout: Keras's layers, losses and optimizers, and JAX's gradients."""

import os
from collections.abc import Iterable, Sequence
from functools import partial
from inspect import signature
from itertools import islice
from typing import Any

os.environ |= {"KERAS_BACKEND": "jax", "JAX_ENABLE_X64": "1", "JAX_PLATFORMS": "cpu"}

import jax
import keras
import numpy as np
from keras.src.backend.common import dtypes

from numpycnn.common.typing import Array
from parity.draw import Case, Entry, made
from parity.figures import Result
from parity.optimizers import made as optimizer_of
from parity.others import inside, with_layers

# Keras's table of what becomes of wide types. Except on TensorFlow it has tanh, means and more go through float32.
dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"


LAYERS = vars(keras.layers) | {"Sequential": keras.Sequential}
BLOCKS = ("Branches", "Residual")


class Network:
    """A case's network in Keras; a step is one function, compiled."""

    def __init__(self, case: Case, dtype: str) -> None:
        keras.config.set_floatx(dtype)
        self.model = model_of(case)
        self.loss = made(vars(keras.losses), case.spec.loss)
        self.optimizer = optimizer_of(keras.optimizers, keras.optimizers.schedules, case.spec.optimizer)
        self.optimizer.build(self.model.trainable_variables)
        self.params = [v.value for v in self.model.trainable_variables]
        self.state = [v.value for v in self.model.non_trainable_variables]
        self.memory = [v.value for v in self.optimizer.variables]
        self.derivative = jax.value_and_grad(self.objective, argnums=(0, 1), has_aux=True)
        self.compiled, self.dtype = jax.jit(self.pure_step), dtype
        self.inference = jax.jit(partial(self.model.stateless_call, training=False))

    def step(self, x: Array, y: Array) -> Result:
        y = y if y.dtype.kind == "i" else y.astype(self.dtype)
        result, self.params, self.state, self.memory = self.compiled(
            self.params, self.state, self.memory, x.astype(self.dtype), y
        )
        output, loss, gradients = result
        return Result(np.asarray(output), float(loss), list(map(np.asarray, gradients)))

    def learn(self, x: Array, y: Array) -> float:
        return self.step(x, y).loss

    def pure_step(self, params: Any, state: Any, memory: Any, x: Any, y: Any) -> Any:
        """The output, the loss and the gradients; and parameters, state and the optimizer's memory after the step."""
        (loss, (output, state)), (of_params, of_x) = self.derivative(params, x, state, y)
        params, memory = self.optimizer.stateless_apply(memory, of_params, params)
        return (output, loss, [*of_params, of_x]), params, state, memory

    def objective(self, params: Any, x: Any, state: Any, y: Any) -> Any:
        """The loss, and beside it the output and the new state."""
        output, state = self.model.stateless_call(params, state, x, training=True)
        return self.loss(y, output), (output, state)

    def weights(self) -> list[Array]:
        values = dict(zip(map(id, self.model.trainable_variables), self.params, strict=True))
        values |= dict(zip(map(id, self.model.non_trainable_variables), self.state, strict=True))
        return [np.asarray(values[id(variable)]) for variable in self.model.weights]

    def infer(self, x: Array) -> Array:
        return np.asarray(self.inference(self.params, self.state, x.astype(self.dtype))[0])


class Uncompiled(Network):
    """The same without XLA, which loses a part of the gradient where a maximum is taken of what it computes twice."""

    def __init__(self, case: Case, dtype: str) -> None:
        super().__init__(case, dtype)
        self.compiled, self.inference = self.pure_step, partial(self.model.stateless_call, training=False)


def model_of(case: Case) -> Any:
    """The case's network with its weights: a Sequential, or where it has blocks a functional model."""
    layers: list[Any] = []
    model = chain(case.spec.layers, case.spec.input_shape, layers)
    weights = iter(case.weights)
    for layer in layers:
        layer.set_weights([*islice(weights, len(layer.weights))])
    return model


def chain(entries: Sequence[Entry], input_shape: Sequence[int], layers: list[Any]) -> Any:
    """A model of these layers, which are appended to a list in the order of the entries."""
    first = keras.Input(input_shape)
    if has_blocks(entries):
        return keras.Model(first, chained(entries, first, layers))
    own = [made(LAYERS, without_drawing(entry)) for entry in entries]
    layers += own
    return keras.Sequential([first, *own])


def has_blocks(entries: Iterable[Entry]) -> bool:
    """Whether there is a block among these layers, or inside of one."""
    values = [value for _, config in entries for value in config.values()]
    return any(name in BLOCKS for name, _ in entries) or any(has_blocks([*inside(value)]) for value in values)


def chained(entries: Iterable[Entry], x: Any, layers: list[Any]) -> Any:
    """What these layers make of x."""
    for entry in entries:
        x = applied(entry, x, layers)
    return x


def applied(entry: Entry, x: Any, layers: list[Any]) -> Any:
    """What one layer, or a block, makes of x: as users of Keras write it."""
    name, config = entry
    if name == "Residual":
        return chained(config["layers"], x, layers) + chained(config["shortcut"] or [], x, layers)
    if name == "Branches":
        ys = [chained(branch, x, layers) for branch in config["branches"]]
        add = config["merge"] == "add"
        return keras.layers.Add()(ys) if add else keras.layers.Concatenate(config.get("axis", -1))(ys)
    if name == "Sequential":
        return chain(config["layers"], x.shape[1:], layers)(x)
    layers.append(made(LAYERS, without_drawing(entry)))
    return layers[-1](x)


def without_drawing(entry: Entry) -> Entry:
    """The entry of a layer with weights that start as zeros: drawing them takes half of the time, for nothing."""
    name, arguments = entry
    arguments = {key: with_layers(value, without_drawing) for key, value in arguments.items()}
    known = signature(LAYERS[name]).parameters
    drawing = ("kernel_initializer", "depthwise_initializer", "pointwise_initializer")
    return name, arguments | {argument: "zeros" for argument in drawing if argument in known}
