"""The table of relations, each with the fault that it must notice."""

from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeVar

from faults import Fault
from hypothesis import strategies as st

T = TypeVar("T")


class Draw(Protocol):
    """What gives a value that hypothesis chose."""

    def __call__(self, strategy: st.SearchStrategy[T], /) -> T: ...


Check = Callable[[Draw], None]


class Relation(NamedTuple):
    """An equation that holds for every input drawn, and a fault with which it does not."""

    holds: Check
    fault: Fault
    costly: bool


RELATIONS: dict[str, Relation] = {}
"""Every relation, by its module's name and its own."""


def relation(fault: Fault, *, costly: bool = False) -> Callable[[Check], Check]:
    """Enter a function into the table. costly: fewer examples will do."""

    def enter(check: Check) -> Check:
        name = f"{check.__module__.removeprefix('relations.')}.{check.__name__}"
        assert name not in RELATIONS
        RELATIONS[name] = Relation(check, fault, costly)
        return check

    return enter
