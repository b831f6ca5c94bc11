"""Memory that is used again: arrays for intermediate results, lent to a piece of work and taken back at its end.

The first touch of a new array costs more than the arithmetic in it, because the system has to find and clear its
pages. Every thread has buffers of its own, so nothing is locked. Only the fast path (`fast.py`) works this way.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from typing import Any

import numpy as np

from numpycnn.typing import Array, Shape


class Buffers(threading.local):
    """The calling thread's buffers: those lent, in the order of lending, and those free."""

    def __init__(self) -> None:
        self.lent: list[Array] = []
        self.free: list[Array] = []
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
        mine.free += mine.lent[before:]
        del mine.lent[before:]


def take(shape: Shape, dtype: Any) -> Array:
    """An array with any values in it. Outside of `reused` it is simply a new one."""
    if not BUFFERS.depth:
        return np.empty(shape, dtype)
    size = prod(shape) * np.dtype(dtype).itemsize
    fitting = [buffer for buffer in BUFFERS.free if len(buffer) >= size]
    if fitting:
        buffer = min(fitting, key=len)
        BUFFERS.free = [other for other in BUFFERS.free if other is not buffer]
    else:
        buffer = np.empty(size, np.uint8)
    BUFFERS.lent.append(buffer)
    return buffer[:size].view(dtype).reshape(shape)


def release() -> None:
    """Let go of the calling thread's free buffers."""
    BUFFERS.free = []
