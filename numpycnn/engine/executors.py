"""How many tasks an executor runs at a time, which `concurrent.futures.Executor` itself does not say."""

from typing import Any


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
