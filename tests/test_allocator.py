"""Freed memory is kept for the next arrays, where the C library is glibc."""

import ctypes
import platform
import subprocess
import sys
from typing import Any

import pytest

from numpycnn.engine import allocator

FAULTS = """
import resource, sys
import numpy as np
from numpycnn.engine.allocator import keep_freed_memory

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def write():
    before = faults()
    arrays = [np.ones(1 << 18) for _ in range(100)]
    return faults() - before

if sys.argv[1] == "kept":
    keep_freed_memory()
print(min(write() for _ in range(4)))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another allocator")
def test_what_was_freed_is_not_cleared_again() -> None:
    """200 MB, four times: as many pages are new to the process in each round, or few in the best one.

    Not none: what else the process allocates between two of the arrays may leave a hole that the next does not fit.
    """
    found = {}
    for how in ("kept", "by default"):
        command = [sys.executable, "-c", FAULTS, how]
        run = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
        found[how] = int(run.stdout)
    assert found["kept"] < found["by default"] / 10


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_other_allocators_are_left_alone(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def without(name: Any) -> object:
        assert system == "linux"
        return object()

    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(ctypes, "CDLL", without)
    allocator.keep_freed_memory.__wrapped__()
