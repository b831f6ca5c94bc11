"""Keras's figures for `certain.json`: its own layers, which are given what a case says was drawn."""

from typing import Any
from unittest import mock

import numpy as np

from numpycnn.common.typing import Array
from parity.certain import SHAPE, Certain, G, X, dy_like
from parity.keras_side import LAYERS as KERAS

# isort: split
import jax  # after keras_side, which chooses the backend and the precision
import keras
from keras.src.backend.jax import random as jax_random

NAMES = {"flipped": "flips", "factor": "contrast_factor"}
"""What the layers call their draws here, and in Keras."""


def theirs(case: Certain) -> tuple[Array, Array]:
    """(y, dx) of Keras, on JAX in float64."""
    keras.config.set_floatx("float64")
    function = computed(case)
    y, pullback = jax.vjp(function, jax.numpy.asarray(X))
    return np.asarray(y), np.asarray(pullback(jax.numpy.asarray(dy_like(np.asarray(y))))[0])


def computed(case: Certain) -> Any:
    """The case as a function of x."""
    if case.name not in KERAS:
        return lambda x: getattr(keras.activations, case.name)(x, **case.arguments)
    layer = KERAS[case.name](**case.arguments)
    layer.build((None, *SHAPE[1:]))
    if case.drawn is None:
        return lambda x: layer(x, training=case.training)
    if case.drawn.keys() & {"g", "kept"}:
        return lambda x: with_numbers(layer, x, case.drawn)
    if case.name == "RandomCrop":  # Keras gives a batch one corner
        corner = case.drawn["top"][0], case.drawn["left"][0]
        return lambda x: layer.transform_images(x, corner)
    given = {NAMES[key]: np.asarray(value).reshape(-1, 1, 1, 1) for key, value in case.drawn.items()}
    return lambda x: layer.transform_images(x, given, training=True)


def with_numbers(layer: Any, x: Any, drawn: dict[str, Any]) -> Any:
    """The layer in training, where each normal number is one of G, and each value is kept that the case says."""

    def normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
        return mean + stddev * jax.numpy.asarray(G).reshape(shape)

    def bernoulli(seed: Any, p: float, shape: Any) -> Any:
        return jax.numpy.asarray(drawn["kept"]).reshape(shape)

    with mock.patch.object(jax_random, "normal", normal), mock.patch.object(jax.random, "bernoulli", bernoulli):
        return layer(x, training=True)
