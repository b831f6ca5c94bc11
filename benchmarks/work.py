"""The networks that are measured, and the matrix products that no implementation can do without."""

from functools import partial

import numpy as np

from numpycnn import Sequential
from numpycnn.app.tutorial import tutorial_network
from numpycnn.common.slices import batches, count_batches
from numpycnn.common.typing import Array
from numpycnn.engine import training
from numpycnn.engine.fast.im2col import ConvBlock
from numpycnn.engine.fast.parts import parts_at
from numpycnn.engine.fast.products import blocked_matmul, blocked_matmul_transposed
from numpycnn.engine.workers import check_workers, worker_pool
from numpycnn.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D

__all__ = ["Products", "second_network", "tutorial_network"]


def second_network(seed: int | None = 0) -> Sequential:
    """Two convolutions of 3 by 3, where most of the work is multiplication between many channels."""
    network = Sequential(
        [
            Conv2D(32, 3, activation="relu", input_shape=(28, 28, 1)),
            Conv2D(64, 3, activation="relu"),
            MaxPooling2D(2),
            Dropout(0.25),
            Flatten(),
            Dense(128, activation="relu"),
            Dropout(0.5),
            Dense(10, activation="softmax"),
        ],
        seed=seed,
    )
    network.compile("rmsprop", "categorical_crossentropy", ["accuracy"])
    return network


class Products:
    """The tutorial network's five large products, cut and shared among threads as the library does, and nothing else.

    The convolution's forward and kernel gradient, in tiles and one for each position of the pool, with the row for the
    bias; and the dense layer's forward, kernel gradient and input gradient, for each micro-batch. The arrays are made
    once for each thread at work, and hold small random numbers; all micro-batches of one object are of one size.
    """

    def __init__(self) -> None:
        self.min_examples = training.min_examples(tutorial_network(0))
        self.free: list[Arrays] = []

    def run(self, images: int, batch: int, *, forward_only: bool = False) -> None:
        """The products for so many images."""
        least = training.MAX_MICRO_BATCH if forward_only else self.min_examples
        with worker_pool(check_workers("Products", None, None)) as pool:
            for rows in batches(images, images if forward_only else batch):
                count = min(rows.stop, images) - rows.start
                sizes = [cut.stop - cut.start for cut in training.micro_batches(count, least)]
                list(pool.run(partial(self.micro_batch, forward_only), sizes))

    def micro_batch(self, forward_only: bool, count: int) -> None:
        """Those of one micro-batch."""
        own = self.free.pop() if self.free else Arrays(count)
        for _ in range(4 * own.tiles):
            blocked_matmul(own.cols.T, own.kernel, own.outputs)  # (count, 26) @ (26, 64)
        np.matmul(own.x, own.weights, out=own.y)
        if not forward_only:
            np.matmul(own.x.T, own.y, out=own.dweights)
            np.matmul(own.y, own.weights.T, out=own.dx)
            for _ in range(4 * own.tiles):
                blocked_matmul_transposed(own.cols.T, own.outputs)
        self.free.append(own)


class Arrays:
    """What one thread multiplies for a micro-batch of `count` images."""

    def __init__(self, count: int) -> None:
        rng = np.random.default_rng(0)

        def array(*shape: int) -> Array:
            return rng.uniform(-0.1, 0.1, shape).astype(np.float32)

        parts = parts_at(tutorial_network(0).layers)
        if parts is None:
            raise RuntimeError("the tutorial network's convolution is not computed as a block")
        tile = ConvBlock(parts).tile(array(count))
        self.tiles = count_batches(count, tile)
        self.cols, self.kernel = array(26, tile * 144), array(26, 64)
        self.outputs = array(tile * 144, 64)
        self.x, self.dx, self.y = array(count, 9216), array(count, 9216), array(count, 128)
        self.weights, self.dweights = array(9216, 128), array(9216, 128)
