"""The networks as models of this library, and the matrix products that a network's steps consist of."""

from functools import partial
from math import prod
from typing import Any

import numpy as np
from architectures import NETWORKS, Network, Residual

from numpycnn import Sequential, layers
from numpycnn.app.tutorial import tutorial_network
from numpycnn.common.slices import batches, even_slices
from numpycnn.common.typing import Array
from numpycnn.engine.fast.products import blocked_matmul, blocked_matmul_transposed
from numpycnn.engine.workers import processors, worker_pool

__all__ = ["Products", "build", "second_network", "tutorial_network"]

TILE_BYTES = 1 << 20
"""What a tile's factors and product should take, to stay in the cache."""


def build(network: Network, seed: int | None = 0) -> Sequential:
    """The network as a compiled model."""
    model = Sequential([layers.Input(network.shape), *map(layer_of, network.layers)], seed=seed)
    model.compile("adam", "categorical_crossentropy", ["accuracy"])
    return model


def layer_of(part: Any) -> layers.Layer:
    """A part of an architecture as a layer."""
    if isinstance(part, Residual):
        return layers.Residual(*([layer_of(inner) for inner in branch] for branch in part))
    layer: layers.Layer = part.keras(layers)
    return layer


def second_network(seed: int | None = 0) -> Sequential:
    """Two convolutions of 3 by 3, where most of the work is multiplication between many channels."""
    return build(NETWORKS["second, 128"], seed)


class Products:
    """The matrix products of a network's steps by im2col, shared among the processors, and nothing else.

    Of every layer with a kernel: patches by kernel, and in training their transpose by the output's gradient, and, but
    for the first layer, that gradient by the kernel's transpose. In tiles that stay in the cache, of random numbers.
    Winograd's algorithm needs fewer multiplications, so that a convolution by it may take less.
    """

    def __init__(self, network: Network) -> None:
        self.layers = []
        for _, layer in build(network).leaves():
            if "kernel" in layer.params:
                *_, filters = layer.params["kernel"].shape
                positions = prod(layer.shape_out or ()) // filters
                self.layers.append((positions, Factors(layer.params["kernel"].size // filters, filters)))

    def run(self, images: int, batch: int, *, forward_only: bool = False) -> None:
        """The products for so many images."""
        workers = processors()
        with worker_pool(workers) as pool:
            for rows in batches(images, batch):
                cuts = even_slices(min(rows.stop, images) - rows.start, workers)
                shares = [cut.stop - cut.start for cut in cuts if cut.stop > cut.start]
                list(pool.run(partial(self.multiply, forward_only), shares))

    def multiply(self, forward_only: bool, count: int) -> None:
        """Those for one worker's share of a batch."""
        for number, (positions, factors) in enumerate(self.layers):
            for rows in batches(count * positions, factors.tile):
                factors.multiply(min(rows.stop, count * positions) - rows.start, forward_only, first=number == 0)


class Factors:
    """What is multiplied in one layer, a tile of it: (R, K) by (K, F)."""

    def __init__(self, patch: int, filters: int) -> None:
        rng = np.random.default_rng(0)

        def array(*shape: int) -> Array:
            return rng.uniform(-0.1, 0.1, shape).astype(np.float32)

        self.tile = max(1000, TILE_BYTES // (4 * (2 * patch + filters)))
        self.kernel, self.dy = array(patch, filters), array(self.tile, filters)
        self.patches = array(self.tile, patch)

    def multiply(self, rows: int, forward_only: bool, *, first: bool) -> None:
        """The products of so many rows."""
        patches, dy = self.patches[:rows], self.dy[:rows]
        blocked_matmul(patches, self.kernel, np.empty_like(dy))
        if not forward_only:
            blocked_matmul_transposed(patches, dy)
            if not first:
                blocked_matmul(dy, self.kernel.T, np.empty_like(patches))
