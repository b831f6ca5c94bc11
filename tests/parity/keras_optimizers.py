"""Keras's optimizers by themselves, in float64, on Keras's own NumPy backend: nothing has to be compiled for it."""

import os
from typing import Any

os.environ["KERAS_BACKEND"] = "numpy"

import keras
import numpy as np
from keras.src.backend.common import dtypes

from numpycnn.common.typing import Array
from parity.optimizers import Entry, Problem, made, row

keras.config.set_floatx("float64")
dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"  # as in `keras_side.py`


def theirs(entry: Entry, given: Problem) -> Array:
    """The parameters after each step, and then the moving averages, as `optimizers.ours` has them."""
    optimizer: Any = made(keras.optimizers, keras.optimizers.schedules, entry)
    variables, rows = [keras.Variable(w, dtype="float64") for w in given.params], []
    for gradients in given.gradients:
        optimizer.apply(gradients, variables)
        rows.append(row(variable.numpy() for variable in variables))
    if optimizer.use_ema:
        rows.append(row(average.numpy() for average in optimizer._model_variables_moving_average))
    return np.stack(rows)
