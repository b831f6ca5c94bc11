"""A dense (fully connected) layer: one matrix product."""

from numpycnn.common.typing import Array


def dense(x: Array, kernel: Array, bias: Array | None) -> Array:
    """Every output is a weighted sum of all inputs: y = x @ kernel + bias.

    x: (..., D); kernel: (D, U); bias: (U,) or None. Returns y: (..., U).
    """
    y = x @ kernel
    return y if bias is None else y + bias


def dense_backward(dy: Array, x: Array) -> tuple[Array, Array]:
    """The gradients of dense's kernel and bias; those of conv2d, with x in the place of cols.

        dkernel = x.T @ dy        dbias = sum of dy over the rows

    dy: (..., U); x: (..., D). Returns dkernel: (D, U), dbias: (U,).
    """
    x = x.reshape(-1, x.shape[-1])  # (rows, D)
    dy = dy.reshape(-1, dy.shape[-1])  # (rows, U)
    return x.T @ dy, dy.sum(axis=0)  # (D, U), (U,)


def dense_backward_input(dy: Array, kernel: Array) -> Array:
    """The gradient of dense's input: dx = dy @ kernel.T. dy: (..., U); kernel: (D, U). Returns dx: (..., D)."""
    return dy @ kernel.T  # (N, ..., D)
