"""The way in which each convolution is computed: of those that give what is asked for, the one that should take least.

The choice is made once for a layer and the shape of its input, when a network is fused, from an estimate of a training
step's work for one image: forward, and the gradients of kernel and image. It depends on the shapes, the layer's place
and `backend.convolution_precision`, never on the machine, the batch or the workers, so results do not either. Only
ratios count:

    a multiplication and addition inside of a matrix product         MULTIPLY, of one number by one number
    copying a number to where a product needs it, or adding it back  MOVE
    a number that Winograd's transforms make                         TRANSFORM, for both axes; each row of channels
                                                                     costs as if it had ROW more

The constants are nanoseconds in float32 on one core of a server of 2023, medians over many shapes; on others all three
are larger or smaller alike, since processors are built for matrix products and memory together.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from math import prod
from typing import NamedTuple

from numpycnn import backend
from numpycnn.common.arithmetic import ceil_div
from numpycnn.common.typing import Pair
from numpycnn.engine.fast import one_axis
from numpycnn.engine.fast.block import Parts
from numpycnn.engine.fast.cook_toom import MAX_POINTS
from numpycnn.engine.fast.im2col import ConvBlock
from numpycnn.engine.fast.one_axis import OneAxisBlock
from numpycnn.engine.fast.pointwise import PointwiseBlock
from numpycnn.engine.fast.winograd import WinogradBlock
from numpycnn.layers import Conv2D
from numpycnn.layers.data_format import split_shape

MULTIPLY, MOVE, TRANSFORM = 0.014, 0.25, 0.3
"""Nanoseconds."""

ROW = 4
"""Channels that a row costs besides its own."""

IMAGES = 32
"""Images in a micro-batch: once for each, a kernel is transformed."""

BLOCK_SIZES = (2, 4)
"""Outputs along each axis of Winograd's blocks."""


class Way(NamedTuple):
    """A way of computing a block."""

    block: Callable[[Parts], ConvBlock]
    nanoseconds: float
    """What a training step should take for an image."""


def planned_block(parts: Parts, *, first: bool) -> ConvBlock:
    """The block of these layers, computed in the way that should take least.

    Where that is im2col, it may be along one axis alone. first: whether the gradient of its input is not asked for.
    """
    block = min(ways(parts.conv), key=lambda way: way.nanoseconds).block
    if block is ConvBlock and one_axis.is_faster(parts, first=first):
        block = OneAxisBlock
    return block(parts)


def ways(conv: Conv2D) -> Iterator[Way]:
    """Those of any shape: im2col, a product alone, and those that round more unless they are refused."""
    image, channels = split_shape(conv.name, conv.shape_in or (), conv.data_format)
    outputs = conv.window.output_size(image)
    if conv.window.count == 1:
        yield Way(PointwiseBlock, 0.0)  # only a product
    yield Way(ConvBlock, im2col_cost(prod(outputs), conv.window.count * channels, conv.filters))
    if backend.convolution_precision() == "high":
        for m in winograd_sizes(conv):
            blocks = ceil_div(outputs[0], m[0]) * ceil_div(outputs[1], m[1])
            points = (m[0] + conv.window.size[0] - 1) * (m[1] + conv.window.size[1] - 1)
            yield Way(partial(WinogradBlock, m=m), winograd_cost(blocks, points, channels, conv.filters))


def im2col_cost(outputs: int, patch: int, filters: int) -> float:
    """For that many outputs of patches of so many numbers, which are copied twice, and multiplied and added back."""
    return outputs * patch * (3 * filters * MULTIPLY + 4 * MOVE)


def winograd_cost(blocks: int, points: int, channels: int, filters: int) -> float:
    """For that many blocks: pixels are transformed forward and backward, and their gradient back; outputs once in each.

    Kernels are transformed for both ways, and their gradient back, once for a micro-batch.
    """
    transforms = 3 * (channels + ROW) + 2 * (filters + ROW)
    of_blocks = blocks * (3 * channels * filters * MULTIPLY + transforms * TRANSFORM)
    of_kernels = 3 * channels * filters * TRANSFORM / IMAGES
    return points * (of_blocks + of_kernels)


def winograd_sizes(conv: Conv2D) -> Iterator[Pair]:
    """The blocks of outputs for which there are transforms, where only neighbouring blocks overlap."""
    (kh, kw), window = conv.window.size, conv.window
    if window.strides == window.dilation == (1, 1):
        for mh, mw in product(BLOCK_SIZES, repeat=2):
            if all(2 <= r <= m + 1 and m + r - 1 <= MAX_POINTS for m, r in ((mh, kh), (mw, kw))):
                yield mh, mw
