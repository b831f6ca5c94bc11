"""ONNX's own test cases for single operators, and how the library's layers, activations and losses express each.

ONNX's tensors are channels first. Where an operator treats the batch axis like any other, the whole tensor is one
example. An expression returns an array for each of the node's outputs, or None for one that the library does not give.
"""

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from numpycnn import Sequential, activations, losses
from numpycnn import layers as typed_layers
from numpycnn.common.typing import Array

layers: Any = typed_layers  # which take lists for tuples
Outputs = list[Any]


class Node(NamedTuple):
    """One case: an operator's attributes, inputs and the outputs that ONNX expects, within its tolerances."""

    name: str
    attributes: dict[str, Any]
    inputs: list[Any]
    outputs: list[Any]
    rtol: float = 1e-3
    atol: float = 1e-7
    network: Any = None
    """The case as a model, where its first input is floats."""

    def get(self, attribute: str, default: Any = None) -> Any:
        value = self.attributes.get(attribute, default)
        return value.decode() if isinstance(value, bytes) else value


# ---------------------------------------------------------------- the cases


@cache
def generated(module: str, operator: str) -> list[Node]:
    """The cases that a module of the package generates, but for those that spell the operator out in others."""
    from onnx.backend.test.case import node as package

    with without_volumes(), np.errstate(all="ignore"):  # some cases are of infinite numbers
        importlib.import_module(f"{package.__name__}.{module}")
    found = []
    for case in package._NodeTestCases:
        graph = case.model.graph
        if graph.node[0].op_type == operator and "_expanded" not in case.name:
            given, expected = case.data_sets[0]
            (opset,) = (one.version for one in case.model.opset_import if not one.domain)
            network = network_of(graph.node[0], opset, given)
            inputs = in_order(graph.node[0], given)
            found.append(Node(case.name, *inputs, [*expected], case.rtol, case.atol, network))
    return found


def network_of(node: Any, opset: int, given: list[Any]) -> Any:
    """A model of a node whose first input is the network's, and whose others are constants; None of what are no arrays."""
    import onnx

    if not all(isinstance(value, np.ndarray | np.generic) for value in given):
        return None

    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    values = dict(zip(filter(None, node.input), map(np.asarray, given), strict=True))
    if any(array.dtype.kind not in "fib" for array in values.values()):
        return None
    (first, x), *rest = values.items()
    kind = helper.np_dtype_to_tensor_dtype(x.dtype)
    ends = [
        helper.make_tensor_value_info(first, kind, x.shape),
        helper.make_tensor_value_info(node.output[0], kind, None),
    ]
    constants = [numpy_helper.from_array(array, name) for name, array in rest]
    graph = helper.make_graph([node], node.op_type, ends[:1], ends[1:], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])


@contextmanager
def without_volumes() -> Iterator[None]:
    """No pooling over volumes while ONNX generates its cases: it takes seconds, and no layer here is compared with it."""
    from onnx.reference.ops import op_pool_common as module

    pool = module.pool
    module.pool = lambda padded, shape, *a, **b: pool(padded, shape, *a, **b) if len(shape) < 5 else np.zeros(1)
    try:
        yield
    finally:
        module.pool = pool


def in_order(node: Any, given: Any) -> tuple[dict[str, Any], list[Any]]:
    """A node's attributes, and its inputs with None for those that are left out."""
    from onnx.helper import get_attribute_value

    values = iter(given)
    attributes = {attribute.name: get_attribute_value(attribute) for attribute in node.attribute}
    return attributes, [next(values) if name else None for name in node.input]


def stored(operator: str) -> list[Node]:
    """The cases of that operator that PyTorch wrote, which the package brings as files."""
    return [case for name, case in files() if name == operator]


@cache
def files() -> list[tuple[str, Node]]:
    """Every file that holds one node: its operator, and the case."""
    import onnx

    found, root = [], Path(str(onnx.__file__)).parent / "backend" / "test" / "data"
    for path in sorted(root.glob("pytorch-*/*/model.onnx")):
        graph, data = onnx.load(path).graph, path.parent / "test_data_set_0"
        if len(graph.node) == 1:
            attributes, _ = in_order(graph.node[0], [None] * len(graph.node[0].input))
            given, expected = tensors(data, "input"), tensors(data, "output")
            known = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
            rest = iter(given)
            inputs = [known[name] if name in known else next(rest) for name in graph.node[0].input]
            found.append((graph.node[0].op_type, Node(path.parent.name, attributes, inputs, expected)))
    return found


def tensors(folder: Path, kind: str) -> list[Array]:
    import onnx

    return [onnx.numpy_helper.to_array(onnx.load_tensor(path)) for path in sorted(folder.glob(f"{kind}_*.pb"))]


# ---------------------------------------------------------------- running layers


def run(x: Array, *stack: Any, weights: Any = ()) -> Outputs:
    """What the layers, with these weights, make of a batch."""
    dtype = "float64" if x.dtype == np.float64 else "float32"
    model = Sequential(list(stack), dtype=dtype)
    model.build(x.shape[1:])
    model.set_weights([*weights])
    return [model.predict(x.astype(dtype), verbose=0)]


def run_example(x: Array, *stack: Any, weights: Any = ()) -> Outputs:
    """The same of a tensor that is one example."""
    (y,) = run(x[None], *stack, weights=weights)  # (1, ...)
    return [y[0]]


def as_rows(expression: Callable[[Node], Outputs]) -> Callable[[Node], Outputs]:
    """The expression of a window over images, also over rows (N, C, L), as images of one row."""

    def express(node: Node) -> Outputs:
        if np.ndim(node.inputs[0]) != 3:
            return expression(node)
        inputs = [value[:, :, None] if np.ndim(value) == 3 else value for value in node.inputs]  # (N, C, 1, L)
        more = {"kernel_shape": [1, *node.get("kernel_shape", [0])]} if "kernel_shape" in node.attributes else {}
        more |= {key: [1, *node.get(key)] for key in ("strides", "dilations") if key in node.attributes}
        if "pads" in node.attributes:
            begin, end = node.get("pads")
            more["pads"] = [0, begin, 0, end]
        (y,) = expression(node._replace(inputs=inputs, attributes=node.attributes | more))
        return [y.squeeze(2)]  # (N, C, L)

    return express


FIRST: dict[str, Any] = {"data_format": "channels_first"}


class Window(NamedTuple):
    """A node's window over images (H, W)."""

    kernel: list[int]
    strides: list[int]
    dilations: list[int]
    borders: list[tuple[int, int]]
    """The pixels that are added before and behind, of rows and of columns."""

    @property
    def explicit(self) -> Any:
        """A layer that adds the borders as zeros."""
        return layers.ZeroPadding2D(self.borders, **FIRST)


def window_of(node: Node, image: tuple[int, ...], kernel: list[int]) -> Window:
    """The window, its borders written out, where the node asks for those of "same" or rounds the output's size up."""
    strides, dilations = node.get("strides", [1, 1]), node.get("dilations", [1, 1])
    pads, auto, borders = node.get("pads", [0, 0, 0, 0]), node.get("auto_pad", "NOTSET"), list[tuple[int, int]]()
    for axis in (0, 1):
        begin, end = pads[axis], pads[axis + 2]
        extent = (kernel[axis] - 1) * dilations[axis] + 1
        if auto.startswith("SAME"):
            total = max((-(-image[axis] // strides[axis]) - 1) * strides[axis] + extent - image[axis], 0)
            begin = total // 2 if auto == "SAME_UPPER" else total - total // 2
            end = total - begin
        if node.get("ceil_mode", 0):  # the last window may end beyond, but not begin there
            last = -(-(image[axis] + begin + end - extent) // strides[axis])
            last -= last * strides[axis] >= image[axis] + begin
            end = max(last * strides[axis] + extent - image[axis] - begin, end)
        borders.append((begin, end))
    return Window(kernel, strides, dilations, borders)


# ---------------------------------------------------------------- convolutions and pools


@as_rows
def conv(node: Node) -> Outputs:
    x, kernel, *bias = node.inputs
    window = window_of(node, x.shape[2:], kernel.shape[2:])
    config = {
        "strides": window.strides,
        "dilation_rate": window.dilations,
        "groups": node.get("group", 1),
        "use_bias": bool(bias),
    }
    own = layers.Conv2D(len(kernel), window.kernel, **config, **FIRST)
    return run(x, window.explicit, own, weights=[kernel.transpose(2, 3, 1, 0), *bias])  # (KH, KW, C, filters)


@as_rows
def conv_transpose(node: Node) -> Outputs:
    """The whole transposed convolution, of which pads are cropped; or that of Keras's padding "same"."""
    x, kernel, *bias = node.inputs
    strides, pads = node.get("strides", [1, 1]), node.get("pads", [0, 0, 0, 0])
    config = {"strides": strides, "dilation_rate": node.get("dilations", [1, 1]), "use_bias": bool(bias), **FIRST}
    if node.get("auto_pad") == "SAME_UPPER":
        config["padding"] = "same"
    else:
        config["output_padding"] = node.get("output_padding", [0, 0])
    if "output_shape" in node.attributes:
        whole = [(n - 1) * s + k for n, s, k in zip(x.shape[2:], strides, kernel.shape[2:], strict=True)]
        config["output_padding"] = [n - m for n, m in zip(node.get("output_shape"), whole, strict=True)]
    own = layers.Conv2DTranspose(kernel.shape[1], kernel.shape[2:], **config)
    crop = layers.Cropping2D([pads[0::2], pads[1::2]], **FIRST)
    return run(x, own, crop, weights=[kernel.transpose(2, 3, 1, 0), *bias])  # (KH, KW, filters, C)


@as_rows
def average_pool(node: Node) -> Outputs:
    return pool(node, layers.AveragePooling2D, zeros=bool(node.get("count_include_pad", 0)))


@as_rows
def max_pool_image(node: Node) -> Outputs:
    return pool(node, layers.MaxPooling2D, zeros=False)


def max_pool(node: Node) -> Outputs:
    """Its second output, where each maximum was, is no layer's."""
    return [*max_pool_image(node), *[None] * (len(node.outputs) - 1)]


def pool(node: Node, layer: Any, zeros: bool) -> Outputs:
    """zeros: whether the pixels of the borders count as zeros; if not, the borders are those of "same"."""
    (x,) = node.inputs
    window = window_of(node, x.shape[2:], node.get("kernel_shape"))
    shared = {"pool_size": window.kernel, "strides": window.strides, **FIRST}
    if zeros or not np.any(window.borders):
        return run(x, window.explicit, layer(**shared))
    return run(x, layer(padding="same", **shared))


def global_average_pool(node: Node) -> Outputs:
    return run(node.inputs[0], layers.GlobalAveragePooling2D(keepdims=True, **FIRST))


def global_max_pool(node: Node) -> Outputs:
    return run(node.inputs[0], layers.GlobalMaxPooling2D(keepdims=True, **FIRST))


# ---------------------------------------------------------------- normalizations


def batch_normalization(node: Node) -> Outputs:
    x, *weights = node.inputs
    layer = layers.BatchNormalization(1, epsilon=node.get("epsilon", 1e-5), momentum=node.get("momentum", 0.9))
    layer.build(x.shape[1:])
    layer.set_weights(weights)
    training = bool(node.get("training_mode", 0))
    y, cache = layer.forward(x, training=training)
    return [y, *layer.next_state(cache).values()] if training else [y]


def mean_variance_normalization(node: Node) -> Outputs:
    """By the statistics of the batch: ONNX adds its epsilon, 1e-9, to the standard deviation."""
    layer = layers.BatchNormalization(1, center=False, scale=False, epsilon=1e-18)
    layer.build(node.inputs[0].shape[1:])
    return [layer.forward(node.inputs[0], training=True)[0]]


def layer_normalization(node: Node) -> Outputs:
    x, *weights = node.inputs
    axes = range(node.get("axis", -1) % x.ndim, x.ndim)
    layer = layers.LayerNormalization([1 + axis for axis in axes], epsilon=node.get("epsilon", 1e-5))
    layer.build(x.shape)
    layer.set_weights(weights)
    y, cache = layer.forward(x[None])  # (1, ...)
    inside = layer.inside(x[None], cache)
    return [y[0], inside["mean"][0], inside["inverse_std"][0]][: len(node.outputs)]


def group_normalization(node: Node) -> Outputs:
    return normalized_groups(node, node.get("num_groups"))


def instance_normalization(node: Node) -> Outputs:
    return normalized_groups(node, -1)


def normalized_groups(node: Node, groups: int) -> Outputs:
    x, *weights = node.inputs
    return run(x, layers.GroupNormalization(groups, 1, node.get("epsilon", 1e-5)), weights=weights)


# ---------------------------------------------------------------- activations


def by_name(name: str, **defaults: float) -> Callable[[Node], Outputs]:
    """An activation with settings of the same names."""

    def express(node: Node) -> Outputs:
        settings = {key: node.get(key, value) for key, value in defaults.items()}
        return run_example(node.inputs[0], layers.Activation(activations.get(name).with_settings(**settings)))

    return express


def of_scores(name: str) -> Callable[[Node], Outputs]:
    """An activation along an axis."""

    def express(node: Node) -> Outputs:
        axis = node.get("axis", -1) % node.inputs[0].ndim + 1
        return run_example(node.inputs[0], layers.Activation(activations.get(name).with_settings(axis=axis)))

    return express


def gelu(node: Node) -> Outputs:
    function = activations.gelu.with_settings(approximate=node.get("approximate", "none") == "tanh")
    return run_example(node.inputs[0], layers.Activation(function))


def leaky_relu(node: Node) -> Outputs:
    return run_example(node.inputs[0], layers.LeakyReLU(node.get("alpha", 0.01)))


def prelu(node: Node) -> Outputs:
    x, slope = node.inputs
    if slope.shape == x.shape[1:2] != x.shape[-1:]:  # before opset 7 by channels
        slope = np.expand_dims(slope, [*range(1, x.ndim - 1)])  # (C, 1, ...)
    slope = np.expand_dims(slope, [*range(x.ndim - slope.ndim)])
    shared = [1 + axis for axis in range(x.ndim) if slope.shape[axis] == 1]
    return run_example(x, layers.PReLU(shared_axes=shared or None), weights=[slope])


def thresholded_relu(node: Node) -> Outputs:
    return run_example(node.inputs[0], layers.ReLU(threshold=node.get("alpha", 1.0)))


def hard_sigmoid(node: Node) -> Outputs:
    """min(max(alpha*x + beta, 0), 1): the slope of the activation of that name is 1/6."""
    scale = layers.Rescaling(node.get("alpha", 0.2), node.get("beta", 0.5))
    return run_example(node.inputs[0], scale, layers.ReLU(max_value=1.0))


def selu(node: Node) -> Outputs:
    if not node.attributes:
        return by_name("selu")(node)
    return run_example(node.inputs[0], layers.ELU(node.get("alpha")), layers.Rescaling(node.get("gamma")))


def shrink(node: Node) -> Outputs:
    name = "soft_shrink" if node.get("bias", 0.0) else "hard_shrink"
    function = activations.get(name).with_settings(threshold=node.get("lambd", 0.5))
    return run_example(node.inputs[0], layers.Activation(function))


# ---------------------------------------------------------------- shapes


def clip(node: Node) -> Outputs:
    """At least the one bound, then at most the other: each is a ReLU of numbers that are moved, or mirrored."""
    x, low, high = (*node.inputs, None, None)[:3]
    stack = []
    for bound, scale in ((node.get("min", low), 1.0), (node.get("max", high), -1.0)):
        if bound is not None:
            there, back = layers.Rescaling(scale, -scale * float(bound)), layers.Rescaling(scale, float(bound))
            stack += [there, layers.ReLU(), back]
    return run_example(x, *stack or [layers.Activation("linear")])


def cast(node: Node) -> Outputs:
    """A model casts what it is given to its own dtype."""
    from onnx import TensorProto, numpy_helper

    ((given,), (expected,)) = node.inputs, node.outputs
    dtypes = {TensorProto.FLOAT: "float32", TensorProto.DOUBLE: "float64"}
    model = Sequential([layers.Activation("linear")], dtype=dtypes[node.get("to")])
    y = model.predict(numpy_helper.to_array(given), verbose=0)
    np.testing.assert_array_equal(y, numpy_helper.to_array(expected), strict=True)
    return [None]  # compared: the case has no array, but the message of a file


def flatten(node: Node) -> Outputs:
    (x,) = node.inputs
    axis = node.get("axis", 1)
    if axis % x.ndim == 1:
        return run(x, layers.Flatten())
    return run_example(x, layers.Reshape([prod(x.shape[:axis]), -1]))


def reshape(node: Node) -> Outputs:
    """In ONNX 0 stands for the same size as before."""
    x, shape = node.inputs
    return run_example(x, layers.Reshape([int(n) if n else x.shape[axis] for axis, n in enumerate(shape)]))


def transpose(node: Node) -> Outputs:
    (x,) = node.inputs
    return run_example(x, layers.Permute([1 + axis for axis in node.get("perm", [*reversed(range(x.ndim))])]))


def of_that_shape(node: Node) -> Outputs:
    """The same values with more axes of length 1, or fewer."""
    return run_example(node.inputs[0], layers.Reshape(np.shape(node.outputs[0])))


def cut(node: Node) -> Outputs:
    """One axis after another, as the columns of an image, whose border is cut off."""
    x, starts, ends, axes, steps = (*node.inputs, None, None)[:5]
    stack, shape = [], list(x.shape)
    for k, axis in enumerate(range(x.ndim) if axes is None else [int(axis) % x.ndim for axis in axes]):
        assert steps is None or steps[k] == 1
        first, last, _ = slice(int(starts[k]), int(ends[k])).indices(shape[axis])
        image, border = [prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :])], [first, shape[axis] - last]
        shape[axis] = last - first
        stack += [layers.Reshape(image), layers.Cropping2D([[0, 0], border]), layers.Reshape(shape)]
    return run_example(x, *stack)


def gather(node: Node) -> Outputs:
    """A branch for each index, which cuts it out of the columns of an image."""
    x, indices = node.inputs
    axis = node.get("axis", 0) % x.ndim
    image = [prod(x.shape[:axis]), x.shape[axis], prod(x.shape[axis + 1 :])]
    places = [int(index) % image[1] for index in indices.ravel()]
    branches = [layers.Cropping2D([[0, 0], [place, image[1] - 1 - place]]) for place in places]
    beside = layers.Branches(branches, axis=2)
    return run_example(x, layers.Reshape(image), beside, layers.Reshape(np.shape(node.outputs[0])))


def space_to_depth(node: Node) -> Outputs:
    """DepthToSpace the other way round."""
    (x,), size = node.inputs, node.get("blocksize")
    _, channels, rows, cols = x.shape
    split = layers.Reshape([channels, rows // size, size, cols // size, size])
    order = layers.Permute([1, 3, 5, 2, 4] if node.get("mode", "DCR") == "CRD" else [3, 5, 1, 2, 4])
    return run(x, split, order, layers.Reshape([channels * size**2, rows // size, cols // size]))


def depth_to_space(node: Node) -> Outputs:
    (x,), size = node.inputs, node.get("blocksize")
    _, channels, rows, cols = x.shape
    deep, dcr = channels // size**2, node.get("mode", "DCR") == "DCR"
    split = layers.Reshape([*([size, size, deep] if dcr else [deep, size, size]), rows, cols])
    order = layers.Permute([3, 4, 1, 5, 2] if dcr else [1, 4, 2, 5, 3])  # (deep, rows, size, cols, size)
    return run(x, split, order, layers.Reshape([deep, rows * size, cols * size]))


def pad(node: Node) -> Outputs:
    """Any constant: all numbers are moved so that it becomes zero, and back."""
    x, *given = node.inputs
    pads, value, axes = (*given, None, None, None)[:3]
    pads, moved = node.get("pads", pads), float(node.get("value", 0.0 if value is None else value))
    axes = range(4) if axes is None else [int(axis) % 4 for axis in axes]
    borders: Any = [[0, 0], [0, 0], [0, 0], [0, 0]]
    for axis, begin, end in zip(axes, pads[: len(axes)], pads[len(axes) :], strict=True):
        borders[axis] = [int(begin), int(end)]
    return run(
        x,
        layers.Rescaling(1.0, -moved),
        layers.ZeroPadding2D(borders[2:], **FIRST),
        layers.ZeroPadding2D([borders[1], [0, 0]], data_format="channels_last"),  # (C, H, W), channels as rows
        layers.Rescaling(1.0, moved),
    )


def resize(node: Node) -> Outputs:
    """By whole factors: the output's size decides them."""
    x, y = node.inputs[0], node.outputs[0]
    factors = [n // m for n, m in zip(y.shape[2:], x.shape[2:], strict=True)]
    interpolation = {"nearest": "nearest", "linear": "bilinear"}[node.get("mode", "nearest")]
    return run(x, layers.UpSampling2D(factors, interpolation=interpolation, **FIRST))


# ---------------------------------------------------------------- sums and products


def gemm(node: Node) -> Outputs:
    """alpha and beta are in the weights."""
    a, b, *c = node.inputs
    a, b = a.T if node.get("transA", 0) else a, b.T if node.get("transB", 0) else b
    bias = [np.broadcast_to(np.squeeze(node.get("beta", 1.0) * value), b.shape[1]) for value in c]
    return run(a, layers.Dense(b.shape[1], use_bias=bool(c)), weights=[node.get("alpha", 1.0) * b, *bias])


def matmul(node: Node) -> Outputs:
    """A branch for each matrix of a stack, which cuts it out and multiplies it by weights of its own."""
    a, b = node.inputs
    a, b = (a[None] if a.ndim == 1 else a), (b[:, None] if b.ndim == 1 else b)
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = (np.broadcast_to(one, lead + one.shape[-2:]).reshape(-1, *one.shape[-2:]) for one in (a, b))  # (K, ...)
    branches = [
        [layers.Cropping2D([[k, len(a) - 1 - k], [0, 0]]), layers.Dense(b.shape[2], use_bias=False)]
        for k in range(len(a))
    ]
    return run_example(a, layers.Branches(branches, axis=1), layers.Reshape(np.shape(node.outputs[0])), weights=b)


def rescaled(scale_of: Callable[[Array], Any], offset_of: Callable[[Array], Any]) -> Callable[[Node], Outputs]:
    """A sum or a product with constants, given what they are as scale and as offset."""

    def express(node: Node) -> Outputs:
        x, *constant = node.inputs
        value = np.asarray(constant[0] if constant else 0.0, np.float64)
        return run_example(x, layers.Rescaling(scale_of(value), offset_of(value)))

    return express


def add(node: Node) -> Outputs:
    """Of two tensors, or of one and a constant that repeats to it."""
    x, y = node.inputs
    return merged("add")(node) if x.shape == y.shape else rescaled(lambda _: 1.0, lambda value: value)(node)


def reduced(pool: Any) -> Callable[[Node], Outputs]:
    """A mean or a maximum over any axes, which come first and become the rows of an image of one column."""

    def express(node: Node) -> Outputs:
        x, *given = node.inputs
        axes = sorted({int(axis) % x.ndim for axis in node.get("axes", given[0] if given else [])})
        axes = axes or ([] if node.get("noop_with_empty_axes", 0) else [*range(x.ndim)])
        kept = [axis for axis in range(x.ndim) if axis not in axes]
        order = layers.Permute([1 + axis for axis in (*axes, *kept)])
        image = layers.Reshape([prod(x.shape[axis] for axis in axes), 1, -1])
        return run_example(x, order, image, pool("channels_last"), layers.Reshape(np.shape(node.outputs[0])))

    return express


def reduced_sum(node: Node) -> Outputs:
    """As many times the mean as it is of numbers."""
    (mean,) = reduced(layers.GlobalAveragePooling2D)(node)
    return run_example(mean, layers.Rescaling(node.inputs[0].size / mean.size))


def reduced_min(node: Node) -> Outputs:
    """The largest of the negative numbers, and back."""
    x, *given = node.inputs
    (least,) = reduced(layers.GlobalMaxPooling2D)(
        node._replace(inputs=[*run_example(x, layers.Rescaling(-1.0)), *given])
    )
    return run_example(least, layers.Rescaling(-1.0))


def mean_of(node: Node) -> Outputs:
    """The sum of several tensors, divided by their number."""
    (total,) = merged("add")(node)
    return run_example(total, layers.Rescaling(1.0 / len(node.inputs)))


def absolute(node: Node) -> Outputs:
    """A ReLU of each sign."""
    return run_example(node.inputs[0], layers.Branches([layers.ReLU(), [layers.Rescaling(-1.0), layers.ReLU()]], "add"))


def merged(merge: str) -> Callable[[Node], Outputs]:
    """Several tensors of one shape, each of which one branch cuts out of all of them."""

    def express(node: Node) -> Outputs:
        xs = np.stack(node.inputs)  # (K, ...)
        axis = node.get("axis", -1) % xs[0].ndim
        branches = [
            [layers.Cropping2D([[k, len(xs) - 1 - k], [0, 0]]), layers.Reshape(xs.shape[1:])] for k in range(len(xs))
        ]
        images = xs.reshape(len(xs), -1, 1)  # (K, size, 1)
        return run_example(images, layers.Branches(branches, merge, axis + 1))

    return express


def dropout(node: Node) -> Outputs:
    """In inference, where every number is kept."""
    x, *more = node.inputs
    rate = float(more[0]) if more else node.get("ratio", 0.5)
    return [*run_example(x, layers.Dropout(rate)), *[None] * (len(node.outputs) - 1)]


# ---------------------------------------------------------------- losses


def softmax_cross_entropy(node: Node) -> Outputs:
    """The mean of weighted losses is over the sum of the weights; a row that is ignored has no weight."""
    x, labels, *weights = node.inputs
    reduction = {"none": None, "sum": "sum"}.get(node.get("reduction", "mean"), "mean_with_sample_weight")
    loss = losses.SparseCategoricalCrossentropy(True, node.get("ignore_index"), reduction, axis=1)
    chosen = [values[np.where(labels == loss.ignore_class, 0, labels)] for values in weights]
    return [loss(labels, x, *chosen), activations.log_softmax(x, axis=1)][: len(node.outputs)]


OPERATORS: dict[str, tuple[str, Callable[[Node], Outputs]]] = {
    "Abs": ("abs", absolute),
    "Add": ("add", add),
    "AveragePool": ("averagepool", average_pool),
    "BatchNormalization": ("batch_normalization", batch_normalization),
    "Cast": ("cast", cast),
    "Celu": ("celu", by_name("celu", alpha=1.0)),
    "Clip": ("clip", clip),
    "Concat": ("concat", merged("concatenate")),
    "Conv": ("conv", conv),
    "ConvTranspose": ("convtranspose", conv_transpose),
    "DepthToSpace": ("depthtospace", depth_to_space),
    "Div": ("div", rescaled(lambda value: 1.0 / value, lambda _: 0.0)),
    "Dropout": ("dropout", dropout),
    "Elu": ("elu", by_name("elu", alpha=1.0)),
    "Exp": ("exp", by_name("exponential")),
    "Flatten": ("flatten", flatten),
    "Gather": ("gather", gather),
    "Gelu": ("gelu", gelu),
    "Gemm": ("gemm", gemm),
    "GlobalAveragePool": ("globalaveragepool", global_average_pool),
    "GlobalMaxPool": ("globalmaxpool", global_max_pool),
    "GroupNormalization": ("groupnormalization", group_normalization),
    "HardSigmoid": ("hardsigmoid", hard_sigmoid),
    "HardSwish": ("hardswish", by_name("hard_swish")),
    "Identity": ("identity", by_name("linear")),
    "InstanceNormalization": ("instance_normalization", instance_normalization),
    "LayerNormalization": ("layernormalization", layer_normalization),
    "LeakyRelu": ("leakyrelu", leaky_relu),
    "LogSoftmax": ("logsoftmax", of_scores("log_softmax")),
    "MatMul": ("matmul", matmul),
    "MaxPool": ("maxpool", max_pool),
    "Mean": ("mean", mean_of),
    "MeanVarianceNormalization": ("meanvariancenormalization", mean_variance_normalization),
    "Mish": ("mish", by_name("mish")),
    "Mul": ("mul", rescaled(lambda value: value, lambda _: 0.0)),
    "Neg": ("neg", rescaled(lambda _: -1.0, lambda _: 0.0)),
    "Pad": ("pad", pad),
    "PRelu": ("prelu", prelu),
    "ReduceMax": ("reducemax", reduced(layers.GlobalMaxPooling2D)),
    "ReduceMean": ("reducemean", reduced(layers.GlobalAveragePooling2D)),
    "ReduceMin": ("reducemin", reduced_min),
    "ReduceSum": ("reducesum", reduced_sum),
    "Relu": ("relu", by_name("relu")),
    "Reshape": ("reshape", reshape),
    "Resize": ("resize", resize),
    "Selu": ("selu", selu),
    "Shrink": ("shrink", shrink),
    "Sigmoid": ("sigmoid", by_name("sigmoid")),
    "Slice": ("slice", cut),
    "Softmax": ("softmax", of_scores("softmax")),
    "SoftmaxCrossEntropyLoss": ("softmax_cross_entropy_loss", softmax_cross_entropy),
    "Softplus": ("softplus", by_name("softplus")),
    "Softsign": ("softsign", by_name("softsign")),
    "SpaceToDepth": ("spacetodepth", space_to_depth),
    "Squeeze": ("squeeze", of_that_shape),
    "Sub": ("sub", rescaled(lambda _: 1.0, lambda value: -value)),
    "Sum": ("sum", merged("add")),
    "Swish": ("swish", by_name("swish")),
    "Tanh": ("tanh", by_name("tanh")),
    "ThresholdedRelu": ("thresholdedrelu", thresholded_relu),
    "Transpose": ("transpose", transpose),
    "Unsqueeze": ("unsqueeze", of_that_shape),
}
"""For each operator the module of ONNX's cases, and its expression here."""
