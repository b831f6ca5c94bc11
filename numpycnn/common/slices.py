"""A row of things cut into runs of equal length: batches of examples, tiles of images, parts of a parameter."""

from collections.abc import Iterator


def batches(count: int, batch_size: int) -> Iterator[slice]:
    """The rows of each batch; the last batch holds what is left."""
    for start in range(0, count, batch_size):
        yield slice(start, start + batch_size)


def count_batches(count: int, batch_size: int) -> int:
    """How many batches that makes."""
    return -(-count // batch_size)
