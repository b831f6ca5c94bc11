"""Zeros around an image, and an image without its border: each is the other's backward."""

import numpy as np

from numpycnn.common.typing import Array, Pair

Borders = tuple[Pair, Pair]
"""How many pixels on each side: ((top, bottom), (left, right))."""


def zero_pad(x: Array, borders: Borders) -> Array:
    """The image with zeros around it: (N, H, W, C) -> (N, top + H + bottom, left + W + right, C)."""
    return np.pad(x, ((0, 0), *borders, (0, 0)))


def crop(x: Array, borders: Borders) -> Array:
    """The image without its border: (N, H, W, C) -> (N, H - top - bottom, W - left - right, C), a view.

    It is the backward of zero_pad, for a pixel inside is copied and a zero depends on nothing; and zero_pad is its
    backward, for a pixel of the border goes nowhere.
    """
    (top, bottom), (left, right) = borders
    _, h, w, _ = x.shape
    return x[:, top : h - bottom, left : w - right]
