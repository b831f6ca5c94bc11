"""What recipes are trained and tested on: data sets by name, arrays by their digest, and a part that is held out."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from numpycnn import datasets
from numpycnn.common import checks
from numpycnn.common.slices import even_slices
from numpycnn.common.typing import Array

DATA = ("mnist", "fashion_mnist", "kmnist", "cifar10", "cifar100")
DIGEST = "sha256:"
"""What the name of arrays begins with."""

Examples = tuple[Array, Array]
"""(x, y): the examples, (n, ...), and their labels, (n,)."""

Split = tuple[Examples, Examples]
"""((x_train, y_train), (x_test, y_test))."""


def load_data(data: str) -> Split:
    """A data set's images, (n, H, W, C) of whole numbers from 0 to 255, and its labels, (n,).

    Raises ValueError for arrays, of which the digest is known and nothing else.
    """
    if data.startswith(DIGEST):
        raise ValueError(f"Recipe: expected the arrays of {data} as the argument data; received None")
    train, test = getattr(datasets, data).load_data()
    return with_channels(*train), with_channels(*test)


def with_channels(x: Array, y: Array) -> Examples:
    """Images (n, H, W) as (n, H, W, 1), and labels (n, 1) as (n,)."""
    return (x[..., None] if x.ndim == 3 else x), np.ravel(y)


def of_arrays(data: Any) -> Split:
    """The user's arrays: ((x_train, y_train), (x_test, y_test)), or (x_train, y_train) where a part is held out.

    Raises TypeError for anything but pairs of arrays; ValueError for another number of labels than of examples, and for
    examples to test on of another shape.
    """
    train, test = checks.sequence("Recipe", "data", data, length=2)
    if isinstance(train, np.ndarray):
        x, y = examples(train, test)
        return (x, y), (x[:0], y[:0])
    pairs = [examples(*checks.sequence("Recipe", "data", pair, length=2)) for pair in (train, test)]
    (x, y), (x_test, y_test) = pairs
    checks.batch_shape("Recipe", "the examples to test on", x_test.shape, x.shape[1:])
    return (x, y), (x_test, y_test)


def examples(x: Any, y: Any) -> Examples:
    """One pair of arrays."""
    for array in (x, y):
        if not isinstance(array, np.ndarray) or array.ndim == 0:
            raise TypeError(f"Recipe: data must hold arrays; received {checks.short_repr(array)}")
    x, y = with_channels(x, y)
    checks.same_length("Recipe", x=x, y=y)
    return x, y


def digest(split: Split) -> str:
    """The name of arrays: the SHA-256 of what is in them."""
    from hashlib import sha256  # deferred: slow import

    found = sha256()
    for array in (array for pair in split for array in pair):
        found.update(f"{array.dtype.str}{array.shape}".encode())
        found.update(np.ascontiguousarray(array).data)
    return DIGEST + found.hexdigest()


def check_fold(fold: Any) -> list[int] | None:
    """[k, n]: part k of n, from 0; or None. Raises TypeError or ValueError for anything else."""
    if fold is None:
        return None
    part, parts = checks.sequence("Recipe", "fold", fold, length=2)
    parts = checks.integer("Recipe", "the number of parts in fold", parts, at_least=2)
    return [checks.integer("Recipe", "the part in fold", part, at_least=0, at_most=parts - 1), parts]


def hold_out(split: Split, fold: Sequence[int] | None) -> Split:
    """The training examples without part k of n, and that part to be tested on; the whole split where fold is None.

    Parts are examples that follow each other: those of a sorted data set have other classes each.
    Raises ValueError for no examples to test on, and for fewer examples than parts.
    """
    (x, y), (x_test, _) = split
    if fold is None:
        if not len(x_test):
            raise ValueError("Recipe: expected examples to test on, in data or by a fold; received none")
        return split
    part, parts = fold
    if len(x) < parts:
        raise ValueError(f"Recipe: expected at least as many examples as parts in fold, {parts}; received {len(x)}")
    rows = even_slices(len(x), parts)[part]
    return (np.delete(x, rows, axis=0), np.delete(y, rows)), (x[rows], y[rows])
