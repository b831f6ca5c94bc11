"""Work shared among workers: threads (`threads.py`), or any `concurrent.futures.Executor`.

NumPy lets go of Python's lock in the work that counts, so threads run side by side. BLAS would start threads of its own
in each of them, and is held to one (`blas.py`).

What is computed never depends on the workers: the work is cut into pieces by its size alone, and the results come back
in the order of the pieces.
"""

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache, partial
from threading import Lock
from typing import Any, NamedTuple

from numpycnn.common import checks
from numpycnn.common.typing import Map
from numpycnn.engine import blas, process
from numpycnn.engine.fast import scratch


class Workers(NamedTuple):
    """The worker pool."""

    run: Map
    """A map over pieces of work that are sent to them, and whose results come back."""
    run_here: Map
    """A map over work on the caller's own arrays: as above, but in this process."""


def check_workers(owner: str, workers: Any, executor: Any) -> int:
    """The number of workers; None is the processors that this process may use.

    Raises TypeError or ValueError unless workers is a positive integer or None, and executor an Executor or None.
    """
    if executor is not None:
        from concurrent.futures import Executor  # here: its import takes a while

        if not isinstance(executor, Executor):
            raise TypeError(
                f"{owner}: executor must be a concurrent.futures.Executor; received {checks.shown(executor)}"
            )
    if workers is not None:
        return checks.size(owner, "workers", workers)
    return processors() if executor is not None or blas.can_be_held() else 1


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def at_work(workers: int, executor: Any = None) -> Iterator[Workers]:
    """That many threads, the caller's among them, or the executor's workers, for as long as the context lasts.

    At its end no other thread is left; pieces of work that were not begun are dropped.
    """
    with THREAD_SETTINGS:
        try:
            if executor is not None:
                submit = partial(executor.submit, in_worker, process.token())
                yield Workers(partial(map_in_order, submit, 2 * workers), map)
            elif workers == 1:
                yield Workers(map, map)
            else:
                from numpycnn.engine.threads import WorkerPool  # here: its imports take a while

                with WorkerPool(workers) as pool:
                    yield Workers(pool.map, pool.map)
        finally:
            scratch.release()


def map_in_order(
    submit: Callable[..., Any], ahead: int, function: Callable[..., Any], jobs: Iterable[Any]
) -> Iterator[Any]:
    """The results of function(job), in the order of the jobs, of which at most `ahead` are under way or waiting."""
    futures: deque[Any] = deque()
    try:
        for job in jobs:
            futures.append(submit(function, job))
            if len(futures) == ahead:
                yield futures.popleft().result()
        while futures:
            yield futures.popleft().result()
    finally:
        for future in futures:
            future.cancel()


def in_worker(caller: bytes, function: Callable[..., Any], job: Any) -> Any:
    """function(job), for a caller who may be in another process: there BLAS is held, and no memory kept afterwards."""
    if process.token() == caller:
        return function(job)
    hold_blas()
    try:
        return function(job)
    finally:
        scratch.release()


@cache
def hold_blas() -> AbstractContextManager[Any]:
    """Hold BLAS to one thread for the rest of this process, where it can be told: the cache keeps what holds it."""
    holding = blas.one_thread() or nullcontext()
    holding.__enter__()
    return holding


SWITCH_SECONDS = 1e-4
"""How long a thread may wait for Python's lock until the one that has it is asked for it. Python's own 5 ms are longer
than most pieces of NumPy's work here: a thread between two of them would stand still while others do many."""


class ThreadSettings:
    """Python and BLAS set for threads that share the work, from the first `with` to the end of the last.

    The settings are the whole process's, so uses that overlap share them: none may undo them under another.
    """

    def __init__(self) -> None:
        self.lock, self.holders, self.seconds = Lock(), 0, 0.0
        self.limit: AbstractContextManager[Any] = nullcontext()

    def __enter__(self) -> None:
        with self.lock:
            if self.holders == 0:
                self.limit = blas.one_thread() or nullcontext()
                self.limit.__enter__()
                self.seconds = sys.getswitchinterval()
                sys.setswitchinterval(min(self.seconds, SWITCH_SECONDS))
            self.holders += 1

    def __exit__(self, *error: object) -> None:
        with self.lock:
            self.holders -= 1
            if self.holders == 0:
                sys.setswitchinterval(self.seconds)
                self.limit.__exit__(None, None, None)


THREAD_SETTINGS = ThreadSettings()
