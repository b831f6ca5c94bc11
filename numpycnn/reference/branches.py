"""How the outputs of parallel branches become one: added, as of a residual block, or beside each other.

All branches read the same x, so `add` is also the gradient of x, of the gradients that come back through each of them.
"""

from collections.abc import Sequence

import numpy as np

from numpycnn.common.typing import Array


def add(ys: Sequence[Array]) -> Array:
    """y[a] = sum over the branches k of ys[k][a]. All have one shape."""
    y = np.zeros_like(ys[0])
    for branch in ys:
        for a in np.ndindex(y.shape):
            y[a] += branch[a]
    return y


def add_backward(dy: Array, ys: Sequence[Array]) -> list[Array]:
    """dys[k][a] = dy[a]: the derivative of a sum with respect to each of its terms is 1."""
    dys = [np.zeros_like(branch) for branch in ys]
    for branch in dys:
        for a in np.ndindex(dy.shape):
            branch[a] = dy[a]
    return dys


def concatenate(ys: Sequence[Array], axis: int) -> Array:
    """y[..., offset + c, ...] = ys[k][..., c, ...] along the axis, where offset is the length of the branches before k.

    ys: (N, ..., C[k], ...). Returns y: (N, ..., sum of C[k], ...). axis: counted from 0, which is the batch's.
    """
    y = np.zeros((*ys[0].shape[:axis], sum(branch.shape[axis] for branch in ys), *ys[0].shape[axis + 1 :]), ys[0].dtype)
    offset = 0
    for branch in ys:
        for a in np.ndindex(branch.shape):
            y[*a[:axis], offset + a[axis], *a[axis + 1 :]] = branch[a]
        offset += branch.shape[axis]
    return y


def concatenate_backward(dy: Array, ys: Sequence[Array], axis: int) -> list[Array]:
    """dys[k][..., c, ...] = dy[..., offset + c, ...]: each value of y is one value of one branch."""
    dys = [np.zeros_like(branch) for branch in ys]
    offset = 0
    for branch in dys:
        for a in np.ndindex(branch.shape):
            branch[a] = dy[*a[:axis], offset + a[axis], *a[axis + 1 :]]
        offset += branch.shape[axis]
    return dys
