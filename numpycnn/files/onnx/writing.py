"""A model as an ONNX file."""

import os
from typing import TYPE_CHECKING, Any

from numpycnn.files.atomic import atomic_write
from numpycnn.files.errors import ModelFileError
from numpycnn.files.onnx.functions import function
from numpycnn.files.onnx.graph import Graph, Tensor, opset_imports
from numpycnn.files.onnx.layer_nodes import write_layers
from numpycnn.files.onnx.package import IR_VERSION, package

if TYPE_CHECKING:
    from numpycnn.models import Sequential

INPUT, OUTPUT, BATCH = "input", "output", "batch"
"""The names of the graph's input and output, and of their first axis, which may have any length."""
MAX_ARRAYS = 2**31 - 2**24
"""Bytes of weights: protobuf's messages have at most 2**31 - 1, and the rest is nodes."""


def write(path: str | os.PathLike[str], model: "Sequential") -> None:
    """Write a built model, whole or not at all. Raises as `content` does, and OSError."""
    whole = content(path, model)
    with atomic_write(path) as file:
        file.write(whole)


def content(path: str | os.PathLike[str], model: "Sequential") -> bytes:
    """The file. Raises ModelFileError for layers of the user's own, and above 2 GB."""
    try:
        if sum(array.nbytes for array in model.arrays.values()) > MAX_ARRAYS:
            raise ValueError("an ONNX file has at most 2 GB")
        return to_onnx(model).SerializeToString(deterministic=True)
    except ValueError as error:
        raise ModelFileError(f"{os.fspath(path)}: {model.name} cannot be saved; {error}") from None


def to_onnx(model: "Sequential") -> Any:
    """The model as an `onnx.ModelProto`, in inference: what `predict` takes is "input", and its result is "output".

    Raises ValueError for a layer that is not the library's.
    """
    shape = model.shape_in or ()
    graph = Graph(model.dtype)
    x = Tensor(INPUT, shape, tuple(range(len(shape) + 1)))
    y = graph.finish(write_layers(graph, model.layers, x), OUTPUT)
    return model_proto(model.name, graph, x, y)


def model_proto(name: str, graph: Graph, x: Tensor, y: Tensor) -> Any:
    """The graph in a ModelProto."""
    from numpycnn import __version__

    helper, numpy_helper = package().helper, package().numpy_helper
    kind = helper.np_dtype_to_tensor_dtype(graph.dtype)
    ends = [helper.make_tensor_value_info(end.name, kind, [BATCH, *end.shape]) for end in (x, y)]
    constants = [numpy_helper.from_array(array, key) for key, array in graph.constants.items()]
    return helper.make_model(
        helper.make_graph(graph.nodes, name, ends[:1], ends[1:], constants),
        opset_imports=opset_imports(bool(graph.functions)),
        functions=[function(one) for one in sorted(graph.functions)],
        ir_version=IR_VERSION,
        producer_name="numpycnn",
        producer_version=__version__,
    )
