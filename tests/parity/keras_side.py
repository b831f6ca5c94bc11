"""The figures by Keras 3 on JAX, in float64 throughout: Keras's layers, losses and optimizers, and JAX's gradients."""

import os
from functools import partial
from inspect import signature
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
from parity.others import with_layers

# Keras's table of what becomes of wide types. Except on TensorFlow it has tanh, means and more go through float32.
dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"


LAYERS = vars(keras.layers) | {"Sequential": keras.Sequential}


class Network:
    """A case's network in Keras; a step is one function, compiled."""

    def __init__(self, case: Case, dtype: str) -> None:
        keras.config.set_floatx(dtype)
        layers = [made(LAYERS, without_drawing(entry)) for entry in case.spec.layers]
        self.model = keras.Sequential([keras.Input(case.spec.input_shape), *layers])
        self.model.set_weights(case.weights)
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


def without_drawing(entry: Entry) -> Entry:
    """The entry of a layer with weights that start as zeros: drawing them takes half of the time, for nothing."""
    name, arguments = entry
    arguments = {key: with_layers(value, without_drawing) for key, value in arguments.items()}
    known = signature(LAYERS[name]).parameters
    drawing = ("kernel_initializer", "depthwise_initializer", "pointwise_initializer")
    return name, arguments | {argument: "zeros" for argument in drawing if argument in known}
