"""Which values of an ONNX graph depend on the model's input, and the steps from it to the output."""

from collections.abc import Set

from numpycnn.common import checks
from numpycnn.files import branching
from numpycnn.files.onnx.parsing import Node, Parsed

ON_CONSTANTS = (
    *("Cast", "Concat", "Constant", "ConstantOfShape", "Gather", "Identity"),
    *("Reshape", "Slice", "Squeeze", "Transpose", "Unsqueeze"),
)
"""The operators that are computed while a file is read, where all that they are given is known: see `constants.py`."""

Step = branching.Step[Node]


def steps_of(parsed: Parsed, known: Set[str]) -> list[Step]:
    """The nodes from the input to the output; known: `known_values`.

    Raises ValueError for what is no chain with branches in it.
    """
    nodes, values = dict[str, branching.Node[Node]](), {parsed.input}
    for node in parsed.nodes:
        name = node.outputs[0]
        if name not in known and (data := data_of(node, values, known)):
            nodes[name] = branching.Node(node, data)
            values.add(name)
    return branching.steps_of(nodes, parsed.input, parsed.output)


def data_of(node: Node, values: Set[str], known: Set[str]) -> list[str]:
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
