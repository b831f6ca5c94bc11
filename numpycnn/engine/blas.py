"""BLAS held to one thread, so that workers share the processors among them, and sums are rounded in one way.

The OpenBLAS that NumPy's own packages bring is told directly; any other BLAS through threadpoolctl (the extra
`threads`), which lets only one thread of the program do so at a time. Where neither is found, BLAS uses the processors
as it likes, and results may differ in the last digits from machine to machine.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

PREFIXES = ("scipy_openblas", "openblas")
SUFFIXES = ("64_", "")


def one_thread() -> AbstractContextManager[Any] | None:
    """A context in which BLAS has one thread; None where it cannot be told."""
    threads = openblas_threads()
    if threads is not None:
        return limited(*threads)
    controller = threadpool_controller()
    return None if controller is None else controller.limit(limits=1, user_api="blas")


def can_be_held() -> bool:
    """Whether BLAS can be told how many threads to use."""
    return openblas_threads() is not None or threadpool_controller() is not None


@contextmanager
def limited(get: Callable[[], int], put: Callable[[int], None]) -> Iterator[None]:
    """OpenBLAS with one thread, and at the end as many as before."""
    before = get()
    put(1)
    try:
        yield
    finally:
        put(before)


@cache
def threadpool_controller() -> Any:
    """threadpoolctl's controller of the BLAS in this process; None where it is not installed."""
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return None
    return ThreadpoolController()


@cache
def openblas_threads() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    """What reads and what sets the number of threads of NumPy's OpenBLAS; None where it has another BLAS."""
    import ctypes  # here: its import takes a while

    for path in library_paths():
        try:
            library = ctypes.CDLL(str(path))
        except OSError:
            continue
        for prefix in PREFIXES:
            for suffix in SUFFIXES:
                names = [f"{prefix}_{verb}_num_threads{suffix}" for verb in ("get", "set")]
                if all(hasattr(library, name) for name in names):
                    return getattr(library, names[0]), getattr(library, names[1])
    return None


def library_paths() -> Iterator[Path]:
    """Where OpenBLAS may be: in the libraries that NumPy's package brings, or what NumPy itself is linked with."""
    package = Path(np.__file__).parent
    for folder in (package.parent / "numpy.libs", package / ".dylibs"):  # Linux and Windows; macOS
        yield from sorted(folder.glob("*openblas*"))
    yield from sorted((package / "_core").glob("_multiarray_umath*"))
