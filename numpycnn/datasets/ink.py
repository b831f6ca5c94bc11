"""The ink in a picture of writing, whatever the colours of pen and paper, and however the light falls on it.

    channel     of red, green and blue the one in which narrow things differ most from what is around them; inverted if
                they are lighter, so that the ink is dark
    paper       the channel's morphological closing: what is dark and narrow, as strokes are, is filled with what is
                around it; shadows are wide, and stay
    ink         1 - channel / paper: how much of the light that falls there is missing, but for the lines of ruled paper

The division takes shadows away because a picture is light times reflectance.
"""

from math import ceil

import numpy as np

from numpycnn.common.arithmetic import ceil_div
from numpycnn.common.typing import Array
from numpycnn.datasets.morphology import blurred, closed
from numpycnn.datasets.ruling import ruled

LARGEST = 1000  # pixels: pictures with longer sides are reduced
WIDEST = 3  # strokes are narrower than this part of the longer side
WIDER = 5  # than a stroke: the window, at second sight
DARKEST = 0.15  # of the brightest paper: where the paper is darker, it is mostly noise
LEAST = 1.0  # level of 255: no paper is darker, so that one can divide by it
BARE = 25  # percent of a picture, at least, are paper
CONTRAST = 0.08  # the strongest ink takes at least this part of the light
WEAK, STRONG = 0.35, 0.6  # parts of the strongest ink: a stroke is stronger than the one, its core than the other
SOLID = 1 / 3  # of strokes is core: of noise, which has all strengths, it is less


def ink_of(picture: Array) -> Array:
    """The ink in a picture, (H, W, 3) from 0 to 255: (h, w), from 0 for paper to 1; a large picture is reduced.

    Strokes are first taken to be as wide as they may be, and then to be about as wide as those that were found: so the
    shadows that are left are those that are no wider than strokes. Raises ValueError for a blank picture.
    """
    channel = dark_on_light(reduced(picture))
    found = missing_light(channel, window(channel))
    return missing_light(channel, min(WIDER * ceil(stroke_width(found)) | 1, window(channel)))


def missing_light(channel: Array, window: int) -> Array:
    """The ink in a channel, (h, w), dark on light, where strokes are narrower than the window. Raises as `ink_of`."""
    smooth = blurred(blurred(channel, 2)[::-1, ::-1], 2)[::-1, ::-1]  # [1, 2, 1] / 4 along both axes
    paper = closed(smooth, window)
    paper = np.maximum(paper, max(DARKEST * paper.max(), LEAST))
    ink, evidence = (1 - image / paper for image in (channel, smooth))
    bare = np.percentile(evidence, BARE)  # not zero where there is noise: closing keeps the brightest
    strongest = np.percentile(evidence, 99.9) - bare
    if strongest < CONTRAST:
        raise ValueError("the picture is blank")
    line = ruled((evidence - bare) / strongest)
    stroke, core = ((evidence - bare > part * strongest) & ~line for part in (WEAK, STRONG))
    if core.sum() < SOLID * stroke.sum():
        raise ValueError("the picture is blank")
    return np.where(stroke, np.clip((ink - bare) / (ink[core].mean() - bare), 0, 1), 0)


def stroke_width(ink: Array) -> float:
    """How wide the strokes are, in pixels: a stroke's area over half of its perimeter, ends not counted."""
    framed = np.pad(ink, 1)
    steps = framed[1:, :-1] - framed[:-1, :-1], framed[:-1, 1:] - framed[:-1, :-1]
    return float(2 * ink.sum() / np.hypot(*steps).sum())


def reduced(picture: Array, largest: int = LARGEST) -> Array:
    """A picture, (H, W, 3), of at most `largest` pixels along a side: each is the mean of a square of pixels."""
    factor = ceil_div(max(picture.shape[:2]), largest)
    high, wide = (min(factor, size) for size in picture.shape[:2])
    rows, cols = picture.shape[0] // high, picture.shape[1] // wide
    squares = picture[: rows * high, : cols * wide].reshape(rows, high, cols, wide, 3)
    return squares.mean(axis=(1, 3))  # (rows, cols, 3)


def dark_on_light(picture: Array) -> Array:
    """The channel of a picture, (H, W, 3), in which the ink is seen best, dark on light: (H, W).

    What is narrow differs much from the mean around it, and what is wide differs little: the third moment of the
    difference is large, and its sign is the ink's. Noise, and the edges of shadows, have as much of either sign.
    """
    moments = ((picture - blurred(picture, window(picture))) ** 3).mean(axis=(0, 1))  # (3,)
    best = np.abs(moments).argmax()
    return 255 - picture[..., best] if moments[best] > 0 else picture[..., best]


def window(image: Array) -> int:
    """The odd width of a window that is wider than a stroke."""
    return max(image.shape[:2]) // WIDEST | 1
