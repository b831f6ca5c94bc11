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

    @property
    def own(self) -> Any:
        """The function itself, without those that are wrapped around it."""
        return inspect.unwrap(self.function)


@contextmanager
def seeded(*faults: Fault) -> Iterator[None]:
    """The functions with their faults, whoever imported them: their code is exchanged in place.

    A function that calls super() without arguments cannot be exchanged. Several faults are of different functions.
    """
    before = [(fault.own, fault.own.__code__) for fault in faults]
    broken = [code_of(fault) for fault in faults]
    try:
        for fault, code in zip(faults, broken, strict=True):
            fault.own.__code__ = code
        yield
    finally:
        for function, code in before:
            function.__code__ = code


def code_of(fault: Fault) -> Any:
    """The code of the function with its fault. Fails unless the right text stands in it exactly once."""
    source = textwrap.dedent(inspect.getsource(fault.own))
    assert source.count(fault.right) == 1, f"{fault.right!r} stands {source.count(fault.right)} times in\n{source}"
    names: dict[str, Any] = {}
    exec(source.replace(fault.right, fault.wrong), dict(fault.own.__globals__), names)  # noqa: S102
    return names[fault.own.__name__].__code__
