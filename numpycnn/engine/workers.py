"""The worker pool: threads (`threads.py`), or any `concurrent.futures.Executor`.

NumPy releases the GIL during array operations, so threads run in parallel. BLAS would start its own threads in each of
them, and is limited to one (`blas.py`). Between operations they wait for each other, so a training of more than a
few steps runs in forked processes where the system has them, and nothing is lost by it (`forked.py`).

Results never depend on the workers: work is divided by its size alone, and results come back in the order of the jobs.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache, partial
from threading import Lock
from typing import Any, NamedTuple

from numpycnn.common import checks
from numpycnn.common.typing import Map
from numpycnn.engine import blas, process
from numpycnn.engine.allocator import keep_freed_memory
from numpycnn.engine.executors import executor_size, run_passes
from numpycnn.engine.fast import scratch
from numpycnn.engine.in_order import map_in_order


class Workers(NamedTuple):
    """The worker pool."""

    run: Map
    """A map over jobs that may run in other processes: jobs and results are sent."""
    run_here: Map
    """A map over jobs that change the caller's arrays: in this process."""
    run_passes: Map
    """A map over the passes of training steps, one step after another: see `forked.py` and `executors.py`."""


def check_workers(owner: str, workers: Any, executor: Any) -> int:
    """The number of workers; None is the executor's own, or that of the processors that this process may use.

    Raises TypeError or ValueError unless workers is a positive integer or None, and executor an Executor or None.
    """
    if executor is not None:
        from concurrent.futures import Executor  # deferred: slow import

        if not isinstance(executor, Executor):
            raise TypeError(
                f"{owner}: executor must be a concurrent.futures.Executor; received {checks.short_repr(executor)}"
            )
    if workers is not None:
        return checks.size(owner, "workers", workers)
    if executor is not None:
        return executor_size(executor) or processors()
    return processors() if blas.can_limit_threads() else 1


def processors() -> int:
    """The number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def worker_pool(workers: int, executor: Any = None, steps: float = 0) -> Iterator[Workers]:
    """A pool of threads, the caller's among them, or of the executor's workers, for as long as the context lasts.

    steps: how many training steps there will be.
    At its end no other thread is left; jobs that were not begun are cancelled.
    """
    keep_freed_memory()
    with THREAD_SETTINGS:
        try:
            if executor is not None:
                submit = partial(executor.submit, in_worker, process.token())
                run = partial(map_in_order, submit, 2 * workers)
                yield Workers(run, map, partial(run_passes, executor, run))
            elif workers == 1:
                yield Workers(map, map, map)
            else:
                from numpycnn.engine.forked import ForkedWorkers  # deferred: slow imports
                from numpycnn.engine.threads import WorkerPool

                with WorkerPool(workers) as pool, ForkedWorkers(workers, pool.map, steps) as forked:
                    yield Workers(pool.map, pool.map, forked.map)
        finally:
            scratch.release()


def in_worker(caller: bytes, function: Callable[..., Any], job: Any) -> Any:
    """function(job), for a caller that may be another process: then BLAS is limited, and scratch memory released."""
    if process.token() == caller:
        return function(job)
    limit_blas()
    try:
        return function(job)
    finally:
        scratch.release()


@cache
def limit_blas() -> AbstractContextManager[Any]:
    """Limit BLAS to one thread for the rest of this process, if possible; the cache keeps the context alive."""
    limit = blas.single_thread() or nullcontext()
    limit.__enter__()
    return limit


SWITCH_SECONDS = 1e-4
"""The interpreter's switch interval: how long a thread waits for the GIL before it requests it. Python's default, 5 ms,
is longer than most NumPy calls here: a thread between two of them would wait while another makes many."""


class ThreadSettings:
    """The switch interval and the BLAS limit for a worker pool, from the first `with` to the end of the last.

    The settings are global to the process, so nested and concurrent uses are counted: the last one restores them.
    """

    def __init__(self) -> None:
        self.lock, self.uses, self.seconds = Lock(), 0, 0.0
        self.limit: AbstractContextManager[Any] = nullcontext()

    def __enter__(self) -> None:
        with self.lock:
            if self.uses == 0:
                self.limit = blas.single_thread() or nullcontext()
                self.limit.__enter__()
                self.seconds = sys.getswitchinterval()
                sys.setswitchinterval(min(self.seconds, SWITCH_SECONDS))
            self.uses += 1

    def __exit__(self, *error: object) -> None:
        with self.lock:
            self.uses -= 1
            if self.uses == 0:
                sys.setswitchinterval(self.seconds)
                self.limit.__exit__(None, None, None)


THREAD_SETTINGS = ThreadSettings()
