"""Clipping gradients: by value, or by norm, of each parameter's or of all together."""

from collections.abc import Mapping
from math import sqrt

import numpy as np

from numpycnn.common.typing import Array


def clip_by_value(g: Array, most: float | None) -> Array:
    """g with entries from -most to most; None or 0 is no limit."""
    return np.clip(g, -most, most) if most else g


def clip_norms(gradients: Mapping[str, Array], each: float | None, together: float | None) -> dict[str, Array]:
    """Gradients whose norm is at most `each`, or that of all together at most `together`; only one is given.

        g * limit / max(norm, limit),   norm = sqrt(sum(g**2))

    Source: Keras's clipnorm and global_clipnorm.
    """
    squares = {name: float(np.sum(np.square(g))) for name, g in gradients.items()}
    if each:
        return {name: g * (each / max(sqrt(squares[name]), each)) for name, g in gradients.items()}
    limit = together or 0.0
    scale = limit / max(sqrt(sum(squares.values())), limit)
    return {name: g * scale for name, g in gradients.items()}
