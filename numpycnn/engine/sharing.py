"""Memory that a process shares with those forked from it, and channels through which they send each other objects.

A message is pickled without its large arrays. These are copied once, into the shared memory, and the receiver's are
views of it. A pipe tells where the message stands.
"""

import copyreg
import os
import pickle
import select
import struct
from collections.abc import Callable
from io import BytesIO
from mmap import mmap
from time import perf_counter
from typing import Any

import numpy as np

from numpycnn.common.arithmetic import ceil_div
from numpycnn.common.typing import Array

Span = tuple[int, int]
"""Where something is in a memory: its start and stop, in bytes."""

ALIGNMENT = 64
"""Bytes: a line of the cache, and more than any instruction asks for."""

Reductions = dict[type, Callable[[Any], Any]]
"""What pickles objects of a type: see `copyreg`."""

SPAN = struct.Struct("qq")

SMALL_BYTES = 1 << 12
"""Arrays of a message up to this size are pickled with it: the copy takes less time than finding a place for them."""

BUSY_SECONDS = 1e-3
"""How long a receiver asks again and again before it sleeps, from which the system takes a while to wake it: 0.1 ms."""


class Memory:
    """Shared bytes, which one process writes, and which grow as it does. It writes from the start where `end` is 0."""

    def __init__(self) -> None:
        self.file, self.end = open(os.memfd_create("numpycnn"), "r+b", buffering=0), 0  # noqa: SIM115
        self.resize(ALIGNMENT)

    def resize(self, size: int) -> None:
        """Make it larger. The system gives it only the memory that is written."""
        self.file.truncate(size)
        self.bytes = memoryview(mmap(self.file.fileno(), 0))

    def put(self, data: bytes | memoryview) -> Span:
        """Write data after what was written last."""
        start = ceil_div(self.end, ALIGNMENT) * ALIGNMENT
        self.end = start + len(data)
        if self.end > len(self.bytes):
            self.resize(2 * self.end)
        self.at((start, self.end))[:] = data
        return start, self.end

    def at(self, span: Span) -> memoryview:
        """The bytes there. They stay mapped as long as an array is on them."""
        if span[1] > len(self.bytes):  # the other process has made it larger
            self.bytes = memoryview(mmap(self.file.fileno(), 0))
        return self.bytes[slice(*span)]


class Packed:
    """A pickled object, and its arrays in a memory, where `refresh` renews their values.

    Arrays that are not contiguous are pickled with the rest, and not renewed.
    """

    def __init__(self, what: Any, memory: Memory, reductions: Reductions = copyreg.dispatch_table) -> None:
        self.buffers: list[pickle.PickleBuffer] = []
        file = BytesIO()
        pickler = pickle.Pickler(file, 5, buffer_callback=self.buffers.append)
        pickler.dispatch_table = reductions
        pickler.dump(what)
        self.pickled, self.memory = file.getvalue(), memory
        self.spans = [memory.put(buffer.raw()) for buffer in self.buffers]

    def refresh(self) -> None:
        """Copy the arrays' values of now."""
        for span, buffer in zip(self.spans, self.buffers, strict=True):
            self.memory.at(span)[:] = buffer.raw()

    def to_send(self) -> bytes:
        """What `unpacked` takes, besides the memory."""
        return pickle.dumps((self.spans, self.pickled))


def unpacked(sent: bytes | memoryview, memory: Memory) -> Any:
    """The object that was packed, with its arrays in the memory."""
    spans, pickled = pickle.loads(sent)  # noqa: S301  # written by this program
    return pickle.loads(pickled, buffers=map(memory.at, spans))  # noqa: S301


def reduced(array: Array) -> Any:
    """What makes an array again, as `object.__reduce__` returns it."""
    if array.nbytes > SMALL_BYTES or not array.flags.c_contiguous or array.dtype.hasobject or array.dtype.names:
        return array.__reduce_ex__(5)
    return np.ndarray, (array.shape, array.dtype.str, array.tobytes())


IN_MESSAGES = {**copyreg.dispatch_table, np.ndarray: reduced}


class Channel:
    """Sends objects from one process to another."""

    def __init__(self) -> None:
        exit_, entry = os.pipe()
        self.exit, self.entry = open(exit_, "rb", buffering=0), open(entry, "wb", buffering=0)  # noqa: SIM115
        os.set_blocking(exit_, False)
        self.memory, self.sleep = Memory(), select.poll()
        self.sleep.register(exit_, select.POLLIN)

    def send(self, message: Any) -> None:
        """Send a message, whose arrays are valid until the sender writes to the start of the memory again.

        Raises BrokenPipeError if the other process has ended.
        """
        self.entry.write(SPAN.pack(*self.memory.put(Packed(message, self.memory, IN_MESSAGES).to_send())))

    def receive(self) -> Any:
        """Wait for the next message. Raises EOFError if the other process has ended."""
        limit = perf_counter() + BUSY_SECONDS
        while (told := self.exit.read(SPAN.size)) is None:
            if perf_counter() > limit:
                self.sleep.poll()
        if not told:
            raise EOFError("the other process has ended")
        return unpacked(self.memory.at(SPAN.unpack(told)), self.memory)

    def close(self) -> None:
        """Close all files."""
        for file in (self.exit, self.entry, self.memory.file):
            file.close()
