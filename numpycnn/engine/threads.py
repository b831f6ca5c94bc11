"""Threads that share work with the thread that gives it to them, which works too while it waits.

A caller that slept instead would be one thread more than there is work for, and would have to be woken: that takes
longer than small pieces of work do.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from typing import Any


class Piece(Future[Any]):
    """A piece of work, one of several that are open to whoever comes first: a thread of the pool, or the caller."""

    def __init__(self, work: Callable[[], Any], open_pieces: "deque[Piece]") -> None:
        super().__init__()
        self.work, self.open_pieces = work, open_pieces

    def do(self) -> None:
        """Do it, unless it is cancelled."""
        if not self.set_running_or_notify_cancel():
            return
        try:
            self.set_result(self.work())
        except BaseException as error:
            self.set_exception(error)
            if not isinstance(error, Exception):  # Ctrl-C, which is for the caller at once
                raise

    def result(self, timeout: float | None = None) -> Any:
        """What it gave; until that is there, the caller does pieces itself."""
        while not self.done() and self.open_pieces:
            do_next(self.open_pieces)
        return super().result(timeout)


def do_next(open_pieces: deque[Piece]) -> None:
    """Do the first of the pieces that no one has begun."""
    try:
        piece = open_pieces.popleft()
    except IndexError:  # others were faster
        return
    piece.do()


@contextmanager
def shared_with(threads: int) -> Iterator[Callable[[Callable[[Any], Any], Any], Piece]]:
    """That many threads for as long as the context lasts, and what gives them work: call it with a function and a job.

    They work under the caller's context: its np.errstate holds there too. What is not begun at the end is dropped.
    """
    pool, open_pieces = ThreadPoolExecutor(threads, thread_name_prefix="numpycnn"), deque[Piece]()

    def give(function: Callable[[Any], Any], job: Any) -> Piece:
        piece = Piece(partial(copy_context().run, function, job), open_pieces)
        open_pieces.append(piece)
        pool.submit(do_next, open_pieces)
        return piece

    try:
        yield give
    finally:
        pool.shutdown(cancel_futures=True)
