"""Faults put into the library on purpose, to see that a check notices them."""

import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple


class Fault(NamedTuple):
    """One piece of a function's source, and what stands in its place while the fault is there."""

    function: Callable[..., Any]
    right: str
    wrong: str


@contextmanager
def seeded(*faults: Fault) -> Iterator[None]:
    """The functions with their faults, whoever imported them: their code is exchanged in place.

    A function that calls super() without arguments cannot be exchanged. Several faults are of different functions.
    """
    functions = [inspect.unwrap(fault.function) for fault in faults]
    before = [(function, function.__code__) for function in functions]
    broken = [code_of(fault) for fault in faults]
    try:
        for function, code in zip(functions, broken, strict=True):
            function.__code__ = code
        yield
    finally:
        for function, code in before:
            function.__code__ = code


def code_of(fault: Fault) -> Any:
    """The code of the function with its fault. Fails unless the right text stands in it exactly once."""
    source = textwrap.dedent(inspect.getsource(fault.function))
    assert source.count(fault.right) == 1, f"{fault.right!r} stands {source.count(fault.right)} times in\n{source}"
    names: dict[str, Any] = {}
    exec(source.replace(fault.right, fault.wrong), dict(inspect.unwrap(fault.function).__globals__), names)  # noqa: S102
    return names[fault.function.__name__].__code__
