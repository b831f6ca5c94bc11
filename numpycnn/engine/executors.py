"""What `concurrent.futures.Executor` does not say: how many workers it has, and what it is worth to send to them."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from numpycnn.common.typing import Map
from numpycnn.engine.in_order import with_first


def executor_size(executor: Any) -> int | None:
    """The number of the executor's workers now; None where it says nothing that is known here.

    Python's own and loky's executors have `_max_workers`, mpi4py's has `num_workers`, and Dask's has the client, which
    knows the threads of each worker.
    """
    for name in ("_max_workers", "num_workers"):
        size = getattr(executor, name, None)
        if isinstance(size, int):
            return max(1, size)
    client: Any = getattr(executor, "_client", None)
    return max(1, sum(client.nthreads().values())) if hasattr(client, "nthreads") else None


def run_passes(executor: Any, run: Map, advance: Callable[[Any], Any], passes: Iterable[Any]) -> Iterator[Any]:
    """Advance the passes of a step: by `run`, the executor's map, or here.

    Micro-batches that exchange data, as those of a batch normalization do, stay here unless the workers are threads:
    no executor gives a task to the worker that had the one before it, so weights and examples would be sent, and the
    pass computed, anew for every exchange.
    """
    from concurrent.futures import ThreadPoolExecutor  # deferred: slow import

    first, passes = with_first(passes)
    stay = first.objective.network.whole_batch and not isinstance(executor, ThreadPoolExecutor)
    return (map if stay else run)(advance, passes)
