"""ONNX's operators along chosen axes, which may be any but the examples': Slice, Gather, ReduceMean and ReduceMax.

Layers cut and pool images: their rows and columns where they are, and any other axis once it is one of an image's.
"""

from math import prod
from typing import Any

from numpycnn import layers
from numpycnn.common.typing import Array, Pair, Shape
from numpycnn.files.onnx.constants import MAX_SHAPE
from numpycnn.files.onnx.stack import Operation, Reader, Stack

IMAGE = (2, 3)
"""The axes of rows and columns."""
ALL = 2**31 - 1
"""The end of a slice that takes everything, whatever the length."""


def axis_of(axis: int, stack: Stack) -> int:
    """The axis counted from 0, which is the examples'. Raises ValueError for what is none."""
    axes = len(stack.example) + 1
    if not -axes <= axis < axes:
        raise ValueError(f"axis must be one of {axes}; received {axis}")
    return axis % axes


def whole_numbers(array: Any) -> list[int] | None:
    """A constant input as a list."""
    return None if array is None else [*map(int, array.ravel())]


def as_columns(stack: Stack, axis: int) -> tuple[Shape, int, Shape]:
    """Make that axis the columns of an image (before, columns, behind), and return the sizes of all three."""
    stack.plain()
    before, size, behind = stack.shape[: axis - 1], stack.shape[axis - 1], stack.shape[axis:]
    stack.reshape((prod(before), size, prod(behind)))
    return before, size, behind


def columns(border: Pair) -> layers.Layer:
    """What cuts so many columns off such an image."""
    return layers.Cropping2D(((0, 0), border), "channels_last")


# ---------------------------------------------------------------- parts


def cut(batch: int | None) -> Reader:
    """Cropping2D. batch: the number of examples, where the file fixes it."""

    def read(operation: Operation, stack: Stack) -> None:
        operation.skip_data()
        starts, ends, axes, steps = (whole_numbers(operation.array(k)) for k in range(1, 5))
        stack.unflattened()
        chosen = [axis_of(axis, stack) for axis in (range(len(starts or ())) if axes is None else axes)]
        if starts is None or ends is None or any(step != 1 for step in steps or []):
            raise ValueError(f"is read from starts to ends, step by step; received steps {steps}")
        borders = dict[int, Pair]()
        for axis, start, end in zip(chosen, starts, ends, strict=True):
            if axis == 0 and (start or end < (ALL if batch is None else batch)):
                raise ValueError(f"must leave all examples; received {start} to {end} of axis 0")
            if axis:
                borders[axis] = border_of(start, end, stack.example[axis - 1])
        crop(stack, {axis: border for axis, border in borders.items() if any(border)})

    return read


def border_of(start: int, end: int, size: int) -> Pair:
    """What a slice cuts off at either side. Raises ValueError where it leaves nothing."""
    first, last, _ = slice(start, end).indices(size)
    if first >= last:
        raise ValueError(f"leaves nothing of {size}; received {start} to {end}")
    return first, size - last


def crop(stack: Stack, borders: dict[int, Pair]) -> None:
    """Cut borders off: those of rows and columns of images together, others one after another."""
    if len(stack.example) == 3 and borders and set(borders) <= set(IMAGE):
        data_format = stack.images()
        stack.add(layers.Cropping2D((borders.get(2, (0, 0)), borders.get(3, (0, 0))), data_format))
        return
    for axis, border in borders.items():
        before, size, behind = as_columns(stack, axis)
        stack.add(columns(border))
        stack.reshape((*before, size - sum(border), *behind))


def gather(operation: Operation, stack: Stack) -> None:
    """One index after another: what cuts each of them out, side by side."""
    operation.skip_data()
    indices: Array = operation.required(1)
    stack.unflattened()
    axis = axis_of(operation.integer("axis", 0), stack)
    size = stack.example[axis - 1] if axis else 0
    wanted = [int(index) for index in indices.ravel()[: MAX_SHAPE + 1]]
    if indices.dtype.kind != "i" or not 1 <= len(wanted) <= MAX_SHAPE or not all(-size <= k < size for k in wanted):
        raise ValueError(
            f"is read of at most {MAX_SHAPE} indices of an example's axis; received {wanted} of axis {axis}"
        )
    before, size, behind = as_columns(stack, axis)
    branches = [stack.branch() for _ in wanted]
    for branch, index in zip(branches, wanted, strict=True):
        branch.add(columns((index % size, size - 1 - index % size)))
    stack.add(layers.Branches([branch.layers for branch in branches], axis=2))
    stack.reshape((*before, *indices.shape, *behind))


# ---------------------------------------------------------------- means and maxima


def reduced(cls: Any) -> Reader:
    """A mean or a maximum, as a pool over the whole image."""

    def read(operation: Operation, stack: Stack) -> None:
        operation.skip_data()
        given = operation.array(1)
        axes = operation.integers("axes") if given is None else whole_numbers(given)
        stack.unflattened()
        chosen = tuple(sorted({axis_of(axis, stack) for axis in axes or [0]}))
        if 0 in chosen or operation.integer("noop_with_empty_axes", 0):
            raise ValueError(f"is read over axes of each example; received {axes}")
        keepdims = bool(operation.integer("keepdims", 1))
        if len(stack.example) != 3 or chosen != IMAGE:
            pooled(cls, stack, chosen, keepdims)
            return
        stack.add(cls(stack.images(), keepdims=True))
        if not keepdims:
            stack.flatten()

    return read


def pooled(cls: Any, stack: Stack, axes: Shape, keepdims: bool) -> None:
    """The axes come first, as the rows of an image of one column, whose channels are all that is kept."""
    stack.plain()
    kept = [axis for axis in range(1, len(stack.shape) + 1) if axis not in axes]
    sizes = [1 if axis in axes else size for axis, size in enumerate(stack.shape, start=1) if keepdims or axis in kept]
    count = prod(stack.shape[axis - 1] for axis in axes)
    stack.add(layers.Permute((*axes, *kept)))
    stack.reshape((count, 1, prod(stack.shape) // count))
    stack.add(cls("channels_last"))
    stack.reshape(tuple(sizes))


READERS: dict[str, Reader] = {
    "Gather": gather,
    "ReduceMax": reduced(layers.GlobalMaxPooling2D),
    "ReduceMean": reduced(layers.GlobalAveragePooling2D),
}
"""By operator; of `cut`, `reading.py` must know what the input is."""
