"""What `fit(executor=)` costs: the bytes and seconds of a step whose micro-batches go to other processes.

    python benchmarks/executors.py
    python benchmarks/executors.py --network seconds --workers 4

Engines that are not installed are left out. Steps are medians of several; a task that does nothing says what an engine
itself takes.
"""

import argparse
import pickle
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np

from numpycnn import Sequential, recipes
from numpycnn.app.engines import processes

BATCHES = {"tutorial": 1000, "seconds": 256, "quick": 256, "minute": 256}


class Counting(Executor):
    """Another executor, and the bytes that go there and back through pickle."""

    def __init__(self, executor: Executor) -> None:
        self.executor, self.tasks, self.there, self.back = executor, 0, 0, 0

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **_: Any) -> Future[Any]:
        """Give the task on."""
        self.tasks += 1
        self.there += len(pickle.dumps((function, arguments)))
        future = self.executor.submit(function, *arguments)
        self.back += len(pickle.dumps(future.result()))
        return future


@contextmanager
def dask(workers: int) -> Iterator[Executor]:
    """A Dask cluster of processes on this machine."""
    from distributed import Client, LocalCluster

    with LocalCluster(workers, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        yield client.get_executor(pure=False)


@contextmanager
def loky(workers: int) -> Iterator[Executor]:
    """Loky's processes."""
    from loky import ProcessPoolExecutor

    executor = ProcessPoolExecutor(workers)
    try:
        yield executor
    finally:
        executor.shutdown(kill_workers=True)


ENGINES: dict[str, Callable[[int], Any]] = {
    "threads of an executor": ThreadPoolExecutor,
    "processes, spawned": processes,
    "loky": loky,
    "Dask, processes": dask,
}


def median(run: Callable[[], object], rounds: int) -> float:
    """The median of its seconds; the first time is not counted."""
    seconds = []
    for turn in range(-1, rounds):
        begin = time.perf_counter()
        run()
        if turn >= 0:
            seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)


def row(name: str, model: Sequential, data: tuple[Any, Any], executor: Executor | None, args: Any) -> str:
    """A line of the table: milliseconds of an empty task and of a step."""
    options: dict[str, Any] = {"workers": args.workers, "executor": executor}
    step = median(lambda: model.fit(*data, len(data[0]), verbose=0, **options), args.rounds)
    empty = "" if executor is None else f"{1e3 * median(lambda: executor.submit(abs, -1).result(), 20):.2f}"
    return f"| {name} | {empty} | {1e3 * step:.0f} |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", choices=BATCHES, default="tutorial")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    batch, rng = BATCHES[args.network], np.random.default_rng(0)
    data = rng.integers(256, size=(batch, 28, 28, 1)).astype(np.uint8), np.eye(10)[rng.integers(10, size=batch)]
    model = recipes.get(args.network).model(batch, (28, 28, 1))
    with ThreadPoolExecutor(args.workers) as threads:
        counting = Counting(threads)
        model.fit(*data, batch, verbose=0, executor=counting)
    there, back = counting.there / 1e6, counting.back / 1e6
    print(f"{args.network}, a step of {batch} images: {counting.tasks} tasks, {there:.1f} MB there, {back:.1f} MB back")
    print(f"\n| {args.workers} workers | an empty task, ms | a step, ms |\n|---|---|---|")
    print(row("threads of fit", model, data, None, args), flush=True)
    for name, engine in ENGINES.items():
        try:
            with engine(args.workers) as executor:
                print(row(name, model, data, executor, args), flush=True)
        except ImportError:
            print(f"| {name} | not installed | |")


if __name__ == "__main__":
    main()
