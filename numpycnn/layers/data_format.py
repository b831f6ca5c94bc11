"""The two data formats of images, (N, H, W, C) and (N, C, H, W), as views of one another: nothing is copied.

All arithmetic is channels_last. A layer with data_format "channels_first" transposes its input and its output.
"""

import numpy as np

from numpycnn import backend
from numpycnn.common import checks
from numpycnn.common.typing import Array, Pair, Shape


def check_data_format(owner: str, value: str | None) -> str:
    """The data format; None is the backend's setting. Raises TypeError or ValueError for an unknown one."""
    chosen = backend.image_data_format() if value is None else value
    return checks.choice(owner, "data_format", chosen, backend.DATA_FORMATS)


def to_channels_last(x: Array, data_format: str) -> Array:
    """A batch in `data_format`, as a view (N, ..., C)."""
    return np.moveaxis(x, 1, -1) if data_format == "channels_first" and x.ndim > 1 else x  # (N, ..., C)


def from_channels_last(x: Array, data_format: str) -> Array:
    """A batch (N, ..., C), as a view in `data_format`."""
    return np.moveaxis(x, -1, 1) if data_format == "channels_first" and x.ndim > 1 else x  # (N, C, ...)


def split_shape(owner: str, input_shape: Shape, data_format: str) -> tuple[Pair, int]:
    """((rows, columns), channels) of one image's shape. Raises ValueError unless it has three axes."""
    if len(input_shape) != 3:
        axes = "(channels, rows, columns)" if data_format == "channels_first" else "(rows, columns, channels)"
        raise ValueError(f"{owner}: expected images of shape {axes}; received {input_shape}")
    if data_format == "channels_first":
        c, h, w = input_shape
    else:
        h, w, c = input_shape
    return (h, w), c


def join_shape(image: Pair, channels: int, data_format: str) -> Shape:
    """The shape of one image in `data_format`."""
    return (channels, *image) if data_format == "channels_first" else (*image, channels)
