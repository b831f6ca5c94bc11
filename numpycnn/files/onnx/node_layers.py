"""Each of ONNX's operators as layers: `layer_nodes.py` the other way round.

A reader takes the operation and the stack of layers before it, and appends to that. What no layer computes is refused.
"""

import numpy as np

from numpycnn import layers
from numpycnn.common.typing import Array
from numpycnn.files.onnx import node_activations, node_axes, node_normalizations, node_shapes, node_sizes, node_windows
from numpycnn.files.onnx.stack import Operation, Reader, Stack


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


def of_one(operation: Operation, stack: Stack) -> None:
    """Concat, Mean or Sum of a single tensor: that itself."""
    operation.skip_data()
    operation.integer("axis", 0)


def cast(dtype: np.dtype) -> Reader:
    """Cast to the dtype that the model has."""

    def read(operation: Operation, stack: Stack) -> None:
        operation.skip_data()
        kind = operation.integer("to")
        if kind != {"float32": 1, "float64": 11}[dtype.name]:
            raise ValueError(f"is read to {dtype.name} alone; received type {kind}")

    return read


READERS: dict[str, Reader] = {
    **node_windows.READERS,
    **node_sizes.READERS,
    **node_normalizations.READERS,
    **node_activations.READERS,
    **node_shapes.READERS,
    **node_axes.READERS,
    "Add": with_constant,
    "Concat": of_one,
    "Div": with_constant,
    "Dropout": dropout,
    "Gemm": gemm,
    "Identity": identity,
    "MatMul": matmul,
    "Mean": of_one,
    "Mul": with_constant,
    "Neg": negative,
    "Sub": with_constant,
    "Sum": of_one,
}
"""By operator. `reading.py` adds Cast, Reshape, Resize and Slice, for which it must know what the input is."""
