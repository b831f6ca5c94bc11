"""Trying in a process of its own what may end the process: another one's library, on a file that nobody vouches for.

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

SECONDS = 60.0
"""How long the process may take: it could wait forever for a lock that a thread held when it was forked."""

PAUSE = 1e-3
"""Seconds between two looks at whether it has ended."""

NEW = "import sys; from {} import {} as read; from {} import quietly; quietly(read, sys.stdin.buffer.read())"


def crashes(read: Callable[[bytes], object], content: bytes) -> bool:
    """Whether read(content) ends the process that calls it; what it raises does not. read: a function of a module."""
    run = forked if sys.platform == "linux" else new_python
    try:
        return run(read, content)
    except OSError:  # there are no more processes, or no memory
        return False


def quietly(read: Callable[[bytes], object], content: bytes) -> None:
    """Call it, whatever it raises."""
    with suppress(Exception):
        read(content)


def forked(read: Callable[[bytes], object], content: bytes) -> bool:
    """`crashes`, in a copy of this process, which does nothing else and is not cleaned up."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other threads, whose locks the deadline is for
        pid = os.fork()
    if pid == 0:
        try:
            quietly(read, content)
        finally:
            os._exit(0)
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return status != 0
        time.sleep(PAUSE)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return False


def new_python(read: Callable[[bytes], object], content: bytes) -> bool:
    """`crashes`, in a new Python."""
    program = NEW.format(read.__module__, read.__name__, __name__)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        done = subprocess.run(  # noqa: S603  # this program itself
            [sys.executable, "-c", program], input=content, env=environment, capture_output=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode != 0
