"""Memory that is used again: arrays for intermediate results, lent to a piece of work and taken back at its end.

The first touch of a new array costs more than the arithmetic in it, because the system has to find and clear its
pages. Every thread has buffers of its own, so nothing is locked. Only the fast path works this way.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from typing import Any
from weakref import WeakSet

import numpy as np

from numpycnn.common.slices import count_batches
from numpycnn.common.typing import Array, Shape

GRAIN = 1 << 16
"""Sizes are rounded up to this many bytes, so that arrays of nearly the same size share a buffer."""


class Buffers:
    """A thread's buffers: those lent, in the order of lending, and those free, by size."""

    def __init__(self) -> None:
        self.lent: list[Array] = []
        self.free: dict[int, list[Array]] = {}
        self.depth = 0


class Local(threading.local):
    """The calling thread's buffers."""

    def __init__(self) -> None:
        self.buffers = Buffers()
        EVERYONES.add(self.buffers)


EVERYONES: WeakSet[Buffers] = WeakSet()
LOCAL = Local()


@contextmanager
def reused() -> Iterator[None]:
    """What is taken inside is given back at the end: no array taken inside may be used, or returned, after it."""
    mine = LOCAL.buffers
    before = len(mine.lent)
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
    mine = LOCAL.buffers
    if not mine.depth:
        return np.empty(shape, dtype)
    size = count_batches(prod(shape) * np.dtype(dtype).itemsize, GRAIN) * GRAIN
    free = mine.free.get(size)
    buffer = free.pop() if free else np.empty(size, np.uint8)
    mine.lent.append(buffer)
    return np.ndarray(shape, dtype, buffer)


def release() -> None:
    """Let go of all threads' free buffers, those of threads that are not the library's own too."""
    for buffers in list(EVERYONES):
        buffers.free = {}
