"""ONNX's operators whose windows slide over images as layers: convolutions and pools.

Rows (N, C, L) are images of one row.
"""

from typing import Any

from numpycnn import layers
from numpycnn.common import checks
from numpycnn.common.typing import Pair
from numpycnn.files.onnx.stack import Operation, Reader, Stack
from numpycnn.functional.padding import Borders
from numpycnn.functional.window import Window

ZERO: Borders = ((0, 0), (0, 0))


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


READERS: dict[str, Reader] = {
    "AveragePool": pool(layers.AveragePooling2D),
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "GlobalAveragePool": global_pool(layers.GlobalAveragePooling2D),
    "GlobalMaxPool": global_pool(layers.GlobalMaxPooling2D),
    "MaxPool": pool(layers.MaxPooling2D),
}
"""By operator."""
