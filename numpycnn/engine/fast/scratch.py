"""Memory that is used again: arrays for intermediate results, lent to a piece of work and taken back at its end.

The first touch of a new array costs more than the arithmetic in it, because the system has to find and clear its
pages. Every thread has buffers of its own, so nothing is locked. Only the fast path works this way.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from typing import Any

import numpy as np

from numpycnn.common.typing import Array, Shape

GRAIN = 1 << 16
"""Sizes are rounded up to this many bytes, so that arrays of nearly the same size share a buffer."""


class Buffers(threading.local):
    """The calling thread's buffers: those lent, in the order of lending, and those free, by size."""

    def __init__(self) -> None:
        self.lent: list[Array] = []
        self.free: dict[int, list[Array]] = {}
        self.depth = 0


BUFFERS = Buffers()


@contextmanager
def reused() -> Iterator[None]:
    """What is taken inside is given back at the end: no array taken inside may be used, or returned, after it."""
    mine, before = BUFFERS, len(BUFFERS.lent)
    mine.depth += 1
    try:
        yield
    finally:
        mine.depth -= 1
        for buffer in mine.lent[before:]:
            mine.free.setdefault(buffer.size, []).append(buffer)
        del mine.lent[before:]


def take(shape: Shape, dtype: Any) -> Array:
    """An array with any values in it. Outside of `reused` it is simply a new one."""
    if not BUFFERS.depth:
        return np.empty(shape, dtype)
    size = -(-prod(shape) * np.dtype(dtype).itemsize // GRAIN) * GRAIN
    free = BUFFERS.free.get(size)
    buffer = free.pop() if free else np.empty(size, np.uint8)
    BUFFERS.lent.append(buffer)
    return np.ndarray(shape, dtype, buffer)


def release() -> None:
    """Let go of the calling thread's free buffers."""
    BUFFERS.free = {}
