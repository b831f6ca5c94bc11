"""Scratch memory: buffers for intermediate arrays, reused from call to call.

The first access to a new array costs more than the arithmetic on it, because the system has to map and clear its pages.
Every thread has its own buffers, so no lock is needed. Only the fast path uses them.
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

GRANULARITY = 1 << 16
"""Sizes are rounded up to this many bytes, so that arrays of nearly the same size share a buffer."""

LINE = 64
"""Bytes of a line of the cache."""


class Buffers:
    """A thread's buffers: those in use, in the order in which they were taken, and those free, by size."""

    def __init__(self) -> None:
        self.in_use: list[Array] = []
        self.free: dict[int, list[Array]] = {}
        self.depth = 0


class Local(threading.local):
    """The calling thread's buffers."""

    def __init__(self) -> None:
        self.buffers = Buffers()
        with LOCK:
            ALL_BUFFERS.add(self.buffers)


ALL_BUFFERS: WeakSet[Buffers] = WeakSet()
LOCK = threading.Lock()  # for ALL_BUFFERS: threads begin while others are looked at
LOCAL = Local()


@contextmanager
def scratch_scope() -> Iterator[None]:
    """Arrays taken inside the context are reused after it: none of them may be used or returned after its end."""
    buffers = LOCAL.buffers
    before = len(buffers.in_use)
    buffers.depth += 1
    try:
        yield
    finally:
        buffers.depth -= 1
        for buffer in buffers.in_use[before:]:
            buffers.free.setdefault(buffer.size, []).append(buffer)
        del buffers.in_use[before:]


def take(shape: Shape, dtype: Any) -> Array:
    """An uninitialized array. Outside of `scratch_scope` it is a new one."""
    buffers = LOCAL.buffers
    if not buffers.depth:
        return np.empty(shape, dtype)
    size = count_batches(prod(shape) * np.dtype(dtype).itemsize, GRANULARITY) * GRANULARITY
    free = buffers.free.get(size)
    buffer = free.pop() if free else aligned(size)
    buffers.in_use.append(buffer)
    return np.ndarray(shape, dtype, buffer)


def aligned(size: int) -> Array:
    """New memory of that many bytes, from the beginning of a line of the cache on.

    NumPy's own begins in the middle of one: then each vector that a processor of 512 bits loads is in two lines.
    """
    memory = np.empty(size + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    return memory[start : start + size]


def release() -> None:
    """Free the unused buffers of all threads, those of a user's own executor included."""
    with LOCK:
        for buffers in ALL_BUFFERS:
            buffers.free = {}
