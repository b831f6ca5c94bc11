"""Batch normalization with the ReLU after it, in few passes over memory.

The values are taken as rows in the order in which they lie in memory, whatever axis the channels are:

    images (N, H, W, C)    rows of g*C numbers, the channels of g pixels one after the other
    images (N, C, H, W)    rows of C*H*W numbers

A number for each channel is repeated once along such a row, and then meets all rows; sums over the rows are products
with a vector of ones. A tile of rows stays in the cache while everything is done with it.

Statistics, with d = x - c for some c, and sums over the tiles in float64:

    mean = c + sum(d)/M        variance*M = sum(d**2) - sum(d)**2/M

Where the mean is within a few standard deviations of 0, c = 0 loses few digits, and nothing is subtracted; elsewhere it
is the mean, rounded to the dtype of x. Then, with the mean of the whole batch, and d by the same rule,

    y = d*a + b        a = gamma/sqrt(variance + epsilon)        b = beta - (mean - c)*a

The backward takes d again from x, and with the sums over the whole batch it is a sum of two products:

    dx = dy*a - d*e + f        e = a*inverse_std*sum_dy_xhat/M        f = e*(mean - c) - a*sum_dy/M

Derivation and names as in `functional/normalization.py`, of which this is another order of the same sums.
"""

from collections.abc import Iterator, Sequence
from math import ceil, prod
from typing import Any, NamedTuple

import numpy as np

from numpycnn import functional as F
from numpycnn.activations import relu
from numpycnn.common.slices import batches
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.engine.fast.parts import first
from numpycnn.engine.fast.scratch import scratch_scope, take
from numpycnn.functional.normalization import Moments
from numpycnn.layers import Activation, BatchNormalization, Layer, ReLU
from numpycnn.layers.axes import positive_axis
from numpycnn.layers.normalization import BatchNormCache, share_moments, share_sums
from numpycnn.layers.stage import Exchange, Gradients, Micro, Wrapper, run_alone

MIN_VECTOR = 256
"""The length of vectors from which they are normalized here: the layer makes fewer calls, and more passes."""

MIN_ROW = 512
"""Numbers in a row at least, where there are as many: what NumPy does for each row makes shorter ones as slow."""

TILE = 1 << 18
"""Numbers in a tile."""

NEAR = 4.0
"""The largest |mean|/std for which c = 0: the relative error of the variance grows with its square."""


def normalization_at(layers: Sequence[Layer]) -> Sequence[Layer]:
    """The layers of the block that these begin with: a normalization, and perhaps a ReLU; or none.

    Short vectors are few numbers: they are normalized by the layer. Subclasses are not fused.
    """
    layer = first(layers, BatchNormalization)
    shape = () if layer is None else layer.shape_in or ()
    if len(shape) < 2 and prod(shape) < MIN_VECTOR:
        return []
    rectifier = first(layers[1:], Activation) or first(layers[1:], ReLU)
    return layers[: 1 + (rectifier is not None and rectifier.activation == relu)]


class Layout:
    """The order of a batch's numbers in memory, as rows of (group, C, inner)."""

    def __init__(self, x: Array, axis: int) -> None:
        self.order = sorted(range(x.ndim), key=lambda k: -x.strides[k])  # slowest first
        self.shape = tuple(x.shape[k] for k in self.order)
        place = self.order.index(axis)
        *outer, channels = self.shape[: place + 1]
        inner, group = prod(self.shape[place + 1 :]), 1
        while outer and group * channels * inner < MIN_ROW:
            group *= divisor(outer.pop(), MIN_ROW / (group * channels * inner))
        self.row: Shape = (group, channels, inner)

    def rows(self, x: Array) -> Array:
        """The batch as rows: a view, if that is its order in memory. (N, ..., C, ...) -> (R, group*C*inner)."""
        in_order = np.ascontiguousarray(x.transpose(self.order))
        return in_order.reshape(-1, prod(self.row))  # (R, group*C*inner)

    def batch(self, rows: Array) -> Array:
        """The inverse of `rows`: a view."""
        inverse = [self.order.index(axis) for axis in range(len(self.order))]
        return rows.reshape(self.shape).transpose(inverse)  # (N, ..., C, ...)

    def repeated(self, values: Any, dtype: np.dtype) -> Any:
        """A row with each channel's value in the channel's places: (C,) -> (group*C*inner,); None for None."""
        if values is None:
            return None
        row = np.empty(self.row, dtype)  # (group, C, inner)
        row[...] = values[:, None]
        return row.reshape(-1)  # (group*C*inner,)

    def by_channel(self, row: Array) -> Array:
        """The sums over each channel's places in a row, in float64: (group*C*inner,) -> (C,)."""
        return row.reshape(self.row).sum(axis=(0, 2), dtype=np.float64)  # (group, C, inner) -> (C,)


class Scaling(NamedTuple):
    """What a batch is normalized by, in float64: each (C,)."""

    mean: Array
    center: Array | None
    """c, which x has in its own dtype; None for 0."""
    inverse_std: Array
    factor: Array
    """a."""

    @property
    def rest(self) -> Array:
        """mean - c."""
        return self.mean if self.center is None else self.mean - self.center


class NormCache(NamedTuple):
    """What the backward needs."""

    layout: Layout
    x: Array
    """The input as rows."""
    y: Array
    """The output as rows."""
    scaling: Scaling
    moments: Moments | None
    """The whole batch's, in training; None where the moving averages were used."""


class NormBlock(Wrapper):
    """Batch normalization, and perhaps the ReLU after it."""

    stage: BatchNormalization

    def __init__(self, layers: Sequence[Layer]) -> None:
        layer, *rectifier = layers
        super().__init__(layer)
        self.names, self.relu = tuple(one.name for one in layers), bool(rectifier)

    def forward_micro(self, x: Array, *, training: bool, rng: Rng | None) -> Micro[tuple[Array, NormCache]]:
        self.stage.check_input(x)
        layout = Layout(x, positive_axis(self.name, self.stage.axis, x.shape[1:]))
        rows, moments = layout.rows(x), None
        if training and self.trainable:
            moments = yield Exchange(moments_of(rows, layout), share_moments)
        scaling = self.scaling(*self.stage.statistics(moments), x.dtype)
        y = self.normalized(rows, layout, scaling)
        return layout.batch(y), NormCache(layout, rows, y, scaling, moments)

    def backward_micro(self, dy: Array, cache: NormCache, *, to_input: bool) -> Micro[tuple[Array | None, Gradients]]:
        layout, rows = cache.layout, cache.layout.rows(dy)
        dx = take(rows.shape, rows.dtype)
        sums = self.gated_sums(rows, cache, dx)
        gradients = self.stage.named(*sums, dy.dtype) if self.trainable else {}
        if not to_input:
            return None, gradients
        if cache.moments is not None:
            sums = yield Exchange(sums, share_sums)
        self.finish_gradient(dx, cache, sums)
        return layout.batch(dx), gradients

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, NormCache]:
        return run_alone(self.forward_micro(x, training=training, rng=rng))

    def needed_gradients(self, dy: Array, cache: NormCache, *, to_input: bool) -> tuple[Array | None, Gradients]:
        return run_alone(self.backward_micro(dy, cache, to_input=to_input))

    def next_state(self, cache: NormCache) -> dict[str, Array]:
        return self.stage.next_state(BatchNormCache(cache.x, cache.scaling.inverse_std, cache.moments))

    # ------------------------------------------------------------ tile by tile

    def scaling(self, mean: Array, variance: Array, dtype: np.dtype) -> Scaling:
        """What to normalize by, from the statistics."""
        inverse_std = F.inverse_std(variance.astype(np.float64), self.stage.epsilon)
        center = None if is_near(mean, variance) else mean.astype(dtype)
        return Scaling(mean, center, inverse_std, inverse_std * self.params.get("gamma", 1.0))

    def normalized(self, x: Array, layout: Layout, scaling: Scaling) -> Array:
        """The output as rows: y = d*a + b, and ReLU."""
        shift = self.params.get("beta", 0.0) - scaling.rest * scaling.factor
        c, a, b = (layout.repeated(values, x.dtype) for values in (scaling.center, scaling.factor, shift))
        y, zeros = take(x.shape, x.dtype), np.zeros(tile_shape(x) if self.relu else 0, x.dtype)
        for rows in tiles(x):
            own = y[rows]
            np.multiply(deviations(x[rows], c, own), a, out=own)
            own += b
            if self.relu:
                np.maximum(own, zeros[: len(own)], out=own)
        return y

    def gated_sums(self, dy: Array, cache: NormCache, gated: Array) -> tuple[Array, Array]:
        """The sums over the micro-batch of dy and of dy*xhat, of dy back through ReLU, which is written to `gated`."""
        layout, x, y, scaling, _ = cache
        c, totals = layout.repeated(scaling.center, dy.dtype), np.zeros((2, dy.shape[1]))
        with scratch_scope():
            memory, flags = take(tile_shape(dy), dy.dtype), take(tile_shape(dy), bool)
            for rows in tiles(dy):
                own = gated[rows]
                d, passing = memory[: len(own)], flags[: len(own)]
                np.multiply(dy[rows], np.greater(y[rows], 0, out=passing) if self.relu else 1, out=own)
                np.multiply(deviations(x[rows], c, d), own, out=d)
                totals += column_sums(own), column_sums(d)
        sum_dy, sum_dy_d = map(layout.by_channel, totals)
        return sum_dy, (sum_dy_d - scaling.rest * sum_dy) * scaling.inverse_std

    def finish_gradient(self, dx: Array, cache: NormCache, sums: tuple[Array, Array]) -> None:
        """Turn dy, back through ReLU, into the input's gradient, in place; both as rows."""
        (layout, x, _, scaling, moments), (sum_dy, sum_dy_xhat) = cache, sums
        if moments is None:
            dx *= layout.repeated(scaling.factor, dx.dtype)
            return
        e = scaling.factor * scaling.inverse_std * sum_dy_xhat / moments.size
        f = e * scaling.rest - scaling.factor * sum_dy / moments.size
        c, a, minus_e, f = (layout.repeated(v, dx.dtype) for v in (scaling.center, scaling.factor, -e, f))
        with scratch_scope():
            memory = take(tile_shape(dx), dx.dtype)
            for rows in tiles(dx):
                own = dx[rows]
                d = memory[: len(own)]
                np.multiply(deviations(x[rows], c, d), minus_e, out=d)
                d += f
                own *= a
                own += d


def moments_of(x: Array, layout: Layout) -> Moments:
    """The moments of a micro-batch, given as rows."""
    found = moments_about(None, x, layout)
    near = is_near(found.mean, found.m2 / found.size)
    return found if near else moments_about(found.mean.astype(x.dtype), x, layout)


def moments_about(center: Array | None, x: Array, layout: Layout) -> Moments:
    """The moments by the deviations from `center`, one of each channel: (C,), or 0 for None."""
    c, totals = layout.repeated(center, x.dtype), np.zeros((2, x.shape[1]))
    with scratch_scope():
        memory = take(tile_shape(x), x.dtype)
        for rows in tiles(x):
            own = memory[: len(x[rows])]
            d = deviations(x[rows], c, own)
            totals[0] += column_sums(d)
            totals[1] += column_sums(np.multiply(d, d, out=own))
    size, (total, squares) = x.size // layout.row[1], map(layout.by_channel, totals)
    mean = total / size
    return Moments(size, mean if center is None else center + mean, squares - mean * total)


def divisor(number: int, at_least: float) -> int:
    """The smallest divisor of that size; the number itself if there is none."""
    return next((k for k in range(ceil(at_least), number) if number % k == 0), number)


def is_near(mean: Array, variance: Array) -> bool:
    """Whether all means are within NEAR standard deviations of 0."""
    return bool((mean * mean <= NEAR * NEAR * variance).all())


def deviations(x: Array, c: Array | None, memory: Array) -> Array:
    """x - c, in memory; x itself if c is 0."""
    return x if c is None else np.subtract(x, c, out=memory)


def tiles(rows: Array) -> Iterator[slice]:
    """The rows of each tile."""
    yield from batches(len(rows), max(1, TILE // rows.shape[1]))


def tile_shape(rows: Array) -> Shape:
    """The shape of the largest tile."""
    return rows[next(tiles(rows))].shape


def column_sums(rows: Array) -> Array:
    """The sum of the rows: (R, L) -> (L,)."""
    return np.ones(len(rows), rows.dtype) @ rows
