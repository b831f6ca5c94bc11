"""Scratch memory: buffers for intermediate arrays, reused from call to call.

The first access to a new array costs more than the arithmetic on it, because the system has to map and clear its pages.
Every thread has its own buffers, so no lock is needed. Only the fast path uses them.
"""

import mmap
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from math import prod
from typing import Any
from weakref import WeakSet

import numpy as np

from numpycnn.common.slices import count_batches
from numpycnn.common.typing import Array, Shape

GRANULARITY = 1 << 16
"""Sizes are rounded up to this many bytes, so that arrays of nearly the same size share a buffer."""

BLOCK = 1 << 24
"""Bytes that buffers are cut from. They are taken from the system at once, which gives memory to what is written."""


class Buffers:
    """A thread's buffers: those in use, in the order in which they were taken, and those free, by size."""

    def __init__(self) -> None:
        self.in_use: list[Array] = []
        self.free: dict[int, list[Array]] = {}
        self.rest = np.empty(0, np.uint8)
        self.depth = 0

    def new(self, size: int) -> Array:
        """A buffer of that many bytes.

        They are a multiple of GRANULARITY, so every buffer is aligned to a cache line; a misaligned load of 512 bits
        would straddle two.
        """
        if size > self.rest.size:
            self.rest = pages(max(size, BLOCK))
        buffer, self.rest = self.rest[:size], self.rest[size:]
        return buffer


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
    buffer = free.pop() if free else buffers.new(size)
    buffers.in_use.append(buffer)
    return np.ndarray(shape, dtype, buffer)


def pages(size: int) -> Array:
    """New memory of that many bytes from the system itself, in huge pages if it has any. Raises MemoryError.

    What Python's allocator has at hand would be shared with a forked process, and copied page by page when written.
    """
    private = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}
    try:
        memory = mmap.mmap(-1, size, **private)
    except OSError as error:
        raise MemoryError(f"{size} bytes of scratch memory: {error}") from None
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):  # a system without them
            memory.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(memory, np.uint8)


def release() -> None:
    """Free the unused buffers of all threads, those of a user's own executor included."""
    with LOCK:
        for buffers in ALL_BUFFERS:
            buffers.free, buffers.rest = {}, np.empty(0, np.uint8)
