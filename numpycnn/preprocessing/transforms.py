"""Images, (N, H, W, C), changed by what was drawn for each.

An image is moved, turned, sheared and zoomed about its center at once: the pixel at (row, column) = p shows what is at

    center + R S Z (p - center) + R t

with the rotation R, the shear S, the zoom Z and the shift t. `functional/warping.py` interpolates.
Source: Keras's apply_affine_transform, whose x is the column and whose y is the row.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from numpycnn import functional as F
from numpycnn.common.typing import Array, Pair
from numpycnn.functional.warping import View, about_center

STILL = {"theta": 0.0, "tx": 0.0, "ty": 0.0, "shear": 0.0, "zx": 1.0, "zy": 1.0}
"""What leaves an image as it is."""


def transformed(x: Array, drawn: Mapping[str, Any], fill_mode: str, cval: float, interpolation: str) -> Array:
    """The images changed by what was drawn for them: a new array. drawn: see `ranges.py`; a number is for all."""
    n, h, w, _ = x.shape
    placed = [np.broadcast_to(drawn.get(name, still), n) for name, still in STILL.items()]  # (N,) of each
    if any((one != still).any() for one, still in zip(placed, STILL.values(), strict=True)):
        view = View(matrices((h, w), *placed), (h, w), (h, w), interpolation, fill_mode)
        x = F.warp(x, view, cval if fill_mode == "constant" else 0.0)
    x = np.where(per_image(drawn.get("flip_horizontal", False), n), x[:, :, ::-1], x)
    x = np.where(per_image(drawn.get("flip_vertical", False), n), x[:, ::-1], x)
    if "channel_shift_intensity" in drawn:
        lowest, highest = x.min(axis=(1, 2, 3), keepdims=True), x.max(axis=(1, 2, 3), keepdims=True)
        x = np.clip(x + per_image(drawn["channel_shift_intensity"], n).astype(x.dtype), lowest, highest)
    if "brightness" in drawn:
        x = np.clip(x * per_image(drawn["brightness"], n).astype(x.dtype), 0, 255)
    return x


def per_image(value: Any, n: int) -> Array:
    """A value for each image, or one for all, against pixels: (N, 1, 1, 1)."""
    return np.broadcast_to(value, n).reshape(n, 1, 1, 1)


def matrices(image: Pair, theta: Array, tx: Array, ty: Array, shear: Array, zx: Array, zy: Array) -> Array:
    """The matrices (N, 2, 3) of `functional/warping.py`, in rows and columns."""
    turn, lean, zero = np.deg2rad(theta), np.deg2rad(shear), np.zeros(len(theta))
    rotation = stacked([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    leaning = stacked([[np.cos(lean), zero], [-np.sin(lean), zero + 1]])
    whole = about_center(rotation @ leaning @ stacked([[zy, zero], [zero, zx]]), image)  # (N, 2, 3)
    whole[:, :, 2:] += rotation @ np.stack([ty, tx], axis=1)[:, :, None]  # (N, 2, 1)
    return whole


def stacked(rows: list[list[Array]]) -> Array:
    """Matrices (N, 2, 2) from their entries, (N,) of each."""
    return np.moveaxis(np.array(rows, float), -1, 0)  # (2, 2, N) to (N, 2, 2)
