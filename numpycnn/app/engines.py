"""Where many trainings run: here one after the other, in processes, on a Dask cluster, or in MPI's ranks."""

import argparse
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from importlib import import_module
from typing import Any, NamedTuple


class Engine(NamedTuple):
    """The executor, None for this process; and whether this process leads, and does not work for another."""

    executor: Executor | None
    leads: bool = True


@contextmanager
def engine(args: argparse.Namespace) -> Iterator[Engine]:
    """The engine that the options name.

    Raises ImportError where what it needs is not installed, and what Dask raises where nothing answers at the address.
    """
    if args.processes is not None:
        with processes(args.processes) as executor:
            yield Engine(executor)
    elif args.dask is not None:
        with needed("distributed", "dask").Client(args.dask) as client:
            yield Engine(client.get_executor(pure=False))
    elif args.mpi:
        with needed("mpi4py.futures", "mpi").MPICommExecutor() as executor:
            yield Engine(executor, executor is not None)
    else:
        yield Engine(None)


def needed(module: str, extra: str) -> Any:
    """The module. Raises ImportError that names the extra where it is not installed."""
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(f"--{extra} needs the extra {extra!r}, pip install 'numpycnn[{extra}]': {error}") from None


def processes(count: int) -> Executor:
    """So many new processes, each with its own Python."""
    from concurrent.futures import ProcessPoolExecutor  # deferred: slow import
    from multiprocessing import get_context

    return ProcessPoolExecutor(count, get_context("spawn"))
