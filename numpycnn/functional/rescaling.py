"""Values brought to another range: by a given scale and offset, or to mean 0 and variance 1 by statistics of the data.

The constants have a shape that repeats to that of an example, and depend on nothing: so a backward is one factor.
"""

from numpycnn.common.typing import Array


def rescale(x: Array, scale: Array, offset: Array) -> Array:
    """y = x*scale + offset. x: (N, ...)."""
    return x * scale + offset


def rescale_backward(dy: Array, scale: Array) -> Array:
    """dx = dy*scale."""
    return dy * scale


def standardize(x: Array, mean: Array, std: Array) -> Array:
    """y = (x - mean)/std, of which `rescale(y, std, mean)` is the inverse. x: (N, ...)."""
    return (x - mean) / std


def standardize_backward(dy: Array, std: Array) -> Array:
    """dx = dy/std."""
    return dy / std
