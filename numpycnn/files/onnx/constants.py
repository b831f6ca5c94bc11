"""What is computed while a file is read: constants, and the shapes by which exporters flatten and reshape."""

from collections.abc import Callable, Set
from typing import Any

import numpy as np

from numpycnn.common import checks
from numpycnn.common.typing import Array, Shape
from numpycnn.files.onnx.parsing import Node, Parsed

BATCH = -1
"""What stands for the number of examples in a shape, as in the shape that Reshape takes."""
ROOM = 2**20
"""Bytes."""
MAX_SHAPE = checks.MAX_AXES
"""Numbers that are joined or picked: no more than a shape has."""


class Constants:
    """The values of names that do not depend on the input's numbers."""

    def __init__(self, parsed: Parsed, known: Set[str]) -> None:
        self.known = known
        self.arrays = dict(parsed.constants)
        self.nodes = {name: node for node in parsed.nodes for name in node.outputs[:1]}
        self.room = 4 * sum(array.nbytes for array in parsed.constants.values()) + ROOM
        """Bytes that may still be taken: many layers can name one array of a file, and each gets it to train."""
        self.shapes: dict[str, Shape] = {}
        """The shapes of examples of values that have become layers."""

    def __getitem__(self, name: str) -> Array:
        """The value. Raises ValueError where it is not known while the file is read."""
        if name not in self.arrays:
            node = self.nodes[name]
            self.arrays[name] = self.shape(node) if node.operator == "Shape" else computed(self, node)
        self.room -= self.arrays[name].nbytes
        if self.room < 0:
            raise ValueError(f"{checks.short_repr(name)}: the arrays are used more often than their file makes likely")
        return self.arrays[name]

    def shape(self, node: Node) -> Array:
        """The shape of a value, with BATCH for the number of examples."""
        (name, *_) = node.inputs
        if name in self.arrays or name not in self.shapes or set(node.attributes) - {"start", "end"}:
            raise ValueError(f"{node.label}: only the shape of what has been computed before is known")
        shape = np.array([BATCH, *self.shapes[name]], np.int64)
        return shape[node.attributes.get("start") : node.attributes.get("end")]


def computed(constants: Constants, node: Node) -> Array:
    """What a node of known values gives. Raises ValueError where NumPy cannot compute it."""
    values = [constants[name] for name in node.inputs if name]
    try:
        return np.asarray(FOLDED[node.operator](node, values))
    except (ValueError, TypeError, IndexError, KeyError, OverflowError) as error:
        raise ValueError(f"{node.label}: {error}") from None


def constant(node: Node, values: list[Array]) -> Any:
    """The one attribute is the value, of that type."""
    ((name, value),) = node.attributes.items()
    dtypes = {"value_int": np.int64, "value_ints": np.int64, "value_float": np.float32, "value_floats": np.float32}
    return value if name == "value" and isinstance(value, np.ndarray) else np.array(value, dtypes[name])


def few(values: list[Array]) -> list[Array]:
    """The values, where they are parts of a shape. Raises ValueError for more: they are joined only by exporters."""
    if any(value.ndim > 1 for value in values) or sum(value.size for value in values) > MAX_SHAPE:
        raise ValueError(f"expected parts of a shape, at most {MAX_SHAPE} numbers")
    return values


def cast(node: Node, values: list[Array]) -> Array:
    """To integers and between floats."""
    dtypes = {1: np.float32, 6: np.int32, 7: np.int64, 11: np.float64}
    return values[0].astype(dtypes[node.attributes["to"]])


def constant_of_shape(node: Node, values: list[Array]) -> Array:
    """A vector of one number, zero if it is not given."""
    (count,) = values[0]
    if not 0 <= count <= MAX_SHAPE:
        raise ValueError(f"expected parts of a shape, at most {MAX_SHAPE} numbers; received {count}")
    return np.resize(node.attributes.get("value", np.float32(0)), count)


def cut(node: Node, values: list[Array]) -> Array:
    """A part of a vector or of the rows of a matrix."""
    value, start, end, axes, *steps = [*values, np.zeros(1, int)][: max(len(values), 4)]
    (axis,), (step,) = axes, steps[0] if steps else [1]
    return value[(slice(None),) * axis + (slice(int(start[0]), int(end[0]), int(step)),)]


def axes_of(node: Node, values: list[Array]) -> Any:
    """The axes of Squeeze and Unsqueeze: an input, before opset 13 an attribute."""
    given = node.attributes.get("axes", values[1] if len(values) > 1 else None)
    return None if given is None else tuple(int(axis) for axis in given)


FOLDED: dict[str, Callable[[Node, list[Array]], Any]] = {
    "Cast": cast,
    "Concat": lambda node, values: np.concatenate(few(values), node.attributes["axis"]),
    "Constant": constant,
    "ConstantOfShape": constant_of_shape,
    "Gather": lambda node, values: np.take(few(values)[0], values[1], node.attributes.get("axis", 0)),
    "Identity": lambda node, values: values[0],
    "Reshape": lambda node, values: values[0].reshape(few(values[1:])[0]),  # its second input
    "Slice": cut,
    "Squeeze": lambda node, values: np.squeeze(values[0], axes_of(node, values)),
    "Transpose": lambda node, values: values[0].transpose(node.attributes.get("perm")),  # perm, or reversed
    "Unsqueeze": lambda node, values: np.expand_dims(values[0], axes_of(node, values)),
}
"""By operator: those of `data.ON_CONSTANTS`."""
