"""The allocator's settings: memory that was freed is kept for the next arrays.

The system clears a page before a process gets it, which takes longer than the arithmetic on it. glibc's allocator gives
freed memory back beyond a threshold that follows what the process frees, up to 64 MB; a deep network frees several
times as much at the end of every step, and gets it again in the next. Other allocators are left as they are.
"""

import sys
from contextlib import suppress
from functools import cache

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Parameters of `mallopt`, from glibc's malloc.h."""

KEPT_BYTES = 1 << 30
"""As much freed memory is kept at most, for this process and those forked from it."""

LARGEST_BYTES = 32 << 20
"""Larger arrays get memory of their own from the system, and give it back: the most that glibc allows for."""


@cache
def keep_freed_memory() -> None:
    """Tell the allocator, if it is glibc's."""
    if sys.platform != "linux":
        return
    import ctypes  # deferred: slow import

    with suppress(OSError, AttributeError):  # another C library, or a program without one
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_THRESHOLD, LARGEST_BYTES)
        mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
