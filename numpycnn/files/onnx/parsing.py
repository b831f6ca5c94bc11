"""An ONNX file as plain values: nodes, constants, the input and the output. Nothing here knows of layers.

What a file declares is compared with what it has before anything is made of it: the description's length before it is
decoded, the bytes of an array before it is an array. Nothing outside the file is read, and nothing in it is executed.
"""

import os
import stat
from collections.abc import Iterator
from math import prod
from typing import Any, NamedTuple

import numpy as np

from numpycnn.common import checks
from numpycnn.common.typing import Array, Shape
from numpycnn.files.errors import explained
from numpycnn.files.onnx.functions import FUNCTIONS, function
from numpycnn.files.onnx.package import OWN_DOMAIN, package

OPSETS = range(7, 29)
"""The versions of the operators that are read: 7 brought today's broadcasting."""
MAX_DESCRIPTION = 2**23
"""Bytes of a file besides its arrays: decoded, they take many times as much memory."""
MAX_NODES = 5_000
MAX_FIELDS = 100_000
"""Of a message in the file: an empty one takes two bytes there, and a hundred times as many decoded."""
DTYPES = {
    "FLOAT": ("<f4", "float_data"),
    "DOUBLE": ("<f8", "double_data"),
    "INT32": ("<i4", "int32_data"),
    "INT64": ("<i8", "int64_data"),
    "BOOL": ("|b1", "int32_data"),
}
"""By ONNX's name of a tensor's type: NumPy's, and the field that has the numbers where they are not raw bytes."""


class Node(NamedTuple):
    """One node: an operator, its attributes by name, and the names of its inputs and outputs."""

    name: str
    operator: str
    attributes: dict[str, Any]
    inputs: list[str]
    outputs: list[str]

    @property
    def label(self) -> str:
        """For errors."""
        return f"node {checks.short_repr(self.name)}, {self.operator}"


class Parsed(NamedTuple):
    """What a file has: one input and one output, and the nodes in an order in which they can be computed."""

    name: str
    opset: int
    nodes: list[Node]
    constants: dict[str, Array]
    input: str
    output: str
    input_shape: Shape
    """Of an example."""
    batch: int | None
    """The length of the first axis, where the file fixes it."""
    dtype: np.dtype


def parse(path: str | os.PathLike[str]) -> Parsed:
    """The content of a file. Raises ModelFileError for a damaged one, and for what is not read; OSError."""
    with explained(path):
        if not stat.S_ISREG(os.stat(path).st_mode):  # opening a pipe would block
            raise ValueError("expected a file; received a directory or a device")
        with open(path, "rb") as file:
            return parsed(decoded(file.read()))


# ---------------------------------------------------------------- decoding


def decoded(content: bytes) -> Any:
    """The file as an `onnx.ModelProto`. Raises ValueError unless it is one, with a description of usual length."""
    from google.protobuf.message import DecodeError

    check_description(content)
    try:
        return package().ModelProto.FromString(content)
    except DecodeError as error:
        raise ValueError(f"is no ONNX file, or a damaged one: {error}") from None


MODEL_GRAPH, GRAPH_NODE, GRAPH_INITIALIZER, TENSOR_DATA = 7, 1, 5, (4, 5, 7, 9, 10)
"""Numbers of fields in onnx.proto3: a model's graph, a graph's nodes and initializers, a tensor's data."""


def check_description(content: bytes) -> None:
    """Raise ValueError for more than MAX_DESCRIPTION bytes besides the arrays' data, and for too many fields."""
    described = len(content)
    for graph in parts(memoryview(content), MODEL_GRAPH):
        for node in parts(graph, GRAPH_NODE):
            any(parts(node, 0))  # counts its fields
        for tensor in parts(graph, GRAPH_INITIALIZER):
            described -= sum(len(data) for number in TENSOR_DATA for data in parts(tensor, number))
    if described > MAX_DESCRIPTION:
        raise ValueError(f"may have {MAX_DESCRIPTION} bytes besides its arrays; received {described}")


def parts(message: memoryview, wanted: int) -> Iterator[memoryview]:
    """The contents of a protobuf message's fields of that number, of those that have a length.

    Source: https://protobuf.dev/programming-guides/encoding/
    """
    position = count = 0
    while position < len(message):
        count += 1
        if count > MAX_FIELDS:
            raise ValueError(f"a message may have {MAX_FIELDS} fields; received more")
        key, position = varint(message, position)
        kind, length = key & 7, 0
        if kind == 0:
            _, position = varint(message, position)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        elif kind == 2:
            length, position = varint(message, position)
        else:
            raise ValueError("is no ONNX file, or a damaged one: a field of no known kind")
        if length > len(message) - position:
            raise ValueError("is no ONNX file, or a damaged one: it ends too early")
        if kind == 2 and key >> 3 == wanted:
            yield message[position : position + length]
        position += length


def varint(message: memoryview, position: int) -> tuple[int, int]:
    """A number in protobuf's encoding, seven bits in a byte, and the position after it."""
    value = 0
    for count, byte in enumerate(message[position : position + 10]):
        value |= (byte & 127) << (7 * count)
        if byte < 128:
            return value, position + count + 1
    raise ValueError("is no ONNX file, or a damaged one: a number without an end")


# ---------------------------------------------------------------- the graph


def parsed(model: Any) -> Parsed:
    """The content of an `onnx.ModelProto`. Raises ValueError for what is not read."""
    opset, graph = opset_of(model), model.graph
    check_functions(model)
    if len(graph.node) > MAX_NODES:
        raise ValueError(f"may have {MAX_NODES} nodes; received {len(graph.node)}")
    if graph.sparse_initializer:
        raise ValueError("has sparse initializers, which are not read")
    constants = {tensor.name: array_of(tensor) for tensor in graph.initializer}
    given = [one for one in graph.input if one.name not in constants]
    if len(given) != 1 or len(graph.output) != 1:
        raise ValueError(f"expected one input and one output; received {len(given)} and {len(graph.output)}")
    dtype, shape = input_type(given[0])
    batch, *example = shape
    nodes = [node_of(node) for node in graph.node]
    check_order(nodes, {given[0].name, *constants}, graph.output[0].name)
    fixed = None if batch is None else checks.size("file", "batch of the input", batch)
    input_shape = checks.shape("file", f"shape of the input {given[0].name}", example)
    return Parsed(
        *(graph.name, opset, nodes, constants, given[0].name, graph.output[0].name),
        *(input_shape, fixed, dtype),
    )


def opset_of(model: Any) -> int:
    """The version of the operators. Raises ValueError for one that is not read."""
    found = {one.domain or "ai.onnx": one.version for one in model.opset_import}
    opset = found.get("ai.onnx", 0)
    if opset not in OPSETS:
        raise ValueError(f"opset must be from {OPSETS[0]} to {OPSETS[-1]}; received {opset}")
    return opset


def check_functions(model: Any) -> None:
    """Raise ValueError for functions that are not exactly this library's: others would not be what they are named."""
    for one in model.functions:
        known = function(one.name) if one.domain == OWN_DOMAIN and one.name in FUNCTIONS else None
        if known != one:
            raise ValueError(
                f"defines a function {checks.short_repr(one.name)} of the domain {checks.short_repr(one.domain)}, "
                "which is not this library's: write the file without functions"
            )


def node_of(node: Any) -> Node:
    """One node. Raises ValueError for attributes that are graphs, and for operators of other domains."""
    own = node.domain == OWN_DOMAIN and node.op_type in FUNCTIONS
    operator = f"{OWN_DOMAIN}.{node.op_type}" if own else node.op_type
    if not own and node.domain not in ("", "ai.onnx"):
        raise ValueError(
            f"node {checks.short_repr(node.name)}: the operator {checks.short_repr(node.op_type)} of the domain "
            f"{checks.short_repr(node.domain)} is not known"
        )
    attributes = {attribute.name: attribute_value(node, attribute) for attribute in node.attribute}
    return Node(node.name or "".join(node.output[:1]), operator, attributes, list(node.input), list(node.output))


def attribute_value(node: Any, attribute: Any) -> Any:
    """A number, a text, an array, or a list of the first two."""
    kinds = package().AttributeProto
    if attribute.type == kinds.FLOAT:
        return shortest(attribute.f)
    if attribute.type == kinds.FLOATS:
        return [shortest(value) for value in attribute.floats]
    if attribute.type == kinds.INT:
        return attribute.i
    if attribute.type == kinds.INTS:
        return list(attribute.ints)
    if attribute.type == kinds.STRING:
        return attribute.s.decode()
    if attribute.type == kinds.TENSOR:
        return array_of(attribute.t)
    raise ValueError(
        f"node {checks.short_repr(node.name)}, {node.op_type}: the attribute {checks.short_repr(attribute.name)} must "
        "be a number, a text, a tensor or a list"
    )


def shortest(value: float) -> float:
    """The number of fewest digits that is this one in float32, as which ONNX keeps attributes: 0.001 again."""
    return float(str(np.float32(value)))


def array_of(tensor: Any) -> Array:
    """A tensor's numbers. Raises ValueError unless they are in the file, as many as its shape says."""
    proto, label = package().TensorProto, f"the tensor {checks.short_repr(tensor.name)}"
    if tensor.data_location == proto.EXTERNAL or tensor.external_data:
        raise ValueError(f"{label} has its data in another file, which is not read: save it with its data inside")
    known = tensor.data_type in proto.DataType.values()
    kind = proto.DataType.Name(tensor.data_type) if known else str(tensor.data_type)
    dtype, field = checks.lookup("file", f"type of {label}", kind, DTYPES)
    shape = tuple(checks.integer("file", f"shape of {label}", size, at_least=0) for size in tensor.dims)
    if len(shape) > checks.MAX_AXES:
        raise ValueError(f"{label} may have {checks.MAX_AXES} axes; received {len(shape)}")
    raw = tensor.HasField("raw_data")
    count = len(tensor.raw_data) / np.dtype(dtype).itemsize if raw else len(getattr(tensor, field))
    if prod(shape) != count:
        raise ValueError(f"{label} has the shape {shape}, but {count:g} numbers")
    flat = np.frombuffer(tensor.raw_data, dtype) if raw else np.array(getattr(tensor, field), dtype)
    return flat.reshape(shape).astype(np.dtype(dtype).newbyteorder("="))  # a copy, which can be written to


def input_type(value: Any) -> tuple[Any, list[Any]]:
    """The dtype and the shape of the input, with None for a first axis of any length.

    Raises ValueError unless it is an array of float32 or float64 with known sizes of an example.
    """
    label, proto = f"the input {checks.short_repr(value.name)}", package().TensorProto
    tensor = value.type.tensor_type
    dtypes = {proto.FLOAT: np.dtype("f4"), proto.DOUBLE: np.dtype("f8")}
    if tensor.elem_type not in dtypes:
        raise ValueError(f"{label} must be float32 or float64; received type {tensor.elem_type}")
    sizes = [one.dim_value if one.HasField("dim_value") else None for one in tensor.shape.dim]
    if not sizes or None in sizes[1:]:
        names = [one.dim_param or one.dim_value for one in tensor.shape.dim]
        raise ValueError(f"{label} must have a batch axis, and others of known lengths; received {names}")
    return dtypes[tensor.elem_type], [None if not sizes[0] else sizes[0], *sizes[1:]]


def check_order(nodes: list[Node], known: set[str], output: str) -> None:
    """Raise ValueError unless each node reads what is known before it, and gives new names: no circles, no twins."""
    known = {*known, ""}
    for node in nodes:
        for name in node.inputs:
            if name not in known:
                raise ValueError(f"{node.label}: reads {checks.short_repr(name)}, which nothing before it gives")
        for name in filter(None, node.outputs):
            if name in known:
                raise ValueError(f"{node.label}: gives {checks.short_repr(name)}, which is there already")
            known.add(name)
    if output not in known:
        raise ValueError(f"no node gives the output {checks.short_repr(output)}")
