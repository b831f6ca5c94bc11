"""Dropout: which units are kept in training, and by how much they are scaled up."""

from math import prod

import numpy as np

from numpycnn.common.typing import Array, Rng, Shape


def dropout_kept(shape: Shape, rate: float, rng: Rng) -> Array:
    """Which units dropout keeps, with probability 1 - rate to the nearest of 65,536 steps: booleans of `shape`.

    Dropout is then y = x * mask with mask = kept * scale, and its backward dx = dy * mask, with the very same mask.
    Drawing is most of what dropout costs, so every random word of 64 bits serves four units. Each example (N, ...) has
    words of its own: drawing for some examples, and then for the rest, gives the same as drawing for all.
    """
    n, units = shape[0], prod(shape[1:])
    words = rng.integers(2**64, size=(n, -(-units // 4)), dtype=np.uint64)  # (N, units/4)
    return (words.view(np.uint16)[:, :units] < round((1.0 - rate) * 2**16)).reshape(shape)


def dropout_scale(rate: float, dtype: np.dtype) -> Array:
    """1/(1 - rate), by which kept units are scaled up, so that each unit's mean is the same as without dropout.

    This is "inverted" dropout: inference has nothing to scale. At rate 1 nothing is kept, and the scale is 1.
    """
    return np.asarray(1.0 / (1.0 - rate) if rate < 1.0 else 1.0, dtype)[()]
