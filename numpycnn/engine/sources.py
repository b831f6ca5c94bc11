"""Where batches come from: arrays, sequences of batches, and generators of batches.

`fit`, `evaluate` and `predict` have one loop each, over the batches that a source yields.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import chain, islice
from math import inf
from typing import Any, NamedTuple
from warnings import warn

import numpy as np

from numpycnn.common import checks
from numpycnn.common.arithmetic import ceil_div
from numpycnn.common.slices import batches, count_batches
from numpycnn.common.typing import Array
from numpycnn.engine.batching import Data, Given, Sizes, check_frequency, check_sizes, check_validation_data, split
from numpycnn.engine.py_dataset import PyDataset

Order = Callable[[int, int], Array]
"""order(n, past): the order of n things in a pass over them that began `past` training steps ago."""

Check = Callable[[Given, str], Data]
"""check(given, kind): the data, checked; kind comes before their names in errors."""


class Batch(NamedTuple):
    """A batch: these rows of the data."""

    data: Data
    rows: Array


class Source(ABC):
    """A source of batches."""

    first: Array
    """Examples to build the model for."""
    steps: int | None
    """The number of batches in an epoch; None if it is not known."""
    batch_size: int | None = None
    """The rows of a batch, where they are cut from arrays."""
    size: int | None = None
    """The number of examples that are predicted, where they are known."""

    @abstractmethod
    def epoch(self, number: int, order: Order) -> Iterator[Batch]:
        """The batches of the epoch with that number, to train on."""

    def batches(self) -> Iterator[Data]:
        """The batches in order, to evaluate."""
        return (data.rows(rows) for data, rows in self.epoch(0, in_order))

    def inputs(self) -> Iterator[Array]:
        """The inputs in order, to predict from, in arrays of one or more batches."""
        return (data.x for data in self.batches())

    def arrays(self) -> list[Array] | None:
        """All examples, their targets and weights, where these are arrays."""
        return None

    def total_steps(self, params: Mapping[str, int]) -> float:
        """The number of batches in all epochs of a training with these params; infinity if it is not known."""
        return inf if self.steps is None else (params["epochs"] - params["initial_epoch"]) * self.steps

    def ended(self) -> bool:
        """Whether there is no batch left for another epoch."""
        return False

    def skip(self) -> None:  # noqa: B027
        """Go past an epoch that an interrupted training had completed."""


def in_order(count: int, past: int) -> Array:
    """One after the other."""
    return np.arange(count)


def share_of(epoch: int, count: int, steps: int) -> slice:
    """Which of a pass's `count` batches belong to an epoch of `steps`, which begins where the last ended."""
    start = steps * (epoch % ceil_div(count, steps))
    return slice(start, start + steps)


class ArraySource(Source):
    """Arrays in memory, or mapped from a file: batches are taken of them row by row.

    Without a batch size it is 32, or the examples divided by the steps. The order of an epoch comes from its position,
    so there is nothing to go past.
    """

    def __init__(self, data: Data, sizes: Sizes) -> None:
        self.data, self.first = data, data.x
        default = 32 if sizes.steps is None else ceil_div(len(data), sizes.steps)
        self.batch_size: int = sizes.batch_size or default
        self.count = count_batches(len(data), self.batch_size)
        self.steps: int = sizes.steps or self.count
        self.size: int = min(len(data), self.steps * self.batch_size)

    def epoch(self, number: int, order: Order) -> Iterator[Batch]:
        share = share_of(number, self.count, self.steps)
        rows = order(len(self.data), share.start)
        for one in list(batches(len(self.data), self.batch_size))[share]:
            yield Batch(self.data, rows[one])
        warn_if_fewer(self.count - share.start, self.steps)

    def batches(self) -> Iterator[Data]:
        for rows in islice(batches(len(self.data), self.batch_size), self.steps):
            yield self.data.rows(rows)  # no copy
        warn_if_fewer(self.count, self.steps)

    def arrays(self) -> list[Array]:
        weights = np.ones(len(self.data)) if self.data.weights is None else self.data.weights
        return [self.data.x, self.data.y, weights]

    def inputs(self) -> Iterator[Array]:
        yield self.data.x[: self.size]
        warn_if_fewer(self.count, self.steps)


class SequenceSource(Source):
    """A PyDataset with a length. Its batches come in a new order each epoch, in training."""

    def __init__(self, sequence: PyDataset, size: int, check: Callable[[Any, int], Data], steps: int | None) -> None:
        self.sequence, self.check, self.count = sequence, check, size
        self.steps: int = steps or self.count
        self.first = self.batch(0).x

    def batch(self, index: int) -> Data:
        """The batch with that index, checked."""
        return self.check(self.sequence[index], index)

    def epoch(self, number: int, order: Order) -> Iterator[Batch]:
        self.sequence.on_epoch_begin()
        share = share_of(number, self.count, self.steps)
        for index in order(self.count, share.start)[share]:
            data = self.batch(int(index))
            yield Batch(data, np.arange(len(data)))
        self.sequence.on_epoch_end()
        warn_if_fewer(self.count - share.start, self.steps)

    def skip(self) -> None:
        self.sequence.on_epoch_begin()
        self.sequence.on_epoch_end()


class GeneratorSource(Source):
    """An iterator over batches, of which each epoch takes the next `steps`; None: all that are left.

    The number and the order of an epoch are ignored. It cannot be told where an interrupted training was.
    """

    def __init__(self, owner: str, given: Iterator[Any], check: Callable[[Any, int], Data], steps: int | None) -> None:
        self.steps, self.short = steps, False  # short: whether the last epoch had fewer steps
        self.left = (check(batch, number) for number, batch in enumerate(given))
        self.ahead = list(islice(self.left, 1))
        if not self.ahead:
            raise ValueError(f"{owner} must yield at least one batch")
        self.first = self.ahead[0].x

    def epoch(self, number: int, order: Order) -> Iterator[Batch]:
        ahead, self.ahead = self.ahead, []
        taken = 0
        for data in islice(chain(ahead, self.left), self.steps):
            yield Batch(data, np.arange(len(data)))
            taken += 1
        self.short = warn_if_fewer(taken, self.steps)

    def ended(self) -> bool:
        self.ahead = self.ahead or list(islice(self.left, 1))
        if not self.ahead and not self.short:
            ran_out("before the last epoch")
        return not self.ahead


def make_source(owner: str, given: Given, sizes: Sizes, check: Check, kind: str = "") -> Source:
    """The source for arrays, or for x alone where it is a PyDataset or an iterator over batches.

    Raises ValueError for a source without a batch, and for y or weights beside one; and as `check` does.
    """
    if not isinstance(given.x, (PyDataset, Iterator)):
        return ArraySource(check(given, kind), sizes)
    for name in ("y", "sample_weight"):
        if getattr(given, name) is not None:
            raise ValueError(f"{owner}: {kind}{name} must be part of each batch (x, y, sample_weight) that x yields")
    owner = f"{owner}: {kind}x"
    check_batch = partial(checked, owner, check, given.class_weight, kind)
    if isinstance(given.x, PyDataset) and given.x.num_batches is not None:
        size = checks.integer(owner, "the number of batches", given.x.num_batches)
        return SequenceSource(given.x, size, check_batch, sizes.steps)
    return GeneratorSource(owner, iter(given.x), check_batch, sizes.steps)


def checked(owner: str, check: Check, class_weight: Any, kind: str, batch: Any, number: int) -> Data:
    """The data of a batch: (x, y, sample_weight), of which the last ones may be missing, or an array x."""
    parts = batch if isinstance(batch, (tuple, list)) else (batch,)
    if not 1 <= len(parts) <= 3:
        raise ValueError(
            f"{owner}: batch {number} must be (x, y) or (x, y, sample_weight); received {len(parts)} items"
        )
    return check(Given(*parts)._replace(class_weight=class_weight), f"{kind}batch {number}'s ")


class Validation(NamedTuple):
    """The data to validate on, and whether to do so after an epoch, counted from 0."""

    source: Source
    due: Callable[[int], bool]


class Wanted(NamedTuple):
    """What `fit` is told of validation, unchecked."""

    validation_split: Any
    validation_data: Any
    validation_batch_size: Any
    validation_steps: Any
    validation_freq: Any


def fit_sources(
    owner: str, given: Given, sizes: Sizes, check: Check, wanted: Wanted
) -> tuple[Source, Validation | None]:
    """The data to train on, and those to validate on. Raises TypeError or ValueError for what does not fit."""
    fraction = checks.number(owner, "validation_split", wanted.validation_split, at_least=0.0, below=1.0)
    due = check_frequency(owner, wanted.validation_freq)
    names = "validation_batch_size", "validation_steps"
    own = check_sizes(owner, wanted.validation_batch_size, wanted.validation_steps, names=names)
    own = own._replace(batch_size=own.batch_size or sizes.batch_size)
    source = make_source(owner, given, sizes, check)
    if wanted.validation_data is not None:
        pair = check_validation_data(owner, wanted.validation_data)
        return source, Validation(make_source(owner, pair, own, check, "validation "), due)
    if fraction == 0.0:
        return source, None
    if not isinstance(source, ArraySource):
        raise ValueError(f"{owner}: validation_split needs arrays; give validation_data where x yields batches")
    train, validate = split(owner, source.data, fraction)
    if given.class_weight is not None:  # it is for training alone
        validate = Data(validate.x, validate.y)
    return ArraySource(train, sizes), Validation(ArraySource(validate, own), due)


def warn_if_fewer(found: int, steps: int | None) -> bool:
    """Whether there were fewer batches than steps; warns if so."""
    fewer = steps is not None and found < steps
    if fewer:
        ran_out(f"after {found} of {steps} steps")
    return fewer


def ran_out(where: str) -> None:
    """Warn that there were fewer batches than `fit` was to take."""
    from numpycnn.common.older import users_level  # deferred: needed for this warning alone

    warn(
        f"the data ended {where}: give at least as many batches as all epochs have steps, or fewer steps or epochs",
        stacklevel=users_level(),
    )
