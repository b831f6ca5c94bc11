"""A convolution with the ReLU, max-pooling and dropout after it, computed as one block.

Layer by layer, each step writes images as large as the convolution's output to memory, and the next reads them back.
A block works through a few images at a time, a tile, so that what is computed is still in the processor's cache when
it is needed:

    for each position p of the pooling window
        z = the outputs of the convolution that p sees      `im2col.py`, or `winograd.py`
        y = max(y, z), and p is the winner where z was larger

y starts at 0 instead of minus infinity: that is ReLU, which commutes with the maximum, and of equal maxima the first
wins as before. Dropout multiplies what is left. The backward goes the same way: dz at p is dy where p won.

Pool winners and dropout masks are the layers' own. Sums are added up in another order, so values differ by rounding.
What does not have this form (overlapping pools, other activations) stays layer by layer: `stages` says which.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np

from numpycnn import functional as F
from numpycnn.common.slices import batches
from numpycnn.common.typing import Array, Pair, Rng
from numpycnn.engine.fast import winograd
from numpycnn.engine.fast.im2col import Im2col
from numpycnn.engine.fast.pooling import NO_POOL, Tap, pool_taps
from numpycnn.engine.fast.scratch import reused, take
from numpycnn.functional.window import Window
from numpycnn.layers import Activation, Conv2D, Dropout, Layer, MaxPooling2D
from numpycnn.layers.data_format import from_channels_last, split_shape, to_channels_last

MOST_TAPS = 256  # winners are numbered in a byte


class Stage(Protocol):
    """What the passes through a network call: a layer, or a block of several that does their work."""

    name: str
    params: dict[str, Array]

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, Any]:
        """The output, and a cache for `backward`."""

    def backward(self, dy: Array, cache: Any) -> tuple[Array, dict[str, Array]]:
        """The gradients of the input and of the parameters."""

    def parameter_gradients(self, dy: Array, cache: Any) -> dict[str, Array]:
        """The gradients of the parameters alone."""


def stages(layers: Sequence[Layer]) -> list[tuple[int, Stage]]:
    """The layers with every convolution that can be a block made one; before each the index of its last layer.

    A block is Conv2D, perhaps Activation("relu"), perhaps MaxPooling2D, perhaps Dropout. The activation must be relu or
    linear; pools must not overlap and must have the convolution's data format. Subclasses do not count.
    """
    found: list[tuple[int, Stage]] = []
    index = 0
    while index < len(layers):
        parts = block_at(layers[index:])
        index += 1 if parts is None else parts.layers
        found.append((index - 1, layers[index - 1] if parts is None else ConvBlock(parts)))
    return found


class Parts(NamedTuple):
    """What a block is made of, and of how many layers."""

    conv: Conv2D
    relu: bool
    pool: Window
    dropout: Dropout | None
    layers: int


def block_at(layers: Sequence[Layer]) -> Parts | None:
    """The block at the beginning of these layers, if there is one."""
    conv, *rest = layers
    if type(conv) is not Conv2D or conv.activation not in ("linear", "relu"):
        return None
    activation = first(rest, Activation)
    relu = activation is not None and activation.activation == "relu"
    rest = rest[relu:]
    pool = first(rest, MaxPooling2D)
    pooled = pool is not None and pool.data_format == conv.data_format and is_apart(pool.window)
    rest = rest[pooled:]
    dropout = first(rest, Dropout)
    return Parts(
        conv,
        relu or conv.activation == "relu",
        pool.window if pool is not None and pooled else NO_POOL,
        dropout if dropout is not None and dropout.rate > 0.0 else None,
        1 + relu + pooled + (dropout is not None),
    )


Kind = TypeVar("Kind", bound=Layer)


def first(layers: Sequence[Layer], kind: type[Kind]) -> Kind | None:
    """The first of these layers, if it is of that very class."""
    return layers[0] if layers and type(layers[0]) is kind else None


def is_apart(pool: Window) -> bool:
    """Whether a pool's windows do not overlap, and their positions can be numbered in a byte."""
    return pool.size[0] <= pool.strides[0] and pool.size[1] <= pool.strides[1] and pool.count <= MOST_TAPS


class Convolution(Protocol):
    """A way to convolve tiles of images: `Im2col`, which says what each method does, or `Winograd`."""

    pads: tuple[Pair, Pair]
    """The padding of the images: ((top, bottom), (left, right))."""

    def tile(self, itemsize: int) -> int:
        """How many images to work on at a time."""

    def begin(self, padded: Array, params: Mapping[str, Array], tile: int) -> Any:
        """What one pass over a micro-batch works with."""

    def scores(self, work: Any, rows: slice) -> Iterator[tuple[Tap, Array]]:
        """For each position of the pool the outputs that it sees."""

    def back(self, work: Any, rows: slice, dpadded: Array | None) -> Iterator[tuple[Tap, Array]]:
        """For each position of the pool the place to write the gradients of those outputs to."""

    def gradients(self, work: Any) -> dict[str, Array]:
        """The gradients of kernel and bias."""


class BlockCache(NamedTuple):
    """What a block's backward needs. All images are channels last."""

    padded: Array
    """The input with its padding: (N, H + top + bottom, W + left + right, C)."""
    y: Array
    """The output: (N, PH, PW, F)."""
    winner: Array | None
    """Which position of the pooling window held the maximum, as y; None without pooling."""
    kept: Array | None
    """Which values dropout kept, as y; None where nothing was dropped, or y > 0 tells."""

    def of(self, rows: slice) -> "BlockCache":
        """The same for some of the examples."""
        winner = None if self.winner is None else self.winner[rows]
        kept = None if self.kept is None else self.kept[rows]
        return BlockCache(self.padded[rows], self.y[rows], winner, kept)


class ConvBlock:
    """A convolution and what follows it, tile by tile. The layers are built."""

    def __init__(self, parts: Parts) -> None:
        conv, pool = parts.conv, parts.pool
        self.name, self.params, self.check_input = conv.name, conv.params, conv.check_input
        self.relu, self.dropout, self.data_format = parts.relu, parts.dropout, conv.data_format
        self.image, channels = split_shape(conv.name, conv.input_shape or (), conv.data_format)
        convolved = conv.window.output_size(self.image)
        self.output_shape = (*pool.output_size(convolved), conv.filters)  # (PH, PW, F)
        self.taps = list(pool_taps(pool, convolved))
        way = winograd.Winograd if winograd.pays(conv, channels) else Im2col
        self.convolution: Convolution = way(conv, self.image, channels, pool, self.taps)

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, BlockCache]:
        self.check_input(x)
        x = to_channels_last(x, self.data_format)  # (N, H, W, C)
        dropout = self.dropout if training else None
        shape = (len(x), *self.output_shape)  # (N, PH, PW, F)
        cache = BlockCache(
            padded=self.padded(x),
            y=take(shape, x.dtype),
            winner=take(shape, np.uint8) if training and len(self.taps) > 1 else None,
            kept=take(shape, bool) if dropout is not None and not self.relu else None,
        )
        with reused():
            tile = self.tile(cache.y)
            work, larger = self.convolution.begin(cache.padded, self.params, tile), take((tile, *shape[1:]), bool)
            for rows in batches(len(x), tile):
                own = cache.of(rows)
                self.pool(self.convolution.scores(work, rows), own.y, own.winner, larger)
                if dropout is not None:
                    self.drop(dropout, rng, own.y, own.kept)
        return from_channels_last(cache.y, self.data_format), cache

    def backward(self, dy: Array, cache: BlockCache) -> tuple[Array, dict[str, Array]]:
        (top, _), (left, _) = self.convolution.pads
        dpadded = take(cache.padded.shape, dy.dtype)
        dpadded.fill(0)
        gradients = self.back_through(dy, cache, dpadded)
        dx = dpadded[:, top : top + self.image[0], left : left + self.image[1]]
        return from_channels_last(dx, self.data_format), gradients

    def parameter_gradients(self, dy: Array, cache: BlockCache) -> dict[str, Array]:
        return self.back_through(dy, cache, None)

    def back_through(self, dy: Array, cache: BlockCache, dpadded: Array | None) -> dict[str, Array]:
        """The gradients of kernel and bias; that of the padded input is added to dpadded, where there is one."""
        dy = to_channels_last(dy, self.data_format)  # (N, PH, PW, F)
        with reused():
            tile = self.tile(dy)
            work = self.convolution.begin(cache.padded, self.params, tile)
            memory, flags = take((tile, *dy.shape[1:]), dy.dtype), take((tile, *dy.shape[1:]), bool)
            for rows in batches(len(dy), tile):
                own = cache.of(rows)
                dz = self.gated(dy[rows], own, memory, flags)
                for tap, place in self.convolution.back(work, rows, None if dpadded is None else dpadded[rows]):
                    if own.winner is None:
                        place[...] = dz[tap.outputs]
                    else:
                        won = np.equal(own.winner[tap.outputs], tap.number, out=corner(flags, place))
                        np.multiply(dz[tap.outputs], won, out=place)
        return self.convolution.gradients(work)

    def padded(self, x: Array) -> Array:
        """The images with the convolution's padding around them, in one piece of memory, channels last there too."""
        n, h, w, c = x.shape
        (top, bottom), (left, right) = self.convolution.pads
        if top == bottom == left == right == 0 and x.flags.c_contiguous:
            return x
        padded = take((n, h + top + bottom, w + left + right, c), x.dtype)
        padded.fill(0)
        padded[:, top : top + h, left : left + w] = x
        return padded

    def tile(self, y: Array) -> int:
        """How many examples of y make a tile: what the convolution says, but tiles as even as can be."""
        count = -(-len(y) // self.convolution.tile(y.itemsize))
        return -(-len(y) // count)

    def pool(self, scores: Iterable[tuple[Tap, Array]], y: Array, winner: Array | None, larger: Array) -> None:
        """ReLU and max-pooling of a tile: writes y and winner."""
        y.fill(0 if self.relu else -np.inf)
        if winner is not None:
            winner.fill(0)
        for tap, z in scores:
            best = y[tap.outputs]
            if winner is not None and tap.number:
                mark_winner(winner[tap.outputs], np.greater(z, best, out=corner(larger, z)), tap.number)
            np.maximum(best, z, out=best)

    def drop(self, dropout: Dropout, rng: Rng | None, y: Array, kept: Array | None) -> None:
        """Dropout on a tile's y, with the mask that the layer itself would draw."""
        drawn = dropout.draw(from_channels_last(y, self.data_format).shape, rng)
        drawn = np.ascontiguousarray(to_channels_last(drawn, self.data_format))  # turning bytes is quicker than floats
        y *= drawn
        y *= F.dropout_scale(dropout.rate, y.dtype)
        if kept is not None:
            kept[...] = drawn

    def gated(self, dy: Array, cache: BlockCache, memory: Array, flags: Array) -> Array:
        """A tile's dy back through dropout and ReLU: nothing passes where a value was dropped or not above zero."""
        passing = np.greater(cache.y, 0, out=flags[: len(dy)]) if self.relu else cache.kept
        if passing is None:
            return dy
        passed = np.multiply(dy, passing, out=memory[: len(dy)])
        if self.dropout is not None:
            passed *= F.dropout_scale(self.dropout.rate, dy.dtype)
        return passed


def corner(memory: Array, like: Array) -> Array:
    """The part of an array that has the shape of another one."""
    return memory[tuple(slice(size) for size in like.shape)]


def mark_winner(winner: Array, larger: Array, number: int) -> None:
    """Set winner to `number` where the value is larger. Numbers rise, so a maximum does it, far faster than a mask."""
    marks = larger.view(np.uint8)
    marks *= np.uint8(number)
    np.maximum(winner, marks, out=winner)
