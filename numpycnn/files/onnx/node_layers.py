"""Each of ONNX's operators as layers: `layer_nodes.py` the other way round.

A reader takes the operation and the stack of layers before it, and appends to that. What no layer computes is refused.
"""

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from numpycnn import activations, layers
from numpycnn.common import checks
from numpycnn.common.typing import Array, Pair, Shape
from numpycnn.files.onnx.axis_nodes import gather, reduced
from numpycnn.files.onnx.constants import BATCH
from numpycnn.files.onnx.stack import Operation, Stack
from numpycnn.functional.padding import Borders
from numpycnn.functional.window import Window
from numpycnn.layers.warping import largest_window

Reader = Callable[[Operation, Stack], None]
ZERO: Borders = ((0, 0), (0, 0))
MAX_CHANNELS = 2**20
"""For which a file may have fewer weights than channels: they are repeated."""

# ---------------------------------------------------------------- windows


def on_images(reader: Reader) -> Reader:
    """A reader of windows over images also for rows (N, C, L): they become images of one row, and rows again."""

    def read(operation: Operation, stack: Stack) -> None:
        stack.unflattened()
        if len(stack.shape) != 2:
            reader(operation, stack)
            return
        stack.plain()
        channels, length = stack.shape
        stack.reshape((channels, 1, length))
        operation.widen()
        reader(operation, stack)
        channels, _, length = stack.example
        stack.plain()
        stack.reshape((channels, length))

    return read


def window_of(operation: Operation, image: Pair, kernel: Any) -> tuple[Window, Borders]:
    """The window, and the borders that it adds to an image of (rows, columns)."""
    size = checks.pair("file", "kernel_shape", kernel)
    strides = checks.pair("file", "strides", operation.integers("strides", [1, 1], 2))
    dilations = checks.pair("file", "dilations", operation.integers("dilations", [1, 1], 2))
    window, auto = Window(size, strides, "valid", dilations), operation.text("auto_pad", "NOTSET")
    top, left, bottom, right = operation.integers("pads", [0, 0, 0, 0], 4)
    borders: Any = ((top, bottom), (left, right))
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        borders = Window(size, strides, "same", dilations).pads(image)
        borders = borders if auto == "SAME_UPPER" else tuple((end, begin) for begin, end in borders)
    if operation.integer("ceil_mode", 0):
        borders = tuple(rounded_up(*one) for one in zip(image, borders, window.extent, strides, strict=True))
    return window, borders


def rounded_up(size: int, border: Pair, extent: int, stride: int) -> Pair:
    """The border of an axis with what the last window needs that ends beyond it, but does not begin there."""
    begin, end = border
    last = -(-(size + begin + end - extent) // stride)
    last -= last * stride >= size + begin
    return begin, max(last * stride + extent - size - begin, end)


def padded(stack: Stack, window: Window, borders: Borders, data_format: str) -> str:
    """The layers' padding; a layer of zeros is added for borders that are not those of "same"."""
    if borders == ZERO:
        return "valid"
    if borders == Window(window.size, window.strides, "same", window.dilation).pads(stack.image):
        return "same"
    stack.add(layers.ZeroPadding2D(borders, data_format))
    return "valid"


@on_images
def conv(operation: Operation, stack: Stack) -> None:
    """Conv2D, or DepthwiseConv2D where each channel is a group."""
    operation.skip_data()
    kernel, bias = operation.required(1), operation.array(2)
    data_format, groups = stack.images(), operation.integer("group", 1)
    if kernel.ndim != 4:
        raise ValueError(f"its kernel must have 4 axes; received the shape {kernel.shape}")
    window, borders = window_of(operation, stack.image, operation.integers("kernel_shape", list(kernel.shape[2:]), 2))
    shared: Any = {"strides": window.strides, "dilation_rate": window.dilation, "data_format": data_format}
    shared |= {"padding": padded(stack, window, borders, data_format), "use_bias": bias is not None}
    arrays = {} if bias is None else {"bias": bias}
    if groups > 1 and kernel.shape[1] == 1 and len(kernel) % groups == 0:
        filters = kernel.reshape(groups, -1, *kernel.shape[2:]).transpose(2, 3, 0, 1)  # (KH, KW, C, M)
        own = layers.DepthwiseConv2D(window.size, depth_multiplier=len(kernel) // groups, **shared)
        stack.add(own, kernel=filters, **arrays)
    else:
        filters = kernel.transpose(2, 3, 1, 0)  # (KH, KW, C/groups, F)
        stack.add(layers.Conv2D(len(kernel), window.size, groups=groups, **shared), kernel=filters, **arrays)


@on_images
def conv_transpose(operation: Operation, stack: Stack) -> None:
    """The whole transposed convolution, of which pads are cropped."""
    operation.skip_data()
    kernel, bias = operation.required(1), operation.array(2)
    data_format = stack.images()
    if kernel.ndim != 4 or operation.integer("group", 1) != 1:
        raise ValueError(f"expected a kernel of 4 axes in one group; received the shape {kernel.shape}")
    window, _ = window_of(operation, stack.image, operation.integers("kernel_shape", list(kernel.shape[2:]), 2))
    whole = [(n - 1) * s + e for n, s, e in zip(stack.image, window.strides, window.extent, strict=True)]
    more, borders = transposed_borders(operation, stack, window, whole)
    own = layers.Conv2DTranspose(
        *(kernel.shape[1], window.size, window.strides, "valid", more, data_format, window.dilation),
        use_bias=bias is not None,
    )
    arrays = {} if bias is None else {"bias": bias}
    stack.add(own, kernel=kernel.transpose(2, 3, 1, 0), **arrays)  # (KH, KW, F, C)
    if borders != ZERO:
        stack.add(layers.Cropping2D(borders, data_format))


def transposed_borders(operation: Operation, stack: Stack, window: Window, whole: list[int]) -> tuple[Pair, Borders]:
    """What is added at the end of the whole output (rows, columns), and the borders that are then cut off."""
    more = operation.integers("output_padding", [0, 0], 2)
    top, left, bottom, right = operation.integers("pads", [0, 0, 0, 0], 4)
    wanted, auto = operation.integers("output_shape", None, 2), operation.text("auto_pad", "NOTSET")
    same = auto.startswith("SAME")
    if not same and wanted is None:
        return tuple(more), ((top, bottom), (left, right))
    if wanted is None:
        wanted = [n * s for n, s in zip(stack.image, window.strides, strict=True)]
    totals = [n + p - m for n, p, m in zip(whole, more, wanted, strict=True)]
    more = [p + max(-total, 0) for p, total in zip(more, totals, strict=True)]
    halves = [(max(total, 0) // 2, max(total, 0) - max(total, 0) // 2) for total in totals]
    rows, cols = halves if auto == "SAME_UPPER" or not same else [(end, begin) for begin, end in halves]
    return tuple(more), (rows, cols)


def pool(cls: Any) -> Reader:
    """A pool whose borders do not count."""

    @on_images
    def read(operation: Operation, stack: Stack) -> None:
        operation.skip_data()
        data_format = stack.images()
        window, borders = window_of(operation, stack.image, operation.integers("kernel_shape", None, 2))
        if window.dilation != (1, 1):
            raise ValueError(f"asks for dilations {window.dilation}, which pools do not have")
        if operation.integer("storage_order", 0):
            raise ValueError("asks for storage_order=1")
        if cls is layers.AveragePooling2D and operation.integer("count_include_pad", 0) and borders != ZERO:
            stack.add(layers.ZeroPadding2D(borders, data_format))
            borders = ZERO
        add_pool(cls, stack, window, borders, data_format)

    return read


def add_pool(cls: Any, stack: Stack, window: Window, borders: Borders, data_format: str) -> None:
    """One layer; for borders that it does not have, every place of the window, and of these those that are asked for.

    With stride 1 the borders of "same" are (k - 1)/2 before and the rest behind; others are a part of these.
    """
    same = Window(window.size, window.strides, "same").pads(stack.image)
    if borders in (ZERO, same):
        stack.add(cls(window.size, window.strides, "valid" if borders == ZERO else "same", data_format))
        return
    cropped = []
    for k, (begin, end) in zip(window.size, borders, strict=True):
        before, behind = (k - 1) // 2, k - 1 - (k - 1) // 2
        if begin > before or end > behind or begin < 0 or end < 0:
            raise ValueError(f"a pool of {k} has borders of at most {(before, behind)}; received {(begin, end)}")
        cropped.append((before - begin, behind - end))
    stack.add(cls(window.size, (1, 1), "same", data_format))
    if any(map(any, cropped)):
        stack.add(layers.Cropping2D((cropped[0], cropped[1]), data_format))
    stack.add(layers.MaxPooling2D((1, 1), window.strides, "valid", data_format))


def global_pool(cls: Any) -> Reader:
    """A pool over the whole image."""

    @on_images
    def read(operation: Operation, stack: Stack) -> None:
        operation.skip_data()
        stack.add(cls(stack.images(), keepdims=True))

    return read


# ---------------------------------------------------------------- sizes of images


def pad(operation: Operation, stack: Stack) -> None:
    """ZeroPadding2D; any other constant becomes zero for as long."""
    operation.skip_data()
    pads, value, axes = operation.array(1), operation.array(2), operation.array(3)
    pads = operation.integers("pads") if pads is None else [*map(int, pads.ravel())]
    number = operation.number("value", 0.0) if value is None else float(value.reshape(()))
    if operation.text("mode", "constant") != "constant":
        raise ValueError("is read with a constant alone")
    data_format = stack.images()
    listed = [0, 1, 2, 3] if axes is None else [int(axis) % 4 for axis in axes.ravel()]
    if pads is None or len(pads) != 2 * len(listed):
        raise ValueError(f"expected a beginning and an end for each of {len(listed)} axes; received {pads}")
    borders = {axis: (pads[k], pads[k + len(listed)]) for k, axis in enumerate(listed)}
    if any(borders.get(0, (0, 0))) or any(borders.get(1, (0, 0))):
        raise ValueError(f"pads rows and columns of images alone; received {pads}")
    around = borders.get(2, (0, 0)), borders.get(3, (0, 0))
    moved = [(1.0, -number), None, (1.0, number)] if number else [None]
    for step in moved:
        stack.add(layers.ZeroPadding2D(around, data_format) if step is None else layers.Rescaling(*step))


NEAREST = {("asymmetric", "floor")} | {
    (where, how)
    for where in ("half_pixel", "pytorch_half_pixel", "half_pixel_symmetric")
    for how in ("round_prefer_floor", "round_prefer_ceil")
}
"""How pixels are found that are repeated, for whole factors: all of these are the same."""
LINEAR = ("half_pixel", "pytorch_half_pixel", "half_pixel_symmetric")


def resize(batch: int | None) -> Reader:
    """UpSampling2D. batch: the number of examples, where the file fixes it."""

    def read(operation: Operation, stack: Stack) -> None:
        operation.skip_data()
        data_format = stack.images()
        factors = factors_of(operation, (BATCH if batch is None else batch, *stack.example))
        interpolation = interpolation_of(operation)
        if not all(factor == int(factor) >= 1 for factor in factors) or factors[:2] != [1.0, 1.0]:
            raise ValueError(f"is read for whole factors of rows and columns; received {factors}")
        stack.add(layers.UpSampling2D((int(factors[2]), int(factors[3])), data_format, interpolation))

    return read


def factors_of(operation: Operation, shape: Shape) -> list[float]:
    """By how much each axis is enlarged, of images of that shape."""
    _, scales, sizes = operation.array(1), operation.array(2), operation.array(3)
    axes = [axis % 4 for axis in operation.integers("axes", [0, 1, 2, 3])]
    factors = dict.fromkeys(range(4), 1.0)
    if scales is not None and scales.size:
        factors |= dict(zip(axes, map(float, scales.ravel()), strict=True))
    else:
        given = [] if sizes is None else map(int, sizes.ravel())
        factors |= {axis: size / shape[axis] for axis, size in zip(axes, given, strict=False)}
    return [*factors.values()]


def interpolation_of(operation: Operation) -> str:
    """Keras's name for how pixels are found between pixels. Raises ValueError for what it has not."""
    where = operation.text("coordinate_transformation_mode", "half_pixel")
    how, mode = operation.text("nearest_mode", "round_prefer_floor"), operation.text("mode", "nearest")
    for name, default in (("cubic_coeff_a", -0.75), ("extrapolation_value", 0.0)):
        operation.number(name, default)  # of other modes
    operation.text("keep_aspect_ratio_policy", "stretch")
    operation.integer("exclude_outside", 0), operation.integer("antialias", 0)  # of other modes, and smaller images
    if mode == "nearest" and (where, how) in NEAREST:
        return "nearest"
    if mode == "linear" and where in LINEAR:
        return "bilinear"
    raise ValueError(f"is read nearest or bilinear, of whole pixels; received {mode}, {where}, {how}")


def random_crop(operation: Operation, stack: Stack) -> None:
    """The function of this library: RandomCrop, which takes one certain window of these images."""
    operation.skip_data()
    first, last, sides = ([*map(int, operation.required(k).ravel())] for k in (1, 2, 3))
    data_format, size = stack.images(), checks.pair("file", "size", sides)
    window = largest_window(stack.image, size)
    starts = [(whole - part) // 2 for whole, part in zip(stack.image, window, strict=True)]
    ends = [start + part for start, part in zip(starts, window, strict=True)]
    if (first, last) != (starts, ends):
        raise ValueError(f"RandomCrop takes the window from {starts} to {ends} of these images")
    stack.add(layers.RandomCrop(*size, data_format=data_format))


def depth_to_space(operation: Operation, stack: Stack) -> None:
    """Reshape, Permute, Reshape."""
    operation.skip_data()
    size, mode = checks.size("file", "blocksize", operation.integer("blocksize")), operation.text("mode", "DCR")
    stack.images()
    stack.plain()
    channels, rows, cols = stack.shape
    deep = max(channels // size**2, 1)
    split = [size, size, deep] if mode == "DCR" else [deep, size, size]
    stack.reshape((*split, rows, cols))
    order = (3, 4, 1, 5, 2) if mode == "DCR" else (1, 4, 2, 5, 3)
    stack.add(layers.Permute(order))  # (deep, rows, size, cols, size)
    stack.reshape((deep, rows * size, cols * size))


def space_to_depth(operation: Operation, stack: Stack) -> None:
    """The same three the other way round."""
    operation.skip_data()
    size, mode = checks.size("file", "blocksize", operation.integer("blocksize")), operation.text("mode", "DCR")
    stack.images()
    stack.plain()
    channels, rows, cols = stack.shape
    if rows % size or cols % size:
        raise ValueError(f"blocks of {size} must divide the image {(rows, cols)}")
    stack.reshape((channels, rows // size, size, cols // size, size))
    stack.add(layers.Permute((3, 5, 1, 2, 4) if mode == "DCR" else (1, 3, 5, 2, 4)))
    stack.reshape((channels * size**2, rows // size, cols // size))


# ---------------------------------------------------------------- normalizations


def batch_normalization(operation: Operation, stack: Stack) -> None:
    """BatchNormalization by given averages."""
    operation.skip_data()
    names = ("gamma", "beta", "moving_mean", "moving_variance")
    arrays = {name: operation.required(k) for k, name in enumerate(names, start=1)}
    if operation.integer("training_mode", 0) or operation.integer("spatial", 1) != 1:
        raise ValueError("is read in inference alone")
    momentum, epsilon = operation.number("momentum", 0.9), operation.number("epsilon", 1e-5)
    stack.add(layers.BatchNormalization(stack.axis(1), momentum, epsilon), **arrays)


def layer_normalization(operation: Operation, stack: Stack) -> None:
    """LayerNormalization over the last axes."""
    operation.skip_data()
    gamma, beta = operation.required(1), operation.array(2)
    operation.integer("stash_type", 1)
    stack.plain()
    axes = len(stack.order)
    first = operation.integer("axis", -1) % axes
    over = [-1] if first == axes - 1 else [*range(first, axes)]
    arrays = {"gamma": gamma} | ({} if beta is None else {"beta": beta})
    own = layers.LayerNormalization(over, operation.number("epsilon", 1e-5), center=beta is not None)
    stack.add(own, **arrays)


def instance_normalization(operation: Operation, stack: Stack) -> None:
    """GroupNormalization of single channels."""
    normalized_groups(operation, stack, -1)


def group_normalization(operation: Operation, stack: Stack) -> None:
    """GroupNormalization; before opset 21 with one gamma for each group."""
    operation.integer("stash_type", 1)
    normalized_groups(operation, stack, operation.integer("num_groups"), one_each=operation.opset < 21)


def own_group_normalization(operation: Operation, stack: Stack) -> None:
    """The function of this library."""
    normalized_groups(operation, stack, operation.integer("groups"))


def normalized_groups(operation: Operation, stack: Stack, groups: int, one_each: bool = False) -> None:
    """GroupNormalization. one_each: whether there is one gamma for a group, not one for a channel."""
    operation.skip_data()
    gamma, beta = operation.required(1).reshape(-1), operation.required(2).reshape(-1)  # one for each channel
    axis = stack.axis(1)
    if one_each and groups == gamma.size == beta.size and stack.example[0] <= MAX_CHANNELS:
        gamma, beta = (np.repeat(values, stack.example[0] // groups) for values in (gamma, beta))
    own = layers.GroupNormalization(groups, axis, operation.number("epsilon", 1e-5))
    stack.add(own, gamma=gamma, beta=beta)


def rms_scaling(operation: Operation, stack: Stack) -> None:
    """The function of this library: LayerNormalization(rms_scaling=True)."""
    operation.skip_data()
    gamma = operation.required(1)
    over = operation.integers("axes")
    stack.plain()
    own = layers.LayerNormalization(over, operation.number("epsilon"), center=False, rms_scaling=True)
    stack.add(own, gamma=gamma)


# ---------------------------------------------------------------- activations


def activation(name: str, **settings: tuple[str, float]) -> Reader:
    """An activation. settings: for each of its settings the attribute, and what that is by default."""

    def read(operation: Operation, stack: Stack) -> None:
        operation.skip_data()
        given = {setting: operation.number(*attribute) for setting, attribute in settings.items()}
        stack.activate(activations.get(name).with_settings(**given))

    return read


def along_axis(name: str) -> Reader:
    """An activation along an axis; before opset 13 all axes from that one on were one."""

    def read(operation: Operation, stack: Stack) -> None:
        operation.skip_data()
        axes = len(stack.example) + 1
        axis = operation.integer("axis", -1 if operation.opset >= 13 else 1)
        if operation.opset < 13 and axis % axes != axes - 1:
            raise ValueError(f"before opset 13 is read along the last axis alone; received axis {axis} of {axes}")
        stack.activate(activations.get(name).with_settings(axis=stack.axis(axis)))

    return read


def clip(operation: Operation, stack: Stack) -> None:
    """ReLU with a largest value, and numbers moved so that the smallest is 0."""
    operation.skip_data()
    low, high = operation.array(1), operation.array(2)
    least = operation.number("min") if low is None else float(low.reshape(()))
    most = operation.number("max") if high is None else float(high.reshape(()))
    if least is not None and most is not None and most < least:
        stack.rescale(0.0, most)  # the largest value comes last
    elif least == -1.0 and most == 1.0:
        stack.activate(activations.hard_tanh)
    elif least is not None:
        bounded(stack, least, None if most is None else most - least)
    elif most is not None:
        stack.rescale(-1.0, most)
        stack.activate(activations.relu)
        stack.rescale(-1.0, most)


def bounded(stack: Stack, least: float, width: float | None) -> None:
    """At least `least`, and at most `width` more."""
    if least:
        stack.rescale(1.0, -least)
    stack.activate(activations.relu.with_settings(max_value=width))
    if least:
        stack.rescale(1.0, least)


def hard_sigmoid(operation: Operation, stack: Stack) -> None:
    """min(max(alpha*x + beta, 0), 1): two of them have names."""
    operation.skip_data()
    alpha, beta = operation.number("alpha", 0.2), operation.number("beta", 0.5)
    if beta == 0.5 and np.float32(alpha) == np.float32(1 / 6):
        stack.activate(activations.hard_sigmoid)
    elif beta == 0.5 == alpha:
        stack.activate(activations.sparse_sigmoid)
    else:
        stack.rescale(alpha, beta)
        stack.activate(activations.relu.with_settings(max_value=1.0))


def selu(operation: Operation, stack: Stack) -> None:
    """Selu; with other numbers a scaled Elu."""
    operation.skip_data()
    alpha, gamma = operation.number("alpha"), operation.number("gamma")
    if alpha is None and gamma is None:
        stack.activate(activations.selu)
    else:
        default_alpha, default_gamma = 1.67326319217681884765625, 1.05070102214813232421875
        stack.activate(activations.elu.with_settings(alpha=default_alpha if alpha is None else alpha))
        stack.rescale(default_gamma if gamma is None else gamma, 0.0)


def shrink(operation: Operation, stack: Stack) -> None:
    """Shrink; its bias is zero, or the threshold."""
    operation.skip_data()
    threshold, bias = operation.number("lambd", 0.5), operation.number("bias", 0.0)
    if bias not in (0.0, threshold):
        raise ValueError(f"is read with a bias of 0 or of lambd, {threshold}; received {bias}")
    named = activations.soft_shrink if bias else activations.hard_shrink
    stack.activate(named.with_settings(threshold=threshold))


def gelu(operation: Operation, stack: Stack) -> None:
    """Gelu."""
    operation.skip_data()
    approximate = checks.choice("file", "approximate", operation.text("approximate", "none"), ("none", "tanh"))
    stack.activate(activations.gelu.with_settings(approximate=approximate == "tanh"))


def thresholded_relu(operation: Operation, stack: Stack) -> None:
    """ThresholdedRelu."""
    operation.skip_data()
    stack.activate(activations.relu.with_settings(threshold=operation.number("alpha", 1.0)))


def swish(operation: Operation, stack: Stack) -> None:
    """Swish of x; alpha*x has no name."""
    if operation.number("alpha", 1.0) != 1.0:
        raise ValueError("is read with alpha=1 alone")
    operation.skip_data()
    stack.activate(activations.silu)


def prelu(operation: Operation, stack: Stack) -> None:
    """PReLU, with one slope along each axis of length 1."""
    operation.skip_data()
    stack.unflattened()
    slope = stack.beside(operation.required(1))
    slope = slope.reshape((1,) * (len(stack.shape) - slope.ndim) + slope.shape)  # an axis for each of an example's
    if any(size not in (1, whole) for size, whole in zip(slope.shape, stack.shape, strict=True)):
        raise ValueError(f"its slope of the shape {slope.shape} does not repeat to {stack.shape}")
    shared = [axis for axis, size in enumerate(slope.shape, start=1) if size == 1]
    stack.add(layers.PReLU(shared_axes=shared or None), alpha=slope)


def own_activation(operation: Operation, stack: Stack) -> None:
    """One of this library's functions that is an activation, whose settings are attributes."""
    operation.skip_data()
    named = activations.ACTIVATIONS[operation.operator.partition(".")[2]]
    given = {name: operation.number(name) for name in [*operation.node.attributes] if name != "axis"}
    if "axis" in operation.node.attributes:
        given["axis"] = stack.axis(operation.integer("axis"))
    stack.activate(named.with_settings(**given))


# ---------------------------------------------------------------- shapes


def flatten(operation: Operation, stack: Stack) -> None:
    """Flatten."""
    operation.skip_data()
    axis = operation.integer("axis", 1)
    if axis != 1 and axis != -len(stack.example):
        raise ValueError(f"is read with axis=1, of each example; received {axis}")
    flattened_to(stack, (prod(stack.example),))


def flattened_to(stack: Stack, shape: Shape) -> None:
    """The values of each example in another shape."""
    if shape == stack.example:
        return
    if len(shape) == 1 and stack.shape:
        stack.flatten()
    else:
        stack.plain()
        stack.reshape(shape)


def reshape(batch: int | None) -> Reader:
    """Reshape of each example. batch: the number of examples, where the file fixes it."""

    def read(operation: Operation, stack: Stack) -> None:
        operation.skip_data()
        given = operation.array(1)
        first, *rest = operation.integers("shape", [1]) if given is None else [*map(int, given.ravel())] or [1]
        if operation.integer("allowzero", 0) and 0 in (first, *rest):
            raise ValueError("asks for an axis of length 0")
        sizes = [stack.example[k] if n == 0 and k < len(stack.example) else n for k, n in enumerate(rest)]
        free = prod(stack.example) // max(prod(n for n in sizes if n != -1), 1)
        target = tuple(free if n == -1 else n for n in sizes)
        if first not in (0, -1, batch) or sizes.count(-1) > 1 or prod(target) != prod(stack.example):
            raise ValueError(f"must leave the first axis to the examples, {stack.example}; received {[first, *rest]}")
        flattened_to(stack, target)

    return read


def squeeze(operation: Operation, stack: Stack) -> None:
    """An example without its axes of length 1."""
    operation.skip_data()
    given, axes = operation.array(1), len(stack.example) + 1
    listed = operation.integers("axes") if given is None else [*map(int, given.ravel())]
    shape = (0, *stack.example)
    chosen = [k for k in range(1, axes) if shape[k] == 1] if listed is None else [axis % axes for axis in listed]
    if any(shape[axis] != 1 for axis in chosen):
        raise ValueError(f"axes must be of length 1, and not the examples'; received {listed} of {('N', *shape[1:])}")
    flattened_to(stack, tuple(size for k, size in enumerate(shape) if k and k not in chosen))


def unsqueeze(operation: Operation, stack: Stack) -> None:
    """An example with more axes of length 1."""
    operation.skip_data()
    given = operation.array(1)
    listed = operation.integers("axes", []) if given is None else [*map(int, given.ravel())]
    axes = len(stack.example) + 1 + len(listed)
    chosen, sizes = {axis % axes for axis in listed}, iter((0, *stack.example))
    if len(chosen) != len(listed) or 0 in chosen:
        raise ValueError(f"axes must be different, and behind the examples'; received {listed}")
    flattened_to(stack, tuple(1 if k in chosen else next(sizes) for k in range(axes))[1:])


def transpose(operation: Operation, stack: Stack) -> None:
    """Nothing yet: the layers stay, and ONNX's axes are others."""
    operation.skip_data()
    stack.unflattened()
    axes = len(stack.order)
    perm = operation.integers("perm", [*reversed(range(axes))])
    if sorted(perm) != [*range(axes)] or perm[0] != 0:
        raise ValueError(f"perm must be the {axes} axes, the examples' first; received {perm}")
    stack.order = tuple(stack.order[axis] for axis in perm)


# ---------------------------------------------------------------- sums and products


def gemm(operation: Operation, stack: Stack) -> None:
    """Dense; alpha and beta are in the weights."""
    operation.skip_data()
    kernel, bias = operation.required(1), operation.array(2)
    kernel = operation.number("alpha", 1.0) * (kernel.T if operation.integer("transB", 0) else kernel)
    beta = operation.number("beta", 1.0)
    if operation.integer("transA", 0) or len(stack.example) != 1 or kernel.ndim != 2:
        raise ValueError(f"is read of vectors and a matrix; received {('N', *stack.example)} and {kernel.shape}")
    if bias is not None and (
        bias.ndim > 2 or bias.size not in (1, kernel.shape[1]) or bias.shape[:-1] not in ((), (1,))
    ):
        raise ValueError(f"its third input must be one number for each output; received the shape {bias.shape}")
    dense(stack, kernel, None if bias is None else beta * np.broadcast_to(bias.reshape(-1), kernel.shape[1]))


def dense(stack: Stack, kernel: Array, bias: Array | None) -> None:
    """Dense with the rows of its kernel in the order of the layers' values."""
    rows = stack.rows(len(kernel))
    ordered = np.empty_like(kernel)
    ordered[rows] = kernel
    arrays = {"kernel": ordered} | ({} if bias is None else {"bias": bias})
    stack.add(layers.Dense(kernel.shape[1], use_bias=bias is not None), **arrays)


def matmul(operation: Operation, stack: Stack) -> None:
    """Dense without a bias, along the last axis; by a vector, that axis goes."""
    operation.skip_data()
    kernel = operation.required(1)
    if kernel.ndim not in (1, 2) or len(stack.order) < 2:
        raise ValueError(f"is read along an axis of each example, by a matrix; received the shape {kernel.shape}")
    if len(stack.order) > 2 and not stack.flat and (kernel.ndim == 1 or stack.order[-1] != len(stack.order) - 1):
        stack.plain()
    dense(stack, kernel.reshape(len(kernel), -1), None)
    if kernel.ndim == 1:
        stack.reshape(stack.shape[:-1])


def with_constant(operation: Operation, stack: Stack) -> None:
    """Add, Sub, Mul or Div with a constant."""
    second = operation.is_known(1)
    operation.skip_data(0 if second else 1)
    value = stack.beside(operation.required(1 if second else 0)).astype(np.float64)
    if operation.operator == "Add":
        stack.rescale(1.0, value)
    elif operation.operator == "Mul":
        stack.rescale(value, 0.0)
    elif operation.operator == "Sub":
        stack.rescale(1.0 if second else -1.0, -value if second else value)
    elif second and value.all():
        stack.rescale(1.0 / value, 0.0)
    else:
        raise ValueError("divides by no constant, or by zero")


def negative(operation: Operation, stack: Stack) -> None:
    """Neg."""
    operation.skip_data()
    stack.rescale(-1.0, 0.0)


def dropout(operation: Operation, stack: Stack) -> None:
    """Dropout, which does nothing in inference."""
    operation.skip_data()
    rate, training = operation.array(1), operation.array(2)
    if training is not None and training.any():
        raise ValueError("is read in inference alone")
    operation.integer("seed", 0)
    stack.add(layers.Dropout(operation.number("ratio", 0.5) if rate is None else float(rate.reshape(()))))


def identity(operation: Operation, stack: Stack) -> None:
    """Nothing."""
    operation.skip_data()


def cast(dtype: np.dtype) -> Reader:
    """Cast to the dtype that the model has."""

    def read(operation: Operation, stack: Stack) -> None:
        operation.skip_data()
        kind = operation.integer("to")
        if kind != {"float32": 1, "float64": 11}[dtype.name]:
            raise ValueError(f"is read to {dtype.name} alone; received type {kind}")

    return read


READERS: dict[str, Reader] = {
    "Add": with_constant,
    "AveragePool": pool(layers.AveragePooling2D),
    "BatchNormalization": batch_normalization,
    "Celu": activation("celu", alpha=("alpha", 1.0)),
    "Clip": clip,
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "DepthToSpace": depth_to_space,
    "Div": with_constant,
    "Dropout": dropout,
    "Elu": activation("elu", alpha=("alpha", 1.0)),
    "Exp": activation("exponential"),
    "Flatten": flatten,
    "Gelu": gelu,
    "Gemm": gemm,
    "Gather": gather,
    "GlobalAveragePool": global_pool(layers.GlobalAveragePooling2D),
    "GlobalMaxPool": global_pool(layers.GlobalMaxPooling2D),
    "GroupNormalization": group_normalization,
    "HardSigmoid": hard_sigmoid,
    "HardSwish": activation("hard_silu"),
    "Identity": identity,
    "InstanceNormalization": instance_normalization,
    "LayerNormalization": layer_normalization,
    "LeakyRelu": activation("leaky_relu", negative_slope=("alpha", 0.01)),
    "LogSoftmax": along_axis("log_softmax"),
    "MatMul": matmul,
    "MaxPool": pool(layers.MaxPooling2D),
    "Mish": activation("mish"),
    "Mul": with_constant,
    "Neg": negative,
    "PRelu": prelu,
    "Pad": pad,
    "ReduceMax": reduced(layers.GlobalMaxPooling2D),
    "ReduceMean": reduced(layers.GlobalAveragePooling2D),
    "Relu": activation("relu"),
    "Selu": selu,
    "Shrink": shrink,
    "Sigmoid": activation("sigmoid"),
    "Softmax": along_axis("softmax"),
    "Softplus": activation("softplus"),
    "Softsign": activation("softsign"),
    "SpaceToDepth": space_to_depth,
    "Squeeze": squeeze,
    "Sub": with_constant,
    "Swish": swish,
    "Tanh": activation("tanh"),
    "ThresholdedRelu": thresholded_relu,
    "Transpose": transpose,
    "Unsqueeze": unsqueeze,
    "numpycnn.group_normalization": own_group_normalization,
    "numpycnn.random_crop": random_crop,
    "numpycnn.rms_scaling": rms_scaling,
} | {
    f"numpycnn.{name}": own_activation
    for name in ("celu", "glu", "log_sigmoid", "relu", "sparse_plus", "sparsemax", "squareplus", "threshold")
}
"""By operator. `reading.py` adds Cast, Reshape, Resize and Slice, for which it must know what the input is."""
