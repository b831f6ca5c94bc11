"""The nodes of a graph as a chain in which there are branches: what `Residual` and `Branches` can express.

Every path from the input to a value passes through certain others, its dominators. Where two branches meet, the last
value that both have passed, their nearest common dominator, is where they parted.
"""

from collections.abc import Set
from typing import NamedTuple

from numpycnn.common import checks
from numpycnn.files.onnx.parsing import Node, Parsed

ON_CONSTANTS = (
    *("Cast", "Concat", "Constant", "ConstantOfShape", "Gather", "Identity"),
    *("Reshape", "Slice", "Squeeze", "Transpose", "Unsqueeze"),
)
"""The operators that are computed while a file is read, where all that they are given is known: see `constants.py`."""


class Step(NamedTuple):
    """A node in a chain, and for one that joins branches the steps of each of them."""

    node: Node
    branches: "list[list[Step]]"


class Value(NamedTuple):
    """A value that depends on the input: the node that gives it, its nearest dominator, and how many it has."""

    node: Node | None
    dominator: str
    depth: int


def steps_of(parsed: Parsed, known: Set[str]) -> list[Step]:
    """The nodes from the input to the output; known: `known_values`.

    Raises ValueError for what is no chain with branches in it.
    """
    values = {parsed.input: Value(None, "", 0)}
    for node in parsed.nodes:
        if node.outputs[0] not in known and (data := data_of(node, values, known)):
            fork = data[0]
            for name in data[1:]:
                fork = nearest(values, fork, name)
            values[node.outputs[0]] = Value(node, fork, values[fork].depth + 1)
    if parsed.output not in values:
        raise ValueError(f"the output {checks.short_repr(parsed.output)} does not depend on the input")
    return chain(values, known, parsed.output, parsed.input, set())


def data_of(node: Node, values: dict[str, Value], known: Set[str]) -> list[str]:
    """The inputs of a node that depend on the model's. Raises ValueError for one that is not read."""
    data = [name for name in node.inputs if name not in known]
    for name in data:
        if name not in values:
            raise ValueError(
                f"{node.label}: reads {checks.short_repr(name)}, which is no constant that is computed "
                "while the file is read, nor the first output of a node of the input"
            )
    return data


def known_values(parsed: Parsed) -> Set[str]:
    """The names of constants, of what is computed from them, and of shapes."""
    known = {*parsed.constants, ""}
    for node in parsed.nodes:
        if not node.outputs:
            raise ValueError(f"{node.label}: gives nothing")
        if node.operator == "Shape" or (node.operator in ON_CONSTANTS and known.issuperset(node.inputs)):
            known.add(node.outputs[0])
    return known


def nearest(values: dict[str, Value], one: str, other: str) -> str:
    """The nearest value that every path to either passes through."""
    while one != other:
        if values[one].depth < values[other].depth:
            one, other = other, one
        one = values[one].dominator
    return one


def chain(values: dict[str, Value], known: Set[str], end: str, start: str, used: set[str]) -> list[Step]:
    """The steps from one value to another, all of whose paths pass through it."""
    steps: list[Step] = []
    while end != start:
        node, fork, _ = values[end]
        if node is None or end in used:
            raise ValueError(f"the branches that meet behind {checks.short_repr(start)} share {checks.short_repr(end)}")
        used.add(end)
        data = [name for name in node.inputs if name not in known]
        branches = [chain(values, known, name, fork, used) for name in data] if len(data) > 1 else []
        steps.insert(0, Step(node, branches))
        end = fork
    return steps
