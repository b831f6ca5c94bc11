"""Atomic writes: a file is replaced completely or not at all.

The new content is written to a partial file beside the target, synced to disk, and renamed to the target. A process
that is killed before that leaves the target unchanged, and its partial file behind. The next process that writes there
removes such leftovers: they are not locked, because a lock ends with the process that held it.
"""

import errno
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows, where an open file cannot be removed, which serves as the lock
    fcntl = None

PARTIAL = ".partial"


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A file to write to, renamed to `path` when the body ends without an error. Raises OSError."""
    target = Path(os.path.realpath(path))  # a link stays a link
    if os.path.lexists(target) and not os.path.isfile(target):  # a device would be replaced
        raise OSError(errno.EINVAL, "expected a file to replace; found something else", str(target))
    remove_leftovers(target)
    file = new_partial(target)
    try:
        with file:
            if target.exists():
                shutil.copymode(target, file.name)  # keep the permissions
            yield file
            file.flush()
            os.fsync(file.fileno())
            if fcntl is not None:
                os.replace(file.name, target)  # while the lock is held
        if fcntl is None:
            os.replace(file.name, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(file.name)
        raise
    sync_directory(target.parent)


def remove_leftovers(path: str | os.PathLike[str]) -> None:
    """Remove the partial files that killed processes left beside `path`, but not those being written."""
    target = Path(os.path.realpath(path))
    name = re.compile(re.escape(target.name) + r"\.[0-9a-f]{8}" + re.escape(PARTIAL))
    for leftover in [file for file in target.parent.iterdir() if name.fullmatch(file.name)]:
        with suppress(OSError):  # it is being written
            if fcntl is None:
                leftover.unlink()
            else:
                with open(leftover, "rb") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    leftover.unlink()


def prepare(path: str | os.PathLike[str]) -> None:
    """Remove leftovers beside `path`, and raise OSError if no file can be written there, before any work is done."""
    remove_leftovers(path)
    with new_partial(Path(os.path.realpath(path))) as file:
        pass
    os.unlink(file.name)


def new_partial(target: Path) -> IO[bytes]:
    """A new, locked file beside the target."""
    while True:
        file = open(f"{target}.{secrets.token_hex(4)}{PARTIAL}", "xb")  # noqa: SIM115
        if claimed(file):
            return file
        file.close()


def claimed(file: IO[bytes]) -> bool:
    """Lock a new file until it is closed. False if another process has just removed it as a leftover."""
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a file system without locks, where no file is removed as a leftover
            return True
    return os.path.exists(file.name)


def sync_directory(directory: Path) -> None:
    """Make a rename durable after a power failure; Windows has no such call, and needs none."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
