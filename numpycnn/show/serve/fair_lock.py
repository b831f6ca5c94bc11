"""A fair lock: training and traces take the model in turns."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class FairLock:
    """A lock that a thread cannot take again at once while another thread waits for it."""

    def __init__(self) -> None:
        self._queue, self._lock = threading.Lock(), threading.Lock()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for the lock, and hold it for as long as the body runs."""
        with self._queue:  # held while waiting: threads that come later wait here
            self._lock.acquire()
        try:
            yield
        finally:
            self._lock.release()
