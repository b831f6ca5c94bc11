"""Dropout, and its gradient."""

import numpy as np

from numpycnn.common.typing import Array
from numpycnn.reference.elementwise import ALPHA, SCALE


def dropout(x: Array, kept: Array, rate: float) -> Array:
    """y = x/(1 - rate) where kept, else 0. x, kept (booleans), y: any shape."""
    y = np.zeros_like(x)
    for a in np.ndindex(x.shape):
        if kept[a]:
            y[a] = x[a] / (1 - rate)
    return y


def dropout_backward(dy: Array, kept: Array, rate: float) -> Array:
    """dx = dy/(1 - rate) where kept, else 0."""
    dx = np.zeros_like(dy)
    for a in np.ndindex(dy.shape):
        if kept[a]:
            dx[a] = dy[a] / (1 - rate)
    return dx


def selu_limit_and_scale(rate: float) -> tuple[float, float]:
    """(f, a): what selu tends to for large negative numbers, and the factor that brings the variance back to 1."""
    f = -SCALE * ALPHA
    return f, 1 / np.sqrt((1 - rate) * (1 + rate * f**2))


def alpha_dropout(x: Array, kept: Array, rate: float) -> Array:
    """y = a*(x where kept, else f) + b, with selu's limit f, and a and b such that mean 0 and variance 1 stay."""
    f, a = selu_limit_and_scale(rate)
    y = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        y[index] = a * ((x[index] if kept[index] else f) - rate * f)
    return y


def alpha_dropout_backward(dy: Array, kept: Array, rate: float) -> Array:
    """dx = a*dy where kept, else 0."""
    _, a = selu_limit_and_scale(rate)
    dx = np.zeros_like(dy)
    for index in np.ndindex(dy.shape):
        if kept[index]:
            dx[index] = a * dy[index]
    return dx


def gaussian_noise(x: Array, g: Array, stddev: float) -> Array:
    """y = x + stddev*g, with standard normal numbers g of x's shape. The gradient of x is dy."""
    y = np.zeros_like(x)
    for a in np.ndindex(x.shape):
        y[a] = x[a] + stddev * g[a]
    return y


def gaussian_dropout(x: Array, g: Array, rate: float) -> Array:
    """y = x * (1 + sqrt(rate/(1 - rate))*g), with standard normal numbers g of x's shape."""
    y = np.zeros_like(x)
    for a in np.ndindex(x.shape):
        y[a] = x[a] * (1 + np.sqrt(rate / (1 - rate)) * g[a])
    return y


def gaussian_dropout_backward(dy: Array, g: Array, rate: float) -> Array:
    """dx = dy * (1 + sqrt(rate/(1 - rate))*g)."""
    dx = np.zeros_like(dy)
    for a in np.ndindex(dy.shape):
        dx[a] = dy[a] * (1 + np.sqrt(rate / (1 - rate)) * g[a])
    return dx
