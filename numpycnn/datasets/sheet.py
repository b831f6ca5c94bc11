"""A sheet that lies on something darker or lighter: the part of the picture that is the sheet."""

import numpy as np

from numpycnn.common.arithmetic import ceil_div
from numpycnn.common.typing import Array
from numpycnn.datasets.ink import reduced
from numpycnn.datasets.pieces import box, components

SIDE = 150  # pixels: larger pictures are reduced to look for a sheet
AROUND = 0.9  # of the picture's edge, at least, is beside the sheet
LEAST = 0.15  # of the picture, at least, is the sheet
FILLED = 0.85  # of its box, at least, is the sheet with what is written on it: of a digit it is less
BARE = 0.5  # of the sheet, at least, is not written on
APART = 20  # levels of 255, at least, between the sheet and what it lies on


def sheet_in(picture: Array) -> Array:
    """The sheet in a picture, (H, W, 3), cut out; the whole picture, if nothing is around it."""
    factor = ceil_div(max(picture.shape[:2]), SIDE)
    brightness = reduced(picture, SIDE).mean(axis=-1)  # (h, w)
    dark, light = np.percentile(brightness, (5, 95))
    if light - dark < APART:
        return picture
    above = brightness > (dark + light) / 2
    for sheet in (above, ~above):
        found = inside(sheet)
        if found is not None:
            rows, cols = (slice((one.start + 1) * factor, (one.stop - 1) * factor) for one in found)
            return picture[rows, cols]
    return picture


def inside(mask: Array) -> tuple[slice, slice] | None:
    """The box of the largest component of a mask, if it is a sheet with something on it, and other pixels around it."""
    edge = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    if not mask.any() or edge.mean() > 1 - AROUND:
        return None
    numbers, others = components(mask), components(~mask)
    sheet = numbers == np.bincount(numbers[mask]).argmax()
    around = np.isin(others, np.concatenate([others[0], others[-1], others[:, 0], others[:, -1]])) & ~mask
    where = box(sheet)
    whole, bare = ~around[where], sheet[where]
    writing = whole & ~bare
    sure = sheet.sum() > LEAST * mask.size and whole.mean() > FILLED and bare.mean() > BARE and writing.any()
    return where if sure else None
