"""Trying in a process of its own what may end a process, or keep it busy forever: another one's library, on any file.

On Linux the process is forked, which takes milliseconds; elsewhere it is a new Python.
"""

import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from math import ceil

SECONDS = 20.0
"""How long the process may take for a short file."""

LOAD = 3
"""So many times as long it may take on a busy machine, where it gets a part of a processor's time."""

BYTES_A_SECOND = 1e7
"""A longer one may take longer: so many bytes are read in a second at least."""

PAUSE = 1e-3
"""Seconds between two looks at whether it has ended."""

NEW = "import sys; from {} import {} as read; from {} import quietly; quietly(read, sys.stdin.buffer.read())"


def crashes(read: Callable[[bytes], object], content: bytes) -> bool:
    """Whether read(content) ends the process that calls it, or computes without end; what it raises is no matter.

    read: a function of a module.
    """
    run = forked if sys.platform == "linux" else new_python
    try:
        return run(read, content)
    except OSError:  # there are no more processes, or no memory
        return False


def quietly(read: Callable[[bytes], object], content: bytes) -> None:
    """Call it, whatever it raises."""
    with suppress(Exception):
        read(content)


def seconds_for(content: bytes) -> float:
    """How long reading it may take."""
    return SECONDS + len(content) / BYTES_A_SECOND


def forked(read: Callable[[bytes], object], content: bytes) -> bool:
    """`crashes`, in a copy of this process, which does nothing else and is not cleaned up.

    It could also wait forever, for a lock that a thread held when it was forked: that says nothing of the file. So its
    processor time is limited, and where the clock ends it, what it has used of that tells whether it waited.
    """
    import resource  # deferred: not on Windows

    limit = seconds_for(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other threads, whose locks the deadline is for
        pid = os.fork()
    if pid == 0:
        try:
            with suppress(ValueError):  # a lower limit is there already
                resource.setrlimit(resource.RLIMIT_CPU, (ceil(limit), ceil(limit)))
            quietly(read, content)
        finally:
            os._exit(0)
    deadline = time.monotonic() + LOAD * limit
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return status != 0
        time.sleep(PAUSE)
    os.kill(pid, signal.SIGKILL)
    _, _, used = os.wait4(pid, 0)
    return used.ru_utime + used.ru_stime > limit / 10


def new_python(read: Callable[[bytes], object], content: bytes) -> bool:
    """`crashes`, in a new Python."""
    program = NEW.format(read.__module__, read.__name__, __name__)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        done = subprocess.run(  # noqa: S603  # this program itself
            [sys.executable, "-c", program],
            input=content,
            env=environment,
            capture_output=True,
            timeout=seconds_for(content),
        )
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0
