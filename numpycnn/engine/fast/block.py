"""A convolution with the activation, pooling and dropout after it, computed as one block, part by part.

Layer by layer, each step writes images as large as the convolution's output to memory, and the next reads them back.
A block computes a few images at a time, so that intermediate results are still in the processor's cache when they are
needed:

    for each position p of the pooling window
        z = the convolution's outputs at position p of every window
        y = max(y, z), and p is the winner where z was larger
    y = activation(y)

A monotonic activation commutes with the maximum, so it is applied to what the pool leaves, a quarter of the values
after a pool of 2 by 2; ReLU costs nothing, since y starts at 0 instead of minus infinity. Other activations, and all
before an average, are applied to each z. Dropout multiplies the result. In the backward, dz at p is dy where p won.

Winners and dropout masks equal those of the layers, except where two scores differ by less than the rounding of what
comes between the convolution and the maximum. Sums are taken in another order, so values differ by rounding.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from numpycnn import functional as F
from numpycnn.activations import ActivationFunction, linear, relu
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.engine.fast.pooling import Pool, Tap, begin_pool, cropped_like, max_pool, pool_taps
from numpycnn.engine.fast.scratch import take
from numpycnn.layers import Conv2D, Dropout
from numpycnn.layers.data_format import from_channels_last, split_shape, to_channels_last
from numpycnn.layers.stage import Stage

Part = tuple[slice, ...]
"""Some of the images, and perhaps some rows of them: an index of the block's output."""


class Parts(NamedTuple):
    """The layers of a block."""

    conv: Conv2D
    activation: ActivationFunction
    activation_first: bool
    """Whether the activation is applied to what the convolution gives; if not, to what the pool leaves."""
    pool: Pool
    dropout: Dropout | None
    names: tuple[str, ...]
    """The names of the layers."""


class BlockCache(NamedTuple):
    """What a block's backward needs. Images are (N, rows, columns, channels), stored in the block's order of axes."""

    padded: Array
    """The input with its padding, as the algorithm wants it."""
    y: Array
    """The output: (N, PH, PW, F)."""
    activated: Array
    """The output before dropout; y itself if the backward does not need it."""
    pooled: Array
    """What the activation after the pool was applied to; `activated` itself if the backward does not need it."""
    outputs: Sequence[tuple[Array, Array]]
    """Where the activation comes first: what goes into it and out of it, at each position of the pooling window."""
    winner: Array | None
    """Which position of the pooling window held the maximum, in y's shape; None if there is no choice."""
    kept: Array | None
    """Which values dropout kept, in y's shape; None if nothing was dropped, or if y > 0 says the same."""

    def of(self, part: Part) -> "BlockCache":
        """The cache of a part of the images; `padded` stays whole."""
        y, activated, pooled = self.y[part], self.activated[part], self.pooled[part]
        outputs = [(z[part], a[part]) for z, a in self.outputs]
        winner = None if self.winner is None else self.winner[part]
        kept = None if self.kept is None else self.kept[part]
        return BlockCache(self.padded, y, activated, pooled, outputs, winner, kept)


class Block(Stage):
    """A convolution fused with the layers after it, which must be built: what comes after the convolution."""

    way: str
    """The name of the way in which it convolves."""
    order: tuple[int, ...] = (0, 1, 2, 3)
    """The axes of images, (N, H, W, C), as they lie in memory, slowest first."""
    after_block = before_block = False
    """Whether the stage before it, or the one after it, is a block, which takes images in any order."""

    def __init__(self, parts: Parts) -> None:
        conv, pool = self.conv, self.pool = parts.conv, parts.pool
        self.name, self.names = conv.name, parts.names
        self.relu = parts.activation == relu and not parts.activation_first and not pool.average
        self.activation, self.activation_first = parts.activation, parts.activation_first
        self.activation_after = not self.relu and not parts.activation_first and parts.activation != linear
        self.dropout, self.data_format = parts.dropout, conv.data_format
        self.image, self.channels = split_shape(conv.name, conv.shape_in or (), conv.data_format)
        self.filters = conv.filters
        self.convolved = conv.window.output_size(self.image)  # (OH, OW)
        self.output = pool.window.output_size(self.convolved)  # (PH, PW)
        self.taps, self.pads = list(pool_taps(pool.window, self.convolved)), conv.window.pads(self.image)
        self.overlaps = pool.overlaps

    @property
    def params(self) -> dict[str, Array]:
        return self.conv.params

    @property
    def uses_rng(self) -> bool:  # type: ignore[override]
        """Whether it has a dropout."""
        return self.dropout is not None

    @property
    def trainable(self) -> bool:  # type: ignore[override]
        """The convolution's."""
        return self.conv.trainable

    # ------------------------------------------------------------ forward

    def images(self, shape: Shape, dtype: Any) -> Array:
        """Memory for images (N, rows, columns, channels), in the order in which this way goes through them."""
        inverse = [self.order.index(axis) for axis in range(4)]
        return take(tuple(shape[axis] for axis in self.order), dtype).transpose(inverse)  # (N, rows, cols, channels)

    def begin_cache(self, padded: Array, count: int, dropout: Dropout | None, *, training: bool) -> BlockCache:
        """The cache of a pass over so many images, with room for what is computed."""
        shape, dtype = (count, *self.output, self.filters), padded.dtype  # (N, PH, PW, F)
        y = self.images(shape, dtype)
        activated = self.images(shape, dtype) if dropout is not None and self.activation_after else y
        return BlockCache(
            padded,
            y,
            activated,
            self.images(shape, dtype) if training and self.activation_after and self.activation.needs_z else activated,
            [self.outputs_of(shape, dtype) for _ in self.taps] if training and self.activation_first else [],
            self.images(shape, np.uint8) if training and self.pool.chooses else None,
            self.images(shape, bool) if dropout is not None and not self.relu else None,
        )

    def outputs_of(self, shape: Shape, dtype: np.dtype) -> tuple[Array, Array]:
        """Room for what goes into the activation, and for what comes out of it: one for both if that is enough."""
        activated = self.images(shape, dtype)
        return self.images(shape, dtype) if self.activation.needs_z else activated, activated

    def handed_on(self, images: Array, *, to_block: bool) -> Array:
        """Images as they leave the block: with channels innermost, unless another block takes them."""
        if to_block or images.strides[3] == images.itemsize:
            return images
        turned = take(images.shape, images.dtype)
        for row in range(images.shape[1]):  # one row at a time stays in the cache
            turned[:, row] = images[:, row]
        return turned

    def pool_outputs(self, z: Array, own: BlockCache, tap: Tap, index: int, flags: Array) -> None:
        """Pool the convolution's outputs at a position. flags: memory for booleans."""
        seen = self.activate_first(z, own, tap, index) if self.activation_first else z
        if index == 0:
            begin_pool(self.pool, tap, seen, own.pooled, own.winner, relu=self.relu)
        elif self.pool.average:
            own.pooled[tap.outputs] += seen
        else:
            max_pool(tap, seen, own.pooled, own.winner, flags)

    def finish(self, own: BlockCache, part: Part) -> None:
        """What follows when all positions are pooled: the sum becomes a mean, and is activated."""
        if self.pool.average:
            pooled = own.pooled
            pooled /= self.counts_in(part, pooled.dtype)
        if self.activation_after:
            own.activated[...] = self.activation.forward(own.pooled)

    def activate_first(self, z: Array, own: BlockCache, tap: Tap, index: int) -> Array:
        """The activation of the outputs at the position of that index; in training they are kept for the backward."""
        if not own.outputs:
            return self.activation.forward(z)
        before, after = (kept[tap.outputs] for kept in own.outputs[index])
        before[...] = z
        after[...] = self.activation.forward(z)
        return after

    def counts_in(self, part: Part, dtype: np.dtype) -> Array:
        """How many outputs each window averages: (1, rows, cols, 1)."""
        return self.pool.counts(self.convolved, dtype)[:, *part[1:]]

    def drop(self, dropout: Dropout, rng: Rng | None, cache: BlockCache) -> None:
        """Dropout on a tile's y, with the mask that the layer itself would draw."""
        drawn = dropout.draw(from_channels_last(cache.y, self.data_format).shape, rng)
        place = cache.kept if cache.kept is not None else self.images(cache.y.shape, bool)
        place[...] = to_channels_last(drawn, self.data_format)  # transposing bytes is faster than floats
        y = np.multiply(cache.activated, place, out=cache.y)
        y *= F.dropout_scale(dropout.rate, y.dtype)

    # ------------------------------------------------------------ backward

    def gated(self, dy: Array, cache: BlockCache, memory: Array, flags: Array) -> Array:
        """A part's dy back through dropout and the activation after the pool."""
        dy = self.in_order(dy, memory)
        passing = np.greater(cache.y, 0, out=cropped_like(flags, dy)) if self.relu else cache.kept
        if passing is not None:
            passed = np.multiply(dy, passing, out=cropped_like(memory, dy))
            if self.dropout is not None:
                passed *= F.dropout_scale(self.dropout.rate, dy.dtype)
            dy = passed
        return self.activation.backward(dy, cache.pooled, cache.activated) if self.activation_after else dy

    def in_order(self, images: Array, memory: Array) -> Array:
        """Images in the block's order of axes: a copy in `memory`, unless their innermost axis is the block's already.

        One transposing copy costs less than arithmetic on arrays in two orders.
        """
        if images.strides[self.order[-1]] == images.itemsize:
            return images
        own = cropped_like(memory, images)
        own[...] = images
        return own

    def hand_back(self, dpooled: Array, own: BlockCache, tap: Tap, index: int, place: Array, flags: Array) -> None:
        """Write the gradient of the convolution's outputs at a position to `place`, or add it if windows overlap."""
        if own.winner is not None:
            won = np.equal(own.winner[tap.outputs], tap.number, out=cropped_like(flags, place))
            if not (self.activation_first or self.overlaps):
                np.multiply(dpooled, won, out=place)
                return
            dpooled = dpooled * won
        if self.activation_first:
            dpooled = self.activation.backward(dpooled, *(kept[tap.outputs] for kept in own.outputs[index]))
        if self.overlaps:
            place += dpooled
        else:
            place[...] = dpooled
