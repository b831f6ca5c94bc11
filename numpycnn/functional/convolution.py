"""Convolution as a matrix product: im2col lays out the patches, and its backward, col2im, adds them up again."""

from collections.abc import Iterable

import numpy as np

from numpycnn.common.typing import Array, Shape
from numpycnn.functional.window import Window


def check_images(owner: str, x: Array) -> None:
    """Raise ValueError unless x has the four axes of a batch of images."""
    if x.ndim != 4:
        raise ValueError(f"{owner}: expected images of shape (n, rows, columns, channels); received {x.shape}")


def pad(x: Array, window: Window, value: float = 0.0) -> Array:
    """The image with the window's padding around it: (N, H, W, C) -> (N, H + top + bottom, W + left + right, C)."""
    rows, cols = window.pads(x.shape[1:3])
    if rows == cols == (0, 0):
        return x
    return np.pad(x, ((0, 0), rows, cols, (0, 0)), constant_values=value)


def im2col(x: Array, window: Window) -> Array:
    """Every patch that the window sees, as one row of a matrix: (N, H, W, C) -> (N*OH*OW, KH*KW*C).

    Row (n*OH + i)*OW + j is the patch under the window at output cell (i, j) of image n. Column (u*KW + v)*C + c is
    what tap (u, v) sees of channel c in each patch: the image, shifted. A pixel stands in as many rows as there are
    windows over it, up to KH*KW.
    """
    check_images("im2col", x)
    output = window.output_size(x.shape[1:3])
    padded = pad(x, window)
    patches = np.stack([padded[tap] for tap in window.taps(output)], axis=3)  # (N, OH, OW, KH*KW, C)
    return patches.reshape(-1, patches.shape[3] * patches.shape[4])  # (N*OH*OW, KH*KW*C)


def col2im(dcols: Array, x_shape: Shape, window: Window) -> Array:
    """The backward of im2col: each cell's gradient is added to the pixel that the cell was read from.

    A pixel stands in several patches, so its gradient is the sum over them.
    dcols: (N*OH*OW, KH*KW*C). Returns dx: x_shape = (N, H, W, C).
    """
    n, h, w, c = x_shape
    dpatches = dcols.reshape(n, *window.output_size((h, w)), window.count, c)  # (N, OH, OW, KH*KW, C)
    return add_taps((dpatches[:, :, :, k] for k in range(window.count)), x_shape, window, dcols.dtype)


def add_taps(parts: Iterable[Array], x_shape: Shape, window: Window, dtype: np.dtype) -> Array:
    """An image of zeros, to which each tap's part is added where that tap read from.

    It mirrors im2col: the same slices, with += in the place of reading.
    parts: (N, OH, OW, C) for each tap in row order. Returns the image: x_shape = (N, H, W, C).
    """
    n, h, w, c = x_shape
    (top, bottom), (left, right) = window.pads((h, w))
    dpadded = np.zeros((n, h + top + bottom, w + left + right, c), dtype)
    for tap, part in zip(window.taps(window.output_size((h, w))), parts, strict=True):
        dpadded[tap] += part
    return dpadded[:, top : top + h, left : left + w]


def conv2d(x: Array, kernel: Array, bias: Array | None, window: Window) -> tuple[Array, Array]:
    """Convolution, as networks mean it: the kernel is not flipped (cross-correlation).

        y[n, i, j, f] = sum over u, v, c of  xp[n, i*SH + u*DH, j*SW + v*DW, c] * kernel[u, v, c, f]  +  bias[f]

    As a matrix product: y = cols @ kernel + bias, where each row of cols is one patch.

    x: (N, H, W, C); kernel: (KH, KW, C, F); bias: (F,) or None.
    Returns y: (N, OH, OW, F), and cols for the backward.
    Raises ValueError for a kernel that is not the window's size by x's channels.
    """
    check_images("conv2d", x)
    if kernel.ndim != 4 or kernel.shape[:3] != (*window.size, x.shape[3]):
        wanted = (*window.size, x.shape[3], "filters")
        raise ValueError(f"conv2d: expected a kernel of shape {wanted}; received {kernel.shape}")
    cols = im2col(x, window)  # (N*OH*OW, KH*KW*C)
    y = cols @ kernel.reshape(-1, kernel.shape[3])  # (N*OH*OW, F)
    if bias is not None:
        y = y + bias
    return y.reshape(len(x), *window.output_size(x.shape[1:3]), kernel.shape[3]), cols  # (N, OH, OW, F)


def conv2d_backward(dy: Array, cols: Array, kernel: Array) -> tuple[Array, Array]:
    """The gradients of conv2d's kernel and bias.

    y = cols @ kernel + bias is linear in the kernel: each weight multiplies one column of cols to make one column of
    y, so its gradient is the inner product of the two. The bias is added to every row, so its gradient is the sum of
    dy over the rows.

        dkernel = cols.T @ dy        dbias = sum of dy over n, i, j

    dy: (N, OH, OW, F); cols: (N*OH*OW, KH*KW*C). Returns dkernel: (KH, KW, C, F), dbias: (F,).
    """
    dy = dy.reshape(-1, kernel.shape[3])  # (N*OH*OW, F)
    dkernel = cols.T @ dy  # (KH*KW*C, F)
    return dkernel.reshape(kernel.shape), dy.sum(axis=0)  # (KH, KW, C, F), (F,)


def conv2d_backward_input(dy: Array, kernel: Array, x_shape: Shape, window: Window) -> Array:
    """The gradient of conv2d's input: back through the product, then back through im2col.

        dcols = dy @ kernel.T        dx = col2im(dcols)

    dy: (N, OH, OW, F). Returns dx: x_shape = (N, H, W, C).
    """
    f = kernel.shape[3]
    dcols = dy.reshape(-1, f) @ kernel.reshape(-1, f).T  # (N*OH*OW, KH*KW*C)
    return col2im(dcols, x_shape, window)
