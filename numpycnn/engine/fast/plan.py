"""The way in which each convolution is computed: of those that give what is asked for, the one that should take least.

The choice is made once for a layer and the shape of its input, when a network is fused, from an estimate of a training
step's work for one image: forward, and the gradients of kernel and image. It depends on the shapes, the layer's place
and `backend.convolution_precision`, never on the machine, the batch or the workers, so results do not either. Only
ratios count:

    a multiplication and addition inside of a matrix product         MULTIPLY, of one number by one number
    the same in im2col along one axis, whose products are smaller    MULTIPLY*SMALLER; each sum costs as if it had
                                                                     SHALLOW terms more
    copying a number to where a product needs it, or adding it back  MOVE; each run costs as if it had RUN more
    turning a pixel from one order of axes to another, and back      MOVE*TURN
    a number that Winograd's transforms make                         TRANSFORM, for both axes; each row of channels
                                                                     costs as if it had ROW more

`benchmarks/ways.py` measures every way over many shapes, and how much longer than the best one the chosen one takes.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from math import prod
from typing import NamedTuple

from numpycnn import backend
from numpycnn.common.arithmetic import ceil_div
from numpycnn.common.typing import Pair
from numpycnn.engine.fast.block import Parts
from numpycnn.engine.fast.cook_toom import MAX_POINTS
from numpycnn.engine.fast.im2col import ConvBlock
from numpycnn.engine.fast.one_axis import OneAxisBlock
from numpycnn.engine.fast.pointwise import PointwiseBlock
from numpycnn.engine.fast.winograd import WinogradBlock
from numpycnn.functional.window import Window
from numpycnn.layers import Conv2D
from numpycnn.layers.data_format import split_shape

MULTIPLY, MOVE, TRANSFORM = 0.014, 0.25, 0.6
"""Nanoseconds of a fast core, in float32; others take longer for all. The ratios are of an AMD EPYC with AVX2."""

SMALLER, TURN = 1.5, 8
"""Factors."""

RUN, ROW, SHALLOW = 24, 4, 8
"""Numbers."""

IMAGES = 32
"""Images in a micro-batch: once for each, a kernel is transformed."""

BLOCK_SIZES = (2, 4)
"""Outputs along each axis of Winograd's blocks."""


class Way(NamedTuple):
    """A way of computing a block."""

    block: Callable[[Parts], ConvBlock]
    nanoseconds: float
    """What a training step should take for an image."""


class Work(NamedTuple):
    """What there is to compute for one image."""

    window: Window
    """The convolution's."""
    channels: int
    filters: int
    pixels: int
    """Of the image."""
    convolved: Pair
    """The rows and columns of outputs."""
    seen: int
    """The outputs that the pool sees."""
    columns: int
    """The windows of the pool along a row."""
    products: int
    """Forward, and for each of the gradients that are asked for."""

    @property
    def patch(self) -> int:
        """The numbers under the kernel."""
        return self.window.count * self.channels

    @property
    def across(self) -> int:
        """Those in one row of it."""
        return self.window.size[1] * self.channels


def planned_block(parts: Parts, *, first: bool) -> ConvBlock:
    """The block of these layers, computed in the way that should take least.

    first: whether the gradient of its input is not asked for.
    """
    return min(ways(parts, first=first), key=lambda way: way.nanoseconds).block(parts)


def ways(parts: Parts, *, first: bool) -> Iterator[Way]:
    """Those of any shape: im2col, a product alone, and those that round more unless they are refused."""
    work, window = work_of(parts.conv, parts.pool.window, products=2 if first else 3), parts.conv.window
    if window.count == 1:
        yield Way(PointwiseBlock, 0.0)  # only a product
        return
    yield Way(ConvBlock, im2col_cost(work))
    if window.dilation[0] == 1:
        yield Way(OneAxisBlock, one_axis_cost(work))
    if backend.convolution_precision() == "high":
        for m in winograd_sizes(window):
            yield Way(partial(WinogradBlock, m=m), winograd_cost(work, m))


def work_of(conv: Conv2D, pool: Window, *, products: int) -> Work:
    """What a convolution and the pool after it compute."""
    image, channels = split_shape(conv.name, conv.shape_in or (), conv.data_format)
    convolved = conv.window.output_size(image)
    pooled = pool.output_size(convolved)
    seen = min(prod(convolved), prod(pooled) * pool.count)
    return Work(conv.window, channels, conv.filters, prod(image), convolved, seen, pooled[1], products)


def im2col_cost(work: Work) -> float:
    """Patches are copied for forward and backward, in runs of a row of the kernel, or of outputs if that is longer.

    The image's gradient is written by a product, and added in runs of the channels.
    """
    multiplied = work.products * work.patch * work.filters * MULTIPLY
    moved = 2 * work.patch * (1 + RUN / max(work.across, work.columns))
    if work.products == 3:
        moved += work.patch * (2 + RUN / work.channels)
    return work.seen * (multiplied + moved * MOVE)


def one_axis_cost(work: Work) -> float:
    """The columns under the kernel are copied for each product, whole rows of them, and the image is turned."""
    multiplied = work.products * (work.patch + SHALLOW) * work.filters * MULTIPLY * SMALLER
    moved = work.products * work.across * work.window.strides[0]
    return work.seen * (multiplied + moved * MOVE) + work.channels * work.pixels * TURN * MOVE


def winograd_cost(work: Work, m: Pair) -> float:
    """Pixels are transformed for forward and backward, and their gradient back; outputs once in each.

    Kernels are transformed for both ways, and their gradient back, once for a micro-batch.
    """
    blocks = ceil_div(work.convolved[0], m[0]) * ceil_div(work.convolved[1], m[1])
    points = (m[0] + work.window.size[0] - 1) * (m[1] + work.window.size[1] - 1)
    weights = work.products * work.channels * work.filters
    transforms = work.products * (work.channels + ROW) + 2 * (work.filters + ROW)
    return points * (blocks * (weights * MULTIPLY + transforms * TRANSFORM) + weights * TRANSFORM / IMAGES)


def winograd_sizes(window: Window) -> Iterator[Pair]:
    """The blocks of outputs for which there are transforms, where only neighbouring blocks overlap."""
    kh, kw = window.size
    if window.strides == window.dilation == (1, 1):
        for mh, mw in product(BLOCK_SIZES, repeat=2):
            if all(2 <= r <= m + 1 and m + r - 1 <= MAX_POINTS for m, r in ((mh, kh), (mw, kw))):
                yield mh, mw
