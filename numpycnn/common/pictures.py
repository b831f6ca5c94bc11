"""Pillow, which reads and writes pictures: the one place that looks for it."""

from collections.abc import Callable
from typing import Any


def pillow() -> Any:
    """Pillow's module Image. Raises ImportError if it is not installed."""
    try:
        from PIL import Image
    except ImportError:
        raise ImportError("pictures need Pillow: pip install 'numpycnn[images]'") from None
    return Image


def read_picture(path: str, convert: Callable[[Any], Any]) -> Any:
    """What `convert` makes of the picture in a file. Raises ValueError for a file that is no picture, and OSError."""
    image = pillow()
    with open(path, "rb") as file:  # OSError is raised unchanged
        try:
            return convert(image.open(file))
        except image.UnidentifiedImageError:
            raise ValueError(f"{path}: not a readable picture; its content is of no format that Pillow knows") from None
        except (OSError, ValueError, SyntaxError, EOFError, image.DecompressionBombError) as error:
            raise ValueError(f"{path}: not a readable picture; {error}") from None
