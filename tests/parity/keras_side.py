"""The figures by Keras 3 on JAX, in float64 throughout: Keras's layers, losses and optimizers, and JAX's gradients."""

import os
from typing import Any

os.environ |= {"KERAS_BACKEND": "jax", "JAX_ENABLE_X64": "1", "JAX_PLATFORMS": "cpu"}

import jax
import keras
import numpy as np
from keras.src.backend.common import dtypes

from numpycnn.common.typing import Array
from parity.draw import Case, Entry
from parity.figures import Result

# Keras's table of what becomes of wide types. Except on TensorFlow it has tanh, means and more go through float32.
dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"


class Network:
    """A case's network in Keras; a step is one function, compiled."""

    def __init__(self, case: Case, dtype: str) -> None:
        keras.config.set_floatx(dtype)
        layers = [made(keras.layers, without_drawing(entry)) for entry in case.spec.layers]
        self.model = keras.Sequential([keras.Input(case.spec.input_shape), *layers])
        self.model.set_weights(case.weights)
        self.loss, self.optimizer = made(keras.losses, case.spec.loss), made(keras.optimizers, case.spec.optimizer)
        self.optimizer.build(self.model.trainable_variables)
        self.params = [v.value for v in self.model.trainable_variables]
        self.memory = [v.value for v in self.optimizer.variables]
        self.derivative = jax.value_and_grad(self.objective, argnums=(0, 1), has_aux=True)
        self.compiled, self.dtype = jax.jit(self.pure_step), dtype

    def step(self, x: Array, y: Array) -> Result:
        y = y if y.dtype.kind == "i" else y.astype(self.dtype)
        result, self.params, self.memory = self.compiled(self.params, self.memory, x.astype(self.dtype), y)
        output, loss, gradients = result
        return Result(np.asarray(output), float(loss), list(map(np.asarray, gradients)))

    def learn(self, x: Array, y: Array) -> float:
        return self.step(x, y).loss

    def pure_step(self, params: Any, memory: Any, x: Any, y: Any) -> Any:
        """The output, the loss and the gradients; and the parameters and the optimizer's memory after the step."""
        (loss, output), (of_params, of_x) = self.derivative(params, x, y)
        return (output, loss, [*of_params, of_x]), *self.optimizer.stateless_apply(memory, of_params, params)

    def objective(self, params: Any, x: Any, y: Any) -> Any:
        """The loss, and beside it the output."""
        output, _ = self.model.stateless_call(params, [], x, training=True)
        return self.loss(y, output), output

    def weights(self) -> list[Array]:
        return list(map(np.asarray, self.params))


def without_drawing(entry: Entry) -> Entry:
    """The entry of a layer with weights that start as zeros: drawing them takes half of the time, for nothing."""
    name, arguments = entry
    return name, arguments | ({"kernel_initializer": "zeros"} if "use_bias" in arguments else {})


def made(module: Any, entry: Entry) -> Any:
    """The object that an entry describes."""
    name, arguments = entry
    return getattr(module, name)(**arguments)
