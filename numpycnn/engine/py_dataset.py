"""PyDataset: a sequence of batches that users define."""

from collections.abc import Iterator
from itertools import count
from typing import Any

from numpycnn.common.explained import Explained


class PyDataset(Explained):
    """A sequence of batches, for `fit`, `evaluate` and `predict`.

    Define `__getitem__(index)`, which returns the batch (x, y) or (x, y, sample_weight), and `__len__()`, their number.
    `fit` takes the batches in a new order each epoch, unless it is told not to shuffle; `evaluate` and `predict` take
    them in order. An endless sequence has a property `num_batches` that is None instead of a length.
    workers, use_multiprocessing, max_queue_size: taken, as Keras takes them, and without effect: each batch is made
    when it is needed, by the thread that trains. Source: Keras's PyDataset, whose older name is Sequence.
    """

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self.workers, self.use_multiprocessing, self.max_queue_size = workers, use_multiprocessing, max_queue_size

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__}: define __len__, the number of batches")

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__}: define __getitem__, which returns a batch")

    @property
    def num_batches(self) -> int | None:
        """The number of batches; None if there is no end of them."""
        return len(self)

    def __iter__(self) -> Iterator[Any]:
        batches = self.num_batches
        for index in count() if batches is None else range(batches):
            yield self[index]

    def on_epoch_begin(self) -> None:
        """Called before each epoch."""

    def on_epoch_end(self) -> None:
        """Called after each epoch; a training that is resumed calls it for the epochs that it goes past as well."""
