"""Slices of a sequence: batches of examples, micro-batches, tiles of images, parts of a parameter."""

from collections.abc import Iterator

from numpycnn.common.arithmetic import ceil_div


def batches(count: int, batch_size: int) -> Iterator[slice]:
    """The rows of each batch; the last batch may be smaller."""
    for start in range(0, count, batch_size):
        yield slice(start, min(start + batch_size, count))


def count_batches(count: int, batch_size: int) -> int:
    """The number of batches, the last, smaller one included."""
    return ceil_div(count, batch_size)


def even_slices(count: int, parts: int) -> list[slice]:
    """At most `parts` non-empty slices of range(count) whose lengths differ by at most one."""
    parts = min(parts, count)
    return [slice(k * count // parts, (k + 1) * count // parts) for k in range(parts)]
