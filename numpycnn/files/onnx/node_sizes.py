"""ONNX's operators that change the sizes of images as layers: Pad, Resize, crops, DepthToSpace and SpaceToDepth."""

from numpycnn import layers
from numpycnn.common import checks
from numpycnn.common.typing import Shape
from numpycnn.files.onnx.constants import BATCH
from numpycnn.files.onnx.stack import Operation, Reader, Stack
from numpycnn.layers.warping import largest_window


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


def block_of(operation: Operation, stack: Stack) -> tuple[int, str, Shape]:
    """The side of a block, where its place is among the channels, and the image (C, H, W), as which the stack ends."""
    operation.skip_data()
    size, mode = checks.size("file", "blocksize", operation.integer("blocksize")), operation.text("mode", "DCR")
    stack.images()
    stack.plain()
    return size, mode, stack.shape


def depth_to_space(operation: Operation, stack: Stack) -> None:
    """Reshape, Permute, Reshape."""
    size, mode, (channels, rows, cols) = block_of(operation, stack)
    deep = max(channels // size**2, 1)
    split = [size, size, deep] if mode == "DCR" else [deep, size, size]
    stack.reshape((*split, rows, cols))
    order = (3, 4, 1, 5, 2) if mode == "DCR" else (1, 4, 2, 5, 3)
    stack.add(layers.Permute(order))  # (deep, rows, size, cols, size)
    stack.reshape((deep, rows * size, cols * size))


def space_to_depth(operation: Operation, stack: Stack) -> None:
    """The same three the other way round."""
    size, mode, (channels, rows, cols) = block_of(operation, stack)
    if rows % size or cols % size:
        raise ValueError(f"blocks of {size} must divide the image {(rows, cols)}")
    stack.reshape((channels, rows // size, size, cols // size, size))
    stack.add(layers.Permute((3, 5, 1, 2, 4) if mode == "DCR" else (1, 3, 5, 2, 4)))
    stack.reshape((channels * size**2, rows // size, cols // size))


READERS: dict[str, Reader] = {
    "DepthToSpace": depth_to_space,
    "Pad": pad,
    "SpaceToDepth": space_to_depth,
    "numpycnn.random_crop": random_crop,
}
"""By operator."""
