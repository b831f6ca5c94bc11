"""Dropout: y = x * mask with mask = kept * scale; its backward dx = dy * mask, with the very same mask.

Gaussian noise has no mask: y = x + noise, with dx = dy; or y = x * factor, with dx = dy * factor. Alpha dropout has
both, y = x * factor + shift, with dx = dy * factor.
"""

from math import prod

import numpy as np

from numpycnn.common.arithmetic import ceil_div
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.functional.exponentials import SELU_ALPHA, SELU_SCALE

SELU_FLOOR = -SELU_SCALE * SELU_ALPHA
"""What selu tends to for large negative numbers."""


def dropout_kept(shape: Shape, rate: float, rng: Rng) -> Array:
    """Which units dropout keeps, each with probability 1 - rate: booleans of `shape`, (N, ...).

    Drawing is most of what dropout costs, so every random word of 64 bits serves four units: a unit is kept where its
    16 bits are below (1 - rate) * 2**16. Where that is not a whole number and a unit's bits equal its whole part, its
    fraction decides, compared with the bits of the three units after it (`fractions_after`), so that no rate is
    rounded to 1/65,536.

    Each example has words of its own: drawing for some examples, and then for the rest, gives the same as drawing for
    all.
    """
    n, units = shape[0], prod(shape[1:])
    words = rng.integers(2**64, size=(n, ceil_div(units, 4)), dtype=np.uint64)  # (N, units/4)
    bits = words.view(np.uint16)  # (N, units), and up to three more
    whole, fraction = divmod((1.0 - rate) * 2**16, 1)
    kept = bits < int(whole)
    if fraction:
        ties = np.flatnonzero(bits == int(whole))
        kept.flat[ties] = fractions_after(bits, ties) < fraction
    return kept[:, :units].reshape(shape)  # shape


def fractions_after(bits: Array, positions: Array) -> Array:
    """A random fraction of 48 bits for each position: the bits of the three places after it, around the row's end.

    bits: (N, width), of 16 random bits each; positions: flat indices into them. Returns values from 0 to below 1.
    """
    row, column = np.divmod(positions, bits.shape[1])
    following = (column[:, None] + (1, 2, 3)) % bits.shape[1]  # (positions, 3)
    return bits[row[:, None], following] @ (2.0**-16, 2.0**-32, 2.0**-48)


def dropout_scale(rate: float, dtype: np.dtype) -> Array:
    """1/(1 - rate), by which kept units are scaled up, so that each unit's mean is the same as without dropout.

    This is "inverted" dropout: inference has nothing to scale. At rate 1 nothing is kept, and the scale is 1.
    """
    return np.asarray(1.0 / (1.0 - rate) if rate < 1.0 else 1.0, dtype)[()]


def alpha_dropout(kept: Array, rate: float, dtype: np.dtype) -> tuple[Array, Array]:
    """(factor, shift) of alpha dropout, y = x * factor + shift, of the shape of `kept`.

    A dropped unit takes the value f = -1.758, to which selu falls; and then a*x + b brings the mean back to 0 and the
    variance to 1, if x had these:

        y = a * (x if kept else f) + b        a = ((1 - rate) * (1 + rate * f**2))**-0.5        b = -a * rate * f

    Source: Klambauer et al. 2017, section 3.
    """
    a = ((1.0 - rate) * (1.0 + rate * SELU_FLOOR**2)) ** -0.5
    shift = np.where(kept, -a * rate * SELU_FLOOR, a * (1.0 - rate) * SELU_FLOOR)
    return kept * dtype.type(a), shift.astype(dtype)


def normal_noise(shape: Shape, stddev: float, rng: Rng, dtype: np.dtype) -> Array:
    """Normal numbers with mean 0 and that standard deviation. dtype: float32 or float64."""
    return rng.standard_normal(shape, dtype) * dtype.type(stddev)
