"""Who may be at the model now: training and traces take turns."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """A lock that whoever gives it back cannot take again before one that waits for it."""

    def __init__(self) -> None:
        self._next, self._inside = threading.Lock(), threading.Lock()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for one's turn, and have it."""
        with self._next:  # held while waiting: who comes later waits here
            self._inside.acquire()
        try:
            yield
        finally:
            self._inside.release()
