"""The nodes of a graph as a chain in which there are branches: what `Residual` and `Branches` can express.

Every path from the input to a value passes through certain others, its dominators. Where two branches meet, the last
value that both have passed, their nearest common dominator, is where they parted.
"""

from collections.abc import Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from numpycnn.common import checks

T = TypeVar("T")


class Node(NamedTuple, Generic[T]):
    """What gives a value, and the names of the values that it takes."""

    content: T
    inputs: Sequence[str]


class Step(NamedTuple, Generic[T]):
    """A node in a chain, and for one that joins branches the steps of each of them."""

    node: T
    branches: "list[list[Step[T]]]"


class Value(NamedTuple):
    """A value's nearest dominator, and how many it has."""

    dominator: str
    depth: int


def steps_of(nodes: Mapping[str, Node[T]], start: str, end: str) -> list[Step[T]]:
    """The nodes from one value to another; nodes: by the name of what each gives, in an order of computation.

    Raises ValueError for what is no chain with branches in it.
    """
    values = {start: Value("", 0)}
    for name, node in nodes.items():
        fork, *others = node.inputs
        for other in others:
            fork = nearest(values, fork, other)
        values[name] = Value(fork, values[fork].depth + 1)
    if end not in values:
        raise ValueError(f"the output {checks.short_repr(end)} does not depend on the input")
    return chain(nodes, values, end, start, set())


def nearest(values: Mapping[str, Value], one: str, other: str) -> str:
    """The nearest value that every path to either passes through."""
    while one != other:
        if values[one].depth < values[other].depth:
            one, other = other, one
        one = values[one].dominator
    return one


def chain(
    nodes: Mapping[str, Node[T]], values: Mapping[str, Value], end: str, start: str, used: set[str]
) -> list[Step[T]]:
    """The steps from one value to another, all of whose paths pass through it."""
    steps: list[Step[T]] = []
    while end != start:
        if end not in nodes or end in used:
            raise ValueError(f"the branches that meet behind {checks.short_repr(start)} share {checks.short_repr(end)}")
        used.add(end)
        content, inputs = nodes[end]
        fork = values[end].dominator
        branches = [chain(nodes, values, name, fork, used) for name in inputs] if len(inputs) > 1 else []
        steps.append(Step(content, branches))
        end = fork
    return steps[::-1]
