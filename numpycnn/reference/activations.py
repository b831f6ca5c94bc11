"""Activations, each value by itself, and their gradients."""

import numpy as np

from numpycnn.common.typing import Array


def relu(z: Array) -> Array:
    """y = z where z > 0, else 0. z, y: any shape."""
    y = np.zeros_like(z)
    for a in np.ndindex(z.shape):
        if z[a] > 0:
            y[a] = z[a]
    return y


def relu_backward(dy: Array, z: Array) -> Array:
    """dz = dy where z > 0, else 0, at the kink too."""
    dz = np.zeros_like(z)
    for a in np.ndindex(z.shape):
        if z[a] > 0:
            dz[a] = dy[a]
    return dz


def sigmoid(z: Array) -> Array:
    """y = 1/(1 + exp(-z)). z, y: any shape."""
    y = np.zeros_like(z)
    for a in np.ndindex(z.shape):
        y[a] = 1 / (1 + np.exp(-z[a]))
    return y


def sigmoid_backward(dy: Array, z: Array) -> Array:
    """dz = dy * exp(-z)/(1 + exp(-z))**2, by the rule for a quotient."""
    dz = np.zeros_like(z)
    for a in np.ndindex(z.shape):
        dz[a] = dy[a] * np.exp(-z[a]) / (1 + np.exp(-z[a])) ** 2
    return dz


def tanh(z: Array) -> Array:
    """y = sinh(z)/cosh(z). z, y: any shape."""
    y = np.zeros_like(z)
    for a in np.ndindex(z.shape):
        y[a] = np.sinh(z[a]) / np.cosh(z[a])
    return y


def tanh_backward(dy: Array, z: Array) -> Array:
    """dz = dy/cosh(z)**2, by the rule for a quotient, for cosh**2 - sinh**2 = 1."""
    dz = np.zeros_like(z)
    for a in np.ndindex(z.shape):
        dz[a] = dy[a] / np.cosh(z[a]) ** 2
    return dz
