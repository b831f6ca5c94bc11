"""The batches of an ImageDataGenerator."""

from collections.abc import Callable
from typing import Any, Self

import numpy as np

from numpycnn.common.arithmetic import ceil_div
from numpycnn.common.randomness import draw_seed
from numpycnn.common.typing import Array, Rng
from numpycnn.engine.py_dataset import PyDataset


class NumpyArrayIterator(PyDataset):
    """A sequence of batches of changed images, which `ImageDataGenerator.flow` makes; also an endless iterator.

    Its random numbers depend on the seed, the epoch and the batch alone; on_epoch_end begins the next epoch.
    """

    def __init__(
        self,
        arrays: tuple[Array, Array | None, Array | None],
        change: Callable[[Array, Rng], Array],
        batch_size: int,
        shuffle: bool,
        seed: int | None,
    ) -> None:
        super().__init__()
        self.x, self.y, self.sample_weight = arrays
        self.n, self.batch_size, self.shuffle = len(self.x), batch_size, shuffle
        self.change = change
        self.seed = draw_seed() if seed is None else seed
        self.reset()

    def __len__(self) -> int:
        return ceil_div(self.n, self.batch_size)

    def __getitem__(self, index: int) -> Any:
        """The batch with that index: x alone, (x, y) or (x, y, sample_weight)."""
        index = range(len(self))[index]  # raises IndexError
        order = self.rng(0).permutation(self.n) if self.shuffle else np.arange(self.n)
        rows = order[index * self.batch_size : (index + 1) * self.batch_size]
        others = [array[rows] for array in (self.y, self.sample_weight) if array is not None]
        x = self.change(self.x[rows], self.rng(1, index))
        return (x, *others) if others else x

    def rng(self, *purpose: int) -> Rng:
        """The generator for the order of this epoch, or for one of its batches."""
        return np.random.default_rng([self.seed, self.epoch, *purpose])

    def on_epoch_end(self) -> None:
        self.epoch += 1

    def reset(self) -> None:
        """Begin at the first batch of the first epoch."""
        self.epoch = self.batch_index = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        """The next batch, without end."""
        batch = self[self.batch_index]
        self.batch_index += 1
        if self.batch_index == len(self):
            self.batch_index = 0
            self.on_epoch_end()
        return batch

    next = __next__
