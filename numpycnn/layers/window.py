"""What the layers that slide a window over an image share: padding and output shape."""

from typing import Any

from numpycnn.common import checks
from numpycnn.common.typing import Pair, Shape
from numpycnn.functional.window import PADDINGS, Window
from numpycnn.layers.data_format import join_shape, split_shape


class Windowed:
    """What layers with a window tell of it."""

    window: Window

    @property
    def strides(self) -> Pair:
        """(rows, columns) from one window to the next."""
        return self.window.strides

    @property
    def padding(self) -> str:
        """How images are padded, "valid" or "same"."""
        return self.window.padding


def check_padding(owner: str, value: Any) -> str:
    """The padding, "valid" or "same", in lower case. Raises TypeError or ValueError for another value."""
    return checks.choice(owner, "padding", value.lower() if isinstance(value, str) else value, PADDINGS)


def output_shape(owner: str, window: Window, data_format: str, input_shape: Shape, filters: int | None = None) -> Shape:
    """The output shape of a window over an image, with `filters` channels; None keeps the number of channels."""
    image, channels = split_shape(owner, input_shape, data_format)
    try:
        windows = window.output_size(image)
    except ValueError as error:
        hint = first_channels_hint(data_format, input_shape)
        raise ValueError(f"{owner}: {error}{hint}") from None
    padded = (size + sum(pads) for size, pads in zip(image, window.pads(image), strict=True))
    checks.array_size(owner, "an image with its padding", (*padded, channels))
    return join_shape(windows, filters or channels, data_format)


def first_channels_hint(data_format: str, input_shape: Shape) -> str:
    """What to say of an image whose rows are as many as channels are, and may be these; "" for any other."""
    if data_format == "channels_first" or input_shape[0] not in (1, 3):
        return ""
    return f"; with the channels first, see data_format, it is {input_shape[1]} by {input_shape[2]}"
