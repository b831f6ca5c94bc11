"""A row of things cut into runs: batches of examples, micro-batches, tiles of images, parts of a parameter."""

from collections.abc import Iterator


def batches(count: int, batch_size: int) -> Iterator[slice]:
    """The rows of each batch; the last batch holds what is left."""
    for start in range(0, count, batch_size):
        yield slice(start, start + batch_size)


def count_batches(count: int, batch_size: int) -> int:
    """How many batches that makes."""
    return -(-count // batch_size)  # ceil


def even_slices(count: int, parts: int) -> list[slice]:
    """The rows of that many parts, whose lengths differ by one at most; none is empty."""
    parts = min(parts, count)
    return [slice(k * count // parts, (k + 1) * count // parts) for k in range(parts)]
