"""Each layer, as it computes in inference, as nodes of a graph.

A weight keeps its values, and gets the layout of the operator: OIHW for convolutions, and for a Dense layer behind a
flattened image rows in the order of (C, H, W).
"""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from numpycnn.common.typing import Array, Pair
from numpycnn.files.onnx.activation_nodes import write_activation
from numpycnn.files.onnx.graph import Graph, Tensor
from numpycnn.functional.transposed import transposed_borders, transposed_size
from numpycnn.functional.window import Window
from numpycnn.layers.axes import positive_axis
from numpycnn.layers.data_format import split_shape
from numpycnn.layers.warping import largest_window

Writer = Callable[[Graph, Any, Tensor], Tensor]
Borders = tuple[Pair, Pair]


def image_of(layer: Any) -> Pair:
    """(rows, columns) of a layer's input."""
    return split_shape(layer.name, layer.shape_in, layer.data_format)[0]


def sides(borders: Borders) -> list[int]:
    """((top, bottom), (left, right)) in ONNX's order: all beginnings, then all ends."""
    (top, bottom), (left, right) = borders
    return [top, left, bottom, right]


def as_output(layer: Any, x: Tensor, name: str) -> Tensor:
    """Images that come out of a layer that keeps their data format, from its input x."""
    return x._replace(name=name, shape=layer.shape_out)


# ---------------------------------------------------------------- convolutions and pools


def window_attributes(window: Window, image: Pair) -> dict[str, Any]:
    """How ONNX states a window over an image of (rows, columns)."""
    return {"strides": window.strides, "dilations": window.dilation, "pads": sides(window.pads(image))}


def convolve(graph: Graph, x: str, kernel: Array, bias: Array | None, **attributes: Any) -> str:
    """A Conv of an (O, I, H, W) kernel."""
    inputs = [graph.constant("kernel", kernel), *([] if bias is None else [graph.constant("bias", bias)])]
    return graph.node("Conv", x, *inputs, kernel_shape=kernel.shape[2:], **attributes)


def after_convolution(graph: Graph, layer: Any, x: Tensor, name: str) -> Tensor:
    """The output of a layer of images, with its activation."""
    shape = layer.convolved_shape(layer.shape_in)
    return write_activation(graph, layer.activation, x._replace(name=name, shape=shape))


def conv2d(graph: Graph, layer: Any, x: Tensor) -> Tensor:
    """Conv."""
    x = graph.images(x, layer.data_format)
    kernel = layer.params["kernel"].transpose(3, 2, 0, 1)  # (O, I/groups, H, W)
    attributes = window_attributes(layer.window, image_of(layer))
    name = convolve(graph, x.name, kernel, layer.params.get("bias"), group=layer.groups, **attributes)
    return after_convolution(graph, layer, x, name)


def by_channel(graph: Graph, layer: Any, x: Tensor, kernel: Array, bias: Array | None) -> str:
    """A depthwise convolution with a kernel (KH, KW, C, M): M filters for each channel, one beside the other."""
    rows, cols, channels, _ = kernel.shape
    filters = kernel.transpose(2, 3, 0, 1).reshape(-1, 1, rows, cols)  # (C*M, 1, H, W)
    return convolve(graph, x.name, filters, bias, group=channels, **window_attributes(layer.window, image_of(layer)))


def depthwise_conv2d(graph: Graph, layer: Any, x: Tensor) -> Tensor:
    """Conv with as many groups as channels."""
    x = graph.images(x, layer.data_format)
    name = by_channel(graph, layer, x, layer.params["kernel"], layer.params.get("bias"))
    return after_convolution(graph, layer, x, name)


def separable_conv2d(graph: Graph, layer: Any, x: Tensor) -> Tensor:
    """Two of Conv: each channel by itself, then all of them at each pixel."""
    x = graph.images(x, layer.data_format)
    name = by_channel(graph, layer, x, layer.params["depthwise_kernel"], None)
    kernel = layer.params["pointwise_kernel"].transpose(3, 2, 0, 1)  # (O, I, 1, 1)
    return after_convolution(graph, layer, x, convolve(graph, name, kernel, layer.params.get("bias")))


def conv2d_transpose(graph: Graph, layer: Any, x: Tensor) -> Tensor:
    """Of the whole transposed convolution, e - s + size*s pixels, the borders are cut off, or some added at the end."""
    x = graph.images(x, layer.data_format)
    image, window = image_of(layer), layer.window
    output = transposed_size(image, window, layer.output_padding)
    whole = [(size - 1) * s + e for size, s, e in zip(image, window.strides, window.extent, strict=True)]
    more = [max(wanted - there, 0) for wanted, there in zip(output, whole, strict=True)]
    inputs = [graph.constant("kernel", layer.params["kernel"].transpose(3, 2, 0, 1))]  # (C, F, H, W)
    if "bias" in layer.params:
        inputs.append(graph.constant("bias", layer.params["bias"]))
    attributes = {"strides": window.strides, "dilations": window.dilation, "kernel_shape": window.size}
    pads = sides(transposed_borders(image, window, output))
    name = graph.node("ConvTranspose", x.name, *inputs, pads=pads, output_padding=more, **attributes)
    return after_convolution(graph, layer, x, name)


def pooling(operator: str) -> Writer:
    """MaxPool or AveragePool; what the borders add does not count."""

    def write(graph: Graph, layer: Any, x: Tensor) -> Tensor:
        x = graph.images(x, layer.data_format)
        window = layer.window
        pads = sides(window.pads(image_of(layer)))
        name = graph.node(operator, x.name, kernel_shape=window.size, strides=window.strides, pads=pads)
        return as_output(layer, x, name)

    return write


def global_pooling(operator: str) -> Writer:
    """GlobalMaxPool or GlobalAveragePool."""

    def write(graph: Graph, layer: Any, x: Tensor) -> Tensor:
        x = graph.images(x, layer.data_format)
        y = x._replace(name=graph.node(operator, x.name), shape=tuple(layer.shape_out))
        return y if layer.keepdims else graph.flattened(y._replace(order=(0, 1)))

    return write


# ---------------------------------------------------------------- sizes of images


def zero_padding2d(graph: Graph, layer: Any, x: Tensor) -> Tensor:
    """Pad."""
    x = graph.images(x, layer.data_format)
    (top, bottom), (left, right) = layer.padding
    pads = graph.integers("pads", [0, 0, top, left, 0, 0, bottom, right])
    return as_output(layer, x, graph.node("Pad", x.name, pads))


def cropping2d(graph: Graph, layer: Any, x: Tensor) -> Tensor:
    """Slice."""
    x = graph.images(x, layer.data_format)
    (top, _), (left, _) = layer.cropping
    rows, cols = layer.output_image(image_of(layer))
    starts, ends = graph.integers("starts", [top, left]), graph.integers("ends", [top + rows, left + cols])
    return as_output(layer, x, graph.node("Slice", x.name, starts, ends, graph.integers("axes", [2, 3])))


NEAREST = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
BILINEAR = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}


def up_sampling2d(graph: Graph, layer: Any, x: Tensor) -> Tensor:
    """Resize, with the coordinates that stand for whole factors."""
    x = graph.images(x, layer.data_format)
    scales = graph.constant("scales", [1, 1, *layer.size], np.float32)
    how = NEAREST if layer.interpolation == "nearest" else BILINEAR
    return as_output(layer, x, graph.node("Resize", x.name, "", scales, **how))


def random_crop(graph: Graph, layer: Any, x: Tensor) -> Tensor:
    """A function: in inference the largest window in the middle, resized."""
    x, image = graph.images(x, layer.data_format), image_of(layer)
    window = largest_window(image, layer.size)
    starts = [(whole - part) // 2 for whole, part in zip(image, window, strict=True)]
    ends = [start + part for start, part in zip(starts, window, strict=True)]
    given = {"starts": starts, "ends": ends, "size": layer.size}
    inputs = [graph.integers(name, values) for name, values in given.items()]
    return as_output(layer, x, graph.call("random_crop", x.name, *inputs))


# ---------------------------------------------------------------- vectors and shapes


def dense(graph: Graph, layer: Any, x: Tensor) -> Tensor:
    """Gemm of vectors, or MatMul and Add along the last of several axes."""
    kernel, bias = layer.params["kernel"], layer.params.get("bias")
    if x.flat:
        rows = np.arange(prod(x.shape)).reshape(x.shape)  # where the layer has each value
        kernel = kernel[rows.transpose([axis - 1 for axis in x.order if axis]).ravel()]  # in the tensor's order
        x = graph.flattened(x)
    else:
        x = graph.plain(x)
    inputs = [x.name, graph.constant("kernel", kernel)]
    name = graph.node("Gemm", *inputs, graph.constant("bias", bias)) if bias is not None and len(x.shape) == 1 else ""
    if not name:
        name = graph.node("MatMul", *inputs)
        name = name if bias is None else graph.node("Add", name, graph.constant("bias", bias))
    return write_activation(graph, layer.activation, x._replace(name=name, shape=(*x.shape[:-1], layer.units)))


def flatten(graph: Graph, layer: Any, x: Tensor) -> Tensor:
    """Put off: what treats every value alike, or has weights for each, needs no Transpose before it."""
    axes = len(x.shape)
    if x.flat or axes == 1:
        return x
    if axes == 0:
        return graph.flattened(x)
    last = (0, *range(2, axes + 1), 1)  # channels last
    return (x.permuted(last) if layer.data_format == "channels_first" else x)._replace(flat=True)


def reshape(graph: Graph, layer: Any, x: Tensor) -> Tensor:
    """Reshape."""
    plain = graph.plain(x._replace(flat=False))  # rows of the same values
    shape = tuple(layer.shape_out)
    target = graph.integers("shape", [0 if shape else -1, *shape])  # 0: as many examples as before
    return Tensor(graph.node("Reshape", plain.name, target), shape, tuple(range(len(shape) + 1)))


def permute(graph: Graph, layer: Any, x: Tensor) -> Tensor:
    """Nothing: the tensor stays, and its axes are others to the layers."""
    x = graph.plain(x) if x.flat else x
    return x.permuted((0, *layer.dims))


# ---------------------------------------------------------------- normalizations and scales


def with_axis_second(graph: Graph, x: Tensor, axis: int) -> Tensor:
    """The tensor with that axis of the layers' as its second one, as ONNX's normalizations take the channels."""
    x = graph.plain(x) if x.flat else x
    return graph.ordered(x, (0, axis, *(other for other in x.order[1:] if other != axis)))


def batch_normalization(graph: Graph, layer: Any, x: Tensor) -> Tensor:
    """BatchNormalization by the moving averages."""
    x = with_axis_second(graph, x, positive_axis(layer.name, layer.axis, layer.shape_in))
    mean, variance = layer.state["moving_mean"], layer.state["moving_variance"]
    values = {"gamma": np.ones_like(mean), "beta": np.zeros_like(mean)} | layer.params
    values |= {"moving_mean": mean, "moving_variance": variance}
    inputs = [graph.constant(name, values[name]) for name in ("gamma", "beta", "moving_mean", "moving_variance")]
    attributes = {"epsilon": layer.epsilon, "momentum": layer.momentum}
    return x._replace(name=graph.node("BatchNormalization", x.name, *inputs, **attributes))


def layer_normalization(graph: Graph, layer: Any, x: Tensor) -> Tensor:
    """ONNX takes the last axes together."""
    axes = [axis % (len(x.shape) + 1) for axis in layer.axes] if not x.flat else [1]
    x = graph.plain(x) if x.flat else x
    x = graph.ordered(x, (*(axis for axis in x.order if axis not in axes), *sorted(axes)))
    gamma = layer.params.get("gamma", np.ones(layer.parameter_shape(layer.shape_in)))
    inputs = [x.name, graph.constant("gamma", gamma)]
    if "beta" in layer.params:
        inputs.append(graph.constant("beta", layer.params["beta"]))
    first = len(x.order) - len(axes)
    if layer.rms_scaling:
        last = range(first, len(x.order))
        return x._replace(name=graph.call("rms_scaling", *inputs, axes=[*last], epsilon=layer.epsilon))
    return x._replace(name=graph.node("LayerNormalization", *inputs, axis=first, epsilon=layer.epsilon))


def group_normalization(graph: Graph, layer: Any, x: Tensor) -> Tensor:
    """InstanceNormalization of single channels, else a function: opset 18's groups have one gamma each."""
    x = with_axis_second(graph, x, positive_axis(layer.name, layer.axis, layer.shape_in))
    (channels,) = layer.parameter_shape(layer.shape_in)
    groups, _ = layer.split(channels)
    values = {"gamma": np.ones(channels), "beta": np.zeros(channels)} | layer.params
    if groups == channels and len(x.shape) > 1:
        inputs = [graph.constant(name, values[name]) for name in ("gamma", "beta")]
        return x._replace(name=graph.node("InstanceNormalization", x.name, *inputs, epsilon=layer.epsilon))
    columns = (channels, *[1] * (len(x.shape) - 1))  # beside (N, C, ...)
    inputs = [graph.constant(name, values[name].reshape(columns)) for name in ("gamma", "beta")]
    return x._replace(name=graph.call("group_normalization", x.name, *inputs, groups=groups, epsilon=layer.epsilon))


def rescaling(graph: Graph, layer: Any, x: Tensor) -> Tensor:
    """Mul and Add."""
    x = graph.with_constant("Mul", x, "scale", layer.scale)
    return graph.with_constant("Add", x, "offset", layer.offset) if layer.offset.any() else x


def normalization(graph: Graph, layer: Any, x: Tensor) -> Tensor:
    """Sub and Div, or inverted Mul and Add."""
    mean, std = layer.statistics(layer.shape_in, graph.dtype)
    if layer.invert:
        return graph.with_constant("Add", graph.with_constant("Mul", x, "std", std), "mean", mean)
    return graph.with_constant("Div", graph.with_constant("Sub", x, "mean", mean), "std", std)


# ---------------------------------------------------------------- activations


def activation(graph: Graph, layer: Any, x: Tensor) -> Tensor:
    """The activation of a layer that is nothing else."""
    return write_activation(graph, layer.activation, x)


def prelu(graph: Graph, layer: Any, x: Tensor) -> Tensor:
    """PRelu."""
    return graph.with_constant("PRelu", x, "alpha", layer.params["alpha"])


def nothing(graph: Graph, layer: Any, x: Tensor) -> Tensor:
    """A layer that passes its input on, in inference."""
    return x


# ---------------------------------------------------------------- layers that contain layers


def chain(graph: Graph, layer: Any, x: Tensor) -> Tensor:
    """The layers inside, one after another."""
    return write_layers(graph, layer.layers, x)


def write_layers(graph: Graph, layers: Sequence[Any], x: Tensor) -> Tensor:
    """The output of layers one after another. Raises ValueError for one that is not the library's."""
    scope = graph.scope
    for layer in layers:
        graph.scope = f"{scope}{layer.name}/"
        if LAYER_WRITERS.get(type(layer).__name__) is None or type(layer).__module__.split(".")[0] != "numpycnn":
            raise ValueError(f"{layer.name}: {type(layer).__name__} is not the library's, and no ONNX is known for it")
        x = LAYER_WRITERS[type(layer).__name__](graph, layer, x)
    graph.scope = scope
    return x


def branches(graph: Graph, layer: Any, x: Tensor) -> Tensor:
    """All branches read one tensor, and their outputs get one order of axes."""
    ys = []
    for branch in layer.layers:
        y = write_layers(graph, [branch], x)
        ys.append(graph.plain(y) if y.flat else y)
    ys = [graph.ordered(y, ys[0].order) for y in ys]
    if len(ys) == 1:
        return ys[0]
    if layer.merge == "concatenate":
        name = graph.node("Concat", *[y.name for y in ys], axis=ys[0].axis(layer.axis))
    else:
        name = graph.node("Sum" if len(ys) > 2 else "Add", *[y.name for y in ys])
    return ys[0]._replace(name=name, shape=layer.shape_out)


LAYER_WRITERS: dict[str, Writer] = {
    "Activation": activation,
    "ActivityRegularization": nothing,
    "AlphaDropout": nothing,
    "AveragePooling2D": pooling("AveragePool"),
    "BatchNormalization": batch_normalization,
    "Branches": branches,
    "Chain": chain,
    "Conv2D": conv2d,
    "Conv2DTranspose": conv2d_transpose,
    "Cropping2D": cropping2d,
    "Dense": dense,
    "DepthwiseConv2D": depthwise_conv2d,
    "Dropout": nothing,
    "ELU": activation,
    "Flatten": flatten,
    "GaussianDropout": nothing,
    "GaussianNoise": nothing,
    "GlobalAveragePooling2D": global_pooling("GlobalAveragePool"),
    "GlobalMaxPooling2D": global_pooling("GlobalMaxPool"),
    "GroupNormalization": group_normalization,
    "LayerNormalization": layer_normalization,
    "LeakyReLU": activation,
    "MaxPooling2D": pooling("MaxPool"),
    "Normalization": normalization,
    "PReLU": prelu,
    "Permute": permute,
    "RandomContrast": nothing,
    "RandomCrop": random_crop,
    "RandomErasing": nothing,
    "RandomFlip": nothing,
    "RandomRotation": nothing,
    "RandomTranslation": nothing,
    "RandomZoom": nothing,
    "ReLU": activation,
    "Rescaling": rescaling,
    "Reshape": reshape,
    "Residual": branches,
    "SeparableConv2D": separable_conv2d,
    "Sequential": chain,
    "Softmax": activation,
    "SpatialDropout2D": nothing,
    "UpSampling2D": up_sampling2d,
    "ZeroPadding2D": zero_padding2d,
}
"""By the class's name: every layer of the library."""
