"""Convolution and pooling of images (N, C, H, W), and im2col in the course's layout."""

from typing import Any

from numpycnn import functional as F
from numpycnn.common.typing import Array, Pair, Shape
from numpycnn.courses.cs231n.dense import relu_backward, relu_forward
from numpycnn.courses.cs231n.normalization import spatial_batchnorm_backward, spatial_batchnorm_forward
from numpycnn.functional.window import Window


def channels_last(x: Array) -> Array:
    """(N, C, H, W) -> (N, H, W, C), a view."""
    return x.transpose(0, 2, 3, 1)


def channels_first(x: Array) -> Array:
    """(N, H, W, C) -> (N, C, H, W), a view."""
    return x.transpose(0, 3, 1, 2)


def borders(pad: int) -> tuple[Pair, Pair]:
    """The same padding on every side."""
    return (pad, pad), (pad, pad)


def conv_forward_naive(x: Array, w: Array, b: Array, conv_param: dict[str, int]) -> tuple[Array, Any]:
    """A convolution, as networks mean it. x: (N, C, H, W); w: (F, C, HH, WW); b: (F,); conv_param: stride and pad.

    Returns out: (N, F, H', W') with H' = 1 + (H + 2*pad - HH)//stride. Raises ValueError unless the kernel fits.
    """
    stride, pad = conv_param["stride"], conv_param["pad"]
    window = Window(w.shape[2:], (stride, stride))
    padded = F.zero_pad(channels_last(x), borders(pad))
    kernel = w.transpose(2, 3, 1, 0)  # (HH, WW, C, F)
    y, cols = F.conv2d(padded, kernel, b, window)
    return channels_first(y), (padded.shape, kernel, window, pad, cols)


def conv_backward_naive(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    """dx: (N, C, H, W), dw: (F, C, HH, WW) and db: (F,), for dout: (N, F, H', W')."""
    padded_shape, kernel, window, pad, cols = cache
    dy = channels_last(dout)
    dkernel, db = F.conv2d_backward(dy, cols, kernel)
    dx = F.crop(F.conv2d_backward_input(dy, kernel, padded_shape, window), borders(pad))
    return channels_first(dx), dkernel.transpose(3, 2, 0, 1), db  # (N, C, H, W), (F, C, HH, WW), (F,)


def max_pool_forward_naive(x: Array, pool_param: dict[str, int]) -> tuple[Array, Any]:
    """The largest value under the window. x: (N, C, H, W); pool_param: pool_height, pool_width, stride.

    Returns out: (N, C, H', W') with H' = 1 + (H - pool_height)//stride. Raises ValueError unless the window fits.
    """
    stride = pool_param["stride"]
    window = Window((pool_param["pool_height"], pool_param["pool_width"]), (stride, stride))
    y, winner = F.max_pool2d(channels_last(x), window)
    return channels_first(y), (channels_last(x).shape, window, winner)


def max_pool_backward_naive(dout: Array, cache: Any) -> Array:
    """dx: each window's gradient goes to the first of its largest values, and what comes from several is added."""
    shape, window, winner = cache
    return channels_first(F.max_pool2d_backward(channels_last(dout), winner, shape, window))


# ---------------------------------------------------------------- several layers in one


def conv_relu_forward(x: Array, w: Array, b: Array, conv_param: dict[str, int]) -> tuple[Array, Any]:
    """A convolution, then a ReLU."""
    a, conv_cache = conv_forward_naive(x, w, b, conv_param)
    out, relu_cache = relu_forward(a)
    return out, (conv_cache, relu_cache)


def conv_relu_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    """dx, dw, db."""
    conv_cache, relu_cache = cache
    return conv_backward_naive(relu_backward(dout, relu_cache), conv_cache)


def conv_bn_relu_forward(
    x: Array, w: Array, b: Array, gamma: Array, beta: Array, conv_param: dict[str, int], bn_param: dict[str, Any]
) -> tuple[Array, Any]:
    """A convolution, batch normalization, then a ReLU."""
    a, conv_cache = conv_forward_naive(x, w, b, conv_param)
    an, bn_cache = spatial_batchnorm_forward(a, gamma, beta, bn_param)
    out, relu_cache = relu_forward(an)
    return out, (conv_cache, bn_cache, relu_cache)


def conv_bn_relu_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array, Array, Array]:
    """dx, dw, db, dgamma, dbeta."""
    conv_cache, bn_cache, relu_cache = cache
    da, dgamma, dbeta = spatial_batchnorm_backward(relu_backward(dout, relu_cache), bn_cache)
    return *conv_backward_naive(da, conv_cache), dgamma, dbeta


def conv_relu_pool_forward(
    x: Array, w: Array, b: Array, conv_param: dict[str, int], pool_param: dict[str, int]
) -> tuple[Array, Any]:
    """A convolution, a ReLU, then a max pool."""
    s, cache = conv_relu_forward(x, w, b, conv_param)
    out, pool_cache = max_pool_forward_naive(s, pool_param)
    return out, (cache, pool_cache)


def conv_relu_pool_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    """dx, dw, db."""
    cache, pool_cache = cache
    return conv_relu_backward(max_pool_backward_naive(dout, pool_cache), cache)


# ---------------------------------------------------------------- im2col


def im2col_indices(x: Array, field_height: int, field_width: int, padding: int = 1, stride: int = 1) -> Array:
    """Every patch as a column: (N, C, H, W) -> (C*HH*WW, H'*W'*N), patches in the order of rows, columns, N."""
    window = Window((field_height, field_width), (stride, stride))
    padded = F.zero_pad(channels_last(x), borders(padding))
    rows = F.im2col(padded, window)  # (N*H'*W', HH*WW*C)
    parts = rows.reshape(len(x), -1, window.count, x.shape[1])  # (N, H'*W', HH*WW, C)
    return parts.transpose(3, 2, 1, 0).reshape(rows.shape[1], -1)  # (C*HH*WW, H'*W'*N)


def col2im_indices(
    cols: Array, x_shape: Shape, field_height: int = 3, field_width: int = 3, padding: int = 1, stride: int = 1
) -> Array:
    """The patches added up where they came from: the backward of im2col_indices. Returns an array of x_shape."""
    n, c, h, w = x_shape
    window = Window((field_height, field_width), (stride, stride))
    parts = cols.reshape(c, window.count, -1, n).transpose(3, 2, 1, 0)  # (N, H'*W', HH*WW, C)
    padded = (n, h + 2 * padding, w + 2 * padding, c)
    x = F.col2im(parts.reshape(-1, window.count * c), padded, window)  # from (N*H'*W', HH*WW*C)
    return channels_first(F.crop(x, borders(padding)))
