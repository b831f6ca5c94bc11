"""Threads that share work with the thread that gives it to them, which works too while it waits.

A caller that slept instead would be one thread more than there is work for, and would have to be woken: that takes
longer than small pieces of work do.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from itertools import islice
from typing import Any, Self


class Piece(Future[Any]):
    """A piece of work that is open to whoever comes first: a thread of the pool, or the caller."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__()
        self.work = work


class WorkerPool:
    """That many workers, the caller and threads, for as long as its context lasts; at its end no thread is left.

    They work under the caller's context: its np.errstate holds there too. What is not begun at the end is dropped.
    """

    def __init__(self, workers: int) -> None:
        self.ahead = 2 * workers
        self.threads = ThreadPoolExecutor(workers - 1, thread_name_prefix="numpycnn")
        self.open_pieces: deque[Piece] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.threads.shutdown(cancel_futures=True)

    def map(self, function: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Any]:
        """The results of function(job), in the order of the jobs, of which a few are open or under way at a time."""
        jobs, pieces = iter(jobs), deque[Piece]()
        try:
            while True:
                for job in islice(jobs, self.ahead - len(pieces)):
                    pieces.append(self.give(partial(function, job)))
                if not pieces:
                    return
                first = pieces.popleft()
                while not first.done() and self.open_pieces:
                    self.do_next()
                yield first.result()
        finally:
            for piece in pieces:
                piece.cancel()

    def give(self, work: Callable[[], Any]) -> Piece:
        """A piece of work that is open from now on."""
        piece = Piece(partial(copy_context().run, work))
        self.open_pieces.append(piece)
        self.threads.submit(self.do_next)
        return piece

    def do_next(self) -> None:
        """Do the first of the pieces that no one has begun; one that is cancelled is left."""
        try:
            piece = self.open_pieces.popleft()
        except IndexError:  # others were faster
            return
        if not piece.set_running_or_notify_cancel():
            return
        try:
            piece.set_result(piece.work())
        except BaseException as error:
            piece.set_exception(error)
            if not isinstance(error, Exception):  # Ctrl-C, which is for the caller at once
                raise
