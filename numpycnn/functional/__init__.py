"""The mathematics of a convolutional network: pure functions on arrays, an operation's backward below its forward.

Read this file first. Nothing here keeps state, and nothing changes its arguments. A forward function returns its
output, and conv2d and max_pool2d beside it what their backward needs. A backward function takes dy, the gradient of the
loss with respect to the output y, and returns gradients with respect to what went in; for conv2d and dense one function
gives those of kernel and bias, another that of the input. Then read `window.py`, which says where windows land,
`layers/`, which give these functions parameters, and `training.py`, which chains the layers.

Notation
    N         examples in a batch            x, y      input and output of an operation
    H, W, C   rows, columns, channels        dA        the gradient of the loss with respect to A, for any A
    KH, KW    rows, columns of the window    (u, v)    a tap: one position inside the window
    OH, OW    rows, columns of the output    (i, j)    an output cell: one position of the window
    SH, SW    strides of the window          F         filters, that is output channels
    DH, DW    dilation of the window         D, U      features in, units out of a dense layer
    xp        x with its padding             z         scores (logits): what an activation is applied to

Images are (N, H, W, C) throughout. Every function gives back the floating dtype that it is given.
"""

from collections.abc import Iterable
from math import prod

import numpy as np

from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.functional.window import Window

# ---------------------------------------------------------------- windows: im2col and col2im


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


# ---------------------------------------------------------------- convolution


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


# ---------------------------------------------------------------- max-pooling


def max_pool2d(x: Array, window: Window) -> tuple[Array, Array]:
    """The largest value under the window, for each channel by itself.

        y[n, i, j, c] = max over u, v of  xp[n, i*SH + u*DH, j*SW + v*DW, c]

    Padding is minus infinity, so it never wins over a finite pixel. Of equal maxima the first in row order wins.

    x: (N, H, W, C). Returns y: (N, OH, OW, C), and winner of the same shape: which tap, u*KW + v, held the maximum.
    """
    check_images("max_pool2d", x)
    output, bottom = window.output_size(x.shape[1:3]), lowest(x.dtype)
    padded = pad(x, window, bottom)
    y = np.full((len(x), *output, x.shape[3]), bottom, x.dtype)
    winner = np.zeros(y.shape, np.min_scalar_type(window.count))
    for k, tap in enumerate(window.taps(output)):
        seen = padded[tap]  # (N, OH, OW, C)
        np.copyto(winner, k, where=seen > y)  # strictly greater: a tie stays with the earlier tap
        y = np.maximum(y, seen)
    return y, winner


def lowest(dtype: np.dtype) -> float:
    """The lowest value of a dtype: minus infinity where there is one."""
    if dtype.kind == "b":
        return False
    return np.iinfo(dtype).min if np.issubdtype(dtype, np.integer) else -np.inf


def max_pool2d_backward(dy: Array, winner: Array, x_shape: Shape, window: Window) -> Array:
    """The gradient of max_pool2d's input: each window's gradient goes to its winner, the rest get nothing.

    The maximum is its winner's value, so it moves one for one with it. A pixel that wins several overlapping windows
    gets the sum.

    dy, winner: (N, OH, OW, C). Returns dx: x_shape = (N, H, W, C).
    """
    parts = (np.where(winner == k, dy, 0) for k in range(window.count))
    return add_taps(parts, x_shape, window, dy.dtype)


# ---------------------------------------------------------------- dense


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
    return dy @ kernel.T


# ---------------------------------------------------------------- dropout


def dropout_kept(shape: Shape, rate: float, rng: Rng) -> Array:
    """Which units dropout keeps, with probability 1 - rate to the nearest of 65,536 steps: booleans of `shape`.

    Dropout is then y = x * mask with mask = kept * scale, and its backward dx = dy * mask, with the very same mask.
    Drawing is most of what dropout costs, so every random word of 64 bits serves four units. Each example (N, ...) has
    words of its own: drawing for some examples, and then for the rest, gives the same as drawing for all.
    """
    n, units = shape[0], prod(shape[1:])
    words = rng.integers(2**64, size=(n, -(-units // 4)), dtype=np.uint64)  # (N, units/4)
    return (words.view(np.uint16)[:, :units] < round((1.0 - rate) * 2**16)).reshape(shape)


def dropout_scale(rate: float, dtype: np.dtype) -> Array:
    """1/(1 - rate), by which kept units are scaled up, so that each unit's mean is the same as without dropout.

    This is "inverted" dropout: inference has nothing to scale. At rate 1 nothing is kept, and the scale is 1.
    """
    return np.asarray(1.0 / (1.0 - rate) if rate < 1.0 else 1.0, dtype)[()]


# ---------------------------------------------------------------- activations: y = f(z)


def relu(z: Array) -> Array:
    """y = max(z, 0)."""
    return np.maximum(z, 0)


def relu_backward(dy: Array, y: Array) -> Array:
    """dz = dy where y > 0, else 0. At the kink, z = 0, the gradient is 0, as in Keras."""
    return np.where(y > 0, dy, 0)


def sigmoid(z: Array) -> Array:
    """y = 1/(1 + exp(-z)), written so that exp never overflows: its argument is never positive."""
    negative = z.real < 0  # .real, so that the complex step can differentiate this
    e = np.exp(np.where(negative, z, -z))  # exp(-|z|)
    return np.where(negative, e, 1) / (1 + e)


def sigmoid_backward(dy: Array, y: Array) -> Array:
    """dz = dy * y * (1 - y)."""
    return dy * y * (1 - y)


def tanh(z: Array) -> Array:
    """y = (exp(z) - exp(-z))/(exp(z) + exp(-z))."""
    return np.tanh(z)


def tanh_backward(dy: Array, y: Array) -> Array:
    """dz = dy * (1 - y*y)."""
    return dy * (1 - y * y)


def softmax(z: Array) -> Array:
    """y[k] = exp(z[k]) / sum of exp(z), over the last axis. The maximum is subtracted first, against overflow."""
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_backward(dy: Array, y: Array) -> Array:
    """dz[k] = y[k] * (dy[k] - sum of dy*y over the last axis).

    The derivative of y[j] with respect to z[k] is y[j]*([j = k] - y[k]): raising one score lowers all the other
    probabilities. So dz[k] = sum over j of dy[j]*y[j]*([j = k] - y[k]), which is the line above.
    """
    return y * (dy - (dy * y).sum(axis=-1, keepdims=True))


def log_softmax(z: Array) -> Array:
    """log(softmax(z)) without the underflow: z - max(z) - log(sum of exp(z - max(z))), over the last axis."""
    z = z - z.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
