"""A map over jobs of which some are under way elsewhere."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any


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
