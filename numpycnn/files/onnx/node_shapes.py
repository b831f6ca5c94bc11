"""ONNX's operators that change shapes alone as layers."""

from math import prod

from numpycnn.common.typing import Shape
from numpycnn.files.onnx.stack import Operation, Reader, Stack


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


READERS: dict[str, Reader] = {
    "Flatten": flatten,
    "Squeeze": squeeze,
    "Transpose": transpose,
    "Unsqueeze": unsqueeze,
}
"""By operator."""
