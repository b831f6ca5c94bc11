"""Lines on ruled and squared paper: they are straight, cross most of the picture, and are weaker than the writing.

- along a line comes the mean of a few pixels, which takes noise away;
- across it the maximum of a few pixels, within which a line that is a little turned stays;
- along it the morphological opening by a segment: what is shorter than the segment is gone.

What is left has the strength of its segment's weakest place: that is the line's own, not that of a stroke across it.
"""

import numpy as np

from numpycnn.common.typing import Array
from numpycnn.datasets.morphology import dilated, maximum_along, mean_along

LONG = 0.85  # of the picture's side, at least, is a line's length
SHORT = 1 / 30  # of the side, over which a line's strength is averaged
TURNED = 1 / 25  # of the side: a line may go up or down by half of it
BESIDE = 1 / 8  # of the side: what is half as far from a long stroke of writing is its edge, and no line
FAINT, DARK = 0.2, 0.8  # parts of the writing's strength: a line's is between them


def ruled(ink: Array) -> Array:
    """Where ink, (H, W), about 1 for writing, is that of lines: (H, W), bool. Writing across a line is not."""
    strength = np.maximum(lines_down(ink.T).T, lines_down(ink))
    return ink < np.where(strength > 0, (strength + 1) / 2, 0)  # nearer to the line's strength than to the writing's


def lines_down(ink: Array) -> Array:
    """The strength of the lines from the top to the bottom, (H, W); 0 where there are none."""
    high, wide = ink.shape
    long = round(LONG * high) | 1
    band = maximum_along(mean_along(ink, round(SHORT * high) | 1, 0), round(TURNED * high) | 1, 1)
    framed = np.pad(band, [(long, long), (0, 0)])  # zeros: a line ends where the picture does
    opened = maximum_along(-maximum_along(-framed, long, 0), long, 0)[long:-long]  # (H, W)
    strongest = dilated(opened, round(BESIDE * wide) | 1)
    return np.where((opened > FAINT) & (strongest < DARK), opened, 0)
