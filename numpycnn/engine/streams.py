"""Evaluation and prediction over many batches, whose micro-batches form one stream of jobs for the workers."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice

import numpy as np

from numpycnn.common.slices import batches
from numpycnn.common.typing import Array, Map
from numpycnn.engine.batching import Data
from numpycnn.engine.training import BatchResult, Objective, evaluate, join, micro_batches


def evaluated(objective: Objective, whole: Iterable[Data], run: Map) -> Iterator[tuple[Data, BatchResult]]:
    """Each batch with its result, in inference mode."""
    begun = deque[tuple[Data, int]]()  # batches whose jobs were handed out, and how many they are

    def jobs() -> Iterator[Data]:
        for batch in whole:
            cuts = objective.inference_cuts(len(batch))
            begun.append((batch, len(cuts)))
            yield from (batch.rows(cut) for cut in cuts)

    results = iter(run(partial(evaluate, objective), jobs()))
    for first in results:
        batch, parts = begun.popleft()
        divisor = objective.divisor(batch.y, batch.weights)
        yield batch, join(objective, [first, *islice(results, parts - 1)], divisor)


def predicted(
    infer: Callable[[Array], Array], arrays: Iterable[Array], batch_size: int | None, least: int, run: Map
) -> Iterator[Array]:
    """The outputs of each batch: of `batch_size` rows of an array, or of a whole one. infer: for a micro-batch.

    least: the fewest rows of an array that are divided.
    Micro-batches are cut from the arrays and not from the batches, so outputs do not depend on the size of these.
    """
    sizes = deque[int]()  # of the batches whose jobs were handed out

    def jobs() -> Iterator[Array]:
        for x in arrays:
            sizes.extend(len(x[rows]) for rows in batches(len(x), batch_size or len(x)))
            yield from (x[cut] for cut in micro_batches(len(x), least))

    parts: list[Array] = []
    for part in run(infer, jobs()):
        parts.append(part)
        while sizes and sum(map(len, parts)) >= sizes[0]:
            size, joined = sizes.popleft(), parts[0] if len(parts) == 1 else np.concatenate(parts)
            yield joined[:size]
            parts = [joined[size:]]


class Outputs:
    """The outputs of one batch after another, written to one array where it is known how many examples there are."""

    def __init__(self, size: int | None) -> None:
        self.size, self.count, self.parts = size, 0, list[Array]()

    def add(self, outputs: Array) -> None:
        """Add those of a batch, (n, ...)."""
        if self.size is None:
            self.parts.append(outputs)
            return
        if not self.parts:
            self.parts = [np.empty((self.size, *outputs.shape[1:]), outputs.dtype)]
        self.parts[0][self.count : self.count + len(outputs)] = outputs
        self.count += len(outputs)

    def whole(self) -> Array:
        """All of them: (N, ...)."""
        return self.parts[0] if len(self.parts) == 1 else np.concatenate(self.parts)
