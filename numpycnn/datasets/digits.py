"""Your own digits in MNIST's format: a picture or a drawing converted to 28 by 28 pixels.

MNIST's digits were scaled to fit 20 by 20 pixels, keeping their proportions, and placed in 28 by 28 with their centre
of mass in the middle: of the 60,000 training images the longer side has 20 pixels in all but 13, and the centre of mass
is within half a pixel of (14, 14) in all. A network trained on such images misclassifies others; `as_mnist` normalizes
a drawing in this way. Source: LeCun, Cortes and Burges, "The MNIST database".
"""

import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from numpycnn.common import checks
from numpycnn.common.pictures import read_picture
from numpycnn.common.typing import Array
from numpycnn.datasets.ink import ink_of, stroke_width
from numpycnn.datasets.morphology import dilated, eroded
from numpycnn.datasets.pieces import Piece, box, in_lines, joined, pieces_of
from numpycnn.datasets.sheet import sheet_in
from numpycnn.layers import Input, Layer, Rescaling
from numpycnn.layers.container import Container

SIDE = 28
BOX = 20
MIDDLE = 14  # the centre of mass, in pixels from the centre of the top left one
THIN, THICK = 0.1, 0.16  # parts of a digit's longer side: as wide are the strokes of nine in ten of MNIST's digits
MAX_PIXELS = 50_000_000
NETWORK = os.path.join(os.path.dirname(__file__), "digits.safetensors")
"""The file of a trained network for images in the format of `as_mnist`, which benchmarks/shipped.py made."""

SHADES = " .:-=+*#%@"

__all__ = ["NETWORK", "as_input", "as_mnist", "as_text", "read_digit", "read_digits"]


def as_mnist(image: Any) -> Array:
    """A drawing, (rows, columns), 0 on the background, in MNIST's format: (28, 28), float32 from 0 to 1.

    Of a picture that is dark on light, from 0 to 255, the drawing is `255 - picture`. Raises ValueError or TypeError
    for any other array, and for a drawing that is empty or ink all over.
    """
    image = checks.numbers("as_mnist", "image", image)
    expected = "as_mnist: image must be a drawing (rows, columns), 0 on the background"
    if image.ndim != 2 or not np.isfinite(image).all():
        raise ValueError(f"{expected}; received the shape {image.shape}, or numbers that are not finite")
    if not (image > 0).any() or image.min() == image.max():
        raise ValueError(f"{expected}, with some ink; received an array with nothing on its background")
    ink = np.maximum(image / image.max(), 0)
    digit = ink[box(ink)]
    rows, cols = (max(1, round(BOX * size / max(digit.shape))) for size in digit.shape)
    small = resampling(rows, digit.shape[0]) @ digit @ resampling(cols, digit.shape[1]).T  # (rows, cols)
    top, left = (place(small.sum(axis=1 - axis)) for axis in (0, 1))
    framed = np.zeros((SIDE, SIDE), np.float32)
    framed[top : top + rows, left : left + cols] = small
    return framed


def resampling(new: int, old: int) -> Array:
    """The matrix (new, old) that resamples a line of `old` pixels to `new` by area averaging."""
    edges = np.arange(new + 1) * (old / new)
    starts = np.arange(old)
    overlap = np.minimum(edges[1:, None], starts + 1) - np.maximum(edges[:-1, None], starts)  # (new, old)
    return np.maximum(overlap, 0) * (new / old)


def place(mass: Array) -> int:
    """The offset in the frame that brings the centre of mass of a line of pixels closest to the middle."""
    centre = (mass * np.arange(len(mass))).sum() / mass.sum()
    return int(np.clip(np.floor(MIDDLE - centre + 0.5), 0, SIDE - len(mass)))


def read_digit(path: str | os.PathLike[str]) -> Array:
    """Read a picture of one digit, dark on light or light on dark, in the format of `as_mnist`. Needs Pillow.

    All ink in the picture is the digit, but for specks; strokes that are thinner or thicker than MNIST's are made like
    those. Raises ImportError without Pillow; ValueError for a file that is not a picture, too large, or blank;
    TypeError for anything but a path; and OSError.
    """
    path = checks.path("read_digit", "path", path)
    ink, numbers, pieces = pieces_in(path)
    return digit_of(ink, numbers, pieces)


def read_digits(path: str | os.PathLike[str]) -> list[Array]:
    """Read a picture of several digits that do not touch each other: for each line of them (n, 28, 28).

    Lines go from top to bottom, and the digits of a line from left to right. Raises as `read_digit`.
    """
    path = checks.path("read_digits", "path", path)
    ink, numbers, pieces = pieces_in(path)
    lines = in_lines(joined(pieces))
    return [np.stack([digit_of(ink, numbers, digit) for digit in line]) for line in lines]  # (n, 28, 28)


def pieces_in(path: str) -> tuple[Array, Array, list[Piece]]:
    """The ink in a picture's file, and the pieces that it is in. Raises as `read_digit`."""
    picture = read_picture(path, as_rgb)
    try:
        ink = ink_of(sheet_in(picture))
        return ink, *pieces_of(ink)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def as_rgb(picture: Any) -> Array:
    """Pillow's picture, the right way up: (H, W, 3), 0 to 255; what is transparent is white. Raises ValueError."""
    from PIL import Image, ImageOps

    if picture.width * picture.height > MAX_PIXELS:
        raise ValueError(f"has {picture.width} by {picture.height} pixels; at most {MAX_PIXELS} are read")
    upright = ImageOps.exif_transpose(picture).convert("RGBA")
    white = Image.new("RGBA", upright.size, "white")
    return np.asarray(Image.alpha_composite(white, upright).convert("RGB"))


def digit_of(ink: Array, numbers: Array, pieces: list[Piece]) -> Array:
    """Some pieces of the ink in the format of `as_mnist`, with strokes about as wide as MNIST's."""
    of_digit = np.isin(numbers, [piece.number for piece in pieces])
    own = np.where(of_digit, ink, 0)
    digit = own[box(own)]
    width, side = stroke_width(digit), max(digit.shape)
    wanted = np.clip(width, THIN * side, THICK * side)
    size = 1 + round(abs(wanted - width))
    framed = np.pad(digit, size)
    return as_mnist(dilated(framed, size) if wanted > width else eroded(framed, size))


def as_input(image: Array, network: Container) -> Array:
    """A digit, (28, 28) from 0 to 1, as a batch of one for a network: from 0 to 255 for one that divides by 255 itself.

    Raises ValueError for a network for other images, and TypeError for what is no network.
    """
    if not isinstance(network, Container):
        raise TypeError(f"as_input: network must be a model, such as a Sequential; received {network!r}")
    shape = network.shape_in or ()
    if np.prod(shape) != SIDE * SIDE:
        raise ValueError(f"as_input: network must be for images of 28 by 28 pixels; its input_shape is {shape}")
    return (255 * image if divides(network) else image).reshape(1, *shape)  # (1, *input_shape)


def divides(layer: Layer) -> bool:
    """Whether a network takes pixels up to 255: its first layer makes them small."""
    if isinstance(layer, Container):
        inside = [one for one in layer.layers if not isinstance(one, Input)]
        return bool(inside) and divides(inside[0])
    return isinstance(layer, Rescaling) and bool(np.abs(layer.scale).max() < 0.1)


def as_text(image: Array) -> Iterator[str]:
    """A digit as 28 lines of text, each pixel two characters wide; denser characters are more ink."""
    for row in np.clip(image * len(SHADES), 0, len(SHADES) - 1).astype(int):
        yield "".join(2 * SHADES[shade] for shade in row).rstrip()
