"""BLAS limited to one thread, so that the workers share the processors, and sums are always rounded the same way.

The OpenBLAS in NumPy's own packages is called directly; any other BLAS is limited through threadpoolctl (the extra
`threads`), which only one thread of the program may do at a time. Where neither is found, BLAS chooses its own number
of threads, and results may differ in the last digits from machine to machine.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

PREFIXES = ("scipy_openblas", "openblas")
SUFFIXES = ("64_", "")


def single_thread() -> AbstractContextManager[Any] | None:
    """A context in which BLAS has one thread; None where BLAS cannot be limited."""
    threads = openblas_threads()
    if threads is not None:
        return limited(*threads)
    controller = threadpool_controller()
    return None if controller is None else controller.limit(limits=1, user_api="blas")


def can_limit_threads() -> bool:
    """Whether the number of BLAS threads can be set."""
    return openblas_threads() is not None or threadpool_controller() is not None


@contextmanager
def limited(get: Callable[[], int], put: Callable[[int], None]) -> Iterator[None]:
    """OpenBLAS with one thread; at the end the former number is restored."""
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
    """The getter and the setter of the number of threads of NumPy's OpenBLAS; None for any other BLAS."""
    import ctypes  # deferred: slow import

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
    """Where OpenBLAS may be: among the shared libraries in NumPy's package, or linked into NumPy itself."""
    package = Path(np.__file__).parent
    for folder in (package.parent / "numpy.libs", package / ".dylibs"):  # Linux and Windows; macOS
        yield from sorted(folder.glob("*openblas*"))
    yield from sorted((package / "_core").glob("_multiarray_umath*"))
