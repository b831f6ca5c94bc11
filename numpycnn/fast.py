"""The fast path: a convolution with the ReLU, max-pooling and dropout after it, as one block.

The layers by themselves (`functional.py`) are the definition; this computes the same for less. Layer by layer, each
step writes an image as large as the convolution's output to memory and the next reads it back. Here a block works
through a few images at a time, a tile, so that what it computes is still in the processor's cache when it is needed:

    for each position p of the pooling window
        cols = the patches under the convolutions that p sees      one convolution in PH*PW, im2col with larger strides
        z    = cols @ kernel + bias                                a column of ones in cols, a row of kernel: the bias
        y    = max(y, z), and p is the winner where z was larger

y starts at 0 instead of minus infinity: that is ReLU, which commutes with the maximum, and of equal maxima the first
wins as before. Dropout multiplies what is left, PH*PW times less than the convolution's output. The backward goes the
same way: dz at p is dy where p won, and both products follow from it.

Pool winners and dropout masks are the layers' own. Sums are added up in another order, so values differ by rounding.
What does not have this form (overlapping pools, other activations) stays layer by layer: `stages` says which.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.lib.stride_tricks import as_strided

from numpycnn import functional as F
from numpycnn.layers import Activation, Conv2D, Dropout, Layer, MaxPooling2D
from numpycnn.layers.data_format import from_channels_last, split_shape, to_channels_last
from numpycnn.scratch import reused, take
from numpycnn.typing import Array, Pair, Rng
from numpycnn.window import Window

TILE = 1 << 20
"""About how many bytes of patches and products are worked on at a time: they should stay in the cache."""

NO_POOL = Window((1, 1))
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


class Tap(NamedTuple):
    """One position of the pooling window."""

    number: int
    outputs: tuple[slice, slice, slice]
    """The outputs whose window has this position inside the image; all of them, unless the pool is padded."""
    size: Pair
    """How many rows and columns of outputs that is."""
    corner: Pair
    """Where on the padded image the first of their convolutions begins."""


class BlockCache(NamedTuple):
    """What a block's backward needs. All images are channels last."""

    x: Array
    """The input: (N, H, W, C)."""
    y: Array
    """The output: (N, PH, PW, F)."""
    winner: Array | None
    """Which position of the pooling window held the maximum, as y; None without pooling."""
    kept: Array | None
    """Which values dropout kept, as y; None where nothing was dropped, or y > 0 tells."""

    def tile(self, rows: slice) -> "BlockCache":
        """The same for some of the examples."""
        winner, kept = self.winner, self.kept
        return BlockCache(
            self.x[rows],
            self.y[rows],
            None if winner is None else winner[rows],
            None if kept is None else kept[rows],
        )


class ConvBlock:
    """A convolution and what follows it, tile by tile. The layers are built."""

    def __init__(self, parts: Parts) -> None:
        conv, pool = parts.conv, parts.pool
        self.name, self.params, self.check_input = conv.name, conv.params, conv.check_input
        self.window, self.data_format, self.use_bias = conv.window, conv.data_format, conv.use_bias
        self.relu, self.dropout = parts.relu, parts.dropout
        image, channels = split_shape(conv.name, conv.input_shape or (), conv.data_format)
        self.image_shape = (*image, channels)
        convolved = conv.window.output_size(image)
        self.output_shape = (*pool.output_size(convolved), conv.filters)  # (PH, PW, F)
        self.taps = list(pool_taps(conv.window, pool, convolved))
        # one convolution for each output: those that one position of the pool sees are PSH, PSW apart
        (sh, sw), (psh, psw) = conv.window.strides, pool.strides
        self.sparse = Window(conv.window.size, (sh * psh, sw * psw), dilation=conv.window.dilation)
        self.columns = conv.window.count * channels + conv.use_bias

    # ------------------------------------------------------------ forward

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, BlockCache]:
        self.check_input(x)
        x = to_channels_last(x, self.data_format)  # (N, H, W, C)
        shape = (len(x), *self.output_shape)  # (N, PH, PW, F)
        dropping = self.dropout is not None and training
        y = take(shape, x.dtype)
        winner = take(shape, np.uint8) if training and len(self.taps) > 1 else None
        kept = take(shape, bool) if dropping and not self.relu else None
        kernel = self.matrix()
        for rows in self.tiles(len(x), x.dtype):
            with reused():
                self.convolve_and_pool(x[rows], kernel, y[rows], None if winner is None else winner[rows])
                if self.dropout is not None and training:
                    self.drop(self.dropout, rng, y[rows], None if kept is None else kept[rows])
        return from_channels_last(y, self.data_format), BlockCache(x, y, winner, kept)

    def matrix(self) -> Array:
        """The kernel as a matrix, with the bias as its last row: (KH*KW*C + 1, F), or without that row."""
        kernel = self.params["kernel"]
        rows = kernel.reshape(-1, kernel.shape[3])
        return np.vstack([rows, self.params["bias"]]) if self.use_bias else rows

    def tiles(self, count: int, dtype: np.dtype) -> Iterator[slice]:
        """The examples of each tile: as even as can be, each of about TILE bytes."""
        ph, pw, f = self.output_shape
        most = max(1, TILE // (ph * pw * (self.columns + f) * dtype.itemsize))
        size = -(-count // -(-count // most))
        return (slice(start, start + size) for start in range(0, count, size))

    def convolve_and_pool(self, x: Array, kernel: Array, y: Array, winner: Array | None) -> None:
        """y and winner of one tile, from its images."""
        x = self.padded(x)
        y.fill(0 if self.relu else -np.inf)
        if winner is not None:
            winner.fill(0)
        for tap in self.taps:
            cols = self.patches(x, tap)
            z = np.matmul(cols, kernel, out=take((len(cols), kernel.shape[1]), x.dtype))
            z = z.reshape(len(x), *tap.size, -1)  # (n, rows, cols, F)
            best = y[tap.outputs]
            if winner is not None and tap.number:
                mark_winner(winner[tap.outputs], np.greater(z, best, out=take(z.shape, bool)), tap.number)
            np.maximum(best, z, out=best)

    def padded(self, x: Array) -> Array:
        """A tile's images with the convolution's padding around them."""
        (top, bottom), (left, right) = self.window.pads(self.image_shape[:2])
        if top == bottom == left == right == 0:
            return x
        n, h, w, c = x.shape
        padded = take((n, h + top + bottom, w + left + right, c), x.dtype)
        padded.fill(0)
        padded[:, top : top + h, left : left + w] = x
        return padded

    def patches(self, x: Array, tap: Tap) -> Array:
        """im2col of the convolutions that a position of the pool sees: (n*rows*cols, KH*KW*C), and a column of ones.

        The matrix lies in memory row by row, or column by column where that makes the longer runs to copy.
        """
        (kh, kw), (sh, sw), (dh, dw) = self.sparse.size, self.sparse.strides, self.sparse.dilation
        n, (oh, ow), c = len(x), tap.size, x.shape[3]
        corner = x[:, tap.corner[0] :, tap.corner[1] :]
        s_n, s_h, s_w, s_c = x.strides
        strides = (s_n, s_h * sh, s_w * sw, s_h * dh, s_w * dw, s_c)
        seen = as_strided(corner, (n, oh, ow, kh, kw, c), strides, writeable=False)
        if kw * c > ow:
            cols = take((n * oh * ow, self.columns), x.dtype)
        else:
            cols = take((self.columns, n * oh * ow), x.dtype).T
        if self.use_bias:
            cols[:, -1] = 1
        np.copyto(cols[:, : kh * kw * c].reshape(seen.shape), seen)  # a view: it is only the axes that are split
        return cols

    def drop(self, dropout: Dropout, rng: Rng | None, y: Array, kept: Array | None) -> None:
        """Dropout on a tile's outputs, with the mask that the layer itself would draw."""
        drawn = dropout.draw(from_channels_last(y, self.data_format).shape, rng)
        drawn = to_channels_last(drawn, self.data_format)
        y *= drawn
        y *= F.dropout_scale(dropout.rate, y.dtype)
        if kept is not None:
            kept[...] = drawn

    # ------------------------------------------------------------ backward

    def backward(self, dy: Array, cache: BlockCache) -> tuple[Array, dict[str, Array]]:
        (top, bottom), (left, right) = self.window.pads(self.image_shape[:2])
        n, h, w, c = cache.x.shape
        dpadded = take((n, h + top + bottom, w + left + right, c), dy.dtype)
        gradients = self.back_through(dy, cache, dpadded)
        return from_channels_last(dpadded[:, top : top + h, left : left + w], self.data_format), gradients

    def parameter_gradients(self, dy: Array, cache: BlockCache) -> dict[str, Array]:
        return self.back_through(dy, cache, None)

    def back_through(self, dy: Array, cache: BlockCache, dpadded: Array | None) -> dict[str, Array]:
        """The gradients of kernel and bias; that of the padded input is written to dpadded, where there is one."""
        dy = to_channels_last(dy, self.data_format)  # (N, PH, PW, F)
        kernel = self.matrix()
        dkernel = np.zeros_like(kernel)
        for rows in self.tiles(len(dy), dy.dtype):
            with reused():
                tile = cache.tile(rows)
                dz = self.gated(dy[rows], tile)
                self.back_through_tile(dz, tile, kernel, dkernel, None if dpadded is None else dpadded[rows])
        if not self.use_bias:
            return {"kernel": dkernel.reshape(self.params["kernel"].shape)}
        return {"kernel": dkernel[:-1].reshape(self.params["kernel"].shape), "bias": dkernel[-1]}

    def gated(self, dy: Array, tile: BlockCache) -> Array:
        """dy back through dropout and ReLU: nothing passes where a value was dropped or was not above zero."""
        dz = take(dy.shape, dy.dtype)
        if self.relu:
            np.multiply(dy, np.greater(tile.y, 0, out=take(dy.shape, bool)), out=dz)
        elif tile.kept is not None:
            np.multiply(dy, tile.kept, out=dz)
        else:
            return dy
        if self.dropout is not None:
            dz *= F.dropout_scale(self.dropout.rate, dz.dtype)
        return dz

    def back_through_tile(
        self, dz: Array, tile: BlockCache, kernel: Array, dkernel: Array, dpadded: Array | None
    ) -> None:
        """Back through pooling and convolution: adds to dkernel, and writes dpadded."""
        x, f = self.padded(tile.x), kernel.shape[1]
        if dpadded is not None:
            dpadded.fill(0)
        for tap in self.taps:
            part = dz[tap.outputs]
            if tile.winner is not None:
                won = np.equal(tile.winner[tap.outputs], tap.number, out=take(part.shape, bool))
                part = np.multiply(part, won, out=take(part.shape, part.dtype))
            flat = part.reshape(-1, f)  # (n*rows*cols, F)
            dkernel += np.matmul(self.patches(x, tap).T, flat, out=take(dkernel.shape, dkernel.dtype))
            if dpadded is not None:
                self.add_patches(flat, kernel, tap, dpadded)

    def add_patches(self, dz: Array, kernel: Array, tap: Tap, dpadded: Array) -> None:
        """col2im of the convolutions that a position of the pool sees: what each tap of the kernel gives, added up."""
        n, c = len(dpadded), dpadded.shape[3]
        corner = dpadded[:, tap.corner[0] :, tap.corner[1] :]
        rows = kernel[: self.window.count * c].reshape(self.window.count, c, -1)  # (KH*KW, C, F)
        for pixels, weights in zip(self.sparse.taps(tap.size), rows, strict=True):
            part = np.matmul(dz, weights.T, out=take((len(dz), c), dz.dtype))
            corner[pixels] += part.reshape(n, *tap.size, c)


def mark_winner(winner: Array, larger: Array, number: int) -> None:
    """Set winner to `number` where the value is larger. Numbers rise, so a maximum does it, eight times as fast."""
    marks = larger.view(np.uint8)
    marks *= np.uint8(number)
    np.maximum(winner, marks, out=winner)


def pool_taps(window: Window, pool: Window, convolved: Pair) -> Iterator[Tap]:
    """The positions of the pooling window over a convolution's output, in row order."""
    output, pads = pool.output_size(convolved), pool.pads(convolved)
    for number in range(pool.count):
        spans = []
        for axis, place in enumerate(divmod(number, pool.size[1])):
            step, before = pool.strides[axis], pads[axis][0]
            start = max(0, -((place - before) // step))  # the first output whose window has this place inside
            stop = min(output[axis], (convolved[axis] - 1 - place + before) // step + 1)
            spans.append((start, stop, (start * step + place - before) * window.strides[axis]))
        (top, bottom, row), (left, right, col) = spans
        if bottom > top and right > left:
            outputs = slice(None), slice(top, bottom), slice(left, right)
            yield Tap(number, outputs, (bottom - top, right - left), (row, col))
