"""Pictures as arrays, and back, as in `keras.utils`. Needs Pillow, but for `img_to_array` of an array."""

import os
from typing import Any

import numpy as np

from numpycnn import backend
from numpycnn.common import checks
from numpycnn.common.explained import explains_arguments
from numpycnn.common.pictures import pillow, read_picture
from numpycnn.common.typing import Array
from numpycnn.layers.data_format import check_data_format

COLOR_MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos", "box", "hamming")


@explains_arguments
def load_img(
    path: str | os.PathLike[str],
    color_mode: str = "rgb",
    target_size: tuple[int, int] | None = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Any:
    """A picture in a file, as Pillow's image.

    color_mode: "grayscale", "rgb" or "rgba". target_size: (height, width) to resize it to, by interpolation "nearest",
    "bilinear", "bicubic", "lanczos", "box" or "hamming"; keep_aspect_ratio: cut out the middle of those proportions
    first. Raises TypeError or ValueError for other arguments and for a file that is no picture, ImportError without
    Pillow, and OSError. Source: Keras's load_img.
    """
    path = checks.path("load_img", "path", path)
    mode = COLOR_MODES[checks.choice("load_img", "color_mode", color_mode, tuple(COLOR_MODES))]
    checks.choice("load_img", "interpolation", interpolation, INTERPOLATIONS)
    cut = checks.flag("load_img", "keep_aspect_ratio", keep_aspect_ratio)
    size = None if target_size is None else checks.pair("load_img", "target_size", target_size)
    picture = read_picture(path, lambda image: image.convert(mode))
    if size is None:
        return picture
    box = middle(picture.size, size) if cut else None
    return picture.resize(size[::-1], getattr(pillow().Resampling, interpolation.upper()), box)


def middle(size: tuple[int, int], target: tuple[int, int]) -> tuple[int, int, int, int]:
    """The box in the middle of a picture of that (width, height) with the proportions of the target (height, width)."""
    width, height = size
    wide, high = min(width, height * target[1] // target[0]), min(height, width * target[0] // target[1])
    left, top = (width - wide) // 2, (height - high) // 2
    return left, top, left + wide, top + high


@explains_arguments
def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> Array:
    """A picture, or an array (H, W) or (H, W, C), as an array (H, W, C) of floats, or (C, H, W).

    data_format, dtype: by default the backend's. Raises TypeError or ValueError for anything else. Source: Keras's.
    """
    first = check_data_format("img_to_array", data_format) == "channels_first"
    dtype = backend.float_type("img_to_array", "dtype", backend.floatx() if dtype is None else dtype)
    array = checks.numbers("img_to_array", "img", img)
    if array.ndim not in (2, 3):
        raise ValueError(f"img_to_array: img must have 2 or 3 axes; received the shape {array.shape}")
    checks.finite("img_to_array", "img", array, dtype)
    array = array.astype(dtype)
    if array.ndim == 2:
        return array[None] if first else array[..., None]  # (1, H, W) or (H, W, 1)
    is_array = isinstance(img, np.ndarray)  # which is in the data format already
    return array.transpose(2, 0, 1) if first and not is_array else array  # (C, H, W) or (H, W, C)


@explains_arguments
def array_to_img(x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None) -> Any:
    """An array (H, W, C), or (C, H, W), of 1, 3 or 4 channels as Pillow's image.

    scale: to from 0 to 255; otherwise the numbers are taken as they are. data_format, dtype: by default the backend's.
    Raises TypeError or ValueError for other arguments, and ImportError without Pillow. Source: Keras's array_to_img.
    """
    first = check_data_format("array_to_img", data_format) == "channels_first"
    dtype = backend.float_type("array_to_img", "dtype", backend.floatx() if dtype is None else dtype)
    array = checks.numbers("array_to_img", "x", x)
    if array.ndim != 3 or array.shape[0 if first else 2] not in (1, 3, 4):
        raise ValueError(f"array_to_img: x must be an image of 1, 3 or 4 channels; received the shape {array.shape}")
    checks.finite("array_to_img", "x", array, dtype)
    array = array.astype(dtype).transpose(1, 2, 0) if first else array.astype(dtype)  # (H, W, C)
    if checks.flag("array_to_img", "scale", scale):
        array = array - array.min()
        array = array * (255 / (array.max() or 1))
    pixels = array.clip(0, 255).astype(np.uint8)
    return pillow().fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)


@explains_arguments
def save_img(
    path: str | os.PathLike[str],
    x: Any,
    data_format: str | None = None,
    file_format: str | None = None,
    scale: bool = True,
) -> None:
    """Write an array to a picture's file. file_format: by default by the path's suffix. Others as for `array_to_img`.

    Raises as that, ValueError for a format that is not known, and OSError. Source: Keras's save_img.
    """
    path = checks.path("save_img", "path", path)
    if file_format is not None:
        checks.text("save_img", "file_format", file_format)
    picture = array_to_img(x, data_format, scale)
    try:
        picture.save(path, file_format)
    except KeyError:
        raise ValueError(f"save_img: file_format must be one that Pillow writes; received {file_format!r}") from None
