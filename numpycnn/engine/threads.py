"""Threads that share work with the thread that gives it to them, which works too while it waits.

A caller that slept instead would be one thread more than there is work for, and would have to be woken: that takes
longer than small tasks of work do.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from itertools import islice
from typing import Any, Self


class Task(Future[Any]):
    """A task of work that is open to whoever comes first: a thread of the pool, or the caller."""

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
        self.pending: deque[Task] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.threads.shutdown(cancel_futures=True)

    def map(self, function: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Any]:
        """The results of function(job), in the order of the jobs, of which a few are open or under way at a time."""
        jobs, tasks = iter(jobs), deque[Task]()
        try:
            while True:
                for job in islice(jobs, self.ahead - len(tasks)):
                    tasks.append(self.submit(partial(function, job)))
                if not tasks:
                    return
                first = tasks.popleft()
                while not first.done() and self.pending:
                    self.run_next()
                yield first.result()
        finally:
            for task in tasks:
                task.cancel()

    def submit(self, work: Callable[[], Any]) -> Task:
        """A task of work that is open from now on."""
        task = Task(partial(copy_context().run, work))
        self.pending.append(task)
        self.threads.submit(self.run_next)
        return task

    def run_next(self) -> None:
        """Do the first of the tasks that no one has begun; one that is cancelled is left."""
        try:
            task = self.pending.popleft()
        except IndexError:  # others were faster
            return
        if not task.set_running_or_notify_cancel():
            return
        try:
            task.set_result(task.work())
        except BaseException as error:
            task.set_exception(error)
            if not isinstance(error, Exception):  # Ctrl-C, which is for the caller at once
                raise
