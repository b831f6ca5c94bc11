"""ONNX files that are not read: each is refused by name, before anything changes, and none breaks what reads it.

Files are written in ONNX's text form, https://onnx.ai/onnx/repo-docs/Syntax.html.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from numpycnn import Sequential, load_model
from numpycnn.activations import ActivationFunction
from numpycnn.files import ModelFileError
from numpycnn.layers import Activation, Dense, Layer

onnx = pytest.importorskip("onnx", reason="needs onnx, of the extra dev")

KEPT = Path(__file__).parent / "onnx_files"


def text(body: str, shape: str = "N, 2, 4, 4", opset: int = 18, more: str = "", functions: str = "") -> Any:
    """A model of these nodes, from x to y."""
    head = f'<ir_version: 8, opset_import: ["" : {opset}, "numpycnn" : 1, "other" : 1]>'
    return onnx.parser.parse_model(f"{head} net (float[{shape}] x) => (float[M] y) <{more}> {{ {body} }} {functions}")


W = "float[2, 2, 3, 3] w = {" + ", ".join(["1"] * 36) + "}"
V = "float[2] v = {1, 2}"
NODES: dict[str, tuple[dict[str, Any], str]] = {
    # what no layer computes
    "y = Sin (x)": ({}, r"node 'y', Sin, of \('N', 2, 4, 4\): this operator is not read"),
    "y = Sin <a: int = 3> (x)": ({}, "this operator is not read, a=3"),
    "y = other.Relu (x)": ({}, "node '': the operator 'Relu' of the domain 'other' is not known"),
    "y = Relu <alpha: float = 0.5> (x)": ({}, "Relu, .*: asks for alpha=0.5, which no layer has"),
    "y = Relu <f: floats = [1.5]> (x)": ({}, r"asks for f=\[1.5\], which no layer has"),
    "y = Relu (x, v)": ({"more": V}, "has an input 1, 'v', which no layer has"),
    "y = Relu (v)": ({"more": V}, "the output 'y' does not depend on the input"),
    'y = Elu <alpha: string = "a"> (x)': ({}, "alpha is of another type; received 'a'"),
    "y = Mul (x, x)": ({}, "two inputs that depend on the model's are read of Add, Concat, Sum and known activations"),
    "y = Cast <to: int = 7> (x)": ({}, "is read to float32 alone; received type 7"),
    "y = Cast <to: int = 11> (x)": ({}, "is read to float32 alone; received type 11"),
    'y = Gelu <approximate: string = "no"> (x)': ({"opset": 20}, "approximate must be one of 'none', 'tanh'"),
    "y = Shrink <bias: float = 0.1> (x)": ({}, "is read with a bias of 0 or of lambd, 0.5; received 0.1"),
    "y = Swish <alpha: float = 2.0> (x)": ({"opset": 24}, "is read with alpha=1 alone"),
    "y = Softmax <axis: int = 0> (x)": ({}, "axis must be one of 4 and not the batch's; received 0"),
    "y = Softmax <axis: int = 9> (x)": ({}, "axis must be one of 4 and not the batch's; received 9"),
    "y = Softmax (x)": ({"opset": 11}, "before opset 13 is read along the last axis alone; received axis 1 of 4"),
    "y = PRelu (x, s)": ({"more": "float[3] s = {1, 2, 3}"}, r"its slope of the shape \(1, 1, 3\) does not repeat to"),
    # windows
    "y = Conv (x, v)": ({"more": V}, r"its kernel must have 4 axes; received the shape \(2,\)"),
    "y = Conv (x)": ({}, "has no input 1"),
    "y = Conv (x, x)": ({}, "two inputs that depend on the model's"),
    "y = Conv <strides: ints = [1]> (x, w)": ({"more": W}, r"strides must be 2 integers; received \[1\]"),
    "y = Conv <kernel_shape: ints = [5, 5]> (x, w)": ({"more": W}, "does not fit|expected weights of the shape"),
    "y = Conv <dilations: ints = [0, 1]> (x, w)": ({"more": W}, "dilations must be an integer of at least 1"),
    "y = Conv <pads: ints = [-1, 0, 0, 0]> (x, w)": ({"more": W}, "padding must be an integer of at least 0"),
    "y = Conv (x, w) ": (
        {"more": W, "shape": "N, 2"},
        r"windows slide over images, \(N, C, H, W\); received \('N', 2\)",
    ),
    "y = Conv (x, w)  ": (
        {"more": W, "shape": "N, 3, 4, 4"},
        r"expected weights of the shape \(3, 3, 3, 2\) for conv2d",
    ),
    "y = ConvTranspose <group: int = 2> (x, w)": ({"more": W}, "expected a kernel of 4 axes in one group"),
    "y = MaxPool <kernel_shape: ints = [2, 2], dilations: ints = [2, 2]> (x)": ({}, r"asks for dilations \(2, 2\)"),
    "y = MaxPool <kernel_shape: ints = [2, 2], storage_order: int = 1> (x)": ({}, "asks for storage_order=1"),
    "y = MaxPool <kernel_shape: ints = [2, 2], pads: ints = [1, 1, 1, 1]> (x)": (
        {},
        r"a pool of 2 has borders of at most \(0, 1\); received \(1, 1\)",
    ),
    "y = ReduceMean <axes: ints = [0, 1]> (x)": (
        {"opset": 13},
        r"is read over axes of each example; received \[0, 1\]",
    ),
    "y = ReduceMax (x)": ({}, "is read over axes of each example; received None"),
    # sizes
    'y = Pad <mode: string = "edge"> (x, p)': (
        {"more": "int64[8] p = {0,0,1,1,0,0,1,1}"},
        "is read with a constant alone",
    ),
    "y = Pad (x, p)": ({"more": "int64[8] p = {0,1,1,1,0,0,1,1}"}, "pads rows and columns of images alone"),
    "y = Pad (x, p) ": ({"more": "int64[3] p = {0,1,1}"}, "expected a beginning and an end for each of 4 axes"),
    "y = Slice (x, a, b, c)": (
        {"more": "int64[1] a = {0}, int64[1] b = {1}, int64[1] c = {0}"},
        "must leave all examples; received 0 to 1 of axis 0",
    ),
    "y = Slice (x, a, b, c, d)": (
        {"more": "int64[1] a = {3}, int64[1] b = {0}, int64[1] c = {2}, int64[1] d = {-1}"},
        r"is read from starts to ends, step by step; received steps \[-1\]",
    ),
    "y = Slice (x, a, b, c) ": (
        {"more": "int64[1] a = {3}, int64[1] b = {1}, int64[1] c = {2}"},
        "leaves nothing of 4; received 3 to 1",
    ),
    "y = Slice (x, a, b, c)  ": (
        {"more": "int64[1] a = {0}, int64[1] b = {1}, int64[1] c = {4}"},
        "axis must be one of 4; received 4",
    ),
    "y = Gather (x, i)": ({"more": "int64[1] i = {0}"}, r"indices of an example's axis; received \[0\] of axis 0"),
    "y = Gather <axis: int = 2> (x, i)": ({"more": "int64[2] i = {0, 4}"}, r"received \[0, 4\] of axis 2"),
    'y = Resize <mode: string = "cubic"> (x, , s)': (
        {"more": "float[4] s = {1, 1, 2, 2}"},
        "is read nearest or bilinear, of whole pixels; received cubic, half_pixel, round_prefer_floor",
    ),
    "y = Resize (x, , s)": ({"more": "float[4] s = {1, 1, 1.5, 2}"}, "is read for whole factors of rows and columns"),
    "y = Resize (x, , , s)": ({"more": "int64[4] s = {1, 2, 8, 8}"}, "is read for whole factors of rows and columns"),
    "y = DepthToSpace <blocksize: int = 3> (x)": ({}, "target_shape must hold the 32 values"),
    "y = SpaceToDepth <blocksize: int = 3> (x)": ({}, r"blocks of 3 must divide the image \(4, 4\)"),
    "y = Flatten <axis: int = 2> (x)": ({}, "is read with axis=1, of each example; received 2"),
    "y = Reshape (x, s)": ({"more": "int64[2] s = {8, -1}"}, r"must leave the first axis to the examples, .*\[8, -1\]"),
    "y = Reshape (x, s) ": ({"more": "int64[2] s = {-1, 5}"}, "must leave the first axis to the examples"),
    "y = Reshape <allowzero: int = 1> (x, s)": ({"more": "int64[2] s = {0, 32}"}, "asks for an axis of length 0"),
    "y = Squeeze (x, s)": ({"more": "int64[1] s = {1}"}, "axes must be of length 1, and not the examples'"),
    "y = Unsqueeze (x, s)": ({"more": "int64[1] s = {0}"}, "axes must be different, and behind the examples'"),
    "y = Transpose <perm: ints = [1, 0, 2, 3]> (x)": ({}, "perm must be the 4 axes, the examples' first; received"),
    "y = Concat <axis: int = 1> (x, v)": ({"more": V}, "has an input 1, 'v', which no layer has"),
    "y = Concat <axis: int = 0> (x, x)": ({}, "axis must be one of 4 and not the batch's; received 0"),
    # products
    "y = Gemm (x, g)": (
        {"more": "float[2, 2] g = {1,2,3,4}"},
        r"is read of vectors and a matrix; received \('N', 2, 4, 4\)",
    ),
    "y = Gemm (x, g, c)": (
        {"more": "float[2, 2] g = {1,2,3,4}, float[3, 1] c = {1,2,3}", "shape": "N, 2"},
        r"its third input must be one number for each output; received the shape \(3, 1\)",
    ),
    "y = Gemm (x, g)  ": (
        {"more": "float[2, 2] g = {1,2,3,4}", "shape": "N, 3"},
        "its matrix must have 3 rows; received 2",
    ),
    "y = MatMul (x, m)": (
        {"more": "float[1, 1, 2] m = {1, 2}"},
        r"is read along an axis of each example, by a matrix; received the shape \(1, 1, 2\)",
    ),
    "y = MatMul (v, x)": ({"more": V}, "its input 0 is constant"),
    "y = Add (x, k)": (
        {"more": "float[2, 1, 1, 1] k = {1, 2}"},
        r"a constant of the shape \(2, 1, 1, 1\) does not repeat to one of",
    ),
    "y = Div (v, x)": ({"more": V}, "divides by no constant, or by zero"),
    "y = Div (x, z)": ({"more": "float z = {0}"}, "divides by no constant, or by zero"),
    # normalizations
    "y = BatchNormalization <training_mode: int = 1> (x, v, v, v, v)": ({"more": V}, "is read in inference alone"),
    "y = BatchNormalization (x, u, u, u, u)": (
        {"more": "float[3] u = {1, 2, 3}"},
        r"expected weights of the shape \(2,\) for batch_normalization/gamma; received \(3,\)",
    ),
    "y = Dropout (x, r, t)": ({"more": "float r = {0.5}, bool t = {1}"}, "is read in inference alone"),
    "y = numpycnn.random_crop (x, a, b, b)": (
        {"more": "int64[2] a = {0, 0}, int64[2] b = {2, 2}"},
        r"RandomCrop takes the window from \[0, 0\] to \[4, 4\] of these images",
    ),
    # graphs
    "a = Relu (x) y = Relu (b)": ({}, "node 'y', Relu: reads 'b', which nothing before it gives"),
    "a = Relu (y) y = Relu (a)": ({}, "node 'a', Relu: reads 'y', which nothing before it gives"),
    "y = Relu (x) y = Relu (x)": ({}, "node 'y', Relu: gives 'y', which is there already"),
    "a = Relu (x)": ({}, "no node gives the output 'y'"),
    "y = Identity (v)": ({"more": V}, "the output 'y' does not depend on the input"),
    "a, b = MaxPool <kernel_shape: ints = [2, 2]> (x) y = Relu (b)": (
        {},
        "node 'y', Relu: reads 'b', which is no constant",
    ),
    "a = Relu (x) b = Sigmoid (a) c = Tanh (a) d = Add (a, b) e = Add (b, c) y = Add (d, e)": (
        {},
        "the branches that meet behind 'a' share 'b'",
    ),
    "a = If <then_branch = g () => (float z) { z = Constant <value_float: float = 1.0> () }> (x) y = Relu (x)": (
        {},
        "If: the attribute 'then_branch' must be a number, a text, a tensor or a list",
    ),
    "s = Shape (t) y = Reshape (x, s) t = Relu (x)": ({}, "reads 't', which nothing before it gives"),
    "s = Shape <axis: int = 3> (x) y = Reshape (x, s)": (
        {},
        "only the shape of what has been computed before is known",
    ),
    "s = Concat <axis: int = 0> (m, m) y = Reshape (x, s)": (
        {"more": "int64[20] m = {" + ", ".join("1" * 20) + "}"},
        "node 's', Concat: expected parts of a shape, at most 32 numbers",
    ),
    "s = ConstantOfShape (m) y = Reshape (x, s)": (
        {"more": "int64[1] m = {9223372036854775807}"},
        "ConstantOfShape: expected parts of a shape, at most 32 numbers; received 9223372036854775807",
    ),
    "s = Squeeze (v, v) y = Reshape (x, s)": (
        {"more": "int64[2] v = {3, 4}"},
        "node 's', Squeeze: axis 3 is out of bounds",
    ),
    # the file
    "y = Tanh (x)": ({"opset": 6}, "opset must be from 7 to 28; received 6"),
    "y = Tanh (x) ": (
        {"shape": "N, C, 4"},
        r"the input 'x' must have a batch axis, and others of known lengths; .*'C', 4",
    ),
    "y = Tanh (x)  ": ({"shape": "N, 0"}, "shape of the input x must be an integer of at least 1"),
    "y = Tanh (x)   ": ({"shape": "N, 99999, 99999"}, "must hold at most 2147483647 numbers"),
    "y = other.Tanh (x)": (
        {"functions": '<opset_import: ["" : 18], domain: "other"> Tanh (x) => (y) { y = Sin (x) }'},
        "defines a function 'Tanh' of the domain 'other', which is not this library's",
    ),
    "y = numpycnn.log_sigmoid (x)": (
        {"functions": '<opset_import: ["" : 18], domain: "numpycnn"> log_sigmoid (x) => (y) { y = Sin (x) }'},
        "defines a function 'log_sigmoid' of the domain 'numpycnn', which is not this library's",
    ),
}
"""By its nodes, the rest of a file, and what the error says of it."""


@pytest.mark.parametrize("body", NODES)
def test_what_no_layer_computes_is_refused_by_name(tmp_path: Path, body: str) -> None:
    rest, message = NODES[body]
    refused(tmp_path, text(body, **rest).SerializeToString(), message)


def refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=message):
        load_model(path)


def test_files_that_declare_what_they_have_not(tmp_path: Path) -> None:
    for change, message in CHANGES:
        model = text("y = Gemm (x, g)", more="float[2, 2] g = {1, 2, 3, 4}", shape="N, 2")
        change(model, model.graph.initializer[0])
        refused(tmp_path, model.SerializeToString(), message)


def with_data_elsewhere(model: Any, tensor: Any) -> None:
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")


def with_input(**fields: Any) -> Callable[[Any, Any], None]:
    def change(model: Any, tensor: Any) -> None:
        for name, value in fields.items():
            setattr(model.graph.input[0].type.tensor_type, name, value)

    return change


def with_tensor(*dims: int, **fields: Any) -> Callable[[Any, Any], None]:
    def change(model: Any, tensor: Any) -> None:
        tensor.ClearField("dims")
        tensor.dims.extend(dims)
        for name, value in fields.items():
            setattr(tensor, name, value)

    return change


CHANGES: list[tuple[Callable[[Any, Any], Any], str]] = [
    (with_data_elsewhere, "the tensor 'g' has its data in another file, which is not read"),
    (with_tensor(2**40, 2**40), r"the tensor 'g' has the shape \(1099511627776, 1099511627776\), but 4 numbers"),
    (with_tensor(-2, -2), "shape of the tensor 'g' must be an integer of at least 0; received -2"),
    (with_tensor(*[1] * 40), "the tensor 'g' may have 32 axes; received 40"),
    (with_tensor(2, 2, raw_data=b"123456"), r"the tensor 'g' has the shape \(2, 2\), but 1.5 numbers"),
    (with_tensor(2, 2, data_type=10), "type of the tensor 'g' must be one of 'FLOAT', .*; received 'FLOAT16'"),
    (with_tensor(2, 2, data_type=999), "type of the tensor 'g' must be one of 'FLOAT', .*; received '999'"),
    (with_input(elem_type=7), "the input 'x' must be float32 or float64; received type 7"),
    (lambda model, _: model.graph.sparse_initializer.add(), "has sparse initializers, which are not read"),
    (lambda model, _: model.graph.input.add(name="z"), "expected one input and one output; received 2 and 1"),
    (lambda model, _: model.graph.node[0].ClearField("output"), "no node gives the output 'y'"),
    (
        lambda model, _: model.graph.node.extend([onnx.helper.make_node("Relu", ["x"], [])]),
        "node '', Relu: gives nothing",
    ),
    (
        lambda model, _: model.graph.node.extend([model.graph.node[0]] * 5_000),
        "may have 5000 nodes; received 5001",
    ),
    (lambda model, _: setattr(model, "doc_string", "a" * 2**23), "may have 8388608 bytes besides its arrays; received"),
]
"""What is changed, of the model or of its only array, and what the error says."""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x3a", "a number without an end"),
        (b"\x3a" + b"\xff" * 11, "a number without an end"),
        (b"\x3a\x7f", "it ends too early"),
        (b"\x3b", "a field of no known kind"),
        (b"\x0d\x01\x02\x03\x04\x09" + b"a" * 8, "opset must be from 7 to 28; received 0"),
        (b"\x3a\x02\x12\x01", "is no ONNX file, or a damaged one: it ends too early|damaged"),
        (b"\x3a\x02\x00\x00", "is no ONNX file, or a damaged one: Error parsing message"),
        (b"", "opset must be from 7 to 28; received 0"),
        (b"\x12\x00" * 100_001, "a message may have 100000 fields; received more"),
    ],
)
def test_files_that_are_no_messages(tmp_path: Path, content: bytes, message: str) -> None:
    refused(tmp_path, content, message)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    path = tmp_path / "folder.onnx"
    path.mkdir()
    with pytest.raises(ModelFileError, match="expected a file; received a directory or a device"):
        load_model(path)


def test_graphs_in_one_another_without_end(tmp_path: Path) -> None:
    """Residual blocks, each inside the next: as deep as Python's stack is, or refused."""
    nodes, count = [], 700
    for k in range(count):
        nodes.append(onnx.helper.make_node("Relu", [f"a{k}" if k else "x"], [f"a{k + 1}"]))
    last = f"a{count}"
    for k in reversed(range(count)):
        nodes.append(onnx.helper.make_node("Add", [f"a{k}" if k else "x", last], [f"b{k}"]))
        last = f"b{k}"
    model = text("y = Relu (x)")
    del model.graph.node[:]
    model.graph.node.extend([*nodes, onnx.helper.make_node("Relu", [last], ["y"])])
    refused(tmp_path, model.SerializeToString(), "maximum recursion depth exceeded")


def test_one_array_for_very_many_layers(tmp_path: Path) -> None:
    """Each would get a copy: a small file must not take all the memory."""
    nodes = [onnx.helper.make_node("Gemm", [f"a{k}" if k else "x", "g"], [f"a{k + 1}"]) for k in range(100)]
    model = text("y = Gemm (x, g)", more="float[1, 1] g = {1}", shape="N, 64")
    model.graph.initializer[0].CopyFrom(onnx.numpy_helper.from_array(np.ones((64, 64), np.float32), "g"))
    del model.graph.node[:]
    model.graph.node.extend([*nodes, onnx.helper.make_node("Relu", ["a100"], ["y"])])
    refused(tmp_path, model.SerializeToString(), "'g': the arrays are used more often than their file makes likely")


# ---------------------------------------------------------------- damage


def check_damaged(path: Path, content: bytes) -> None:
    """Refused, or a model like any other."""
    path.write_bytes(content)
    try:
        model = load_model(path)
    except ModelFileError:
        return
    assert model.built


def test_damaged_files(tmp_path: Path) -> None:
    """Some truncations and changes of one file."""
    whole, rng = (KEPT / "lenet.script.onnx").read_bytes(), np.random.default_rng(0)
    for end in range(0, len(whole), 197):
        check_damaged(tmp_path / "model.onnx", whole[:end])
    for _ in range(25):
        check_damaged(tmp_path / "model.onnx", changed(whole, rng))


def changed(whole: bytes, rng: np.random.Generator) -> bytes:
    """One to three bytes are others."""
    array = np.frombuffer(whole, np.uint8).copy()
    array[rng.integers(0, len(array), rng.integers(1, 4))] = rng.integers(0, 256)
    return array.tobytes()


@pytest.mark.deep
@pytest.mark.parametrize("path", sorted(KEPT.glob("*.onnx")), ids=lambda path: path.stem)
def test_all_truncations_and_many_changes(tmp_path: Path, path: Path) -> None:
    whole, rng = path.read_bytes(), np.random.default_rng(1)
    for end in range(len(whole)):
        check_damaged(tmp_path / "model.onnx", whole[:end])
    for _ in range(1_000):
        check_damaged(tmp_path / "model.onnx", changed(whole, rng))


# ---------------------------------------------------------------- what cannot be written


class Own(Dense):
    """A layer of one's own."""


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (lambda: Own(2), "sequential cannot be saved; own: Own is not the library's, and no ONNX is known for it"),
        (
            lambda: Activation(ActivationFunction(np.sin, np.cos, name="sine")),
            "activation: the activation sine is not the library's, and no ONNX is known",
        ),
    ],
)
def test_layers_of_ones_own_are_not_written(tmp_path: Path, layer: Callable[[], Layer], message: str) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"before")
    model = Sequential([layer()])
    model.build((2,))
    with pytest.raises(ModelFileError, match=message):
        model.save(path)
    assert path.read_bytes() == b"before"


def test_two_gigabytes_are_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("numpycnn.files.onnx.writing.MAX_ARRAYS", 10)
    model = Sequential([Dense(3)])
    model.build((2,))
    with pytest.raises(ModelFileError, match="sequential cannot be saved; an ONNX file has at most 2 GB"):
        model.save(tmp_path / "model.onnx")
