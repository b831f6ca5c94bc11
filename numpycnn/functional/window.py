"""Where a sliding window lands on an image: sizes, padding and steps, without any pixel values.

Convolution and pooling both slide a window over an image, so both use this file. `convolution.py` and `pooling.py` do
the arithmetic on pixels. Along each axis, with k the window's size, s its stride and d its dilation:

    extent        e = (k - 1)*d + 1           pixels from its first tap to its last: the effective kernel size
    valid         o = floor((n - e)/s) + 1    windows that lie wholly inside the image, of n pixels
    same          o = ceil(n/s)               the image is padded to make room for exactly these, by
                  p = max((o - 1)*s + e - n, 0) pixels: floor(p/2) before it, the rest after it
"""

from collections.abc import Iterator
from dataclasses import dataclass

from numpycnn.common import checks
from numpycnn.common.arithmetic import ceil_div
from numpycnn.common.typing import Pair

PADDINGS = ("valid", "same")


@dataclass(frozen=True)
class Window:
    """A window of `size` pixels (rows, columns) that moves by `strides` over an image.

    padding: "valid" keeps the window inside the image; "same" pads it so that there are
    ceil(pixels/stride) outputs along each axis.
    dilation: the distance between neighbouring taps of the window; 1 is an ordinary, solid window.

    Raises TypeError or ValueError unless each is a pair of positive integers, and padding one of the two.
    """

    size: Pair
    strides: Pair = (1, 1)
    padding: str = "valid"
    dilation: Pair = (1, 1)

    def __post_init__(self) -> None:
        for argument, value in (("size", self.size), ("strides", self.strides), ("dilation", self.dilation)):
            checks.pair("Window", argument, value)
            if not isinstance(value, tuple):
                raise TypeError(
                    f"Window: {argument} must be a tuple of two integers; received {checks.short_repr(value)}"
                )
        checks.choice("Window", "padding", self.padding, PADDINGS)

    @property
    def count(self) -> int:
        """How many taps the window has: KH*KW."""
        return self.size[0] * self.size[1]

    @property
    def extent(self) -> Pair:
        """The rows and columns that the window spans, the gaps of its dilation included."""
        (kh, kw), (dh, dw) = self.size, self.dilation
        return (kh - 1) * dh + 1, (kw - 1) * dw + 1

    def output_size(self, image: Pair) -> Pair:
        """How many windows fit into an image of (rows, columns): (OH, OW).

        Raises ValueError for a window that does not fit.
        """
        (h, w), (eh, ew), (sh, sw) = image, self.extent, self.strides
        if self.padding == "same":
            return ceil_div(h, sh), ceil_div(w, sw)
        if eh > h or ew > w:
            raise ValueError(f"a window that spans {eh} by {ew} pixels does not fit into an image of {h} by {w}")
        return (h - eh) // sh + 1, (w - ew) // sw + 1

    def pads(self, image: Pair) -> tuple[Pair, Pair]:
        """The padding of an image: ((top, bottom), (left, right)). An odd one out goes to the end, as in Keras."""
        if self.padding == "valid":
            return (0, 0), (0, 0)
        return self.borders(image, self.output_size(image))

    def borders(self, image: Pair, output: Pair) -> tuple[Pair, Pair]:
        """What an image lacks to have room for so many windows, (OH, OW), on each side, as `pads`."""
        (h, w), (oh, ow) = image, output
        (eh, ew), (sh, sw) = self.extent, self.strides
        rows = max((oh - 1) * sh + eh - h, 0)
        cols = max((ow - 1) * sw + ew - w, 0)
        return (rows // 2, rows - rows // 2), (cols // 2, cols - cols // 2)

    def taps(self, output: Pair) -> Iterator[tuple[slice, slice, slice]]:
        """For each tap of the window, row by row: the slice of the padded image that it sees, over all windows.

        A tap (u, v) is one position inside the window. With the padded image, `padded[tap]` is (N, OH, OW, C): the
        image shifted by u*DH rows and v*DW columns, then every SH-th row and SW-th column. Reading through
        these slices is im2col; adding through them is col2im.
        """
        (sh, sw), (dh, dw), (oh, ow) = self.strides, self.dilation, output
        for u in range(self.size[0]):
            for v in range(self.size[1]):
                top, left = u * dh, v * dw
                rows = slice(top, top + (oh - 1) * sh + 1, sh)
                cols = slice(left, left + (ow - 1) * sw + 1, sw)
                yield slice(None), rows, cols
