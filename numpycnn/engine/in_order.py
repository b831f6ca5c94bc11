"""Jobs in their order: a map over those of which some are under way elsewhere, and a look at the first one."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, TypeVar

T = TypeVar("T")


def with_first(jobs: Iterable[T]) -> tuple[T, Iterator[T]]:
    """The first job, and all jobs, of which no other has been made yet."""
    jobs = iter(jobs)
    first = next(jobs)
    return first, chain([first], jobs)


def map_in_order(
    submit: Callable[..., Any], ahead: int, function: Callable[..., Any], jobs: Iterable[Any]
) -> Iterator[Any]:
    """Yield function(job) in the order of the jobs, of which at most `ahead` are pending or running at a time."""
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
