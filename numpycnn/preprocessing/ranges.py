"""The ranges from which an ImageDataGenerator draws, and the drawing."""

from typing import Any

import numpy as np

from numpycnn.common import checks
from numpycnn.common.typing import Array, Pair, Rng

OWNER = "ImageDataGenerator"
Drawn = dict[str, Array]
"""What was drawn, (N,) of each, by Keras's names: theta and shear in degrees; tx and ty, pixels to the right and
down; zx and zy, so many times the columns and rows; flip_horizontal, flip_vertical, channel_shift_intensity,
brightness.
"""


class Ranges:
    """Checked ranges, by Keras's names. Raises TypeError or ValueError for a range that does not fit."""

    def __init__(
        self,
        rotation_range: Any,
        width_shift_range: Any,
        height_shift_range: Any,
        shear_range: Any,
        zoom_range: Any,
        channel_shift_range: Any,
        brightness_range: Any,
        flips: tuple[Any, Any],
    ) -> None:
        self.rotation = checks.number(OWNER, "rotation_range", rotation_range)
        self.shear = checks.number(OWNER, "shear_range", shear_range)
        self.channel_shift = checks.number(OWNER, "channel_shift_range", channel_shift_range)
        self.width_shift = check_shift("width_shift_range", width_shift_range)
        self.height_shift = check_shift("height_shift_range", height_shift_range)
        self.zoom = check_zoom(zoom_range)
        self.brightness = None if brightness_range is None else check_bounds("brightness_range", brightness_range)
        self.horizontal_flip = checks.flag(OWNER, "horizontal_flip", flips[0])
        self.vertical_flip = checks.flag(OWNER, "vertical_flip", flips[1])

    def draw(self, rng: Rng, n: int, image: Pair) -> Drawn:
        """What is drawn for n images of that height and width."""
        height, width = image
        drawn = {
            "theta": symmetric(rng, self.rotation, n),
            "ty": shifts(rng, self.height_shift, n, height),
            "tx": shifts(rng, self.width_shift, n, width),
            "shear": symmetric(rng, self.shear, n),
            "zx": rng.uniform(*self.zoom, n),
            "zy": rng.uniform(*self.zoom, n),
            "flip_horizontal": (rng.random(n) < 0.5) & self.horizontal_flip,
            "flip_vertical": (rng.random(n) < 0.5) & self.vertical_flip,
        }
        if self.channel_shift:
            drawn["channel_shift_intensity"] = symmetric(rng, self.channel_shift, n)
        if self.brightness is not None:
            drawn["brightness"] = rng.uniform(*self.brightness, n)
        return drawn


def symmetric(rng: Rng, bound: float, n: int) -> Array:
    """Numbers, (N,), from -bound to bound."""
    return bound * rng.uniform(-1.0, 1.0, n)


def shifts(rng: Rng, given: float | int | tuple[float, ...], n: int, size: int) -> Array:
    """Shifts in pixels, (N,), by what `check_shift` returned; below 1 it is a part of the size."""
    if isinstance(given, tuple):
        drawn = rng.choice(given, n) * rng.choice([-1, 1], n)
    elif isinstance(given, int):
        drawn = rng.integers(given, size=n) * rng.choice([-1.0, 1.0], n)
    else:
        drawn = symmetric(rng, given, n)
    return drawn * size if np.max(given) < 1 else drawn


def check_shift(argument: str, value: Any) -> float | int | tuple[float, ...]:
    """A number up to which is shifted; a whole one, below which whole pixels are; or several of which one is taken."""
    most = checks.MAX_SIZE
    value = list(value) if isinstance(value, np.ndarray) and value.ndim == 1 else value
    if isinstance(value, (list, tuple)) and value:
        return tuple(checks.number(OWNER, argument, one, at_least=-most, at_most=most) for one in value)
    number = checks.number(OWNER, argument, value, at_least=0.0, at_most=most)
    return int(number) if isinstance(value, (int, np.integer)) and number > 0 else number


def check_zoom(value: Any) -> tuple[float, float]:
    """(1 - z, 1 + z) for a number, or the bounds that are given."""
    if isinstance(value, (tuple, list)):
        return check_bounds("zoom_range", value)
    zoom = checks.number(OWNER, "zoom_range", value)
    return 1.0 - abs(zoom), 1.0 + abs(zoom)


def check_bounds(argument: str, value: Any) -> tuple[float, float]:
    """Two numbers, the first not above the second."""
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise ValueError(f"{OWNER}: {argument} must be two numbers; received {checks.short_repr(value)}")
    low = checks.number(OWNER, argument, value[0])
    return low, checks.number(OWNER, argument, value[1], at_least=low)
