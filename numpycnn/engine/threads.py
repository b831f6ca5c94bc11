"""A pool of worker threads in which the calling thread works too, while it waits for results.

A caller that slept instead would be one thread too many, and waking it takes longer than a small task does.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from itertools import islice
from typing import Any, Self


class Task(Future[Any]):
    """A task that runs in the first free thread: one of the pool's, or the caller's."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__()
        self.work = work


class WorkerPool:
    """`workers` workers, the caller among them, for as long as the context lasts; at its end no thread is left.

    Tasks run in the caller's contextvars context: its np.errstate applies. Tasks not begun at the end are cancelled.
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
        """Yield function(job) in the order of the jobs, of which at most `ahead` are pending or running at a time."""
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
        """Queue a task."""
        task = Task(partial(copy_context().run, work))
        self.pending.append(task)
        self.threads.submit(self.run_next)
        return task

    def run_next(self) -> None:
        """Run the first pending task, unless it was cancelled."""
        try:
            task = self.pending.popleft()
        except IndexError:  # another thread took the last one
            return
        if not task.set_running_or_notify_cancel():
            return
        try:
            task.set_result(task.work())
        except BaseException as error:
            task.set_exception(error)
            if not isinstance(error, Exception):  # Ctrl-C: raised in the caller at once
                raise
